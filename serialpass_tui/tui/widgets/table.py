"""A table with a cursor row; rows are made only when they are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import set_cell_size
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.message import Message

from serialpass_tui.lazy import frozen
from serialpass_tui.tui.lines import Ink, columns, fit
from serialpass_tui.tui.widgets.painted import Painted

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.events import Blur, Focus, Resize

    from serialpass_tui.tui.widgets.painted import Part


@frozen
class Column:
    """A column's head and width; the one of width 0 takes what is left."""

    title: str
    width: int = 0


@frozen
class Row:
    """The cells of one row, with an ink for some of them."""

    cells: tuple[str, ...]
    inks: tuple[Ink, ...] = ()

    def ink(self, index: int) -> Ink:
        """The ink of a cell; plain where none was given."""
        return self.inks[index] if index < len(self.inks) else Ink.PLAIN


class Table(Painted, can_focus=True):
    """Rows below a head line."""

    DEFAULT_CSS = "Table { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)"),
        Binding("down", "move(1)"),
        Binding("pageup", "page(-1)"),
        Binding("pagedown", "page(1)"),
        Binding("home", "jump(0)"),
        Binding("end", "jump(-1)"),
        Binding("enter", "press"),
        Binding("space", "mark"),
    ]

    class Pressed(Message):
        """Enter on the cursor row."""

    class Marked(Message):
        """Space on the cursor row."""

    def __init__(
        self,
        heads: tuple[Column, ...],
        *,
        named_by: int = 1,
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the columns; the first `named_by` of them name a row, and show the cursor.

        `moved` is called, not sent a message, so that both are painted in one frame.
        """
        super().__init__()
        self._heads, self._named_by, self._moved = heads, named_by, moved
        self._count = 0
        self._row: Callable[[int], Row] = lambda _index: Row(())
        self._top = 0
        self.cursor = 0

    def fill(self, count: int, row: Callable[[int], Row], cursor: int = 0) -> None:
        """Show other rows; `row` is asked for those that are seen."""
        self._count, self._row = count, row
        self.cursor = max(0, min(cursor, count - 1))
        self._top = 0
        self._follow()
        self.refresh()
        self._point()

    def show_at_most(self, rows: int, count: int) -> None:
        """Be as high as `count` rows, or as `rows` of them; only then the focus is of use."""
        self.styles.height = 1 + min(rows, count)
        self.can_focus = count > rows

    @property
    def pages(self) -> bool:
        """Whether there are more rows than are seen at once."""
        return self._count > self._room

    def refresh_cursor(self) -> None:
        """Paint the cursor row anew: its cells have changed."""
        self.repaint(1 + self.cursor - self._top)

    @property
    def _room(self) -> int:
        return max(1, self.size.height - 1)

    def _follow(self) -> bool:
        """Scroll so that the cursor is seen; whether that moved the rows."""
        before = self._top
        lowest = max(0, self._count - self._room)
        self._top = max(self.cursor - self._room + 1, min(self._top, self.cursor, lowest))
        return self._top != before

    def on_resize(self, _event: Resize) -> None:
        """Keep the cursor in sight."""
        self._follow()
        self._point()

    def on_focus(self, _event: Focus) -> None:
        """Show the cursor row."""
        self.refresh_cursor()
        self._point()

    def on_blur(self, _event: Blur) -> None:
        """Take the cursor's look off the row."""
        self.refresh_cursor()

    def _point(self) -> None:
        if self.has_focus:
            self.point_at(0, 1 + self.cursor - self._top)

    def action_move(self, by: int) -> None:
        """Move the cursor by rows."""
        self._go(self.cursor + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by pages; where all rows are seen, the key is the screen's."""
        if not self.pages:
            raise SkipAction
        self._go(self.cursor + by * self._room)

    def action_jump(self, index: int) -> None:
        """Move the cursor to the first row, or to the last."""
        self._go(index if index >= 0 else self._count - 1)

    def action_press(self) -> None:
        """Tell the screen that Enter was pressed."""
        self.post_message(self.Pressed())

    def action_mark(self) -> None:
        """Tell the screen that Space was pressed."""
        self.post_message(self.Marked())

    def _go(self, index: int) -> None:
        index = max(0, min(index, self._count - 1))
        if index == self.cursor:
            return
        old, self.cursor = self.cursor, index
        if self._follow():
            self.refresh()
        else:
            self.repaint(1 + old - self._top)
            self.repaint(1 + index - self._top)
        self._point()
        self._moved()

    def parts(self, y: int, width: int) -> list[Part]:
        """The head, or a row."""
        widths = self._widths(width)
        if y == 0:
            head = columns(widths, [column.title for column in self._heads])
            if self.pages:
                # Not which of them: that would be painted anew with each row that comes in.
                part = f" {self._room} of {self._count} seen"
                head = set_cell_size(head, width - len(part)) + part
            return [(head, Ink.ACCENT)]
        index = self._top + y - 1
        if index >= self._count:
            return []
        row = self._row(index)
        found: list[Part] = []
        first = 0
        if index == self.cursor and self.has_focus:
            # Not the whole row: on a line of 9600 baud that costs a sixth of a second a key.
            first = self._named_by
            found = [(columns(widths[:first], row.cells[:first]), Ink.BAR), (" ", Ink.PLAIN)]
        for number in range(first, len(row.cells)):
            found += [(fit(row.cells[number], widths[number]), row.ink(number)), (" ", Ink.PLAIN)]
        return found

    def _widths(self, width: int) -> list[int]:
        fixed = sum(column.width for column in self._heads) + len(self._heads) - 1
        return [column.width or max(4, width - fixed) for column in self._heads]
