"""The use cases over the simulated host: real files, a real XAPI wire, a firmware of its own."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.changes import Change, FileEdit, Reboot
from serialpass_tui.core.inventory import DeviceId
from serialpass_tui.core.job import Goal, Job, Outcome
from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.verify import Place
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host.journal import StateDirectory
from serialpass_tui.service import Held, Service
from serialpass_tui.sim.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from serialpass_tui.core.job import Record
    from serialpass_tui.core.pool import Vm
    from serialpass_tui.sim.world import SimWorld
    from tests.conftest import Stage


def first_card(service: Service) -> tuple[Bdf, ...]:
    """The first card that can be chosen."""
    return next(item.bdfs for item in service.scan().candidates if item.selectable)


def hide_job(service: Service, bdfs: tuple[Bdf, ...]) -> Job:
    """The wizard's first half: the job with the boot-entry edit and the reboot, not yet run."""
    scan = service.scan()
    plan = service.plan_hide(scan, add=bdfs)
    devices = [DeviceId.of(item) for item in scan.inventory.pci if item.bdf in bdfs]
    changes: list[Change] = [
        FileEdit(plan.path, plan.before, plan.after),
        Reboot(scan.inventory.boot_id),
    ]
    return service.open_job(Goal.GIVE, "give the card to a VM", devices, changes)


def bind_and_start(service: Service, job: Job, vm_uuid: str) -> Job:
    """The wizard's second half."""
    bdfs = tuple(device.bdf for device in job.devices)
    plan = service.plan_bind(service.scan(), vm_uuid, bdfs, start=False, job=job)
    job = service.run(service.extend(job, plan.changes))
    start = service.plan_start(service.scan(), vm_uuid)
    assert start is not None
    return service.run(service.extend(job, [start]))


def halted_vm(stage: Stage) -> str:
    """A VM that can take a device."""
    pool = stage.toolstack.pool()
    return next(
        vm.uuid
        for vm in pool.vms
        if vm.power_state is PowerState.HALTED
        and not Service.vm_refusals(pool, vm)
        and vm.pci is None
    )


def assert_as_it_was(stage: Stage, first_bytes: bytes, first_vm: Vm) -> None:
    """The boot file and the VM's keys are what they were before the first change."""
    assert first_bytes == stage.boot_bytes()
    last_vm = stage.toolstack.vm(first_vm.uuid)
    assert first_vm.other_config == last_vm.other_config
    assert first_vm.blocked_operations == last_vm.blocked_operations
    assert first_vm.affinity == last_vm.affinity


