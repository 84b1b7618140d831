"""What carries a serial port on a host, and which way each has to a VM."""

from __future__ import annotations

import re
from enum import Enum

from serialpass_tui.core import cards
from serialpass_tui.core.consoles import consoles
from serialpass_tui.core.inventory import Product, TtyKind
from serialpass_tui.core.text import printable
from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.consoles import Console
    from serialpass_tui.core.inventory import Inventory, PciFunction, Tty, UsbDevice


class Kind(Enum):
    """What a candidate is; the value is what the operator reads."""

    SERIAL = "serial card"
    USB_CONTROLLER = "USB controller"
    LOOKALIKE = "not a serial card"
    ISA_PORT = "motherboard port"
    USB_ADAPTER = "USB adapter"


@frozen
class Candidate:
    """One thing that carries serial ports, or looks like it; its texts are safe to show."""

    key: str
    """Stable over reboots while the hardware stays: `pci-0000:02:00`, `isa-ttyS0`, `usb-1-1.4`."""
    kind: Kind
    functions: tuple[PciFunction, ...]
    """The PCI functions that go together; empty where the way is not PCI passthrough."""
    name: str
    ttys: tuple[str, ...]
    chip: str
    """The chip family in words; empty: unknown."""
    attached: tuple[str, ...]
    """What hangs on a USB controller, in words."""
    route: str
    note: str
    selectable: bool

    @property
    def bdfs(self) -> tuple[Bdf, ...]:
        """The addresses of its functions."""
        return tuple(function.bdf for function in self.functions)


def candidates(inventory: Inventory) -> tuple[Candidate, ...]:
    """Serial cards first, then USB controllers, look-alikes, USB adapters, motherboard ports.

    What cannot be passed through is listed too: an operator who does not find the port that he
    came for looks for a fault of the tool, not for the other route.
    """
    taken: set[Bdf] = set()
    keys: set[str] = set()
    found: list[Candidate] = []
    kinds = [(function, _pci_kind(function)) for function in inventory.pci]
    ported = sorted((pair for pair in kinds if pair[1] is not None), key=lambda pair: pair[0].bdf)
    things = _things(inventory)
    for kind in (Kind.SERIAL, Kind.USB_CONTROLLER, Kind.LOOKALIKE):
        for function, its_kind in ported:
            if function.bdf in taken or its_kind is not kind:
                continue
            card = tuple(item for item in card_of(inventory, function) if item.bdf not in taken)
            taken.update(item.bdf for item in card)
            slot = f"pci-{str(function.bdf)[:-2]}"
            # The root bus may hold a serial function and a USB controller in one slot.
            shared = kind is Kind.LOOKALIKE or slot in keys
            key = f"pci-{function.bdf}" if shared else slot
            keys.add(key)
            ttys = ttys_of(inventory, card)
            attached = _attached(things, card) if kind is Kind.USB_CONTROLLER else ()
            found.append(_pci_candidate(kind, key, function, card, ttys=ttys, attached=attached))
    adapters = sorted(inventory.usb, key=lambda device: _natural(device.path))
    found += [_adapter(inventory, device) for device in adapters if _is_adapter(device)]
    ports = (tty for tty in inventory.ttys if tty.kind is TtyKind.ISA)
    lines = consoles(inventory)
    found += [_isa_port(lines, tty) for tty in sorted(ports, key=lambda t: _natural(t.name))]
    return tuple(found)


def card_of(inventory: Inventory, function: PciFunction) -> tuple[PciFunction, ...]:
    """The functions that go to a VM together with `function`, itself included.

    In a plug-in slot that is the whole serial card, its printer port and the rest included: the
    functions share one reset, and dom0's reset waits until all of them are free of drivers.
    On the root bus a slot is a corner of the chipset, where a management engine, a disk controller
    and a USB controller may be neighbours; the same holds for USB functions of a processor behind
    its inner bridge. There only functions of the same kind belong together.
    """
    slot = inventory.in_slot(function.bdf.device)
    whole = bool(function.parents) and any(cards.is_serial(item) for item in slot)
    together = [item for item in slot if _role(item, whole=whole) == _role(function, whole=whole)]
    return tuple(sorted(together, key=lambda item: item.bdf))


