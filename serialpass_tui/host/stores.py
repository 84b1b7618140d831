"""Where a boot loader keeps what it boots once, and what that file lies on."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from serialpass_tui.core.boot.once import ADV_BYTES
from serialpass_tui.core.inventory import BootStore
from serialpass_tui.errors import Problem
from serialpass_tui.host import rooted
from serialpass_tui.host.commands import SEARCH
from serialpass_tui.host.files import LocalFiles
from serialpass_tui.host.sysfs import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from serialpass_tui.core.inventory import BootText
    from serialpass_tui.host.blocks import BlockDevices

_LOADERS = ("ldlinux.sys", "extlinux.sys")
"""The loader's own file beside its configuration; before syslinux 4 it was named after extlinux."""


def boot_stores(
    root: Path, boot_files: Iterable[BootText], blocks: BlockDevices
) -> tuple[BootStore, ...]:
    """The store of each boot file that exists; GRUB's environment block may not be there yet."""
    return tuple(_store(root, file.path, blocks) for file in boot_files)


def _store(root: Path, boot_file: str, blocks: BlockDevices) -> BootStore:
    folder = boot_file.rpartition("/")[0]
    if boot_file.endswith(".cfg"):
        path, tool, keeps = f"{folder}/grubenv", "", None
    else:
        names = [f"{folder}/{name}" for name in _LOADERS]
        path = next((name for name in names if _place(root, name).is_file()), names[0])
        tool, keeps = _program(root, "extlinux"), ADV_BYTES
    source, kind, options = _mount_of(root, folder)
    carrier = blocks.carrier_of(folder)
    layers = blocks.layers_of(carrier) + _links(root, path)
    if tool and not os.path.lexists(_place(root, source)):
        # extlinux opens the device by the name in /proc/mounts (syslinux extlinux/main.c)
        layers = (f"{source}, which is not there",)
    return BootStore(
        boot_file,
        path,
        _end_of(root, path, keeps),
        kind if carrier or not _has_device(kind) else "",
        layers,
        writable="ro" not in options,
        tool=tool,
    )


def _place(root: Path, path: str) -> Path:
    return rooted.resolve(root, path)


def _end_of(root: Path, path: str, keeps: int | None) -> bytes | None:
    try:
        data = LocalFiles(root).read(path)
    except Problem:
        return None
    return data if keeps is None else data[-keeps:]


def _links(root: Path, path: str) -> tuple[str, ...]:
    """A link may lead to another file system, where GRUB does not follow it."""
    return ("a symbolic link",) if (root / path.lstrip("/")).is_symlink() else ()


def _program(root: Path, name: str) -> str:
    places = [f"{folder}/{name}" for folder in SEARCH]
    return next((p for p in places if os.access(_place(root, p), os.X_OK)), "")


def _has_device(kind: str) -> bool:
    """Whether a file system's device number is that of one block device."""
    return kind not in {"btrfs", "zfs", "overlay", "tmpfs", "bcachefs"}


def _mount_of(root: Path, folder: str) -> tuple[str, str, list[str]]:
    """Device, type and options of the file system that a folder lies in, by /proc/self/mounts."""
    deepest, found = 0, ("", "", [""])
    here = PurePosixPath(rooted.host_path(root.resolve(), _place(root.resolve(), folder)))
    for line in text(root / "proc/self/mounts").splitlines():
        words = line.split()
        if len(words) < 4:
            continue
        point = PurePosixPath(words[1].replace("\\040", " "))
        if (point == here or point in here.parents) and len(point.parts) >= deepest:
            deepest, found = len(point.parts), (words[0], words[2], words[3].split(","))
    return found
