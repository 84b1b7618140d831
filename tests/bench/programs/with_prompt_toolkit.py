"""The steps in prompt_toolkit: `python -m tests.bench.programs.with_prompt_toolkit TEXTS`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from prompt_toolkit.application import Application
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import FormattedTextControl, HSplit, Layout, Window
from prompt_toolkit.output import ColorDepth

from tests.bench.programs.steps import BOLD, HEIGHT, PLAIN, REVERSE, Steps

if TYPE_CHECKING:
    from prompt_toolkit.formatted_text import StyleAndTextTuples

STYLES = {PLAIN: "", BOLD: "bold", REVERSE: "reverse"}
KEYS = {
    "c-m": "enter",
    "c-j": "enter",
    "c-i": "tab",
    "pageup": "page_up",
    "pagedown": "page_down",
}


class Row(FormattedTextControl):
    """One row of the screen."""

    def __init__(self, steps: Steps, y: int) -> None:
        def text() -> StyleAndTextTuples:
            return [(STYLES[look], part) for part, look in steps.rows()[y]]

        super().__init__(text, focusable=not y, show_cursor=False)


def main(path: str) -> None:
    """Run it."""
    steps, bindings = Steps(path), KeyBindings()

    @bindings.add("<any>")
    @bindings.add("up")
    @bindings.add("down")
    @bindings.add("left")
    @bindings.add("right")
    @bindings.add("pageup")
    @bindings.add("pagedown")
    @bindings.add("enter")
    @bindings.add("tab")
    def press(event: KeyPressEvent) -> None:
        key = event.key_sequence[0].key
        name = getattr(key, "value", key)
        steps.press(KEYS.get(name, name))
        if steps.is_over:
            event.app.exit()

    rows = HSplit([Window(Row(steps, y), height=1) for y in range(HEIGHT)])
    Application[None](
        Layout(rows), key_bindings=bindings, full_screen=True, color_depth=ColorDepth.DEPTH_1_BIT
    ).run()


if __name__ == "__main__":
    main(sys.argv[1])
