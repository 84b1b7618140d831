"""The text that a screen shows, as a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.screen import Screen


def pane_text(screen: Screen[object]) -> str:
    """All lines of the screen, without attributes.

    It is put together from what each widget paints; the screens here never let two overlap.
    """
    rows = [""] * screen.size.height
    leaves = [widget for widget in screen.walk_children(Widget) if not list(widget.children)]
    for widget in sorted(leaves, key=_place):
        region = widget.region
        if not widget.display or not region.area:
            continue
        for index, strip in enumerate(widget.render_lines(region.reset_offset)):
            y = region.y + index
            if y < len(rows):
                before = (
                    set_cell_size(rows[y], region.x) if cell_len(rows[y]) < region.x else rows[y]
                )
                rows[y] = before + strip.text
    return "\n".join(line.rstrip() for line in rows)


def _place(widget: Widget) -> tuple[int, int]:
    return (widget.region.y, widget.region.x)


def flat(text: str) -> str:
    """The text with every run of blanks and line ends as one blank: wrapping does not matter."""
    return " ".join(text.split())