def test_the_whole_story_and_its_rollback(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    service = stage.service
    first_bytes = stage.boot_bytes()
    vm_uuid = halted_vm(stage)
    first_vm = stage.toolstack.vm(vm_uuid)
    bdfs = first_card(service)

    assert {Place.FREE} == {s.place for s in service.scan().standings(bdfs)}
    job = service.run(hide_job(service, bdfs))
    assert job.awaits_reboot
    assert {Place.PENDING} == {s.place for s in service.scan().standings(bdfs)}
    job = service.run(job, reboot=True)
    assert job.is_open
    assert {Place.HIDDEN} == {s.place for s in service.scan().standings(bdfs)}
    assert [] == [
        tty for item in service.scan().inventory.pci if item.bdf in bdfs for tty in item.ttys
    ]

    job = bind_and_start(service, job, vm_uuid)
    assert Outcome.DONE is job.outcome
    checks = service.checks(job, service.scan())
    assert [] == [check for check in checks if not check.passed]
    assert len(bdfs) + 3 == len(checks)

    undone = service.rollback(service.plan_rollback(job), reboot=True)
    assert Outcome.DONE is undone.outcome
    assert Outcome.ROLLED_BACK is service.job(job.id).outcome
    assert_as_it_was(stage, first_bytes, first_vm)
    assert {Place.FREE} == {s.place for s in service.scan().standings(bdfs)}


class Killed(BaseException):
    """The process is gone at this point: nothing after it runs."""


class KillingJournal(StateDirectory):
    """A journal at whose n-th record the process dies, before or after it is on the disk."""

    def __init__(self, world: SimWorld, at: int, *, after: bool) -> None:
        super().__init__(world.state_dir, world.root)
        self.left = at
        self._after = after

    def append(self, record: Record) -> None:
        """Write the record, unless this is where the process dies."""
        if self.left == 0 and not self._after:
            raise Killed
        super().append(record)
        if self.left == 0:
            raise Killed
        self.left -= 1


RECORDS_OF_THE_STORY = 23
"""Opened, planned, then began and applied for each change, and the close."""


def whole_story(service: Service, stage: Stage, vm_uuid: str) -> None:
    """Hide, reboot, bind, start."""
    bdfs = first_card(service)
    job = service.run(hide_job(service, bdfs), reboot=True)
    bind_and_start(service, job, vm_uuid)


def test_the_story_has_as_many_records_as_the_kills_below_assume(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    whole_story(stage.service, stage, halted_vm(stage))
    assert RECORDS_OF_THE_STORY == len(StateDirectory(stage.world.state_dir).records())


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(RECORDS_OF_THE_STORY))
def test_killed_at_any_record_then_resumed_and_rolled_back(
    open_stage: Callable[..., Stage], at: int, after: bool
) -> None:
    stage = open_stage()
    first_bytes = stage.boot_bytes()
    vm_uuid = halted_vm(stage)
    first_vm = stage.toolstack.vm(vm_uuid)
    killing = stage.service_with(KillingJournal(stage.world, at, after=after))
    with pytest.raises(Killed):
        whole_story(killing, stage, vm_uuid)

    service = stage.service
    job = service.resume()
    if job is not None:
        job = service.run(job, reboot=True)
        assert () == job.remaining
        if job.is_open:
            job = service.finish(job)
    for done in service.undoable():
        service.rollback(service.plan_rollback(done), reboot=True)
    assert_as_it_was(stage, first_bytes, first_vm)
    assert service.resume() is None
    assert [] == service.undoable()


@pytest.mark.parametrize("at", range(RECORDS_OF_THE_STORY))
def test_killed_at_any_record_then_rolled_back_at_once(
    open_stage: Callable[..., Stage], at: int
) -> None:
    stage = open_stage()
    first_bytes = stage.boot_bytes()
    vm_uuid = halted_vm(stage)
    first_vm = stage.toolstack.vm(vm_uuid)
    killing = stage.service_with(KillingJournal(stage.world, at, after=True))
    with pytest.raises(Killed):
        whole_story(killing, stage, vm_uuid)

    service = stage.service
    job = service.resume()
    for done in service.undoable():
        service.rollback(service.plan_rollback(done), reboot=True)
    if job is not None and service.job(job.id).is_open:
        service.finish(service.job(job.id))
    assert first_bytes == stage.boot_bytes()
    assert first_vm.other_config == stage.toolstack.vm(vm_uuid).other_config
    assert service.resume() is None


def test_the_half_file_of_a_killed_run_is_swept(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    first_bytes = stage.boot_bytes()
    began = 2
    killing = stage.service_with(KillingJournal(stage.world, began, after=True))
    with pytest.raises(Killed):
        killing.run(hide_job(killing, first_card(killing)))
    boot_file = stage.service.scan().require_boot().path
    place = stage.world.root / boot_file.lstrip("/")
    half = place.with_name(f".{place.name}.serialpass-new.1-0a1b2c3d")
    half.write_bytes(first_bytes[:100])

    service = stage.service
    (job,) = service.undoable()
    service.rollback(service.plan_rollback(job), reboot=False)
    assert not half.exists()
    assert first_bytes == stage.boot_bytes()
    assert [] == service.undoable()


PHASES = ("write", "reboot", "bind", "start", "undo")
TROUBLES = {
    "disk-full": Faults(disk_full=True),
    "read-only": Faults(read_only=True),
    "hide-ignored": Faults(hide_ignored=True),
    "moved": Faults(moved=((Bdf(0, 2, 0, 0), Bdf(0, 0x42, 0, 0)),)),
    "rmrr": Faults(start_fails="rmrr"),
    "no-iommu": Faults(start_fails="no-iommu"),
    "busy": Faults(start_fails="busy"),
    "pciback": Faults(start_fails="pciback"),
    "no-guest-tools": Faults(no_guest_tools=True),
    "ha-vetoes": Faults(ha_vetoes=True),
    "reboot-fails": Faults(reboot_fails=True),
}
"""What can come and go while a host runs; the others are told by tests of their own."""


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("trouble", TROUBLES)
def test_every_trouble_at_every_phase_leaves_a_way_back(
    open_stage: Callable[..., Stage], trouble: str, phase: str
) -> None:
    stage = open_stage()
    service, host = stage.service, stage.world.host
    first_bytes, vm_uuid = stage.boot_bytes(), halted_vm(stage)
    first_vm = stage.toolstack.vm(vm_uuid)
    bdfs = first_card(service)

    def now(current: str) -> None:
        host.faults = TROUBLES[trouble] if current == phase else Faults()

    with contextlib.suppress(Problem):
        job = hide_job(service, bdfs)
        now("write")
        job = service.run(job)
        now("reboot")
        job = service.run(job, reboot=True)
        now("bind")
        plan = service.plan_bind(service.scan(), vm_uuid, bdfs, start=False, job=job)
        job = service.run(service.extend(job, plan.changes))
        now("start")
        start = service.plan_start(service.scan(), vm_uuid)
        job = service.run(service.extend(job, [start] if start else []))
        now("undo")
        service.rollback(service.plan_rollback(job), reboot=True)

    host.faults = Faults()
    service = stage.service
    service.resume()
    for done in service.undoable():
        service.rollback(service.plan_rollback(done), reboot=True)
    left = service.resume()
    if left is not None:
        service.run(left, reboot=True)
    assert_as_it_was(stage, first_bytes, first_vm)
    assert first_vm.power_state == stage.toolstack.vm(vm_uuid).power_state
    assert service.resume() is None
    assert [] == service.undoable()


def test_a_file_changed_since_the_preview_is_not_written(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    service = stage.service
    job = hide_job(service, first_card(service))
    edit = job.changes[0]
    assert isinstance(edit, FileEdit)
    changed = (edit.before or b"") + b"# somebody else\n"
    stage.files.replace(edit.path, edit.before, changed)
    with pytest.raises(Problem) as caught:
        service.run(job)
    assert (Exit.CONFLICT, "changed-since-preview") == (
        caught.value.exit_status,
        caught.value.code,
    )
    assert changed == stage.files.read(edit.path)
    assert Held.OTHER is service.observe(edit)


def test_rollback_stops_at_a_key_that_somebody_changed(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    service = stage.service
    vm_uuid = halted_vm(stage)
    job = service.run(hide_job(service, first_card(service)), reboot=True)
    job = bind_and_start(service, job, vm_uuid)
    stage.toolstack.write_key(vm_uuid, "other-config:pci", "0/0000:09:00.0")
    plan = service.plan_rollback(job)
    assert plan.conflict is not None
    assert "changed-since-preview" == plan.conflict.code
    with pytest.raises(Problem):
        service.rollback(plan, reboot=True)
    assert "0/0000:09:00.0" == stage.toolstack.read_key(vm_uuid, "other-config:pci")


def test_another_device_at_the_address_after_the_reboot_stops_the_job(
    open_stage: Callable[..., Stage],
) -> None:
    probe = open_stage().service
    card = first_card(probe)
    moved = tuple((bdf, Bdf(0, 0x42, bdf.slot, bdf.function)) for bdf in card)
    stage = open_stage(faults=Faults(moved=moved))
    service = stage.service
    job = service.run(hide_job(service, card), reboot=True)
    places = {service.scan().standing(d.bdf, d).place for d in job.devices}
    assert places <= {Place.ABSENT, Place.MOVED}
    with pytest.raises(Problem) as caught:
        service.plan_bind(service.scan(), halted_vm(stage), card, start=False, job=job)
    assert "device-moved" == caught.value.code


def test_hide_ignored_by_the_kernel_is_told(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage(faults=Faults(hide_ignored=True))
    service = stage.service
    bdfs = first_card(service)
    service.run(hide_job(service, bdfs), reboot=True)
    standing = service.scan().standing(bdfs[0])
    assert Place.NOT_TAKEN is standing.place
    assert standing.asked
    assert standing.booted
    assert not standing.bound


def test_a_veto_of_ha_leaves_the_edit_and_the_job(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage(faults=Faults(ha_vetoes=True))
    service = stage.service
    job = service.run(hide_job(service, first_card(service)))
    with pytest.raises(Problem) as caught:
        service.run(job, reboot=True)
    assert Exit.FAILED is caught.value.exit_status
    resumed = service.resume()
    assert resumed is not None
    assert resumed.awaits_reboot


def test_a_failed_reboot_call_leaves_the_host_enabled(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage(faults=Faults(reboot_fails=True))
    service = stage.service
    job = service.run(hide_job(service, first_card(service)))
    with pytest.raises(Problem):
        service.run(job, reboot=True)
    pool = stage.toolstack.pool()
    assert [True] == [host.enabled for host in pool.hosts if host.uuid == pool.this_host]


def test_a_failed_start_keeps_the_binding_and_the_job_goes_on(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage(faults=Faults(start_fails="rmrr"))
    service = stage.service
    vm_uuid = halted_vm(stage)
    job = service.run(hide_job(service, first_card(service)), reboot=True)
    with pytest.raises(Problem) as caught:
        bind_and_start(service, job, vm_uuid)
    assert Exit.FAILED is caught.value.exit_status
    resumed = service.resume()
    assert resumed is not None
    assert 1 == len(resumed.remaining)
    assert stage.toolstack.vm(vm_uuid).pci is not None


def test_without_xapi_the_boot_entry_half_works(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage(faults=Faults(xapi_down=True))
    service = stage.service
    scan = service.scan()
    assert scan.pool is None
    assert scan.pool_problem is not None
    assert "xapi-unavailable" == scan.pool_problem.code
    bdfs = first_card(service)
    service.run(hide_job(service, bdfs), reboot=True)
    assert Place.HIDDEN is service.scan().standing(bdfs[0]).place


def test_choosing_another_vm_takes_the_keys_from_the_first(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    service = stage.service
    pool = stage.toolstack.pool()
    first, second = [
        vm.uuid
        for vm in pool.vms
        if vm.power_state is PowerState.HALTED and not Service.vm_refusals(pool, vm)
    ][:2]
    before = stage.toolstack.vm(first)
    bdfs = first_card(service)
    job = service.run(hide_job(service, bdfs), reboot=True)
    plan = service.plan_bind(service.scan(), first, bdfs, start=False, job=job)
    job = service.run(service.extend(job, plan.changes))
    plan = service.plan_bind(service.scan(), second, bdfs, start=False, job=job)
    job = service.run(service.extend(job, plan.changes))
    assert before == stage.toolstack.vm(first)
    assert stage.toolstack.vm(second).pci is not None


def test_a_second_writer_is_told_who_holds_the_lock(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    service = stage.service
    job = hide_job(service, first_card(service))
    with StateDirectory(stage.world.state_dir).lock(), pytest.raises(Problem) as caught:
        service.run(job)
    assert (Exit.CONFLICT, "locked") == (caught.value.exit_status, caught.value.code)


def test_hiding_two_devices_in_two_jobs_and_undoing_them_newest_first(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage("xenserver-6.2-procedure")
    service = stage.service
    first_bytes = stage.boot_bytes()
    for bdfs in ((Bdf(0, 2, 0, 0),), (Bdf(0, 5, 0, 0),)):
        scan = service.scan()
        plan = service.plan_hide(scan, add=bdfs)
        edit = FileEdit(plan.path, plan.before, plan.after)
        service.run(service.open_job(Goal.HIDE, "hide", [], [edit, Reboot(scan.inventory.boot_id)]))
    older = service.jobs()[0]
    assert service.plan_rollback(older).conflict is not None
    for job in service.undoable():
        service.rollback(service.plan_rollback(job), reboot=False)
    assert first_bytes == stage.boot_bytes()
