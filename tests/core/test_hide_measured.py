"""What a real kernel did with each hide value, against the three that only read about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.codec import decode
from serialpass_tui.core.hide_list import dialect_for, hidden, read
from serialpass_tui.core.inventory import Inventory, PciFunction
from serialpass_tui.sim.firmware import Booted, owners, registers
from serialpass_tui.sim.kernel import hidden_by

GOLDEN = Path(__file__).parents[1] / "golden"
TABLE: dict[str, Any] = json.loads((GOLDEN / "hide_values.json").read_text("utf-8"))
MEASURED: dict[str, Any] = json.loads((GOLDEN / "hide_measured.json").read_text("utf-8"))
KERNEL: str = MEASURED["kernel"]
WRITTEN = {row["cmdline"]: row for row in TABLE["rows"] if row["dialect"] == "xen-pciback.hide"}


def test_every_written_row_was_measured() -> None:
    assert list(WRITTEN) == [row["cmdline"] for row in MEASURED["rows"]]


@pytest.mark.parametrize("row", MEASURED["rows"], ids=lambda row: row["cmdline"])
def test_kernel_core_and_simulator_agree(row: dict[str, Any]) -> None:
    functions = tuple(
        function
        for function in (decode(PciFunction, item) for item in TABLE["functions"])
        if str(function.bdf) in row["owners"]
    )
    bridges = {function.bdf for function in functions if function.is_bridge}
    taken = {Bdf.parse(bdf) for bdf, owner in row["owners"].items() if owner == "pciback"}
    kernel = (row["registered"], frozenset(taken - bridges))

    # The loader hands the line on with runs of blanks made one: the reading must not mind.
    for line in (row["cmdline"], row["booted"]):
        core = read(line, dialect_for(KERNEL))
        assert kernel == (core.registered, hidden(core, functions))
        booted = Booted("xe", line, hidden_by(line, KERNEL))
        host = Inventory("h", KERNEL, line, "b", 0, uefi=False, pci=functions)
        assert kernel == (registers(host, booted), owners(host, booted) - bridges)

    written = WRITTEN[row["cmdline"]]
    present = {function.bdf for function in functions}
    assert kernel == (
        written["registered"],
        frozenset(map(Bdf.parse, written["hidden"])) & present,
    )
