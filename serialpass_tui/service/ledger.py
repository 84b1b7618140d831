"""The ledger of jobs: what the journal says, and what the host shows that it still has to say."""

from __future__ import annotations

import contextlib

from serialpass_tui.core import installing, undo_text
from serialpass_tui.core.changes import Reboot, VmPower, in_boot, is_past
from serialpass_tui.core.job import (
    Applied,
    Began,
    Booted,
    Closed,
    Dropped,
    Goal,
    NotMade,
    Opened,
    Outcome,
    Planned,
    Progress,
    fold,
    step,
)
from serialpass_tui.core.text import printable
from serialpass_tui.core.trial import order_of
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.service.changing import Held

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from serialpass_tui.core.changes import Change
    from serialpass_tui.core.inventory import DeviceId
    from serialpass_tui.core.job import Job, Record
    from serialpass_tui.core.ports import Clock, Journal
    from serialpass_tui.service.changing import Changer


_NEEDLESS = "not needed: the devices are where it would bring them"


class Ledger:
    """The jobs of one host's journal. Whoever writes in it holds `lock` around all of the errand.

    A program can be killed, and the host powered off, between any two records: `settle` first
    brings a job up to date with the host, so that nothing is done twice and nothing forgotten.
    """

    def __init__(self, journal: Journal, clock: Clock, changer: Changer) -> None:
        self._journal = journal
        self._clock = clock
        self._changer = changer

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the journal for one writer. Raises Problem `locked`, naming the holder.

        Where the tool is installed, a login is told of the jobs that are open when it is let go.
        """
        with self._journal.lock():
            try:
                yield
            finally:
                with contextlib.suppress(Problem):  # a full disk must not undo what was done
                    told = self.tells_logins() and installing.login_words(self.open_jobs())
                    self._journal.tell_open(told or "")

    def tells_logins(self) -> bool:
        """Whether something is installed on the host that tells a login of open jobs."""
        return self._changer.held(installing.HINT) is not None

    # --- reading

    def jobs(self) -> tuple[Job, ...]:
        """All jobs of the journal, oldest first."""
        return fold(self._journal.records())

    def open_jobs(self) -> list[Job]:
        """Those that are not at their end, oldest first."""
        return [job for job in self.jobs() if job.is_open]

    def as_found(self, records: Sequence[Record]) -> tuple[Job, ...]:
        """All jobs of these records as the host shows them to stand now; writes nothing."""
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

    def host_name(self, name: str = "") -> str:
        """How a shell at the host's root names the state directory, or a file of it."""
        return self._journal.host_name(name)

    # --- bringing up to date

    def settle_all(self) -> None:
        """Settle every open job."""
        for job in self.open_jobs():
            self.settle(job)

    def settle(self, job: Job) -> Job:
        """Note what the host shows to be done, and close the job if nothing is left."""
        job = self.job(job.id)
        if not job.is_open:
            return job
        for index in job.remaining:
            if job.progress[index] is Progress.BEGAN:
                self._withdraw(job, index)
        for record in self._overdue(job, self.jobs()):
            self._append(record)
        return self.job(job.id)

    def _withdraw(self, job: Job, index: int) -> None:
        """Mend a change that was begun, and note if it is not made; one under way is left alone."""
        change = job.changes[index]
        self._changer.mend(change)
        if not isinstance(change, Reboot | VmPower) and self._changer.shows(change, Held.BEFORE):
            self._append(NotMade(job.id, self._clock.now(), index))

    def take_up(self, job: Job) -> Job:
        """A job to go on with, settled.

        Raises:
            Problem: `job-closed`: it has come to its end meanwhile.
        """
        job = self.settle(job)
        if job.is_open:
            return job
        raise Problem(
            Exit.CONFLICT,
            "job-closed",
            f"Job {job.id} is at its end: {_outcome(job).value}. Somebody else may have closed it.",
            remedy="Look at `serialpass-tui status` and plan again.",
        )

    def _overdue(self, job: Job, jobs: Sequence[Job]) -> list[Record]:
        """The records that the host shows to be due for an open job."""
        now = self._clock.now()
        due: list[Record] = []
        for position, index in enumerate(job.remaining):
            change = job.changes[index]
            begun = job.progress[index] is Progress.BEGAN
            all_before = len(due) == position
            expected = all_before if isinstance(change, Reboot) else begun
            if expected and self._changer.shows(change, Held.AFTER):
                due.append(Applied(job.id, now, index))
            elif all_before and isinstance(change, Reboot) and self._is_needless(job, jobs):
                due.append(Dropped(job.id, now, index, _NEEDLESS))
        for record in due:
            job = step(job, record)
        undone = next((other for other in jobs if other.id == job.undoes), None)
        if _has_undone(job) and undone and undone.outcome is not Outcome.ROLLED_BACK:
            due.append(Closed(undone.id, now, Outcome.ROLLED_BACK))
        if not job.remaining and _ends_by_itself(job):
            due.append(Closed(job.id, now, _outcome(job)))
        return due

    def _is_needless(self, job: Job, jobs: Sequence[Job]) -> bool:
        """Whether the devices of a job are already where its reboot is to bring them."""
        wanted = job.goal.hides
        undone = next((other for other in jobs if other.id == job.undoes), None)
        if undone is not None and undone.goal.hides is not None:
            wanted = not undone.goal.hides
        return wanted is not None and self._changer.are_taken(job.devices) is wanted

    # --- writing

    def open_job(
        self,
        goal: Goal,
        title: str,
        devices: Sequence[DeviceId],
        changes: Sequence[Change],
        undoes: str,
    ) -> Job:
        """A new job with the changes that the operator saw and asked for."""
        now = self._clock.now()
        self.settle_all()
        job_id = self._next_id()
        self._journal.append(Opened(job_id, now, goal, title, tuple(devices), undoes))
        self._journal.append(Planned(job_id, now, tuple(changes)))
        return self.job(job_id)

    def extend(self, job: Job, changes: Sequence[Change]) -> Job:
        """Plan `changes` in place of what remains of a job, but for a reboot that is still due."""
        remaining = job.remaining
        replaced = [index for index in remaining if not isinstance(job.changes[index], Reboot)]
        self._drop(job, replaced, "planned anew")
        self._plan(job, changes)
        return self.job(job.id)

    def in_this_boot(self, job: Job) -> Job:
        """The job with what remains of it planned for this boot, where it was for an earlier one.

        A reboot before the edit does not count, and a driver changed before the reboot is back.
        What is planned comes before what is dropped: killed between, nothing is lost, only twice
        there.
        """
        boot_id, left = self._changer.boot_id(), job.remaining
        changes = [job.changes[index] for index in left]
        if not any(is_past(change, boot_id) for change in changes):
            return job
        self._plan(job, tuple(dict.fromkeys(in_boot(change, boot_id) for change in changes)))
        self._drop(job, left, "planned anew: the host was rebooted before it")
        return self.job(job.id)

    def back_up(self, data: bytes) -> None:
        """Keep the bytes of a file that is about to be edited beside the journal."""
        self._journal.backup(data)

    def undo_place(self, job: Job | None) -> str:
        """Where the shell's way back of a job lies, or will; None: of the job opened next."""
        return self._journal.undo_place(job.id if job is not None else self._next_id())

    def write_undo(self, job: Job, kept: Mapping[str, undo_text.Kept]) -> None:
        """Write the shell's way back of a job; a rollback is part of that of its job."""
        if job.goal is not Goal.ROLLBACK:
            self._journal.keep_undo(job.id, lambda place: undo_text.undo_text(job, kept, place))

    def backup_place(self, data: bytes) -> str:
        """Where a backup lies, as a shell at the host's root names it."""
        return self._journal.backup_place(data)

    def began(self, job: Job, index: int) -> None:
        """Note that a change is about to be made."""
        self._journal.append(Began(job.id, self._clock.now(), index))

    def applied(self, job: Job, index: int) -> None:
        """Note that a change was made and read back."""
        self._journal.append(Applied(job.id, self._clock.now(), index))

    def booted(self, job: Job, boot_id: str, *, trial: bool, hidden: int) -> Job:
        """Note what this boot looks like, once."""
        if boot_id not in {seen.boot for seen in job.boots}:
            self._journal.append(Booted(job.id, self._clock.now(), boot_id, trial, hidden))
        return self.job(job.id)

    def close(self, job: Job, why: str) -> Job:
        """Drop what remains of a job and close it; one that is closed keeps its outcome."""
        if not job.is_open:
            return job
        self._drop(job, job.remaining, why)
        self._end(job, _outcome(job))
        return self.job(job.id)

    def make_way(self, job: Job) -> None:
        """Close the rollbacks of `job` that were cut off.

        Their rest is in the plan that comes now: left open, they could be taken up later.
        """
        for other in self.open_jobs():
            if other.undoes == job.id:
                self.close(other, "planned anew")

    def end_rolled_back(self, job: Job) -> None:
        """Note of a job that nothing of it is left to undo."""
        self._end(job, Outcome.ROLLED_BACK)

    def _plan(self, job: Job, changes: Sequence[Change]) -> None:
        self._journal.append(Planned(job.id, self._clock.now(), tuple(changes)))

    def _drop(self, job: Job, indexes: Iterable[int], why: str) -> None:
        for index in indexes:
            self._journal.append(Dropped(job.id, self._clock.now(), index, why))

    def _end(self, job: Job, outcome: Outcome) -> None:
        self._append(Closed(job.id, self._clock.now(), outcome))

    def _append(self, record: Record) -> None:
        """Add a record, and where it ends a job rolled back, say so in the shell's way back too.

        Until then that text is harmless: it changes nothing that does not hold the job's bytes.
        """
        self._journal.append(record)
        if isinstance(record, Closed) and record.outcome is Outcome.ROLLED_BACK:
            with contextlib.suppress(Problem):
                self.write_undo(self.job(record.job), {})

    def _next_id(self) -> str:
        numbers = [int(job.id) for job in self.jobs() if job.id.isdecimal()]
        return str(max(numbers, default=0) + 1)


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
    if order_of(job) is not None:
        return False  # a trial waits for the operator's word
    if job.goal is not Goal.GIVE:
        return True
    return not job.changes or any(isinstance(change, VmPower) for change in job.applied)
