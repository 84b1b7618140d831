"""Measure the golden hide values on the real kernel: `python -m tests.e2e.rig.measure`."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.e2e.rig import inputs
from tests.e2e.rig.dom0 import scratch
from tests.e2e.rig.image import image
from tests.e2e.rig.table import BASE, Measured, measure

GOLDEN = inputs.ROOT / "tests" / "golden" / "hide_values.json"
MEASURED = GOLDEN.with_name("hide_measured.json")


def wanted() -> list[str]:
    """The golden command lines for kernels from 3.1 on."""
    table: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return [row["cmdline"] for row in table["rows"] if row["dialect"] == "xen-pciback.hide"]


def row(seen: Measured) -> dict[str, Any]:
    """A boot as the data file keeps it."""
    table = json.loads(GOLDEN.read_text(encoding="utf-8"))
    known = {function["bdf"] for function in table["functions"]}
    errors = [line for line in seen.log if "Error" in line]
    return {
        "cmdline": seen.words,
        "booted": seen.cmdline.removeprefix(BASE).removeprefix(" "),
        "owners": {bdf: owner for bdf, owner in sorted(seen.owners.items()) if bdf in known},
        "registered": seen.registered,
        "error": errors[0] if errors else "",
    }


def main() -> None:
    """Boot once for each command line and write the data file."""
    rows = []
    with scratch() as place:
        for words in wanted():
            begun = time.monotonic()
            rows.append(row(measure(place, words)))
            taken = [bdf for bdf, owner in rows[-1]["owners"].items() if owner == "pciback"]
            inputs.say(f"{time.monotonic() - begun:.1f} s  {words}  {' '.join(taken)}")
    lines = ",\n".join(f"    {json.dumps(one)}" for one in rows)
    MEASURED.write_text(
        f'{{\n  "kernel": {json.dumps(image().kernel.release)},\n  "rows": [\n{lines}\n  ]\n}}\n',
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
