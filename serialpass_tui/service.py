"""Use cases over the ports: scan, plan, apply, resume, verify, roll back.

The wizard and the subcommands are two faces of this module. Whatever it does to the host is a
change of `core.changes`: observed first, journalled before and after, and read back.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from serialpass_tui.core import boot, candidates, guard, hide_list, safety, verify, vm
from serialpass_tui.core.changes import Change, FileEdit, Reboot, Reversible, VmEdit, VmPower
from serialpass_tui.core.job import (
    Applied,
    Began,
    Closed,
    DeviceId,
    Dropped,
    Goal,
    Job,
    Opened,
    Outcome,
    Planned,
    Progress,
    Record,
    fold,
    step,
    undo_list,
)
from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.text import printable
from serialpass_tui.errors import NOTHING_CHANGED, Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.candidates import Candidate
    from serialpass_tui.core.inventory import Inventory
    from serialpass_tui.core.pool import Pool, Vm
    from serialpass_tui.core.ports import Clock, Files, Host, Journal, Toolstack
    from serialpass_tui.core.safety import Finding
    from serialpass_tui.core.verify import Standing

    Report = Callable[[Change, float], None]
    """Told which change is being applied and how far it is, 0.0 to 1.0."""


LOST_BY_BINDING = (
    "No live migration: its affinity is set to this host.",
    "No suspend, no snapshot with memory; disk snapshots still work.",
    "No restart by HA elsewhere; a rolling upgrade has to shut it down.",
)
"""What a VM with a physical device can no longer do. XAPI would begin these and fail late, as it
knows no serial card as a PCI object (xapi-project/xen-api ocaml/xapi/xapi_vm_lifecycle.ml)."""


@dataclass(frozen=True, slots=True)
class Scan:
    """The host at one moment, with what the tool makes of it."""

    inventory: Inventory
    pool: Pool | None
    pool_problem: Problem | None
    """Why there is no pool: XAPI is down, or this is no XAPI host."""
    boot: boot.BootFile | None
    boot_notes: tuple[str, ...]
    boot_problem: Problem | None
    candidates: tuple[Candidate, ...]
    hide: verify.HideState

    def standing(self, bdf: Bdf, expected: DeviceId | None = None) -> Standing:
        """Where one device stands."""
        return verify.standing(self.inventory, self.pool, self.hide, bdf, expected)

    def standings(self, bdfs: Sequence[Bdf]) -> tuple[Standing, ...]:
        """Where each of these devices stands."""
        return tuple(self.standing(bdf) for bdf in bdfs)

    def findings(self, bdfs: Sequence[Bdf]) -> tuple[Finding, ...]:
        """What the safety rules say of hiding these devices together."""
        return safety.findings(self.inventory, self.pool, bdfs)

    def unhide_findings(self, bdfs: Sequence[Bdf]) -> tuple[Finding, ...]:
        """What to know before these devices are given back to dom0."""
        return safety.unhide_findings(self.pool, bdfs) if self.pool else ()

    def require_pool(self) -> Pool:
        """The pool. Raises Problem when there is none."""
        if self.pool is None:
            raise self.pool_problem or _no_pool()
        return self.pool


@dataclass(frozen=True, slots=True)
class BindPlan:
    """What giving devices to a VM, or taking them away, changes."""

    vm: Vm
    bdfs: tuple[Bdf, ...]
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]
    lost: tuple[str, ...]
    """What the VM can no longer do, a sentence each."""


@dataclass(frozen=True, slots=True)
class RollbackPlan:
    """The undo of one job."""

    job: Job
    changes: tuple[Change, ...]
    conflict: Problem | None
    """Why it does not begin: the first change whose place no longer holds what the job left
    there, or a safety rule."""
    notes: tuple[str, ...] = ()
    """What cannot be undone and need not be, a sentence each."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing expected, and what was found."""

    name: str
    expected: str
    observed: str
    passed: bool
    next: str = ""


class Held(Enum):
    """What a change's place holds now."""

    BEFORE = "before"
    AFTER = "after"
    OTHER = "other"


