"""Words of a kernel command line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serialpass_tui.core.kernel_args import BLANKS, same_name, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t ", []),
        ("ro quiet", [("ro", None), ("quiet", None)]),
        ("  a=b\tc=\n", [("a", "b"), ("c", "")]),
        ('a="b c" d', [("a", "b c"), ("d", None)]),
        ('"a=b c" d', [("a", "b c"), ("d", None)]),
        ('"a b"', [("a b", None)]),
        ('a=b" "c', [("a", 'b" "c')]),
        ('a="b"c', [("a", 'b"c')]),
        ('a="b"c"', [("a", 'b"c')]),
        ("a=b=c", [("a", "b=c")]),
        ("=a=b", [("=a", "b")]),
        ("=a", [("=a", None)]),
        (r"a=\"b c\"", [("a", r"\"b c\"")]),
        ('a="b c', [("a", "b c")]),
        ("a\xa0b", [("a", None), ("b", None)]),
        ("a\x85b", [("a\x85b", None)]),
        ('"', [("", None)]),
    ],
)
def test_cuts_as_the_kernel_does(text: str, expected: list[tuple[str, str | None]]) -> None:
    assert expected == [(word.name, word.value) for word in words(text)]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("xen-pciback.hide", "xen_pciback.hide", True),
        ("pciback.hide", "xen-pciback.hide", False),
        ("xen-pciback.hide", "XEN-PCIBACK.HIDE", False),
    ],
)
def test_dash_and_underscore_are_one_in_a_name(one: str, other: str, same: bool) -> None:
    assert same == same_name(one, other)


def test_an_open_quote_is_seen() -> None:
    assert [True, False] == [word.closed for word in words('a="b" c="d e')]


@given(st.text(st.sampled_from('ab= "\t\n-\xa0.()'), max_size=60))
def test_words_and_blanks_are_the_whole_text(text: str) -> None:
    position = 0
    for word in words(text):
        assert set(text[position : word.start]) <= set(BLANKS)
        assert word.text == text[word.start : word.end]
        assert word.start < word.end
        position = word.end
    assert set(text[position:]) <= set(BLANKS)
