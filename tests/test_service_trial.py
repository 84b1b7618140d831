"""A change that is booted once before it becomes the default, over the simulated host."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core import guard
from serialpass_tui.core.changes import BootOnce, FileEdit
from serialpass_tui.core.inventory import DeviceId
from serialpass_tui.core.job import Goal, Job, Outcome, Progress
from serialpass_tui.core.trial import Stage as TrialStage
from serialpass_tui.core.verify import Place
from serialpass_tui.errors import Problem
from serialpass_tui.host.journal import StateDirectory
from serialpass_tui.sim.faults import Faults
from tests.test_service import Killed, KillingJournal, bind_and_start, first_card, halted_vm

if TYPE_CHECKING:
    from collections.abc import Callable

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.boot import HidePlan
    from serialpass_tui.core.job import Record
    from serialpass_tui.service import Service
    from tests.conftest import Stage

GRUB, GRUB_UEFI, EXTLINUX = "xcp-ng-8.3-bios", "xcp-ng-8.3-uefi", "xenserver-6.2-procedure"
GENERATED = "debian-12"
LOADERS = (GRUB, GRUB_UEFI, EXTLINUX, GENERATED)


def the_plan(service: Service) -> HidePlan:
    scan = service.scan()
    return service.plan_hide(scan, add=first_card(service))


def open_trial(service: Service) -> Job:
    """The wizard's first half: the trial and its reboot, not yet run."""
    scan = service.scan()
    bdfs = first_card(service)
    changes = service.plan_trial(scan, service.plan_hide(scan, add=bdfs))
    devices = [DeviceId.of(item) for item in scan.inventory.pci if item.bdf in bdfs]
    return service.open_job(Goal.GIVE, "give the card to a VM", devices, changes)


def try_it(service: Service) -> Job:
    """Write the trial and boot it."""
    return service.run(open_trial(service), reboot=True)


def keep(service: Service, job: Job) -> Job:
    """What the operator confirms."""
    changes = service.plan_keep(service.scan(), job)[1]
    return service.run(service.extend(job, changes))


def bdfs_of(job: Job) -> tuple[Bdf, ...]:
    return tuple(device.bdf for device in job.devices)


def places(service: Service, job: Job) -> set[Place]:
    return {item.place for item in service.scan().standings(bdfs_of(job))}


def undo(service: Service, job: Job) -> Job:
    """Roll back as found, up to the reboot."""
    return service.rollback(service.plan_rollback(service.job(job.id)), reboot=False)


@pytest.fixture(params=LOADERS)
def stage(request: pytest.FixtureRequest, open_stage: Callable[..., Stage]) -> Stage:
    return open_stage(request.param)


def test_a_trial_that_is_kept_leaves_what_the_plain_way_writes(stage: Stage) -> None:
    service, plain = stage.service, the_plan(stage.service)
    job = service.run(open_trial(service))
    assert {Place.PENDING} == places(service, job)
    assert TrialStage.AHEAD is service.scan().trial(job)
    first = service.scan().require_boot().default
    assert first is not None
    assert "hide" not in first.cmdline

    job = service.run(job, reboot=True)
    scan = service.scan()
    assert "serialpass.trial" in scan.inventory.cmdline.split()
    assert TrialStage.RUNNING is scan.trial(job)
    assert {Place.ON_TRIAL} == places(service, job)
    assert [] == [item for item in service.trial_checks(job, scan) if not item.passed]

    job = keep(service, job)
    assert plain.after == stage.boot_bytes()
    assert {Place.HIDDEN} == places(service, job)
    assert TrialStage.NONE is service.scan().trial(job)
    stage.world.host.reboot()
    assert {Place.HIDDEN} == places(service, job)
    assert "serialpass.trial" not in service.scan().inventory.cmdline


def test_a_trial_that_nobody_keeps_is_over_with_the_next_boot(stage: Stage) -> None:
    service, first = stage.service, stage.boot_bytes()
    job = try_it(service)
    stage.world.host.reboot()
    service = stage.service
    job = service.job(job.id)
    assert TrialStage.RETURNED is service.scan().trial(job)
    assert {Place.FREE} == places(service, job)
    assert job == service.resume()

    assert not undo(service, job).awaits_reboot
    assert first == stage.boot_bytes()
    assert Outcome.ROLLED_BACK is service.job(job.id).outcome
    stage.world.host.reboot()
    assert {Place.FREE} == places(service, job)


