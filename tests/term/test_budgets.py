"""What the wizard's screens cost on a line: bytes, counted at a pty of 80x24.

960 of them are a second at 9600 baud. The limits are those of a careful curses program with the
same screens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.term.seat import DOWN, PAGE_DOWN, PAGE_UP, RIGHT, UP, Seat

if TYPE_CHECKING:
    from pathlib import Path

FIRST, STEP, PAGE, LETTER, ROW, PATH = 2200, 2000, 900, 880, 200, 20_900
CELL = 1.5
"""Bytes for each cell that changes outside the list: the text about the row under the cursor."""


def change(seat: Seat, key: bytes, below: int) -> tuple[int, int]:
    """Bytes of a key that moves in a list, and the cells that it changed below the list."""
    before = seat.screen.display
    count = seat.press(key)
    assert before != seat.screen.display, seat.text
    pairs = zip(before[below:], seat.screen.display[below:], strict=True)
    return count, sum(a != b for pair in pairs for a, b in zip(*pair, strict=True))


@pytest.mark.parametrize("term", ["linux", "vt100"])
def test_the_whole_way_in_few_bytes(term: str) -> None:
    with Seat(term=term) as seat:
        assert seat.see("Which card shall go to a VM?") <= FIRST
        for key in (DOWN, DOWN, DOWN, UP, UP, UP):
            count, cells = change(seat, key, below=11)
            assert count <= ROW + CELL * cells
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
        for _ in range(12):
            count, cells = change(seat, DOWN, below=13)
            assert count <= ROW + CELL * cells
        seat.press(b"/")
        for letter in b"gx":
            assert 0 < seat.press(bytes([letter])) <= LETTER