class Service:
    """The use cases, over one host."""

    def __init__(
        self, host: Host, files: Files, toolstack: Toolstack, journal: Journal, clock: Clock
    ) -> None:
        self._host = host
        self._files = files
        self._toolstack = toolstack
        self._journal = journal
        self._clock = clock

    # --- reading

    def scan(self) -> Scan:
        """Read the host, XAPI and the boot files anew. Raises Problem if the host is unreadable."""
        inventory = self._host.inventory()
        pool, pool_problem = None, None
        try:
            pool = self._toolstack.pool()
        except Problem as problem:
            pool_problem = problem
        boot_file, boot_problem = None, None
        notes: tuple[str, ...] = ()
        try:
            text, notes = boot.in_force(inventory.boot_files, uefi=inventory.uefi)
            boot_file = boot.parse(text.path, text.data)
        except Problem as problem:
            boot_problem = problem
        entry = None
        if boot_file is not None:
            entry = boot.default_reading(boot_file, hide_list.dialect_for(inventory.kernel))
        return Scan(
            inventory,
            pool,
            pool_problem,
            boot_file,
            notes,
            boot_problem,
            candidates.candidates(inventory),
            verify.hide_state(inventory, entry),
        )

    def jobs(self) -> tuple[Job, ...]:
        """All jobs of the journal, oldest first."""
        return fold(self._journal.records())

    def jobs_as_found(self) -> tuple[Job, ...]:
        """All jobs as the host shows them to stand now, which the journal may not say yet.

        Looking leaves no trace: the reboot that happened since is noted by the next writer.
        """
        records = self._journal.records()
        jobs = fold(records)
        overdue = [record for job in jobs if job.is_open for record in self._overdue(job, jobs)]
        return fold([*records, *overdue])

    def job(self, job_id: str) -> Job:
        """The job of that number. Raises Problem `no-such-job`."""
        for job in self.jobs():
            if job.id == job_id:
                return job
        raise Problem(
            Exit.USAGE,
            "no-such-job",
            f"There is no job {printable(job_id, 40)}.",
            remedy="`serialpass-tui history` lists the jobs.",
        )

    # --- planning

    def plan_hide(
        self, scan: Scan, *, add: Sequence[Bdf] = (), remove: Sequence[Bdf] = ()
    ) -> boot.HidePlan:
        """The boot-entry edit that hides `add` and unhides `remove`.

        Raises:
            Problem: `refused` with the first reason of the safety rules, or what the boot file
                itself does not allow.
        """
        if scan.boot is None:
            raise scan.boot_problem or _no_boot_file()
        refuse(scan.findings(add))
        return boot.plan_hide(
            scan.boot,
            hide_list.dialect_for(scan.inventory.kernel),
            add=add,
            remove=remove,
            functions=scan.inventory.pci,
        )

    def plan_bind(
        self, scan: Scan, vm_uuid: str, bdfs: Sequence[Bdf], *, start: bool, job: Job | None = None
    ) -> BindPlan:
        """The keys that give `bdfs` to a VM, and its start.

        Keys that `job` wrote to another VM are taken back first: the operator went back and chose
        again.

        Raises:
            Problem: `refused` with the first reason; XAPI's own.
        """
        pool = scan.require_pool()
        chosen = self._toolstack.vm(vm_uuid)
        taken_back: list[VmEdit] = []
        if job is not None:
            _require_unmoved(scan, job)
            taken_back = [
                change
                for change in undo_list(job, "")
                if isinstance(change, VmEdit) and change.uuid != vm_uuid
            ]
        refuse(scan.findings(bdfs))
        findings = safety.vm_findings(vm.after_edits(pool, taken_back), chosen, bdfs)
        refuse(findings)
        changes: list[Change] = [*taken_back]
        changes += vm.bind_edits(chosen, pool.this_host, bdfs)
        if start and chosen.power_state is not PowerState.RUNNING:
            changes.append(self._start(pool, chosen))
        return BindPlan(chosen, tuple(bdfs), tuple(changes), findings, LOST_BY_BINDING)

    def plan_start(self, scan: Scan, vm_uuid: str) -> VmPower | None:
        """The start of a VM on this host; None when it runs already."""
        pool = scan.require_pool()
        chosen = self._toolstack.vm(vm_uuid)
        if chosen.power_state is PowerState.RUNNING:
            return None
        return self._start(pool, chosen)

    @staticmethod
    def _start(pool: Pool, chosen: Vm) -> VmPower:
        if chosen.power_state is not PowerState.HALTED:
            raise Problem(
                Exit.REFUSED,
                "vm-not-halted",
                f"VM {printable(chosen.name, 60)} is {chosen.power_state.value.lower()}: it gets "
                "a device only when it starts from halted.",
                remedy="Resume it and shut it down first.",
            )
        return VmPower(
            chosen.uuid, chosen.name, pool.this_host, chosen.power_state, PowerState.RUNNING
        )

    def plan_unbind(self, scan: Scan, vm_uuid: str, bdfs: Sequence[Bdf] = ()) -> BindPlan:
        """The keys that take `bdfs` (none given: all) away from a VM."""
        scan.require_pool()
        chosen = self._toolstack.vm(vm_uuid)
        named = tuple(bdfs) or vm.parse_pci(chosen.pci or "")
        return BindPlan(chosen, named, vm.unbind_edits(chosen, named), (), ())

    def plan_rollback(self, job: Job, *, after: Iterable[Change] = ()) -> RollbackPlan:
        """The undo of a job, with the first conflict if there is one; changes nothing.

        `after` holds changes that will have been made before it: the undo of newer jobs.
        """
        if job.goal is Goal.ROLLBACK:
            return RollbackPlan(job, (), _rollback_of_rollback(job))
        if job.outcome is Outcome.ROLLED_BACK:
            return RollbackPlan(job, (), None)
        changes: list[Change] = []
        notes: dict[str, None] = {}
        conflict: Problem | None = None
        foreseen = {c.place: c.after for c in after if not isinstance(c, Reboot)}
        for change in undo_list(job, self._host.boot_id()):
            try:
                if not isinstance(change, Reboot) and change.place in foreseen:
                    held = _compare(change, foreseen[change.place])
                else:
                    held = self.observe(change)
            except Problem as problem:
                if isinstance(change, VmEdit | VmPower) and problem.code in _VM_IS_GONE:
                    notes[f"VM {printable(change.name, 60)} is gone, and its keys with it."] = None
                    continue
                conflict = conflict or problem
            else:
                if held is Held.OTHER:
                    conflict = conflict or self._conflict(change)
            changes.append(change)
        try:
            if conflict is None:
                self._refuse_unsafe(job.devices, changes)
        except Problem as problem:
            conflict = problem
        return RollbackPlan(job, tuple(changes), conflict, tuple(notes))

    @staticmethod
    def vm_refusals(pool: Pool, chosen: Vm) -> tuple[Finding, ...]:
        """Why a VM could take no device at all; empty when it could."""
        return safety.refusals(safety.vm_findings(pool, chosen, ()))

    def undoable(self) -> list[Job]:
        """Jobs with something to undo, newest first; rollbacks themselves are not undone."""
        return [
            job
            for job in reversed(self.jobs_as_found())
            if job.goal is not Goal.ROLLBACK
            and job.outcome is not Outcome.ROLLED_BACK
            and undo_list(job, "")
        ]

    # --- jobs

    def open_job(
        self,
        goal: Goal,
        title: str,
        devices: Sequence[DeviceId],
        changes: Sequence[Change],
        undoes: str = "",
    ) -> Job:
        """Journal a new job with the changes that the operator saw and asked for."""
        now = self._clock.now()
        with self._journal.lock():
            self._settle_all()
            numbers = [int(job.id) for job in self.jobs() if job.id.isdecimal()]
            job_id = str(max(numbers, default=0) + 1)
            self._journal.append(Opened(job_id, now, goal, title, tuple(devices), undoes))
            self._journal.append(Planned(job_id, now, tuple(changes)))
        return self.job(job_id)

    def extend(self, job: Job, changes: Sequence[Change]) -> Job:
        """Add changes to an open job; what was planned before and not applied is dropped."""
        with self._journal.lock():
            job = _require_open(self._settle(job))
            for index in job.remaining:
                if not isinstance(job.changes[index], Reboot):
                    self._note(Dropped(job.id, self._clock.now(), index, "planned anew"))
            self._note(Planned(job.id, self._clock.now(), tuple(changes)))
        return self.job(job.id)

    def run(self, job: Job, report: Report | None = None, *, reboot: bool = False) -> Job:
        """Apply what remains of a job, in order; without `reboot` it stops before the reboot.

        Raises:
            Problem: the change that failed; what was applied before it stands and is journalled. A
                job of which nothing was applied is closed.
        """
        with self._journal.lock():
            job = self._with_reboot_ahead(_require_open(self._settle(job)))
            left = [job.changes[index] for index in job.remaining]
            for index in job.remaining:
                change = job.changes[index]
                if isinstance(change, Reboot) and not reboot:
                    break
                try:
                    if change is left[0]:
                        self._refuse_unsafe(job.devices, left)
                    self._apply(job, index, report)
                except Problem as problem:
                    raise self._told(job, index, problem) from problem
                if isinstance(change, Reboot) and self._host.boot_id() == change.before:
                    break
            return self._settle(job)

    def resume(self) -> Job | None:
        """Bring the journal up to date with the host; the newest job that is still open.

        What was begun and is found done is noted as done; a reboot that happened is noted; jobs
        that have nothing left to do are closed.
        """
        if not any(job.is_open for job in self.jobs()):
            return None
        with self._journal.lock():
            self._settle_all()
        still_open = [job for job in self.jobs() if job.is_open]
        return still_open[-1] if still_open else None

    def finish(self, job: Job) -> Job:
        """Close a job at the operator's word; what it applied stands and can be rolled back."""
        with self._journal.lock():
            return self._close(self._settle(job), "closed by the operator")

    def rollback(self, plan: RollbackPlan, report: Report | None = None, *, reboot: bool) -> Job:
        """Apply a rollback that was shown; stops at the first conflict.

        Raises:
            Problem: the conflict; `nothing-to-undo`.
        """
        if plan.conflict is not None:
            raise plan.conflict
        with self._journal.lock():
            self._settle_all()
            # One that was cut off has its rest in this plan: left open, it could be taken up later.
            for other in self.jobs():
                if other.is_open and other.undoes == plan.job.id:
                    self._close(other, "planned anew")
            if plan.notes and not plan.changes:
                self._note(Closed(plan.job.id, self._clock.now(), Outcome.ROLLED_BACK))
        if not plan.changes:
            return self.finish(plan.job)
        title = f"roll back: {plan.job.title}"
        job = self.open_job(Goal.ROLLBACK, title, plan.job.devices, plan.changes, plan.job.id)
        return self.run(job, report, reboot=reboot)

    # --- checking

    def checks(self, job: Job, scan: Scan) -> tuple[Check, ...]:
        """What the host says of a job's devices and VM, from sources other than those written."""
        edits = [change for change in job.applied if isinstance(change, VmEdit)]
        return self.checks_for(job.devices, edits[-1].uuid if edits else "", scan)

    def checks_for(
        self, devices: Sequence[DeviceId], vm_uuid: str, scan: Scan
    ) -> tuple[Check, ...]:
        """The same of any devices and VM, whoever gave the one to the other."""
        found = [
            Check(
                f"{device.bdf} hidden",
                "driver pciback",
                f"driver {standing.driver or 'none'}",
                standing.ready,
                standing.next,
            )
            for device in devices
            for standing in (scan.standing(device.bdf, device),)
        ]
        if vm_uuid and scan.pool is not None:
            found += self._vm_checks([device.bdf for device in devices], vm_uuid, scan.pool)
        return tuple(found)

    def _vm_checks(self, bdfs: Sequence[Bdf], uuid: str, pool: Pool) -> list[Check]:
        chosen = pool.vm(uuid)
        if chosen is None:
            return [
                Check("VM", "present", "gone", passed=False, next="`xe vm-list` lists the VMs.")
            ]
        named = vm.parse_pci(chosen.pci or "")
        running = chosen.power_state is PowerState.RUNNING
        here = running and chosen.resident_on == pool.this_host
        state = chosen.power_state.value
        if running and not here:
            state = f"on {printable(pool.host_name(chosen.resident_on) or 'no host', 40)}"
        found = [
            Check(
                f"VM {printable(chosen.name, 40)} names the device",
                ", ".join(map(str, bdfs)),
                printable(chosen.pci or "key absent", 60),
                set(bdfs) <= set(named),
                "Bind again in step 4.",
            ),
            Check("VM runs", "Running on this host", state, here, "Start it in step 5."),
        ]
        return [*found, self._backend_check(bdfs, chosen.domid)] if here else found

    def _backend_check(self, bdfs: Sequence[Bdf], domid: int) -> Check:
        name, expected = "Device in the VM's backend", ", ".join(map(str, bdfs))
        try:
            backend = self._host.backend_devices(domid)
        except Problem as problem:
            return Check(name, expected, problem.summary, passed=False, next=problem.remedy)
        return Check(
            name,
            expected,
            ", ".join(map(str, backend)) or "none",
            set(bdfs) <= set(backend),
            "The VM was started before it was bound, or the device failed: shut the VM "
            "down and start it; see /var/log/xensource.log.",
        )

    def observe(self, change: Change) -> Held:
        """What a change's place holds now. Raises Problem when it cannot be read."""
        now: object
        if isinstance(change, Reboot):
            now = self._host.boot_id()
        elif isinstance(change, FileEdit):
            now = self._files.read(change.path)
        elif isinstance(change, VmEdit):
            now = self._toolstack.read_key(change.uuid, change.key)
        else:
            now = self._toolstack.vm(change.uuid).power_state
        return _compare(change, now)

    def _refuse_unsafe(self, devices: Sequence[DeviceId], changes: Sequence[Change]) -> None:
        """Hold changes about to be made to the safety rules, as the host is now. Raises Problem."""
        if not any(guard.gives(change) for change in changes):
            return
        inventory, pool = self._host.inventory(), None
        with contextlib.suppress(Problem):
            pool = self._toolstack.pool()
        given = {bdf for change in changes for bdf in guard.taken(inventory, pool, change)}
        for noted in devices:
            now = inventory.function(noted.bdf)
            if noted.bdf in given and now is not None and DeviceId.of(now) != noted:
                raise _moved(f"{noted.bdf} is another device now, {now.ids} {now.name}.")
        refuse(guard.findings(inventory, pool, changes))

    # --- applying one change

    def _apply(self, job: Job, index: int, report: Report | None) -> None:
        """One change, by the rule of `core.changes`: journalled, applied, read back, journalled."""
        change = job.changes[index]
        tell = report or _silent
        tell(change, 0.0)
        held = self.observe(change)
        if held is Held.OTHER:
            raise self._conflict(change)
        if held is Held.BEFORE:
            if isinstance(change, FileEdit):
                self._journal.backup(change.before)
                self._files.keep(change.path, change.before, change.backup_tag)
            self._note(Began(job.id, self._clock.now(), index))
            self._do(change, tell)
            if isinstance(change, Reboot):
                return
            self._read_back(job, change)
        self._note(Applied(job.id, self._clock.now(), index))
        tell(change, 1.0)

    def _do(self, change: Change, tell: Report) -> None:
        if isinstance(change, FileEdit):
            self._files.replace(change.path, change.before, change.after)
        elif isinstance(change, VmEdit):
            self._toolstack.write_key(change.uuid, change.key, change.after)
        elif isinstance(change, VmPower):
            self._toolstack.set_power(
                change.uuid, change.host, change.after, lambda done: tell(change, done)
            )
        else:
            self._reboot()

    def _reboot(self) -> None:
        """Reboot through XAPI, so that HA may veto; by the system where XAPI is not there."""
        try:
            self._toolstack.reboot_host()
        except Problem as problem:
            if problem.code != "xapi-unavailable":
                raise
            self._host.reboot()

    def _read_back(self, job: Job, change: Reversible) -> None:
        """Ask the host, not the writer, whether the change stands (exit 6 when it does not)."""
        expected, observed = "", ""
        if isinstance(change, FileEdit):
            now = self._files.read(change.path)
            boot.parse(change.path, now)
            if now != change.after:
                expected, observed = "the bytes previewed", "other bytes"
        elif isinstance(change, VmEdit):
            value = _key_of(self._toolstack.vm(change.uuid), change.key)
            if value != change.after:
                expected, observed = str(change.after), printable(str(value), 60)
        else:
            observed = self._power_observed(job, change)
            expected = change.after.value if observed else ""
        if observed:
            raise Problem(
                Exit.UNCONFIRMED,
                "not-confirmed",
                f"After `{change.describe()}` the host shows {observed}; expected: {expected}.",
                state="The change was applied; the check does not confirm it.",
                remedy="Look at `serialpass-tui status`; roll back with `serialpass-tui rollback`.",
            )

    def _power_observed(self, job: Job, change: VmPower) -> str:
        """What contradicts the power state asked for; empty when nothing does."""
        now = self._toolstack.vm(change.uuid)
        if now.power_state is not change.after:
            return f"VM {printable(now.name, 40)} {now.power_state.value}"
        if change.after is not PowerState.RUNNING or job.goal is Goal.ROLLBACK:
            return ""
        wanted = {device.bdf for device in job.devices}
        missing = wanted - set(self._host.backend_devices(now.domid))
        return "no backend for " + ", ".join(map(str, sorted(missing))) if missing else ""

    def _conflict(self, change: Change) -> Problem:
        place = change.path if isinstance(change, FileEdit) else change.describe()
        return Problem(
            Exit.CONFLICT,
            "changed-since-preview",
            f"{place}: the host no longer holds what was shown; somebody else changed it.",
            state="This change was not made.",
            remedy="Look at the new state and plan again; to undo several jobs, begin with the "
            "newest.",
        )

    # --- the journal

    def _note(self, record: Record) -> None:
        self._journal.append(record)

    def _settle_all(self) -> None:
        for job in self.jobs():
            if job.is_open:
                self._settle(job)

    def _settle(self, job: Job) -> Job:
        """Note what the host shows to be done, and close the job if nothing is left."""
        job = self.job(job.id)
        if not job.is_open:
            return job
        for index in job.remaining:
            if job.progress[index] is Progress.BEGAN:
                self._mend(job.changes[index])
        for record in self._overdue(job, self.jobs()):
            self._note(record)
        return self.job(job.id)

    def _overdue(self, job: Job, jobs: Sequence[Job]) -> list[Record]:
        """The records that the host shows to be due for an open job."""
        now = self._clock.now()
        due: list[Record] = []
        for index in job.remaining:
            change = job.changes[index]
            begun = job.progress[index] is Progress.BEGAN
            all_before = len(due) == job.remaining.index(index)
            expected = all_before if isinstance(change, Reboot) else begun
            if expected and self._is_done(change):
                due.append(Applied(job.id, now, index))
        for record in due:
            job = step(job, record)
        undone = next((other for other in jobs if other.id == job.undoes), None)
        if _has_undone(job) and undone and undone.outcome is not Outcome.ROLLED_BACK:
            due.append(Closed(undone.id, now, Outcome.ROLLED_BACK))
        if not job.remaining and _ends_by_itself(job):
            due.append(Closed(job.id, now, _outcome(job)))
        return due

    def _with_reboot_ahead(self, job: Job) -> Job:
        """The job with its reboot after its edit: one that happened before does not count."""
        boot_id = self._host.boot_id()
        left = [(index, job.changes[index]) for index in job.remaining]
        stale = [
            index
            for index, change in left
            if isinstance(change, Reboot) and change.before != boot_id
        ]
        for index in stale:
            self._note(Dropped(job.id, self._clock.now(), index, "rebooted before the edit"))
            self._note(Planned(job.id, self._clock.now(), (Reboot(boot_id),)))
        return self.job(job.id) if stale else job

    def _mend(self, change: Change) -> None:
        """Give a key its first value again where a write was cut off after removing it.

        XAPI has no call that replaces one key of a map, so that whoever is killed between the two
        calls takes away what somebody else had there.
        """
        if (
            isinstance(change, VmEdit)
            and ":" in change.key
            and change.before is not None
            and change.after is not None
        ):
            with contextlib.suppress(Problem):
                if self._toolstack.read_key(change.uuid, change.key) is None:
                    self._toolstack.write_key(change.uuid, change.key, change.before)

    def _is_done(self, change: Change) -> bool:
        try:
            return self.observe(change) is Held.AFTER
        except Problem:
            return False

    def _close(self, job: Job, why: str) -> Job:
        """Drop what remains of a job and close it; one that is closed keeps its outcome."""
        if not job.is_open:
            return job
        for index in job.remaining:
            self._note(Dropped(job.id, self._clock.now(), index, why))
        self._note(Closed(job.id, self._clock.now(), _outcome(job)))
        return self.job(job.id)

    def _told(self, job: Job, index: int, problem: Problem) -> Problem:
        """The problem of a change with what of its job stands; a job without effect is closed."""
        job = self.job(job.id)
        change = job.changes[index]
        try:
            held = self.observe(change)
        except Problem:
            held = Held.OTHER
        begun = job.progress[index] is Progress.BEGAN
        made = begun and held is Held.AFTER
        if not job.applied and not made:
            if job.goal is not Goal.GIVE and (not begun or held is Held.BEFORE):
                with contextlib.suppress(Problem):  # the first problem is the one to tell
                    self._close(job, problem.code)
            return problem
        state = problem.state
        if state == NOTHING_CHANGED:
            state = "This change was made." if made else "This change was not made."
        count = sum(not isinstance(done, Reboot) for done in job.applied)
        if count:
            way = "rolling back again goes on from here"
            if job.goal is not Goal.ROLLBACK:
                way = f"`serialpass-tui rollback {job.id}` takes them back"
            state += f" {count} of {len(job.changes)} changes of job {job.id} stand; {way}."
        return problem.standing(state)


