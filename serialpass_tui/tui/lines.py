"""Text on a screen: lines with an ink, wrapped and cut to columns; no widget and no markup."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.style import Style

from serialpass_tui.core.text import printable
from serialpass_tui.lazy import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Ink(Enum):
    """How a text looks; every ink only repeats what the words say.

    Foregrounds are those eight that every console has, on the console's own background.
    """

    PLAIN = Style()
    STRONG = Style(bold=True)
    ACCENT = Style(color="cyan")
    HEAD = Style(color="cyan", bold=True)
    GOOD = Style(color="green")
    WARN = Style(color="yellow")
    BAD = Style(color="red", bold=True)
    GONE = Style(color="red")
    BAR = Style(reverse=True)

    @property
    def style(self) -> Style:
        """The style for Rich."""
        return self.value


@frozen
class Line:
    """One paragraph: its text, its ink, and how far its second line is indented."""

    text: str = ""
    ink: Ink = Ink.PLAIN
    hang: int = 0
    mark: str = ""
    """What begins its second line, within the indentation."""
    label: int = 0
    """How many of the first columns are a label, which is drawn in the accent."""

    def __post_init__(self) -> None:
        """Whatever a host says, and whoever puts it into a line: it acts on no terminal."""
        object.__setattr__(self, "text", printable(self.text))


LABEL = 10
"""Columns of the label in front of a fact."""


def fact(label: str, text: str, ink: Ink = Ink.PLAIN) -> Line:
    """A paragraph with a label in front: `Route     PCI passthrough: ...`."""
    return Line(f"{label:<{LABEL}}{text}", ink, hang=LABEL, label=LABEL)


def facts(label: str, texts: Iterable[str], ink: Ink = Ink.PLAIN) -> tuple[Line, ...]:
    """Paragraphs below one label."""
    return tuple(fact("" if index else label, text, ink) for index, text in enumerate(texts))


def fit(text: str, width: int) -> str:
    """`text`, made safe to show, in exactly `width` cells; what is cut ends in `~`."""
    if width <= 0:
        return ""
    text = printable(text)
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + "~"


def wrap(lines: Iterable[Line], width: int) -> list[Line]:
    """The lines as they fall into `width` cells; words are broken only where they must be."""
    if width <= 0:
        return []
    return [part for line in lines for part in _wrap_one(line, width)]


def _wrap_one(line: Line, width: int) -> list[Line]:
    hang = max(0, min(line.hang, width // 2, width - 2))  # a wide character needs two cells
    parts: list[Line] = []
    rest, indent, label = line.text, "", line.label
    while _is_wider(rest, width - cell_len(indent)):
        room = width - len(indent)
        cut = _cut(rest, room, 0 if parts else line.label)
        parts.append(Line(indent + rest[:cut].rstrip(" "), line.ink, label=label))
        rest = rest[cut:].lstrip(" ")
        indent, label = line.mark.rjust(hang), 0
    if rest or not parts:
        parts.append(Line(indent + rest, line.ink, label=label))
    return parts


def _is_wider(text: str, width: int) -> bool:
    """Whether `text` needs more cells; it looks no further than it must, for texts may be long."""
    return len(text) > _room_for(text, width)


def _room_for(text: str, width: int) -> int:
    """How many characters of `text` go into `width` cells."""
    head = text[: max(width, 0) + 1]
    if head.isascii():
        return min(len(head), max(width, 0))
    end, cells = 0, 0
    for char in text:
        cells += cell_len(char)
        if cells > width:
            break
        end += 1
    return end


def _cut(text: str, room: int, label: int) -> int:
    """How many characters of `text` go into `room` cells: up to the last blank, if there is one."""
    end = _room_for(text, room)
    blank = text.rfind(" ", max(label, 1), end + 1)
    if blank > 0 and text[:blank].strip():
        return blank
    return max(end, 1)


def columns(widths: Sequence[int], cells: Sequence[str]) -> str:
    """Cells side by side, a blank between two."""
    return " ".join(fit(cell, width) for width, cell in zip(widths, cells, strict=True))


def diff_lines(lines: Iterable[str]) -> tuple[Line, ...]:
    """A unified diff; its first column says what its colour repeats."""
    inks = {"+": Ink.GOOD, "-": Ink.GONE, "@": Ink.ACCENT}
    return tuple(Line(line, _diff_ink(line, inks), hang=6, mark="> ") for line in lines)


def _diff_ink(line: str, inks: dict[str, Ink]) -> Ink:
    if line.startswith(("+++", "---")):
        return Ink.STRONG
    return inks.get(line[:1], Ink.PLAIN)