@pytest.mark.parametrize("name", LOADERS)
def test_a_kernel_that_panics_is_followed_by_the_default(
    open_stage: Callable[..., Stage], name: str
) -> None:
    stage = open_stage(name, Faults(trial_panics=True))
    service, first = stage.service, stage.boot_bytes()
    job = try_it(service)
    assert TrialStage.RETURNED is service.scan().trial(job)
    assert {Place.FREE} == places(service, job)
    stage.world.host.reboot()
    assert TrialStage.RETURNED is service.scan().trial(job)
    undo(service, job)
    assert first == stage.boot_bytes()


def test_a_trial_that_was_not_booted_yet_is_taken_back(stage: Stage) -> None:
    service, first = stage.service, stage.boot_bytes()
    stores = service.scan().inventory.boot_stores
    job = service.run(open_trial(service))
    undo(service, job)
    assert first == stage.boot_bytes()
    assert stores == service.scan().inventory.boot_stores
    assert [] == service.undoable()


@pytest.mark.parametrize("name", [GRUB, GRUB_UEFI, GENERATED])
def test_an_order_that_grub_cannot_take_back_is_not_followed(
    open_stage: Callable[..., Stage], name: str
) -> None:
    stage = open_stage(name, Faults(grubenv_fails=True))
    service, first = stage.service, stage.boot_bytes()
    stores = service.scan().inventory.boot_stores
    job = try_it(service)
    for _ in range(2):
        scan = service.scan()
        assert TrialStage.RETURNED is scan.trial(job)
        assert "hide" not in scan.inventory.cmdline
        stage.world.host.reboot()
    undo(service, job)
    assert first == stage.boot_bytes()
    assert stores == service.scan().inventory.boot_stores


def test_a_trial_that_came_to_nothing_is_tried_again(stage: Stage) -> None:
    service = stage.service
    job = try_it(service)
    stage.world.host.reboot()
    scan = service.scan()
    again = service.plan_trial(scan, service.plan_hide(scan, add=bdfs_of(job)))
    assert [BootOnce.KIND, "reboot"] == [change.KIND for change in again]
    job = service.run(service.extend(service.job(job.id), again), reboot=True)
    assert TrialStage.RUNNING is service.scan().trial(job)
    assert {Place.HIDDEN} == places(service, keep(service, job))


def test_giving_up_in_the_trial_boot_needs_one_more_reboot(stage: Stage) -> None:
    service, first = stage.service, stage.boot_bytes()
    job = try_it(service)
    back = undo(service, job)
    assert first == stage.boot_bytes()
    assert back.awaits_reboot
    service.run(back, reboot=True)
    assert {Place.FREE} == places(service, job)


