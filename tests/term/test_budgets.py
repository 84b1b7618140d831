"""What the wizard's screens cost on a line: bytes, counted at a pty of 80x24.

960 of them are a second at 9600 baud. The limits are those of a careful curses program with the
same screens.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.term.seat import DOWN, PAGE_DOWN, PAGE_UP, PATIENCE, RIGHT, UP, WIZARD, Seat

if TYPE_CHECKING:
    from pathlib import Path

FIRST, STEP, PAGE, LETTER, ROW, VM_ROW, PATH = 2200, 2000, 900, 880, 200, 150, 20_900


def move(seat: Seat, key: bytes) -> int:
    """Bytes of a key that moves in a list, once the screen shows the move."""
    before = seat.text, seat.screen.cursor.y
    count = seat.press(key)
    give_up = time.monotonic() + PATIENCE
    while before == (seat.text, seat.screen.cursor.y):  # the machine is slow
        assert time.monotonic() < give_up, seat.text
        count += len(seat.read(0.05))
    return count


@pytest.mark.parametrize("term", ["linux", "vt100"])
@pytest.mark.parametrize(("host", "cards"), [("lookalikes", 9), ("oxford-quad-bridge", 4)])
def test_an_arrow_key_in_the_list_of_devices(host: str, cards: int, term: str) -> None:
    with Seat((*WIZARD, host), term=term) as seat:
        assert seat.see("Address", "State") <= FIRST
        for key in (DOWN, UP):
            costs = [move(seat, key) for _ in range(cards - 1)]
            assert max(costs) <= ROW, costs


@pytest.mark.parametrize("term", ["linux", "vt100"])
def test_the_whole_way_in_few_bytes(term: str) -> None:
    with Seat(term=term) as seat:
        assert seat.see("Which card shall go to a VM?") <= FIRST
        rows = [move(seat, key) for key in (DOWN, DOWN, DOWN, UP, UP, UP)]
        assert max(rows) <= ROW, rows
        steps = [
            seat.press(b" ", "[x] 0000:02:00.0-1"),
            seat.press(b"\r", "This is written to the boot entry"),
            seat.press(b"c", "The same by hand"),
            seat.press(b"c", "Will hide"),
            seat.press(RIGHT, "[>Write the boot entry<]"),
            seat.press(b"\r", "The host has to reboot"),
            seat.press(b"\t"),
            seat.press(b"\t"),
            seat.press(b"\t"),
            seat.press(b"xcp1.e"),
            seat.press(b"xample"),
            seat.press(b"\r", "Hidden from dom0, and ready for a VM"),
            seat.press(b"\r", "Which VM gets"),
            seat.press(b"/"),
            *(seat.press(bytes([letter])) for letter in b"pbx"),
            seat.press(b"\r"),
            seat.press(b"\r", "VM pbx gets"),
            seat.press(RIGHT, "[>Bind<]"),
            seat.press(b"\r", "VM pbx is bound"),
            seat.press(RIGHT, "[>Start VM pbx<]"),
            seat.press(b"\r", "VM pbx runs and has the device"),
            seat.press(b"r", "Which job shall be taken back?"),
            seat.press(b"\r", "Undo of job 1"),
        ]
        assert max(steps) <= STEP, steps
        seat.type(b"q")
        assert 0 == seat.end()
        assert len(seat.received) <= PATH, steps


def test_a_page_of_a_diff_and_a_screen_at_rest() -> None:
    with Seat() as seat:
        seat.see("Which card shall go to a VM?")
        seat.press(b" \r", "This is written to the boot entry", "-- lines 1 to")
        assert 0 < seat.press(PAGE_DOWN) <= PAGE
        assert 0 < seat.press(PAGE_UP) <= PAGE
        assert b"" == seat.read(1.5)


@pytest.fixture
def picker(tmp_path: Path) -> Seat:
    """The VM picker of a host with a thousand VMs; the steps before it cost what they cost."""
    return Seat(("-m", "tests.term.stage", str(tmp_path), "1000"))


def test_the_vm_picker_with_a_thousand_vms(picker: Seat) -> None:
    with picker as seat:
        seat.see("Which card shall go to a VM?")
        seat.press(b" \r", "This is written to the boot entry")
        seat.press(RIGHT, "[>Write the boot entry<]")
        seat.press(b"\r", "The host has to reboot")
        seat.press(b"\t\t\t")
        seat.press(b"xcp1.e")
        seat.press(b"xample", "): xcp1.example")
        seat.press(b"\r", "Hidden from dom0, and ready for a VM")
        assert seat.press(b"\r", "Which VM gets", "of 1006") <= STEP
        for key in (DOWN, UP):
            costs = [move(seat, key) for _ in range(20)]
            assert max(costs) <= VM_ROW, costs
        seat.press(b"/")
        for letter in b"gx":
            assert 0 < seat.press(bytes([letter])) <= LETTER
