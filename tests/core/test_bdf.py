from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.errors import Exit, Problem

BDFS = st.builds(
    Bdf, st.integers(0, 0xFFFF), st.integers(0, 0xFF), st.integers(0, 0x1F), st.integers(0, 7)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0000:02:00.0", Bdf(0, 2, 0, 0)),
        ("02:00.0", Bdf(0, 2, 0, 0)),
        ("1:2:3.4", Bdf(1, 2, 3, 4)),
        ("ABCD:EF:1F.7", Bdf(0xABCD, 0xEF, 0x1F, 7)),
    ],
)
def test_parse(text: str, expected: Bdf) -> None:
    assert expected == Bdf.parse(text)


@pytest.mark.parametrize(
    "text",
    ["", "02.00.0", "(02:00.0)", "02:00", "02:20.0", "02:00.8", "10000:02:00.0", "02:00.0 ",
     "02:00.0\n", "02:00.*", "-2:00.0", "\u0660\u0662:00.0"],
)  # fmt: skip
def test_parse_refuses(text: str) -> None:
    with pytest.raises(Problem) as raised:
        Bdf.parse(text)
    assert ("bad-bdf", Exit.USAGE) == (raised.value.code, raised.value.exit_status)


@given(BDFS)
def test_spellings_read_back(bdf: Bdf) -> None:
    assert bdf == Bdf.parse(str(bdf)) == Bdf.parse(bdf.short)
    assert len(str(bdf)) == 12


@given(BDFS, BDFS)
def test_order_is_that_of_the_spelling(one: Bdf, other: Bdf) -> None:
    assert (one < other) == (str(one) < str(other))


def test_parts() -> None:
    assert (0, 2, 0x1D) == Bdf(0, 2, 0x1D, 3).device
    expected = "02:1d.3"
    assert expected == Bdf(0, 2, 0x1D, 3).short
    assert str(Bdf(1, 2, 0x1D, 3)) == Bdf(1, 2, 0x1D, 3).short
