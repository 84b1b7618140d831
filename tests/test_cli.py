"""The command line: where options may stand, exit statuses, and words instead of tracebacks."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from serialpass_tui import cli
from serialpass_tui.errors import Exit
from serialpass_tui.sim import machines

MACHINES = Path(str(resources.files("serialpass_tui"))) / "sim" / "machines"
MACHINE = str(MACHINES / "xcp-ng-8.3-bios.json")


@pytest.mark.parametrize(
    "argv", [["--machine", MACHINE, "--json", "scan"], ["scan", "--machine", MACHINE, "--json"]]
)
def test_options_stand_before_or_after_the_command(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert Exit.DONE == cli.main(argv)
    document = json.loads(capsys.readouterr().out)
    assert 1 == document["version"]
    assert "0000:02:00.0" in str(document["devices"])


@pytest.mark.parametrize("name", machines.names())
@pytest.mark.parametrize("command", [["scan"], ["status"], ["vms"], ["history"]])
def test_looking_at_every_machine(
    name: str, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    argv = [*command, "--machine", str(MACHINES / f"{name}.json"), "--json"]
    assert Exit.DONE == cli.main(argv)
    assert 1 == json.loads(capsys.readouterr().out)["version"]


def test_a_recording_is_not_written_to(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    machine = tmp_path / "host.json"
    shutil.copy(MACHINE, machine)
    before = machine.read_bytes()
    argv = ["hide", "02:00.0", "02:00.1", "--machine", str(machine), "--yes"]
    assert Exit.USAGE == cli.main(argv)
    assert "recorded-host" in capsys.readouterr().err
    assert before == machine.read_bytes()
    assert ["host.json"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("argv", "status", "code"),
    [
        (["hide", "02.00.0", "--machine", MACHINE], Exit.USAGE, "bad-bdf"),
        (["hide", "7f:00.0", "--machine", MACHINE], Exit.REFUSED, "no-such-device"),
        (["bind", "nosuch", "02:00.0", "--machine", MACHINE], Exit.USAGE, "no-such-vm"),
        (["rollback", "99", "--machine", MACHINE], Exit.USAGE, "no-such-job"),
        (["scan", "--machine", "/nonexistent"], Exit.USAGE, "bad-recording"),
        (["preview", "--file", "/nonexistent", "--hide", "02:00.0"], Exit.FAILED, "file-missing"),
        (["--demo", "nosuch"], Exit.USAGE, "no-terminal"),
        (["--answers", "x"], Exit.USAGE, "answers-need-demo"),
    ],
)
def test_problems_have_words_a_code_and_a_status(
    argv: list[str], status: Exit, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status == cli.main(argv)
    said = capsys.readouterr().err
    assert f"({code})" in said
    assert "Traceback" not in said


def test_a_problem_is_a_document_where_one_was_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    argv = ["hide", "7f:00.0", "--machine", MACHINE, "--json"]
    assert Exit.REFUSED == cli.main(argv)
    problem = json.loads(capsys.readouterr().out)["problem"]
    assert ("no-such-device", 3) == (problem["code"], problem["exit"])


def test_demo_list_names_the_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert Exit.DONE == cli.main(["--demo", "list"])
    assert list(machines.names()) == capsys.readouterr().out.split()


def test_a_bug_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def burst(_args: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(cli, "_service", burst)
    assert Exit.BUG == cli.main(["scan"])
    said = capsys.readouterr().err
    assert "RuntimeError: boom" in said
    assert "Traceback" not in said


def test_rescue_edits_a_mounted_disk_and_takes_it_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = machines.load("xcp-ng-8.3-bios")
    (text,) = recording.inventory.boot_files
    boot_file = tmp_path / text.path.lstrip("/")
    boot_file.parent.mkdir(parents=True)
    first = text.data.replace(b"root=", b"xen-pciback.hide=(0000:7e:00.0)(0000:7f:00.0) root=", 1)
    boot_file.write_bytes(first)
    (tmp_path / "lib/modules/4.19.0+1").mkdir(parents=True)
    root = ["--host-root", str(tmp_path), "--yes"]

    assert Exit.DONE == cli.main(["unhide", "7e:00.0", *root])
    assert b"xen-pciback.hide=(0000:7f:00.0)" in boot_file.read_bytes()
    assert (tmp_path / "var/lib/serialpass-tui/journal").is_file()
    assert Exit.DONE == cli.main(["rollback", *root])
    assert first == boot_file.read_bytes()
    assert Exit.DONE == cli.main(["history", *root])
    assert "rolled back" in capsys.readouterr().out


def test_scan_and_record_on_this_machine_as_it_is(tmp_path: Path) -> None:
    run = [sys.executable, "-m", "serialpass_tui"]
    state = ["--state-dir", str(tmp_path / "state")]
    done = subprocess.run(
        [*run, "scan", "--json", *state], capture_output=True, text=True, check=True, timeout=120
    )
    assert 1 == json.loads(done.stdout)["version"]
    file = tmp_path / "host.json"
    subprocess.run([*run, "record", str(file), *state], check=True, timeout=120)
    again = subprocess.run(
        [*run, "scan", "--json", "--machine", str(file)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    keys = [device["key"] for device in json.loads(done.stdout)["devices"]]
    assert keys == [device["key"] for device in json.loads(again.stdout)["devices"]]
    assert not (tmp_path / "state").exists()
