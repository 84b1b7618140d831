"""A file that is made or taken away is there whole or not at all, wherever a run ends."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.errors import NOTHING_CHANGED, Exit, Problem
from serialpass_tui.host import atomic
from serialpass_tui.host.files import LocalFiles
from tests.host.test_files import FAULTS, Calls, Killed

if TYPE_CHECKING:
    from pathlib import Path

PATH = "/etc/udev/rules.d/60-x.rules"
RULE = b'ACTION=="add"\n' * 500
Way = tuple[bytes | None, bytes | None]
WAYS: tuple[Way, ...] = ((None, RULE), (RULE, None))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "etc" / "udev" / "rules.d"
    place.mkdir(parents=True)
    return place


@pytest.fixture
def files(tmp_path: Path, folder: Path) -> LocalFiles:
    return LocalFiles(tmp_path)


def lay(folder: Path, data: bytes | None) -> None:
    """Have the file hold `data`, and nothing beside it."""
    for entry in folder.iterdir():
        entry.unlink()
    if data is not None:
        (folder / "60-x.rules").write_bytes(data)


def held(folder: Path) -> bytes | None:
    place = folder / "60-x.rules"
    return place.read_bytes() if place.exists() else None


def names(data: bytes | None) -> list[str]:
    return [] if data is None else ["60-x.rules"]


def listing(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


def steps(files: LocalFiles, folder: Path, way: Way) -> list[str]:
    lay(folder, way[0])
    with pytest.MonkeyPatch.context() as patch:
        calls = Calls(patch, lambda name, count: None)
        files.replace(PATH, *way)
        return calls.seen


def test_a_new_file_may_be_read_by_everybody(files: LocalFiles, folder: Path) -> None:
    old = os.umask(0o022)
    try:
        files.replace(PATH, None, RULE)
    finally:
        os.umask(old)
    assert RULE == held(folder)
    assert 0o644 == stat.S_IMODE((folder / "60-x.rules").stat().st_mode)


@pytest.mark.parametrize("way", WAYS)
def test_twice_is_once(files: LocalFiles, folder: Path, way: Way) -> None:
    lay(folder, way[0])
    files.replace(PATH, *way)
    files.replace(PATH, *way)
    assert way[1] == held(folder)


@pytest.mark.parametrize("way", WAYS)
def test_somebody_elses_file_is_a_conflict(files: LocalFiles, folder: Path, way: Way) -> None:
    lay(folder, b"theirs")
    with pytest.raises(Problem) as caught:
        files.replace(PATH, *way)
    assert ("file-changed", Exit.CONFLICT) == (caught.value.code, caught.value.exit_status)
    assert b"theirs" == held(folder)


def test_a_file_that_appears_in_the_last_moment_stays(
    files: LocalFiles, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def fsync(handle: int) -> None:
        (folder / "60-x.rules").write_bytes(b"theirs")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(Problem) as caught:
        files.replace(PATH, None, RULE)
    assert "file-changed" == caught.value.code
    assert b"theirs" == held(folder)


def test_an_edit_of_a_file_that_is_gone_says_so(files: LocalFiles, folder: Path) -> None:
    with pytest.raises(Problem) as caught:
        files.replace(PATH, RULE, b"other")
    assert "file-missing" == caught.value.code
    assert [] == listing(folder)


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        LocalFiles(tmp_path).replace(PATH, None, RULE)
    assert ("write-failed", NOTHING_CHANGED) == (caught.value.code, caught.value.state)


def test_a_removal_that_the_disk_does_not_confirm_is_told(
    files: LocalFiles, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(place: Path) -> None:
        raise OSError(errno.EIO, "I/O error")

    lay(folder, RULE)
    monkeypatch.setattr(atomic, "sync_directory", fail)
    with pytest.raises(Problem) as caught:
        files.replace(PATH, RULE, None)
    assert NOTHING_CHANGED != caught.value.state
    assert held(folder) is None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("number", FAULTS)
def test_every_step_may_fail(number: int, files: LocalFiles, folder: Path, way: Way) -> None:
    before, after = way
    for at, step in enumerate(steps(files, folder, way), 1):
        lay(folder, before)

        def fail(name: str, count: int, at: int = at) -> None:
            if count == at:
                raise OSError(number, os.strerror(number))

        problem = None
        with pytest.MonkeyPatch.context() as patch:
            Calls(patch, fail)
            try:
                files.replace(PATH, before, after)
            except Problem as caught:
                problem = caught
        now = held(folder)
        assert now in {before, after}, (at, step)
        assert names(now) == listing(folder), (at, step)
        if problem is not None:
            assert (now == after) == (problem.state != NOTHING_CHANGED), (at, step)


@pytest.mark.parametrize("way", WAYS)
def test_killed_at_every_step_and_taken_up_again(files: LocalFiles, folder: Path, way: Way) -> None:
    before, after = way
    for at, step in enumerate(steps(files, folder, way), 1):
        lay(folder, before)

        def die(name: str, count: int, at: int = at) -> None:
            if count >= at:
                raise Killed

        with pytest.MonkeyPatch.context() as patch:
            Calls(patch, die)
            with pytest.raises(Killed):
                files.replace(PATH, before, after)
        assert held(folder) in {before, after}, (at, step)
        files.replace(PATH, before, after)
        assert after == held(folder), (at, step)
        assert names(after) == listing(folder), (at, step)
