"""Hide values as three readers take them: a real kernel that was measured, core, the simulator."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.codec import decode
from serialpass_tui.core.hide_list import dialect_for, hidden, read
from serialpass_tui.core.inventory import Inventory, PciFunction
from serialpass_tui.sim.firmware import Booted, owners, registers
from serialpass_tui.sim.kernel import hidden_by

GOLDEN = Path(__file__).parent / "golden" / "hide_values.json"
"""The command lines, and what they should come to by the kernel's source."""
MEASURED = GOLDEN.with_name("hide_measured.json")
"""What a kernel made of those that are for kernels from 3.1 on; the rig measures it anew."""

_TABLE: dict[str, Any] = json.loads(GOLDEN.read_text("utf-8"))
_MEASURED: dict[str, Any] = json.loads(MEASURED.read_text("utf-8"))
KERNEL: str = _MEASURED["kernel"]
WRITTEN = tuple(row for row in _TABLE["rows"] if row["dialect"] == "xen-pciback.hide")
"""The rows of the first file that can be measured."""


@dataclass(frozen=True)
class Verdict:
    """What comes of a command line."""

    registered: bool
    """Whether pciback is there at all: one value that it cannot read keeps it out."""
    taken: frozenset[Bdf]
    """The functions that pciback gets."""

    def without(self, bdfs: frozenset[Bdf]) -> Verdict:
        """The same but for some functions."""
        return Verdict(self.registered, self.taken - bdfs)

    def __str__(self) -> str:
        names = " ".join(bdf.short for bdf in sorted(self.taken)) or "nothing"
        return names if self.registered else "no pciback at all"


@dataclass(frozen=True)
class Row:
    """One command line that was booted with."""

    words: str
    """As the boot file had it."""
    booted: str
    """As the kernel got it from the boot loader, runs of blanks made one."""
    functions: tuple[PciFunction, ...]
    """The PCI functions of the machine."""
    kernel: Verdict

    @property
    def bridges(self) -> frozenset[Bdf]:
        """Functions without a port of their own: pciback gets them with what is behind them."""
        return frozenset(function.bdf for function in self.functions if function.is_bridge)

    def core(self, line: str) -> Verdict:
        """What the product says before it writes; it leaves bridges out."""
        reading = read(line, dialect_for(KERNEL))
        return Verdict(reading.registered, hidden(reading, self.functions))

    def simulator(self, line: str) -> Verdict:
        """What the simulated host does when it boots."""
        host = Inventory("h", KERNEL, line, "b", 0, uefi=False, pci=self.functions)
        booted = Booted("xe", line, hidden_by(line, KERNEL))
        return Verdict(registers(host, booted), frozenset(owners(host, booted)))

    def written(self) -> Verdict:
        """What the kernel's source was read to say, of the functions that this machine has."""
        row = next(row for row in WRITTEN if row["cmdline"] == self.words)
        present = {function.bdf for function in self.functions}
        return Verdict(row["registered"], frozenset(map(Bdf.parse, row["hidden"])) & present)


def _row(kept: dict[str, Any]) -> Row:
    functions = (decode(PciFunction, item) for item in _TABLE["functions"])
    present = tuple(function for function in functions if str(function.bdf) in kept["owners"])
    taken = (Bdf.parse(bdf) for bdf, owner in kept["owners"].items() if owner == "pciback")
    kernel = Verdict(kept["registered"], frozenset(taken))
    return Row(kept["cmdline"], kept["booted"], present, kernel)


ROWS = tuple(map(_row, _MEASURED["rows"]))
KEPT: dict[str, dict[str, Any]] = {row["cmdline"]: row for row in _MEASURED["rows"]}
"""The same rows as the file has them, by command line."""
