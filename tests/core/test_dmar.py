"""The DMAR table: what its RMRR structures reserve, and for which devices here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.dmar import Reserved, Scope, reserved, resolve
from serialpass_tui.sim import machines
from tests.core.tables import dmar, record

FUNCTIONS = machines.load("xcp-ng-8.3-bios").inventory.pci
TABLE = dmar([(0x7BA77000, [(0, [(0x1D, 0), (0, 0)]), (0, [(0x14, 0)])])])
REGION = Reserved(
    0x7BA77000,
    0x7BA77FFF,
    (Scope(0, 0, ((0x1D, 0), (0, 0))), Scope(0, 0, ((0x14, 0),))),
)


def test_a_table() -> None:
    assert (REGION,) == reserved(TABLE)
    assert (REGION, REGION) == reserved(TABLE + TABLE[48:])


def test_other_structures_reserve_nothing() -> None:
    assert () == reserved(dmar([(0x1000, [(0, [(0x14, 0)])])], kind=2))
    assert () == reserved(dmar([]))


def test_scopes_that_are_no_pci_devices_are_left_out() -> None:
    ioapic = b"\x03\x08\0\0\0\0\x1f\0"
    body = bytes(4) + bytes(16) + ioapic + b"\x02\x08\0\0\0\x05\x01\x02"
    (region,) = reserved(bytes(48) + record(1, body))
    assert (Scope(0, 5, ((1, 2),)),) == region.scopes


def test_the_segment_is_kept() -> None:
    body = b"\0\0\x01\0" + bytes(16) + b"\x01\x08\0\0\0\0\x02\0"
    (region,) = reserved(bytes(48) + record(1, body))
    assert 1 == region.scopes[0].segment


@pytest.mark.parametrize("length", [0, 2, 3, 10_000])
def test_a_length_that_cannot_be_ends_the_list(length: int) -> None:
    broken = (1).to_bytes(2, "little") + length.to_bytes(2, "little") + bytes(60)
    assert (REGION,) == reserved(TABLE + broken)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_to_the_end(tail: bytes) -> None:
    assert REGION == reserved(TABLE + tail)[0]
    reserved(tail)


@pytest.mark.parametrize(
    ("scope", "place"),
    [
        (Scope(0, 0, ((0x14, 0),)), "00:14.0"),
        (Scope(0, 0, ((0x1D, 0), (0, 0))), "05:00.0"),
        (Scope(0, 0, ((0x1C, 4), (0, 0), (0, 0))), "06:00.0"),
        (Scope(0, 2, ((0, 1),)), "02:00.1"),
        (Scope(0, 0, ((0x1D, 0), (1, 0))), ""),
        (Scope(0, 0, ((0x14, 0), (0, 0))), ""),
        (Scope(1, 0, ((0x14, 0),)), ""),
        (Scope(0, 0, ((0x20, 0),)), ""),
        (Scope(0, 0, ((0x14, 8),)), ""),
        (Scope(0, 0, ()), ""),
    ],
)
def test_the_way_down_from_a_root_bus(scope: Scope, place: str) -> None:
    assert (Bdf.parse(place) if place else None) == resolve([scope], FUNCTIONS)[0]
