"""One reading of a host: everything that sysfs, /proc and the libraries say, as an inventory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from serialpass_tui.core.inventory import Inventory, Nic, TtyKind
from serialpass_tui.host import blocks, pci, serial_lines, system, usb
from serialpass_tui.host.sysfs import link, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.host.sysfs import Device
    from serialpass_tui.host.system import Run

_ISA_BRIDGE = 0x0601
_ROOT_UNKNOWN = "which disk carries /"


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface as the libraries tell it."""

    up: bool = False
    addresses: tuple[str, ...] = ()
    mac: str = ""


class Machine(Protocol):
    """What libraries, not files under a root, say about the machine."""

    def devices(self, subsystem: str) -> Iterable[Device]:
        """All devices of a subsystem, with udev's properties."""

    def mounts(self) -> Iterable[tuple[str, str]]:
        """Pairs of device and mount point of the file systems that lie on devices."""

    def interfaces(self) -> Mapping[str, Interface]:
        """Every network interface by name."""

    def boot_time(self) -> int:
        """Seconds since the epoch."""

    def pids(self) -> Sequence[int]:
        """All processes."""


def gather(root: Path, machine: Machine, run: Run) -> Inventory:
    """The facts of the host below `root`, read once, each from where the kernel keeps it.

    Raises:
        Problem: when the host cannot be read at all.
    """
    unread: list[str] = []
    kernel = text(root / "proc/sys/kernel/osrelease")
    cmdline = text(root / "proc/cmdline")
    functions = pci.with_names(pci.functions(machine.devices("pci"), unread), root)
    ttys = serial_lines.serial_ttys(
        machine.devices("tty"),
        root,
        isa_bridges={f.bdf for f in functions if f.class_code >> 8 == _ISA_BRIDGE},
        consoles=serial_lines.consoles(root, cmdline),
        holders=serial_lines.holders(root, machine.pids(), unread),
        unread=unread,
    )
    usb_devices = usb.usb_devices(machine.devices("usb"))
    disks = blocks.BlockDevices(machine.devices("block"), root).disks(
        machine.mounts(), blocks.swaps(root), unread
    )
    if not any("/" in disk.mounts for disk in disks) and not any(
        fact.startswith(_ROOT_UNKNOWN) for fact in unread
    ):
        unread.append(_ROOT_UNKNOWN)
    return Inventory(
        hostname=text(root / "proc/sys/kernel/hostname"),
        kernel=kernel,
        cmdline=cmdline,
        boot_id=boot_id(root),
        boot_time=machine.boot_time(),
        uefi=(root / "sys/firmware/efi").is_dir(),
        product=system.product(root),
        xen=system.xen(root, run, unread),
        pci=tuple(
            replace(
                function,
                ttys=tuple(
                    tty.name for tty in ttys if tty.kind is TtyKind.PCI and tty.bdf == function.bdf
                ),
            )
            for function in functions
        ),
        usb=tuple(
            replace(device, ttys=tuple(tty.name for tty in ttys if tty.usb == device.path))
            for device in usb_devices
        ),
        ttys=tuple(ttys),
        disks=tuple(disks),
        nics=tuple(_nics(machine.devices("net"), machine.interfaces())),
        boot_files=system.boot_files(root, unread),
        settings=system.settings(root, unread),
        setting_folders=system.setting_folders(root),
        pciback=system.pciback_form(root, kernel),
        pciback_registered=(root / "sys/bus/pci/drivers/pciback").is_dir(),
        unread=tuple(unread),
    )


def boot_id(root: Path) -> str:
    """The kernel's id of the present boot: another one proves that the host was restarted."""
    return text(root / "proc/sys/kernel/random/boot_id")


def _nics(devices: Iterable[Device], interfaces: Mapping[str, Interface]) -> list[Nic]:
    """The interfaces that hardware is behind, with the addresses of the bridge or bond above."""
    known = {device.name: device for device in devices}
    found = []
    for device in known.values():
        if not (device.path / "device").exists():
            continue
        own = interfaces.get(device.name, Interface())
        addresses = dict.fromkeys(own.addresses)
        for master in _masters(device, known):
            addresses |= dict.fromkeys(interfaces.get(master, Interface()).addresses)
        bdf: Bdf | None = next(iter(device.functions_above), None)
        found.append(Nic(device.name, bdf, own.up, tuple(addresses), own.mac))
    return sorted(found, key=lambda nic: nic.name)


def _masters(device: Device, known: Mapping[str, Device]) -> list[str]:
    """The bond, then the bridge that an interface is a port of, as far up as it goes."""
    names: list[str] = []
    place: Path | None = device.path
    while place is not None:
        name = link(place / "master") or link(place / "brport/bridge")
        if not name or name in names:
            break
        names.append(name)
        place = known[name].path if name in known else None
    return names
