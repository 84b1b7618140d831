"""Ways to lose the host, somebody's data or the way out of a job: each must end well."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.changes import Change, FileEdit, Reboot, VmEdit, VmPower
from serialpass_tui.core.inventory import DeviceId
from serialpass_tui.core.job import Goal, Job, Opened, Outcome
from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.text import printable
from serialpass_tui.core.verify import Place
from serialpass_tui.core.vm_edit import bind_edits
from serialpass_tui.errors import NOTHING_CHANGED, Exit, Problem
from serialpass_tui.host.journal import StateDirectory
from serialpass_tui.service import Service
from serialpass_tui.toolstack.xapi import Xapi
from tests.test_service import (
    Killed,
    KillingJournal,
    bind_and_start,
    first_card,
    halted_vm,
    hide_job,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from serialpass_tui.core.job import Record
    from serialpass_tui.core.pool import Vm
    from tests.conftest import Stage

OTHERS = "0/0000:7e:00.0"
"""A device in other-config:pci that this tool never put there."""


def root_controller(service: Service) -> Bdf:
    """The function that the disk with the root file system hangs on."""
    disks = service.scan().inventory.disks
    return next(disk.bdf for disk in disks if "/" in disk.mounts and disk.bdf is not None)


def change_vm(stage: Stage, uuid: str, **fields: object) -> None:
    """Somebody else changes a VM behind the tool's back."""
    pool = stage.toolstack.pool()
    vms = tuple(
        replace(vm, **fields) if vm.uuid == uuid else vm  # type: ignore[arg-type]  # by name
        for vm in pool.vms
    )
    stage.world.host.store.change(pool=replace(pool, vms=vms))


def delete_vm(stage: Stage, uuid: str) -> None:
    """Somebody else deletes a VM."""
    pool = stage.toolstack.pool()
    left = tuple(vm for vm in pool.vms if vm.uuid != uuid)
    stage.world.host.store.change(pool=replace(pool, vms=left))


def bind_job(service: Service, uuid: str, bdfs: tuple[Bdf, ...], *, start: bool = False) -> Job:
    """What `bind` opens, not yet run."""
    scan = service.scan()
    plan = service.plan_bind(scan, uuid, bdfs, start=start)
    devices = [DeviceId.of(item) for item in scan.inventory.pci if item.bdf in bdfs]
    return service.open_job(Goal.BIND, "bind", devices, plan.changes)


# --- the host must not be lost


