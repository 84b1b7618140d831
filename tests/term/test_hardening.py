"""What lines, terminals and shells do to a program: nothing of it may start, confirm or break."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.job import Job, fold
from serialpass_tui.host.journal import StateDirectory
from tests.term.seat import DOWN, RIGHT, UP, WIZARD, Seat

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST = "Which card shall go to a VM?"
HOST = b"xcp1.example"
HUNG_UP, TERMINATED = 128 + signal.SIGHUP, 128 + signal.SIGTERM


@pytest.fixture
def seat() -> Iterator[Seat]:
    with Seat() as taken:
        taken.see(FIRST)
        yield taken


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Seat]:
    """A host that is still there when the wizard has ended."""
    with Seat(("-m", "tests.term.stage", str(tmp_path), "0")) as taken:
        taken.see(FIRST)
        yield taken


def jobs(folder: Path) -> tuple[Job, ...]:
    """What the journal holds; a damaged one raises."""
    return fold(StateDirectory(folder / "state").records())


def to_reboot(seat: Seat) -> None:
    seat.press(b" \r", "This is written to the boot entry")
    seat.press(RIGHT, "[>Write the boot entry<]")
    seat.press(b"\r", "The host has to reboot")


def to_bound_vm(seat: Seat) -> None:
    to_reboot(seat)
    seat.press(b"\t\t\t")
    seat.press(HOST[:6])
    seat.press(HOST[6:], "): xcp1.example")
    seat.press(b"\r", "Hidden from dom0, and ready for a VM")
    seat.press(b"\r", "Which VM gets")
    seat.press(b"/pbx")
    seat.press(b"\r")
    seat.press(b"\r", "VM pbx gets")
    seat.press(RIGHT, "[>Bind<]")
    seat.press(b"\r", "VM pbx is bound")


# --- what comes in


def test_an_arrow_key_in_pieces(seat: Seat) -> None:
    for piece in (b"\x1b", b"[", b"B"):
        seat.type(piece)
        assert b"" == seat.read(0.15) or piece == b"B"
    seat.see()
    assert seat.pointed.startswith("-  0000:00:14.0")


def test_enter_backspace_and_function_keys_of_many_terminals(seat: Seat) -> None:
    seat.press(b"\x1b1", "About: Devices")
    seat.press(b"\x1bOP", "About: Devices")
    seat.press(b"\x1b0", "About: Devices")
    seat.press(b"\x1b", FIRST)
    seat.press(b" \r\n", "This is written to the boot entry")
    seat.press(RIGHT, "[>Write the boot entry<]")
    seat.press(b"\n", "The host has to reboot")
    seat.press(b"\t\t\t")
    seat.press(b"xx\x7f\x08xc", "): xc")
    assert "xxc" not in seat.text


@pytest.mark.parametrize(
    "noise",
    [
        b"\x1b[?62c",
        b"\x1b[24;80R",
        b"\x1b[0n",
        b"\x1b]11;rgb:0000/0000/0000\x07",
        b"\x1b]l a title\r\n\x1b\\",
        b"\x1bP1$r0m\x1b\\",
        b"\x1b[M  !",
        b"\xff\xfe\xe9\x80\xc3",
        bytes(range(0x80, 0x100)),
        b"\0\0\0",
        b"\x11\x11",
        b"\x1c\x1d\x1e\x1f",
    ],
)
def test_answers_and_noise_do_nothing(seat: Seat, noise: bytes) -> None:
    before = seat.text
    assert 0 == seat.press(noise)
    assert before == seat.text
    seat.press(DOWN)
    assert seat.pointed.startswith("-  0000:00:14.0")


@pytest.mark.parametrize("frame", [b"%s", b"\x1b[200~%s\x1b[201~"])
def test_a_pasted_text_starts_and_confirms_nothing(
    stage: Seat, tmp_path: Path, frame: bytes
) -> None:
    def paste(text: bytes) -> None:
        stage.type(frame % text)
        stage.read(0.3)  # no hand is quicker

    script = b"yes\ny\nreboot\n\n " + HOST + b"\nq\n"
    paste(script)
    assert FIRST in stage.text
    assert () == jobs(tmp_path)
    stage.press(b" \r", "This is written to the boot entry")
    paste(script)
    assert "This is written to the boot entry" in stage.text
    stage.press(RIGHT, "[>Write the boot entry<]")
    paste(script)
    assert "[>Write the boot entry<]" in stage.text
    assert () == jobs(tmp_path)
    stage.press(b"\r", "The host has to reboot")
    stage.press(b"\t\t\t")
    paste(HOST + b"\n")
    assert "): xcp1.example" in stage.text
    assert "The host has to reboot" in stage.text
    (job,) = jobs(tmp_path)
    assert job.awaits_reboot
    stage.press(b"\r", "Hidden from dom0, and ready for a VM")


def test_flow_control_holds_the_output_and_nothing_else(seat: Seat) -> None:
    seat.type(b"\x13")
    assert 0 == seat.press(DOWN + DOWN)
    seat.type(b"\x11")
    seat.see()
    assert seat.pointed.startswith("[ ] 0000:05:00.0")


def test_a_repaint_heals_a_scribbled_screen(seat: Seat) -> None:
    before = seat.text
    seat._show(b"\r\n\n\nxen: kernel message\r\n")
    assert before != seat.text
    seat.press(b"\x0c")
    assert before == seat.text


# --- how it ends


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGTERM, TERMINATED),
        (signal.SIGHUP, HUNG_UP),
        (signal.SIGQUIT, 128 + signal.SIGQUIT),
    ],
)
def test_a_signal_leaves_the_terminal_whole(
    seat: Seat, number: signal.Signals, status: int
) -> None:
    seat.kill(number)
    assert status == seat.end()
    assert seat.modes == seat.modes_now()
    assert seat.console is not None
    assert seat.console.is_as_found
    assert not seat.text.strip()


def test_ctrl_c_quits(seat: Seat) -> None:
    seat.type(b"\x03")
    assert 0 == seat.end()
    assert seat.modes == seat.modes_now()


def test_a_signal_at_the_very_start_leaves_the_terminal_whole() -> None:
    with Seat() as seat:
        while not seat.received:
            seat.glance()
        seat.kill(signal.SIGTERM)
        assert seat.end() in {TERMINATED, -signal.SIGTERM}
        assert seat.modes == seat.modes_now()


def test_a_terminal_that_takes_nothing_holds_nobody_back(seat: Seat) -> None:
    seat.type(b"\x13")
    seat.press(DOWN + UP + DOWN)
    seat.kill(signal.SIGTERM)
    assert TERMINATED == seat.end()
    assert seat.modes == seat.modes_now()
    assert seat.console is not None
    assert seat.console.is_as_found


def test_a_lost_terminal_ends_it(seat: Seat) -> None:
    seat.hang_up()
    assert HUNG_UP == seat.end()


def to_the_middle_of_a_start(stage: Seat, folder: Path) -> None:
    """The VM is starting, and the journal does not know yet that it runs."""
    to_bound_vm(stage)
    stage.press(RIGHT, "[>Start VM pbx<]")
    stage.type(b"\r")
    while "Starting" not in stage.text:
        stage.glance()
    assert not any("start" in change.describe() for change in jobs(folder)[0].applied)


def assert_it_is_started(folder: Path) -> None:
    (job,) = jobs(folder)
    assert () == job.remaining
    assert any("start" in change.describe() for change in job.applied)


def test_a_terminal_lost_in_the_middle_of_a_change_lets_it_end(stage: Seat, tmp_path: Path) -> None:
    to_the_middle_of_a_start(stage, tmp_path)
    stage.hang_up()
    assert HUNG_UP == stage.end()
    assert_it_is_started(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_the_middle_of_a_change_lets_it_end(
    stage: Seat, tmp_path: Path, number: signal.Signals
) -> None:
    to_the_middle_of_a_start(stage, tmp_path)
    stage.kill(number)
    assert 128 + number == stage.end()
    assert_it_is_started(tmp_path)
    assert stage.modes == stage.modes_now()


def test_a_fault_of_its_own_leaves_the_terminal_whole(tmp_path: Path) -> None:
    code = (
        "import sys; from serialpass_tui.term.painter import Painter; from tests.term import stage;"
        "first = Painter.paint\n"
        "def paint(self, canvas, *rest):\n"
        "    if canvas.cursor == (1, 7): raise RuntimeError('boom')\n"
        "    return first(self, canvas, *rest)\n"
        "Painter.paint = paint\n"
        "sys.exit(stage.main(sys.argv[1], '0'))"
    )
    with Seat(("-c", code, str(tmp_path))) as seat:
        seat.see(FIRST)
        seat.press(DOWN)
        seat.type(DOWN)
        assert 1 == seat.end()
        assert seat.modes == seat.modes_now()
        assert seat.console is not None
        assert seat.console.is_as_found
        assert seat.text.startswith("serialpass-tui ended by a mistake of its own: RuntimeError")
        assert "Traceback" not in seat.text


# --- job control and size


def test_stopped_by_ctrl_z_and_taken_up_again() -> None:
    with Seat(("-c", "import os; os.execvp('bash', ['bash', '--norc', '-i'])")) as seat:
        seat.console = None  # bash speaks more than the wizard
        seat.see("bash-")
        seat.type(b'python() { %s "$@"; }\r' % sys.executable.encode())
        seat.type(b"python " + " ".join(WIZARD).encode() + b"\r")
        seat.see(FIRST)
        before = seat.text
        seat.type(b"\x1a")
        seat.see("Stopped")
        assert seat.modes[1] == seat.modes_now()[1]
        seat.type(b"fg\r")
        seat.see(FIRST)
        assert before == seat.text
        seat.press(DOWN)
        assert seat.pointed.startswith("-  0000:00:14.0")
        seat.type(b"\x03")
        seat.see("bash-")


def test_a_stop_in_the_middle_of_a_change_waits_for_its_end(tmp_path: Path) -> None:
    with Seat(("-c", "import os; os.execvp('bash', ['bash', '--norc', '-i'])")) as seat:
        seat.console = None  # bash speaks more than the wizard
        seat.see("bash-")
        seat.type(b'stage() { %s -m tests.term.stage "$@" 0; }\r' % sys.executable.encode())
        seat.type(b"stage %s\r" % bytes(tmp_path))
        seat.see(FIRST)
        wizard = os.tcgetpgrp(seat.master)
        to_the_middle_of_a_start(seat, tmp_path)
        os.kill(wizard, signal.SIGTSTP)
        seat.see("Stopped")
        assert seat.modes[1] == seat.modes_now()[1]
        assert_it_is_started(tmp_path)
        seat.type(b"fg\r")
        seat.see("VM pbx")
        seat.type(b"\x03")
        seat.see("bash-")


def test_a_stop_that_no_shell_could_end_is_none(seat: Seat) -> None:
    before = seat.text
    seat.kill(signal.SIGTSTP)
    assert b"\x1b[?7h" in seat.read()
    assert before == seat.text
    seat.press(DOWN)
    assert seat.pointed.startswith("-  0000:00:14.0")


def test_resized_at_any_moment(seat: Seat) -> None:
    before = seat.text
    for columns, rows in ((132, 50), (60, 20), (1, 1), (80, 3), (80, 24)):
        seat.resize(columns, rows)
        seat.kill(signal.SIGWINCH)
        seat.read()
        assert seat.process.poll() is None
    seat.press(b"\x0c", FIRST)
    assert before == seat.text


def test_a_line_without_a_size_is_80_by_24() -> None:
    with Seat(size=(0, 0)) as seat:
        seat.see(FIRST)
        assert "<q> quit" in seat.screen.display[23]


def test_nothing_spins_and_nothing_is_sent_at_rest(seat: Seat) -> None:
    def used() -> int:
        numbers = Path(f"/proc/{seat.process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(numbers[11]) + int(numbers[12])

    seat.press(b"\x1b]0;unfinished")
    before = used()
    assert b"" == seat.read(1.0)
    assert used() - before <= 10  # hundredths of a second


@pytest.mark.parametrize(("term", "code"), [("dumb", "no-terminal"), ("", "no-terminal")])
def test_what_is_no_terminal_is_told_what_works(term: str, code: str) -> None:
    with Seat(term=term) as seat:
        assert 2 == seat.end()
        assert f"({code})" in seat.text
        assert "scan, hide, bind, status" in seat.text.replace("\n", " ")
    with Seat((*WIZARD, "--terminal", "vt100"), term=term) as seat:
        seat.see(FIRST)
