"""What the screens with a list share: the list, a line about the row under the cursor, a text.

On a serial line each letter counts. So an arrow key paints the cursor's two rows and that one line
anew; the text below stays until Space asks for that of the row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from serialpass_tui.tui.lines import Ink, fit
from serialpass_tui.tui.screens.base import WizardScreen
from serialpass_tui.tui.widgets.bar import Bar
from serialpass_tui.tui.widgets.pager import Pager
from serialpass_tui.tui.widgets.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.app import ComposeResult

    from serialpass_tui.tui.lines import Line
    from serialpass_tui.tui.screens.base import Frame
    from serialpass_tui.tui.widgets.table import Column


GIST = 54
"""Columns of that line: with them, a key that scrolls the list costs less than 200 bytes."""


class ListScreen(WizardScreen):
    """A list to choose from."""

    AUTO_FOCUS = "Table"

    def __init__(
        self, frame: Frame, place: str, headline: str, heads: tuple[Column, ...], *, named_by: int
    ) -> None:
        """Take the columns; the first `named_by` of them name a row, and show the cursor."""
        super().__init__(frame, place, headline)
        self._table = Table(heads, named_by=named_by, moved=self.point_out)
        self._gist, self._text = Bar("", ink=Ink.PLAIN, name="gist"), Pager()

    def listing(self) -> ComposeResult:
        """The list, the line, the text."""
        yield self._table
        yield self.gap()
        yield self._gist
        yield self.gap()
        yield self._text

    def gist(self) -> str:
        """The row under the cursor in one line: why it may be taken, or why not."""
        raise NotImplementedError

    def about(self) -> Iterable[Line]:
        """All that is to be said of that row."""
        raise NotImplementedError

    def point_out(self) -> None:
        """Say the line of the row under the cursor."""
        self.say("")
        self._gist.say(fit(self.gist(), GIST).rstrip())

    def tell(self) -> None:
        """Show the text of the row under the cursor."""
        self._text.show(self.about())

    def on_table_marked(self) -> None:
        """Tell all about the row, and whatever else Space is for."""
        self.say("")
        self.tell()
        self.mark()

    def mark(self) -> None:
        """What Space does beside that."""
