"""What the terminal at the other end can, and how it is prepared and left.

The capabilities are a table of families, not terminfo. The painter uses nothing but the VT100's
sequences, which read the same in the entries of all these terminals (a test compares them with
terminfo's). What differs is known from the name: colours, another screen, marked pastes. terminfo
would add nothing to that, would bring the padding of 1979, and may be missing beside a single-file
build. It is asked for names that the table does not know, where there is a terminfo to ask.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import frozen
from serialpass_tui.term.glyphs import Glyphs
from serialpass_tui.term.line import Kind, Line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_WIZARD_ELSE = (
    "The subcommands need no such terminal: scan, hide, bind, status; see serialpass-tui -h."
)


@frozen
class Profile:
    """A terminal on a line."""

    name: str
    colours: int = 0
    """8, or none."""
    glyphs: Glyphs = Glyphs.LINES
    speed: int = 0
    """Bits per second that the line takes; 0: as much as comes."""
    alternate: bool = False
    """It has a second screen, so that the first comes back at the end (xterm's mode 1049)."""
    marks_paste: bool = False
    """It tells what is pasted from what is typed (xterm's mode 2004)."""
    escape_delay: float = 0.6
    """Seconds that a lone ESC waits for the rest of a key's sequence."""

    @property
    def opening(self) -> str:
        """What prepares the terminal: no autowrap, the whole screen as one, ASCII letters."""
        modes = "\x1b[?1049h" * self.alternate + "\x1b[?2004h" * self.marks_paste
        return f"{modes}\x1b[?7l\x1b[r\x0f"

    @property
    def closing(self) -> str:
        """What leaves it as a shell expects it, whatever state the screen was cut off in."""
        modes = "\x1b[?2004l" * self.marks_paste + "\x1b[?1049l" * self.alternate
        return f"\x1b[m\x1b(B\x0f\x1b[r\x1b[H\x1b[J\x1b[?7h\x1b[?25h{modes}"


_FAMILIES = (
    (r"linux", Profile("linux", 8, Glyphs.CP437)),
    (r"vt1\d\d|vt102", Profile("vt100")),
    (r"vt[2-5]\d\d", Profile("vt220")),
    (r"tmux", Profile("tmux", 8, Glyphs.UNICODE, alternate=True, marks_paste=True)),
    (r"screen", Profile("screen", 8, Glyphs.UNICODE, alternate=True)),
    (
        r"xterm|rxvt|putty|konsole|gnome|vte|alacritty|foot|kitty|wezterm|ghostty|st|eterm|mintty",
        Profile("xterm", 8, Glyphs.UNICODE, alternate=True, marks_paste=True),
    ),
)

NAMES = tuple(profile.name for _, profile in _FAMILIES)
"""What `--terminal` accepts, beside `auto`."""

Ask = "Callable[[str], int | None]"


def choose(
    environ: Mapping[str, str], line: Line, wanted: str, ask: Callable[[str], int | None]
) -> Profile:
    """The profile for a line: as the operator wants it (`NAME[@SPEED]`), or as TERM names it.

    `ask` is terminfo: the colours of a terminal that moves its cursor as a VT100 does, None where
    it has no entry.

    Raises:
        Problem: `no-terminal` or `bad-terminal` (usage).
    """
    name, speed = _wanted(wanted)
    profile = _named(name or environ.get("TERM", ""), environ, ask)
    if profile.glyphs in {Glyphs.UNICODE, Glyphs.CP437} and not _utf8(environ, line):
        ascii_only = profile.glyphs is Glyphs.CP437
        profile = replace(profile, glyphs=Glyphs.ASCII if ascii_only else Glyphs.LINES)
    if environ.get("NO_COLOR"):
        profile = replace(profile, colours=0)
    if line.kind is Kind.VGA:
        profile = replace(profile, escape_delay=0.1)  # the kernel sends a key's bytes at once
    return replace(profile, speed=speed or line.speed)


def _wanted(text: str) -> tuple[str, int]:
    """Name and speed of `--terminal`; empty and 0 where they are left to be found out."""
    name, _, digits = text.partition("@")
    if name in {"", "auto"}:
        name = ""
    elif name not in NAMES:
        raise _bad(text)
    if "@" not in text:
        return name, 0
    if not (digits.isascii() and digits.isdigit() and 50 <= int(digits) <= 4_000_000):
        raise _bad(text)
    return name, int(digits)


def _bad(text: str) -> Problem:
    return Problem(
        Exit.USAGE,
        "bad-terminal",
        f"--terminal: {text!r} names no terminal.",
        remedy=f"Write NAME or NAME@SPEED, for example vt100@9600; NAME is auto, "
        f"{', '.join(NAMES)}; SPEED is in bits per second.",
    )


def _named(term: str, environ: Mapping[str, str], ask: Callable[[str], int | None]) -> Profile:
    """The profile of a terminal's name."""
    if term in {"", "dumb", "unknown"}:
        raise no_terminal(f"TERM is {term!r}." if term else "TERM is not set.")
    for pattern, profile in _FAMILIES:
        if re.match(rf"({pattern})(?![a-z])", term):
            inside_tmux = profile.name == "screen" and environ.get("TMUX")
            return _profile("tmux") if inside_tmux else profile
    colours = ask(term)
    if colours is None:
        return _profile("vt100")
    if colours < 0:
        raise no_terminal(f"TERM is {term!r}, which is driven otherwise than a VT100.")
    return replace(_profile("vt100"), name=term, colours=8 if colours >= 8 else 0)


def _profile(name: str) -> Profile:
    return next(profile for _, profile in _FAMILIES if profile.name == name)


def no_terminal(
    why: str, remedy: str = "Set TERM, or name the terminal, for example --terminal vt100."
) -> Problem:
    """The wizard cannot be shown here."""
    return Problem(
        Exit.USAGE,
        "no-terminal",
        f"The wizard cannot paint its screens here: {why}",
        remedy=f"{remedy} {_WIZARD_ELSE}",
    )


def _utf8(environ: Mapping[str, str], line: Line) -> bool:
    """Whether the terminal reads UTF-8: the kernel's console says so, others have the locale's."""
    if line.kind is Kind.VGA:
        return line.utf8
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    return re.search(r"utf-?8", locale, re.IGNORECASE) is not None
