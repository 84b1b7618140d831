"""The steps in plain curses: `python -m tests.bench.programs.with_curses TEXTS`."""

from __future__ import annotations

import curses
import os
import sys

from tests.bench.programs.steps import BOLD, PLAIN, REVERSE, Steps

KEYS = {
    curses.KEY_UP: "up",
    curses.KEY_DOWN: "down",
    curses.KEY_LEFT: "left",
    curses.KEY_RIGHT: "right",
    curses.KEY_NPAGE: "page_down",
    curses.KEY_PPAGE: "page_up",
    10: "enter",
    13: "enter",
    9: "tab",
}
SEQUENCES = {"A": "up", "B": "down", "C": "right", "D": "left", "5~": "page_up", "6~": "page_down"}
LOOKS = {PLAIN: curses.A_NORMAL, BOLD: curses.A_BOLD, REVERSE: curses.A_REVERSE}


def paint(window: curses.window, steps: Steps) -> None:
    """Write all rows; curses finds out what changed."""
    window.erase()
    for y, parts in enumerate(steps.rows()):
        window.move(y, 0)
        for text, look in parts:
            window.addstr(text, LOOKS[look])
    window.refresh()


def key(window: curses.window) -> str:
    """The next key's name."""
    code = window.getch()
    if code == 27:  # terminfo's vt100 has no page keys; the arrows come without keypad mode too
        sequence = chr(window.getch())
        while sequence in {"[", "O"} or sequence[-1].isdigit():
            sequence += chr(window.getch())
        return SEQUENCES.get(sequence[1:], "")
    return KEYS.get(code) or chr(code)


def main(window: curses.window) -> None:
    """Run it."""
    if curses.tigetstr("civis"):
        curses.curs_set(0)
    steps = Steps(sys.argv[1])
    while not steps.is_over:
        paint(window, steps)
        steps.press(key(window))


if __name__ == "__main__":
    os.environ.setdefault("ESCDELAY", "25")
    curses.wrapper(main)