def test_the_root_disk_is_bound_to_no_vm(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    service = stage.service
    with pytest.raises(Problem) as caught:
        service.plan_bind(service.scan(), halted_vm(stage), (root_controller(service),), start=True)
    assert (Exit.REFUSED, "root-disk") == (caught.value.exit_status, caught.value.code)


def test_a_vm_that_somebody_gave_the_root_disk_is_not_started(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    uuid = halted_vm(stage)
    stage.toolstack.write_key(uuid, "other-config:pci", f"0/{root_controller(stage.service)}")
    scan = stage.service.scan()
    start = stage.service.plan_start(scan, uuid)
    assert start is not None
    with pytest.raises(Problem) as caught:
        stage.service.run(stage.service.open_job(Goal.GIVE, "start", [], [start]))
    assert "root-disk" == caught.value.code
    assert PowerState.HALTED is stage.toolstack.vm(uuid).power_state


def unhide_root(stage: Stage) -> Job:
    """A done job that gave back the root disk's controller, which stood in the boot entry."""
    service = stage.service
    first = stage.boot_bytes()
    scan = service.scan()
    hiding = first.replace(
        b"root=", b"xen-pciback.hide=(%s) root=" % str(root_controller(service)).encode()
    )
    assert scan.boot is not None
    stage.files.replace(scan.boot.path, first, hiding)
    undone = FileEdit(scan.boot.path, hiding, first)
    changes: list[Change] = [undone, Reboot(scan.inventory.boot_id)]
    return service.run(service.open_job(Goal.UNHIDE, "unhide", [], changes))


def test_rolling_back_an_unhide_hides_nothing_that_the_host_needs_now(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    first = stage.boot_bytes()
    plan = stage.service.plan_rollback(unhide_root(stage))
    assert plan.conflict is not None
    assert (Exit.REFUSED, "root-disk") == (plan.conflict.exit_status, plan.conflict.code)
    with pytest.raises(Problem):
        stage.service.rollback(replace(plan, conflict=None), reboot=True)
    assert first == stage.boot_bytes()


def test_a_job_taken_up_again_is_held_to_the_safety_rules(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    service = stage.service
    first = stage.boot_bytes()
    path = service.scan().inventory.boot_files[0].path
    hiding = first.replace(
        b"root=", b"xen-pciback.hide=(%s) root=" % str(root_controller(service)).encode()
    )
    job = service.open_job(Goal.GIVE, "give", [], [FileEdit(path, first, hiding)])
    with pytest.raises(Problem) as caught:
        service.run(job)
    assert Exit.REFUSED is caught.value.exit_status
    assert first == stage.boot_bytes()


def test_rolling_back_an_unbind_takes_no_device_from_another_vm(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    service = stage.service
    bdfs = first_card(service)
    here = stage.toolstack.pool()
    able = [
        vm
        for vm in here.vms
        if vm.power_state is PowerState.HALTED and not Service.vm_refusals(here, vm)
    ]
    first, second = able[0].uuid, able[1].uuid
    service.run(bind_job(service, first, bdfs))
    unbind = service.plan_unbind(service.scan(), first, bdfs)
    undone = service.run(service.open_job(Goal.UNBIND, "unbind", [], unbind.changes))
    service.run(bind_job(service, second, bdfs))
    plan = service.plan_rollback(undone)
    assert plan.conflict is not None
    assert "device-taken" == plan.conflict.code


def test_a_bind_cut_off_and_taken_up_after_the_card_moved_stops(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    service = stage.service
    scan = service.scan()
    bdfs = first_card(service)
    uuid = halted_vm(stage)
    job = bind_job(service, uuid, bdfs)
    strange = [replace(DeviceId.of(f), device=1) for f in scan.inventory.pci if f.bdf in bdfs]
    moved = service.open_job(Goal.BIND, "bind", strange, job.changes)
    with pytest.raises(Problem) as caught:
        service.run(moved)
    assert "device-moved" == caught.value.code
    assert stage.toolstack.vm(uuid).pci is None


@pytest.mark.parametrize("state", [PowerState.PAUSED, PowerState.SUSPENDED])
def test_only_a_halted_vm_is_started(open_stage: Callable[..., Stage], state: PowerState) -> None:
    stage = open_stage()
    uuid = halted_vm(stage)
    change_vm(stage, uuid, power_state=state)
    with pytest.raises(Problem) as caught:
        stage.service.plan_start(stage.service.scan(), uuid)
    assert (Exit.REFUSED, "vm-not-halted") == (caught.value.exit_status, caught.value.code)


# --- nobody's data is lost between two calls


class CutOff(Xapi):
    """A XAPI client that ends between removing a key and adding it anew."""

    how: BaseException = Killed()
    left = 1

    def write_key(self, uuid: str, key: str, value: str | None) -> None:
        """As the parent does it, cut in two where a value is replaced."""
        if self.left and value is not None and self.read_key(uuid, key) is not None:
            self.left -= 1
            super().write_key(uuid, key, None)
            raise self.how
        super().write_key(uuid, key, value)


def lost_answer() -> Problem:
    """What the client raises when XAPI does not answer in time."""
    return Problem(
        Exit.FAILED, "xapi-timeout", "No answer.", state="Not known.", remedy="Try again."
    )


@pytest.mark.parametrize("how", [Killed(), lost_answer()], ids=["killed", "answer lost"])
@pytest.mark.parametrize("back", [False, True], ids=["resumed", "rolled back"])
def test_a_key_cut_off_between_removing_and_adding_is_whole_again(
    open_stage: Callable[..., Stage], how: BaseException, back: bool
) -> None:
    stage = open_stage()
    bdfs = first_card(stage.service)
    uuid = halted_vm(stage)
    pool = stage.toolstack.pool()
    service = stage.service
    # The keys beside it are there already: the device's own key is the only change.
    for edit in bind_edits(stage.toolstack.vm(uuid), pool.this_host, bdfs)[:-1]:
        stage.toolstack.write_key(uuid, edit.key, edit.after)
    stage.toolstack.write_key(uuid, "other-config:pci", OTHERS)
    job = bind_job(service, uuid, bdfs)
    (change,) = job.changes
    assert isinstance(change, VmEdit)

    broken = CutOff([stage.world.socket_path], timeout=5.0)
    broken.how = how
    cut = Service(
        stage.world.host,
        stage.files,
        broken,
        StateDirectory(stage.world.state_dir),
        stage.world.clock,
    )
    with pytest.raises((Killed, Problem)):
        cut.run(job)
    assert stage.toolstack.vm(uuid).pci is None

    resumed = service.resume()
    assert resumed is not None
    assert OTHERS == stage.toolstack.vm(uuid).pci
    if back:
        service.rollback(service.plan_rollback(resumed), reboot=False)
        assert OTHERS == stage.toolstack.vm(uuid).pci
    else:
        service.run(resumed)
        assert change.after == stage.toolstack.vm(uuid).pci
    assert service.resume() is None


# --- no job without a way out


class Counting(StateDirectory):
    """A journal that counts its records."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.world.state_dir)
        self.count = 0

    def append(self, record: Record) -> None:
        """Count and write."""
        self.count += 1
        super().append(record)


def done_story(stage: Stage) -> tuple[Job, Vm]:
    """A job from the device to the started VM; and that VM as it was before."""
    uuid = halted_vm(stage)
    before = stage.toolstack.vm(uuid)
    job = stage.service.run(hide_job(stage.service, first_card(stage.service)), reboot=True)
    return bind_and_start(stage.service, job, uuid), before


RECORDS_OF_THE_ROLLBACK = 22


def test_the_rollback_has_as_many_records_as_the_kills_below_assume(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    job, _ = done_story(stage)
    journal = Counting(stage)
    service = stage.service_with(journal)
    service.rollback(service.plan_rollback(job), reboot=True)
    assert RECORDS_OF_THE_ROLLBACK == journal.count


@pytest.mark.parametrize(
    ("at", "resumed"),
    [
        *((at, False) for at in range(RECORDS_OF_THE_ROLLBACK)),
        *((at, True) for at in range(0, RECORDS_OF_THE_ROLLBACK, 3)),
    ],
)
def test_a_rollback_killed_at_any_record_gets_to_its_end(
    open_stage: Callable[..., Stage], at: int, resumed: bool
) -> None:
    stage = open_stage()
    first = stage.boot_bytes()
    job, before = done_story(stage)
    killing = stage.service_with(KillingJournal(stage.world, at, after=True))
    with pytest.raises(Killed):
        killing.rollback(killing.plan_rollback(killing.job(job.id)), reboot=True)

    service = stage.service
    left = service.resume()
    if resumed and left is not None:
        service.run(left, reboot=True)
    for todo in service.undoable():
        service.rollback(service.plan_rollback(todo), reboot=True)
    left = service.resume()
    if left is not None:  # all is undone but for the reboot
        assert left.awaits_reboot
        stage.world.host.reboot()
    assert first == stage.boot_bytes()
    after = stage.toolstack.vm(before.uuid)
    assert before == replace(after, domid=before.domid)
    assert Outcome.ROLLED_BACK is service.job(job.id).outcome
    assert service.resume() is None


def test_a_rollback_after_the_vm_was_deleted_undoes_the_rest(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    first = stage.boot_bytes()
    job, before = done_story(stage)
    delete_vm(stage, before.uuid)
    plan = stage.service.plan_rollback(job)
    assert plan.conflict is None
    assert [FileEdit, Reboot] == [type(change) for change in plan.changes]
    assert [f"VM {printable(before.name, 60)} is gone, and its keys with it."] == list(plan.notes)
    stage.service.rollback(plan, reboot=True)
    assert first == stage.boot_bytes()
    assert Outcome.ROLLED_BACK is stage.service.job(job.id).outcome


def test_a_rollback_is_not_rolled_back(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    service = stage.service
    job = service.run(hide_job(service, first_card(service)))
    undo = service.rollback(service.plan_rollback(job), reboot=False)
    bytes_after = stage.boot_bytes()
    plan = service.plan_rollback(undo)
    assert plan.conflict is not None
    assert (Exit.USAGE, "rollback-of-rollback") == (plan.conflict.exit_status, plan.conflict.code)
    again = service.plan_rollback(service.job(job.id))
    assert ((), None) == (again.changes, again.conflict)
    service.rollback(again, reboot=False)
    assert Outcome.ROLLED_BACK is service.job(job.id).outcome
    assert bytes_after == stage.boot_bytes()


def test_a_job_that_another_operator_closed_is_not_run(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    mine, other = stage.service, stage.service
    job = mine.run(hide_job(mine, first_card(mine)))
    other.rollback(other.plan_rollback(other.job(job.id)), reboot=False)
    booted = stage.world.host.boot_id()
    with pytest.raises(Problem) as ran:
        mine.run(job, reboot=True)
    with pytest.raises(Problem) as extended:
        mine.extend(job, [Reboot(booted)])
    for caught in (ran, extended):
        assert (Exit.CONFLICT, "job-closed") == (caught.value.exit_status, caught.value.code)
    assert booted == stage.world.host.boot_id()
    assert Outcome.ROLLED_BACK is mine.finish(job).outcome


def test_jobs_of_a_trimmed_journal_keep_their_numbers(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    StateDirectory(stage.world.state_dir).append(Opened("7", 0, Goal.HIDE, "seven", ()))
    assert "8" == stage.service.open_job(Goal.HIDE, "eight", [], []).id


# --- what is said is true


class FailingAt(Xapi):
    """A XAPI client whose n-th write finds XAPI gone."""

    left = 0

    def write_key(self, uuid: str, key: str, value: str | None) -> None:
        """Write, or fail as a client does whose call was never sent."""
        if not self.left:
            raise Problem(Exit.FAILED, "xapi-unavailable", "No XAPI.", remedy="Restart it.")
        self.left -= 1
        super().write_key(uuid, key, value)


def test_a_failure_half_way_says_what_stands(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    service = stage.service
    job = bind_job(service, halted_vm(stage), first_card(service))
    failing = FailingAt([stage.world.socket_path], timeout=5.0)
    failing.left = 2
    broken = Service(
        stage.world.host,
        stage.files,
        failing,
        StateDirectory(stage.world.state_dir),
        stage.world.clock,
    )
    with pytest.raises(Problem) as caught:
        broken.run(job)
    assert NOTHING_CHANGED not in caught.value.state
    assert (
        f"2 of {len(job.changes)} changes of job {job.id} were made and stand" in caught.value.state
    )
    assert "This change was not made." in caught.value.state


def test_a_journal_that_fails_after_the_write_says_that_it_was_made(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    before = stage.boot_bytes()

    class Full(StateDirectory):
        def append(self, record: Record) -> None:
            if record.KIND == "applied":
                raise Problem(Exit.FAILED, "disk-full", "The disk is full.", remedy="Make room.")
            super().append(record)

    service = stage.service_with(Full(stage.world.state_dir))
    with pytest.raises(Problem) as caught:
        service.run(hide_job(service, first_card(service)))
    assert before != stage.boot_bytes()
    assert "disk-full" == caught.value.code
    assert "This change was made." in caught.value.state


def test_a_vm_that_runs_on_another_host_is_no_success(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    job, vm = done_story(stage)
    elsewhere = "00000000-0000-0000-0000-000000000001"
    scan = stage.service.scan()
    assert scan.pool is not None
    vms = tuple(
        replace(each, resident_on=elsewhere) if each.uuid == vm.uuid else each
        for each in scan.pool.vms
    )
    scan = replace(scan, pool=replace(scan.pool, vms=vms))
    failed = [check for check in stage.service.checks(job, scan) if not check.passed]
    assert ["VM runs"] == [check.name for check in failed]
    assert elsewhere in failed[0].observed


def test_a_xenstore_that_cannot_be_read_is_a_failed_check(
    open_stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = open_stage()
    job, _ = done_story(stage)

    def refuse(_domid: int) -> tuple[Bdf, ...]:
        raise Problem(Exit.FAILED, "xenstore-failed", "No xenstore.", remedy="Look at xenstored.")

    monkeypatch.setattr(stage.world.host, "backend_devices", refuse)
    failed = [
        check for check in stage.service.checks(job, stage.service.scan()) if not check.passed
    ]
    assert [("No xenstore.", "Look at xenstored.")] == [(c.observed, c.next) for c in failed]


# --- looking leaves no trace


def test_looking_at_a_journal_sees_the_reboot_without_writing(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    service = stage.service
    edit, reboot = hide_job(service, first_card(service)).changes
    service.finish(service.jobs()[-1])
    job = service.run(service.open_job(Goal.HIDE, "hide", [], [edit, reboot]))
    assert job.is_open
    stage.world.host.reboot()
    journal = stage.world.state_dir / "journal"
    before = journal.read_bytes()
    assert Outcome.DONE is service.jobs_as_found()[-1].outcome
    plan = service.plan_rollback(service.undoable()[0])
    assert [FileEdit, Reboot] == [type(change) for change in plan.changes]
    assert before == journal.read_bytes()


def test_nothing_to_resume_makes_no_state_directory(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    state = stage.world.state_dir / "new"
    service = stage.service_with(StateDirectory(state))
    assert service.resume() is None
    assert not state.exists()


def test_the_undo_of_all_jobs_is_foreseen(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage("xenserver-6.2-procedure")
    service = stage.service
    for bdf in (Bdf(0, 2, 0, 0), Bdf(0, 5, 0, 0)):
        scan = service.scan()
        plan = service.plan_hide(scan, add=[bdf])
        changes: list[Change] = [FileEdit(plan.path, plan.before, plan.after)]
        service.run(service.open_job(Goal.HIDE, "hide", [], changes))
    newer, older = service.undoable()
    first = service.plan_rollback(newer)
    assert service.plan_rollback(older).conflict is not None
    assert service.plan_rollback(older, after=first.changes).conflict is None


def test_starting_is_undone_by_a_shutdown_not_by_a_pause() -> None:
    start = VmPower("u", "n", "h", PowerState.HALTED, PowerState.RUNNING)
    assert PowerState.HALTED is start.inverse().after


def test_a_job_of_which_nothing_can_be_undone_does_not_hide_the_older_ones(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    service = stage.service
    uuid = halted_vm(stage)
    service.run(hide_job(service, first_card(service)))
    service.run(bind_job(service, uuid, first_card(service)))
    delete_vm(stage, uuid)
    newest = service.undoable()[0]
    assert (
        Outcome.ROLLED_BACK is service.rollback(service.plan_rollback(newest), reboot=False).outcome
    )
    assert ["1"] == [job.id for job in service.undoable()]


def test_a_reboot_before_the_edit_is_not_the_reboot_after_it(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    service = stage.service
    bdfs = first_card(service)
    job = hide_job(service, bdfs)
    stage.world.host.reboot()  # the tool was killed before it wrote anything
    resumed = service.resume()
    assert resumed is not None
    assert () == resumed.applied
    job = service.run(resumed)
    assert job.awaits_reboot
    assert Place.PENDING is service.scan().standing(bdfs[0]).place
    job = service.run(job, reboot=True)
    assert () == job.remaining
    assert Place.HIDDEN is service.scan().standing(bdfs[0]).place
