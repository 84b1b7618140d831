"""What the keys of a VM say of PCI devices: other-config:pci, as XAPI itself reads it."""

from __future__ import annotations

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.lazy import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.core.pool import Pool, Vm

BLOCKED_OPERATIONS = ("suspend", "checkpoint", "pool_migrate", "migrate_send")
"""What a VM with a physical device cannot survive; XAPI would begin it and fail late."""

_HEX = "[0-9a-fA-F]"
# OCaml's Scanf takes widths as greatest lengths, lets "_" follow a first digit, skips no blanks,
# and does not ask for the end of the text: "%d/%04x:%02x:%02x.%01x" (ocaml/xapi/pciops.ml).
_ITEM = pattern(
    rf"([+-]?[0-9][0-9_]*)/({_HEX}[0-9a-fA-F_]{{0,3}}):({_HEX}[0-9a-fA-F_]?)"
    rf":({_HEX}[0-9a-fA-F_]?)\.({_HEX})"
)
_INT_LIMIT = 1 << 62
"""OCaml's int has 63 bits; a number beyond them fails the item."""
_INT_DIGITS = len(str(_INT_LIMIT))


def parse_pci(value: str) -> tuple[Bdf, ...]:
    """The devices that XAPI reads in a value of other-config:pci, in the order written.

    Items that XAPI cannot scan are left out, as it leaves them out without a word
    (xapi-project/xen-api ocaml/xapi/pciops.ml): the tool must see what XAPI sees.
    """
    return tuple(bdf for bdf in map(read_item, value.split(",")) if bdf is not None)


def dropped_items(value: str) -> tuple[str, ...]:
    """The items that XAPI passes over; each is a device that the VM silently does not get."""
    return tuple(item for item in value.split(",") if item and read_item(item) is None)


def users_of(pool: Pool, bdf: Bdf) -> tuple[Vm, ...]:
    """The VMs whose other-config:pci names a device; XAPI lets any number of them do so."""
    return tuple(vm for vm in pool.vms if vm.pci and bdf in parse_pci(vm.pci))


def read_item(item: str) -> Bdf | None:
    """The device that XAPI reads in one item of the list; None: it passes over it."""
    match = _ITEM.match(item)
    if match is None:
        return None
    order, *fields = (part.replace("_", "") for part in match.groups())
    digits = order.lstrip("+-0")
    if len(digits) > _INT_DIGITS or int(digits or "0") >= _INT_LIMIT:
        return None
    domain, bus, slot, function = (int(field, 16) for field in fields)
    return Bdf(domain, bus, slot, function)
