"""The story without a reboot, by the wizard's errands: taken at once, cut off anywhere, undone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.changes import DriverChange, FileEdit, Reboot, VmPower
from serialpass_tui.core.job import Goal, Job, Outcome, Progress, booted_since
from serialpass_tui.core.verify import Place
from serialpass_tui.core.wizard import Step
from serialpass_tui.core.wizard import resume as take_up
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host.journal import StateDirectory
from serialpass_tui.sim.faults import Faults
from serialpass_tui.tui.flow import Flow, Sight, Target
from tests.test_service import (
    Killed,
    KillingJournal,
    assert_as_it_was,
    first_card,
    halted_vm,
    hide_job,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from serialpass_tui.core.changes import Change
    from serialpass_tui.core.job import Record
    from serialpass_tui.service import Service
    from tests.conftest import Stage

    Open = Callable[..., Stage]


def silent(_change: Change, _done: float) -> None:
    pass


def written(service: Service) -> Sight:
    """Step 2: the boot entry is written, without a trial: only then can the card go at once."""
    flow, bdfs = Flow(service), first_card(service)
    scan = service.scan()
    plan = replace(flow.plan_hide(scan, bdfs), trial=None)
    return flow.write_entry(scan, Target(bdfs), plan, silent)


def taken(service: Service) -> Sight:
    """Step 3: pciback has the card, without a reboot."""
    sight = written(service)
    return take(service, sight.job)


def take(service: Service, job: Job | None) -> Sight:
    """The preview of taking the job's devices now, and taking them."""
    assert job is not None
    flow, target = Flow(service), Target(tuple(device.bdf for device in job.devices), "", job)
    sight, changes, _ = flow.plan_take(target)
    return flow.take(sight.scan, replace(target, job=sight.job), changes, silent)


def whole_story(service: Service, vm_uuid: str) -> Job:
    """From the device to the started VM."""
    flow, sight = Flow(service), taken(service)
    target = Target(first_card(service), "", sight.job)
    plan, _ = flow.plan_bind(sight.scan, target, vm_uuid)
    sight = flow.bind(sight.scan, target, plan, silent)
    sight = flow.start_vm(sight.scan, Target(target.bdfs, vm_uuid, sight.job), silent)
    assert sight.job is not None
    return sight.job


def places(service: Service) -> set[Place]:
    bdfs = [Bdf.parse("0000:02:00.0"), Bdf.parse("0000:02:00.1")]
    return {standing.place for standing in service.scan().standings(bdfs)}


def roll_all_back(service: Service) -> None:
    """Undo every job, up to the reboot that one may need."""
    for job in service.undoable():
        service.rollback(service.plan_rollback(job), reboot=False)
    left = service.resume()
    if left is not None and not left.awaits_reboot:
        service.finish(left)


def test_the_whole_story_and_its_rollback_need_no_reboot(open_stage: Open) -> None:
    stage = open_stage()
    service, booted = stage.service, stage.world.host.boot_id()
    first_bytes, vm_uuid = stage.boot_bytes(), halted_vm(stage)
    first_vm = stage.toolstack.vm(vm_uuid)
    job = taken(service).job
    assert job is not None
    assert [FileEdit, Reboot, DriverChange, DriverChange] == [type(c) for c in job.changes]
    done, dropped = Progress.APPLIED, Progress.DROPPED
    assert (done, dropped, done, done) == job.progress
    assert ((1, "not needed: the devices are where it would bring them"),) == job.reasons
    assert {Place.HIDDEN} == places(service)
    assert (True, False) == (job.is_open, job.awaits_reboot)

    service.finish(job)
    roll_all_back(service)
    job = whole_story(service, vm_uuid)
    assert Outcome.DONE is job.outcome
    assert [] == [check for check in service.checks(job, service.scan()) if not check.passed]
    plan = service.plan_rollback(job)
    kinds = [type(change) for change in plan.changes]
    assert [VmPower, FileEdit, DriverChange, DriverChange] == [kinds[0], *kinds[-3:]]
    undone = service.rollback(plan, reboot=False)
    assert (Outcome.DONE, Outcome.ROLLED_BACK) == (undone.outcome, service.job(job.id).outcome)
    assert_as_it_was(stage, first_bytes, first_vm)
    assert {Place.FREE} == places(service)
    assert booted == stage.world.host.boot_id()


# --- cut off


RECORDS_OF_THE_STORY = 27
RECORDS_OF_THE_ROLLBACK = 24


class Counting(StateDirectory):
    """A journal that counts what is written in it."""

    count = 0

    def append(self, record: Record) -> None:
        """Count and write."""
        self.count += 1
        super().append(record)


