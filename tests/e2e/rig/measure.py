"""The hide values on a real kernel: `python -m tests.e2e.rig.measure` measures them anew.

With `--table` it only prints what was measured, beside what core and the simulator say.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

from tests.e2e.rig import inputs
from tests.e2e.rig.dom0 import scratch
from tests.e2e.rig.image import image
from tests.e2e.rig.table import BASE, Measured, measure
from tests.hide_table import KEPT, KERNEL, MEASURED, ROWS, WRITTEN

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADS = ("kernel", "core", "simulator")


def row(seen: Measured) -> dict[str, Any]:
    """A boot as the data file keeps it."""
    known = {bdf for kept in KEPT.values() for bdf in kept["owners"]}
    errors = [line for line in seen.log if "Error" in line]
    return {
        "cmdline": seen.words,
        "booted": seen.cmdline.removeprefix(BASE).removeprefix(" "),
        "owners": {bdf: owner for bdf, owner in sorted(seen.owners.items()) if bdf in known},
        "registered": seen.registered,
        "error": errors[0] if errors else "",
    }


def measure_all() -> None:
    """Boot once for each command line and write the data file."""
    rows = []
    with scratch() as place:
        for words in (row["cmdline"] for row in WRITTEN):
            begun = time.monotonic()
            rows.append(row(measure(place, words)))
            taken = [bdf for bdf, owner in rows[-1]["owners"].items() if owner == "pciback"]
            inputs.say(f"{time.monotonic() - begun:.1f} s  {words}  {' '.join(taken)}")
    lines = ",\n".join(f"    {json.dumps(one)}" for one in rows)
    MEASURED.write_text(
        f'{{\n  "kernel": {json.dumps(image().kernel.release)},\n  "rows": [\n{lines}\n  ]\n}}\n',
        encoding="utf-8",
    )


def table() -> Iterator[str]:
    """The three readers side by side, a bridge left out, and a mark where they differ."""
    yield f"What pciback gets on Linux {KERNEL}, by the words of the command line"
    cells = [
        (*(str(reader.without(row.bridges)) for reader in readers), row.words.replace("\t", "\\t"))
        for row in ROWS
        for readers in ((row.kernel, row.core(row.words), row.simulator(row.words)),)
    ]
    widths = [
        max(map(len, column)) for column in zip(HEADS, *(cell[:3] for cell in cells), strict=True)
    ]
    for *readers, words in ((*HEADS, "words"), *cells):
        columns = " | ".join(f"{text:{width}}" for text, width in zip(readers, widths, strict=True))
        same = len(set(readers)) == 1 or readers == list(HEADS)
        yield f"{' ' if same else '!'} {columns} | {words}"


if __name__ == "__main__":
    if "--table" in sys.argv[1:]:
        sys.stdout.writelines(f"{line}\n" for line in table())
    else:
        measure_all()
