"""What must never be hidden, and what to know before anything is: rules over facts.

Nothing here asks the operator and nothing overrides a refusal; a rule that cannot see a fact
decides as if it were the bad one where the host would be lost.
"""

from __future__ import annotations

from serialpass_tui.core import cards
from serialpass_tui.core.candidates import card_of
from serialpass_tui.core.rules import catalogue
from serialpass_tui.core.rules.finding import Finding, Severity
from serialpass_tui.core.rules.neighbours import (
    bridge_shared,
    line_shared,
    memory_mapped,
    memory_reserved,
    named,
    siblings_left,
)
from serialpass_tui.core.rules.uses import OTHER_DEVICE, Uses, lost_with, uses
from serialpass_tui.core.rules.vms import unhide_findings, vm_findings
from serialpass_tui.core.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.inventory import Inventory, PciFunction
    from serialpass_tui.core.pool import Pool

__all__ = [
    "Finding",
    "Severity",
    "findings",
    "named",
    "refusals",
    "unhide_findings",
    "vm_findings",
]

_BIOS = (
    "Switch it on in the firmware setup: VT-d on Intel, IOMMU or AMD-Vi on AMD, often beside "
    "virtualisation or under the chipset; then start the host again."
)


def findings(
    inventory: Inventory,
    pool: Pool | None,
    bdfs: Sequence[Bdf],
    *,
    now: bool = False,
    known: Uses | None = None,
) -> tuple[Finding, ...]:
    """What speaks against giving these functions away, refusals first.

    All functions chosen are judged together: a card chosen whole leaves no sibling behind, and
    neighbours behind a bridge that are chosen too do no harm. `now` is for taking the device from
    the running dom0: a process that holds its tty open then refuses, where a reboot would end it.
    `known` is what the host uses, where many devices are judged and it was found out before.
    """
    order = list(dict.fromkeys(bdfs))
    chosen = frozenset(order)
    all_uses = uses(inventory, pool, now=now) if known is None else known
    found: list[Finding] = []
    for bdf in order:
        function = inventory.function(bdf)
        if function is None:
            found.append(_absent(bdf))
        else:
            found += _about(inventory, all_uses, function, chosen)
    if order:
        found += _about_host(inventory, pool, order[0])
    # Python's sort is stable: within a severity the operator's order stays.
    return tuple(sorted(found, key=lambda finding: finding.severity.rank))


def refusals(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that forbid it."""
    return tuple(finding for finding in found if finding.severity is Severity.REFUSE)


def _absent(bdf: Bdf) -> Finding:
    return catalogue.NO_SUCH_DEVICE.finding(
        bdf,
        f"There is no PCI device at {bdf} on this host.",
        "Look at the list of devices: an address changes when cards or firmware settings do.",
    )


def _about(
    inventory: Inventory,
    all_uses: Uses,
    function: PciFunction,
    chosen: frozenset[Bdf],
) -> Iterator[Finding]:
    bdf = function.bdf
    # "Other bridge" (0680) is what some serial cards call a function that is switched off.
    if function.base_class == 0x06 and function.class_code >> 8 != 0x0680:
        behind = len(inventory.behind(bdf))
        hides = f": hiding it hides all {behind} functions behind it" if behind else ""
        yield catalogue.BRIDGE.finding(
            bdf,
            f"{named(function)} is a bridge{hides}.",
            "Choose the device itself, not what it is plugged into.",
        )
    for use in lost_with(inventory, all_uses, bdf, chosen):
        through = "" if use.bdf == bdf else f": behind it, {use.bdf.short}"
        reason = f"{named(function)}{through} {use.what}."
        yield use.rule.finding(bdf, reason, use.remedy, use.severity)
    yield from _root_unplaced(inventory, function)
    yield from siblings_left(inventory, function, chosen)
    yield from bridge_shared(inventory, all_uses, function, chosen)
    yield from line_shared(inventory, function, chosen)
    yield from memory_reserved(inventory, function)
    yield from memory_mapped(inventory, function)
    if not _carries_ports(inventory, function):
        yield catalogue.NOT_SERIAL.finding(
            bdf,
            f"{named(function)} carries no serial port and is no USB controller.",
            "Make sure that the address is the one you mean.",
        )
    known = cards.family(function)
    if known is not None and known.private_config:
        yield catalogue.PRIVATE_CONFIG.finding(
            bdf,
            f"{named(function)}: its driver writes private registers in PCI configuration space, "
            "which pciback filters; the ports may stay dead in the guest.",
            f"If they do, write {bdf} to /sys/bus/pci/drivers/pciback/permissive in dom0 before "
            "the VM starts.",
        )


def _carries_ports(inventory: Inventory, function: PciFunction) -> bool:
    if cards.is_usb_controller(function) or cards.lookalike(function):
        return True
    return any(cards.is_serial(item) for item in card_of(inventory, function))


def _root_unplaced(inventory: Inventory, function: PciFunction) -> Iterator[Finding]:
    """A controller that may carry disks, on a host whose root disk could not be traced."""
    may_carry_disks = function.base_class == 0x01 or function.class_code >> 8 == 0x0C03
    placed = any("/" in disk.mounts and disk.bdf is not None for disk in inventory.disks)
    if may_carry_disks and not placed:
        yield catalogue.ROOT_UNPLACED.finding(
            function.bdf,
            f"{named(function)} may carry the root file system: the tool could not find out which "
            "device does.",
            OTHER_DEVICE,
        )


def _about_host(inventory: Inventory, pool: Pool | None, bdf: Bdf) -> Iterator[Finding]:
    """What holds for any device of this host; told once, at the first one chosen."""
    if inventory.unread:
        yield catalogue.FACTS_UNREAD.finding(
            bdf,
            "Not everything of this host could be read: "
            + printable("; ".join(inventory.unread), 200)
            + ".",
            "Run the tool as root on dom0 itself.",
        )
    if inventory.xen is None:
        return
    answers = [inventory.xen.iommu]
    if pool is not None:
        answers += [host.iommu for host in pool.hosts if host.uuid == pool.this_host]
    words = inventory.xen.cmdline.split()
    switched_off = any(word in {"iommu=off", "iommu=no", "iommu=0"} for word in words)
    if False in answers or switched_off:
        cause = " (its command line says so)" if switched_off else ""
        yield catalogue.IOMMU_OFF.finding(
            bdf,
            f"Xen runs without an IOMMU{cause}: a VM with a PCI device will not start.",
            "Boot the normal entry: this one switches it off." if switched_off else _BIOS,
        )
    elif True not in answers:
        yield catalogue.IOMMU_UNKNOWN.finding(
            bdf,
            "Whether Xen has an IOMMU could not be found out; a VM with a PCI device needs one.",
            "Look for hvm_directio in `xl info`. " + _BIOS,
        )
