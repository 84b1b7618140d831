"""The wizard's errands: what its workers do with the service, each in one blocking call.

Nothing here knows Textual or the wizard's state; what an errand needs is handed to it, and what it
found is handed back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from serialpass_tui.core.changes import DriverChange, FileEdit, GuestEdit, VmEdit
from serialpass_tui.core.job import Goal, Job, newest_open, undo_list
from serialpass_tui.core.trial import Stage
from serialpass_tui.core.vm_edit import after_edits
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from threading import Event

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.boot import HidePlan
    from serialpass_tui.core.changes import Change
    from serialpass_tui.core.inventory import DeviceId
    from serialpass_tui.core.job import LockFile
    from serialpass_tui.core.pool import Pool
    from serialpass_tui.core.verify import Check, Standing
    from serialpass_tui.service import BindPlan, RollbackPlan, Scan, Service

    Tell = Callable[[Change, float], None]

_ASK_AGAIN = 5.0
"""Seconds between two questions whether the host is up again."""
_DENIED = "ssh-denied"
_GOES_DOWN = {"ssh-unreachable", "ssh-lost", "ssh-failed", "command-timeout"}
"""Problems of a host that is going down or coming up."""


@frozen
class Target:
    """What the wizard works on."""

    bdfs: tuple[Bdf, ...] = ()
    vm: str = ""
    job: Job | None = None
    """The wizard's newest job, open or not."""


@frozen
class Sight:
    """The host at one moment, as far as a screen needs it."""

    scan: Scan
    job: Job | None
    checks: tuple[Check, ...] = ()
    repairs: int = 0
    """How many ailments of the host the doctor could repair."""
    other: LockFile | None = None
    """Another run that is at work on this host."""

    @property
    def open_job(self) -> Job | None:
        """The job while it is not at its end."""
        return self.job if self.job is not None and self.job.is_open else None

    def standings(self, bdfs: Sequence[Bdf]) -> tuple[Standing, ...]:
        """Where devices stand, each held to the identity that the job noted."""
        noted = {item.bdf: item for item in self.job.devices} if self.job is not None else {}
        return tuple(self.scan.standing(bdf, noted.get(bdf)) for bdf in bdfs)


def _asks() -> Problem:
    return Problem(
        Exit.FAILED,
        "ssh-asks",
        "The host is up again, and wants more than a key of whoever logs in.",
        state="It was rebooted; the job stands where it was.",
        remedy="Quit, and start again with the same command: ssh asks for the password there, and "
        "the wizard goes on.",
    )


def devices_of(scan: Scan, target: Target) -> tuple[DeviceId, ...]:
    """The identity of each device: as the open job noted it, otherwise as it is now."""
    known = {device.bdf: device for device in scan.identities(target.bdfs)}
    if target.job is not None and target.job.is_open:
        known |= {device.bdf: device for device in target.job.devices}
    return tuple(known[bdf] for bdf in target.bdfs if bdf in known)


def without_job(pool: Pool, job: Job | None) -> Pool:
    """The pool as it is once the open job's VM keys are taken back.

    An operator who goes back and chooses another VM moves the devices: that the first VM still
    names them is no reason to refuse the second.
    """
    if job is None or not job.is_open:
        return pool
    undo = undo_list(job, "")
    return after_edits(pool, [change for change in undo if isinstance(change, VmEdit | GuestEdit)])