def refuse(findings: Sequence[Finding]) -> None:
    """Raise the first refusal among the findings as a Problem; warnings pass."""
    for finding in findings:
        if finding.severity is safety.Severity.REFUSE:
            raise Problem(Exit.REFUSED, finding.code, finding.reason, remedy=finding.remedy)


def _require_unmoved(scan: Scan, job: Job) -> None:
    """Stop where another device sits at an address that the job noted before the reboot."""
    for device in job.devices:
        now = scan.standing(device.bdf, device)
        if now.place in {verify.Place.MOVED, verify.Place.ABSENT}:
            raise _moved(now.why)


def _moved(why: str) -> Problem:
    return Problem(
        Exit.REFUSED,
        "device-moved",
        why,
        remedy="Find the card with `serialpass-tui scan`; roll the job back and choose it anew.",
    )


def _require_open(job: Job) -> Job:
    """The job, which nobody else has brought to its end meanwhile. Raises Problem `job-closed`."""
    if job.is_open:
        return job
    raise Problem(
        Exit.CONFLICT,
        "job-closed",
        f"Job {job.id} is at its end: {_outcome(job).value}. Somebody else may have closed it.",
        remedy="Look at `serialpass-tui status` and plan again.",
    )


_VM_IS_GONE = {"xapi-uuid-invalid", "no-vm"}


