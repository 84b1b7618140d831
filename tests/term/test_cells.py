"""What the canvas keeps of what Textual writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import get_character_cell_size as width_of

from serialpass_tui.term.cells import BLANK, Canvas
from serialpass_tui.term.glyphs import Glyphs, shown
from serialpass_tui.term.looks import PLAIN, Look, legible, sgr, styled


def canvas(glyphs: Glyphs = Glyphs.UNICODE, colours: int = 8) -> Canvas:
    return Canvas(10, 3, glyphs, colours, width_of)


def lines(seen: Canvas) -> list[str]:
    return ["".join(char for char, _ in row).rstrip() for row in seen.rows]


@pytest.mark.parametrize(
    "noise",
    [
        "\x1b[?1049h",
        "\x1b[?2026$p",
        "\x1b[>25u",
        "\x1b[<u",
        "\x1b]22;default\x07",
        "\x1b]8;id=1;http://x\x1b\\",
        "\x1b[?25l",
        "\x1b[6n",
        "\x07",
        "\x1b",
        "\x1bP1$r\x1b\\",
    ],
)
def test_modes_queries_and_strings_leave_no_trace(noise: str) -> None:
    seen = canvas()
    seen.write(f"\x1b[2;2Ha{noise}b")
    assert ["", " ab", ""] == lines(seen)
    assert (3, 1) == seen.cursor


def test_text_that_does_not_fit_is_cut_and_line_ends_lead_on() -> None:
    seen = canvas()
    seen.write("\x1b[1;9Habc\ndef\r\ngh\nlost")
    assert ["        ab", "def", "gh"] == lines(seen)
    assert 2 == seen.cursor[1]


def test_wide_characters_are_two_cells_or_none() -> None:
    seen = canvas()
    seen.write("\x1b[1;1Ha漢b\x1b[2;1H漢漢\x1b[2;2Hx\x1b[3;10H漢")
    assert ["a漢b", " x漢", ""] == lines(seen)
    assert BLANK == seen.rows[2][9]


@given(st.text(max_size=12), st.integers(1, 10), st.sampled_from(Glyphs))
def test_every_row_keeps_its_cells(text: str, x: int, glyphs: Glyphs) -> None:
    seen = canvas(glyphs)
    seen.write(f"\x1b[1;{x}H{text}\x1b[1;{x}H{text[:1]}")
    assert [10, 10, 10] == [len(row) for row in seen.rows]
    for row in seen.rows:
        for (char, _), (after, _) in zip(row, [*row[1:], BLANK], strict=True):
            assert (after == "") == (char != "" and width_of(char) == 2)


@pytest.mark.parametrize(
    ("numbers", "colours", "look"),
    [
        ("1;36", 8, Look(6, bold=True)),
        ("7", 8, Look(reverse=True)),
        ("97", 8, Look(7, bold=True)),
        ("104", 8, Look(bg=4)),
        ("38;5;208", 8, Look(3)),
        ("38;2;0;120;250;1", 8, Look(4, bold=True)),
        ("48:5:22", 8, Look(bg=2)),
        ("2;3;5;9", 8, PLAIN),
        ("31;1", 0, Look(bold=True)),
        ("44", 0, Look(reverse=True)),
        ("38;5;999", 8, Look(7)),
        ("38", 8, Look(0)),
        ("", 8, PLAIN),
    ],
)
def test_looks_are_reduced_to_what_there_is(numbers: str, colours: int, look: Look) -> None:
    assert look == styled(PLAIN, numbers, colours)


@given(st.builds(Look, st.integers(-1, 7), st.integers(-1, 7), st.booleans(), st.booleans()))
def test_no_foreground_is_like_its_background(look: Look) -> None:
    seen = legible(look)
    assert seen.fg != seen.bg or seen.fg == -1
    assert seen.bg != -1 or seen.fg not in {0, 7}
    assert (look.bg, look.bold, look.reverse) == (seen.bg, seen.bold, seen.reverse)


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (PLAIN, PLAIN, ""),
        (PLAIN, Look(6), "\x1b[36m"),
        (Look(6), PLAIN, "\x1b[m"),
        (Look(6), Look(1, bold=True), "\x1b[1;31m"),
        (Look(6, bold=True), Look(6), "\x1b[0;36m"),
        (None, PLAIN, "\x1b[m\x1b(B"),
        (PLAIN, Look(drawing=True), "\x1b(0"),
        (Look(drawing=True), Look(1), "\x1b[31m\x1b(B"),
    ],
)
def test_the_pen_is_turned_in_few_bytes(before: Look | None, after: Look, text: str) -> None:
    assert text == sgr(before, after)


@pytest.mark.parametrize(
    ("char", "glyphs", "text"),
    [
        ("a", Glyphs.ASCII, "a"),
        ("ü", Glyphs.ASCII, "u"),
        ("ß", Glyphs.ASCII, "s"),
        ("─", Glyphs.ASCII, "-"),
        ("▔", Glyphs.ASCII, "-"),
        ("┌", Glyphs.ASCII, "+"),
        ("…", Glyphs.ASCII, "~"),
        ("ж", Glyphs.ASCII, "?"),
        ("漢", Glyphs.ASCII, "? "),
        ("ü", Glyphs.CP437, "ü"),
        ("─", Glyphs.CP437, "─"),
        ("▔", Glyphs.CP437, "-"),
        ("ж", Glyphs.CP437, "?"),
        ("ü", Glyphs.LINES, "u"),
        ("漢", Glyphs.UNICODE, "漢"),
    ],
)
def test_glyphs_that_a_terminal_lacks(char: str, glyphs: Glyphs, text: str) -> None:
    assert (text, False) == shown(char, width_of(char), glyphs)


def test_a_vt100_draws_lines_with_its_own_set() -> None:
    assert ("q", True) == shown("─", 1, Glyphs.LINES)
    seen = canvas(Glyphs.LINES, colours=0)
    seen.write("┌x")
    assert [("l", Look(drawing=True)), ("x", PLAIN)] == seen.rows[0][:2]


@given(st.characters(), st.sampled_from([Glyphs.ASCII, Glyphs.LINES]))
def test_every_character_becomes_ascii_of_its_width(char: str, glyphs: Glyphs) -> None:
    width = width_of(char)
    if width > 0 and char.isprintable():
        text, _ = shown(char, width, glyphs)
        assert text.isascii()
        assert width == len(text)
