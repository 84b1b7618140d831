"""The hardware of a simulated host, and what dom0 still sees of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serialpass_tui.core.inventory import Tty, TtyKind
from serialpass_tui.lazy import replace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.inventory import Inventory, PciFunction, Process

PCIBACK = "pciback"

# Which driver a kernel of this kind binds to a class of functions that pciback leaves alone;
# only asked for functions that pciback held when the host was recorded.
_NATIVE = {
    0x070000: "serial",
    0x070001: "serial",
    0x070002: "serial",
    0x070200: "serial",
    0x0C0300: "uhci_hcd",
    0x0C0310: "ohci-pci",
    0x0C0320: "ehci-pci",
    0x0C0330: "xhci_hcd",
}


def unhidden(recorded: Inventory) -> Inventory:
    """The host with every device in dom0's hands: what it is before pciback takes any."""
    used = {tty.name for tty in recorded.ttys}
    functions: list[PciFunction] = []
    ttys = list(recorded.ttys)
    for function in recorded.pci:
        if function.driver != PCIBACK:
            functions.append(function)
            continue
        driver = _NATIVE.get(function.class_code, "")
        names: tuple[str, ...] = ()
        if driver == "serial":
            name = next(f"ttyS{n}" for n in range(len(used) + 1) if f"ttyS{n}" not in used)
            used.add(name)
            names = (name,)
            ttys.append(Tty(name, TtyKind.PCI, function.bdf, irq=function.irq))
        functions.append(replace(function, driver=driver, ttys=names))
    return replace(recorded, pci=tuple(functions), ttys=tuple(ttys))


def without(whole: Inventory, taken: Collection[Bdf]) -> Inventory:
    """The host as dom0 sees it while pciback holds the functions `taken`."""
    usb = tuple(device for device in whole.usb if device.controller not in taken)
    gone = {device.path for device in whole.usb if device.controller in taken}
    return replace(
        whole,
        pci=tuple(
            replace(function, driver=PCIBACK, ttys=()) if function.bdf in taken else function
            for function in whole.pci
        ),
        usb=usb,
        ttys=tuple(tty for tty in whole.ttys if tty.bdf not in taken and tty.usb not in gone),
        disks=tuple(disk for disk in whole.disks if disk.bdf not in taken),
        nics=tuple(nic for nic in whole.nics if nic.bdf not in taken),
    )


def held_open(facts: Inventory, holder: Process) -> Inventory:
    """The host while a program holds the ttys of its PCI cards open."""
    ttys = (
        replace(tty, holders=(holder,)) if tty.kind is TtyKind.PCI else tty for tty in facts.ttys
    )
    return replace(facts, ttys=tuple(ttys))


def root_functions(whole: Inventory) -> frozenset[Bdf]:
    """The functions that carry the root file system; without them the host does not come up."""
    return frozenset(disk.bdf for disk in whole.disks if "/" in disk.mounts and disk.bdf)


def relocated(whole: Inventory, moves: Iterable[tuple[Bdf, Bdf]]) -> Inventory:
    """The host after its functions have changed address; a function in the way changes places."""
    new: dict[Bdf, Bdf] = {}
    for old, now in moves:
        new |= {old: now, now: old}

    def at(bdf: Bdf) -> Bdf:
        return new.get(bdf, bdf)

    def maybe(bdf: Bdf | None) -> Bdf | None:
        return None if bdf is None else at(bdf)

    functions = (
        replace(each, bdf=at(each.bdf), parents=tuple(map(at, each.parents))) for each in whole.pci
    )
    return replace(
        whole,
        pci=tuple(sorted(functions, key=lambda function: function.bdf)),
        usb=tuple(replace(each, controller=maybe(each.controller)) for each in whole.usb),
        ttys=tuple(replace(each, bdf=maybe(each.bdf)) for each in whole.ttys),
        disks=tuple(replace(each, bdf=maybe(each.bdf)) for each in whole.disks),
        nics=tuple(replace(each, bdf=maybe(each.bdf)) for each in whole.nics),
    )
