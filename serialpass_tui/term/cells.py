"""The wanted screen: a buffer of cells that reads what Textual writes.

Textual writes text, SGR, cursor positions and line ends. All else (modes, queries, pointer shapes,
links, the bell) stops here: old consoles print what they do not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from serialpass_tui.lazy import pattern
from serialpass_tui.term.glyphs import shown
from serialpass_tui.term.looks import PLAIN, Look, legible, styled

if TYPE_CHECKING:
    from collections.abc import Callable

    from serialpass_tui.term.glyphs import Glyphs

Cell = tuple[str, Look]
"""A character and its look; the second cell of a wide character holds an empty text."""

Row = list[Cell]

BLANK: Cell = (" ", PLAIN)

_TOKEN = pattern(
    r"(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
    r"|\x1b\[(?P<numbers>[0-9;:]*)(?P<final>[A-Za-z])"
    r"|\x1b\[[\x30-\x3f]*[\x20-\x2f]*[\x40-\x7e]"  # private modes and queries
    r"|\x1b[\]P^_X][^\x07\x1b]*(?:\x07|\x1b\\)"  # strings: titles, pointer shapes, links
    r"|(?P<control>[\r\n])"
    r"|[\s\S]"
)


class Canvas:
    """What the screen shall show, for a terminal of these glyphs and colours.

    `width_of` measures a character in cells as the layout does: 0, 1 or 2.
    """

    def __init__(
        self, width: int, height: int, glyphs: Glyphs, colours: int, width_of: Callable[[str], int]
    ) -> None:
        self._glyphs, self._colours, self._width_of = glyphs, colours, width_of
        self.resize(width, height)

    def resize(self, width: int, height: int) -> None:
        """Be blank, and of that size."""
        self.width, self.height = width, height
        self.rows: list[Row] = [[BLANK] * width for _ in range(height)]
        self.cursor = (0, 0)
        self._set = self._look = PLAIN

    def write(self, data: str) -> None:
        """Take what Textual writes."""
        x, y = self.cursor
        for token in _TOKEN.finditer(data):
            kind = token.lastgroup
            if kind == "text":
                x = self._put(token["text"], x, y)
            elif kind == "final":
                numbers, final = token["numbers"], token["final"]
                if final == "m":
                    self._set = styled(self._set, numbers, self._colours)
                    self._look = legible(self._set)
                elif final == "H":
                    row, _, column = numbers.partition(";")
                    x, y = int(column or 1) - 1, int(row or 1) - 1
            elif kind == "control":
                x = 0
                y += token["control"] == "\n"
        self.cursor = (max(0, min(x, self.width - 1)), max(0, min(y, self.height - 1)))

    def _put(self, text: str, x: int, y: int) -> int:
        """Lay a text into row `y`; the column behind it. What does not fit is cut."""
        look = self._look
        if text.isascii():
            blank = BLANK if not look.on_blank else (" ", look)
            cells: Row = [(char, look) if char != " " else blank for char in text]
        else:
            cells = [cell for char in text for cell in self._cells(char, look)]
        end = x + len(cells)
        if not 0 <= y < self.height or x < 0 or x >= self.width:
            return end
        row = self.rows[y]
        del cells[self.width - x :]
        last = x + len(cells)
        if last < self.width and row[last][0] == "":
            row[last] = BLANK  # its first half is painted over
        if row[x][0] == "" and x:
            row[x - 1] = BLANK
        row[x:last] = cells
        if last == self.width and end > last and self._width_of(row[-1][0] or " ") == 2:
            row[-1] = BLANK  # a wide character needs two cells
        return end

    def _cells(self, char: str, look: Look) -> Row:
        width = self._width_of(char)
        if width == 0:
            return []  # combining marks: no console of a dom0 joins them
        text, drawing = shown(char, width, self._glyphs)
        look = look._replace(drawing=True) if drawing else look
        cells = [(one, look) if one != " " or look.on_blank else BLANK for one in text]
        return cells if len(cells) == width else [*cells, ("", look)]
