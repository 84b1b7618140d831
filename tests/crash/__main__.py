"""The kill table: `python -m tests.crash [--every N] [--workers N] [--write] [JOB ...]`."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.crash.errands import ERRANDS
from tests.crash.report import markdown, put_into
from tests.crash.runs import Lost, ground, meet, points, scratch, way_back

NAMES = [errand.name for errand in ERRANDS]


def run(name: str, every: int) -> tuple[str, int, Counter[str]]:
    """All points of one job; what is lost is told and counted."""
    counted: Counter[str] = Counter()
    with scratch() as folder:
        base = ground(name, folder)
        for fault, at in points(base, every):
            try:
                counted[meet(base, folder, fault, at, back=way_back(fault, at))] += 1
            except Lost as lost:
                counted["lost"] += 1
                sys.stderr.write(f"LOST {lost}\n")
    sys.stderr.write(f"{name}: {dict(counted)}\n")
    return name, len(base.calls), counted


def main() -> int:
    """Run the jobs named, print the table; 1 if anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash")
    parser.add_argument("--every", type=int, default=1, help="meet one call in so many")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="put the table into the README")
    parser.add_argument("job", nargs="*", default=NAMES, metavar="JOB", help=", ".join(NAMES))
    args = parser.parse_args()
    begun = time.monotonic()
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(args.workers, mp_context=context) as pool:
        done = list(pool.map(run, args.job, [args.every] * len(args.job)))
    rows = {name: (calls, counted) for name, calls, counted in done}
    table = markdown(rows, args.every, time.monotonic() - begun)
    sys.stdout.write(table)
    if args.write:
        put_into(Path(__file__).parents[2] / "README.md", table)
    return int(any(counted["lost"] for _, counted in rows.values()))


if __name__ == "__main__":
    sys.exit(main())
