"""Files behind ssh: the rules of those here, with what the shell of an old or small host has."""

from __future__ import annotations

import os
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.program import Seal
from serialpass_tui.errors import NOTHING_CHANGED, Exit, Problem
from serialpass_tui.host.files import LocalFiles
from serialpass_tui.host.ssh.digests import digest
from serialpass_tui.host.ssh.library import SUMS
from tests.ssh.dom0 import program

if TYPE_CHECKING:
    from collections.abc import Callable

    from serialpass_tui.host.ssh.files import RemoteFiles
    from tests.ssh.conftest import Corner

OLD = bytes(range(256)) * 40 + b"default xe\n"
NEW = OLD.replace(b"xe\n", b"xe-serial\nend of it")


@pytest.fixture
def boot(corner: Corner) -> Corner:
    (corner.folder / "extlinux.conf").write_bytes(OLD)
    return corner


def path_in(corner: Corner) -> str:
    return f"{corner.path}/extlinux.conf"


def names(corner: Corner) -> list[str]:
    return sorted(entry.name for entry in corner.folder.iterdir())


@pytest.mark.parametrize("data", [b"", b"\n", b"no end", OLD, b"\n\n\n", b"'\"$(id)`\\\n"])
def test_every_byte_comes_as_it_is(corner: Corner, data: bytes) -> None:
    (corner.folder / "f'ile $x\u00fc").write_bytes(data)
    assert data == corner.files.read(f"{corner.path}/f'ile $x\u00fc")


@pytest.mark.parametrize("after", [b"", b"x", b"0\n", NEW, OLD * 10])
def test_the_new_bytes_take_the_place(boot: Corner, after: bytes) -> None:
    boot.files.replace(path_in(boot), OLD, after)
    assert after == (boot.folder / "extlinux.conf").read_bytes()
    assert ["extlinux.conf"] == names(boot)


def test_owner_and_mode_stay(boot: Corner) -> None:
    place = boot.folder / "extlinux.conf"
    place.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(place, 65534, 65533)
    before = place.stat()
    boot.files.replace(path_in(boot), OLD, NEW)
    after = place.stat()
    assert (before.st_uid, before.st_gid, before.st_mode) == (
        after.st_uid,
        after.st_gid,
        after.st_mode,
    )
    assert before.st_ino != after.st_ino


def test_the_target_of_a_link_is_replaced(boot: Corner) -> None:
    (boot.folder / "grub").mkdir()
    link = boot.folder / "grub/link.conf"
    link.symlink_to("../extlinux.conf")
    boot.files.replace(f"{boot.path}/grub/link.conf", OLD, NEW)
    assert link.is_symlink()
    assert NEW == (boot.folder / "extlinux.conf").read_bytes()


def test_what_somebody_else_wrote_stays(boot: Corner) -> None:
    (boot.folder / "extlinux.conf").write_bytes(b"theirs")
    with pytest.raises(Problem) as caught:
        boot.files.replace(path_in(boot), OLD, NEW)
    assert (Exit.CONFLICT, "file-changed") == (caught.value.exit_status, caught.value.code)
    assert b"theirs" == (boot.folder / "extlinux.conf").read_bytes()
    assert ["extlinux.conf"] == names(boot)


def test_done_once_more_it_is_done(boot: Corner) -> None:
    for _ in range(2):
        boot.files.replace(path_in(boot), OLD, NEW)
    assert NEW == (boot.folder / "extlinux.conf").read_bytes()


def test_what_a_cut_line_left_is_swept(boot: Corner) -> None:
    (boot.folder / ".extlinux.conf.serialpass-new.12-ab").write_bytes(b"half")
    boot.files.replace(path_in(boot), OLD, OLD)
    assert ["extlinux.conf"] == names(boot)


def test_a_file_is_made_for_all_to_read_and_taken_away(corner: Corner) -> None:
    path, place = f"{corner.path}/multi-user.target.d/x.conf", corner.folder / "multi-user.target.d"
    corner.files.replace(path, None, b"[Unit]\n")
    assert b"[Unit]\n" == (place / "x.conf").read_bytes()
    assert (0o755, 0o644) == (
        stat.S_IMODE(place.stat().st_mode),
        stat.S_IMODE((place / "x.conf").stat().st_mode),
    )
    corner.files.replace(path, b"[Unit]\n", None)
    assert [] == names(corner)
    corner.files.replace(path, b"[Unit]\n", None)
    assert [] == names(corner)