def ttys_of(inventory: Inventory, functions: Iterable[PciFunction]) -> tuple[str, ...]:
    """The ttys on these functions, those of USB adapters below a controller included."""
    names = {name for function in functions for name in inventory.ttys_at(function.bdf)}
    return tuple(sorted(names, key=_natural))


def function_name(function: PciFunction) -> str:
    """A function in words, safe to show; the own table helps where the host's names are old."""
    known = cards.family(function)
    if known is None or function.device_name:
        return printable(function.name)
    return f"{known.name} {function.ids}"


def _pci_kind(function: PciFunction) -> Kind | None:
    if cards.lookalike(function):
        return Kind.LOOKALIKE
    if cards.is_serial(function):
        return Kind.SERIAL
    return Kind.USB_CONTROLLER if cards.is_usb_controller(function) else None


def _role(function: PciFunction, *, whole: bool) -> str:
    kind = f"class {function.class_code >> 8:04x}"
    if cards.lookalike(function):
        return f"look-alike, {kind}"
    if whole:
        return "card"
    return "serial" if cards.is_serial(function) else kind


def _pci_candidate(
    kind: Kind,
    key: str,
    function: PciFunction,
    card: tuple[PciFunction, ...],
    *,
    ttys: tuple[str, ...],
    attached: tuple[str, ...],
) -> Candidate:
    known = cards.family(function)
    return Candidate(
        key=key,
        kind=kind,
        functions=card,
        name=function_name(function),
        ttys=ttys,
        chip=known.name if known and kind is Kind.SERIAL else "",
        attached=attached,
        route=_PCI_ROUTES[kind],
        note=_pci_note(kind, function, card),
        selectable=kind in {Kind.SERIAL, Kind.USB_CONTROLLER},
    )


_PCI_ROUTES = {
    Kind.SERIAL: "PCI passthrough: the VM gets the card itself, with every port on it.",
    Kind.USB_CONTROLLER: (
        "PCI passthrough of the whole controller: everything plugged into it goes to the VM. "
        "For one adapter alone, USB passthrough (VUSB) is the gentler way."
    ),
    Kind.LOOKALIKE: "No way to a VM: it has no socket, and this host's remote console needs it.",
}


def _pci_note(kind: Kind, function: PciFunction, card: tuple[PciFunction, ...]) -> str:
    if kind is Kind.LOOKALIKE:
        return cards.lookalike(function) + "."
    if kind is Kind.USB_CONTROLLER:
        return (
            "Ports change controllers with the kind of plug: find the right one by plugging the "
            "adapter and reading this list again."
        )
    parts = [cards.guest_note(function)]
    if not function.parents:
        parts.append("It sits on the root bus, as chipset parts do: look whether it has a socket.")
    if function.class_code >> 8 == 0x0703 and not ttys_named(card):
        parts.append("A modem without a tty is a software modem: it has no serial port.")
    return " ".join(part for part in parts if part)


def ttys_named(functions: Iterable[PciFunction]) -> tuple[str, ...]:
    """The ttys that sysfs shows below the functions themselves."""
    return tuple(name for function in functions for name in function.ttys)


def _things(inventory: Inventory) -> dict[Bdf, list[tuple[int, str]]]:
    """What hangs on each function, in words, with its place in the list of all of them."""
    lines = [
        (device.controller, _plugged(device))
        for device in sorted(inventory.usb, key=lambda item: _natural(item.path))
        if device.vendor != 0x1D6B and (cards.bmc_usb(device) or not cards.is_hub(device))
    ]
    for disk in inventory.disks:
        mounted = ", ".join(printable(mount) for mount in disk.mounts)
        words = f"disk {printable(disk.name)}" + (f" with {mounted}" if mounted else "")
        lines.append((disk.bdf, words))
    lines += [(nic.bdf, f"network interface {printable(nic.name)}") for nic in inventory.nics]
    found: dict[Bdf, list[tuple[int, str]]] = {}
    for number, (place, words) in enumerate(lines):
        if place is not None:
            found.setdefault(place, []).append((number, words))
    return found


