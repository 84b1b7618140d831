"""The title bar, the key bar and other single lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serialpass_tui.core.text import printable
from serialpass_tui.tui.lines import Ink, fit
from serialpass_tui.tui.widgets.painted import Painted

if TYPE_CHECKING:
    from serialpass_tui.tui.widgets.painted import Part


class Bar(Painted):
    """One line with a text at its left and one at its right end."""

    DEFAULT_CSS = "Bar { height: 1; }"

    def __init__(self, left: str, right: str = "", *, ink: Ink = Ink.BAR, name: str = "") -> None:
        super().__init__(id=name or None)
        self._left, self._right, self._ink = left, right, ink

    def say(self, left: str, ink: Ink | None = None) -> None:
        """Show another text; nothing is painted where nothing changes."""
        ink = ink or self._ink
        if (left, ink) != (self._left, self._ink):
            self._left, self._ink = left, ink
            self.refresh()

    @property
    def said(self) -> str:
        """The text at the left."""
        return self._left

    def parts(self, y: int, width: int) -> list[Part]:  # noqa: ARG002 (a bar has one line)
        """Both ends; the right one stays whole."""
        right = printable(self._right)[:width]
        return [(fit(self._left, width - len(right)), self._ink), (right, self._ink)]


def keys_line(keys: tuple[tuple[str, str], ...]) -> str:
    """Key names in angle brackets with what they do, as xsconsole's operators know them."""
    return " " + "  ".join(f"<{key}> {word}" for key, word in keys)