def test_a_backup_lies_beside_the_file_as_it_was(boot: Corner) -> None:
    (boot.folder / "extlinux.conf").chmod(0o600)
    kept = boot.files.keep(path_in(boot), OLD, "abc")
    assert kept == boot.files.keep(path_in(boot), OLD, "abc")
    backup = boot.folder / "extlinux.conf.serialpass-abc"
    assert f"{boot.path}/extlinux.conf.serialpass-abc" == kept
    assert OLD == backup.read_bytes()
    assert 0o600 == stat.S_IMODE(backup.stat().st_mode)
    with pytest.raises(Problem) as caught:
        boot.files.keep(path_in(boot), NEW, "abc")
    assert (Exit.CONFLICT, "backup-exists") == (caught.value.exit_status, caught.value.code)
    assert OLD == backup.read_bytes()


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda files, path: files.read(path + "x"), "file-missing"),
        (lambda files, path: files.read(path.rpartition("/")[0]), "file-unreadable"),
        (lambda files, path: files.replace(path + "x", OLD, NEW), "file-missing"),
        (lambda files, path: files.replace(path.rpartition("/")[0], OLD, NEW), "file-changed"),
        (lambda files, path: files.replace("/nowhere/at/all", None, NEW), "write-failed"),
    ],
)
def test_what_cannot_be_done_is_told(
    boot: Corner, act: Callable[[RemoteFiles, str], object], code: str
) -> None:
    with pytest.raises(Problem) as caught:
        act(boot.files, path_in(boot))
    assert code == caught.value.code
    assert NOTHING_CHANGED == caught.value.state
    assert OLD == (boot.folder / "extlinux.conf").read_bytes()


@pytest.mark.skipif(os.geteuid() != 0, reason="mount(2) is root's")
def test_a_full_disk_leaves_the_old_file(boot: Corner) -> None:
    small = boot.folder / "small"
    small.mkdir()
    options = ["-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)]
    subprocess.run([program("mount"), *options], check=True)
    try:
        (small / "extlinux.conf").write_bytes(OLD)
        for write in (
            lambda: boot.files.replace(f"{boot.path}/small/extlinux.conf", OLD, OLD * 8),
            lambda: boot.files.keep(f"{boot.path}/small/extlinux.conf", OLD * 8, "abc"),
            lambda: boot.state("small/state").backup(OLD * 8),
        ):
            with pytest.raises(Problem) as caught:
                write()
            assert ("disk-full", NOTHING_CHANGED) == (caught.value.code, caught.value.state)
            assert OLD == (small / "extlinux.conf").read_bytes()
            left = [place.name for place in small.rglob("*") if "serialpass" in place.name]
            assert [] == left
    finally:
        subprocess.run([program("umount"), str(small)], check=True)


@pytest.mark.parametrize("data", [b"", b"\0", b"x" * 255, b"x" * 256, OLD, OLD * 9])
def test_digests_are_those_of_the_programs(data: bytes) -> None:
    for name in SUMS:
        argv = [program(name)]
        told = subprocess.run(argv, input=data, capture_output=True, check=True).stdout.split()
        wanted = b"-".join(told[:2]) if name == "cksum" else told[0]
        assert wanted.decode() == digest(data, name)


def test_a_program_that_lies_there_is_taken_away_and_none_is_put_there(corner: Corner) -> None:
    """What a run at the host installed, a run from afar can look at and take away."""
    folder = corner.folder / "lib/serialpass-tui"
    folder.mkdir(parents=True)
    program, link = folder / "serialpass-tui", corner.folder / "bin"
    program.write_bytes(b"\x7fELF" + bytes(5000))
    link.symlink_to("lib/serialpass-tui/serialpass-tui")
    path = f"{corner.path}/lib/serialpass-tui/serialpass-tui"
    local, target = LocalFiles(corner.dom0.root), "lib/serialpass-tui/serialpass-tui"
    seal = corner.files.seal(path)
    assert seal is not None
    assert local.seal(path) == seal
    for name in (path, f"{corner.path}/bin", f"{corner.path}/none", corner.path):
        assert local.link(name) == corner.files.link(name)
        assert local.is_folder(name) == corner.files.is_folder(name)
    puts: list[Callable[[], None]] = [
        lambda: corner.files.place(f"{path}-2", None, seal, "/bin/true"),
        lambda: corner.files.relink(f"{corner.path}/bin-2", None, target),
    ]
    for put in puts:
        with pytest.raises(Problem) as caught:
            put()
        assert (Exit.REFUSED, "not-from-afar") == (caught.value.exit_status, caught.value.code)
    takes: list[Callable[[], None]] = [
        lambda: corner.files.place(path, Seal(seal.sha256, 1), None, ""),
        lambda: corner.files.relink(f"{corner.path}/bin", "elsewhere", None),
    ]
    for take in takes:
        with pytest.raises(Problem) as caught:
            take()
        assert "file-changed" == caught.value.code
    for _ in range(2):
        corner.files.relink(f"{corner.path}/bin", target, None)
        corner.files.place(path, seal, None, "")
    assert ["lib"] == names(corner)
    assert [] == list((corner.folder / "lib").iterdir())
