"""What the firmware tells: the memory it reserves, and from which disk it started the host."""

from __future__ import annotations

from contextlib import suppress

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.dmar import Scope, resolve
from serialpass_tui.errors import Problem
from serialpass_tui.host.sysfs import link, number, text
from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from serialpass_tui.core.inventory import PciFunction

_GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
_ATTRIBUTES = 4
"""efivarfs puts the variable's attributes before its bytes (Linux fs/efivarfs/file.c)."""
_HARDWARE_PCI, _ACPI, _HARD_DRIVE = (1, 1), (2, 1), (4, 1)


@frozen
class BootSource:
    """From what the firmware started the host, as far as it says."""

    partition: str = ""
    """The partition's uuid as udev's ID_PART_ENTRY_UUID spells it."""
    table: str = ""
    """The signature of an MBR disk as udev's ID_PART_TABLE_UUID spells it."""
    function: Bdf | None = None
    """The PCI function that it hangs on, where no disk is named."""


def dmar(root: Path, unread: list[str]) -> bytes:
    """ACPI's DMAR table; empty where there is none.

    Xen spells its signature backwards so that dom0's kernel leaves the IOMMU alone (xen-project/xen
    xen/drivers/passthrough/vtd/dmar.c, acpi_dmar_zap); sysfs shows it under that name.
    """
    return _table(root, ("RMAD", "DMAR"), unread)


def ivrs(root: Path, unread: list[str]) -> bytes:
    """ACPI's IVRS table, in which AMD hosts tell the same; empty where there is none."""
    return _table(root, ("IVRS",), unread)


def _table(root: Path, names: tuple[str, ...], unread: list[str]) -> bytes:
    for name in names:
        try:
            return (root / "sys/firmware/acpi/tables" / name).read_bytes()
        except PermissionError:
            unread.append("for which devices the firmware reserves memory: only root reads that")
            return b""
        except OSError:
            continue
    return b""


def boot_source(root: Path, functions: Sequence[PciFunction]) -> BootSource:
    """From where this boot came: UEFI's BootCurrent, else the BIOS's first disk.

    The first disk (80h) is the one that a BIOS booted (Linux drivers/firmware/edd.c shows it,
    where the kernel has that).
    """
    variables = root / "sys/firmware/efi/efivars"
    current = _variable(variables, "BootCurrent")
    if len(current) == 2:
        option = _variable(variables, f"Boot{int.from_bytes(current, 'little'):04X}")
        return load_option(option, functions)
    first = root / "sys/firmware/edd/int13_dev80"
    signature = number(text(first / "mbr_signature"))
    if signature:
        return BootSource(table=f"{signature:08x}")
    with suppress(Problem):
        return BootSource(function=Bdf.parse(link(first / "pci_dev")))
    return BootSource()


def load_option(option: bytes, functions: Sequence[PciFunction]) -> BootSource:
    """What an EFI load option points to: a partition, or the function that a stick hangs on.

    UEFI Specification, EFI_LOAD_OPTION and Device Path Protocol. A path with a PCI root other than
    the first one is not followed.
    """
    at = 6
    while at + 2 <= len(option) and option[at : at + 2] != b"\0\0":
        at += 2
    length = int.from_bytes(option[4:6], "little")
    steps: list[tuple[int, int]] = []
    for kind, body in _nodes(option[at + 2 : at + 2 + length]):
        if kind == _HARD_DRIVE and len(body) >= 38:
            return _partition(body)
        if kind == _ACPI and any(body[4:8]):
            steps = []
            break
        if kind == _HARDWARE_PCI and len(body) >= 2:
            steps.append((body[1], body[0]))
    (function,) = resolve([Scope(0, 0, tuple(steps))], functions)
    return BootSource(function=function)


def _partition(node: bytes) -> BootSource:
    """The partition of a hard drive node: by GPT's uuid or MBR's signature."""
    signature, kind = node[20:36], node[37]
    if kind == 2:
        import uuid

        return BootSource(partition=str(uuid.UUID(bytes_le=signature)))
    if kind == 1:
        return BootSource(table=f"{int.from_bytes(signature[:4], 'little'):08x}")
    return BootSource()


def _nodes(path: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    at = 0
    while at + 4 <= len(path):
        length = int.from_bytes(path[at + 2 : at + 4], "little")
        if length < 4:
            return
        yield (path[at], path[at + 1]), path[at + 4 : at + length]
        at += length


def _variable(folder: Path, name: str) -> bytes:
    with suppress(OSError):
        return (folder / f"{name}-{_GLOBAL}").read_bytes()[_ATTRIBUTES:]
    return b""
