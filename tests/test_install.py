"""`install` and `uninstall` over a simulated dom0 with real files, as the command line runs them."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from serialpass_tui import cli
from serialpass_tui.core import installing
from serialpass_tui.core.installing import HINT, HOME, Program
from serialpass_tui.core.job import Goal, Outcome
from serialpass_tui.errors import Exit
from serialpass_tui.sim import machines
from tests.installs import FEATURE, LINK, furnish, program, service_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from serialpass_tui.service import Service
    from tests.conftest import Stage

CARD = ("0000:02:00.0", "0000:02:00.1")


class Dom0:
    """A simulated dom0, the program that runs on it, and its command line."""

    def __init__(
        self, stage: Stage, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
    ) -> None:
        self.stage, self.root = stage, stage.world.root
        self.folder, self.capsys = folder, capsys
        self.program: Program | None = program(folder)
        furnish(self.root)
        monkeypatch.setattr(cli.hosts, "service", lambda _args: self.service)

    @property
    def service(self) -> Service:
        return service_of(self.stage, self.program)

    def run(self, *argv: str, status: Exit = Exit.DONE) -> str:
        assert status == cli.main(argv)
        said = self.capsys.readouterr()
        return str(said.out + said.err)

    def document(self, *argv: str, status: Exit = Exit.DONE) -> Any:
        return json.loads(self.run(*argv, "--json", status=status))

    def path(self, host_path: str) -> Path:
        return self.root / host_path.lstrip("/")

    @property
    def tree(self) -> dict[str, tuple[int, bytes | str]]:
        """Everything on the host's disk: kind and mode, and bytes or the link's target."""
        return {
            str(place.relative_to(self.root)): (
                place.lstat().st_mode,
                str(place.readlink())
                if place.is_symlink()
                else place.read_bytes()
                if place.is_file()
                else "",
            )
            for place in self.root.rglob("*")
        }


@pytest.fixture
def dom0(
    open_stage: Callable[..., Stage],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Dom0:
    return Dom0(open_stage(), tmp_path, monkeypatch, capsys)


def test_the_program_is_copied_linked_and_told_of(dom0: Dom0) -> None:
    said = dom0.run("install", "--yes")
    assert dom0.program is not None
    copy = dom0.path(dom0.program.home)
    assert Path(dom0.program.path).read_bytes() == copy.read_bytes()
    assert 0o755 == copy.stat().st_mode & 0o7777
    assert dom0.program.home == str(dom0.path(LINK).readlink())
    assert LINK.encode() in dom0.path(FEATURE).read_bytes()
    assert dom0.path(HINT).is_file()
    assert f"`{LINK}` starts it" in said
    (job,) = dom0.service.jobs()
    assert (Goal.INSTALL, Outcome.DONE) == (job.goal, job.outcome)
    dom0.run("install", "--yes")
    assert 1 == len(dom0.service.jobs())


def test_digest_and_size_are_shown_and_kept_not_the_bytes(dom0: Dom0) -> None:
    said = dom0.run("install", "--dry-run")
    assert dom0.program is not None
    assert dom0.program.seal is not None
    assert f"300000 bytes, SHA-256 {dom0.program.seal.sha256}" in said
    dom0.run("install", "--yes")
    dom0.program = program(dom0.folder, "1.1")
    dom0.run("install", "--yes")
    dom0.run("uninstall", "--yes")
    state = dom0.stage.world.state_dir
    assert 60_000 > sum(place.stat().st_size for place in state.rglob("*") if place.is_file())


def test_uninstall_leaves_no_byte_and_says_where_the_rest_is(dom0: Dom0) -> None:
    first = dom0.tree
    dom0.run("install", "--yes")
    said = dom0.run("uninstall", "--yes")
    assert first == dom0.tree
    assert f"What stays: {dom0.stage.world.state_dir} with the journal and the backups" in said
    assert {"journal", "backups", "lock"} == {p.name for p in dom0.stage.world.state_dir.iterdir()}
    assert "Nothing is installed here" in dom0.run("uninstall", "--yes")


def test_an_upgrade_keeps_what_runs_and_uninstall_takes_both(dom0: Dom0) -> None:
    first, old = dom0.tree, dom0.program
    dom0.run("install", "--yes")
    dom0.program = new = program(dom0.folder, "1.1")
    assert old is not None
    said = dom0.run("install", "--yes")
    assert f"{old.home} stays" in said
    assert new.home == str(dom0.path(LINK).readlink())
    assert {Path(old.home).name, Path(new.home).name} == {p.name for p in dom0.path(HOME).iterdir()}
    dom0.run("uninstall", "--yes")
    assert first == dom0.tree


def test_a_text_of_an_older_version_is_replaced_and_leaves_no_copy(
    dom0: Dom0, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = dom0.tree
    with monkeypatch.context() as older:
        older.setattr(installing, "hint", lambda told: f"# older\n# {told}\n".encode())
        dom0.run("install", "--yes")
    dom0.run("install", "--yes")
    assert b"case $-" in dom0.path(HINT).read_bytes()
    assert [HINT] == [f"/etc/profile.d/{p.name}" for p in dom0.path("/etc/profile.d").iterdir()]
    dom0.run("uninstall", "--yes")
    assert first == dom0.tree


def test_jobs_between_are_no_matter_and_stay(dom0: Dom0) -> None:
    dom0.run("install", "--yes")
    dom0.run("hide", *CARD, "--yes")
    dom0.stage.world.host.boot()
    dom0.service.resume()
    hidden = dom0.stage.boot_bytes()
    said = dom0.run("uninstall", "--yes")
    assert hidden == dom0.stage.boot_bytes()
    assert "`serialpass-tui rollback --all` first takes that back" in said
    assert not dom0.path(HOME).exists()


def test_an_open_job_comes_first(dom0: Dom0) -> None:
    dom0.run("install", "--yes")
    dom0.run("hide", *CARD, "--trial", "--yes")
    before = dom0.tree
    assert "(job-open)" in dom0.run("uninstall", "--yes", status=Exit.REFUSED)
    assert before == dom0.tree
    dom0.run("rollback", "--last", "--yes")
    dom0.run("uninstall", "--yes")
    assert not dom0.path(HOME).exists()


@pytest.mark.parametrize("path", [HINT, FEATURE])
def test_an_edit_of_somebody_else_is_told_and_kept(dom0: Dom0, path: str) -> None:
    dom0.run("install", "--yes")
    text = dom0.path(path).read_bytes()
    dom0.path(path).write_bytes(text + b"# theirs\n")
    before = dom0.tree
    said = dom0.run("uninstall", "--yes", status=Exit.CONFLICT)
    assert "(own-file-changed)" in said
    assert "+# theirs" in said
    assert before == dom0.tree
    dom0.path(path).write_bytes(text)
    dom0.run("uninstall", "--yes")
    assert not dom0.path(HOME).exists()


def test_another_program_in_its_place_is_told_and_kept(dom0: Dom0) -> None:
    dom0.run("install", "--yes")
    assert dom0.program is not None
    dom0.path(dom0.program.home).write_bytes(b"another")
    before = dom0.tree
    assert "(own-file-changed)" in dom0.run("uninstall", "--yes", status=Exit.CONFLICT)
    assert "(place-taken)" in dom0.run("install", "--yes", status=Exit.CONFLICT)
    assert before == dom0.tree


@pytest.mark.parametrize("path", [HINT, FEATURE, LINK])
def test_what_somebody_else_has_in_a_place_is_left_there(dom0: Dom0, path: str) -> None:
    dom0.path(path).write_bytes(b"theirs\n")
    before = dom0.tree
    assert "(place-taken)" in dom0.run("install", "--yes", status=Exit.CONFLICT)
    assert before == dom0.tree
    assert "Nothing is installed" in dom0.run("uninstall", "--yes")
    assert before == dom0.tree


def test_a_file_of_somebody_else_keeps_the_folder(dom0: Dom0) -> None:
    dom0.run("install", "--yes")
    dom0.path(f"{HOME}/notes").write_bytes(b"theirs\n")
    dom0.run("uninstall", "--yes")
    assert ["notes"] == [place.name for place in dom0.path(HOME).iterdir()]


def test_what_was_taken_away_by_hand_is_no_conflict(dom0: Dom0) -> None:
    first = dom0.tree
    dom0.run("install", "--yes")
    dom0.path(HINT).unlink()
    dom0.path(LINK).unlink()
    dom0.run("uninstall", "--yes")
    assert first == dom0.tree


def test_without_its_journal_this_version_is_found_all_the_same(dom0: Dom0) -> None:
    first = dom0.tree
    dom0.run("install", "--yes")
    (dom0.stage.world.state_dir / "journal").unlink()
    dom0.run("uninstall", "--yes")
    assert first == dom0.tree


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_nothing_is_done_unasked(dom0: Dom0, command: str) -> None:
    if command == "uninstall":
        dom0.run("install", "--yes")
    before = dom0.tree
    assert "Dry run" in dom0.run(command, "--dry-run")
    assert "Give --yes" in dom0.run(command, status=Exit.USAGE)
    shown = dom0.document(command, status=Exit.USAGE)
    assert (False, None) == (shown["applied"], shown["job"])
    assert before == dom0.tree
    done = dom0.document(command, "--yes")
    assert done["applied"]
    assert {"edit-file", "link", "copy-program"} == {item["kind"] for item in done["changes"]}
    assert str(dom0.stage.world.state_dir) == done["state"]


def test_a_source_that_changed_since_it_was_shown_is_not_copied(dom0: Dom0) -> None:
    before = dom0.tree
    assert dom0.program is not None
    Path(dom0.program.path).write_bytes(b"another program\n")
    assert "(source-changed)" in dom0.run("install", "--yes", status=Exit.CONFLICT)
    assert before == dom0.tree
    Path(dom0.program.path).unlink()
    assert "(source-changed)" in dom0.run("install", "--yes", status=Exit.CONFLICT)
    assert before == dom0.tree
    dom0.program = program(dom0.folder)
    dom0.run("install", "--yes")
    dom0.run("uninstall", "--yes")
    assert before == dom0.tree


def test_rollback_leaves_the_tool_installed(dom0: Dom0) -> None:
    boot = dom0.stage.boot_bytes()
    dom0.run("install", "--yes")
    dom0.run("hide", *CARD, "--yes")
    dom0.run("rollback", "--all", "--yes")
    assert boot == dom0.stage.boot_bytes()
    assert dom0.path(LINK).is_symlink()
    said = dom0.run("rollback", "1", "--yes", status=Exit.USAGE)
    assert "`serialpass-tui uninstall` takes it away" in said
    assert dom0.path(LINK).is_symlink()


def test_what_pip_has_installed_stays_where_it_is(dom0: Dom0) -> None:
    first = dom0.tree
    script = dom0.path("/srv/venv/bin/serialpass-tui")
    script.parent.mkdir(parents=True)
    script.write_bytes(b"#!/bin/sh\n")
    dom0.program = Program("/srv/venv/bin/serialpass-tui", "1.0", None)
    said = dom0.run("install", "--yes")
    assert "stays where pip has put it: /srv/venv/bin/serialpass-tui" in said
    assert "/srv/venv/bin/serialpass-tui" == str(dom0.path(LINK).readlink())
    assert not dom0.path(HOME).exists()
    dom0.run("uninstall", "--yes")
    assert script.is_file()
    shutil.rmtree(dom0.path("/srv"))
    assert first == dom0.tree


def test_python_m_has_nothing_that_could_be_linked(dom0: Dom0) -> None:
    dom0.program = Program("", "1.0", None)
    assert "(no-program)" in dom0.run("install", "--yes", status=Exit.USAGE)


def test_a_host_without_xsconsole_gets_no_menu_entry(dom0: Dom0) -> None:
    dom0.path(FEATURE).parent.rmdir()
    dom0.run("install", "--yes")
    assert not dom0.path(FEATURE).exists()
    assert dom0.path(LINK).is_symlink()


def test_a_workstation_is_told_where_to_install(capsys: pytest.CaptureFixture[str]) -> None:
    if os.path.exists("/proc/xen/capabilities"):  # noqa: PTH110
        pytest.skip("this is a dom0")
    assert Exit.FAILED == cli.main(["install", "--yes"])
    assert "(not-dom0)" in capsys.readouterr().err


def test_a_mounted_disk_is_uninstalled_from_and_not_installed_on(
    dom0: Dom0, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = dom0.tree
    dom0.run("install", "--yes")
    monkeypatch.undo()
    there = ["--host-root", str(dom0.root), "--state-dir", str(dom0.stage.world.state_dir), "--yes"]
    assert Exit.USAGE == cli.main(["install", *there])
    assert "(not-running)" in capsys.readouterr().err
    assert Exit.DONE == cli.main(["uninstall", *there])
    assert first == dom0.tree


def test_settings_of_terminals_go_too(tmp_path: Path) -> None:
    """The state directory of a disk mounted somewhere, where it is part of that disk."""
    state = tmp_path / "var/lib/serialpass-tui"
    state.mkdir(parents=True, mode=0o700)
    (state / "terminals").write_bytes(b"{}\n")
    assert Exit.DONE == cli.main(["uninstall", "--host-root", str(tmp_path), "--yes"])
    assert {"journal", "backups", "lock"} == {place.name for place in state.iterdir()}


# --- the doctor


def test_the_doctor_finds_what_an_upgrade_took_away_and_puts_it_back(dom0: Dom0) -> None:
    dom0.run("install", "--yes")
    whole = dom0.tree
    shutil.rmtree(dom0.path(HOME))
    for path in (LINK, HINT, FEATURE):
        dom0.path(path).unlink()
    found = dom0.document("doctor", "--dry-run", status=Exit.UNCONFIRMED)
    (ailment,) = found["ailments"]
    assert ("install-lost", True) == (ailment["code"], ailment["repair"])
    assert all(path in ailment["what"] for path in (HOME, LINK, HINT, FEATURE))
    dom0.run("doctor", "--yes")
    assert whole == dom0.tree
    assert "Nothing is wrong" in dom0.run("doctor", "--dry-run")


def test_the_doctor_tells_an_edit_and_leaves_it(dom0: Dom0) -> None:
    dom0.run("install", "--yes")
    dom0.path(HINT).write_bytes(b"# theirs\n")
    (ailment,) = dom0.document("doctor", status=Exit.UNCONFIRMED)["ailments"]
    assert ("install-lost", False) == (ailment["code"], ailment["repair"])
    assert "somebody else changed it" in ailment["remedy"]


def test_a_repair_that_is_rolled_back_leaves_the_tool(dom0: Dom0) -> None:
    dom0.run("install", "--yes")
    dom0.path(LINK).unlink()
    dom0.run("doctor", "--yes")
    dom0.run("rollback", "--all", "--yes")
    assert dom0.path(LINK).is_symlink()


# --- UNDO.txt


def test_the_shells_way_back_takes_it_away(dom0: Dom0) -> None:
    first = dom0.tree
    dom0.run("install", "--yes")
    undo = dom0.stage.world.state_dir / "backups" / "job-1" / "UNDO.txt"
    done = subprocess.run(
        ["sh", str(undo)], cwd=dom0.root, capture_output=True, text=True, check=True
    )
    assert "left alone" not in done.stdout + done.stderr
    assert first == dom0.tree


# --- the hint at a login

SHELLS = [name for name in ("bash", "dash", "ksh", "zsh") if shutil.which(name)]


def log_in(shell: str, hint: Path, *, interactive: bool) -> str:
    """What a shell says that reads the hint, with every variable that is not set being fatal."""
    ask = ["-i"] if interactive else []
    plain = ["--norc", "--noprofile"] if shell == "bash" else []
    done = subprocess.run(
        [shell, *plain, *ask, "-u", "-c", f". {hint}; echo $?"],
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin"},
    )
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_a_login_is_told_of_an_open_job_and_of_nothing_else(dom0: Dom0, shell: str) -> None:
    dom0.run("install", "--yes")
    hint = dom0.path(HINT)
    assert "0\n" == log_in(shell, hint, interactive=True)
    dom0.run("hide", *CARD, "--yes")
    assert "0\n" == log_in(shell, hint, interactive=False)
    line, status = log_in(shell, hint, interactive=True).splitlines()
    assert re.fullmatch(
        r"serialpass-tui: job 2, hide 0000:02:00.0, 0000:02:00.1, is open: run serialpass-tui", line
    )
    assert "0" == status
    dom0.run("rollback", "--yes")
    assert "0\n" == log_in(shell, hint, interactive=True)


def test_without_the_hint_nothing_is_written_for_it(dom0: Dom0) -> None:
    dom0.run("hide", *CARD, "--yes")
    assert not (dom0.stage.world.state_dir / "open").exists()


def test_a_trial_is_told_by_the_hint_and_not_in_the_banner(dom0: Dom0) -> None:
    dom0.run("install", "--yes")
    dom0.run("hide", *CARD, "--trial", "--yes")
    dom0.stage.world.host.boot()
    line = dom0.run("boot-check")
    assert "trial boot, 2 of 2 devices hidden" in line
    assert line == (dom0.stage.world.state_dir / "open").read_text()
    assert not dom0.path("/etc/motd").exists()
    dom0.stage.world.host.boot()
    assert "back from a trial boot" in dom0.run("boot-check")
    assert "back from a trial" in (dom0.stage.world.state_dir / "open").read_text()


def test_a_disk_that_is_full_costs_the_hint_alone(dom0: Dom0) -> None:
    dom0.run("install", "--yes")
    (dom0.stage.world.state_dir / "open").mkdir()
    dom0.run("hide", *CARD, "--yes")
    assert b"xen-pciback.hide=" in dom0.stage.boot_bytes()


# --- the entry in the menu of xsconsole

XSCONSOLE = '''\
"""What stands for xsconsole: it tells what a feature does with it."""
import imp, sys

class Importer:
    plugIns = {}
    @classmethod
    def RegisterNamedPlugIn(cls, inObj, inName, inParams):
        cls.plugIns[inName] = inParams

class Layout:
    command = None
    @classmethod
    def Inst(cls):
        return cls
    @classmethod
    def SubshellCommandSet(cls, inCommand):
        cls.command = inCommand

class DialogueUtils:
    @classmethod
    def AuthenticatedOnly(cls, inFunction):
        inFunction()

class Pane:
    def AddTitleField(self, text):
        sys.stdout.write("title %s\\n" % text)
    def AddWrappedTextField(self, text):
        sys.stdout.write("text %s\\n" % text)
    def NewLine(self):
        sys.stdout.write("\\n")

def Lang(text):
    return text
'''
LOADER = """\
import imp, sys
sys.path.insert(0, sys.argv[1])
import XSConsoleStandard as console
found = imp.find_module("XSFeatureSerialPass", [sys.argv[2]])
imp.load_module("XSFeatureSerialPass", *found)
entry = console.Importer.plugIns["SERIALPASS_TUI"]
entry["statusupdatehandler"](console.Pane())
entry["activatehandler"]()
sys.stdout.write("%s %s\\n" % (entry["menuname"], console.Layout.command))
"""


def old_pythons() -> list[str]:
    """Pythons that have `imp`, by which xsconsole loads features: up to 3.11."""
    names = [sys.executable] if sys.version_info < (3, 12) else []
    places = Path.home().glob(".pyenv/versions/*/bin/python")
    names += [str(p) for p in places if re.search(r"/(2\.|3\.[0-9]\.|3\.1[01]\.)", str(p))]
    names += [
        found for name in ("python2", "python2.7", "python3.6") if (found := shutil.which(name))
    ]
    return sorted({name for name in names if _has_imp(name)})


def _has_imp(python: str) -> bool:
    run = [python, "-W", "ignore", "-c", "import imp"]
    return subprocess.run(run, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("python", old_pythons())
def test_the_feature_registers_and_starts_the_program_under_the_hosts_python(
    dom0: Dom0, python: str
) -> None:
    dom0.run("install", "--yes")
    dom0.run("hide", *CARD, "--yes")
    (dom0.folder / "console").mkdir()
    (dom0.folder / "console" / "XSConsoleStandard.py").write_text(XSCONSOLE)
    loader = dom0.folder / "loader.py"
    loader.write_text(LOADER)
    feature = dom0.path(FEATURE)
    for _ in range(2):
        done = subprocess.run(
            [
                python,
                "-W",
                "ignore",
                str(loader),
                str(dom0.folder / "console"),
                str(feature.parent),
            ],
            capture_output=True,
            text=True,
            check=False,
            env={},
        )
        assert (0, "") == (done.returncode, done.stderr)
        assert "job 2, hide" in done.stdout
        assert f"MENU_ROOT {LINK} || {{" in done.stdout
        # What Python compiled is gone: uninstall would know nothing of it.
        assert [feature.name] == [place.name for place in feature.parent.iterdir()]


def test_the_menus_command_waits_where_the_program_fails(tmp_path: Path) -> None:
    """xsconsole paints over what a command has said as soon as it ends."""
    text = installing.plugin("/bin/false", "/nowhere").decode()
    (command,) = re.findall(r"^COMMAND = (.*)$", text, re.MULTILINE)
    done = subprocess.run(
        ["sh", "-c", ast.literal_eval(command)],
        input="\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Press Enter to go back." in done.stdout


def test_another_host_of_the_recordings_is_shown_the_plan(
    capsys: pytest.CaptureFixture[str],
) -> None:
    machine = Path(machines.__file__).parent / "machines" / "xcp-ng-8.3-bios.json"
    assert Exit.USAGE == cli.main(["install", "--machine", str(machine), "--dry-run"])
    assert "(not-running)" in capsys.readouterr().err


def test_a_killed_install_is_planned_anew(dom0: Dom0) -> None:
    service = dom0.service
    plan = service.plan_install()
    service.open_job(Goal.INSTALL, "install", (), plan.changes)
    dom0.run("install", "--yes")
    outcomes = [job.outcome for job in dom0.service.jobs()]
    assert [Outcome.ABANDONED, Outcome.DONE] == outcomes


def test_the_program_that_a_trial_starts_is_the_one_that_is_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    link = tmp_path / "serialpass-tui"
    monkeypatch.setattr(installing, "LINK_FOLDERS", (str(tmp_path),))
    assert str(link) != cli.hosts.program()
    link.symlink_to(shutil.which("true") or "/bin/true")
    assert str(link) == cli.hosts.program()
