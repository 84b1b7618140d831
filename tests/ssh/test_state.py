"""The journal at a host behind ssh is the one that a run there reads, writes and locks."""

from __future__ import annotations

import fcntl
import os
import stat
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.job import LockFile
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host.journal import StateDirectory
from serialpass_tui.host.ssh import connection
from serialpass_tui.host.ssh.state import RemoteState
from tests.host.test_journal import STORY
from tests.ssh.dom0 import open_dom0

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ssh.conftest import Corner


def there(corner: Corner) -> Path:
    return corner.folder / "lib/state"


def test_what_is_written_from_afar_is_read_at_the_host_and_back(corner: Corner) -> None:
    for record in STORY[:4]:
        corner.state().append(record)
    at_host = StateDirectory(there(corner))
    assert STORY[:4] == at_host.records()
    at_host.append(STORY[4])
    assert STORY[:5] == corner.state().records()


def test_looking_leaves_no_trace(corner: Corner) -> None:
    assert () == corner.state().records()
    assert corner.state().lock_file() is None
    assert b"" == corner.state().kept("terminals")
    assert [] == list(corner.folder.iterdir())


def test_only_the_owner_may_look(corner: Corner) -> None:
    state = corner.state()
    state.append(STORY[0])
    state.backup(b"x")
    with state.lock():
        pass
    folder = there(corner)
    modes = {
        entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in (folder, *folder.iterdir())
    }
    assert {"state": 0o700, "journal": 0o600, "backups": 0o700, "lock": 0o600} == modes


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_line_that_was_cut_off_makes_way(corner: Corner, cut: int) -> None:
    for record in STORY[:2]:
        corner.state().append(record)
    journal = there(corner) / "journal"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-cut])
    assert STORY[:1] == corner.state().records()
    corner.state().append(STORY[1])
    assert whole == journal.read_bytes()


def test_backups_and_the_way_back_lie_at_the_host(corner: Corner) -> None:
    state, at_host = corner.state(), StateDirectory(there(corner), corner.dom0.root)
    for _ in range(2):
        assert f"{corner.path}/lib/state/backups/" in state.backup(b"bytes\n")
    assert at_host.backup_place(b"bytes\n") == state.backup_place(b"bytes\n")
    assert b"bytes\n" == (corner.dom0.root / state.backup_place(b"bytes\n")).read_bytes()
    state.keep_undo("7", lambda place: f"undo at {place}\n".encode())
    assert f"{corner.path}/lib/state/backups/job-7/UNDO.txt" == state.undo_place("7")
    undo = corner.dom0.root / state.undo_place("7").lstrip("/")
    assert f"undo at {str(state.undo_place('7')).lstrip('/')}\n" == undo.read_text()


def test_a_bad_backup_is_written_again(corner: Corner) -> None:
    corner.state().backup(b"bytes")
    place = corner.dom0.root / corner.state().backup_place(b"bytes")
    place.write_bytes(b"byt")
    corner.state().backup(b"bytes")
    assert b"bytes" == place.read_bytes()


def test_who_works_from_afar_holds_the_lock_for_those_at_the_host(corner: Corner) -> None:
    at_host = StateDirectory(there(corner))
    with corner.state().lock():
        for held in (at_host.lock_file(), corner.state().lock_file()):
            assert isinstance(held, LockFile)
            assert held.held
            assert f"ssh from {os.uname().nodename}" == held.terminal
        with pytest.raises(Problem) as caught, at_host.lock():
            pass
        assert (Exit.CONFLICT, "locked") == (caught.value.exit_status, caught.value.code)
        assert "ssh from" in caught.value.summary
    assert at_host.lock_file() is None
    with at_host.lock():
        pass


def test_who_works_at_the_host_holds_the_lock_for_those_from_afar(corner: Corner) -> None:
    at_host = StateDirectory(there(corner))
    with at_host.lock():
        told = corner.state().lock_file()
        assert told is not None
        assert told.held
        assert str(os.getpid()) == told.holder
        with pytest.raises(Problem) as caught, corner.state().lock():
            pass
        assert (Exit.CONFLICT, "locked") == (caught.value.exit_status, caught.value.code)
        assert str(os.getpid()) in caught.value.summary
    with corner.state().lock():
        corner.state().append(STORY[0])
    assert STORY[:1] == at_host.records()


def test_a_program_that_stays_does_not_keep_the_lock(corner: Corner) -> None:
    with corner.state().lock():
        corner.connection.run(["sh", "-c", "sleep 20 >/dev/null 2>&1 &"])
    with StateDirectory(there(corner)).lock():
        pass


def test_what_a_login_is_told_lies_at_the_host(corner: Corner) -> None:
    state = corner.state()
    state.append(STORY[0])
    state.tell_open("a job is open \u2026\n")
    assert b"a job is open \\u2026\n" == (there(corner) / "open").read_bytes()
    assert f"{corner.path}/lib/state/open" == state.host_name("open")
    for _ in range(2):
        state.tell_open("")
    assert ["journal"] == [place.name for place in there(corner).iterdir()]


def test_a_directory_that_anybody_may_write_is_not_trusted(corner: Corner) -> None:
    there(corner).mkdir(parents=True)
    there(corner).chmod(0o777)
    for act in (lambda: corner.state().append(STORY[0]), lambda: corner.state().backup(b"x")):
        with pytest.raises(Problem) as caught:
            act()
        assert "state-unsafe" == caught.value.code
    with pytest.raises(Problem) as caught, corner.state().lock():
        pass
    assert "state-unsafe" == caught.value.code


def test_a_line_that_is_dead_does_not_hold_the_lock_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_GONE", 1)
    with open_dom0(tmp_path / "host", "busybox") as dom0, dom0.connected() as door:
        state = RemoteState(door, "/var/lib/state")
        with state.lock():
            with (dom0.root / "var/lib/state/lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # comes free without a word from this side
            with pytest.raises(Problem) as caught:
                state.append(STORY[0])
            assert "ssh-lost" == caught.value.code
        with state.lock():
            state.append(STORY[0])
        assert STORY[:1] == state.records()


def test_who_only_looks_is_logged_in_anew(tmp_path: Path) -> None:
    with open_dom0(tmp_path / "host", "busybox") as dom0, dom0.connected() as door:
        state = RemoteState(door, "/var/lib/state")
        dom0.cut()
        assert () == state.records()
        dom0.cut()
        with state.lock():
            dom0.cut()
            with pytest.raises(Problem) as caught:
                state.append(STORY[0])
        assert "ssh-lost" == caught.value.code
