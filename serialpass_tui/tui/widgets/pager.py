"""A text that may be longer than its place, read page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from serialpass_tui.tui.lines import Ink, Line, wrap
from serialpass_tui.tui.widgets.painted import Painted
from serialpass_tui.tui.widgets.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.events import Blur, Focus, Resize

    from serialpass_tui.tui.widgets.painted import Part


class Pager(Painted):
    """Paragraphs; where they do not fit, the last line says which part is seen."""

    DEFAULT_CSS = "Pager { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "read('line', -1)"),
        Binding("down", "read('line', 1)"),
        Binding("pageup", "read('page', -1)"),
        Binding("pagedown", "read('page', 1)"),
        Binding("home", "read('all', -1)"),
        Binding("end", "read('all', 1)"),
    ]

    def __init__(self, lines: Iterable[Line] = (), *, name: str = "") -> None:
        super().__init__(id=name or None)
        self._lines = tuple(lines)
        self._shown: list[Line] = []
        self._top = 0

    def show(self, lines: Iterable[Line], start: int = 0) -> None:
        """Show another text from its beginning, or from one of its paragraphs."""
        lines = tuple(lines)
        if lines != self._lines:
            self._lines = lines
            self._top = len(wrap(lines[:start], self.size.width))
            self._lay_out()
            self.refresh()

    def _lay_out(self) -> None:
        self._shown = wrap(self._lines, self.size.width)
        self.can_focus = self._overflows
        self._top = max(0, min(self._top, len(self._shown) - self._room))

    @property
    def _overflows(self) -> bool:
        return len(self._shown) > self.size.height > 0

    @property
    def _room(self) -> int:
        """Lines of text that are seen at once."""
        return self.size.height - 1 if self._overflows else self.size.height

    def on_resize(self, _event: Resize) -> None:
        """Wrap anew."""
        self._lay_out()
        self.refresh()

    @property
    def _is_behind_table(self) -> bool:
        """Whether PgDn turns the pages of a table now, so that this text needs the focus first."""
        focused = self.screen.focused
        return isinstance(focused, Table) and focused.pages

    def on_focus(self, _event: Focus) -> None:
        """Show the cursor at the line that tells the position."""
        self.refresh()
        self.point_at(0, self.size.height - 1)

    def on_blur(self, _event: Blur) -> None:
        """The keys that read on may be others now."""
        self.refresh()

    def action_read(self, unit: str, by: int) -> None:
        """A key that moves the text."""
        self.read(unit, by)

    def read(self, unit: str, by: int) -> None:
        """Move the text by a line, by a page with one line kept, or to its end."""
        step = {"line": 1, "page": max(1, self._room - 1)}.get(unit, len(self._shown))
        top = max(0, min(self._top + by * step, len(self._shown) - self._room))
        if top != self._top:
            self._top = top
            self.refresh()

    def parts(self, y: int, width: int) -> list[Part]:  # noqa: ARG002 (wrapped for this width)
        """A line of text, or the position below it."""
        if self._overflows and y == self._room:
            last = min(self._top + self._room, len(self._shown))
            words = position(self._top + 1, last, len(self._shown), tab=self._is_behind_table)
            return [(words, Ink.ACCENT)]
        index = self._top + y
        if index >= len(self._shown):
            return []
        line = self._shown[index]
        label = line.label
        return [(line.text[:label], Ink.ACCENT), (line.text[label:], line.ink)]


def position(first: int, last: int, total: int, *, tab: bool = False) -> str:
    """Which part of a longer text is seen, and the keys that show the rest."""
    more = "PgUp/PgDn" if first > 1 and last < total else "PgDn" if last < total else "PgUp"
    keys = f"<Tab> <{more}>" if tab else f"<{more}>"
    return f"-- lines {first} to {last} of {total}, {keys} for more --"
