"""Turns the difference between the wanted and the shown screen into bytes.

It writes text, CR, LF, BS and the sequences CUP, CUF, SGR, EL, ED, DECSTBM and RI with the
arguments of a VT100, and nothing else; autowrap is off meanwhile.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, NamedTuple

from serialpass_tui.term.cells import BLANK
from serialpass_tui.term.looks import PLAIN, sgr
from serialpass_tui.term.moves import move
from serialpass_tui.term.scroll import find

if TYPE_CHECKING:
    from serialpass_tui.term.cells import Canvas, Row
    from serialpass_tui.term.looks import Look

_GAP = 5
"""Cells that already are right and are still cheaper written again than jumped over."""

_SHORT = 3
"""Blanks at the end of a row that are as cheap as erasing them."""


class Pen(NamedTuple):
    """Where the terminal writes next and how; None where that is not known."""

    at: tuple[int | None, int] | None = None
    look: Look | None = None


class Painter:
    """Knows what the terminal shows, and brings it to what it shall show."""

    def __init__(self) -> None:
        self._shown: list[Row] | None = None
        self._pen = Pen()

    def forget(self) -> None:
        """Believe nothing of what the terminal shows: the next painting clears it first."""
        self._shown = None
        self._pen = Pen()

    def paint(self, canvas: Canvas, room: float = inf) -> tuple[str, bool]:
        """What to send now, and whether that was all.

        It is cut behind the row that fills `room` characters. Asked again, it goes on from there
        towards what the canvas holds by then.
        """
        out = ""
        if self._shown is None or len(self._shown) != canvas.height:
            out += sgr(None, PLAIN) + "\x1b[H\x1b[J"
            self._shown = [[BLANK] * canvas.width for _ in range(canvas.height)]
            self._pen = Pen((0, 0), PLAIN)
        out += self._scroll(canvas)
        for y, row in enumerate(canvas.rows):
            if row != self._shown[y]:
                if len(out) >= room:
                    return out, False
                text, self._pen = cheapest(self._pen, y, self._shown[y], row)
                self._shown[y] = list(row)
                out += text
        x, y = canvas.cursor
        out += move(self._pen.at, x, y)
        self._pen = self._pen._replace(at=(x, y))
        return out, True

    def _scroll(self, canvas: Canvas) -> str:
        """Let the terminal move the rows that only moved."""
        shown = self._shown or []
        shift = find(shown, canvas.rows)
        if shift is None:
            return ""
        self._shown = shift.applied(shown)
        out = sgr(self._pen.look, PLAIN)  # what comes in takes the pen's background
        out += f"\x1b[{shift.top + 1};{shift.bottom + 1}r"
        if shift.by > 0:
            out += move(None, 0, shift.bottom) + "\n" * shift.by
        else:
            out += move(None, 0, shift.top) + "\x1bM" * -shift.by
        self._pen = Pen(None, PLAIN)  # not every terminal homes the cursor when margins are set
        return f"{out}\x1b[r"


def cheapest(pen: Pen, y: int, old: Row, new: Row) -> tuple[str, Pen]:
    """One row in the fewest bytes: over the old one, or erased from its first difference on."""
    over = _row(pen, y, old, new)
    first = next(x for x, cell in enumerate(new) if cell != old[x])
    if old[first] == ("", old[first][1]):
        first -= 1
    start = move(pen.at, first, y) + sgr(pen.look, PLAIN) + "\x1b[K"
    erased = [*old[:first], *[BLANK] * (len(old) - first)]
    text, after = _row(Pen((first, y), PLAIN), y, erased, new)
    return min(over, (start + text, after), key=lambda way: len(way[0]))


def _row(pen: Pen, y: int, old: Row, new: Row) -> tuple[str, Pen]:
    """One row painted over the old one, its blank end erased."""
    changed = [
        x
        for x, cell in enumerate(new)
        if cell != old[x] or (cell[0] == "" and new[x - 1] != old[x - 1])
    ]
    end = len(new)
    while end and new[end - 1] == BLANK:
        end -= 1
    erase = sum(x >= end for x in changed) > _SHORT
    out = ""
    for x in changed:
        if erase and x >= end:
            break
        text, pen = _go(pen, y, new, x)
        out += text
        text, pen = _cells(pen, y, new, x, x + 1)
        out += text
    if erase:
        out += move(pen.at, end, y) + sgr(pen.look, PLAIN) + "\x1b[K"
        pen = Pen((end, y), PLAIN)
    return out, pen


def _go(pen: Pen, y: int, row: Row, x: int) -> tuple[str, Pen]:
    """To column `x`: by a jump, or by writing again the few cells between."""
    jump = move(pen.at, x, y), Pen((x, y), pen.look)
    if pen.at is None or pen.at[1] != y:
        return jump
    start = pen.at[0]
    if start is None or not 0 < x - start <= _GAP:
        return jump
    text, after = _cells(pen, y, row, start, x)
    return (text, after) if after.at == (x, y) and len(text) <= len(jump[0]) else jump


def _cells(pen: Pen, y: int, row: Row, start: int, end: int) -> tuple[str, Pen]:
    """Cells `start` to `end` of a row, written from where the pen stands."""
    out, look = "", pen.look
    column: int | None = end if end < len(row) else None  # the last column holds the cursor fast
    for char, wanted in row[start:end]:
        if char == " " and not wanted.on_blank and look is not None and not look.on_blank:
            wanted = look  # noqa: PLW2901 (a blank looks the same in every colour)
        out += sgr(look, wanted) + char
        look = wanted
        if char == "":
            column = None  # terminals do not agree on what is wide
    return out, Pen((column, y), look)