def test_both_have_as_many_records_as_the_kills_below_assume(open_stage: Open) -> None:
    stage = open_stage()
    journal = Counting(stage.world.state_dir)
    job = whole_story(stage.service_with(journal), halted_vm(stage))
    assert RECORDS_OF_THE_STORY == journal.count
    journal.count = 0
    service = stage.service_with(journal)
    service.rollback(service.plan_rollback(job), reboot=False)
    assert RECORDS_OF_THE_ROLLBACK == journal.count


@pytest.mark.parametrize(
    ("on_disk", "power_cut"),
    [(False, False), (True, False), (True, True)],
    ids=["before it", "after it", "by a power cut"],
)
@pytest.mark.parametrize("at", range(RECORDS_OF_THE_STORY))
def test_cut_off_at_any_record_then_rolled_back(
    open_stage: Open, at: int, on_disk: bool, power_cut: bool
) -> None:
    stage = open_stage()
    first_bytes, vm_uuid = stage.boot_bytes(), halted_vm(stage)
    first_vm = stage.toolstack.vm(vm_uuid)
    killing = stage.service_with(KillingJournal(stage.world, at, after=on_disk))
    with pytest.raises(Killed):
        whole_story(killing, vm_uuid)
    if power_cut:
        stage.world.host.reboot()
    assert_undone(stage, first_bytes)
    assert_as_it_was(stage, first_bytes, first_vm)


@pytest.mark.parametrize("at", range(RECORDS_OF_THE_STORY))
def test_cut_off_at_any_record_then_gone_on_with_and_rolled_back(open_stage: Open, at: int) -> None:
    stage = open_stage()
    first_bytes, vm_uuid = stage.boot_bytes(), halted_vm(stage)
    killing = stage.service_with(KillingJournal(stage.world, at, after=True))
    with pytest.raises(Killed):
        whole_story(killing, vm_uuid)
    service = stage.service
    job = service.resume()
    if job is not None:
        job = service.run(job)
        if job.is_open and not job.awaits_reboot and job.applied:
            take(service, job)
            assert {Place.HIDDEN} <= places(service) | {Place.HIDDEN}
    assert_undone(stage, first_bytes)


@pytest.mark.parametrize("power_cut", [False, True], ids=["killed", "power cut"])
@pytest.mark.parametrize("at", range(RECORDS_OF_THE_ROLLBACK))
def test_a_rollback_cut_off_at_any_record_gets_to_its_end(
    open_stage: Open, at: int, power_cut: bool
) -> None:
    stage = open_stage()
    first_bytes, vm_uuid = stage.boot_bytes(), halted_vm(stage)
    first_vm = stage.toolstack.vm(vm_uuid)
    job = whole_story(stage.service, vm_uuid)
    killing = stage.service_with(KillingJournal(stage.world, at, after=True))
    with pytest.raises(Killed):
        killing.rollback(killing.plan_rollback(job), reboot=False)
    if power_cut:
        stage.world.host.reboot()
    assert_undone(stage, first_bytes)
    assert_as_it_was(stage, first_bytes, first_vm)
    assert Outcome.ROLLED_BACK is stage.service.job(job.id).outcome


def assert_undone(stage: Stage, first_bytes: bytes) -> None:
    """All is rolled back, with the reboot that is asked for and with none that is not needed."""
    service, host = stage.service, stage.world.host
    booted = host.boot_id()
    roll_all_back(service)
    assert first_bytes == stage.boot_bytes()
    left = service.resume()
    if left is None:
        assert {Place.FREE} == places(service)
    else:
        assert left.awaits_reboot
        assert {Place.LEAVING} == places(service)
        service.run(left, reboot=True)
        assert {Place.FREE} == places(service)
        assert booted != host.boot_id()
    assert service.resume() is None
    assert [] == service.undoable()


def test_after_a_power_cut_the_next_start_shows_what_came_of_it(open_stage: Open) -> None:
    stage = open_stage()
    taken(stage.service)
    stage.world.host.reboot()
    service = stage.service
    job = service.resume()
    assert job is not None
    booted = stage.world.host.boot_id()
    assert booted_since(job, booted)
    standings = service.scan().standings([device.bdf for device in job.devices])
    assert Step.HIDDEN is take_up(job, standings, rebooted=True).step
    assert {Place.HIDDEN} == {standing.place for standing in standings}
    plan = service.plan_rollback(job)
    assert [FileEdit, Reboot] == [type(change) for change in plan.changes]


