"""The IVRS table: what its IVMD blocks reserve, and for which devices."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.ivrs import Reserved, reserved
from serialpass_tui.core.safety import findings
from serialpass_tui.sim import machines
from tests.core.tables import ivmd, ivrs

AMD = machines.load("xcp-ng-8.3-uefi").inventory
USB_CARD = 0x0500
BLOCK = ivmd(0x21, USB_CARD)
TABLE = ivrs(BLOCK)
REGION = Reserved(0xB9F8F000, 0, USB_CARD, USB_CARD)


@pytest.mark.parametrize(
    ("block", "first", "last"),
    [
        (ivmd(0x20), 0, 0xFFFF),
        (ivmd(0x20, 7, 3), 0, 0xFFFF),
        (BLOCK, USB_CARD, USB_CARD),
        (ivmd(0x22, 0x0800, 0x08FF), 0x0800, 0x08FF),
        (ivmd(0x21, 1, flags=8), 1, 1),
    ],
    ids=["all", "all-whatever-else-it-says", "one", "range", "excluded"],
)
def test_a_block(block: bytes, first: int, last: int) -> None:
    assert (Reserved(0xB9F8F000, 0, first, last),) == reserved(ivrs(block))


@pytest.mark.parametrize(
    "block",
    [
        ivmd(0x10, 1),
        ivmd(0x23, 1),
        ivmd(0x22, 8, 7),
        ivmd(0x21, 1, flags=6),
        b"\x21\x07\x18\0" + bytes(20),
    ],
    ids=["ivhd", "of-an-iommu", "backwards", "neither-mapped-nor-excluded", "short"],
)
def test_others_reserve_nothing(block: bytes) -> None:
    assert (REGION,) == reserved(ivrs(block, BLOCK))


def test_the_segment_is_where_linux_reads_it() -> None:
    block = BLOCK[:8] + b"\1\0" + BLOCK[10:]
    (region,) = reserved(ivrs(block))
    assert region.covers(Bdf(1, 5, 0, 0))
    assert not region.covers(Bdf(0, 5, 0, 0))


@pytest.mark.parametrize("length", [0, 3, 10_000])
def test_a_length_that_cannot_be_ends_the_list(length: int) -> None:
    broken = b"\x21\x07" + length.to_bytes(2, "little") + bytes(60)
    assert (REGION,) == reserved(TABLE + broken)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_to_the_end(tail: bytes) -> None:
    assert REGION == reserved(TABLE + tail)[0]
    reserved(tail)


@pytest.mark.parametrize(
    ("place", "expected"),
    [("07:1f.7", False), ("08:00.0", True), ("08:1f.7", True), ("09:00.0", False)],
)
def test_a_range_ends_with_its_last_device(place: str, expected: bool) -> None:
    (region,) = reserved(ivrs(ivmd(0x22, 0x0800, 0x08FF)))
    assert expected == region.covers(Bdf.parse(place))


@pytest.mark.parametrize(
    ("block", "whom"),
    [
        (BLOCK, "for it (IVMD)"),
        (ivmd(0x22, 0x0500, 0x08FF), "for it and 4 more (IVMD)"),
        (ivmd(0x20), "for all devices (IVMD)"),
    ],
    ids=["one", "range", "all"],
)
def test_the_operator_reads_who_shares_it(block: bytes, whom: str) -> None:
    told = findings(replace(AMD, ivrs=ivrs(block)), None, [Bdf(0, 5, 0, 0)])
    (finding,) = (item for item in told if item.code == "ivmd")
    assert f"the firmware reserves memory at 0xb9f8f000 {whom}" in finding.reason
