"""What the firmware tells, on trees built as sysfs shows it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.host import firmware
from serialpass_tui.host.firmware import BootSource
from serialpass_tui.sim import machines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FUNCTIONS = machines.load("xcp-ng-8.3-bios").inventory.pci
GUID = "6fa7b66d-4e3b-4c1d-b9b3-2fc5779f93a0"
SUFFIX = "8be4df61-93ca-11d2-aa0d-00e098032b8c"


def node(kind: int, sub: int, body: bytes = b"") -> bytes:
    return bytes([kind, sub]) + (4 + len(body)).to_bytes(2, "little") + body


def hard_drive(signature: bytes, kind: int) -> bytes:
    return node(4, 1, bytes(4) + bytes(16) + signature.ljust(16, b"\0") + bytes([2, kind]))


ROOT = node(2, 1, b"\xd0\x41\x03\x0a" + bytes(4))
SECOND_ROOT = node(2, 1, b"\xd0\x41\x03\x0a" + b"\1\0\0\0")
END = node(0x7F, 0xFF)


def option(*nodes: bytes) -> bytes:
    path = b"".join(nodes) + END
    name = "XenServer".encode("utf-16-le") + b"\0\0"
    return b"\1\0\0\0" + len(path).to_bytes(2, "little") + name + path + b"optional data"


def pci(device: int, function: int) -> bytes:
    return node(1, 1, bytes([function, device]))


GPT = hard_drive(uuid.UUID(GUID).bytes_le, 2)
USB = node(3, 5, b"\1\0")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((GPT, node(4, 4, b"x")), BootSource(partition=GUID)),
        ((ROOT, pci(0x17, 0), node(3, 18, bytes(6)), GPT), BootSource(partition=GUID)),
        ((hard_drive(b"\x78\x56\x34\x12", 1),), BootSource(table="12345678")),
        ((hard_drive(b"", 0),), BootSource()),
        ((ROOT, pci(0x14, 0), USB), BootSource(function=Bdf(0, 0, 0x14, 0))),
        ((ROOT, pci(0x1D, 0), pci(0, 0), USB), BootSource(function=Bdf(0, 5, 0, 0))),
        ((ROOT, pci(0x1B, 0), USB), BootSource()),
        ((SECOND_ROOT, pci(0x14, 0), USB), BootSource()),
        ((), BootSource()),
    ],
)
def test_where_a_boot_option_points(path: tuple[bytes, ...], expected: BootSource) -> None:
    assert expected == firmware.load_option(option(*path), FUNCTIONS)


@pytest.mark.parametrize("cut", range(0, 60, 3))
def test_a_boot_option_that_breaks_off_points_nowhere(cut: int) -> None:
    assert BootSource() == firmware.load_option(option(GPT)[:cut], FUNCTIONS)


def variable(root: Path, name: str, data: bytes) -> None:
    folder = root / "sys/firmware/efi/efivars"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}-{SUFFIX}").write_bytes(b"\7\0\0\0" + data)


def test_the_option_that_was_booted(tmp_path: Path) -> None:
    variable(tmp_path, "Boot0000", option(ROOT, pci(0x14, 0), USB))
    variable(tmp_path, "Boot001A", option(GPT))
    variable(tmp_path, "BootCurrent", b"\x1a\0")
    assert BootSource(partition=GUID) == firmware.boot_source(tmp_path, FUNCTIONS)
    variable(tmp_path, "BootCurrent", b"\x1b\0")
    assert BootSource() == firmware.boot_source(tmp_path, FUNCTIONS)


def test_the_bios_s_first_disk(tmp_path: Path) -> None:
    assert BootSource() == firmware.boot_source(tmp_path, FUNCTIONS)
    first = tmp_path / "sys/firmware/edd/int13_dev80"
    first.mkdir(parents=True)
    (first / "pci_dev").symlink_to("../../../devices/pci0000:00/0000:00:17.0")
    assert BootSource(function=Bdf(0, 0, 0x17, 0)) == firmware.boot_source(tmp_path, FUNCTIONS)
    (first / "mbr_signature").write_text("0x00000000\n")
    assert Bdf(0, 0, 0x17, 0) == firmware.boot_source(tmp_path, FUNCTIONS).function
    (first / "mbr_signature").write_text("0x0a1b2c3d\n")
    assert BootSource(table="0a1b2c3d") == firmware.boot_source(tmp_path, FUNCTIONS)


@pytest.mark.parametrize("name", ["RMAD", "DMAR"])
def test_the_table_by_the_name_that_xen_leaves_it(tmp_path: Path, name: str) -> None:
    unread: list[str] = []
    assert b"" == firmware.dmar(tmp_path, unread)
    folder = tmp_path / "sys/firmware/acpi/tables"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(name.encode() + b"\x80")
    assert name.encode() + b"\x80" == firmware.dmar(tmp_path, unread)
    assert [] == unread


def test_amd_s_table_is_no_other(tmp_path: Path) -> None:
    unread: list[str] = []
    assert b"" == firmware.ivrs(tmp_path, unread)
    folder = tmp_path / "sys/firmware/acpi/tables"
    folder.mkdir(parents=True)
    (folder / "IVRS").write_bytes(b"IVRS\x80")
    assert b"IVRS\x80" == firmware.ivrs(tmp_path, unread)
    assert b"" == firmware.dmar(tmp_path, unread)
    assert [] == unread


@pytest.mark.parametrize("read", [firmware.dmar, firmware.ivrs])
def test_a_table_that_may_not_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[Path, list[str]], bytes]
) -> None:
    def deny(place: Path) -> bytes:
        raise PermissionError

    unread: list[str] = []
    monkeypatch.setattr("pathlib.Path.read_bytes", deny)
    assert b"" == read(tmp_path, unread)
    assert ["for which devices the firmware reserves memory: only root reads that"] == unread
