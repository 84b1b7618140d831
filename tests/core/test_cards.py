from __future__ import annotations

import pytest

from serialpass_tui.core import cards
from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.inventory import PciFunction, UsbDevice

ROOT_PORT = Bdf(0, 0, 0x1C, 0)


def function(ids: str, class_code: int, place: str = "02:00.0", driver: str = "",
             ttys: tuple[str, ...] = ()) -> PciFunction:  # fmt: skip
    vendor, device = (int(part, 16) for part in ids.split(":"))
    bdf = Bdf.parse(place)
    return PciFunction(
        bdf,
        vendor,
        device,
        class_code,
        driver=driver,
        ttys=ttys,
        parents=(ROOT_PORT,) if bdf.bus else (),
    )


def device(ids: str, *interfaces: int) -> UsbDevice:
    vendor, product = (int(part, 16) for part in ids.split(":"))
    return UsbDevice("1-1", vendor, product, None, interfaces=interfaces)


@pytest.mark.parametrize(
    ("ids", "class_code", "name"),
    [
        ("9710:9835", 0x070002, "MosChip PCI"),
        ("9710:9922", 0x070002, "MosChip/ASIX PCIe"),
        ("9710:9990", 0x0C0320, ""),
        ("9710:9250", 0x060400, ""),
        ("125b:9100", 0x070002, "ASIX AX99100 PCIe"),
        ("125b:1400", 0x020000, ""),
        ("1415:9501", 0x070006, "Oxford PCI"),
        ("1415:9511", 0x068000, "Oxford PCI"),
        ("1415:c158", 0x070002, "Oxford/PLX PCIe"),
        ("10b5:9050", 0x070002, "PLX bridge card"),
        ("10b5:9050", 0x068000, ""),
        ("10b5:1077", 0x070002, "PLX bridge card"),
        ("13a8:0354", 0x070002, "Exar XR17"),
        ("1fd4:1999", 0x070002, "SUNIX"),
        ("1409:7168", 0x070002, "SUNIX/Timedia"),
        ("1393:1045", 0x070002, "Moxa Smartio"),
        ("1393:2040", 0x070002, "Moxa Intellio"),
        ("114f:00c8", 0x070002, "Digi Neo"),
        ("114f:0006", 0x070280, "Digi AccelePort"),
        ("4348:3253", 0x070002, "WCH PCI"),
        ("1c00:3470", 0x070005, "WCH PCIe"),
        ("135a:0841", 0x070002, "Brainboxes"),
        ("135a:0841", 0x020000, ""),
        ("155f:0001", 0x070002, "Perle"),
        ("131f:1000", 0x070002, "SIIG Cyber"),
        ("131f:2000", 0x070002, "SIIG Cyber 20x"),
        ("131f:2020", 0x070101, ""),
        ("1283:8872", 0x070002, "ITE IT887x"),
        ("1283:8892", 0x060400, ""),
        ("1c29:1108", 0x070002, "Fintek F815xx"),
        ("11fe:0001", 0x078000, ""),
        ("11fe:0001", 0x070200, "Comtrol RocketPort"),
        ("1b36:0003", 0x070002, "QEMU's virtual card"),
        ("8086:1533", 0x020000, ""),
    ],
)
def test_family(ids: str, class_code: int, name: str) -> None:
    found = cards.family(function(ids, class_code))
    assert name == (found.name if found else "")


@pytest.mark.parametrize(
    ("ids", "private"),
    [
        ("131f:1000", False),
        ("131f:2000", True),
        ("1283:8872", True),
        ("1c29:1104", True),
        ("9710:9922", False),
    ],
)
def test_private_configuration_space(ids: str, private: bool) -> None:
    found = cards.family(function(ids, 0x070002))
    assert found is not None
    assert private is found.private_config


