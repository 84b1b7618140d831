"""The host as pyudev, psutil and sysfs tell it: the only module that knows the first two."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from serialpass_tui.host import blocks, commands, facts, udev
from serialpass_tui.host.network import Interface
from serialpass_tui.host.sysfs import Device

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from serialpass_tui.core.inventory import Inventory
    from serialpass_tui.host.machine import Machine
    from serialpass_tui.host.system import Run


def _with_libudev() -> Callable[[str], list[Device]] | None:
    """What lists a subsystem's devices with libudev; None where that is not on the machine."""
    try:
        import pyudev

        context = pyudev.Context()
    except ImportError:  # the library's absence is told in the same way as the package's
        return None

    def devices(subsystem: str) -> list[Device]:
        return [
            # Of a hundred devices a few are asked for a property or two: not all are fetched.
            Device(Path(device.sys_path), device.properties)
            for device in context.list_devices(subsystem=subsystem)
        ]

    return devices


def _without_libudev(subsystem: str) -> list[Device]:
    return udev.devices(Path("/"), subsystem)


class LibraryMachine:
    """The running machine through pyudev and psutil; through udev's own files without libudev."""

    def __init__(self) -> None:
        # Here, not above: a recording in place of the machine needs neither library.
        import psutil

        self._psutil = psutil
        self._devices = _with_libudev() or _without_libudev

    def devices(self, subsystem: str) -> list[Device]:
        """All devices of a subsystem, with udev's properties."""
        return self._devices(subsystem)

    def mounts(self) -> list[tuple[str, str]]:
        """Pairs of device and mount point of the file systems that lie on devices."""
        return [(part.device, part.mountpoint) for part in self._psutil.disk_partitions()]

    def interfaces(self) -> Mapping[str, Interface]:
        """Every network interface by name."""
        up = {name: stats.isup for name, stats in self._psutil.net_if_stats().items()}
        return {
            name: Interface(
                up.get(name, False),
                tuple(
                    entry.address.partition("%")[0]
                    for entry in entries
                    if entry.family in {socket.AF_INET, socket.AF_INET6}
                ),
                next((e.address for e in entries if e.family == self._psutil.AF_LINK), ""),
            )
            for name, entries in self._psutil.net_if_addrs().items()
        }

    def boot_time(self) -> int:
        """Seconds since the epoch."""
        return int(self._psutil.boot_time())

    def pids(self) -> Sequence[int]:
        """All processes."""
        return self._psutil.pids()

    def pid(self) -> int:
        """This process."""
        return os.getpid()

    def device_number(self, place: Path) -> str:
        """Major and minor number of the device that carries a place."""
        return blocks.device_number(place)


def probe(
    root: Path = Path("/"), *, machine: Machine | None = None, run: Run = commands.run
) -> Inventory:
    """Read every fact of this host anew.

    Works on any Linux, with or without Xen, as root or not: what could not be read is listed in
    the inventory's `unread`. `root`, `machine` and `run` are for another tree than this machine.
    """
    return facts.gather(root, LibraryMachine() if machine is None else machine, run)