def _plugged(device: UsbDevice) -> str:
    """A USB device in words."""
    virtual = cards.bmc_usb(device)
    words = [virtual] if virtual else [printable(device.name)]
    if device.is_keyboard and not virtual:
        words.append("(keyboard)")
    return " ".join([*words, *(f"({name})" for name in device.ttys)])


def _attached(
    things: dict[Bdf, list[tuple[int, str]]], card: tuple[PciFunction, ...]
) -> tuple[str, ...]:
    numbered = sorted(thing for function in card for thing in things.get(function.bdf, ()))
    return tuple(words for _, words in numbered)


def _is_adapter(device: UsbDevice) -> bool:
    if cards.bmc_usb(device) or cards.is_hub(device):
        return False
    vendor_class = any(code >> 16 == 0xFF for code in device.interfaces)
    acm = any(code >> 8 == 0x0202 for code in device.interfaces)
    return bool(device.ttys) or acm or (vendor_class and bool(cards.usb_chip(device)))


def _adapter(inventory: Inventory, device: UsbDevice) -> Candidate:
    if inventory.product == Product():
        route = (
            "Not PCI passthrough but, with plain Xen, usbctrl and usbdev in the guest's file "
            "(xl.cfg(5)), or `xl usbdev-attach`; or give the VM the whole controller."
        )
    elif not has_vusb(inventory):
        route = (
            "Not PCI passthrough, and this release cannot pass single USB devices (XenServer 7.3 "
            "brought that): give the VM the whole controller, or use a serial-to-network adapter."
        )
    elif cards.is_cdc(device):
        route = (
            "Not PCI passthrough but a VUSB, and CDC devices are denied by default: add "
            f"ALLOW:vid={device.vendor:04x} pid={device.product:04x} above the DENY lines of "
            "/etc/xensource/usb-policy.conf, then `xe pusb-scan`."
        )
    else:
        route = (
            "Not PCI passthrough but a VUSB, without a reboot: `xe pusb-list`, "
            "passthrough-enabled=true, `xe vusb-create`."
        )
    note = "It keeps the VM from migration, suspend and snapshots, and HA from protecting it."
    if device.controller is not None:
        note = f"It hangs on USB controller {device.controller}. {note}"
    return Candidate(
        key=f"usb-{device.path}",
        kind=Kind.USB_ADAPTER,
        functions=(),
        name=printable(device.name),
        ttys=tuple(sorted(device.ttys, key=_natural)),
        chip="CDC-ACM" if cards.is_cdc(device) else cards.usb_chip(device),
        attached=(),
        route=route,
        note=note,
        selectable=False,
    )


def has_vusb(inventory: Inventory) -> bool:
    """Whether this release passes single USB devices to VMs: XenServer and XCP-ng from 7.3 on."""
    numbers = re.match(r"(\d+)(?:\.(\d+))?", inventory.product.version)
    if numbers is None:
        return False
    return (int(numbers[1]), int(numbers[2] or "0")) >= (7, 3)


def _isa_port(lines: tuple[Console, ...], tty: Tty) -> Candidate:
    place = f"I/O {tty.port:#x}, IRQ {tty.irq}" if tty.port else "I/O port unknown"
    users = [item for item in lines if item.is_isa(tty)]
    notes = [
        f"{item.owner} uses it as a console: {printable(item.word)} in {item.where}."
        for item in users[:1]
    ]
    if tty.console and not users:
        notes.append("dom0 uses it as a console.")
    notes.append(
        "On many servers a second motherboard port is the BMC's serial-over-LAN, without a socket."
    )
    return Candidate(
        key=f"isa-{tty.name}",
        kind=Kind.ISA_PORT,
        functions=(),
        name=f"Motherboard port {printable(tty.name)} ({place})",
        ttys=(tty.name,),
        chip="16550",
        attached=(),
        route=(
            "Not PCI passthrough, for it is no PCI device: an HVM guest gets it through "
            f"platform:hvm_serial=/dev/{printable(tty.name)}, or over a serial-to-network adapter."
        ),
        note=" ".join(notes),
        selectable=False,
    )


def _natural(text: str) -> tuple[tuple[str, int], ...]:
    """A sort key that puts ttyS10 after ttyS9."""
    return tuple(
        (part, int(digits or "-1")) for part, digits in re.findall(r"(\D*)(\d{0,9})", text)
    )
