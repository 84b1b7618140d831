"""UNDO.txt, run by a real shell: whatever a job got to, its lines bring the first bytes back."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serialpass_tui import plain
from serialpass_tui.core.changes import FileEdit, GuestEdit, VmEdit
from serialpass_tui.core.job import Goal, Job, Opened, Planned, fold
from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.undo_text import Kept, undo_text, word
from serialpass_tui.errors import Problem
from serialpass_tui.host.files import LocalFiles
from serialpass_tui.host.journal import StateDirectory
from serialpass_tui.tui.screens import boot_entry
from tests.test_service import Killed, KillingJournal, first_card, halted_vm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from serialpass_tui.service import Service
    from tests.conftest import Stage

MACHINES = ("xcp-ng-8.3-bios", "xcp-ng-8.3-uefi", "debian-12", "xenserver-6.2-procedure")


def shell(root: Path, script: str) -> str:
    """What a plain shell with the root as its directory prints; no command of it may be missing."""
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=root,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
        text=True,
    )
    assert "" == done.stderr
    assert 0 == done.returncode
    return done.stdout


def run_file(place: Path, root: Path) -> str:
    """All lines of an UNDO.txt, run as it says itself."""
    text = place.read_bytes()
    assert text.isascii()
    (how,) = [
        line[5:].strip() for line in text.decode().splitlines() if line.startswith("#     sh")
    ]
    return shell(root, how)


def contents(root: Path) -> dict[str, bytes]:
    """Every file below a root but the backups."""
    return {
        str(place.relative_to(root)): place.read_bytes()
        for place in sorted(root.rglob("*"))
        if place.is_file() and ".serialpass-" not in place.name
    }


def plan(service: Service) -> Job:
    """What `hide` opens for the first card."""
    scan = service.scan()
    edits = service.plan_hide(scan, add=first_card(service)).edits
    return service.open_job(Goal.HIDE, "hide", [], [*edits, scan.reboot()])


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("at", range(10))
def test_killed_at_any_record_the_shell_brings_the_first_bytes_back(
    open_stage: Callable[..., Stage], machine: str, at: int
) -> None:
    stage = open_stage(machine)
    first = contents(stage.world.root)
    try:
        killing = stage.service_with(KillingJournal(stage.world, at, after=True))
        killing.run(plan(killing))
    except Killed:
        pass
    place = stage.world.state_dir / "backups" / "job-1" / "UNDO.txt"
    if place.exists():
        run_file(place, stage.world.root)
        assert str(place) == stage.service.undo_place(stage.service.job("1"))
    else:
        assert at < 2, "a change may have been begun"
    assert first == contents(stage.world.root)


def test_it_lies_where_the_confirm_screen_said(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    said = stage.service.undo_place()
    job = stage.service.run(plan(stage.service))
    assert said == stage.service.undo_place(job)
    assert said != stage.service.undo_place()
    assert f"of job {job.id}" in (stage.world.state_dir / "backups/job-1/UNDO.txt").read_text()


def test_every_confirm_screen_names_it(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    service, place = stage.service, stage.service.undo_place()
    bdfs = list(first_card(service))
    vm = stage.toolstack.vm(halted_vm(stage)).name
    hiding, binding = io.StringIO(), io.StringIO()
    plain.hide(service, plain.Terminal(hiding, lambda _: "n", interactive=True), bdfs)
    assert place in hiding.getvalue()
    term = plain.Terminal(binding, lambda _: "n", interactive=True)
    plain.bind(service, term, vm, bdfs, start=False)
    assert place in binding.getvalue()
    shown = boot_entry.overview(service.plan_hide(service.scan(), add=bdfs), (), place)
    assert any(place in line.text for line in shown)


def test_a_second_run_of_it_and_a_file_of_somebody_else_change_nothing(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    root, path = stage.world.root, stage.service.scan().require_boot().path
    first = contents(root)
    stage.service.run(plan(stage.service))
    place = stage.world.state_dir / "backups/job-1/UNDO.txt"
    run_file(place, root)
    assert "as before the job" in run_file(place, root)
    assert first == contents(root)
    (root / path.lstrip("/")).write_bytes(b"theirs\n")
    assert "somebody else" in run_file(place, root)
    assert b"theirs\n" == (root / path.lstrip("/")).read_bytes()


def test_of_a_job_rolled_back_it_says_so_and_does_nothing(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    service = stage.service
    service.run(plan(service))
    service.rollback(service.plan_rollback(service.job("1")), reboot=False)
    place = stage.world.state_dir / "backups/job-1/UNDO.txt"
    assert "was rolled back" in place.read_text()
    assert all(line.startswith("#") for line in place.read_text().splitlines())
    assert not (stage.world.state_dir / "backups/job-2").exists()


def test_the_keys_and_the_power_of_a_vm_are_taken_back_by_its_commands(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    service, uuid = stage.service, halted_vm(stage)
    before = stage.toolstack.vm(uuid)
    scan = service.scan()
    edits = service.plan_hide(scan, add=first_card(service)).edits
    job = service.open_job(Goal.GIVE, "give", [], [*edits, scan.reboot()])
    job = replace(service.run(job, reboot=True))
    bdfs = first_card(service)
    binding = service.plan_bind(service.scan(), uuid, bdfs, start=True, job=job)
    service.run(service.extend(job, binding.changes))
    assert before.other_config != stage.toolstack.vm(uuid).other_config

    text = (stage.world.state_dir / "backups/job-1/UNDO.txt").read_text()
    said: list[str] = []
    fake = stage.world.root / "xe"
    fake.write_text('#!/bin/sh\nprintf "%s\\0" "$@" >> "$LOG"; printf "\\n" >> "$LOG"\n')
    fake.chmod(0o755)
    section = text.split('if [ "$PWD" = / ]; then\n')[1].split("\nfi\n")[0]
    log = stage.world.root / "log"
    subprocess.run(
        ["/bin/sh", "-c", section], env={"PATH": str(stage.world.root), "LOG": str(log)}, check=True
    )
    for line in log.read_text().splitlines():
        verb, *words = line.rstrip("\0").split("\0")
        said.append(verb)
        fields = dict(each.split("=", 1) for each in words)
        if verb == "vm-shutdown":
            stage.toolstack.set_power(fields["uuid"], "", PowerState.HALTED, lambda _: None)
        elif verb == "vm-param-remove":
            key = f"{fields['param-name']}:{fields['param-key']}"
            stage.toolstack.write_key(fields["uuid"], key, None)
        else:
            (key,) = [each for each in fields if each != "uuid"]
            stage.toolstack.write_key(fields["uuid"], key, fields[key] or None)
    assert "vm-shutdown" == said[0]
    after = stage.toolstack.vm(uuid)
    assert before == replace(after, domid=before.domid)


def test_with_the_disk_mounted_elsewhere_its_names_are_those_of_that_disk(
    tmp_path: Path,
) -> None:
    """A boot file that is a link leads an installer's shell to the right disk all the same."""
    mnt = tmp_path / "mnt"
    (mnt / "boot/efi").mkdir(parents=True)
    (mnt / "boot/efi/real.cfg").write_bytes(b"old\n")
    (mnt / "boot/grub.cfg").symlink_to("/boot/efi/real.cfg")
    state = StateDirectory(mnt / "var/lib/serialpass-tui", mnt)
    kept = LocalFiles(mnt).keep("/boot/grub.cfg", b"old\n", "t")
    LocalFiles(mnt).replace("/boot/grub.cfg", b"old\n", b"new\n")
    job = job_of(FileEdit("/boot/grub.cfg", b"old\n", b"new\n"))
    files = {"/boot/grub.cfg": Kept("boot/efi/real.cfg", kept.lstrip("/"))}
    state.keep_undo("1", lambda place: undo_text(job, files, place))
    elsewhere = tmp_path / "elsewhere"
    shutil.move(mnt, elsewhere)
    run_file(elsewhere / "var/lib/serialpass-tui/backups/job-1/UNDO.txt", elsewhere)
    assert b"old\n" == (elsewhere / "boot/efi/real.cfg").read_bytes()


