"""The journal survives a cut line, a second operator and a full disk."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.changes import FileEdit, Reboot, VmEdit
from serialpass_tui.core.inventory import DeviceId
from serialpass_tui.core.job import (
    Applied,
    Began,
    Closed,
    Dropped,
    Goal,
    LockFile,
    NotMade,
    Opened,
    Outcome,
    Planned,
    Record,
)
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host.journal import StateDirectory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STORY: tuple[Record, ...] = (
    Opened(
        "job-1",
        1,
        Goal.GIVE,
        "give 02:00.0 to VM \x1b[31mpbx",
        (DeviceId(Bdf(0, 2, 0, 0), 1, 2, 3, 4),),
    ),
    Planned(
        "job-1",
        2,
        (
            FileEdit("/boot/grub/grub.cfg", b"\x00\xff\r\n", b"\n"),
            Reboot("boot"),
            VmEdit("u", "n", "other-config:pci", None, "0/0000:02:00.0"),
        ),
    ),
    Began("job-1", 3, 0),
    NotMade("job-1", 3, 0),
    Began("job-1", 3, 0),
    Applied("job-1", 4, 0),
    Dropped("job-1", 5, 1, "why"),
    Closed("job-1", 6, Outcome.ABANDONED),
)


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    return StateDirectory(tmp_path / "lib" / "state")


def journal(tmp_path: Path) -> Path:
    return tmp_path / "lib" / "state" / "journal"


def write(state: StateDirectory, records: tuple[Record, ...]) -> None:
    for record in records:
        state.append(record)


def test_records_come_back(state: StateDirectory) -> None:
    write(state, STORY)
    assert STORY == state.records()


def test_looking_leaves_no_trace(state: StateDirectory, tmp_path: Path) -> None:
    assert () == state.records()
    assert [] == list(tmp_path.iterdir())


def test_only_the_owner_may_look(state: StateDirectory, tmp_path: Path) -> None:
    state.append(STORY[0])
    state.backup(b"x")
    with state.lock():
        pass
    folder = tmp_path / "lib" / "state"
    modes = {
        entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in (folder, *folder.iterdir())
    }
    assert {"state": 0o700, "journal": 0o600, "backups": 0o700, "lock": 0o600} == modes


def test_cut_off_anywhere_the_story_up_to_there_remains(
    state: StateDirectory, tmp_path: Path
) -> None:
    write(state, STORY)
    whole = journal(tmp_path).read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for length in range(last, len(whole)):
        journal(tmp_path).write_bytes(whole[:length])
        assert STORY[:-1] == state.records()
        state.append(STORY[-1])
        assert whole == journal(tmp_path).read_bytes()


def test_a_hole_in_the_last_line_is_a_cut(state: StateDirectory, tmp_path: Path) -> None:
    write(state, STORY[:2])
    whole = journal(tmp_path).read_bytes()
    begin = whole.index(b"\n") + 1
    journal(tmp_path).write_bytes(whole[:begin] + b"\0" * 20 + whole[begin + 20 :])
    assert STORY[:1] == state.records()
    state.append(STORY[1])
    assert STORY[:2] == state.records()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 5), st.binary(max_size=30).filter(lambda junk: b"\n" not in junk))
def test_whatever_a_crash_leaves_behind_the_end_is_no_record(
    tmp_path_factory: pytest.TempPathFactory, count: int, junk: bytes
) -> None:
    folder = tmp_path_factory.mktemp("state")
    state = StateDirectory(folder / "s")
    write(state, STORY[: count + 1])
    with (folder / "s" / "journal").open("ab") as file:
        file.write(junk)
    assert STORY[: count + 1] == state.records()
    state.append(STORY[0])
    assert (*STORY[: count + 1], STORY[0]) == state.records()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"garbage", "journal-damaged"),
        (b"[]", "journal-damaged"),
        (b'{"v":1,"kind":"opened"}', "journal-damaged"),
        (b'{"v":1,"kind":"unheard-of","job":"a"}', "journal-damaged"),
        (b'{"v":2,"kind":"opened"}', "journal-newer"),
    ],
)
def test_a_damaged_line_is_named_and_the_file_left_as_it_is(
    state: StateDirectory, tmp_path: Path, line: bytes, code: str
) -> None:
    write(state, STORY)
    lines = journal(tmp_path).read_bytes().split(b"\n")
    lines[2] = line
    journal(tmp_path).write_bytes(b"\n".join(lines))
    with pytest.raises(Problem) as caught:
        state.records()
    assert code == caught.value.code
    assert f"line 3 of {journal(tmp_path)}" in caught.value.summary
    assert b"\n".join(lines) == journal(tmp_path).read_bytes()


@pytest.mark.parametrize("step", ["write", "fsync"])
def test_a_record_that_does_not_fit_leaves_the_journal_as_it_was(
    state: StateDirectory, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    write(state, STORY[:2])
    real = os.write

    def half(handle: int, data: bytes) -> int:
        real(handle, data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    def fail(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, step, half if step == "write" else fail)
        with pytest.raises(Problem) as caught:
            state.append(STORY[2])
    assert "disk-full" == caught.value.code
    assert STORY[:2] == state.records()
    state.append(STORY[2])
    assert STORY[:3] == state.records()


def test_an_appended_record_is_synced(
    state: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        synced.append(os.fstat(handle).st_ino)
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    state.append(STORY[0])
    inodes = {entry.name: entry.stat().st_ino for entry in state._path.iterdir()}
    assert [
        state._path.parent.stat().st_ino,
        inodes["journal"],
        state._path.stat().st_ino,
    ] == synced


def test_backups_lie_under_their_digest(state: StateDirectory, tmp_path: Path) -> None:
    digest = hashlib.sha256(b"bytes").hexdigest()
    place = tmp_path / "lib" / "state" / "backups" / digest
    assert str(place) == state.backup(b"bytes")
    assert b"bytes" == place.read_bytes()
    inode = place.stat().st_ino
    state.backup(b"bytes")
    assert inode == place.stat().st_ino
    place.write_bytes(b"rotten")
    state.backup(b"bytes")
    assert b"bytes" == place.read_bytes()


def test_the_lock_file_tells_who_holds_the_lock_and_since_when(state: StateDirectory) -> None:
    assert state.lock_file() is None
    with state.lock():
        os.utime(state._path / "lock", (time.time(), time.time() - 90))
        told = state.lock_file()
    assert told is not None
    assert (str(os.getpid()), True) == (told.holder, told.held)
    assert 90 <= told.age_s < 120
    assert state.lock_file() is None


def test_a_look_at_the_lock_does_not_keep_it(state: StateDirectory) -> None:
    with state.lock():
        state.lock_file()
    state.lock_file()
    with state.lock(), pytest.raises(Problem):
        state.lock().__enter__()


def test_the_lock_file_names_the_run_that_was_killed(state: StateDirectory) -> None:
    with state.lock():
        pass
    (state._path / "lock").write_bytes(b"4711 /dev/tty1\n")
    assert LockFile("4711", "/dev/tty1", held=False, age_s=0) == state.lock_file()


def test_the_lock_is_free_again_after_use(state: StateDirectory) -> None:
    for _ in range(2):
        with state.lock():
            pass


def test_the_second_operator_is_told_who_the_first_is(
    state: StateDirectory, tmp_path: Path
) -> None:
    code = (
        "import sys; from pathlib import Path; from serialpass_tui.host.journal import *\n"
        "with StateDirectory(Path(sys.argv[1])).lock():\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "lib" / "state")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert "held\n" == holder.stdout.readline()
        with pytest.raises(Problem) as caught, state.lock():
            pytest.fail("two writers at once")
        assert ("locked", Exit.CONFLICT) == (caught.value.code, caught.value.exit_status)
        assert f"process {holder.pid} on no terminal" in caught.value.summary
        holder.kill()
    with state.lock():
        pass


def test_the_terminal_of_the_holder_is_told(
    state: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "ttyname", lambda handle: "/dev/pts/7")
    with state.lock(), pytest.raises(Problem) as caught, state.lock():
        pytest.fail("two writers at once")
    assert f"process {os.getpid()} on /dev/pts/7" in caught.value.summary


@pytest.mark.parametrize(
    "use",
    [
        lambda state: state.append(STORY[0]),
        lambda state: state.backup(b""),
        lambda state: state.lock().__enter__(),
    ],
    ids=["append", "backup", "lock"],
)
def test_a_directory_that_anybody_may_write_is_not_used(
    tmp_path: Path, use: Callable[[StateDirectory], object]
) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(Problem) as caught:
        use(StateDirectory(folder))
    assert "state-unsafe" == caught.value.code


def test_a_directory_of_another_user_is_not_used(
    state: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.append(STORY[0])
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(Problem) as caught:
        state.append(STORY[1])
    assert "state-unsafe" == caught.value.code


def test_not_root_is_said_in_words(state: StateDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*args: object, **keywords: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", deny)
        with pytest.raises(Problem) as caught:
            state.records()
        assert ("state-unreadable", "Run this as root.") == (
            caught.value.code,
            caught.value.remedy,
        )
        patch.setattr(os, "mkdir", deny)
        with pytest.raises(Problem) as caught:
            state.append(STORY[0])
        assert "Run this as root." == caught.value.remedy
