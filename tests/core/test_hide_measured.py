"""What a real kernel did with each hide value, against the three that only read about it."""

from __future__ import annotations

import pytest

from tests.hide_table import ROWS, WRITTEN, Row


def test_every_written_row_was_measured() -> None:
    assert [row["cmdline"] for row in WRITTEN] == [row.words for row in ROWS]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.words)
def test_kernel_core_and_simulator_agree(row: Row) -> None:
    # The loader hands the line on with runs of blanks made one: the reading must not mind.
    for line in (row.words, row.booted):
        assert row.kernel.without(row.bridges) == row.core(line)
        assert row.kernel == row.simulator(line)
    assert row.kernel.without(row.bridges) == row.written()


@pytest.mark.parametrize(
    ("what", "words", "verdict"),
    [
        ("canonical", "xen-pciback.hide=(0000:02:00.0)(0000:05:00.0)", "02:00.0 05:00.0"),
        ("short", "ro xen-pciback.hide=(02:00.0) quiet", "02:00.0"),
        ("blanks", "xen-pciback.hide=(05:00.0) (02:00.0) (00:1d.0)", "05:00.0"),
        ("quoted", 'xen-pciback.hide="(02:00.0) (05:00.0)" quiet', "02:00.0 05:00.0"),
        ("a dot for the colon", "xen-pciback.hide=(02.00.0)", "no pciback at all"),
        ("repeated", "xen-pciback.hide=(02:00.0) quiet xen-pciback.hide=(05:00.0)", "05:00.0"),
        ("an old kernel's name", "pciback.hide=(02:00.0)", "nothing"),
        ("no such device", "xen-pciback.hide=(00:09.0)(05:00.0)", "05:00.0"),
        ("wildcard", "xen-pciback.hide=(02:00.*)", "02:00.0 02:00.1"),
        ("bridge", "xen-pciback.hide=(00:1c.0)", "00:1c.0 02:00.0 02:00.1 02:01.0"),
    ],
)
def test_what_people_write_was_measured(what: str, words: str, verdict: str) -> None:
    assert [verdict] == [str(row.kernel) for row in ROWS if row.words == words], what
