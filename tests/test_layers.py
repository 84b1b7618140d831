"""The layers at run time: what an import really loads. Static contracts miss deferred imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import serialpass_tui

HEAVY = ("textual", "rich", "pyudev", "psutil", "XenAPI", "subprocess", "socket", "asyncio")


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter has after one statement."""
    code = f"{statement}\nimport sys; print(*sys.modules)"
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


NOT_FOR_A_LOOK = {
    "textual", "rich", "asyncio", "logging", "difflib", "hashlib", "shlex",
    "secrets", "XenAPI", "xmlrpc", "http", "ssl", "email", "uuid", "traceback",
    "dataclasses", "inspect", "typing",
}  # fmt: skip
LATER = {
    f"serialpass_tui.{name}"
    for name in (
        "core.boot.companions", "core.boot.edit", "core.changes", "core.codec", "core.guard", "core.job",
        "plain.binding", "plain.boot_entry", "plain.jobs", "service.changing", "service.planning",
        "service.use_cases", "toolstack.session", "toolstack.wire", "toolstack.xl", "tui", "sim", "term",
    )
}  # fmt: skip


@pytest.mark.parametrize("command", ["scan", "status"])
def test_a_look_at_this_host_loads_no_more_than_it_needs(command: str, tmp_path: Path) -> None:
    argv = ["--state-dir", str(tmp_path), "--xapi-socket", str(tmp_path / "none"), command]
    loaded = loaded_by(
        "import contextlib, io; from serialpass_tui import cli\n"
        f"with contextlib.redirect_stdout(io.StringIO()): assert 0 == cli.main({argv!r})\n"
    )
    assert "pyudev" in loaded
    assert set() == loaded & (NOT_FOR_A_LOOK | LATER)


def test_a_first_look_at_a_host_without_jobs_loads_nothing_that_changes_one() -> None:
    machine = Path(serialpass_tui.__file__).parent / "sim/machines/xcp-ng-8.3-bios.json"
    loaded = loaded_by(
        "from serialpass_tui.cli import hosts, options\n"
        f"args = options.build_parser().parse_args(['--machine', {str(machine)!r}])\n"
        "service = hosts.service(args)\n"
        "scan = service.scan(); service.diagnose(scan); assert service.resume() is None"
    )
    assert "serialpass_tui.core.doctoring.diagnosis" in loaded
    changing = {f"service.{name}" for name in ("changing", "ledger", "planning", "running")}
    later = {*changing, "core.guard", "core.undo_text", "core.vm_edit", "host.probe"}
    assert set() == loaded & {f"serialpass_tui.{name}" for name in later}


def test_the_first_screen_loads_none_of_the_later_ones() -> None:
    loaded = loaded_by("from serialpass_tui.tui.app import WizardApp")
    screens = {name for name in loaded if name.startswith("serialpass_tui.tui.screens.")}
    first = {"base", "devices", "listing", "problem", "start"}
    assert {f"serialpass_tui.tui.screens.{name}" for name in first} == screens
    assert "serialpass_tui.tui.answers" not in loaded
