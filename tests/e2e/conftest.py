"""The rig among the tests: the longest first, and never left out without a word."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.rig import inputs

if TYPE_CHECKING:
    from collections.abc import Sequence

MARKS = {"rig": ".ci/rig", "rig_long": ".ci/rig -m rig_long"}
_FEW = 4
"""So many tests of one file are told one by one."""

_left_out: dict[str, int] = defaultdict(int)


def _seconds(item: pytest.Item) -> float:
    mark = item.get_closest_marker("rig")
    return float(mark.args[0]) if mark is not None and mark.args else 0.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker is left alone with it at the end."""
    items.sort(key=_seconds, reverse=True)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Count what does not run."""
    for item in items:
        for name in MARKS:
            _left_out[name] += item.get_closest_marker(name) is not None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With several workers, only they see what does not run; the one that prints must know."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_out"] = dict(_left_out)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Every worker has the same tests, and tells of the same ones."""
    _left_out.update(getattr(node, "workeroutput", {}).get("left_out", {}))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell how long each part of the rig took, and which part of it did not run."""
    for line in (*_parts(terminalreporter.stats), *_not_run()):
        terminalreporter.write_line(line)


def _parts(stats: dict[str, list[Any]]) -> list[str]:
    """Seconds by file; where several workers ran, together longer than the clock on the wall."""
    took: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for report in (report for reports in stats.values() for report in reports):
        path, _, test = getattr(report, "nodeid", "").partition("::")
        if Path(path).name.startswith("test_rig_") and hasattr(report, "duration"):
            took[Path(path).stem.removeprefix("test_rig_")][test] += report.duration
    lines = []
    for part, tests in took.items():
        each = [f"{test.partition('[')[2][:-1] or test}: {s:.0f} s" for test, s in tests.items()]
        line = f"rig: {part.replace('_', ' ')}, {len(tests)} in {sum(tests.values()):.0f} s"
        lines.append(f"{line} ({', '.join(each)})" if 1 < len(each) <= _FEW else line)
    return lines


def _not_run() -> list[str]:
    lines = [
        f"rig: not run: {count} {'test' if count == 1 else 'tests'} on a real Xen in QEMU; "
        f"{MARKS[name]} runs {'it' if count == 1 else 'them'}"
        for name, count in _left_out.items()
        if count
    ]
    if lines and (lacking := inputs.missing()):
        lines.append(f"rig: missing here: {', '.join(lacking)}")
    return lines
