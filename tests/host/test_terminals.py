"""What was said of a line's terminal is known at the next start on that line."""

from __future__ import annotations

import os
import pty
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.cli.wizard import terminal_of
from serialpass_tui.host import terminals
from serialpass_tui.host.journal import StateDirectory

if TYPE_CHECKING:
    from pathlib import Path

LINE, OTHER = "/dev/ttyS0", "/dev/tty1"


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    return StateDirectory(tmp_path / "state")


def test_each_line_has_its_own(state: StateDirectory) -> None:
    terminals.remember(state, LINE, "vt100@9600")
    terminals.remember(state, OTHER, "linux")
    terminals.remember(state, LINE, "vt220")
    assert ("vt220", "linux") == (terminals.recall(state, LINE), terminals.recall(state, OTHER))


def test_auto_forgets(state: StateDirectory) -> None:
    terminals.remember(state, LINE, "vt100@9600")
    terminals.remember(state, LINE, "auto")
    assert "" == terminals.recall(state, LINE)


@pytest.mark.parametrize("said", ["auto", "vt100"])
def test_a_line_without_a_lasting_name_leaves_no_trace(
    state: StateDirectory, said: str, tmp_path: Path
) -> None:
    terminals.remember(state, "", said)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"/dev/ttyS0": 3}', b"\xff\x00"])
def test_a_damaged_file_counts_as_none_and_is_mended(state: StateDirectory, content: bytes) -> None:
    state.keep(terminals.FILE, content)
    assert "" == terminals.recall(state, LINE)
    terminals.remember(state, LINE, "vt100")
    assert "vt100" == terminals.recall(state, LINE)


def test_where_it_cannot_be_written_the_wizard_still_starts(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    state = StateDirectory(tmp_path / "file" / "state")
    terminals.remember(state, LINE, "vt100")
    assert "" == terminals.recall(state, LINE)


@pytest.mark.parametrize(
    ("device", "name"),
    [
        ("/dev/tty1", "/dev/tty1"),
        ("/dev/ttyS1", "/dev/ttyS1"),
        ("/dev/ttyUSB0", "/dev/ttyUSB0"),
        ("/dev/hvc0", "/dev/hvc0"),
        ("/dev/pts/3", ""),
    ],
)
def test_only_what_is_the_same_line_tomorrow_has_a_name(
    device: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "ttyname", lambda _fd: device)
    assert name == terminals.lasting_name(1)


def test_the_next_start_on_that_line_knows_it(
    state: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pseudo terminal stands for the serial line."""
    ours, theirs = pty.openpty()
    monkeypatch.setattr(terminals, "lasting_name", lambda _fd: LINE)
    monkeypatch.setenv("TERM", "linux")
    with open(theirs, "r+b", buffering=0) as line:  # noqa: PTH123 (a descriptor)
        monkeypatch.setattr("sys.stdin", line)
        monkeypatch.setattr("sys.stdout", line)
        assert ("linux", 0) == _chosen(None, state)
        assert ("vt100", 9600) == _chosen("vt100@9600", state)
        assert ("vt100", 9600) == _chosen(None, state)
        assert ("linux", 0) == _chosen(None, None), "a demo has no state"
        assert ("linux", 0) == _chosen("auto", state)
        assert ("linux", 0) == _chosen(None, state)
    os.close(ours)


def _chosen(wanted: str | None, state: StateDirectory | None) -> tuple[str, int]:
    profile = terminal_of(wanted, state)
    return profile.name, profile.speed
