"""The rules for a VM that is to get a device."""

from __future__ import annotations

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.rules import catalogue
from serialpass_tui.core.rules.finding import Severity
from serialpass_tui.core.text import printable
from serialpass_tui.core.vm import dropped_items, users_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from serialpass_tui.core.pool import Pool, Vm
    from serialpass_tui.core.rules.finding import Finding, Rule

    _Words = tuple[Rule, Severity, str, str]

NO_DEVICE = Bdf(0, 0, 0, 0)
"""Stands in a finding about a VM when no device is chosen yet: the host bridge, never one."""


def vm_findings(pool: Pool, vm: Vm, bdfs: Sequence[Bdf]) -> tuple[Finding, ...]:
    """What speaks against giving these devices to this VM, refusals first.

    XAPI checks none of it: it takes any text in other-config:pci and looks at neither HA, agility
    nor residence for it (xapi-project/xen-api ocaml/xapi/agility.ml, xapi_vm_helpers.ml).
    Findings about the VM as a whole name the first device.
    """
    place = bdfs[0] if bdfs else NO_DEVICE
    found = [
        rule.finding(place, f"VM {printable(vm.name, 60)} {what}", remedy, severity)
        for rule, severity, what, remedy in _about(pool, vm)
    ]
    found += _other_users(pool, vm, bdfs)
    found += _elsewhere(pool, bdfs)
    return tuple(sorted(found, key=lambda finding: finding.severity.rank))


def _about(pool: Pool, vm: Vm) -> Iterator[_Words]:
    if vm.config_refusal:
        yield (
            catalogue.VM_FILE,
            Severity.REFUSE,
            f"cannot be edited: {printable(vm.config_refusal, 300)}",
            "Mend that, then try again; or choose another guest.",
        )
    if vm.domain_type in {"pvh", "pv_in_pvh"}:
        yield (
            catalogue.VM_TYPE,
            Severity.REFUSE,
            f"is of type {vm.domain_type}: Xen gives PCI devices to HVM and PV guests only.",
            "Choose an HVM guest, or convert this one to HVM.",
        )
    elif vm.domain_type == "pv":
        yield (
            catalogue.VM_TYPE,
            Severity.WARN,
            (
                "is a PV guest: its kernel needs pcifront."
                if pool.toolstack == "xl"
                else "is a PV guest: its kernel needs pcifront, and from XCP-ng 8.3 and XenServer "
                "8 on PV guests no longer start."
            ),
            "Choose an HVM guest where you can.",
        )
    if vm.ha_protected:
        yield (
            catalogue.VM_HA,
            Severity.REFUSE,
            "is protected by HA, which would restart it on a host without the device.",
            f"Take it out of HA first: xe vm-param-set uuid={vm.uuid} ha-restart-priority=",
        )
    if vm.power_state is PowerState.SUSPENDED:
        yield (
            catalogue.VM_SUSPENDED,
            Severity.REFUSE,
            "is suspended: what it saved knows nothing of the device.",
            "Resume it and shut it down first.",
        )
    elif vm.power_state is not PowerState.HALTED:
        where = ""
        if vm.resident_on and vm.resident_on != pool.this_host:
            where = f" on {printable(pool.host_name(vm.resident_on), 40)}"
        yield (
            catalogue.VM_RUNNING,
            Severity.WARN,
            f"is {vm.power_state.value.lower()}{where}: it gets the device at its next start.",
            "Shut it down (a reboot from inside is not enough) and start it on this host.",
        )
    if dropped_items(vm.pci or ""):
        items = printable(", ".join(map(repr, dropped_items(vm.pci or ""))), 80)
        yield (
            catalogue.VM_PCI_UNREAD,
            Severity.WARN,
            f"has items in other-config:pci that XAPI passes over without a word: {items}.",
            "They stay as they are; whoever wrote them should look at them.",
        )
    if len(pool.hosts) > 1:
        here = printable(pool.host_name(pool.this_host), 40)
        yield (
            catalogue.VM_POOL,
            Severity.NOTE,
            (
                f"must be started on {here}: on another host the same address is another device. "
                "Its affinity is set to this host."
            ),
            f"Start it with xe vm-start uuid={vm.uuid} on={pool.this_host}.",
        )


def _elsewhere(pool: Pool, bdfs: Sequence[Bdf]) -> Iterator[Finding]:
    """What other hosts have at the address: a VM started there takes that without a word.

    XAPI unbinds whatever driver has it (xapi-project/xen-api ocaml/xenopsd/xc/device.ml, PCI.bind).
    """
    for bdf in bdfs:
        there = [
            f"{printable(item.name, 60)} on {printable(pool.host_name(item.host), 40)}"
            for item in pool.other_pci
            if item.bdf == bdf
        ]
        if there:
            yield catalogue.POOL_ADDRESS.finding(
                bdf,
                f"{bdf} is {', '.join(there)}: started there, the VM would take that away.",
                "Start the VM on this host only: affinity alone does not hold it here.",
            )


def unhide_findings(pool: Pool, bdfs: Sequence[Bdf]) -> tuple[Finding, ...]:
    """What to know before devices are given back to dom0: a VM that names one takes it again."""
    return tuple(
        catalogue.DEVICE_OF_VM.finding(
            bdf,
            _takes_again(pool, user, bdf),
            f"Take it from the VM too: serialpass-tui unbind {user.uuid} {bdf}",
        )
        for bdf in bdfs
        for user in users_of(pool, bdf)
    )


def _takes_again(pool: Pool, user: Vm, bdf: Bdf) -> str:
    """What a VM that still names a device does to one that is back in dom0.

    xl gives a guest only what pciback has (xen-project/xen tools/libs/light/libxl_pci.c).
    """
    named = f"VM {printable(user.name, 60)} names {bdf} in {pool.pci_place}: its next start"
    if pool.toolstack == "xl":
        return f"{named} fails once dom0 has the device."
    return f"{named} takes the device from dom0 again."


def _other_users(pool: Pool, vm: Vm, bdfs: Sequence[Bdf]) -> Iterator[Finding]:
    for bdf in bdfs:
        for user in users_of(pool, bdf):
            if user.uuid == vm.uuid:
                continue
            name = printable(user.name, 60)
            yield catalogue.DEVICE_TAKEN.finding(
                bdf,
                f"VM {name} ({user.power_state.value.lower()}) names {bdf} already: "
                "only one of them could start.",
                f"Take the device from {name} first.",
            )