def job_of(*changes: FileEdit | GuestEdit | VmEdit, title: str = "t", at: int = 0) -> Job:
    (job,) = fold([Opened("1", at, Goal.GIVE, title, ()), Planned("1", 0, changes)])
    return job


HOSTILE = (
    "a'b",
    "$(touch owned)",
    "`touch owned`",
    "x\ny",
    "x\n",
    "-rf",
    "\x1b[2J",
    "\u202eevil",
    "\udc80",
    "50%s\\n",
    "; touch owned #",
    "é" * 40,
)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_data_for_the_shell(tmp_path: Path, name: str) -> None:
    path = f"/etc/xen/{name}"
    place = LocalFiles(tmp_path)
    (tmp_path / "etc/xen").mkdir(parents=True)
    (tmp_path / path.lstrip("/")).write_bytes(b"new")
    backup = place.keep(path, b"old", "t")
    edit = GuestEdit("u", name, path, b"old", b"new")
    text = undo_text(
        job_of(
            edit, VmEdit("u", name, "other-config:pci", name, name + "x"), title=name, at=10**30
        ),
        {path: Kept(path.lstrip("/"), backup.lstrip("/"))},
        "UNDO.txt",
    )
    assert set(text) <= {10, *range(0x20, 0x7F)}
    (tmp_path / "UNDO.txt").write_bytes(text)
    run_file(tmp_path / "UNDO.txt", tmp_path)
    assert b"old" == (tmp_path / path.lstrip("/")).read_bytes()
    assert not (tmp_path / "owned").exists()


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_characters="\0"), max_size=30))
def test_a_word_is_one_argument_with_the_same_bytes(text: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f"printf %s {word(text)}"], env={}, capture_output=True, check=True
    )
    assert text.encode("utf-8", "surrogatepass") == done.stdout


def test_two_edits_of_one_file_are_undone_from_between_them() -> None:
    edits = (FileEdit("/b", b"1", b"2"), FileEdit("/b", b"2", b"3"))
    text = undo_text(job_of(*edits), {"/b": Kept("b", "b.k")}, "UNDO.txt").decode()
    for data in (b"2", b"3"):
        assert f"  {hashlib.sha256(data).hexdigest()}*)\n    cp -p -- b.k b ;;" in text


@pytest.mark.parametrize("name", ["../../etc", "a/b", "", "."])
def test_a_journal_cannot_lead_it_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(Problem) as caught:
        StateDirectory(tmp_path).undo_place(name)
    assert "journal-damaged" == caught.value.code
