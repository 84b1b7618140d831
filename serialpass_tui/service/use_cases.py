"""The use cases, as the front ends call them."""

from __future__ import annotations

from functools import cached_property

from serialpass_tui.core import boot, safety, trial
from serialpass_tui.core.changes import GuestEdit, VmEdit
from serialpass_tui.core.job import Goal, Outcome, undo_list
from serialpass_tui.lazy import Module
from serialpass_tui.service.looking import Looker
from serialpass_tui.service.pausing import Pauses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from serialpass_tui.core import health
    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.boot import HidePlan
    from serialpass_tui.core.changes import Change, DriverChange, VmPower
    from serialpass_tui.core.doctoring import Diagnosis
    from serialpass_tui.core.installing import Program
    from serialpass_tui.core.inventory import DeviceId
    from serialpass_tui.core.job import Job
    from serialpass_tui.core.pool import Pool, Vm
    from serialpass_tui.core.ports import Clock, Files, Host, Journal, Toolstack
    from serialpass_tui.core.safety import Finding
    from serialpass_tui.core.verify import Check
    from serialpass_tui.service import checks, doctoring, installing, planning
    from serialpass_tui.service.changing import Held, Report
    from serialpass_tui.service.installing import InstallPlan
    from serialpass_tui.service.planning import BindPlan, RollbackPlan
    from serialpass_tui.service.running import Runner
    from serialpass_tui.service.scanning import Scan
else:
    health = Module("serialpass_tui.core.health")
    checks, doctoring, installing, planning = (
        Module(f"serialpass_tui.service.{name}")
        for name in ("checks", "doctoring", "installing", "planning")
    )


