"""Disks, and everything that lives on them through partitions, device mapper, RAID and LVM."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path, PurePosixPath

from serialpass_tui.core.inventory import Disk
from serialpass_tui.host import rooted
from serialpass_tui.host.sysfs import children, functions_in, text
from serialpass_tui.lazy import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.host.firmware import BootSource
    from serialpass_tui.host.sysfs import Device

_BY_ID = "/dev/disk/by-id"
_ESP = {"c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "0xef"}
"""Partition types of an EFI system partition in a GPT and an MBR (UEFI Specification, 5.3.3)."""
_STACKED = {"mpath": "multipath", "LVM": "LVM", "CRYPT": "crypt", "DMRAID": "RAID"}
"""How the uuid of a device-mapper device begins, by what made it (dmsetup(8))."""
_NVME_CONTROLLER = pattern(r"nvme\d+")


class _Uses:
    def __init__(self) -> None:
        self.mounts: set[str] = set()
        self.swap = False


def device_number(place: Path) -> str:
    """Major and minor number of the device that carries a place. Raises OSError."""
    where = place.stat().st_dev
    return f"{os.major(where)}:{os.minor(where)}"


class BlockDevices:
    """The block devices of one host, and which whole disks carry each of them."""

    def __init__(
        self,
        devices: Iterable[Device],
        root: Path,
        number_of: Callable[[Path], str] = device_number,
    ) -> None:
        """`number_of` tells the number of the device that carries a place."""
        self._root = root
        self._number_of = number_of
        self._devices = {device.name: device for device in devices}
        self._mapped = {
            name: device.name
            for device in self._devices.values()
            if (name := device.text("dm/name"))
        }

    def kernel_name(self, path: str) -> str:
        """The kernel's name of a device file as mounts and swaps spell it, empty if unknown."""
        with suppress(OSError):
            real = rooted.resolve(self._root, path).name
            if real in self._devices:
                return real
        name = PurePosixPath(path).name
        if path.startswith("/dev/mapper/") and name in self._mapped:
            return self._mapped[name]
        kernel = path.removeprefix("/dev/").replace("/", "!")
        return kernel if kernel in self._devices else ""

    def disks_under(self, name: str) -> frozenset[str]:
        """The whole disks that carry a block device, down through all that is stacked."""
        return self._disks_under(name, frozenset())

    def disks(
        self,
        mounts: Iterable[tuple[str, str]],
        swaps: Iterable[str],
        source: BootSource,
        unread: list[str],
    ) -> list[Disk]:
        """Every disk that hardware is behind, with its mounts and swap.

        `mounts` are pairs of device and mount point, `source` is what the firmware booted. What
        cannot be laid to a disk is told to `unread`: a guard that does not know the disk of `/`
        must not pretend that it does.
        """
        uses = {name: _Uses() for name, device in self._devices.items() if _is_disk(device)}
        for device, point in mounts:
            disks = self.disks_under(self.kernel_name(device))
            for disk in disks & uses.keys():
                uses[disk].mounts.add(point)
            if not disks & uses.keys():
                unread.append(f"which disk carries {point} (mounted from {device})")
        for device in swaps:
            disks = self.disks_under(self.kernel_name(device))
            for disk in disks & uses.keys():
                uses[disk].swap = True
            if not disks and device.startswith("/dev/"):
                unread.append(f"which disk carries the swap space {device}")
        by_id = self._by_id()
        return [
            self._disk(name, bdf, uses[name], by_id, source)
            for name in sorted(uses)
            for bdf in _controllers(self._devices[name])
        ]

    def _disks_under(self, name: str, seen: frozenset[str]) -> frozenset[str]:
        device = self._devices.get(name)
        if device is None or name in seen:
            return frozenset()
        seen |= {name}
        if device.has("partition"):
            return self._disks_under(device.path.resolve().parent.name, seen)
        below = set(device.names("slaves"))
        backing = device.text("loop/backing_file")
        if backing:
            below.add(self.carrier_of(backing))
        if not below:
            return frozenset({name})
        return frozenset().union(*(self._disks_under(other, seen) for other in below))

    def carrier_of(self, path: str) -> str:
        """The block device whose file system holds a file, by device number."""
        with suppress(OSError):
            number = self._number_of(rooted.resolve(self._root, path))
            for device in self._devices.values():
                if device.text("dev") == number:
                    return device.name
        return ""

    def layers_of(self, name: str) -> tuple[str, ...]:
        """What lies between a block device and its disks, in words, from above."""
        device = self._devices.get(name)
        if device is None:
            return ()
        if device.has("partition"):
            return self.layers_of(device.path.resolve().parent.name)
        below = [self.layers_of(entry) for entry in device.names("slaves")]
        own = ""
        if (device.path / "md").is_dir():
            own = "RAID"
        elif device.text("loop/backing_file"):
            own = "a loop device"
        else:
            kind = device.text("dm/uuid").partition("-")[0]
            own = {"LVM": "LVM", "CRYPT": "encryption"}.get(kind, "")
        return tuple(dict.fromkeys([*([own] if own else []), *(n for some in below for n in some)]))

    def _partitions(self, name: str) -> list[str]:
        disk = self._devices[name]
        return [child for child in disk.names() if disk.has(f"{child}/partition")]

    def _disk(
        self,
        name: str,
        bdf: Bdf | None,
        uses: _Uses,
        by_id: Mapping[str, tuple[str, ...]],
        source: BootSource,
    ) -> Disk:
        parts = self._partitions(name)
        every = [self._devices[part] for part in (name, *parts) if part in self._devices]
        found = (device.properties.get("ID_FS_TYPE", "") for device in every)
        ids = [spelled for part in (name, *parts) for spelled in by_id.get(part, ())]
        return Disk(
            name=name,
            bdf=bdf,
            mounts=tuple(sorted(uses.mounts)),
            swap=uses.swap,
            signatures=tuple(dict.fromkeys(kind for kind in found if kind)),
            ids=(*ids, *parts),
            holders=tuple(sorted({self._kind(held) for each in every for held in _holders(each)})),
            esp=any(device.properties.get("ID_PART_ENTRY_TYPE") in _ESP for device in every),
            booted=_is_source(source, bdf, every),
        )

    def _kind(self, name: str) -> str:
        """What made a stacked device."""
        if name.startswith("md"):
            return "RAID"
        device = self._devices.get(name)
        made = device.text("dm/uuid") if device is not None else ""
        # kpartx puts the number of the partition first, for example part1-mpath-.
        parts = made.split("-")[:2]
        return next((_STACKED[part] for part in parts if part in _STACKED), "device-mapper")

    def _by_id(self) -> dict[str, tuple[str, ...]]:
        """The lasting names under /dev/disk/by-id, by kernel name."""
        names: dict[str, tuple[str, ...]] = {}
        for entry in children(self._root / _BY_ID.lstrip("/")):
            with suppress(OSError):
                target = entry.readlink().name
                names[target] = (*names.get(target, ()), f"{_BY_ID}/{entry.name}")
        return names


