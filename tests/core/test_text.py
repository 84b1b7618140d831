from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serialpass_tui.core.text import printable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pbx", "pbx"),
        ("Büro · größe €", "Büro · größe €"),
        ("[bold]x[/]", "[bold]x[/]"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\nb\tc\x00\x7f\x9b", "a\\x0ab\\x09c\\x00\\x7f\\x9b"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\u2028", "\\u2028"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
        ("\u2764\ufe0f", "\u2764\\ufe0f"),
        ("\u845b\U000e0100", "\u845b\\U000e0100"),
    ],
)
def test_printable(text: str, expected: str) -> None:
    assert expected == printable(text)


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [("abcdef", 6, "abcdef"), ("abcdefg", 6, "abcde~"), ("ab\x1b", 5, "ab\\x~"), ("", 5, "")],
)
def test_limit(text: str, limit: int, expected: str) -> None:
    assert expected == printable(text, limit)


@given(st.text(alphabet=st.characters(exclude_categories=())), st.integers(1, 40))
def test_nothing_acts_on_a_terminal(text: str, limit: int) -> None:
    shown = printable(text)
    assert not {unicodedata.category(char)[0] for char in shown} & {"C"}
    assert shown == printable(shown)
    assert len(printable(text, limit)) <= limit
