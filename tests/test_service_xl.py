"""The use cases over a host with plain Xen: a simulated dom0, a fake xl, real guests' files."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serialpass_tui import cli
from serialpass_tui.core.changes import FileEdit, GuestEdit, Reboot, VmPower
from serialpass_tui.core.job import Began, Goal, Job, Outcome, Progress, undo_list
from serialpass_tui.core.pool import PowerState, XlHost
from serialpass_tui.core.verify import HideState, Place, standing
from serialpass_tui.errors import Problem
from serialpass_tui.host import recording
from serialpass_tui.host.files import LocalFiles
from serialpass_tui.host.journal import StateDirectory
from serialpass_tui.service import Service
from serialpass_tui.toolstack.xapi import Xapi
from serialpass_tui.toolstack.xl import Xl
from tests.toolstack.test_xl import PBX, UUID
from tests.toolstack.xl_stage import XlStage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from serialpass_tui.core.pool import Vm
    from tests.conftest import Stage


@pytest.fixture
def xl_stage(open_stage: Callable[..., Stage]) -> XlStage:
    stage = XlStage(open_stage())
    stage.on_pciback()
    return stage


def test_bind_start_and_roll_back(xl_stage: XlStage) -> None:
    service = xl_stage.service
    job = service.run(xl_stage.job(service, start=True))
    assert Outcome.DONE == job.outcome
    edit, start = job.changes
    assert isinstance(edit, GuestEdit)
    assert isinstance(start, VmPower)
    items = b", ".join(b"'%s'" % str(bdf).encode() for bdf in xl_stage.bdfs)
    path = xl_stage.dom0.config_dir / "pbx.cfg"
    assert PBX + b"pci = [ " + items + b" ]\n" == path.read_bytes()
    assert ("xl create -f /etc/xen/pbx.cfg",) == start.preview()
    assert PowerState.RUNNING is service.scan().require_pool().vms[1].power_state
    of_the_vm = service.checks(job, service.scan())[len(xl_stage.bdfs) :]
    assert [True] * 3 == [check.passed for check in of_the_vm]

    plan = service.plan_rollback(job)
    assert plan.conflict is None
    service.rollback(plan, reboot=False)
    assert PBX == path.read_bytes()
    assert PowerState.HALTED is service.scan().require_pool().vms[1].power_state
    assert Outcome.ROLLED_BACK == service.job(job.id).outcome


def test_a_second_run_has_nothing_to_do_and_unbind_takes_it_back(xl_stage: XlStage) -> None:
    service = xl_stage.service
    service.run(xl_stage.job(service, start=False))
    scan = service.scan()
    assert () == service.plan_bind(scan, UUID, xl_stage.bdfs, start=False).changes
    (edit,) = service.plan_unbind(scan, UUID).changes
    assert isinstance(edit, GuestEdit)
    assert PBX == edit.after


def test_a_file_that_changed_since_the_preview(xl_stage: XlStage) -> None:
    service = xl_stage.service
    job = xl_stage.job(service, start=False)
    theirs = PBX + b"memory = 512\n"
    xl_stage.dom0.write("pbx.cfg", theirs)
    with pytest.raises(Problem) as caught:
        service.run(job)
    assert "changed-since-preview" == caught.value.code
    other, ours = (index for index, line in enumerate(caught.value.view) if line[:4] == "What")
    assert "+memory = 512" in caught.value.view[other:ours]
    assert any(line.startswith("+pci = [ ") for line in caught.value.view[ours:])
    folder = xl_stage.dom0.config_dir
    assert theirs == (folder / "pbx.cfg").read_bytes()
    assert not list(folder.glob("*serialpass*"))


def test_a_device_of_another_guest_is_refused(xl_stage: XlStage) -> None:
    xl_stage.dom0.write(
        "fax.cfg", b"name = 'fax'\npci = [ '%s' ]\n" % str(xl_stage.bdfs[0]).encode()
    )
    service = xl_stage.service
    with pytest.raises(Problem) as caught:
        service.plan_bind(service.scan(), UUID, xl_stage.bdfs, start=False)
    assert "device-taken" == caught.value.code


def test_a_broken_file_is_refused_with_the_line(xl_stage: XlStage) -> None:
    xl_stage.dom0.write("pbx.cfg", PBX + b"oops\n")
    service = xl_stage.service
    with pytest.raises(Problem) as caught:
        service.plan_bind(service.scan(), UUID, xl_stage.bdfs, start=False)
    assert "vm-file" == caught.value.code
    assert "line 4" in caught.value.summary


def test_going_back_to_another_guest_takes_the_first_edit_back(xl_stage: XlStage) -> None:
    service = xl_stage.service
    scan = service.scan()
    first = service.plan_bind(scan, UUID, xl_stage.bdfs, start=False)
    devices = xl_stage.devices(service)
    job = service.run(service.open_job(Goal.GIVE, "give", devices, first.changes))
    fax = service.scan().require_pool().vms[0]
    plan = service.plan_bind(service.scan(), fax.uuid, xl_stage.bdfs, start=False, job=job)
    assert ["/etc/xen/pbx.cfg", "/etc/xen/fax.cfg"] == paths(plan.changes)
    service.run(service.extend(job, plan.changes))
    assert PBX == (xl_stage.dom0.config_dir / "pbx.cfg").read_bytes()


def paths(changes: Sequence[object]) -> list[str]:
    return [change.path for change in changes if isinstance(change, GuestEdit)]


# --- what a hostile day does to it


def test_a_job_killed_after_the_file_was_written_is_taken_up(xl_stage: XlStage) -> None:
    job = xl_stage.job(xl_stage.service, start=True)
    edit = job.changes[0]
    assert isinstance(edit, GuestEdit)
    StateDirectory(xl_stage.stage.world.state_dir).append(Began(job.id, 1, 0))
    xl_stage.dom0.write("pbx.cfg", edit.after)
    taken_up = xl_stage.service.resume()
    assert taken_up is not None
    assert (edit,) == taken_up.applied
    xl_stage.service.run(taken_up)
    assert PowerState.RUNNING is guest(xl_stage.service, "pbx").power_state


def test_a_start_that_xl_refuses_leaves_the_file_and_says_how_to_go_back(
    xl_stage: XlStage,
) -> None:
    xl_stage.dom0.change(assignable=[])
    service = xl_stage.service
    job = xl_stage.job(service, start=True)
    with pytest.raises(Problem) as caught:
        service.run(job)
    assert "xl-pci-not-assignable" == caught.value.code
    assert f"rollback {job.id}" in caught.value.state
    service.rollback(service.plan_rollback(service.job(job.id)), reboot=False)
    assert PBX == xl_stage.guest_bytes()


def test_an_edited_file_is_kept_and_not_taken_for_a_guest(xl_stage: XlStage) -> None:
    service = xl_stage.service
    job = service.run(xl_stage.job(service, start=False))
    (edit,) = job.applied
    assert isinstance(edit, GuestEdit)
    backup = Path(f"{xl_stage.root}{edit.file.backup_path}")
    assert PBX == backup.read_bytes()
    assert ["fax", "pbx"] == [vm.name for vm in service.scan().require_pool().vms]


def test_a_file_that_somebody_edited_since_is_not_rolled_back(xl_stage: XlStage) -> None:
    service = xl_stage.service
    job = service.run(xl_stage.job(service, start=False))
    theirs = xl_stage.guest_bytes() + b"memory = 512\n"
    xl_stage.dom0.write("pbx.cfg", theirs)
    conflict = service.plan_rollback(job).conflict
    assert conflict is not None
    assert "changed-since-preview" == conflict.code
    assert "/etc/xen/pbx.cfg" in conflict.summary
    assert theirs == xl_stage.guest_bytes()


def test_a_guest_whose_file_is_gone_needs_no_undo(xl_stage: XlStage) -> None:
    service = xl_stage.service
    job = service.run(xl_stage.job(service, start=False))
    (xl_stage.dom0.config_dir / "pbx.cfg").unlink()
    plan = service.plan_rollback(job)
    assert ((), None) == (plan.changes, plan.conflict)
    assert ("VM pbx is gone, and its file with it.",) == plan.notes


def test_a_mounted_disk_is_rolled_back_without_xl(xl_stage: XlStage) -> None:
    job = xl_stage.service.run(xl_stage.job(xl_stage.service, start=False))
    world = xl_stage.stage.world
    journal = StateDirectory(world.state_dir)
    rescue = Service(xl_stage.host, LocalFiles(xl_stage.root), Xapi([]), journal, world.clock)
    rescue.rollback(rescue.plan_rollback(job), reboot=False)
    assert PBX == xl_stage.guest_bytes()


def test_a_running_guest_gets_the_edit_and_no_start(xl_stage: XlStage) -> None:
    xl_stage.dom0.runs("pbx", 4, UUID)
    service = xl_stage.service
    plan = service.plan_bind(service.scan(), UUID, xl_stage.bdfs, start=True)
    assert ["edit-guest"] == [change.KIND for change in plan.changes]
    assert ["vm-running"] == [finding.code for finding in plan.findings]


# --- the reboot, and words


def test_the_reboot_is_the_systems_own(xl_stage: XlStage) -> None:
    service = xl_stage.service
    reboot = service.scan().reboot()
    assert ("shutdown -r now",) == reboot.preview()
    job = service.open_job(Goal.HIDE, "hide", xl_stage.devices(service), [reboot])
    service.run(job, reboot=True)
    assert 1 == xl_stage.host.reboots


def test_the_reboot_of_an_undo_and_of_an_xapi_host(xl_stage: XlStage) -> None:
    edit = FileEdit("/boot/x", b"a", b"b")
    reboot = xl_stage.service.scan().reboot()
    done = (Progress.APPLIED, Progress.APPLIED)
    job = Job("1", 0, Goal.HIDE, "hide", (), "", (edit, reboot), done)
    assert Reboot("now", "xl") == undo_list(job, "now")[-1]
    assert Reboot("now").preview() == xl_stage.stage.service.scan().reboot().preview()


def test_a_silent_xl_is_named(xl_stage: XlStage) -> None:
    xl_stage.dom0.change(faults={"list": "xenstore daemon running?"})
    scan = xl_stage.service.scan()
    assert scan.pool_problem is not None
    assert ("xl-no-xenstored", "xl") == (scan.pool_problem.code, scan.toolstack)
    with pytest.raises(Problem, match="xenstored"):
        scan.require_pool()


def test_no_word_of_xapi(xl_stage: XlStage) -> None:
    service = xl_stage.service
    before = service.plan_bind(service.scan(), UUID, xl_stage.bdfs, start=True)
    job = service.run(xl_stage.job(service, start=False))
    scan = service.scan()
    words = [
        *before.lost,
        *(line for change in before.changes for line in (change.describe(), *change.preview())),
        *(finding.reason for finding in scan.unhide_findings(xl_stage.bdfs)),
        *(f"{item.why} {item.next}" for item in scan.standings(xl_stage.bdfs)),
        *(f"{check.observed} {check.next}" for check in service.checks(job, scan)),
        *scan.reboot().preview(),
        *(item.route for item in scan.candidates),
    ]
    assert [] == [line for line in words if re.search(r"xapi|\bxe\b|other-config", line, re.I)]
    assert any("the pci list of its file" in line for line in words)
    assert any("xl usbdev-attach" in line for line in words)


def guest(service: Service, name: str) -> Vm:
    return next(vm for vm in service.scan().require_pool().vms if vm.name == name)


# --- what is composed and recorded


@pytest.mark.parametrize(
    ("signs", "kind"),
    [
        ([], Xapi),
        (["etc/xen/"], Xl),
        (["etc/xen/", "etc/xensource-inventory"], Xapi),
        (["etc/xen/", "var/lib/xcp/xapi"], Xapi),
        (["etc/xen/", "var/xapi/xapi"], Xapi),
    ],
)
def test_which_toolstack_a_host_has(tmp_path: Path, signs: list[str], kind: type) -> None:
    for sign in signs:
        place = tmp_path / sign
        place.parent.mkdir(parents=True, exist_ok=True)
        if sign.endswith("/"):
            place.mkdir()
        else:
            place.touch()
    assert kind is type(cli.hosts.toolstack_of(None, tmp_path))
    assert Xapi is type(cli.hosts.toolstack_of("/socket", tmp_path))


@pytest.mark.parametrize("redact", [False, True])
def test_a_recording_knows_that_xl_has_the_guests(
    xl_stage: XlStage, tmp_path: Path, redact: bool
) -> None:
    xl_stage.dom0.write("auto/secretname", b"name = 'secretname'\n")
    xl_stage.dom0.runs("pbx", 4, UUID)
    scan = xl_stage.service.scan()
    pool = scan.require_pool()
    path = tmp_path / "host.json"
    recording.save(path, recording.record(scan.inventory, pool), redact=redact)
    found = recording.load(path).pool
    assert isinstance(found, XlHost)
    assert redact is (found != pool)
    assert [vm.pci for vm in pool.vms] == [vm.pci for vm in found.vms]
    assert [bool(vm.config_refusal) for vm in pool.vms] == [
        bool(vm.config_refusal) for vm in found.vms
    ]
    assert [vm.resident_on == pool.this_host for vm in pool.vms] == [
        vm.resident_on == found.this_host for vm in found.vms
    ]
    if redact:
        leaked = re.findall(r"kiln|pbx|fax|secretname", path.read_text())
        assert [] == leaked


def test_a_journal_keeps_what_xl_changed(xl_stage: XlStage) -> None:
    service = xl_stage.service
    job = service.run(xl_stage.job(service, start=True))
    assert job == xl_stage.service.job(job.id)


@pytest.mark.parametrize("as_json", [False, True])
def test_the_commands_over_xl(
    xl_stage: XlStage,
    as_json: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli.hosts, "service", lambda _args: xl_stage.service)
    common = ["--yes", *(["--json"] if as_json else [])]
    card = [str(bdf) for bdf in xl_stage.bdfs]
    said = []
    for argv in (["vms"], ["bind", "pbx", *card, "--start"], ["status"], ["rollback", "--last"]):
        assert 0 == cli.main([*argv, *common])
        said.append(capsys.readouterr().out)
    assert [] == re.findall(r"XAPI|\bxe\b|other-config", "".join(said))
    assert "edit /etc/xen/pbx.cfg of guest pbx" in said[1]
    if not as_json:
        assert "stays beside it: /etc/xen/pbx.cfg.serialpass-" in said[1]
    assert PBX == xl_stage.guest_bytes()


@pytest.mark.parametrize("named", [True, False])
def test_a_device_that_dom0_took_first_is_taken_by_hand(xl_stage: XlStage, named: bool) -> None:
    scan = xl_stage.service.scan()
    pool = scan.require_pool() if named else xl_stage.stage.service.scan().require_pool()
    bdf = xl_stage.bdfs[0]
    pci = tuple(replace(f, driver="serial") if f.bdf == bdf else f for f in scan.inventory.pci)
    inventory = replace(scan.inventory, pci=pci, pciback_registered=True)
    booted = HideState(frozenset({bdf}), frozenset({bdf}), "")
    found = standing(inventory, pool, booted, bdf)
    assert Place.NOT_TAKEN is found.place
    assert named is (f"serialpass-tui hide {bdf} --now" in found.next)
    assert named is ("XAPI" not in found.next)


def test_a_device_can_be_taken_without_a_reboot(xl_stage: XlStage) -> None:
    service = xl_stage.service
    taking = service.plan_take(service.scan(), xl_stage.bdfs)
    job = service.open_job(Goal.HIDE, "now", xl_stage.devices(service), taking)
    service.run(job)
    assert all(item.bound for item in service.scan().standings(xl_stage.bdfs))


@pytest.mark.parametrize("start", [False, True])
def test_a_device_that_another_guest_got_since_the_preview(xl_stage: XlStage, start: bool) -> None:
    service = xl_stage.service
    job = xl_stage.job(service, start=start)
    taken = b"name = 'fax'\npci = [ '%s' ]\n" % str(xl_stage.bdfs[0]).encode()
    xl_stage.dom0.write("fax.cfg", taken)
    with pytest.raises(Problem) as caught:
        service.run(job)
    assert "device-taken" == caught.value.code
    assert PBX == xl_stage.guest_bytes()


def test_a_write_that_the_disk_forgot_is_not_believed(xl_stage: XlStage) -> None:
    class Forgetful(LocalFiles):
        def replace(self, path: str, before: bytes | None, after: bytes | None) -> None:
            pass

    files = Forgetful(xl_stage.root)
    service = xl_stage.service_with(files)
    job = xl_stage.job(service, start=False)
    with pytest.raises(Problem) as caught:
        service.run(job)
    assert "not-confirmed" == caught.value.code


def test_a_reboot_before_the_edit_does_not_count_and_stays_the_systems(xl_stage: XlStage) -> None:
    service = xl_stage.service
    (edit,) = service.plan_bind(service.scan(), UUID, xl_stage.bdfs, start=False).changes
    changes = [edit, Reboot("an older boot", "xl")]
    job = service.open_job(Goal.HIDE, "hide", xl_stage.devices(service), changes)
    job = service.run(job)
    assert service.scan().reboot() == job.changes[-1]
    assert "xl" == service.scan().reboot().toolstack