class Flow:
    """The errands, over one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def begin(self) -> Sight:
        """Read everything for the first time; an unfinished job comes with it. Raises Problem."""
        return self._see(Target(job=self._left_open()))

    def look(self, target: Target) -> Sight:
        """Read everything anew. Raises Problem."""
        job = self._left_open()
        if job is None and target.job is not None:
            job = self._service.job(target.job.id)
        return self._see(Target(target.bdfs, target.vm, job))

    def _left_open(self) -> Job | None:
        """The open job; while another run is at work as it looks, for only a writer may settle it.

        Raises Problem.
        """
        try:
            return self._service.resume()
        except Problem as problem:
            if problem.code != "locked":
                raise
        return newest_open(self._service.jobs_as_found())

    def _see(self, target: Target) -> Sight:
        scan, lock = self._service.scan(), self._service.lock_file()
        checks: tuple[Check, ...] = ()
        if target.vm:
            checks = self._service.checks_for(devices_of(scan, target), target.vm, scan)
        elif target.job is not None and scan.trial(target.job) is Stage.RUNNING:
            checks = self._service.trial_checks(target.job, scan)
        repairs = len(self._service.diagnose(scan).curable)
        return Sight(scan, target.job, checks, repairs, lock if lock and lock.held else None)

    def write_entry(self, scan: Scan, target: Target, plan: HidePlan, tell: Tell) -> Sight:
        """Write the boot entry, and what goes with it, as a job of its own. Raises Problem."""
        changes: Sequence[Change] = [*plan.changes, scan.reboot()]
        if plan.trial is not None:
            changes = self._service.plan_trial(scan, plan)
        job = self._job_for(scan, target, changes)
        job = self._service.run(job, tell)
        return self._see(Target(target.bdfs, "", job))

    def plan_keep(self, scan: Scan, job: Job) -> tuple[HidePlan, tuple[Change, ...]]:
        """What makes a trial the default; pure, so it needs no worker. Raises Problem."""
        return self._service.plan_keep(scan, job)

    def keep(self, target: Target, changes: Sequence[Change], tell: Tell) -> Sight:
        """Make the trial the default, as it was shown. Raises Problem."""
        job = target.job
        if job is not None:
            job = self._service.run(self._service.extend(job, changes), tell)
        return self._see(Target(target.bdfs, "", job))

    def reboot(self, scan: Scan, target: Target, tell: Tell) -> Sight | None:
        """Reboot; None where the host goes down under the tool, as a real one does.

        Raises:
            Problem: HA or another rule of XAPI's does not allow it.
        """
        job = target.job
        if job is None or not job.is_open or not job.awaits_reboot:
            job = self._job_for(scan, target, [scan.reboot()])
        try:
            job = self._service.run(job, tell, reboot=True)
        except Problem as problem:
            # It may go down before it has answered; what became of it, the waiting shows.
            if self.is_afar and problem.code in _GOES_DOWN:
                return None
            raise
        if job.is_open and job.awaits_reboot:
            return None
        return self._see(Target(target.bdfs, "", job))

    @property
    def is_afar(self) -> bool:
        """Whether this process outlives a reboot of the host."""
        return self._service.is_afar

    def wait_for_boot(self, before: str, left: Event, say: Callable[[str], object]) -> Sight | None:
        """Ask the host until it answers with another boot; None: the operator has left.

        `say` is told what it answers meanwhile.

        Raises:
            Problem: it answers and does not let anybody in: a password, another host key.
        """
        while not left.wait(_ASK_AGAIN):
            try:
                if self._service.boot_id_anew() not in {"", before}:
                    return self.begin()
                say("It answers, and is still in the boot from before.")
            except Problem as problem:
                if problem.code == _DENIED:
                    raise _asks() from problem
                if problem.code not in _GOES_DOWN:
                    raise
                say("It does not answer now.")
        return None

    def plan_take(self, target: Target) -> tuple[Sight, tuple[DriverChange, ...], str]:
        """The host read anew, what giving the devices to pciback changes there, the way back.

        Raises:
            Problem: a safety rule, a program that holds a tty, or there is no pciback.
        """
        sight = self.look(target)
        changes = self._service.plan_take(sight.scan, target.bdfs)
        return sight, changes, self._service.undo_place(self._same_job(sight.scan, target, changes))

    def take(
        self, scan: Scan, target: Target, changes: Sequence[DriverChange], tell: Tell
    ) -> Sight:
        """Give the devices to pciback without a reboot. Raises Problem."""
        job = self._service.run(self._job_for(scan, target, changes), tell)
        return self._see(Target(target.bdfs, "", job))

    def plan_bind(self, scan: Scan, target: Target, vm: str) -> tuple[BindPlan, str]:
        """What giving the devices to a VM changes, and the way back. Raises Problem."""
        job = target.job if target.job is not None and target.job.is_open else None
        plan = self._service.plan_bind(scan, vm, target.bdfs, start=False, job=job)
        return plan, self._service.undo_place(self._same_job(scan, target, plan.changes))

    def bind(self, scan: Scan, target: Target, plan: BindPlan, tell: Tell) -> Sight:
        """Write the VM's keys, or its file. Raises Problem."""
        job = target.job
        if plan.changes:
            job = self._service.run(self._job_for(scan, target, plan.changes), tell)
        return self._see(Target(target.bdfs, plan.vm.uuid, job))

    def start_vm(self, scan: Scan, target: Target, tell: Tell) -> Sight:
        """Start the VM on this host. Raises Problem."""
        job = target.job
        power = self._service.plan_start(scan, target.vm)
        if power is not None:
            job = self._service.run(self._job_for(scan, target, [power]), tell)
        return self._see(Target(target.bdfs, target.vm, job))

    def resume(self, job: Job, tell: Tell) -> Sight:
        """Apply what a job that was cut off has left, up to a reboot. Raises Problem."""
        return self._see(Target(job=self._service.run(job, tell)))

    def finish(self, job: Job | None) -> Sight:
        """Close a job where it is not closed yet. Raises Problem."""
        if job is not None and job.is_open:
            self._service.finish(job)
        return self.begin()

    def jobs(self) -> tuple[Job, ...]:
        """All jobs. Raises Problem."""
        return self._service.jobs()

    def plan_undo(self, job: Job) -> tuple[RollbackPlan, str]:
        """The undo of a job, and the shell's way to the same. Raises Problem."""
        return self._service.plan_rollback(job), self._service.undo_place(job)

    def undo(self, plan: RollbackPlan, tell: Tell) -> Sight:
        """Roll back as shown, up to the reboot. Raises Problem."""
        return self._see(Target(job=self._service.rollback(plan, tell, reboot=False)))

    def undo_place(self, job: Job | None = None) -> str:
        """Where the shell's way back of a job lies; None: of the next one. Raises Problem."""
        return self._service.undo_place(job)

    def plan_hide(self, scan: Scan, bdfs: Sequence[Bdf]) -> HidePlan:
        """The edit of the boot entry; pure, so it needs no worker. Raises Problem."""
        return self._service.plan_hide(scan, add=bdfs)

    def _job_for(self, scan: Scan, target: Target, changes: Sequence[Change]) -> Job:
        """The open job with the changes added, or a new one where they do not belong to it.

        Another choice of devices, and a boot entry written anew, begin a new job: each can then be
        taken back by itself. A job that still waits for a reboot is closed first, for what follows
        could not pass that reboot; only taking the devices without it belongs to the same job.
        """
        same = self._same_job(scan, target, changes)
        if same is not None:
            return self._service.extend(same, changes)
        if target.job is not None and target.job.is_open:
            self._service.finish(target.job)
        devices = devices_of(scan, target)
        named = ", ".join(str(device.bdf) for device in devices)
        return self._service.open_job(Goal.GIVE, f"give {named} to a VM", devices, changes)

    def _same_job(self, scan: Scan, target: Target, changes: Sequence[Change]) -> Job | None:
        """The open job, where these changes belong to it."""
        old = target.job
        if old is None or not old.is_open:
            return None
        edits_file = any(isinstance(change, FileEdit) for change in changes)
        takes_now = any(isinstance(change, DriverChange) for change in changes)
        same = old.devices == devices_of(scan, target) and old.goal is Goal.GIVE
        return old if same and not edits_file and (takes_now or not old.awaits_reboot) else None
