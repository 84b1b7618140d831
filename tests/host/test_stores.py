"""Where a boot loader keeps what it boots once, read from a tree of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.inventory import BootStore, BootText
from serialpass_tui.host.stores import boot_stores

if TYPE_CHECKING:
    from pathlib import Path

    from serialpass_tui.host.blocks import BlockDevices

CFG, CONF = "/boot/grub/grub.cfg", "/boot/extlinux.conf"


class Disks:
    """Block devices of which one carries every file system."""

    def __init__(self, carrier: str = "sda1", layers: tuple[str, ...] = ()) -> None:
        self.carrier, self.layers = carrier, layers

    def carrier_of(self, _path: str) -> str:
        return self.carrier

    def layers_of(self, _name: str) -> tuple[str, ...]:
        return self.layers


def put(root: Path, path: str, data: bytes = b"", *, program: bool = False) -> None:
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    if program:
        place.chmod(0o755)


def look(root: Path, boot_file: str, disks: Disks) -> BootStore:
    put(root, boot_file, b"x")
    blocks: BlockDevices = disks  # type: ignore[assignment]
    (found,) = boot_stores(root, [BootText(boot_file, b"x")], blocks)
    return found


MOUNTS = b"""proc /proc proc rw 0 0
/dev/sda1 / ext4 rw,relatime 0 0
/dev/sda2 /boot/efi vfat ro,fmask=0022 0 0
"""


def test_grubs_block_beside_its_file(tmp_path: Path) -> None:
    put(tmp_path, "proc/self/mounts", MOUNTS)
    assert BootStore(CFG, "/boot/grub/grubenv", None, "ext4") == look(tmp_path, CFG, Disks())
    put(tmp_path, "/boot/grub/grubenv", b"block")
    assert b"block" == look(tmp_path, CFG, Disks()).data


def test_the_file_system_below_the_folder_counts(tmp_path: Path) -> None:
    put(tmp_path, "proc/self/mounts", MOUNTS)
    found = look(tmp_path, "/boot/efi/EFI/xenserver/grub.cfg", Disks())
    assert ("vfat", False) == (found.filesystem, found.writable)


def test_layers_a_link_and_a_device_that_nobody_knows(tmp_path: Path) -> None:
    put(tmp_path, "proc/self/mounts", MOUNTS)
    assert ("LVM",) == look(tmp_path, CFG, Disks(layers=("LVM",))).layers
    assert "" == look(tmp_path, CFG, Disks(carrier="")).filesystem
    (tmp_path / "boot/grub/grubenv").symlink_to("../efi/grubenv")
    assert ("a symbolic link",) == look(tmp_path, CFG, Disks()).layers


def test_extlinux_with_the_end_of_its_own_file(tmp_path: Path) -> None:
    put(tmp_path, "proc/self/mounts", MOUNTS)
    put(tmp_path, "dev/sda1")
    put(tmp_path, "/boot/ldlinux.sys", b"code" + b"a" * 1024)
    put(tmp_path, "/sbin/extlinux", program=True)
    wanted = BootStore(CONF, "/boot/ldlinux.sys", b"a" * 1024, "ext4", tool="/sbin/extlinux")
    assert wanted == look(tmp_path, CONF, Disks())


@pytest.mark.parametrize("name", ["ldlinux.sys", "extlinux.sys"])
def test_extlinux_of_either_age(tmp_path: Path, name: str) -> None:
    put(tmp_path, f"/boot/{name}")
    found = look(tmp_path, CONF, Disks())
    assert (f"/boot/{name}", "") == (found.path, found.tool)


def test_a_device_that_extlinux_could_not_open(tmp_path: Path) -> None:
    put(tmp_path, "proc/self/mounts", b"/dev/root / ext4 rw 0 0\n")
    put(tmp_path, "/sbin/extlinux", program=True)
    assert ("/dev/root, which is not there",) == look(tmp_path, CONF, Disks()).layers
