"""How the work grows with the host: counted in the interpreter's own steps, never timed."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from serialpass_tui import plain
from serialpass_tui.core import cards
from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.inventory import (
    Disk,
    Inventory,
    Nic,
    PciFunction,
    Recording,
    Tty,
    TtyKind,
    UsbDevice,
)
from serialpass_tui.core.vm import users_of
from serialpass_tui.host import recording
from serialpass_tui.service import Service
from serialpass_tui.sim import machines
from serialpass_tui.tui.screens import vms
from serialpass_tui.tui.screens.base import Frame
from tests.bench.scale import CARD, MACHINE, Noon
from tests.term.stage import with_guests

if TYPE_CHECKING:
    from collections.abc import Callable

MANY = 48
SLACK = 1.15
"""How much more than twice the work twice the host may cost: sorting, and longer numbers."""


def steps(errand: Callable[[], object]) -> int:
    """The instructions of the interpreter that an errand takes, those of what it calls included."""
    count = 0

    def trace(frame: Any, event: str, _argument: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        errand()
    finally:
        sys.settrace(before)
    return count


def place(number: int, function: int = 0) -> Bdf:
    return Bdf(1, number // 32, number % 32, function)


def with_nics(number: int) -> Inventory:
    """A host with so many virtual functions of a NIC behind one bridge."""
    inventory = machines.load(MACHINE).inventory
    bridge = Bdf(1, 0x40, 0, 0)
    more = [PciFunction(bridge, 0x8086, 0x1901, 0x060400, driver="pcieport")]
    more += [
        PciFunction(place(index), 0x8086, 0x154C, 0x020000, parents=(bridge,))
        for index in range(number)
    ]
    nics = [Nic(f"eth{index}", place(index)) for index in range(number)]
    return replace(inventory, pci=(*inventory.pci, *more), nics=(*inventory.nics, *nics))


def with_cards(number: int) -> Inventory:
    """A host with so many serial cards of two ports, each in a slot of its own, and in use."""
    inventory = machines.load(MACHINE).inventory
    (card,) = (item for item in inventory.pci if item.bdf == CARD)
    assert cards.is_serial(card)
    more, ttys = [], []
    for index in range(number):
        bridge = Bdf(2, index // 32, index % 32, 0)
        more.append(PciFunction(bridge, 0x8086, 0x1901, 0x060400, driver="pcieport"))
        for function in range(2):
            bdf, name = place(index, function), f"ttyS{10 + 2 * index + function}"
            more.append(replace(card, bdf=bdf, parents=(bridge,), ttys=(name,)))
            ttys.append(Tty(name, TtyKind.PCI, bdf, console=not index))
    return replace(inventory, pci=(*inventory.pci, *more), ttys=(*inventory.ttys, *ttys))


def with_controllers(number: int) -> Inventory:
    """A host with so many USB controllers, each with an adapter, a keyboard and a disk on it."""
    inventory = machines.load(MACHINE).inventory
    more, usb, ttys, disks = [], [], [], []
    for index in range(number):
        bdf, path, name = place(index), f"{100 + index}-1", f"ttyUSB{index}"
        more.append(PciFunction(bdf, 0x8086, 0xA12F, 0x0C0330, driver="xhci_hcd"))
        usb.append(UsbDevice(path, 0x0403, 0x6001, bdf, "FTDI", "UART", (0xFF0000,), (name,)))
        usb.append(UsbDevice(f"{100 + index}-2", 0x046D, 0xC31C, bdf, interfaces=(0x030101,)))
        ttys.append(Tty(name, TtyKind.USB, usb=f"{path}:1.0"))
        disks.append(Disk(f"sd{index}", bdf))
    return replace(
        inventory,
        pci=(*inventory.pci, *more),
        usb=(*inventory.usb, *usb),
        ttys=(*inventory.ttys, *ttys),
        disks=(*inventory.disks, *disks),
    )


def scan(inventory: Inventory) -> Callable[[], int]:
    record = Recording(inventory, machines.load(MACHINE).pool)
    service = Service(
        recording.RecordedHost(record),
        recording.RecordedFiles(record),
        recording.RecordedToolstack(record),
        recording.RecordedJournal(),
        Noon(),
    )
    term = plain.Terminal(io.StringIO(), input, interactive=False)
    return lambda: plain.scan(service, term)


@pytest.mark.parametrize("host", [with_nics, with_cards, with_controllers])
def test_a_scan_of_twice_the_host_is_twice_the_work(host: Callable[[int], Inventory]) -> None:
    scan(host(1))()  # what is made at first use is made now
    once, twice, thrice = (steps(scan(host(number))) for number in (MANY, 2 * MANY, 3 * MANY))
    assert once < twice < thrice
    assert thrice - twice <= SLACK * (twice - once)


def test_a_row_of_the_vm_list_costs_the_same_whatever_the_number_of_vms() -> None:
    def row_of(number: int) -> int:
        pool = with_guests(machines.load(MACHINE), number)
        screen = vms.VmScreen(Frame("host", ""), pool, pool, (CARD,), "")
        return steps(lambda: screen._row(number // 2))

    row_of(1)
    few, many = row_of(100), row_of(1000)
    assert 0 < many <= SLACK * few


def test_vms_without_a_device_are_passed_over() -> None:
    def asked_of(number: int) -> int:
        pool = with_guests(machines.load(MACHINE), number)
        return steps(lambda: users_of(pool, CARD))

    asked_of(1)
    assert (asked_of(2000) - asked_of(1000)) / 1000 < 20, "instructions for each VM"
