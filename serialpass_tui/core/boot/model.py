"""A boot loader's file as entries with spans, so that an edit leaves every other byte alone."""

from __future__ import annotations

from serialpass_tui.core import hide_list
from serialpass_tui.core.kernel_args import MAX_CMDLINE
from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import frozen, pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.core.hide_list import Dialect, Reading

_COUNTED = pattern(r"label\d+")
RESCUE_LABEL = "serialpass-rescue"
RESCUE_SUFFIX = " (nothing hidden: serialpass-tui rescue)"
TRIAL_LABEL = "serialpass-trial"
"""Label and title of the entry that is booted once: without a blank, it is one word to each loader,
quoted or not, and a name is found again wherever other entries are added."""


@frozen
class Span:
    """A half-open range of bytes."""

    start: int
    end: int


@frozen
class Argument:
    """One argument: where it stands in the file, and what the loader hands over for it."""

    start: int
    end: int
    text: str


@frozen
class Entry:
    """One entry of the boot menu."""

    label: str
    """As XenServer's python-libs names it: xe, xe-serial, safe, fallback, labelN."""
    title: str
    is_default: bool
    kernel: str
    """Path of the dom0 kernel, or of what an entry without Xen boots; may be empty."""
    kernel_args: Span
    xen_args: Span | None
    """None where the entry boots no Xen; such an entry is never edited."""
    span: Span
    """The whole entry, its last line's end excluded."""
    name: Span
    """Its title (GRUB) or label (extlinux) as written, quotes included."""
    line: int
    """The line, from 1, on which the entry begins."""
    kernel_end: int = 0
    """Where the kernel's path ends and its arguments may begin."""
    arguments: tuple[Argument, ...] = ()
    """The dom0 kernel's arguments."""
    extra: tuple[str, ...] = ()
    """What Xen adds to them: the words after ` -- ` on its own line."""
    submenus: tuple[str, ...] = ()
    """Titles of the submenus that it lies in, outermost first."""

    @property
    def has_xen(self) -> bool:
        """Whether it boots Xen and a dom0."""
        return self.xen_args is not None

    @property
    def known_as(self) -> str:
        """What the operator knows it by: a label that only counts says nothing, its title does."""
        return self.title if _COUNTED.fullmatch(self.label) else self.label

    @property
    def is_rescue(self) -> bool:
        """Whether this tool added it."""
        return self.label == RESCUE_LABEL

    @property
    def is_trial(self) -> bool:
        """Whether this tool added it, to be booted once."""
        return self.label == TRIAL_LABEL

    @property
    def cmdline(self) -> str:
        """The dom0 kernel's command line, whole; Xen hands over `MAX_CMDLINE` bytes of it."""
        return " ".join([*(argument.text for argument in self.arguments), *self.extra])

    def reading(self, dialect: Dialect, parameter: str | None = None) -> Reading:
        """What the kernel makes of the part of the line that Xen hands over."""
        return hide_list.read(self.cmdline[:MAX_CMDLINE], dialect, parameter)


@frozen
class BootFile:
    """A parsed boot file."""

    path: str
    loader: str
    """`grub` or `extlinux`."""
    data: bytes
    entries: tuple[Entry, ...]
    default: Entry | None
    """What boots unattended; None where the file does not say it."""
    timeout_s: float | None
    """Seconds before the default boots; None: it waits for a key."""
    menu_hidden: bool = False
    """Whether the menu or prompt shows only when a key is held."""
    chosen: str = "0"
    """What a grub.cfg sets `default` to, in its own words; the first entry where it does not."""
    has_menu: bool = True
    """Whether entries are chosen by title from a menu; else labels are typed at a prompt."""
    warnings: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The bytes as latin-1 text: one character each, at the spans' offsets."""
        return self.data.decode("latin-1")

    def dialect(self, kernel: str = "") -> Dialect:
        """The dialect of the dom0 kernel that boots by default.

        `kernel` is its release as `uname -r` tells it. Where nobody can tell, the file's name does:
        XenServer 6.0 to 6.2 boot /boot/vmlinuz-2.6-xen (xenserver/host-installer backend.py).
        """
        if kernel:
            return hide_list.dialect_for(kernel)
        is_old = self.default is not None and "vmlinuz-2.6" in self.default.kernel
        return hide_list.Dialect.OLD if is_old else hide_list.Dialect.NEW


def display(text: str) -> str:
    """Latin-1 text as its author wrote it: UTF-8, with a mark for what is not."""
    return text.encode("latin-1").decode("utf-8", "replace")


def unreadable(path: str, reason: str) -> Problem:
    """The error for a boot file that the loader itself, or this tool, cannot follow."""
    return Problem(
        Exit.REFUSED,
        "boot-file-unreadable",
        f"{printable(path)} cannot be read as a boot file: {reason}.",
        remedy="Look at the file with a text editor; restore it from a backup if it was cut off.",
    )
