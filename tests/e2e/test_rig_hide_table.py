"""The kernel's own reading of hide values, measured anew and held against the data file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.rig.dom0 import scratch
from tests.e2e.rig.measure import MEASURED, row, wanted
from tests.e2e.rig.table import measure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEPT: dict[str, Any] = {
    kept["cmdline"]: kept for kept in json.loads(MEASURED.read_text(encoding="utf-8"))["rows"]
}
SHORT = (
    "root=/dev/sda1 ro quiet",
    "ro xen-pciback.hide=(02:00.0) quiet",
    "xen-pciback.hide=(0000:02:00.0)(0000:05:00.0)",
    "xen-pciback.hide=(00:09.0)(05:00.0)",
    "xen-pciback.hide=(00:1c.0)",
    'xen-pciback.hide="(02:00.0) (05:00.0)" quiet',
    "xen-pciback.hide=(05:00.0) (02:00.0) (00:1d.0)",
    "xen-pciback.hide=(02:00.0) quiet xen-pciback.hide=(05:00.0)",
    "xen_pciback.hide=(02:00.0)",
    "pciback.hide=(02:00.0)",
    "xen-pciback.hide=(02:*.*)",
    "xen-pciback.hide=(05:00.0),(02:00.0)",
    "xen-pciback.hide=05:00.0",
    "xen-pciback.hide=(02.00.0)",
    "xen-pciback.hide=(05:00.0)(00:1f.9)(06:00.0)",
)
"""One of each kind; all others are measured with the marker rig_long."""


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """One disk for all rows: nothing but its boot file is ever written."""
    with scratch() as folder:
        yield folder


@pytest.mark.rig
@pytest.mark.parametrize("words", SHORT)
def test_the_kernel_reads_as_it_did(words: str, place: Path) -> None:
    assert KEPT[words] == row(measure(place, words))


@pytest.mark.rig_long
@pytest.mark.parametrize("words", [words for words in wanted() if words not in SHORT])
def test_the_kernel_reads_the_rest_as_it_did(words: str, place: Path) -> None:
    assert KEPT[words] == row(measure(place, words))