@pytest.mark.parametrize(
    ("ids", "class_code", "place", "word"),
    [
        ("103c:3301", 0x070002, "01:00.6", "iLO"),
        ("103c:3300", 0x0C0300, "01:00.4", "iLO"),
        ("103c:1048", 0x070002, "02:00.0", "Diva"),
        ("1028:0012", 0x070002, "02:00.0", "DRAC"),
        ("8086:1c3d", 0x070002, "00:16.3", "AMT"),
        ("8086:2e07", 0x070002, "00:03.3", "AMT"),
        ("8086:ffff", 0x070002, "00:16.3", "AMT"),
        ("8086:1c3d", 0x078000, "00:16.0", ""),
        ("8086:19d8", 0x070002, "00:1a.0", ""),
        ("8086:8811", 0x070002, "02:16.3", ""),
        ("9710:9922", 0x070002, "00:16.3", ""),
    ],
)
def test_lookalike(ids: str, class_code: int, place: str, word: str) -> None:
    words = cards.lookalike(function(ids, class_code, place))
    assert word in words
    assert bool(word) is bool(words)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (function("ffff:0001", 0x070002), True),
        (function("ffff:0001", 0x070200), True),
        (function("ffff:0001", 0x070300), True),
        (function("ffff:0001", 0x070101), False),
        (function("ffff:0001", 0x078000), False),
        (function("ffff:0001", 0x078000, ttys=("ttyS4",)), True),
        (function("ffff:0001", 0x078000, driver="pciback"), True),
        (function("ffff:0001", 0x078000, driver="mei_me"), False),
        (function("1415:9510", 0x068000), True),
        (function("103c:3301", 0x070002), False),
        (function("8086:1c3d", 0x070002, "00:16.3", ttys=("ttyS4",)), False),
        (function("ffff:0001", 0x0C0500), False),
        (function("ffff:0001", 0x010700), False),
    ],
)
def test_is_serial(found: PciFunction, expected: bool) -> None:
    assert expected is cards.is_serial(found)


@pytest.mark.parametrize(
    ("class_code", "expected"),
    [(0x0C0300, True), (0x0C0330, True), (0x0C03FE, False), (0x0C0500, False)],
)
def test_is_usb_controller(class_code: int, expected: bool) -> None:
    assert expected is cards.is_usb_controller(function("ffff:0001", class_code))


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (device("046b:ff10", 0x030101), "keyboard"),
        (device("046b:1234", 0x030101), "keyboard"),
        (device("046b:1234", 0x080650), "device"),
        (device("0624:0249", 0x030101), "iDRAC"),
        (device("0557:2419", 0x030101), "ATEN"),
        (device("03f0:1027", 0x030101), "iLO"),
        (device("0557:2008", 0xFF0000), ""),
        (device("03f0:0024", 0x030101), ""),
        (device("413c:2113", 0x030101), ""),
    ],
)
def test_bmc_usb(found: UsbDevice, word: str) -> None:
    words = cards.bmc_usb(found)
    assert word in words
    assert bool(word) is bool(words)


@pytest.mark.parametrize(
    ("ids", "chip"),
    [("0403:6001", "FTDI"), ("067b:2303", "Prolific"), ("0557:2008", "ATEN UC-232A (Prolific)"),
     ("0557:2419", ""), ("1234:5678", "")],
)  # fmt: skip
def test_usb_chip(ids: str, chip: str) -> None:
    assert chip == cards.usb_chip(device(ids))


def test_usb_classes() -> None:
    acm = device("2341:0043", 0x020201, 0x0A0000)
    assert cards.is_cdc(acm)
    assert not cards.is_cdc(device("0403:6001", 0xFF0000))
    assert cards.is_hub(device("8087:0024", 0x090000))
    assert not cards.is_hub(device("1234:5678", 0x090000, 0x030101))
    assert not cards.is_hub(device("1234:5678"))


def test_guest_note() -> None:
    assert "8250_exar" in cards.guest_note(function("13a8:0354", 0x070002))
    assert "private registers" in cards.guest_note(function("131f:2000", 0x070002))
    assert not cards.guest_note(function("ffff:0001", 0x070002))
