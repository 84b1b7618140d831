"""The painter against two readers of its bytes: a strict Linux console, and pyte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import get_character_cell_size as width_of

from serialpass_tui.term.cells import Canvas
from serialpass_tui.term.glyphs import Glyphs
from serialpass_tui.term.painter import Painter
from tests.term.linux_console import GREY, LinuxConsole

if TYPE_CHECKING:
    from serialpass_tui.term.looks import Look

W, H = 24, 7
_COLOURS = {
    -1: "default",
    0: "black",
    1: "red",
    2: "green",
    3: "brown",
    4: "blue",
    5: "magenta",
    6: "cyan",
    7: "white",
}
_VGA = (0, 4, 2, 6, 1, 5, 3, 7)

words = st.text("ab .~Zé=漢", max_size=30)
sgrs = st.sampled_from(
    ["", "1", "7", "36", "1;31", "32", "33;44", "7;1", "47", "4", "31;41", "97;100"]
)
writes = st.builds(
    lambda x, y, sgr, word: f"\x1b[{y};{x}H\x1b[{sgr}m{word}\x1b[0m",
    st.integers(1, W),
    st.integers(1, H),
    sgrs,
    words,
)
lists = st.integers(-9, 30).map(
    lambda top: "".join(f"\x1b[{y + 1}H{top + y:<4} a line of a list" for y in range(H - 1))
)
frames = st.lists(st.one_of(writes, lists), max_size=12).map("".join)


def canvas(glyphs: Glyphs = Glyphs.CP437, size: tuple[int, int] = (W, H)) -> Canvas:
    return Canvas(*size, glyphs, 8, width_of)


def as_seen_on_linux(look: Look) -> tuple[int, int]:
    """The two colours of a look by the console's rules."""
    fg = GREY if look.fg < 0 else _VGA[look.fg]
    bg = 0 if look.bg < 0 else _VGA[look.bg]
    fg = 15 if look.underline else fg
    fg, bg = (bg, fg & 7) if look.reverse else (fg, bg)
    return fg | 8 * look.bold, bg


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(frames, st.sampled_from([1, 20, 80, 1e9])), min_size=1, max_size=6))
def test_the_linux_console_shows_what_was_wanted(shots: list[tuple[str, float]]) -> None:
    wanted, painter, console = canvas(), Painter(), LinuxConsole(W, H, wraps=False)
    for frame, room in shots:
        wanted.write(frame)
        text, _ = painter.paint(wanted, room)
        console.feed(text.encode())
    done = False
    while not done:
        text, done = painter.paint(wanted, 30)
        console.feed(text.encode())
    for y, row in enumerate(wanted.rows):
        for x, (char, look) in enumerate(row):
            seen = console.cells[y][x]
            if char != " " or look.on_blank:
                assert (char, *as_seen_on_linux(look)) == (seen.char, seen.fg, seen.bg)
            else:
                assert (" ", 0) == (seen.char, seen.bg)
    assert wanted.cursor == (console.x, console.y)
    assert ("", True) == painter.paint(wanted)


@settings(max_examples=200, deadline=None)
@given(st.lists(frames, min_size=1, max_size=5))
def test_an_xterm_shows_what_was_wanted(shots: list[str]) -> None:
    wanted, painter = canvas(Glyphs.UNICODE), Painter()
    screen = pyte.Screen(W, H)
    screen.reset_mode(7, private=True)
    stream = pyte.ByteStream(screen)
    for frame in shots:
        wanted.write(frame)
        stream.feed(painter.paint(wanted)[0].encode())
        for y, row in enumerate(wanted.rows):
            for x, (char, look) in enumerate(row):
                seen = screen.buffer[y][x]
                assert char == seen.data, (x, y)
                if char.strip() or look.on_blank:
                    colours = (_COLOURS[look.fg], _COLOURS[look.bg])
                    assert (*colours, look.bold, look.reverse) == (
                        seen.fg,
                        seen.bg,
                        seen.bold,
                        seen.reverse,
                    )
        assert wanted.cursor == (screen.cursor.x, screen.cursor.y)


def test_what_did_not_change_costs_nothing() -> None:
    wanted, painter = canvas(), Painter()
    wanted.write("\x1b[2;3Hhello\x1b[1;1H")
    assert painter.paint(wanted)[1]
    wanted.write("\x1b[2;3Hhello\x1b[1;1H")
    assert ("", True) == painter.paint(wanted)


def test_after_forgetting_all_is_sent_again() -> None:
    wanted, painter = canvas(), Painter()
    wanted.write("\x1b[2;3Hhello\x1b[1;1H")
    first = painter.paint(wanted)
    painter.forget()
    assert first == painter.paint(wanted)
    assert first[0].startswith("\x1b[m\x1b(B\x1b[H\x1b[J")


def test_a_list_that_moves_by_one_row_is_moved_by_the_terminal() -> None:
    wanted, painter, console = canvas(size=(80, 24)), Painter(), LinuxConsole(wraps=False)
    names = [f"{n:>3} {'abcdefghijklmnop'[n % 16] * 40}" for n in range(40)]

    def show(top: int) -> str:
        lines = (f"\x1b[{y + 4};2H{names[top + y]}" for y in range(15))
        wanted.write("".join(lines) + "\x1b[1;1H")
        text, _ = painter.paint(wanted)
        console.feed(text.encode())
        return text

    show(0)
    for top in (1, 2, 1, 0):
        assert len(show(top)) <= 80
        assert [f" {name}" for name in names[top : top + 15]] == [
            line.rstrip() for line in console.display[3:18]
        ]


@pytest.mark.parametrize(
    ("before", "after", "least"),
    [
        ("a long old text that goes away", "new", "new\x1b[K"),
        ("", "  x", "  x"),
        ("", "         x", "\x1b[9Cx"),
        ("abcdef", "abXdef", "abX"),
        ("abcdef", "Xbcdef", "X"),
    ],
)
def test_a_row_in_the_fewest_bytes(before: str, after: str, least: str) -> None:
    wanted, painter = canvas(size=(40, 2)), Painter()
    wanted.write(f"\x1b[1;1H{before}\x1b[1;1H")
    painter.paint(wanted)
    wanted.write(f"\x1b[1;1H{after:<40}\x1b[2;1H")
    text, _ = painter.paint(wanted)
    assert f"{least}\r\n" == text
