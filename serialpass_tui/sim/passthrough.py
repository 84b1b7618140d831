"""How XAPI gives PCI functions to a VM that starts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from serialpass_tui.core.bdf import Bdf

if TYPE_CHECKING:
    from collections.abc import Collection

    from serialpass_tui.core.inventory import Inventory
    from serialpass_tui.core.pool import Vm

# The scanner's format is %d/%04x:%02x:%02x.%01x: widths are maxima, nothing is asked of what
# follows, and an item that does not fit is dropped without a word
# (xapi-project/xen-api ocaml/xapi/pciops.ml).
_ITEM = re.compile(
    r"[+-]?\d+/([0-9a-fA-F]{1,4}):([0-9a-fA-F]{1,2}):([0-9a-fA-F]{1,2})\.([0-9a-fA-F])"
)

_CANNOT_ADD = "Device.PCI.Cannot_add({bdf}, Xenctrlext.Unix_error(30, {error}))"
_TEXTS = {
    "rmrr": _CANNOT_ADD.replace("{error}", '"1: Operation not permitted"'),
    "busy": _CANNOT_ADD.replace("{error}", '"16: Device or resource busy"'),
    "absent": _CANNOT_ADD.replace("{error}", '"19: No such device"'),
    "no-iommu": "IOMMU unavailable",
    "pciback": "pciback has not loaded",
}


def parse_pci(value: str) -> tuple[Bdf, ...]:
    """The functions that XAPI reads from a value of other-config:pci."""
    matches = (_ITEM.match(item) for item in value.split(","))
    return tuple(Bdf(*(int(text, 16) for text in match.groups())) for match in matches if match)


def pci_of(vm: Vm) -> tuple[Bdf, ...]:
    """The functions that a VM gets when it starts."""
    return parse_pci(vm.pci or "")


def refusal(
    functions: Collection[Bdf],
    hardware: Inventory,
    *,
    registered: bool,
    assigned: Collection[Bdf],
    fault: str,
) -> str:
    """Why a domain does not get the functions, in XAPI's words; empty where it gets them.

    The order is xenopsd's: the domain is built first, then the devices are bound and assigned
    (ocaml/xenopsd/xc/xenops_server_xen.ml, ocaml/xenopsd/xc/device.ml).
    """
    if not functions:
        return ""
    first = min(functions)
    if fault:
        return _internal(fault, first)
    if not registered:
        return _internal("pciback", first)
    if hardware.xen is not None and hardware.xen.iommu is False:
        return _internal("no-iommu", first)
    for bdf in functions:
        if hardware.function(bdf) is None:
            return _internal("absent", bdf)
        if bdf in assigned:
            return _internal("busy", bdf)
    return ""


def _internal(kind: str, bdf: Bdf) -> str:
    """The text of INTERNAL_ERROR for a kind of trouble; any other text stands for itself."""
    return _TEXTS.get(kind, kind).replace("{bdf}", str(bdf))
