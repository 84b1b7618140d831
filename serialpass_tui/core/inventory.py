"""Facts of one host as read at one moment; the recorder's format and the simulator's input.

Nothing here is judged: what a fact means for a device is decided in `candidates` and `safety`.
"""

from __future__ import annotations

from enum import Enum
from functools import cached_property

from serialpass_tui.core.bdf import Bdf  # noqa: TC001 (the codec resolves these hints at run time)
from serialpass_tui.core.pool import Pool, XlHost  # noqa: TC001
from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import TypeVar

    from serialpass_tui.core.bdf import Place
    from serialpass_tui.core.dmar import Reserved
    from serialpass_tui.core.ivrs import Reserved as IvmdBlock

    _Key = TypeVar("_Key")
    _Item = TypeVar("_Item")


PCIBACK = "pciback"
"""The driver's name in sysfs on every kernel, xen-pciback included (xen-pciback pci_stub.c)."""


@frozen
class Product:
    """What /etc/xensource-inventory says; empty strings on a host without it."""

    brand: str = ""
    version: str = ""
    host_uuid: str = ""


@frozen
class Xen:
    """The hypervisor below dom0."""

    version: str
    cmdline: str = ""
    iommu: bool | None = None
    """Whether Xen reports hvm_directio; None where it could not be asked."""


@frozen
class PciFunction:
    """One PCI function as sysfs and udev's hardware database describe it."""

    bdf: Bdf
    vendor: int
    device: int
    class_code: int
    """24 bits: base class, subclass, programming interface."""
    subvendor: int = 0
    subdevice: int = 0
    vendor_name: str = ""
    device_name: str = ""
    driver: str = ""
    """The kernel driver bound to it in dom0; empty: none."""
    parents: tuple[Bdf, ...] = ()
    """The bridges above it, nearest first, up to the root bus."""
    pcie: bool = True
    """Whether it has a PCI Express capability; a bridge without one forwards legacy PCI."""
    irq: int = 0
    ttys: tuple[str, ...] = ()
    boot_vga: bool = False
    can_reset: bool = False
    """Whether sysfs offers a reset of this function."""
    intx: bool | None = None
    """Whether it may raise the line `irq` by its interrupt pin, not by MSI; None: unknown."""

    @property
    def base_class(self) -> int:
        """The first byte of the class code: 0x07 is communication controllers."""
        return self.class_code >> 16

    @property
    def is_bridge(self) -> bool:
        """Whether it is a PCI-to-PCI bridge (class 0604 or 0609)."""
        return self.class_code >> 8 in {0x0604, 0x0609}

    @property
    def ids(self) -> str:
        """`vendor:device` as lspci -n writes it."""
        return f"{self.vendor:04x}:{self.device:04x}"

    @property
    def name(self) -> str:
        """Vendor and device in words; where a word is unknown, its number."""
        vendor = self.vendor_name or f"Vendor {self.vendor:04x}"
        device = self.device_name or f"Device {self.vendor:04x}:{self.device:04x}"
        return f"{vendor} {device}"


@frozen
class DeviceId:
    """A device with its ids: BDFs are positional and name another card after a hardware change."""

    bdf: Bdf
    vendor: int
    device: int
    subvendor: int
    subdevice: int

    @classmethod
    def of(cls, function: PciFunction) -> DeviceId:
        """The identity of a function that is present."""
        return cls(
            function.bdf,
            function.vendor,
            function.device,
            function.subvendor,
            function.subdevice,
        )


@frozen
class UsbDevice:
    """A USB device and the PCI host controller it hangs on."""

    path: str
    """The port path as sysfs names it, for example `2-1.4`."""
    vendor: int
    product: int
    controller: Bdf | None
    vendor_name: str = ""
    product_name: str = ""
    interfaces: tuple[int, ...] = ()
    """24-bit class codes (class, subclass, protocol) of its interfaces."""
    ttys: tuple[str, ...] = ()

    @property
    def is_keyboard(self) -> bool:
        """Whether an interface is a boot keyboard (HID, boot subclass, protocol 1)."""
        return 0x030101 in self.interfaces

    @property
    def name(self) -> str:
        """Vendor and product in words; where a word is unknown, its number."""
        ids = f"{self.vendor:04x}:{self.product:04x}"
        return " ".join(part for part in (self.vendor_name, self.product_name) if part) or ids


