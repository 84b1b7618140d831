"""Memory that the firmware reserves for devices on AMD hosts: the IVMD blocks of ACPI's IVRS table.

Layout: AMD I/O Virtualization Technology (IOMMU) Specification, 48882, chapter 5 (IVRS). All fields
are little-endian.
"""

from __future__ import annotations

from serialpass_tui.core.dmar import records
from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.core.bdf import Bdf

_HEADER, _BLOCK = 48, 32
_ALL, _ONE, _RANGE = 0x20, 0x21, 0x22
_UNITY, _EXCLUSION = 1, 8
_LAST = 0xFFFF


@frozen
class Reserved:
    """One range of memory, and the device ids (bus and slot as a requester) it is reserved for."""

    base: int
    segment: int
    first: int
    last: int
    """The last device id, itself one of them."""

    def covers(self, bdf: Bdf) -> bool:
        """Whether it is reserved for the function at that address."""
        number = bdf.bus << 8 | bdf.slot << 3 | bdf.function
        return bdf.domain == self.segment and self.first <= number <= self.last

    @property
    def for_all(self) -> bool:
        """Whether it is reserved for every device."""
        return (self.first, self.last) == (0, _LAST)


def reserved(table: bytes) -> tuple[Reserved, ...]:
    """The IVMD blocks of an IVRS table; a table that breaks off gives those before that.

    A block that neither maps nor excludes its memory, or whose range of devices runs backwards,
    reserves nothing: Xen takes neither (xen-project/xen xen/drivers/passthrough/amd/iommu_acpi.c,
    parse_ivmd_block). The segment is where Linux reads it (drivers/iommu/amd/init.c, ivmd_header).
    """
    found = (_block(word & 0xFF, word >> 8, body) for word, body in records(table, _HEADER, 2))
    return tuple(block for block in found if block is not None)


def _block(kind: int, flags: int, body: bytes) -> Reserved | None:
    if len(body) < _BLOCK or not flags & (_UNITY | _EXCLUSION):
        return None
    device, other, segment = (int.from_bytes(body[at : at + 2], "little") for at in (4, 6, 8))
    ends = {_ALL: (0, _LAST), _ONE: (device, device), _RANGE: (device, other)}
    first, last = ends.get(kind, (1, 0))
    if first > last:
        return None
    return Reserved(int.from_bytes(body[16:24], "little"), segment, first, last)
