"""Wrapping and cutting: nothing is lost, nothing is wider than its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from serialpass_tui.tui.lines import Ink, Line, columns, fact, facts, fit, wrap

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "M", "Zl", "Zp"]), max_size=200
)


@given(TEXT, st.integers(0, 60))
@settings(deadline=None)
def test_fit_is_exact(text: str, width: int) -> None:
    assert width == cell_len(fit(text, width))


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abc", 5, "abc  "),
        ("abc", 3, "abc"),
        ("abcd", 3, "ab~"),
        ("abc", 0, ""),
        ("電話機", 4, "電 ~"),
    ],
)
def test_fit(text: str, width: int, shown: str) -> None:
    assert shown == fit(text, width)


@given(TEXT, st.integers(2, 60), st.integers(0, 12))
@settings(deadline=None)
def test_wrapping_keeps_the_words_and_the_width(text: str, width: int, hang: int) -> None:
    parts = wrap([Line(text, hang=hang)], width)
    assert all(cell_len(part.text) <= width for part in parts)
    together = "".join("".join(part.text.split()) for part in parts)
    assert "".join(text.split()) == together


@pytest.mark.parametrize(
    ("line", "width", "shown"),
    [
        (Line("one two three"), 8, ["one two", "three"]),
        (Line("one two three", hang=2), 8, ["one two", "  three"]),
        (Line("one two three", hang=4, mark="> "), 8, ["one two", "  > thre", "  > e"]),
        (Line("abcdefghij"), 4, ["abcd", "efgh", "ij"]),
        (Line(""), 4, [""]),
        (Line("x"), 0, []),
        (fact("Route", "a b c d e f"), 14, ["Route     a b", "       c d e f"]),
    ],
)
def test_wrap(line: Line, width: int, shown: list[str]) -> None:
    assert shown == [part.text for part in wrap([line], width)]


def test_a_label_is_never_cut_from_its_first_word() -> None:
    parts = wrap([fact("File", "/boot/" + "x" * 100)], 40)
    assert parts[0].text.startswith("File      /boot/xxx")
    assert [10, 0, 0, 0] == [part.label for part in parts]


def test_only_the_first_of_several_facts_has_the_label() -> None:
    assert ["A         x", "          y"] == [line.text for line in facts("A", ["x", "y"])]


def test_columns_are_apart() -> None:
    assert "ab  c~ d" == columns([3, 2, 1], ["ab", "cde", "d"])


@pytest.mark.parametrize("ink", Ink)
def test_inks_use_what_every_console_has(ink: Ink) -> None:
    color = ink.style.color
    assert ink.style.bgcolor is None
    assert color is None or color.name in {"cyan", "green", "yellow", "red"}
    assert not ink.style.dim
    assert not ink.style.blink
