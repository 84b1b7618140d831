"""PCI addresses: domain, bus, device (slot) and function."""

from __future__ import annotations

from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import frozen, pattern

Place = tuple[int, int, int]
"""Domain, bus and slot."""

_SPELLING = pattern(r"(?:([0-9a-fA-F]{1,4}):)?([0-9a-fA-F]{1,2}):([0-9a-fA-F]{1,2})\.([0-7])")


@frozen
class Bdf:
    """One PCI function's address, also called SBDF when the domain (segment) is written.

    Canonical spelling is sysfs's: lower-case hex, four digits of domain, as in `0000:02:00.0`;
    XAPI's parser accepts no other in the hide list (xapi-project/xen-api ocaml/xapi/pciops.ml).
    """

    domain: int
    bus: int
    slot: int
    function: int

    @classmethod
    def parse(cls, text: str) -> Bdf:
        """The address that `text` spells, with or without the domain (`02:00.0`).

        Raises:
            Problem: `bad-bdf` (usage) when it is no PCI address.
        """
        match = _SPELLING.fullmatch(text)
        if match is None or int(match[3], 16) > 0x1F:
            raise Problem(
                Exit.USAGE,
                "bad-bdf",
                f"'{printable(text, 60)}' is not a PCI address.",
                remedy="Write it as lspci -D does, for example 0000:02:00.0.",
            )
        domain, bus, slot, function = match.groups()
        return cls(int(domain or "0", 16), int(bus, 16), int(slot, 16), int(function))

    @property
    def device(self) -> Place:
        """The card's place without the function: what all its functions share."""
        return (self.domain, self.bus, self.slot)

    @property
    def short(self) -> str:
        """The spelling without a zero domain, for narrow columns."""
        text = str(self)
        return text.removeprefix("0000:")

    def __lt__(self, other: Bdf) -> bool:
        return (*self.device, self.function) < (*other.device, other.function)

    def __str__(self) -> str:
        return f"{self.domain:04x}:{self.bus:02x}:{self.slot:02x}.{self.function:x}"
