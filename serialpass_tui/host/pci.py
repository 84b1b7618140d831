"""PCI functions and their names."""

from __future__ import annotations

import re
from contextlib import suppress

from serialpass_tui.core.inventory import PciFunction
from serialpass_tui.host.sysfs import functions_in, text
from serialpass_tui.lazy import pattern, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.host.sysfs import Device

IDS_FILES = ("usr/share/hwdata/pci.ids", "usr/share/misc/pci.ids", "usr/share/pci.ids")

_STATUS, _HAS_CAPABILITIES = 0x06, 0x10
_FIRST_CAPABILITY, _PCI_EXPRESS = 0x34, 0x10
_PIN = 0x3D
_LONGEST = 1024
_NEXT_VENDOR = pattern(rb"\n[^\t#\n]")
_LISTENED = pattern(r"\s*(\d+):.*(?:level|edge|fasteoi)\s+\S", re.IGNORECASE)


def functions(devices: Iterable[Device], unread: list[str]) -> list[PciFunction]:
    """Every PCI function, in the order of addresses.

    What an ordinary user cannot learn is told to `unread`.
    """
    found = []
    unknown = []
    beyond = []
    for device in devices:
        bdf = next(iter(functions_in(device.path)), None)
        if bdf is None or str(bdf) != device.name:
            beyond.append(device.name)
            continue
        pcie = has_pcie_capability(device)
        if pcie is None:
            unknown.append(bdf)
        found.append(_function(device, bdf, pcie=pcie is not False))
    if beyond:
        unread.append(f"PCI functions in a domain beyond ffff: {', '.join(sorted(beyond))}")
    if unknown:
        unread.append(
            "which PCI functions are PCI Express: only root reads the configuration space of "
            + ", ".join(bdf.short for bdf in sorted(unknown))
        )
    return sorted(found, key=lambda function: function.bdf)


def _function(device: Device, bdf: Bdf, *, pcie: bool) -> PciFunction:
    return PciFunction(
        bdf=bdf,
        vendor=device.number("vendor", 16),
        device=device.number("device", 16),
        class_code=device.number("class", 16),
        subvendor=device.number("subsystem_vendor", 16),
        subdevice=device.number("subsystem_device", 16),
        vendor_name=device.properties.get("ID_VENDOR_FROM_DATABASE", ""),
        device_name=device.properties.get("ID_MODEL_FROM_DATABASE", ""),
        driver=device.link("driver"),
        parents=device.functions_above,
        pcie=pcie,
        irq=device.number("irq"),
        boot_vga=device.number("boot_vga") == 1,
        can_reset=device.has("reset"),
        intx=raises_line(device),
    )


def raises_line(device: Device) -> bool | None:
    """Whether a function may raise its interrupt line; None when that cannot be read.

    It has an interrupt pin (PCI Local Bus Specification, offset 3Dh), and no driver has it use MSI
    (Linux drivers/pci/msi, the folder msi_irqs).
    """
    if device.names("msi_irqs"):
        return False
    pin = device.config(_PIN, 1)
    return pin != b"\0" and device.number("irq") != 0 if pin else None


def busy_irqs(root: Path) -> tuple[int, ...]:
    """The interrupt lines that a driver of dom0 listens on: those with a name in the table."""
    table = text(root / "proc/interrupts").splitlines()
    found = (_LISTENED.match(line) for line in table)
    return tuple(int(match[1]) for match in found if match)


def has_pcie_capability(device: Device) -> bool | None:
    """Whether a function has a PCI Express capability; None when that cannot be read.

    The kernel shows link attributes for PCI Express functions alone (Linux
    drivers/pci/pci-sysfs.c pcie_dev_attrs_are_visible, since 4.13), to anybody; older kernels
    leave only the walk along the capability list, which needs root.
    """
    if device.has("current_link_speed"):
        return True
    status, first = device.config(_STATUS, 1), device.config(_FIRST_CAPABILITY, 1)
    if not (status and first):
        return None
    return _walk(device, first[0]) if status[0] & _HAS_CAPABILITIES else False


def _walk(device: Device, at: int) -> bool | None:
    """Along the list, two bytes at a time: some devices do not survive reads of the rest."""
    seen: set[int] = set()
    while (at := at & ~3) and at not in seen:
        entry = device.config(at, 2)
        if len(entry) < 2:
            return None
        kind, following = entry
        if kind == _PCI_EXPRESS:
            return True
        seen.add(at)
        at = following
    return False


def with_names(found: Sequence[PciFunction], root: Path) -> list[PciFunction]:
    """The functions, with names from the host's pci.ids where udev's database had none."""
    wanted = {
        (function.vendor, function.device)
        for function in found
        if not (function.vendor_name and function.device_name)
    }
    if not wanted:
        return list(found)
    vendors: Mapping[int, str] = {}
    models: Mapping[tuple[int, int], str] = {}
    for place in IDS_FILES:
        with suppress(OSError):
            vendors, models = parse_ids((root / place).read_bytes(), wanted)
            break
    return [
        replace(
            function,
            vendor_name=function.vendor_name or vendors.get(function.vendor, ""),
            device_name=function.device_name or models.get((function.vendor, function.device), ""),
        )
        for function in found
    ]


def parse_ids(
    data: bytes, wanted: set[tuple[int, int]]
) -> tuple[dict[int, str], dict[tuple[int, int], str]]:
    """Names of the wanted vendors and devices in a pci.ids file (pci.ids(5)).

    The file has 40,000 lines of which a host needs twenty: they are searched for, not read by.
    Numbers are in lower case (pciutils lib/names-parse.c, id_hex), and what follows the vendors,
    the classes, begins in the first column as they do.
    """
    vendors: dict[int, str] = {}
    models: dict[tuple[int, int], str] = {}
    for vendor in {vendor for vendor, _ in wanted}:
        start = data.find(b"\n%04x " % vendor)
        if start < 0:
            continue
        vendors[vendor] = _name(data, start + 5)
        found = _NEXT_VENDOR.search(data, start + 1)
        end = found.start() if found else len(data)
        for device in {device for owner, device in wanted if owner == vendor}:
            place = data.find(b"\n\t%04x " % device, start, end)
            if place >= 0:
                models[vendor, device] = _name(data, place + 6)
    return vendors, models


def _name(data: bytes, start: int) -> str:
    """What a line says after its number."""
    line = data[start : start + _LONGEST].partition(b"\n")[0]
    return line.decode("utf-8", "replace").strip()