class Service(Looker):
    """All use cases, over one host."""

    def __init__(
        self,
        host: Host,
        files: Files,
        toolstack: Toolstack,
        journal: Journal,
        clock: Clock,
        *,
        program: str = "",
        running: Callable[[], Program] | None = None,
        hang_up: Callable[[], None] | None = None,
    ) -> None:
        """`program` starts this tool on the host at a boot; empty: nothing does.

        `running` looks at the program that runs; None: the host is not the one that it runs on.
        `hang_up` ends the connection to a host that this process does not go down with; None: it
        runs on the host itself.
        """
        super().__init__(host, files, toolstack, journal, clock)
        self._hang_up = hang_up
        self._program = program
        self._running = running
        self._pauses = Pauses()  # at once: a signal's handler must not load a module

    @cached_property
    def _runner(self) -> Runner:
        from serialpass_tui.service.running import Runner

        return Runner(self._ledger, self._changer, self._pauses)

    def when_whole(self, act: Callable[[], None]) -> None:
        """Do it now, or where a change is being made, at its end: for handlers of signals."""
        self._pauses.call(act)

    # --- a host that goes down and comes back

    @property
    def is_afar(self) -> bool:
        """Whether this process outlives a reboot of the host."""
        return self._hang_up is not None

    def boot_id_anew(self) -> str:
        """The id of the host's boot, asked for by a new connection. Raises Problem."""
        if self._hang_up is not None:
            self._hang_up()
        return self._host.boot_id()

    # --- reading

    def observe(self, change: Change) -> Held:
        """What a change's place holds now. Raises Problem when it cannot be read."""
        return self._changer.observe(change)

    def job(self, job_id: str) -> Job:
        """The job of that number. Raises Problem `no-such-job`."""
        return self._ledger.job(job_id)

    def undoable(self) -> list[Job]:
        """Jobs with something to undo or to close, newest first; rollbacks are not undone.

        Nor is the tool itself taken away with what it did.
        """
        boot_id = self._changer.boot_id()
        return [
            job
            for job in reversed(self.jobs_as_found())
            if job.goal is not Goal.ROLLBACK
            and not job.goal.is_own
            and job.outcome is not Outcome.ROLLED_BACK
            and (undo_list(job, boot_id) or job.is_open)
        ]

    # --- planning

    def plan_hide(
        self, scan: Scan, *, add: Sequence[Bdf] = (), remove: Sequence[Bdf] = ()
    ) -> HidePlan:
        """The boot-entry edit that hides `add` and unhides `remove`.

        Raises:
            Problem: `refused` with the first reason of the safety rules, or what the boot file
                itself does not allow.
        """
        folders = scan.inventory.setting_folders
        watch = boot.starters(self._program, folders, self._changer.held)
        return planning.hiding(scan, add=add, remove=remove, watch=watch)

    @staticmethod
    def plan_trial(scan: Scan, plan: HidePlan) -> tuple[Change, ...]:
        """The changes that try `plan` in one boot, that boot included.

        Raises:
            Problem: `no-trial`.
        """
        return planning.trying(scan, plan)

    def plan_keep(self, scan: Scan, job: Job) -> tuple[HidePlan, tuple[Change, ...]]:
        """What makes a trial's change that of the default entry, as a plan and as changes.

        Raises:
            Problem: a safety rule, `device-moved`, what the boot file does not allow.
        """
        plan, changes = planning.keeping(scan, job)
        return plan, (*changes, *planning.unwatching(job, self._changer.held))

    def boot_check(self) -> str:
        """Look at this boot, if a trial is not at its end, and leave a line for whoever logs in.

        Nothing else is done: keeping a trial takes a person. The line; empty: none is needed.
        """
        if not any(trial.order_of(job) for job in self._ledger.open_jobs()):
            return ""
        with self._ledger.lock():
            self._ledger.settle_all()
            scan = self.scan()
            for job in reversed(self._ledger.open_jobs()):
                words = self._look_at_boot(job, scan)
                if words:
                    return words
        return ""

    def _look_at_boot(self, job: Job, scan: Scan) -> str:
        """Note this boot in a job with a trial, and tell of it in a line."""
        stage = scan.trial(job)
        standings = [scan.standing(device.bdf, device) for device in job.devices]
        running, hidden = stage is trial.Stage.RUNNING, sum(item.ready for item in standings)
        words = boot.line(stage, hidden, len(standings))
        if not words:
            return ""
        seen = self._ledger.booted(job, scan.inventory.boot_id, trial=running, hidden=hidden)
        if self._ledger.tells_logins():
            return words  # by the note of this boot
        edit = planning.banner(words, self._changer.held)
        if edit is not None and not seen.remaining:
            self._runner.run(self._ledger.extend(seen, [edit]), _silent, reboot=False)
        return words

    def plan_take(self, scan: Scan, bdfs: Sequence[Bdf]) -> tuple[DriverChange, ...]:
        """The changes that give devices to pciback now, until the next boot.

        Raises:
            Problem: a safety rule, `pciback-missing`.
        """
        return planning.taking_now(scan, bdfs)

    def plan_bind(
        self, scan: Scan, vm_uuid: str, bdfs: Sequence[Bdf], *, start: bool, job: Job | None = None
    ) -> BindPlan:
        """The keys, or the file's edit, that give `bdfs` to a VM, and its start.

        What `job` wrote to another VM is taken back first: the operator went back and chose again.

        Raises:
            Problem: `refused` with the first reason; the toolstack's own.
        """
        chosen = self._vm(scan, vm_uuid)
        return planning.binding(scan, self._files, chosen, bdfs, start=start, job=job)

    def plan_start(self, scan: Scan, vm_uuid: str) -> VmPower | None:
        """The start of a VM on this host; None when it runs already."""
        return planning.starting(scan.require_pool(), self._vm(scan, vm_uuid))

    def plan_unbind(self, scan: Scan, vm_uuid: str, bdfs: Sequence[Bdf] = ()) -> BindPlan:
        """The keys, or the file's edit, that take `bdfs` (none given: all) away from a VM."""
        return planning.unbinding(scan, self._files, self._vm(scan, vm_uuid), bdfs)

    def plan_rollback(self, job: Job, *, after: Iterable[Change] = ()) -> RollbackPlan:
        """The undo of a job, with the first conflict if there is one; changes nothing.

        `after` holds changes that will have been made before it: the undo of newer jobs.
        """
        return planning.undoing(job, self._changer, after)

    @staticmethod
    def vm_refusals(pool: Pool, chosen: Vm) -> tuple[Finding, ...]:
        """Why a VM could take no device at all; empty when it could."""
        return safety.refusals(safety.vm_findings(pool, chosen, ()))

    def _vm(self, scan: Scan, uuid: str) -> Vm:
        """The VM as it is now; why there was no pool at the scan comes before its own problem."""
        scan.require_pool()
        return self._toolstack.vm(uuid)

    # --- this tool itself

    def plan_install(self) -> InstallPlan:
        """What puts the program that runs on this host.

        Raises:
            Problem: `no-program`; what is in the way.
        """
        if self._running is None:
            raise installing.elsewhere()
        told = self._ledger.host_name(installing.OPEN)
        return installing.installed(self._running(), self._files, self.jobs_as_found(), told)

    def plan_uninstall(self) -> InstallPlan:
        """What takes everything away that was installed on this host.

        Raises:
            Problem: `job-open`, `own-file-changed`.
        """
        told, state = self._ledger.host_name(installing.OPEN), self.state_place()
        return installing.uninstalled(self._files, self.jobs_as_found(), told, state)

    def install(self, goal: Goal, plan: InstallPlan, report: Report | None = None) -> Job:
        """Make a plan of these that was shown. Raises Problem: as `run` tells it."""
        with self._ledger.lock():
            self._ledger.settle_all()
            for job in self._ledger.open_jobs():
                if job.goal.is_own:
                    self._ledger.close(job, "planned anew")
            title = f"{goal.value} {installing.NAME}"
            job = self._ledger.open_job(goal, title, (), plan.changes, "")
            return self._runner.run(job, report or _silent, reboot=False)

    def state_place(self) -> str:
        """The state directory, as the host names it."""
        return self._ledger.host_name()

    # --- repairing

    def diagnose(self, scan: Scan) -> Diagnosis:
        """What is wrong on the host of a scan, and what would repair it; leaves no trace."""
        return doctoring.diagnosis(scan, self._files, self, self.plan_install)

    def repair(self, scan: Scan, found: Diagnosis, report: Report | None = None) -> Job | None:
        """Make the changes of a diagnosis that was shown, as a job; without the reboot.

        None where nothing but the journal and its lock had to be set right, which taking the lock
        does.

        Raises:
            Problem: as `run` tells it.
        """
        changes = doctoring.changes_of(scan, found)
        if not changes:
            with self._ledger.lock():
                self._ledger.settle_all()
            return None
        codes = dict.fromkeys(ailment.code for ailment in found.curable)
        title = f"repair: {', '.join(codes)}"
        return self.run(self.open_job(Goal.REPAIR, title, found.devices, changes), report)

    # --- jobs

    def undo_place(self, job: Job | None = None) -> str:
        """Where UNDO.txt of a job lies, or will lie; None: of the job that is opened next."""
        return self._ledger.undo_place(job)

    def open_job(
        self,
        goal: Goal,
        title: str,
        devices: Sequence[DeviceId],
        changes: Sequence[Change],
        undoes: str = "",
    ) -> Job:
        """Journal a new job with the changes that the operator saw and asked for."""
        with self._ledger.lock():
            return self._ledger.open_job(goal, title, devices, changes, undoes)

    def extend(self, job: Job, changes: Sequence[Change]) -> Job:
        """Add changes to an open job; what was planned before and not applied is dropped."""
        with self._ledger.lock():
            return self._ledger.extend(self._ledger.take_up(job), changes)

    def run(self, job: Job, report: Report | None = None, *, reboot: bool = False) -> Job:
        """Apply what remains of a job, in order; without `reboot` it stops before the reboot.

        Raises:
            Problem: the change that failed; what was applied before it stands and is journalled. A
                job of which nothing was applied is closed.
        """
        with self._ledger.lock():
            return self._runner.run(self._ledger.take_up(job), report or _silent, reboot=reboot)

    def resume(self) -> Job | None:
        """Bring the journal up to date with the host; the newest job that is still open.

        What was begun and is found done is noted as done; a reboot that happened is noted; jobs
        that have nothing left to do are closed.
        """
        if not any(job.is_open for job in self.jobs()):
            return None
        with self._ledger.lock():
            self._ledger.settle_all()
        still_open = self._ledger.open_jobs()
        return still_open[-1] if still_open else None

    def finish(self, job: Job) -> Job:
        """Close a job at the operator's word; what it applied stands and can be rolled back."""
        with self._ledger.lock():
            return self._ledger.close(self._ledger.settle(job), "closed by the operator")

    def rollback(self, plan: RollbackPlan, report: Report | None = None, *, reboot: bool) -> Job:
        """Apply a rollback that was shown; stops at the first conflict.

        Raises:
            Problem: the conflict; the change that failed, as `run` tells it.
        """
        if plan.conflict is not None:
            raise plan.conflict
        with self._ledger.lock():
            self._ledger.settle_all()
            self._ledger.make_way(plan.job)
            if plan.notes and not plan.changes:
                self._ledger.end_rolled_back(plan.job)
        if not plan.changes:
            return self.finish(plan.job)
        title = f"roll back: {plan.job.title}"
        job = self.open_job(Goal.ROLLBACK, title, plan.job.devices, plan.changes, plan.job.id)
        return self.run(job, report, reboot=reboot)

    # --- checking

    def checks(self, job: Job, scan: Scan) -> tuple[Check, ...]:
        """What the host says of a job's devices and VM, from sources other than those written."""
        edits = [change for change in job.applied if isinstance(change, VmEdit | GuestEdit)]
        return self.checks_for(job.devices, edits[-1].uuid if edits else "", scan)

    def trial_checks(self, job: Job, scan: Scan) -> tuple[Check, ...]:
        """What the host had before a trial boot, and has now; the devices first."""
        order = trial.order_of(job)
        devices = self.checks_for(job.devices, "", scan)
        if order is None or order.host is None:
            return devices
        return (*devices, *health.checks(order.host, scan.host))

    def checks_for(
        self, devices: Sequence[DeviceId], vm_uuid: str, scan: Scan
    ) -> tuple[Check, ...]:
        """The same of any devices and VM, whoever gave the one to the other."""
        return checks.checks_of(self._host, scan, devices, vm_uuid)


def _silent(_change: Change, _done: float) -> None:
    pass
