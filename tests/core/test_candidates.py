from __future__ import annotations

from dataclasses import replace

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.candidates import (
    Candidate,
    Kind,
    candidates,
    card_of,
    function_name,
    has_vusb,
    ttys_of,
)
from serialpass_tui.core.inventory import Inventory, PciFunction, Product, UsbDevice
from serialpass_tui.sim import machines


def machine(name: str) -> Inventory:
    return machines.load(name).inventory


def by_key(inventory: Inventory) -> dict[str, Candidate]:
    found = candidates(inventory)
    table = {item.key: item for item in found}
    assert len(table) == len(found)
    return table


def short(candidate: Candidate) -> list[str]:
    return [bdf.short for bdf in candidate.bdfs]


KEYS = {
    "xenserver-6.2-procedure": [
        "pci-0000:02:00",
        "pci-0000:00:1a",
        "pci-0000:00:1d",
        "pci-0000:05:00",
        "usb-3-1",
        "isa-ttyS0",
        "isa-ttyS1",
    ],
    "xenserver-6.2-blanks": [
        "pci-0000:02:00",
        "pci-0000:00:1a",
        "pci-0000:00:1d",
        "pci-0000:05:00",
        "isa-ttyS0",
        "isa-ttyS1",
    ],
    "xcp-ng-8.3-bios": [
        "pci-0000:02:00",
        "pci-0000:00:14",
        "pci-0000:05:00",
        "usb-3-2",
        "isa-ttyS0",
        "isa-ttyS1",
    ],
    "xcp-ng-8.3-uefi": [
        "pci-0000:02:00",
        "pci-0000:05:00",
        "pci-0000:08:00",
        "usb-3-1",
        "usb-3-2",
    ],
    "xenserver-8": [
        "pci-0000:03:00",
        "pci-0000:00:14",
        "pci-0000:00:1d",
        "isa-ttyS0",
        "isa-ttyS1",
    ],
    "oxford-quad-bridge": ["pci-0000:04:00", "pci-0000:00:1a", "pci-0000:00:1d", "isa-ttyS0"],
    "no-serial": ["pci-0000:00:14"],
    "serial-is-console": [
        "pci-0000:01:00",
        "pci-0000:02:00",
        "pci-0000:05:00",
        "pci-0000:00:14",
        "isa-ttyS0",
        "isa-ttyS1",
    ],
    "xenserver-9": ["pci-0000:02:00", "pci-0000:05:00", "pci-0000:08:00"],
    "lookalikes": [
        "pci-0000:00:1a",
        "pci-0000:00:1d",
        "pci-0000:00:16.3",
        "pci-0000:01:00.4",
        "pci-0000:01:00.6",
        "usb-2-1.4",
        "usb-2-1.5",
        "isa-ttyS0",
        "isa-ttyS1",
    ],
}


@pytest.mark.parametrize("name", KEYS)
def test_what_is_listed_and_in_which_order(name: str) -> None:
    found = candidates(machine(name))
    assert KEYS[name] == [item.key for item in found]
    rank = (Kind.SERIAL, Kind.USB_CONTROLLER, Kind.LOOKALIKE, Kind.USB_ADAPTER, Kind.ISA_PORT)
    order = [rank.index(item.kind) for item in found]
    assert sorted(order) == order
    assert all(item.name and item.route for item in found)
    for item in found:
        assert item.selectable is (item.kind in {Kind.SERIAL, Kind.USB_CONTROLLER})


@pytest.mark.parametrize("name", KEYS)
def test_order_of_the_facts_does_not_matter(name: str) -> None:
    inventory = machine(name)
    turned = replace(
        inventory,
        pci=inventory.pci[::-1],
        usb=inventory.usb[::-1],
        ttys=inventory.ttys[::-1],
    )
    assert candidates(inventory) == candidates(turned)


@pytest.mark.parametrize("name", KEYS)
def test_no_function_is_offered_twice(name: str) -> None:
    offered = [bdf for item in candidates(machine(name)) for bdf in item.bdfs]
    assert sorted(set(offered)) == sorted(offered)


