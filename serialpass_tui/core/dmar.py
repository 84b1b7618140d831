"""Memory that the firmware reserves for devices: the RMRR structures of ACPI's DMAR table.

Layout: Intel Virtualization Technology for Directed I/O, Architecture Specification, chapter 8
(BIOS Considerations). All fields are little-endian.
"""

from __future__ import annotations

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from serialpass_tui.core.inventory import PciFunction

_HEADER, _RMRR_HEADER, _SCOPE_HEADER = 48, 24, 6
_RMRR = 1
_PCI_SCOPES = {1, 2}
"""PCI endpoint, PCI sub-hierarchy (a bridge)."""


@frozen
class Scope:
    """A device by its way down from a root bus, which renumbering of buses does not change."""

    segment: int
    bus: int
    path: tuple[tuple[int, int], ...]
    """Slot and function at each step; all but the last are bridges."""


@frozen
class Reserved:
    """One range of memory, and the devices that go on using it whoever owns them."""

    base: int
    limit: int
    """Its last byte."""
    scopes: tuple[Scope, ...]


def reserved(table: bytes) -> tuple[Reserved, ...]:
    """The RMRR structures of a DMAR table; a table that breaks off gives those before that.

    A table that is none gives nothing: no rule hangs on what only might be there.
    """
    return tuple(
        Reserved(
            int.from_bytes(body[8:16], "little"),
            int.from_bytes(body[16:24], "little"),
            tuple(_scopes(body)),
        )
        for kind, body in records(table, _HEADER, 2)
        if kind == _RMRR and len(body) >= _RMRR_HEADER
    )


def resolve(scopes: Iterable[Scope], functions: Sequence[PciFunction]) -> tuple[Bdf | None, ...]:
    """The address of each scope's device here; None where one of the steps leads nowhere.

    A bridge's secondary bus is read off the functions right behind it.
    """
    below = {item.parents[0]: item.bdf.bus for item in functions if item.parents}
    places = {item.bdf for item in functions}
    found = (_resolve(scope, below) for scope in scopes)
    return tuple(place if place in places else None for place in found)


def _resolve(scope: Scope, below: Mapping[Bdf, int]) -> Bdf | None:
    bus: int | None = scope.bus
    place: Bdf | None = None
    for slot, number in scope.path:
        if bus is None or slot > 0x1F or number > 7:
            return None
        place = Bdf(scope.segment, bus, slot, number)
        bus = below.get(place)
    return place


def _scopes(body: bytes) -> Iterator[Scope]:
    segment = int.from_bytes(body[6:8], "little")
    for kind, scope in records(body, _RMRR_HEADER, 1):
        path = scope[_SCOPE_HEADER:]
        if kind in _PCI_SCOPES and len(path) >= 2:
            steps = tuple(zip(path[::2], path[1::2], strict=False))
            yield Scope(segment, scope[5], steps)


def records(data: bytes, at: int, width: int) -> Iterator[tuple[int, bytes]]:
    """Type and whole bytes of each record of a list; both numbers are `width` bytes wide.

    A length that cannot be ends the list.
    """
    while at + 2 * width <= len(data):
        kind = int.from_bytes(data[at : at + width], "little")
        length = int.from_bytes(data[at + width : at + 2 * width], "little")
        if length < 2 * width or at + length > len(data):
            return
        yield kind, data[at : at + length]
        at += length
