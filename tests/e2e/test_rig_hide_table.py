"""The kernel's own reading of hide values, measured anew and held against the data file.

tests/core/test_hide_measured.py holds core and the simulator against the same file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.rig.dom0 import scratch
from tests.e2e.rig.measure import row
from tests.e2e.rig.table import measure
from tests.hide_table import KEPT, WRITTEN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from _pytest.mark.structures import ParameterSet

_SAMPLE = 8
"""One in so many values is measured each time; the kernel is the same each time too."""


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """One disk for all rows: nothing but its boot file is ever written."""
    with scratch() as folder:
        yield folder


def _one(number: int, words: str) -> ParameterSet:
    mark = pytest.mark.rig_long if number % _SAMPLE else pytest.mark.rig(10)
    return pytest.param(words, marks=mark)


@pytest.mark.parametrize("words", [_one(n, row["cmdline"]) for n, row in enumerate(WRITTEN)])
def test_the_kernel_reads_as_it_did(words: str, place: Path) -> None:
    assert KEPT[words] == row(measure(place, words))
