"""The command line: where options may stand, exit statuses, and words instead of tracebacks."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serialpass_tui import __version__, built, cli
from serialpass_tui.cli import wizard
from serialpass_tui.errors import Exit
from serialpass_tui.host.files import LocalFiles
from serialpass_tui.host.journal import StateDirectory
from serialpass_tui.host.local import LocalHost
from serialpass_tui.service import Service
from serialpass_tui.sim import machines

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Stage

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


def test_where_no_terminal_is_the_remedy_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert Exit.USAGE == cli.main(["--demo"])
    said = capsys.readouterr().err
    assert "ssh -t" in said
    assert "TERM" not in said


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

    monkeypatch.setattr(cli.hosts, "ports", burst)
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


def only_document(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """The one JSON document on the output; anything beside it fails to parse."""
    document = json.loads(capsys.readouterr().out)
    assert 1 == document["version"]
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize(
    "argv",
    [
        ["hide", "--json"],
        ["--json", "nosuch"],
        ["scan", "--json", "--nosuch"],
        ["--json"],
        ["preview", "--json", "--file", "x"],
        ["preview", "--json", "--file", "\x1b[31m", "--hide", "zz"],
        ["--demo", "--json"],
    ],
)
def test_every_usage_error_is_one_document_where_one_was_asked_for(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert Exit.USAGE == cli.main(argv)
    problem = only_document(capsys)["problem"]
    assert isinstance(problem, dict)
    assert Exit.USAGE == problem["exit"]


def test_a_usage_error_is_told_in_words_and_drives_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert Exit.USAGE == cli.main(["scan", "--nosuch\x1b[31m"])
    said = capsys.readouterr().err
    assert "(usage)" in said
    assert "usage: serialpass-tui" in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["--demo", "xcp-ng-8.3-bios", "hide", "02:00.0", "--yes"], "demo-is-the-wizard"),
        (["--fault", "disk-full", "scan"], "demo-is-the-wizard"),
        (["--fault", "disk-full"], "fault-needs-demo"),
        (["--dry-run"], "wizard-option"),
        (["--yes"], "wizard-option"),
        (["scan", "--machine", MACHINE, "--host-root", "/"], "machine-and-root"),
        (["preview", "--file", MACHINE], "nothing-asked"),
    ],
)
def test_options_that_would_not_do_what_they_say_are_refused(
    argv: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Exit.USAGE == cli.main(argv)
    assert f"({code})" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["scan"], ["rollback", "--yes"], ["history"]])
def test_a_host_root_that_is_no_directory_is_not_made(
    tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "nosuch"
    assert Exit.USAGE == cli.main([*command, "--host-root", str(root)])
    assert "no-host-root" in capsys.readouterr().err
    assert not root.exists()


@pytest.mark.parametrize("command", [["rollback"], ["rollback", "--dry-run"], ["status"]])
def test_a_host_root_without_boot_files_stays_as_it_is(tmp_path: Path, command: list[str]) -> None:
    assert Exit.DONE == cli.main([*command, "--host-root", str(tmp_path)])
    assert [] == list(tmp_path.iterdir())


def test_a_command_that_is_told_acts_on_the_same_host(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "a disk"
    root.mkdir()
    assert Exit.USAGE == cli.main(["rollback", "j9", "--host-root", str(root), "--yes"])
    assert (
        f"`serialpass-tui --host-root '{root}' history` lists the jobs." in capsys.readouterr().err
    )


def test_record_writes_nothing_on_a_dry_run(tmp_path: Path) -> None:
    file = tmp_path / "host.json"
    assert Exit.DONE == cli.main(["record", str(file), "--machine", MACHINE, "--dry-run"])
    assert not file.exists()


def test_record_replaces_a_file_only_when_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "grub.cfg"
    file.write_text("menuentry")
    argv = ["record", str(file), "--machine", MACHINE]
    assert Exit.USAGE == cli.main(argv)
    assert "menuentry" == file.read_text()
    assert Exit.USAGE == cli.main([*argv, "--json"])
    assert Exit.DONE == cli.main([*argv, "--yes"])
    assert 1 == json.loads(file.read_text())["version"]
    capsys.readouterr()


def test_record_writes_to_no_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    disk = tmp_path / "sda"
    disk.write_bytes(b"partition table")
    monkeypatch.setattr(Path, "is_block_device", lambda path: path == disk)
    monkeypatch.setattr(Path, "is_file", lambda path: path != disk and path.exists())
    assert Exit.FAILED == cli.main(["record", str(disk), "--machine", MACHINE, "--yes"])
    assert b"partition table" == disk.read_bytes()
    assert "block device" in capsys.readouterr().err


@pytest.mark.parametrize("json_asked", [False, True])
def test_an_interruption_is_told_as_what_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], json_asked: bool
) -> None:
    def interrupted(_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.hosts, "ports", interrupted)
    assert Exit.FAILED == cli.main(["scan", *(["--json"] if json_asked else [])])
    if json_asked:
        problem = only_document(capsys)["problem"]
        assert isinstance(problem, dict)
        assert "interrupted" == problem["code"]
    else:
        assert "(interrupted)" in capsys.readouterr().err


def run_cli(*argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program in a process and an environment of its own."""
    return subprocess.run(
        [sys.executable, "-m", "serialpass_tui", *argv],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={"PATH": "/usr/bin:/bin", **environment},
    )