class TtyKind(Enum):
    """What a serial tty hangs on."""

    ISA = "isa"
    PCI = "pci"
    USB = "usb"
    OTHER = "other"


@frozen
class Process:
    """A process that holds a tty open."""

    pid: int
    name: str


@frozen
class Tty:
    """A serial line of dom0 that has hardware behind it."""

    name: str
    kind: TtyKind
    bdf: Bdf | None = None
    usb: str = ""
    port: int = 0
    """I/O port base of an ISA line; 0 otherwise."""
    irq: int = 0
    console: bool = False
    """Whether the kernel writes its console to it (/sys/class/tty/console/active)."""
    holders: tuple[Process, ...] = ()
    login: str = ""
    """Where a login on it is configured, a unit or a file; empty: none."""


@frozen
class Disk:
    """A whole block device and what lives on it, partitions and stacked devices included."""

    name: str
    bdf: Bdf | None
    """The PCI function nearest above it."""
    mounts: tuple[str, ...] = ()
    swap: bool = False
    signatures: tuple[str, ...] = ()
    """File-system types that udev found on it or its partitions, LVM2_member among them."""
    ids: tuple[str, ...] = ()
    """Its /dev/disk/by-id names and partitions' names, to match an SR's device."""
    holders: tuple[str, ...] = ()
    """What is stacked on it or its partitions: multipath, LVM, RAID, crypt or device-mapper."""
    esp: bool = False
    """Whether it has an EFI system partition, mounted or not."""
    booted: bool = False
    """Whether the firmware says that it started this host from it."""


@frozen
class Nic:
    """A physical network interface."""

    name: str
    bdf: Bdf | None
    up: bool = False
    addresses: tuple[str, ...] = ()
    mac: str = ""
    carries: tuple[str, ...] = ()
    """The bonds, VLANs and bridges above it, nearest first."""


@frozen
class BootText:
    """A file from which boots are made, as found."""

    path: str
    data: bytes


@frozen
class BootStore:
    """Where the loader of one boot file keeps what it boots once, and what lies under it."""

    boot_file: str
    path: str
    data: bytes | None = None
    """A whole grubenv, or the end of ldlinux.sys with extlinux's data; None: no such file."""
    filesystem: str = ""
    layers: tuple[str, ...] = ()
    """What lies between the file system and its disk, such as LVM."""
    writable: bool = True
    tool: str = ""
    """The program that writes it, where a file alone does not do."""


@frozen
class HostFacts:
    """What a host needs to do its work, at one moment."""

    mounts: tuple[str, ...]
    srs: tuple[tuple[str, str], ...]
    """Uuid and name of each storage repository that is attached here."""
    management: str
    """The interface by which the host is managed, while it is up; empty: none is."""
    toolstack: str
    """xapi or xl; empty where it did not answer."""


class PcibackForm(Enum):
    """How this dom0 kernel carries xen-pciback."""

    BUILTIN = "builtin"
    MODULE = "module"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@frozen
