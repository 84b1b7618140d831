"""The base of all widgets here: it paints line by line, and repaints only the lines that changed.

Textual's own lists repaint themselves whole at each arrow key, which a serial line cannot carry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Offset, Region
from textual.strip import Strip
from textual.widget import Widget

from serialpass_tui.tui.lines import Ink, fit

if TYPE_CHECKING:
    Part = tuple[str, Ink]


class Painted(Widget):
    """A widget whose subclass says what stands in each of its lines."""

    ALLOW_SELECT = False
    pointed = Offset(0, 0)
    """Where in this widget the terminal's cursor belongs while the widget has the focus."""

    def parts(self, y: int, width: int) -> list[Part]:
        """The texts of line `y`, left to right; the rest of the line stays blank."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """Textual's line API: one line of this widget."""
        width = self.size.width
        segments: list[Segment] = []
        left = width
        for text, ink in self.parts(y, width):
            shown = fit(text, left) if cell_len(text) > left else text
            left -= cell_len(shown)
            segments.append(Segment(shown, ink.style))
        return Strip(segments).adjust_cell_length(width)

    def repaint(self, y: int) -> None:
        """Paint line `y` anew, and no other."""
        self.refresh(Region(0, y, self.size.width, 1))

    def point_at(self, x: int, y: int) -> None:
        """Have the terminal's cursor there: braille lines and magnifiers follow it."""
        self.pointed = Offset(x, y)
