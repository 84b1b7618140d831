"""Serial lines of dom0: which have hardware behind them, what they hang on, who uses them."""

from __future__ import annotations

import os
from contextlib import suppress

from serialpass_tui.core.inventory import Process, Tty, TtyKind
from serialpass_tui.host.sysfs import children, number, text
from serialpass_tui.host.usb import port_path
from serialpass_tui.lazy import frozen, pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.host.sysfs import Device

_PLACEHOLDER = "serial8250"
_UNKNOWN_PORT = "0"
_ISA_PATHS = {"pnp0", _PLACEHOLDER}
_DRIVER_LINE = pattern(r"(\d+): uart:(\S+)(?: port:([0-9A-Fa-f]+))?(?:.*? irq:(\d+))?")
_TTY_NODE = pattern(r"/dev/(tty[A-Za-z]\w*)")
_GETTY_UNIT = pattern(r"(?:serial-)?getty@(tty[A-Za-z]\w*)\.service")
_INITTAB = pattern(r"(?m)^[^#\n]*getty\b[^#\n]*\b(tty[A-Za-z]\w*)")
_CONSOLE = pattern(r"(?:^|\s)console=(tty[A-Za-z]\w*)")


@frozen
class Line:
    """One row of the serial driver's table in /proc/tty/driver/serial."""

    has_chip: bool = False
    port: int = 0
    irq: int = 0


def consoles(root: Path, cmdline: str) -> frozenset[str]:
    """The ttys to which the kernel writes its console.

    Kernels before 2.6.38 (XenServer 6.x) have no list of them; there the command line answers.
    """
    active = text(root / "sys/class/tty/console/active")
    return frozenset(active.split() or _CONSOLE.findall(cmdline))


def serial_ttys(
    devices: Iterable[Device],
    root: Path,
    *,
    isa_bridges: AbstractSet[Bdf],
    consoles: AbstractSet[str],
    holders: Mapping[str, tuple[Process, ...]],
    unread: list[str],
) -> list[Tty]:
    """Every tty with hardware behind it, of those that hang on a device: no empty 8250 slots.

    The 8250 driver makes ttyS0 to ttyS3 whether a chip is there or not (Linux
    drivers/tty/serial/8250/8250_core.c serial8250_register_ports).
    """
    table = driver_table(root)
    configured = logins(root)
    doubtful = []
    found = []
    for device in devices:
        if _PLACEHOLDER in device.hardware.parts:
            has_port = _has_port(device, table)
            if has_port is None:
                doubtful.append(device.name)
            if not has_port:
                continue
        kind, bdf, usb = _place(device, isa_bridges)
        line = table.get(device.name, Line())
        found.append(
            Tty(
                name=device.name,
                kind=kind,
                bdf=bdf,
                usb=usb,
                port=(device.number("port", 16) or line.port) if kind is TtyKind.ISA else 0,
                irq=device.number("irq") or line.irq,
                console=device.name in consoles,
                holders=holders.get(device.name, ()),
                login=configured.get(device.name, ""),
            )
        )
    if doubtful:
        unread.append(f"whether {', '.join(sorted(doubtful))} have hardware: only root reads that")
    return sorted(found, key=lambda tty: _natural(tty.name))


def holders(root: Path, pids: Sequence[int], unread: list[str]) -> dict[str, tuple[Process, ...]]:
    """The processes that hold each tty open, from the links in /proc/PID/fd."""
    held: dict[str, list[Process]] = {}
    # Strings, not paths: a host has some thousand open files.
    # Where /proc is mounted with hidepid, an ordinary user does not even see that others run.
    denied = bool(pids) and 1 not in pids
    for pid in pids:
        opened = f"{root}/proc/{pid}/fd"
        try:
            links = os.listdir(opened)  # noqa: PTH208
        except PermissionError:
            denied = True
            continue
        except OSError:
            continue  # it has ended in the meantime
        targets: set[str] = set()
        for entry in links:
            with suppress(OSError):
                targets.add(os.readlink(f"{opened}/{entry}"))  # noqa: PTH115
        for match in filter(None, map(_TTY_NODE.fullmatch, targets)):
            held.setdefault(match[1], []).append(Process(pid, text(f"{root}/proc/{pid}/comm")))
    if denied:
        unread.append("processes that hold a tty open: only root sees those of others")
    return {name: tuple(processes) for name, processes in held.items()}


def _place(device: Device, isa_bridges: AbstractSet[Bdf]) -> tuple[TtyKind, Bdf | None, str]:
    bdf = next(iter(device.functions_above), None)
    usb = port_path(device.hardware)
    if usb:
        return TtyKind.USB, bdf, usb
    if bdf is not None and bdf not in isa_bridges:
        return TtyKind.PCI, bdf, ""
    if device.number("port", 16) or _ISA_PATHS.intersection(device.hardware.parts):
        return TtyKind.ISA, None, ""
    return TtyKind.OTHER, None, ""


def logins(root: Path) -> dict[str, str]:
    """Where a login on each tty is configured: a line of /etc/inittab, or a systemd unit.

    Units enabled by hand lie in a `.wants` folder (systemd.unit(5)); the ones that systemd makes
    for consoles of the command line are known from that.
    """
    found = dict.fromkeys(_INITTAB.findall(text(root / "etc/inittab")), "/etc/inittab")
    for folder in children(root / "etc/systemd/system"):
        if folder.name.endswith(".wants"):
            names = (entry.name for entry in children(folder))
            found |= {m[1]: m[0] for m in map(_GETTY_UNIT.fullmatch, names) if m}
    return found


def driver_table(root: Path) -> dict[str, Line]:
    """The serial driver's own table, by tty: for kernels whose sysfs does not have it (2.6.32)."""
    table = text(root / "proc/tty/driver/serial")
    return {
        f"ttyS{line}": Line(chip != "unknown", number(port or "0", 16), number(irq or "0"))
        for line, chip, port, irq in _DRIVER_LINE.findall(table)
    }


def _has_port(device: Device, table: Mapping[str, Line]) -> bool | None:
    """None where neither the attribute nor the table may be read."""
    kind = device.text("type")
    if kind:
        return kind != _UNKNOWN_PORT
    line = table.get(device.name)
    return line.has_chip if line is not None else None


def _natural(name: str) -> tuple[str, int]:
    stem = name.rstrip("0123456789")
    return stem, number(name[len(stem) :], 10)