def _rollback_of_rollback(job: Job) -> Problem:
    again = f"To finish it, roll back job {job.undoes}; to have" if job.is_open else "To have"
    return Problem(
        Exit.USAGE,
        "rollback-of-rollback",
        f"Job {job.id} is a rollback itself.",
        remedy=f"{again} its changes back, hide or bind again: the safety rules look anew.",
    )


def _compare(change: Change, now: object) -> Held:
    """Which of its two sides a change's place shows with `now`."""
    if isinstance(change, Reboot):
        return Held.BEFORE if now == change.before else Held.AFTER
    if now == change.after:
        return Held.AFTER
    return Held.BEFORE if now == change.before else Held.OTHER


def _outcome(job: Job) -> Outcome:
    """How a job ended, or would end now."""
    return job.outcome or (Outcome.DONE if job.applied else Outcome.ABANDONED)


def _has_undone(job: Job) -> bool:
    """Whether a rollback has undone its job: all of it but the reboot."""
    left = [job.changes[index] for index in job.remaining]
    return (
        job.goal is Goal.ROLLBACK
        and bool(job.applied)
        and all(isinstance(change, Reboot) for change in left)
    )


def _ends_by_itself(job: Job) -> bool:
    """Whether a job with nothing left to do is at its end without the operator's word."""
    if job.goal is not Goal.GIVE:
        return True
    return not job.changes or any(isinstance(change, VmPower) for change in job.applied)


def _key_of(chosen: Vm, key: str) -> str | None:
    """A key's value out of the VM's whole record, as `VmEdit.key` spells it."""
    field, _, name = key.partition(":")
    if field == "affinity":
        return chosen.affinity or None
    held = chosen.other_config if field == "other-config" else chosen.blocked_operations
    return dict(held).get(name)


def _silent(_change: Change, _done: float) -> None:
    pass


def _no_pool() -> Problem:
    return Problem(
        Exit.FAILED,
        "xapi-unavailable",
        "XAPI does not answer on this host.",
        remedy="The boot-entry half still works; for the VMs see `systemctl status xapi`.",
    )


def _no_boot_file() -> Problem:
    return Problem(
        Exit.FAILED,
        "no-boot-file",
        "No boot loader configuration was found on this host.",
        remedy="Run the tool on dom0 itself, or name the file: serialpass-tui preview --file.",
    )