def test_all_functions_of_a_card_go_together() -> None:
    card = by_key(machine("oxford-quad-bridge"))["pci-0000:04:00"]
    assert short(card) == ["04:00.0", "04:00.1", "04:00.2", "04:00.3"]
    assert card.ttys == tuple(f"ttyS{number}" for number in range(4, 12))
    assert (card.kind, card.chip) == (Kind.SERIAL, "Oxford PCI")


def test_companions_of_a_chipset_controller_go_together() -> None:
    found = by_key(machine("oxford-quad-bridge"))
    assert short(found["pci-0000:00:1d"]) == ["00:1d.0", "00:1d.1", "00:1d.2", "00:1d.7"]


def test_other_kinds_in_a_chipset_slot_stay() -> None:
    assert short(by_key(machine("xcp-ng-8.3-bios"))["pci-0000:00:14"]) == ["00:14.0"]
    assert short(by_key(machine("xcp-ng-8.3-uefi"))["pci-0000:08:00"]) == ["08:00.3"]


def test_a_serial_and_a_usb_function_in_one_chipset_slot_have_two_keys() -> None:
    inventory = machine("no-serial")
    uart = PciFunction(Bdf(0, 0, 0x14, 5), 0x8086, 0x1234, 0x070002)
    found = by_key(replace(inventory, pci=(*inventory.pci, uart)))
    assert list(found) == ["pci-0000:00:14", "pci-0000:00:14.0"]
    assert short(found["pci-0000:00:14"]) == ["00:14.5"]


def test_usb_function_of_a_serial_card_belongs_to_the_card() -> None:
    inventory = machine("xcp-ng-8.3-bios")
    card = inventory.function(Bdf(0, 2, 0, 0))
    assert card is not None
    extra = replace(card, bdf=Bdf(0, 2, 0, 3), class_code=0x0C0310, device=1, ttys=())
    found = by_key(replace(inventory, pci=(*inventory.pci, extra)))
    assert short(found["pci-0000:02:00"]) == ["02:00.0", "02:00.1", "02:00.3"]
    assert card_of(replace(inventory, pci=(*inventory.pci, extra)), extra)[-1] == extra


def test_a_hidden_card_is_still_listed() -> None:
    inventory = machine("xcp-ng-8.3-bios")
    hidden = tuple(
        replace(item, driver="pciback", ttys=(), class_code=0x078000) if item.bdf.bus == 2 else item
        for item in inventory.pci
    )
    found = by_key(replace(inventory, pci=hidden, ttys=()))
    assert found["pci-0000:02:00"].kind is Kind.SERIAL


def test_unknown_ids_show_numbers() -> None:
    inventory = machine("xenserver-8")
    card = by_key(inventory)["pci-0000:03:00"]
    assert card.name == "WCH PCIe 1c00:3470"
    nameless = PciFunction(Bdf(0, 9, 0, 0), 0xABCD, 0x0123, 0x070002)
    assert function_name(nameless) == "Vendor abcd Device abcd:0123"


def test_what_hangs_on_a_controller_is_told() -> None:
    found = by_key(machine("xenserver-8"))
    assert found["pci-0000:00:1d"].attached == ("SanDisk Corp. Cruzer Blade",
                                                "disk sdb with /mnt/backup")  # fmt: skip
    assert any("iDRAC" in words for words in found["pci-0000:00:14"].attached)
    found = by_key(machine("xcp-ng-8.3-bios"))
    assert found["pci-0000:00:14"].attached == ("Logitech, Inc. Keyboard K120 (keyboard)",)
    assert found["pci-0000:05:00"].ttys == ("ttyUSB0",)


def test_lookalikes_are_named_for_what_they_are() -> None:
    found = by_key(machine("lookalikes"))
    assert "AMT" in found["pci-0000:00:16.3"].note
    assert "iLO" in found["pci-0000:01:00.6"].note
    assert all(len(item.bdfs) == 1 for item in found.values() if item.kind is Kind.LOOKALIKE)