def test_a_console_that_lacks_a_letter_shows_its_number() -> None:
    done = run_cli("vms", "--machine", MACHINE, PYTHONIOENCODING="ascii")
    assert 0 == done.returncode
    assert done.stdout.isascii()


def test_a_log_is_written_where_the_words_say(tmp_path: Path) -> None:
    log = tmp_path / "log"
    run_cli("scan", SERIALPASS_LOG=str(log))
    assert log.is_file()
    unwritable = str(tmp_path / "no" / "log")
    done = run_cli("scan", "--json", "--machine", MACHINE, SERIALPASS_LOG=unwritable)
    assert (2, "log-unwritable") == (done.returncode, json.loads(done.stdout)["problem"]["code"])


def test_a_reader_that_goes_away_is_no_failure() -> None:
    command = f"{sys.executable} -m serialpass_tui scan --machine {MACHINE} | true"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_kill_in_the_middle_of_a_change_is_journalled_and_told(
    open_stage: Callable[..., Stage],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: signal.Signals,
) -> None:
    stage = open_stage()
    bdfs = next(c.bdfs for c in stage.service.scan().candidates if c.selectable)
    before = stage.boot_bytes()

    class Killing(LocalFiles):
        """Files whose writer is killed as soon as the file has its new content."""

        def replace(self, path: str, before: bytes | None, after: bytes | None) -> None:
            """Replace, and be killed."""
            super().replace(path, before, after)
            signal.raise_signal(number)

    journal = StateDirectory(stage.world.state_dir)
    killing = Killing(stage.world.root)
    killed = Service(stage.world.host, killing, stage.toolstack, journal, stage.world.clock)
    monkeypatch.setattr(cli.hosts, "service", lambda _args: killed)
    argv = ["hide", *map(str, bdfs), "--yes", "--json"]
    inherited = signal.signal(number, signal.SIG_DFL)  # whoever runs the tests may ignore it
    try:
        handlers = [signal.getsignal(each) for each in signal.Signals]
        assert Exit.FAILED == cli.main(argv)
        assert handlers == [signal.getsignal(each) for each in signal.Signals]
    finally:
        signal.signal(number, inherited)
    problem = only_document(capsys)["problem"]
    assert isinstance(problem, dict)
    assert "interrupted" == problem["code"]

    (job,) = stage.service.jobs_as_found()
    assert job.awaits_reboot
    monkeypatch.setattr(cli.hosts, "service", lambda _args: stage.service)
    assert Exit.DONE == cli.main(["rollback", "--yes"])
    assert before == stage.boot_bytes()


def test_nohup_is_not_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        monkeypatch.setattr(
            cli.hosts, "ports", lambda _args: seen.append(signal.getsignal(signal.SIGHUP))
        )
        assert Exit.BUG == cli.main(["scan"])  # there is no service: only the handler counts
    finally:
        signal.signal(signal.SIGHUP, before)
    assert [signal.SIG_IGN] == seen


def test_an_installed_tool_tells_its_version_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert 0 == ended.value.code
    assert (f"serialpass-tui {__version__}\n", "") == capsys.readouterr()


def test_a_built_tool_tells_its_commit_and_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b'{"commit": "0123abcd", "parts": {"CPython": "3.13.5", "musl": "1.2.5"}}'
    monkeypatch.setattr(built, "get_data", lambda _package, _name: data)
    told = f"serialpass-tui {__version__}\ncommit 0123abcd\nCPython 3.13.5\nmusl 1.2.5"
    assert told == built.version()


def test_the_wizard_is_refused_outside_a_dom0_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def read(_host: object) -> None:
        raise AssertionError("the wizard reads the host itself")

    monkeypatch.setattr(wizard, "terminal_of", lambda _wanted, _state: None)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(LocalHost, "inventory", read)
    assert Exit.FAILED == cli.main([])
    assert "(not-dom0)" in capsys.readouterr().err
