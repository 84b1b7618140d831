"""No job is lost, wherever its process ends; `python -m tests.crash` meets every point."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.crash.errands import ERRANDS
from tests.crash.report import BEGIN, END
from tests.crash.runs import FAULTS, ground, points, scratch, table

EVERY = 41
"""Of so many system calls one is met in the usual run, another with each fault."""
NAMES = [errand.name for errand in ERRANDS]


@pytest.mark.parametrize("name", NAMES)
def test_a_job_that_a_fault_meets_gets_to_its_end_or_back(name: str) -> None:
    with scratch() as folder:
        found = table(name, folder, EVERY)
        assert points(ground(name, folder), EVERY)
    assert {"killed before", "ENOSPC", "EIO"} <= {fault for fault, _ in found} <= set(FAULTS)


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_has_the_points_that_the_harness_counts(name: str) -> None:
    readme = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")
    part = readme.split(BEGIN)[1].split(END)[0]
    every = int(re.search(r"--every (\d+)", part)[1]) if "--every" in part else 1  # type: ignore[index]
    row = re.search(rf"^\| {re.escape(name)} \| (\d+) \| (\d+) \|.* (\d+) \|$", part, re.MULTILINE)
    assert row is not None, f"no row for {name}: python -m tests.crash --write"
    with scratch() as folder:
        base = ground(name, folder)
    assert (len(base.calls), len(points(base, every)), 0) == tuple(map(int, row.groups()))
