"""Where a subcommand's words and documents go, and who is asked."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from serialpass_tui.core.text import printable, shell_words
from serialpass_tui.errors import Exit
from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from serialpass_tui.core.codec import Json
    from serialpass_tui.errors import Problem

NAME = "serialpass-tui"

VERSION = 1
"""Version of every JSON document; raised when a field changes its meaning."""


@frozen
class Terminal:
    """Where the words go, who answers, and what was asked for on the command line."""

    out: TextIO
    ask: Callable[[str], str]
    interactive: bool
    yes: bool = False
    dry_run: bool = False
    json: bool = False
    place: tuple[str, ...] = ()
    """The options that name the host that this run acts on."""

    def told(self, text: str) -> str:
        """`text`, safe to show; the commands in it are for the host that this run acts on."""
        call = f"`{NAME} "
        if self.place and call in text:
            text = text.replace(call, f"{call}{shell_words(self.place)} ")
        return printable(text)

    def say(self, *lines: str) -> None:
        """Lines for a person, safe to show; nothing where a document was asked for."""
        if not self.json:
            for line in lines:
                self._put(self.told(line) + "\n")

    def document(self, **fields: Json) -> None:
        """The one JSON document of this run; nothing where words were asked for."""
        if self.json:
            import json  # as late as here: words need none of it

            self._put(json.dumps({"version": VERSION, **fields}, indent=2) + "\n")

    def _put(self, text: str) -> None:
        """Write; when the reader (a pager, head) went away, the work goes on without it."""
        try:
            self.out.write(text)
            self.out.flush()
        except BrokenPipeError:
            with suppress(OSError), Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), self.out.fileno())

    def may_apply(self, question: str) -> Exit | None:
        """None to go ahead, otherwise the status to end with; never asks where nobody answers."""
        if self.dry_run:
            self.say("Dry run: nothing was changed.")
            return Exit.DONE
        if self.yes:
            return None
        if not self.interactive or self.json:
            self.say("Not a terminal: nothing was changed. Give --yes to apply this plan.")
            return Exit.USAGE
        try:
            answer = self.ask(f"{printable(question)} [y/N] ")
        except (EOFError, KeyboardInterrupt):
            self.say("", "Nothing was changed.")
            return Exit.USAGE
        if answer.strip().lower() in {"y", "yes"}:
            return None
        self.say("Nothing was changed.")
        return Exit.DONE


def report_problem(problem: Problem, term: Terminal, err: TextIO) -> int:
    """Tell a Problem, as a document or in words on the error stream; its exit status."""
    if term.json:
        term.document(problem=problem.as_json())
    else:
        err.write(f"{NAME}: {term.told(problem.summary)}\n")
        err.write(f"  {term.told(problem.state)}\n  {term.told(problem.remedy)}\n")
        err.write(f"  ({problem.code})\n")
        for line in ("", *problem.view) if problem.view else ():
            err.write(f"{printable(line)}\n")
    return int(problem.exit_status)
