"""A boot file is the old one or the new one, whatever fails and wherever a run is killed."""

from __future__ import annotations

import errno
import inspect
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from serialpass_tui.errors import NOTHING_CHANGED, Exit, Problem
from serialpass_tui.host import atomic
from serialpass_tui.host.files import LocalFiles

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = "/boot/extlinux.conf"
OLD = b"default xe\n" * 2000
NEW = OLD.replace(b"xe", b"xe-serial", 1)

STEPS = [
    "open",
    "read",
    "fstat",
    "statvfs",
    "write",
    "fchown",
    "fchmod",
    "listxattr",
    "fsync",
    "close",
    "rename",
    "unlink",
]
"""The system calls of a replacement."""


class Killed(BaseException):
    """The end of the process: nothing that it does afterwards happens."""


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    folder = tmp_path / "boot"
    folder.mkdir()
    (folder / "extlinux.conf").write_bytes(OLD)
    return folder


@pytest.fixture
def files(boot: Path) -> LocalFiles:
    return LocalFiles(boot.parent)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


class Calls:
    """Counts the system calls of `os` and lets `react` do something at each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, react: Callable[[str, int], None]) -> None:
        self.seen: list[str] = []
        for name in STEPS:
            monkeypatch.setattr(os, name, self._wrap(name, getattr(os, name), react))

    def _wrap(self, name: str, real: Any, react: Callable[[str, int], None]) -> Any:
        def call(*args: Any, **keywords: Any) -> Any:
            self.seen.append(name)
            react(name, len(self.seen))
            return real(*args, **keywords)

        return call


def calls_of_a_replacement(files: LocalFiles) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        calls = Calls(patch, lambda name, count: None)
        files.replace(PATH, OLD, NEW)
        return calls.seen


def test_the_list_of_steps_is_complete() -> None:
    called = set(re.findall(r"\bos\.([a-z]+)\(", inspect.getsource(atomic)))
    no_step_here = {"getpid", "urandom", "strerror", "getxattr", "setxattr", "major", "minor"}
    assert called - no_step_here <= set(STEPS)


def test_the_new_bytes_take_the_place(files: LocalFiles, boot: Path) -> None:
    files.replace(PATH, OLD, NEW)
    assert NEW == files.read(PATH)
    assert ["extlinux.conf"] == names(boot)


def test_owner_and_mode_stay(files: LocalFiles, boot: Path) -> None:
    place = boot / "extlinux.conf"
    place.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(place, 65534, 65533)
    before = place.stat()
    files.replace(PATH, OLD, NEW)
    after = place.stat()
    assert (before.st_uid, before.st_gid, before.st_mode) == (
        after.st_uid,
        after.st_gid,
        after.st_mode,
    )
    assert before.st_ino != after.st_ino


def test_labels_are_copied_but_not_signatures_of_content(
    files: LocalFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    label = {"security.selinux": b"system_u:object_r:boot_t:s0\0", "security.ima": b"sig"}
    copied: dict[str, bytes] = {}
    monkeypatch.setattr(os, "listxattr", lambda path: list(label))
    monkeypatch.setattr(os, "getxattr", lambda path, name: label[name])
    monkeypatch.setattr(os, "setxattr", lambda fd, name, value: copied.update({name: value}))
    files.replace(PATH, OLD, NEW)
    assert {"security.selinux": label["security.selinux"]} == copied


@pytest.mark.parametrize(
    ("refusal", "same_label", "succeeds"),
    [
        (errno.ENOTSUP, False, True),
        (errno.EPERM, True, True),
        (errno.EPERM, False, False),
    ],
)
def test_a_label_that_cannot_be_set_stops_the_edit_unless_it_is_there_already(
    files: LocalFiles,
    monkeypatch: pytest.MonkeyPatch,
    refusal: int,
    same_label: bool,
    succeeds: bool,
) -> None:
    def read(place: object, name: str) -> bytes:
        return b"new" if isinstance(place, int) and not same_label else b"old"

    def refuse(*args: object) -> None:
        raise OSError(refusal, os.strerror(refusal))

    monkeypatch.setattr(os, "listxattr", lambda path: ["security.selinux"])
    monkeypatch.setattr(os, "getxattr", read)
    monkeypatch.setattr(os, "setxattr", refuse)
    if succeeds:
        files.replace(PATH, OLD, NEW)
    else:
        with pytest.raises(Problem, match="cannot be written"):
            files.replace(PATH, OLD, NEW)
    assert (NEW if succeeds else OLD) == files.read(PATH)


def test_fat_without_owners_is_tolerated_where_the_owner_is_the_same(
    files: LocalFiles, boot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (boot / "extlinux.conf").chmod(0o600)

    def refuse(*args: object) -> None:
        raise PermissionError(errno.EPERM, "as FAT does")

    monkeypatch.setattr(os, "fchown", refuse)
    files.replace(PATH, OLD, NEW)
    assert NEW == files.read(PATH)


def test_an_owner_that_would_change_stops_the_edit(
    files: LocalFiles, boot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (boot / "extlinux.conf").chmod(0o644)

    def refuse(*args: object) -> None:
        raise PermissionError(errno.EPERM, "no")

    monkeypatch.setattr(os, "fchmod", refuse)
    with pytest.raises(Problem):
        files.replace(PATH, OLD, NEW)
    assert OLD == files.read(PATH)
    assert ["extlinux.conf"] == names(boot)


def test_short_writes_are_taken_up(files: LocalFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:777]))
    files.replace(PATH, OLD, NEW)
    assert NEW == files.read(PATH)


def test_twice_is_once(files: LocalFiles, boot: Path) -> None:
    files.replace(PATH, OLD, NEW)
    inode = (boot / "extlinux.conf").stat().st_ino
    files.replace(PATH, OLD, NEW)
    assert inode == (boot / "extlinux.conf").stat().st_ino


def test_a_changed_file_is_a_conflict(files: LocalFiles, boot: Path) -> None:
    (boot / "extlinux.conf").write_bytes(b"somebody else's")
    with pytest.raises(Problem) as caught:
        files.replace(PATH, OLD, NEW)
    assert ("file-changed", Exit.CONFLICT) == (caught.value.code, caught.value.exit_status)
    assert b"somebody else's" == files.read(PATH)
    assert ["extlinux.conf"] == names(boot)


def test_a_change_in_the_last_moment_is_a_conflict(
    files: LocalFiles, boot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def fsync(handle: int) -> None:
        (boot / "extlinux.conf").write_bytes(b"in the last moment")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(Problem) as caught:
        files.replace(PATH, OLD, NEW)
    assert "file-changed" == caught.value.code
    assert b"in the last moment" == files.read(PATH)
    assert ["extlinux.conf"] == names(boot)


FAULTS = {
    errno.ENOSPC: "disk-full",
    errno.EDQUOT: "disk-full",
    errno.EROFS: "read-only",
    errno.EIO: "write-failed",
}


@pytest.mark.parametrize("number", FAULTS)
def test_every_step_may_fail(number: int, boot: Path) -> None:
    files = LocalFiles(boot.parent)
    place = boot / "extlinux.conf"
    steps = calls_of_a_replacement(files)
    assert len(steps) > 15
    for at, step in enumerate(steps, 1):
        place.write_bytes(OLD)

        def fail(name: str, count: int, at: int = at) -> None:
            if count == at:
                raise OSError(number, os.strerror(number))

        problem = None
        with pytest.MonkeyPatch.context() as patch:
            calls = Calls(patch, fail)
            try:
                files.replace(PATH, OLD, NEW)
            except Problem as caught:
                problem = caught
        renamed = "rename" in calls.seen[: at - 1]
        assert (NEW if renamed else OLD) == place.read_bytes(), (at, step)
        assert ["extlinux.conf"] == names(boot), (at, step)
        if problem is not None:
            assert problem.code in {FAULTS[number], "write-failed", "file-unreadable"}, (at, step)
            assert renamed == (problem.state != NOTHING_CHANGED), (at, step)


def test_killed_at_every_step_and_taken_up_again(boot: Path) -> None:
    files = LocalFiles(boot.parent)
    place = boot / "extlinux.conf"
    steps = calls_of_a_replacement(files)
    litter = 0
    for at, step in enumerate(steps, 1):
        place.write_bytes(OLD)

        def die(name: str, count: int, at: int = at) -> None:
            if count >= at:
                raise Killed

        with pytest.MonkeyPatch.context() as patch:
            Calls(patch, die)
            with pytest.raises(Killed):
                files.replace(PATH, OLD, NEW)
        assert place.read_bytes() in {OLD, NEW}, (at, step)
        litter += len(names(boot)) > 1
        files.replace(PATH, OLD, NEW)
        assert NEW == place.read_bytes(), (at, step)
        assert ["extlinux.conf"] == names(boot), (at, step)
    assert litter > 3, "the test must have met temporary files to sweep"


def test_the_new_file_is_on_the_disk_before_its_name_is(files: LocalFiles) -> None:
    steps = calls_of_a_replacement(files)
    rename = steps.index("rename")
    assert "fsync" in steps[steps.index("write") : rename]
    assert "fsync" in steps[rename:]


def test_no_room_is_seen_before_anything_is_written(
    files: LocalFiles, boot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = os.statvfs_result((4096, 4096, 1000, 0, 0, 100, 50, 50, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: full)
    with pytest.MonkeyPatch.context() as patch:
        calls = Calls(patch, lambda name, count: None)
        patch.setattr(os, "statvfs", lambda path: full)
        with pytest.raises(Problem) as caught:
            files.replace(PATH, OLD, NEW)
    assert ("disk-full", NOTHING_CHANGED) == (caught.value.code, caught.value.state)
    assert "write" not in calls.seen


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ((4096, 4096, 1000, 900, 900, 100, 50, 0, 0, 255), "disk-full"),
        ((4096, 4096, 0, 0, 0, 0, 0, 0, 0, 255), ""),
        ((4096, 4096, 1000, 900, 900, 0, 0, 0, 0, 255), ""),
    ],
    ids=["no-inodes", "counts-nothing", "fat-has-no-inodes"],
)
def test_file_systems_that_count_otherwise(
    files: LocalFiles, monkeypatch: pytest.MonkeyPatch, facts: tuple[int, ...], code: str
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result(facts))
    if code:
        with pytest.raises(Problem) as caught:
            files.replace(PATH, OLD, NEW)
        assert code == caught.value.code
    else:
        files.replace(PATH, OLD, NEW)
        assert NEW == files.read(PATH)


def test_a_directory_that_cannot_be_synced_is_told(
    files: LocalFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: Path) -> None:
        raise OSError(errno.EIO, "I/O error")

    monkeypatch.setattr(atomic, "sync_directory", fail)
    with pytest.raises(Problem) as caught:
        files.replace(PATH, OLD, NEW)
    assert NOTHING_CHANGED != caught.value.state
    assert NEW == files.read(PATH)


def test_the_device_under_a_folder_is_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    monkeypatch.setattr(
        os, "fsync", lambda handle: synced.append(Path(f"/proc/self/fd/{handle}").readlink())
    )
    number = tmp_path.stat().st_dev
    atomic.sync_device(tmp_path, tmp_path)
    assert [] == synced  # a file system without a device of its own
    block = tmp_path / "sys" / "dev" / "block"
    block.mkdir(parents=True)
    link = block / f"{os.major(number)}:{os.minor(number)}"
    link.symlink_to("../../devices/virtual/block/cciss!c0d0p1")
    device = tmp_path / "dev" / "cciss" / "c0d0p1"
    device.parent.mkdir(parents=True)
    device.touch()
    atomic.sync_device(tmp_path, tmp_path)
    assert [device] == synced

    def broken(handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(atomic.InPlaceError):
        atomic.sync_device(tmp_path, tmp_path)


def test_the_backup_lies_beside_the_file(files: LocalFiles, boot: Path) -> None:
    (boot / "extlinux.conf").chmod(0o640)
    assert f"{PATH}.serialpass-20260101" == files.keep(PATH, OLD, "20260101")
    backup = boot / "extlinux.conf.serialpass-20260101"
    assert OLD == backup.read_bytes()
    assert 0o640 == stat.S_IMODE(backup.stat().st_mode)


def test_an_equal_backup_is_left_alone(files: LocalFiles, boot: Path) -> None:
    files.keep(PATH, OLD, "t")
    inode = (boot / "extlinux.conf.serialpass-t").stat().st_ino
    files.keep(PATH, OLD, "t")
    assert inode == (boot / "extlinux.conf.serialpass-t").stat().st_ino


def test_another_backup_of_that_name_is_not_overwritten(files: LocalFiles, boot: Path) -> None:
    (boot / "extlinux.conf.serialpass-t").write_bytes(b"precious")
    with pytest.raises(Problem) as caught:
        files.keep(PATH, OLD, "t")
    assert ("backup-exists", Exit.CONFLICT) == (caught.value.code, caught.value.exit_status)
    assert b"precious" == (boot / "extlinux.conf.serialpass-t").read_bytes()


def test_a_tag_cannot_lead_elsewhere(files: LocalFiles) -> None:
    with pytest.raises(ValueError, match="file name"):
        files.keep(PATH, OLD, "../../etc/passwd")


@pytest.mark.parametrize("path", ["/boot/absent", "/boot/extlinux.conf/below"])
def test_a_missing_file_is_named(files: LocalFiles, path: str) -> None:
    with pytest.raises(Problem) as caught:
        files.read(path)
    assert "file-missing" == caught.value.code
    assert path in caught.value.summary


def test_what_is_no_file_is_not_read(files: LocalFiles, boot: Path) -> None:
    os.mkfifo(boot / "pipe")
    for path in ("/boot", "/boot/pipe"):
        with pytest.raises(Problem) as caught:
            files.read(path)
        assert "file-unreadable" == caught.value.code


def test_a_symlink_stays_and_its_target_is_replaced(files: LocalFiles, boot: Path) -> None:
    efi = boot / "efi"
    efi.mkdir()
    (boot / "extlinux.conf").rename(efi / "real.conf")
    (boot / "extlinux.conf").symlink_to("efi/real.conf")
    files.replace(PATH, OLD, NEW)
    assert (boot / "extlinux.conf").is_symlink()
    assert NEW == (efi / "real.conf").read_bytes()
    assert "/boot/efi/real.conf.serialpass-t" == files.keep(PATH, NEW, "t")


@pytest.mark.parametrize(
    "target",
    ["/boot/real.conf", "../../../../../boot/real.conf", "real.conf", "/boot/../boot/./real.conf"],
)
def test_links_mean_the_mounted_disk_never_this_host(
    files: LocalFiles, boot: Path, target: str
) -> None:
    (boot / "extlinux.conf").rename(boot / "real.conf")
    (boot / "extlinux.conf").symlink_to(target)
    assert OLD == files.read(PATH)


def test_a_link_to_a_folder_on_the_way_is_taken_under_the_root(
    files: LocalFiles, boot: Path
) -> None:
    (boot / "grub").symlink_to("/boot/grub2")
    (boot / "grub2").mkdir()
    (boot / "grub2" / "grub.cfg").write_bytes(b"x")
    assert b"x" == files.read("/boot/grub/grub.cfg")


def test_links_without_end_are_unreadable(files: LocalFiles, boot: Path) -> None:
    (boot / "a").symlink_to("b")
    (boot / "b").symlink_to("a")
    with pytest.raises(Problem) as caught:
        files.read("/boot/a")
    assert "file-unreadable" == caught.value.code
