"""The benchmark still runs: its recorder, on the smallest of its programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench import recorder, report, texts
from tests.bench.contenders import CONTENDERS
from tests.bench.recorder import way
from tests.term.stage import staged

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

CHOSEN = "guest-0007"
CURSES = next(one for one in CONTENDERS if one.name == "curses")


def test_one_row_for_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "IDLE", 0.2)
    monkeypatch.setattr(recorder.Recorder, "rest", 0.02)
    with staged(tmp_path / "wizard", 10) as service:
        texts.write(tmp_path / "texts.json", service, CHOSEN)
    table = report.comparison([CURSES], tmp_path, runs=1, terms=["linux"], chosen=CHOSEN)
    heads, rule, *rows = (
        [cell.strip() for cell in line.split("|")[1:-1]] for line in table.split("\n")
    )
    assert list(report.HEADS) == heads
    assert {"---", "---:"} == set(rule)
    assert [["linux", "curses"]] == [row[:2] for row in rows]
    for row in rows:
        counts = [float(cell) for cell in row[2:]]
        assert len(heads) == len(row)
        first, *_, idle, whole = counts[:8]
        assert 0 == idle
        assert 24 * 20 < first < whole
        assert f"{whole / 960:.1f}" == row[heads.index("path, s at 9600")]
        assert all(count > 0 for count in counts[:6] + counts[7:])
    assert {kind for kind, _, _ in way(CHOSEN) if kind} == set(report.KINDS)