def test_routes_that_are_not_pci_passthrough() -> None:
    found = by_key(machine("lookalikes"))
    assert "hvm_serial=/dev/ttyS0" in found["isa-ttyS0"].route
    assert "com1=115200,8n1" in found["isa-ttyS0"].note
    assert "com1" not in found["isa-ttyS1"].note
    assert "xe vusb-create" in found["usb-2-1.4"].route
    assert "ALLOW:vid=2341 pid=0043" in found["usb-2-1.5"].route
    assert found["usb-2-1.5"].chip == "CDC-ACM"
    assert "7.3" in by_key(machine("xenserver-6.2-procedure"))["usb-3-1"].route
    assert all(
        not item.bdfs for item in found.values() if item.kind in {Kind.ISA_PORT, Kind.USB_ADAPTER}
    )


def test_a_port_that_dom0_writes_its_console_to_says_so() -> None:
    inventory = machine("xenserver-8")
    ttys = tuple(replace(tty, console=tty.name == "ttyS1") for tty in inventory.ttys)
    assert "dom0 uses it" in by_key(replace(inventory, ttys=ttys))["isa-ttyS1"].note


@pytest.mark.parametrize(
    ("version", "expected"),
    [("6.2.0", False), ("7.2", False), ("7.3.0", True), ("7.10", True), ("8", True), ("", False)],
)
def test_vusb_came_with_7_3(version: str, expected: bool) -> None:
    inventory = replace(machine("no-serial"), product=Product("XenServer", version))
    assert expected is has_vusb(inventory)


@pytest.mark.parametrize(
    ("device", "listed"),
    [
        (UsbDevice("1-9", 0x0403, 0x6001, None, interfaces=(0xFF0000,)), True),
        (UsbDevice("1-9", 0x0403, 0x6001, None, interfaces=(0x030000,)), False),
        (UsbDevice("1-9", 0x1234, 0x0001, None, interfaces=(0x020201,)), True),
        (UsbDevice("1-9", 0x1234, 0x0001, None, interfaces=(0x020600,)), False),
        (UsbDevice("1-9", 0x1234, 0x0001, None, interfaces=(0xFF0000,), ttys=("ttyUSB3",)), True),
        (UsbDevice("1-9", 0x046B, 0xFF10, None, interfaces=(0x030101,)), False),
        (UsbDevice("1-9", 0x0781, 0x5567, None, interfaces=(0x080650,)), False),
    ],
)
def test_which_usb_devices_are_adapters(device: UsbDevice, listed: bool) -> None:
    inventory = replace(machine("no-serial"), usb=(device,))
    assert listed is ("usb-1-9" in by_key(inventory))


def test_where_a_tty_is() -> None:
    inventory = machine("xcp-ng-8.3-bios")
    places = {tty.name: inventory.place_of(tty) for tty in inventory.ttys}
    assert places == {
        "ttyS0": None,
        "ttyS1": None,
        "ttyS4": Bdf(0, 2, 0, 0),
        "ttyS5": Bdf(0, 2, 0, 1),
        "ttyUSB0": Bdf(0, 5, 0, 0),
    }


def test_ttys_are_in_the_order_of_their_numbers() -> None:
    inventory = machine("oxford-quad-bridge")
    card = [item for item in inventory.pci if item.bdf.bus == 4]
    assert ttys_of(inventory, card)[-2:] == ("ttyS10", "ttyS11")


def test_names_from_outside_are_safe_to_show() -> None:
    inventory = machine("xcp-ng-8.3-bios")
    hostile = "\x1b[2J\u202e[b]x"
    changed = replace(
        inventory,
        pci=tuple(replace(item, device_name=hostile) for item in inventory.pci),
        usb=tuple(replace(item, product_name=hostile) for item in inventory.usb),
        disks=tuple(replace(disk, name=hostile, mounts=(hostile,)) for disk in inventory.disks),
    )
    for item in candidates(changed):
        texts = (item.name, item.route, item.note, *item.attached)
        assert not any(char in text for text in texts for char in "\x1b\u202e")


def test_nothing_at_all() -> None:
    assert candidates(Inventory("h", "k", "", "b", 0, uefi=False)) == ()