def _holders(device: Device) -> list[str]:
    """The device-mapper and RAID devices that hold a block device open for themselves."""
    return [name for name in device.names("holders") if name.startswith(("dm-", "md"))]


def _is_source(source: BootSource, bdf: Bdf | None, every: Iterable[Device]) -> bool:
    """Whether a disk, with its partitions, is what the firmware booted."""
    if source.function is not None:
        return bdf == source.function
    known = [
        (d.properties.get("ID_PART_ENTRY_UUID"), d.properties.get("ID_PART_TABLE_UUID"))
        for d in every
    ]
    return any(
        (source.partition and source.partition == partition)
        or (source.table and source.table == table)
        for partition, table in known
    )


def swaps(root: Path) -> list[str]:
    """The devices and files of /proc/swaps."""
    lines = text(root / "proc/swaps").splitlines()[1:]
    # The kernel writes blanks in names as \040 (mangle_path), as in /proc/mounts.
    return [line.split()[0].replace("\\040", " ") for line in lines if line.strip()]


def _is_disk(device: Device) -> bool:
    """Whether hardware is behind a whole block device, not only other block devices."""
    if device.has("partition"):
        return False
    return "virtual" not in device.path.parts or bool(_nvme_paths(device))


def _nvme_paths(device: Device) -> list[Path]:
    """The controllers of a namespace that the kernel's NVMe multipath shows as virtual."""
    if "nvme-subsystem" not in device.path.parts:
        return []
    return [
        entry.resolve()
        for entry in children(device.path.parent)
        if _NVME_CONTROLLER.fullmatch(entry.name)
    ]


def _controllers(device: Device) -> list[Bdf | None]:
    """The nearest PCI function above a disk; several for a disk with several paths."""
    paths = [functions_in(path) for path in _nvme_paths(device)] or [device.functions_above]
    return [next(iter(path), None) for path in paths]