def test_a_card_that_is_gone_after_a_power_cut_is_no_conflict(open_stage: Open) -> None:
    moved = ((Bdf(0, 2, 0, 0), Bdf(0, 0x42, 0, 0)), (Bdf(0, 2, 0, 1), Bdf(0, 0x42, 0, 1)))
    stage = open_stage(faults=Faults(moved=moved))
    first_bytes = stage.boot_bytes()
    job = taken(stage.service).job
    assert job is not None
    stage.world.host.reboot()
    service = stage.service
    plan = service.plan_rollback(service.job(job.id))
    assert plan.conflict is None
    service.rollback(plan, reboot=True)
    assert first_bytes == stage.boot_bytes()
    assert service.resume() is None


# --- the driver does not let go, a program holds the tty


def refused_by(stage: Stage, bdf: Bdf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the driver of one function keep it."""
    change_driver = stage.world.host.change_driver

    def change(one: Bdf, before: str, after: str) -> None:
        if one == bdf:
            raise Problem(Exit.FAILED, "driver-refused", "It stays.", remedy="See dmesg.")
        change_driver(one, before, after)

    monkeypatch.setattr(stage.world.host, "change_driver", change)


def test_a_driver_that_refuses_leaves_the_reboot_due(open_stage: Open) -> None:
    stage = open_stage(faults=Faults(driver_refuses=True))
    service = stage.service
    job = written(service).job
    with pytest.raises(Problem) as caught:
        take(service, job)
    assert (Exit.FAILED, "driver-refused") == (caught.value.exit_status, caught.value.code)
    job = service.resume()
    assert job is not None
    assert job.awaits_reboot
    assert {Place.PENDING} == places(service)
    job = service.run(job, reboot=True)
    assert {Place.HIDDEN} == places(service)
    assert [FileEdit, Reboot] == [type(change) for change in job.applied[:2]]


def test_half_a_card_is_told_taken_again_and_undone(
    open_stage: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = open_stage()
    service, first_bytes = stage.service, stage.boot_bytes()
    job = written(service).job
    with monkeypatch.context() as patch:
        refused_by(stage, Bdf(0, 2, 0, 1), patch)
        with pytest.raises(Problem) as caught:
            take(service, job)
    assert "This change was not made. Before that, 2 of 4 changes" in caught.value.state
    assert {Place.HIDDEN, Place.PENDING} == places(service)
    job = service.resume()
    assert job is not None
    assert job.awaits_reboot
    job = take(service, job).job
    assert job is not None
    assert {Place.HIDDEN} == places(service)
    assert (False, ()) == (job.awaits_reboot, job.remaining)
    assert_undone(stage, first_bytes)


def test_without_an_edit_in_the_job_a_refusal_leaves_no_job_open(open_stage: Open) -> None:
    stage = open_stage(faults=Faults(driver_refuses=True))
    service = stage.service
    job = written(service).job
    assert job is not None
    job = service.finish(job)
    with pytest.raises(Problem):
        take(service, job)
    assert service.resume() is None
    assert Outcome.ABANDONED is service.jobs()[-1].outcome


def test_a_program_that_opens_the_tty_after_the_preview(open_stage: Open) -> None:
    stage = open_stage()
    service = stage.service
    job = written(service).job
    assert job is not None
    flow, target = Flow(service), Target(first_card(service), "", job)
    sight, changes, _ = flow.plan_take(target)
    stage.world.host.faults = Faults(tty_held=True)
    with pytest.raises(Problem) as caught:
        flow.take(sight.scan, target, changes, silent)
    assert (Exit.REFUSED, "tty-in-use") == (caught.value.exit_status, caught.value.code)
    assert {"serial"} == {stage.world.host.driver(bdf) for bdf in target.bdfs}
    with pytest.raises(Problem):
        flow.plan_take(target)
    left = service.resume()
    assert left is not None
    service.run(left, reboot=True)  # the program does not forbid the reboot
    assert {Place.HIDDEN} == places(service)


def test_without_pciback_nothing_is_planned(open_stage: Open) -> None:
    stage = open_stage()
    job = written(stage.service).job
    stage.world.host.store.change(registered=False)
    with pytest.raises(Problem) as caught:
        take(stage.service, job)
    assert "pciback-missing" == caught.value.code
    assert "reboot" in caught.value.remedy
    assert "--now" not in caught.value.remedy


# --- after the reboot


def test_a_boot_of_the_rescue_entry_needs_no_reboot_for_the_undo(open_stage: Open) -> None:
    stage = open_stage()
    service = stage.service
    job = written(service).job
    assert job is not None
    stage.world.host.boot("XCP-ng (Xen 4.17.6 / Linux 4.19.0+1)")
    assert {Place.PENDING} == places(service)
    plan = service.plan_rollback(service.job(job.id))
    assert [FileEdit] == [type(change) for change in plan.changes]
    service.rollback(plan, reboot=False)
    assert (None, {Place.FREE}) == (service.resume(), places(service))


def test_an_undo_that_was_booted_already_asks_for_no_other_reboot(open_stage: Open) -> None:
    stage = open_stage()
    service = stage.service
    job = service.run(hide_job(service, first_card(service)), reboot=True)
    plan = service.plan_rollback(job)
    assert isinstance(plan.changes[-1], Reboot)
    service.rollback(plan, reboot=False)
    stage.world.host.store.change(taken=())  # somebody gave it back by hand
    assert service.resume() is None
    assert Outcome.ROLLED_BACK is service.job(job.id).outcome


def test_a_card_that_the_boot_left_to_its_driver_is_taken_and_given_back_at_once(
    open_stage: Open,
) -> None:
    stage = open_stage(faults=Faults(hide_ignored=True))
    service, first_bytes = stage.service, stage.boot_bytes()
    job = service.run(hide_job(service, first_card(service)), reboot=True)
    assert {Place.NOT_TAKEN} == places(service)
    booted = stage.world.host.boot_id()
    sight = take(service, job)
    assert sight.job is not None
    assert job.id == sight.job.id
    assert {Place.HIDDEN} == places(service)
    plan = service.plan_rollback(sight.job)
    assert [FileEdit, DriverChange, DriverChange] == [type(change) for change in plan.changes]
    service.rollback(plan, reboot=False)
    assert {Place.FREE} == places(service)
    assert first_bytes == stage.boot_bytes()
    assert (booted, None) == (stage.world.host.boot_id(), service.resume())


def test_half_of_it_taken_by_the_boot_needs_the_reboot_of_the_undo(open_stage: Open) -> None:
    stage = open_stage()
    service = stage.service
    job = service.run(hide_job(service, first_card(service)), reboot=True)
    late = Bdf(0, 2, 0, 1)
    stage.world.host.store.change(taken=(Bdf(0, 2, 0, 0),))
    assert {Place.HIDDEN, Place.NOT_TAKEN} == places(service)
    sight = take(service, job)
    assert sight.job is not None
    plan = service.plan_rollback(sight.job)
    assert [FileEdit, DriverChange, Reboot] == [type(change) for change in plan.changes]
    (back,) = (change for change in plan.changes if isinstance(change, DriverChange))
    assert late == back.bdf


# --- the undo


@pytest.mark.parametrize("function", [1, 0])
def test_a_driver_that_does_not_take_it_back_leaves_a_reboot_to_do_the_rest(
    open_stage: Open, monkeypatch: pytest.MonkeyPatch, function: int
) -> None:
    stage = open_stage()
    first_bytes = stage.boot_bytes()
    service = stage.service
    job = taken(service).job
    assert job is not None
    plan = service.plan_rollback(job)
    with monkeypatch.context() as patch:
        refused_by(stage, Bdf(0, 2, 0, function), patch)
        with pytest.raises(Problem) as caught:
            service.rollback(plan, reboot=False)
    assert "driver-refused" == caught.value.code
    assert first_bytes == stage.boot_bytes()
    stage.world.host.reboot()
    left = stage.service.resume()
    if left is not None:  # the first of two was refused: the second is still noted as left
        assert Outcome.DONE is stage.service.run(left).outcome
    assert {Place.FREE} == places(stage.service)
    assert Outcome.ROLLED_BACK is stage.service.job(job.id).outcome


@pytest.mark.parametrize("closed", [False, True], ids=["hide --now", "closed before its reboot"])
def test_a_closed_job_knows_that_the_host_booted_with_its_edit(
    open_stage: Open, closed: bool
) -> None:
    stage = open_stage()
    service, first_bytes = stage.service, stage.boot_bytes()
    job = hide_job(service, first_card(service))
    edit, reboot = job.changes
    if closed:
        job = service.finish(service.run(job))
    else:
        service.finish(job)
        taking = service.plan_take(service.scan(), first_card(service))
        changes = [edit, reboot, *taking]
        job = service.run(service.open_job(Goal.HIDE, "hide", job.devices, changes))
    assert Outcome.DONE is job.outcome
    stage.world.host.reboot()
    plan = service.plan_rollback(job)
    assert [FileEdit, Reboot] == [type(change) for change in plan.changes]
    assert_undone(stage, first_bytes)
