from __future__ import annotations

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.consoles import Console, consoles
from serialpass_tui.core.inventory import BootText, Inventory, PciFunction, Tty, TtyKind, Xen

CARD = PciFunction(Bdf(0, 2, 0, 0), 0x9710, 0x9922, 0x070002)
NIC = PciFunction(Bdf(0, 3, 0, 0), 0x8086, 0x10D3, 0x020000)


def on_xen(cmdline: str) -> tuple[Console, ...]:
    return consoles(Inventory("h", "k", "", "b", 0, uefi=False, xen=Xen("4.17", cmdline)))


@pytest.mark.parametrize(
    ("word", "tty"),
    [
        ("console=ttyS4", "ttyS4"),
        ("console=ttyS4,115200n8", "ttyS4"),
        ('"console=ttyUSB0,9600"', "ttyUSB0"),
        ("earlyprintk=serial,ttyS1,115200", "ttyS1"),
        ("kgdboc=ttyS2,115200", "ttyS2"),
    ],
)
def test_dom0_console(word: str, tty: str) -> None:
    (found,) = consoles(Inventory("h", "k", f"ro {word} quiet", "b", 0, uefi=False))
    assert ("dom0", tty) == (found.owner, found.tty)


@pytest.mark.parametrize(
    "words", ["console=tty0 console=hvc0", "xconsole=ttyS4", "root=ttyS4", "console=", "console"]
)
def test_no_serial_console(words: str) -> None:
    assert consoles(Inventory("h", "k", words, "b", 0, uefi=False)) == ()


@pytest.mark.parametrize(
    ("cmdline", "bdf", "search", "port"),
    [
        ("com1=115200,8n1", None, "", 0x3F8),
        ("com2=115200,8n1", None, "", 0x2F8),
        ("console=com1,vga", None, "", 0x3F8),
        ("console=com2", None, "", 0x2F8),
        ("com1=115200,8n1,0x3e8,4", None, "", 0x3E8),
        ("com1=115200,8n1,0xe010,17", None, "", 0xE010),
        ("com1=115200,8n1,pci", None, "pci", 0),
        ("com1=115200/1843200,8n1,amt", None, "amt", 0),
        ("com1=115200,8n1,pci,msi,02:00.0", CARD.bdf, "", 0),
        ("com1=115200,8n1,pci,0,0000:02:00.0,00:1c.0", CARD.bdf, "", 0),
        ("com1=baud=115200,dev=pci,bridge=00:1c.0,port=02:00.0", CARD.bdf, "", 0),
        ("com1=115200,io-base=0xe010", None, "", 0xE010),
        ("com1=115200,8n1,0xzz,4", None, "", 0x3F8),
    ],
)
def test_xen_console(cmdline: str, bdf: Bdf | None, search: str, port: int) -> None:
    (found,) = on_xen(cmdline)
    assert ("Xen", bdf, search, port) == (found.owner, found.bdf, found.search, found.port)


def test_com1_says_which_line_console_com1_is() -> None:
    words = [item.word for item in on_xen("com1=115200,8n1,pci,0,02:00.0 console=com1,vga")]
    assert words == ["com1=115200,8n1,pci,0,02:00.0"]


@pytest.mark.parametrize(
    ("cmdline", "on_card", "on_nic"),
    [
        ("com1=115200,8n1", False, False),
        ("com1=115200,8n1,pci", True, False),
        ("com1=115200,8n1,0xe010,17", True, False),
        ("com1=115200,8n1,pci,0,02:00.0", True, False),
        ("com1=115200,8n1,pci,0,02:00.1", False, False),
    ],
)
def test_which_function_it_is(cmdline: str, on_card: bool, on_nic: bool) -> None:
    (found,) = on_xen(cmdline)
    assert on_card is found.is_on(CARD, frozenset({"ttyS4"}))
    assert on_nic is found.is_on(NIC, frozenset())


def test_boot_entries_count_and_comments_do_not() -> None:
    text = b"# append console=ttyS6\r\n  # console=ttyS7\nlabel \xff\n append xen --- console=ttyS4\r\n"
    inventory = Inventory("h", "k", "", "b", 0, uefi=False, boot_files=(BootText("/b", text),))
    (found,) = consoles(inventory)
    assert ("ttyS4", "/b line 4") == (found.tty, found.where)


def test_motherboard_port() -> None:
    port = Tty("ttyS0", TtyKind.ISA, port=0x3F8)
    assert on_xen("com1=115200")[0].is_isa(port)
    assert not on_xen("com2=115200")[0].is_isa(port)
    assert not on_xen("com1=115200,8n1,pci,0,02:00.0")[0].is_isa(port)
    assert not on_xen("com1=115200,8n1,pci")[0].is_isa(Tty("ttyS9", TtyKind.ISA))
    assert consoles(Inventory("h", "k", "console=ttyS0", "b", 0, uefi=False))[0].is_isa(port)
