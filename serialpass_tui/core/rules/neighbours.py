"""Who has to come along, or is touched, when a device goes."""

from __future__ import annotations

from serialpass_tui.core.candidates import card_of, function_name
from serialpass_tui.core.rules import catalogue
from serialpass_tui.core.rules.finding import Severity
from serialpass_tui.core.rules.uses import lost_with
from serialpass_tui.core.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.inventory import Inventory, PciFunction
    from serialpass_tui.core.rules.finding import Finding
    from serialpass_tui.core.rules.uses import Uses


def named(function: PciFunction) -> str:
    """A function as the operator finds it in lspci; without the maker, to fit a line."""
    name = printable(function.device_name) or function_name(function)
    return f"{function.bdf.short} {name}"


def siblings_left(
    inventory: Inventory, function: PciFunction, chosen: frozenset[Bdf]
) -> Iterator[Finding]:
    """Functions of the same card that would stay with dom0; told once a card."""
    card = card_of(inventory, function)
    left = [item for item in card if item.bdf not in chosen]
    first = next((item for item in card if item.bdf in chosen), function)
    if left and first.bdf == function.bdf:
        yield catalogue.SIBLINGS_LEFT.finding(
            function.bdf,
            f"{named(function)} is one function of a card; these would stay: {_list(left)}.",
            "Choose all functions of the card: they share one reset.",
        )


def legacy_bridge(inventory: Inventory, function: PciFunction) -> PciFunction | None:
    """The bridge that speaks to the IOMMU for this function; None on PCI Express throughout.

    A bridge to conventional PCI gives all that lies behind it one requester id, so the IOMMU
    cannot tell them apart (Linux drivers/pci/search.c, pci_for_each_dma_alias). A function without
    the PCI Express capability that lies behind a bridge is on such a bus, and so is whatever has a
    bridge without it above.
    """
    found: PciFunction | None = None
    below = function
    for bdf in function.parents:
        bridge = inventory.function(bdf)
        if bridge is None:
            continue
        if not below.pcie or not bridge.pcie:
            found = bridge
        below = bridge
    return found


def bridge_shared(
    inventory: Inventory,
    all_uses: Uses,
    function: PciFunction,
    chosen: frozenset[Bdf],
) -> Iterator[Finding]:
    """Others that share the requester id of a legacy bridge, and what the host would lose."""
    bridge = legacy_bridge(inventory, function)
    if bridge is None:
        return
    behind = inventory.behind(bridge.bdf)
    first = next(item for item in behind if item.bdf in chosen)
    own = {item.bdf for item in card_of(inventory, function)}
    others = [
        item
        for item in behind
        if not item.is_bridge and item.bdf not in chosen and item.bdf not in own
    ]
    if not others or first.bdf != function.bdf:
        return
    where = f"{named(function)} shares the PCI bridge {bridge.bdf.short} with {_list(others)}"
    needed = [
        (item, use)
        for item in others
        for use in lost_with(inventory, all_uses, item.bdf, chosen)
        if use.severity is Severity.REFUSE
    ]
    if needed:
        item, use = needed[0]
        yield catalogue.BRIDGE_SHARED_HOST.finding(
            function.bdf,
            f"{where}: all behind it goes to one VM, and {named(item)} {use.what}.",
            "Move the card to another slot, best one that is PCI Express to the processor.",
        )
    else:
        yield catalogue.BRIDGE_SHARED.finding(
            function.bdf,
            f"{where}: to the IOMMU they are one device.",
            "Give all of them to the same VM, or move the card to another slot.",
        )


def line_shared(
    inventory: Inventory, function: PciFunction, chosen: frozenset[Bdf]
) -> Iterator[Finding]:
    """Devices that dom0 keeps, on the interrupt line that this one raises.

    Xen lets dom0 and a guest share a line, without security support (xen-project/xen SUPPORT.md):
    a guest that does not answer its card's interrupts holds up those of the others.
    """
    if not function.intx:
        return
    others = [
        item
        for item in inventory.on_line(function.irq)
        if item.driver not in {"", "pciback"} and item.bdf not in chosen
    ]
    if others and function.irq in inventory.busy_irqs:
        yield catalogue.SHARED_IRQ.finding(
            function.bdf,
            f"{named(function)} shares interrupt line {function.irq} with {_list(others)}.",
            "If one of them falters while the VM runs, move the card to another slot.",
        )


def memory_reserved(inventory: Inventory, function: PciFunction) -> Iterator[Finding]:
    """Memory that the firmware reserves for this function, and for which others as well.

    Xen refuses a device whose reserved memory is shared, unless its toolstack asks for the relaxed
    policy (xen-project/xen xen/drivers/passthrough/vtd/iommu.c, intel_iommu_assign_device). One
    shared area is enough for that, so it is told before those that are the function's own.
    """
    areas = [each for each in inventory.reserved_areas if function.bdf in each[1]]
    for area, places in sorted(areas, key=lambda each: len(each[1]) == 1)[:1]:
        others = [place.short if place else "another" for place in places]
        others.remove(function.bdf.short)
        where = f"{named(function)}: the firmware reserves memory at {area.base:#x} for it"
        if others:
            yield catalogue.RMRR_SHARED.finding(
                function.bdf,
                f"{where} and {', '.join(others)} (RMRR): Xen may refuse to give it to a VM, with "
                '"Operation not permitted".',
                "XenServer 8 and XCP-ng 8.3 allow it on most hosts. Before: switch off in the "
                "firmware setup what uses it there (USB legacy support, HP's shared memory); "
                "with xl add rdm_policy=relaxed.",
            )
        else:
            yield catalogue.RMRR.finding(
                function.bdf,
                f"{where} (RMRR): firmware or BMC may go on using it.",
                "If the VM does not start, switch off USB legacy support in the firmware setup.",
            )


def memory_mapped(inventory: Inventory, function: PciFunction) -> Iterator[Finding]:
    """Memory that the firmware of an AMD host reserves for this function.

    Xen gives the device all the same, also where others share the memory: it maps it into the VM
    (xen-project/xen xen/drivers/passthrough/amd/pci_amd_iommu.c, amd_iommu_assign_device).
    """
    for block in inventory.ivmd_blocks:
        if not block.covers(function.bdf):
            continue
        others = sum(block.covers(item.bdf) for item in inventory.pci) - 1
        whom = f"it and {others} more" if others else "it"
        if block.for_all:
            whom = "all devices"
        yield catalogue.IVMD.finding(
            function.bdf,
            f"{named(function)}: the firmware reserves memory at {block.base:#x} for {whom} "
            "(IVMD): Xen lets the VM's device into it, and firmware or BMC may go on using it.",
            "If the VM does not start, switch off USB legacy support in the firmware setup.",
        )
        return


def _list(functions: Iterable[PciFunction]) -> str:
    return ", ".join(map(named, functions))