def test_the_whole_story_after_a_trial_is_rolled_back_to_the_first_bytes(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    service, first = stage.service, stage.boot_bytes()
    stores = service.scan().inventory.boot_stores
    job = bind_and_start(service, keep(service, try_it(service)), halted_vm(stage))
    assert Outcome.DONE is job.outcome
    back = undo(service, job)
    assert not any(isinstance(change, BootOnce) for change in back.changes)
    assert first == stage.boot_bytes()
    assert stores == service.scan().inventory.boot_stores


def test_a_made_environment_block_goes_with_the_trial(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage(GRUB_UEFI)
    service = stage.service
    assert [None] == [store.data for store in service.scan().inventory.boot_stores]
    job = try_it(service)
    stage.world.host.reboot()
    undo(service, job)
    assert [None] == [store.data for store in service.scan().inventory.boot_stores]


def test_where_the_loader_cannot_boot_once_the_plain_way_is_left(
    open_stage: Callable[..., Stage],
) -> None:
    service = open_stage("oxford-quad-bridge").service
    plan = the_plan(service)
    assert plan.trial is None
    assert "A trial boot cannot be had here: /boot/grub/grubenv lies on LVM" in plan.no_trial
    with pytest.raises(Problem, match="lies on LVM") as caught:
        service.plan_trial(service.scan(), plan)
    assert "no-trial" == caught.value.code
    assert plan.edits


def test_the_rules_look_at_what_a_trial_hides(open_stage: Callable[..., Stage]) -> None:
    """The default entry of a trial's file hides nothing new: the trial entry does."""
    stage = open_stage()
    service = stage.service
    job = open_trial(service)
    edit = next(c for c in job.changes if isinstance(c, FileEdit) and c.path.endswith("grub.cfg"))
    inventory = service.scan().inventory
    assert bdfs_of(job) == guard.taken(inventory, None, edit)


class CutJournal(StateDirectory):
    """A journal before whose record number `last` the power goes away."""

    def __init__(self, stage: Stage, last: int) -> None:
        super().__init__(stage.world.state_dir)
        self.left = last

    def append(self, record: Record) -> None:
        """Write it, or not any more."""
        if self.left <= 0:
            raise PowerCutError
        self.left -= 1
        super().append(record)


class PowerCutError(BaseException):
    """Nothing catches a power cut."""


@pytest.mark.parametrize("name", [GRUB, EXTLINUX])
@pytest.mark.parametrize("records", range(14))
def test_a_power_cut_while_the_trial_is_written(
    open_stage: Callable[..., Stage], name: str, records: int
) -> None:
    """Whatever boots then, the journal and the host agree, and all can be taken back."""
    stage = open_stage(name)
    first = stage.boot_bytes()
    try:
        service = stage.service_with(CutJournal(stage, records))
        service.run(open_trial(service))
    except PowerCutError:
        pass
    stage.world.host.boot()
    service = stage.service
    service.resume()
    for job in service.undoable():
        standing, seen = places(service, job), service.scan().trial(job)
        assert (seen is TrialStage.RUNNING) == (standing == {Place.ON_TRIAL})
        if seen is TrialStage.RUNNING:
            assert plain_after(open_stage, name) == kept_bytes(stage, job)
        service.finish(service.job(job.id))
        undo(service, job)
    assert first == stage.boot_bytes()


def plain_after(open_stage: Callable[..., Stage], name: str) -> bytes:
    return the_plan(open_stage(name).service).after


def kept_bytes(stage: Stage, job: Job) -> bytes:
    service = stage.service
    keep(service, service.job(job.id))
    return stage.boot_bytes()


@pytest.mark.parametrize("name", [GRUB, EXTLINUX])
@pytest.mark.parametrize("records", range(8))
def test_a_power_cut_while_the_trial_is_kept(
    open_stage: Callable[..., Stage], name: str, records: int
) -> None:
    """The host boots as before or with the change: both are told, both can be taken back."""
    stage = open_stage(name)
    first, plain = stage.boot_bytes(), the_plan(stage.service).after
    job = try_it(stage.service)
    try:
        service = stage.service_with(CutJournal(stage, records))
        keep(service, service.job(job.id))
    except PowerCutError:
        pass
    written = stage.boot_bytes() == plain
    stage.world.host.boot()
    service = stage.service
    job = service.resume() or service.job(job.id)
    assert {Place.HIDDEN if written else Place.FREE} == places(service, job)
    if not written:
        assert TrialStage.RETURNED is service.scan().trial(job)
    else:
        left = [job.changes[index] for index in job.remaining]
        service.run(job) if left else None
        assert Progress.BEGAN not in service.job(job.id).progress
    undo(service, job)
    assert first == stage.boot_bytes()


@pytest.mark.parametrize("name", [GRUB, EXTLINUX])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("record", range(8))
def test_another_trial_after_one_that_was_cut_off_while_it_was_kept(
    open_stage: Callable[..., Stage], name: str, record: int, *, after: bool
) -> None:
    """What the second one makes of the file is not taken for what the first one had begun."""
    stage = open_stage(name)
    first, plain = stage.boot_bytes(), the_plan(stage.service).after
    cut_off = try_it(stage.service)
    with contextlib.suppress(Killed):
        keep(stage.service_with(KillingJournal(stage.world, record, after=after)), cut_off)
    stage.world.host.boot()
    service = stage.service
    service.resume()
    if stage.boot_bytes() != plain:
        keep(service, try_it(service))
    assert plain == stage.boot_bytes()
    for job in service.undoable():
        undo(service, job)
    assert first == stage.boot_bytes()
    assert [] == service.undoable()
