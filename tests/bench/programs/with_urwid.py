"""The steps in urwid: `python -m tests.bench.programs.with_urwid TEXTS`."""

from __future__ import annotations

import sys

import urwid

from tests.bench.programs.steps import BOLD, PLAIN, REVERSE, Parts, Steps

LOOKS = [
    (PLAIN, "default", "default"),
    (BOLD, "default,bold", "default"),
    (REVERSE, "default,standout", "default"),
]
KEYS = {"page up": "page_up", "page down": "page_down"}


class Screen(urwid.WidgetWrap[urwid.Pile]):
    """One text widget for each row; those whose row changes get another text."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._texts = [urwid.Text("", wrap="clip") for _ in steps.rows()]
        self._shown: list[Parts] = [[]] * len(self._texts)
        super().__init__(urwid.Pile([("pack", text) for text in self._texts]))
        self._fill()

    def selectable(self) -> bool:
        """Keys come here."""
        return True

    def keypress(self, _size: object, key: str) -> None:
        """Hand over a key, and show what it did."""
        self._steps.press(KEYS.get(key, key))
        if self._steps.is_over:
            raise urwid.ExitMainLoop
        self._fill()

    def _fill(self) -> None:
        rows = self._steps.rows()
        for row, shown, text in zip(rows, self._shown, self._texts, strict=True):
            if row != shown:
                text.set_text([(look, part) for part, look in row] or "")
        self._shown = rows


def main(path: str) -> None:
    """Run it."""
    screen = urwid.Filler(Screen(Steps(path)), valign="top")
    urwid.MainLoop(screen, LOOKS, handle_mouse=False).run()


if __name__ == "__main__":
    main(sys.argv[1])
