"""The benchmark: `python -m tests.bench` prints what the wizard costs, beside other programs.

All programs show the same text on a pty of 80x24 while the same keys are pressed; each key waits
until the program rests. Bytes are counted at the terminal's side. Needs the extra `bench`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from tests.bench import report, texts
from tests.bench.contenders import CONTENDERS
from tests.term.stage import staged

VMS = 1000


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="starts of which the median is taken")
    args = parser.parse_args()
    there = [one for one in CONTENDERS if not one.needs or find_spec(one.needs)]
    with tempfile.TemporaryDirectory(prefix="serialpass-bench-") as name:
        folder = Path(name)
        with staged(folder / "wizard", VMS) as service:
            texts.write(folder / "texts.json", service, report.CHOSEN)
        _say(f"Python {sys.version.split()[0]}, load before: {os.getloadavg()[0]:.1f}\n")
        _say(report.comparison(there, folder, args.runs))
        for one in CONTENDERS:
            if one not in there:
                _say(f"\nLeft out: {one.name} is not installed; pip install -e '.[bench]'")
        for part in report.FACTS:
            _say(part(folder, args.runs))
        _say(f"\nLoad afterwards: {os.getloadavg()[0]:.1f}")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