class Inventory:
    """Everything read of one host.

    What the rules ask of every function is indexed once: a large host has thousands of them.
    """

    hostname: str
    kernel: str
    cmdline: str
    """/proc/cmdline: what this dom0 was booted with."""
    boot_id: str
    boot_time: int
    """Seconds since the epoch."""
    uefi: bool
    product: Product = Product()
    xen: Xen | None = None
    pci: tuple[PciFunction, ...] = ()
    usb: tuple[UsbDevice, ...] = ()
    ttys: tuple[Tty, ...] = ()
    disks: tuple[Disk, ...] = ()
    nics: tuple[Nic, ...] = ()
    ssh_interfaces: tuple[str, ...] = ()
    """By which interfaces the operator's SSH session comes in; empty: there is none."""
    busy_irqs: tuple[int, ...] = ()
    """Interrupt lines that a driver of dom0 listens on."""
    dmar: bytes = b""
    """ACPI's DMAR table as found; empty where there is none or it may not be read."""
    ivrs: bytes = b""
    """ACPI's IVRS table, AMD's, likewise."""
    boot_files: tuple[BootText, ...] = ()
    """Those that exist, in the order in which the boot loader's tools look for them."""
    boot_stores: tuple[BootStore, ...] = ()
    settings: tuple[BootText, ...] = ()
    """Those from which the boot files are made anew, and this tool's own udev rule."""
    setting_folders: tuple[str, ...] = ()
    """Which of the folders for such files exist."""
    pciback: PcibackForm = PcibackForm.UNKNOWN
    pciback_registered: bool = False
    """Whether /sys/bus/pci/drivers/pciback exists; a hide value that does not parse prevents it."""
    unread: tuple[str, ...] = ()
    """Facts that could not be read and why, in words; most often for want of root."""

    def function(self, bdf: Bdf) -> PciFunction | None:
        """The PCI function at `bdf`, None where there is none."""
        return self._functions.get(bdf)

    def in_slot(self, place: Place) -> tuple[PciFunction, ...]:
        """The functions of one slot, which share all of their address but its last digit."""
        return self._slots.get(place, ())

    def behind(self, bridge: Bdf) -> tuple[PciFunction, ...]:
        """The functions that have this one above them, over any number of bridges."""
        return self._behind.get(bridge, ())

    def on_line(self, irq: int) -> tuple[PciFunction, ...]:
        """The functions that raise this interrupt line."""
        return self._lines.get(irq, ())

    def ttys_at(self, bdf: Bdf) -> frozenset[str]:
        """The ttys that are lost with a function, those of USB adapters below it included."""
        return self._ttys.get(bdf, frozenset())

    def place_of(self, tty: Tty) -> Bdf | None:
        """The PCI function that a tty is lost with; None for a motherboard port."""
        if tty.bdf is not None:
            return tty.bdf
        device = self._usb.get(tty.usb.partition(":")[0])
        return device.controller if device is not None else self._owners.get(tty.name)

    @cached_property
    def _functions(self) -> Mapping[Bdf, PciFunction]:
        return {function.bdf: function for function in reversed(self.pci)}

    @cached_property
    def _slots(self) -> Mapping[Place, tuple[PciFunction, ...]]:
        return _grouped((function.bdf.device, function) for function in self.pci)

    @cached_property
    def _behind(self) -> Mapping[Bdf, tuple[PciFunction, ...]]:
        return _grouped((above, item) for item in self.pci for above in dict.fromkeys(item.parents))

    @cached_property
    def reserved_areas(self) -> tuple[tuple[Reserved, tuple[Bdf | None, ...]], ...]:
        """The memory that the firmware reserves, and the functions of each range."""
        from serialpass_tui.core import dmar

        areas = dmar.reserved(self.dmar)
        return tuple((area, dmar.resolve(area.scopes, self.pci)) for area in areas)

    @cached_property
    def ivmd_blocks(self) -> tuple[IvmdBlock, ...]:
        """The memory that the firmware of an AMD host reserves."""
        from serialpass_tui.core import ivrs

        return ivrs.reserved(self.ivrs)

    @cached_property
    def _lines(self) -> Mapping[int, tuple[PciFunction, ...]]:
        return _grouped((function.irq, function) for function in self.pci if function.intx)

    @cached_property
    def _usb(self) -> Mapping[str, UsbDevice]:
        return {device.path: device for device in reversed(self.usb)}

    @cached_property
    def _owners(self) -> Mapping[str, Bdf]:
        return {name: item.bdf for item in reversed(self.pci) for name in item.ttys}

    @cached_property
    def _ttys(self) -> Mapping[Bdf, frozenset[str]]:
        at: dict[Bdf, set[str]] = {item.bdf: set(item.ttys) for item in self.pci if item.ttys}
        for tty in self.ttys:
            place = self.place_of(tty)
            if place is not None:
                at.setdefault(place, set()).add(tty.name)
        for device in self.usb:
            if device.controller is not None and device.ttys:
                at.setdefault(device.controller, set()).update(device.ttys)
        return {bdf: frozenset(names) for bdf, names in at.items()}


def _grouped(pairs: Iterable[tuple[_Key, _Item]]) -> dict[_Key, tuple[_Item, ...]]:
    """The items of each key, in their order."""
    groups: dict[_Key, list[_Item]] = {}
    for key, item in pairs:
        groups.setdefault(key, []).append(item)
    return {key: tuple(items) for key, items in groups.items()}


@frozen
class Recording:
    """A host on one page: what `record` writes, `--machine` reads and the simulator boots."""

    inventory: Inventory
    pool: Pool | XlHost | None = None
    version: int = 1
    note: str = ""
