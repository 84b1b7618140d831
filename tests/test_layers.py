"""The layers at run time: what an import really loads. Static contracts miss deferred imports."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("textual", "rich", "pyudev", "psutil", "XenAPI", "subprocess", "socket", "asyncio")


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter has after one statement."""
    code = f"{statement}; import sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("serialpass_tui", HEAVY),
        ("serialpass_tui.core.wizard", HEAVY),
        ("serialpass_tui.service", HEAVY),
        ("serialpass_tui.plain", HEAVY),
        ("serialpass_tui.cli", ("textual", "rich", "pyudev", "psutil", "XenAPI")),
        ("serialpass_tui.sim.host", ("textual", "rich", "pyudev", "psutil", "XenAPI")),
        ("serialpass_tui.host.local", ("textual", "rich", "XenAPI")),
    ],
)
def test_import_loads_nothing_heavy(module: str, forbidden: tuple[str, ...]) -> None:
    loaded = {name.partition(".")[0] for name in loaded_by(f"import {module}")}
    assert set() == loaded & set(forbidden)


def test_the_package_root_imports_nothing_of_itself() -> None:
    loaded = loaded_by("import serialpass_tui")
    assert set() == {name for name in loaded if name.startswith("serialpass_tui.")}
