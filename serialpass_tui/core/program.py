"""The changes that put this tool's own program on a host: a copy of it, and a link to that."""

from __future__ import annotations

from serialpass_tui.core.text import printable, shell_words
from serialpass_tui.lazy import frozen


@frozen
class Seal:
    """What tells a file too large to be kept in a journal: its digest and its size."""

    sha256: str
    size: int


@frozen
class ProgramCopy:
    """This tool's own program at a place of its own; None means that there is none.

    Its bytes are in no backup, for whoever has the file can copy it again.
    """

    KIND = "copy-program"
    path: str
    before: Seal | None
    after: Seal | None
    source: str = ""
    """The file that is copied; empty where it is taken away."""
    own = True

    @property
    def place(self) -> tuple[str, ...]:
        """What it changes, to be compared with other changes."""
        return ("file", self.path)

    def inverse(self) -> ProgramCopy:
        """The change that takes the copy away, or makes it again."""
        return ProgramCopy(self.path, self.after, self.before, self.source)

    def describe(self) -> str:
        """What it does, in one line."""
        if self.after is None:
            return f"remove the program {printable(self.path)}"
        return f"copy the program to {printable(self.path)}"

    def preview(self) -> tuple[str, ...]:
        """Digest and size as a diff writes them, and the command that does the same by hand."""
        lines = [
            f"{sign}{printable(self.path)}: {seal.size} bytes, SHA-256 {seal.sha256}"
            for sign, seal in (("-", self.before), ("+", self.after))
            if seal is not None
        ]
        if self.after is None:
            return (*lines, shell_words(["rm", self.path]))
        return (*lines, shell_words(["install", "-D", "-m", "755", self.source, self.path]))


@frozen
class Link:
    """Where a symbolic link to this tool leads; None means that there is no link."""

    KIND = "link"
    path: str
    before: str | None
    after: str | None
    own = True

    @property
    def place(self) -> tuple[str, ...]:
        """What it changes, to be compared with other changes."""
        return ("file", self.path)

    def inverse(self) -> Link:
        """The change that has it lead where it led at first."""
        return Link(self.path, self.after, self.before)

    def describe(self) -> str:
        """What it does, in one line."""
        if self.after is None:
            return f"remove the link {printable(self.path)}"
        return f"link {printable(self.path)} to {printable(self.after)}"

    def preview(self) -> tuple[str, ...]:
        """Before and after as a diff writes them."""
        return tuple(
            f"{sign}{printable(self.path)} -> {printable(target)}"
            for sign, target in (("-", self.before), ("+", self.after))
            if target is not None
        )
