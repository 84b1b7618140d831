"""One errand without a fault, for strace to look at: `python -m tests.crash.alone JOB DIR`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tests.crash.errands import ERRANDS
from tests.crash.layer import Layer
from tests.crash.runs import dom0_in


def main(name: str, folder: str) -> int:
    """Do it, between two folders that the trace shows; the calls that the layer counted."""
    (errand,) = (each for each in ERRANDS if each.name == name)
    dom0 = dom0_in(Path(folder), errand)
    for act in errand.first:
        act(dom0)
    Path(folder, "begin").mkdir()
    with Layer() as layer:
        status = errand.act(dom0)
    Path(folder, "end").mkdir()
    Path(folder, "calls.json").write_text(json.dumps(layer.calls))
    return status


if __name__ == "__main__":
    os._exit(main(*sys.argv[1:]))  # the simulated host stays on until then
