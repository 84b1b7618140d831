"""Recorded machines, one fact of them changed, and what the rules say then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.inventory import Disk, Nic, Recording
from serialpass_tui.core.safety import Finding, Severity, findings
from serialpass_tui.sim import machines

if TYPE_CHECKING:
    from serialpass_tui.core.pool import Pool, Vm

REFUSE, WARN, NOTE = Severity

BIOS = machines.load("xcp-ng-8.3-bios")
UEFI = machines.load("xcp-ng-8.3-uefi")
XS8 = machines.load("xenserver-8")
OXFORD = machines.load("oxford-quad-bridge")
CONSOLE = machines.load("serial-is-console")
LOOKALIKES = machines.load("lookalikes")

CARD = (Bdf(0, 2, 0, 0), Bdf(0, 2, 0, 1))
"""The two-port card of the default machine."""
SATA = Bdf(0, 0, 0x17, 0)
NIC = Bdf(0, 3, 0, 0)
USB_CARD = Bdf(0, 5, 0, 0)
QUAD = tuple(Bdf(0, 4, 0, number) for number in range(4))
STRANGER = Bdf(0, 4, 1, 0)


def judge(
    recording: Recording, *bdfs: Bdf | str, pool: bool = True, now: bool = False
) -> tuple[Finding, ...]:
    places = [Bdf.parse(bdf) if isinstance(bdf, str) else bdf for bdf in bdfs]
    return findings(recording.inventory, recording.pool if pool else None, places, now=now)


def codes(found: tuple[Finding, ...]) -> list[tuple[str, Severity]]:
    return [(finding.code, finding.severity) for finding in found]


def of(found: tuple[Finding, ...], code: str) -> Finding:
    (finding,) = (finding for finding in found if finding.code == code)
    return finding


def with_facts(recording: Recording, **facts: Any) -> Recording:
    values = {
        name: fact(getattr(recording.inventory, name)) if callable(fact) else fact
        for name, fact in facts.items()
    }
    return replace(recording, inventory=replace(recording.inventory, **values))


def with_pool(recording: Recording, **facts: Any) -> Recording:
    assert recording.pool is not None
    return replace(recording, pool=replace(recording.pool, **facts))


def usb_disk(**facts: Any) -> Recording:
    """The default machine with a disk on its USB card."""
    disk = replace(Disk("sdb", USB_CARD), **facts)
    return with_facts(BIOS, disks=lambda disks: (*disks, disk))


def usb_nic(**facts: Any) -> Recording:
    nic = replace(Nic("eth9", USB_CARD), **facts)
    return with_facts(BIOS, nics=lambda nics: (*nics, nic))


def vm_of(recording: Recording, name: str) -> tuple[Pool, Vm]:
    assert recording.pool is not None
    return recording.pool, next(vm for vm in recording.pool.vms if vm.name == name)
