"""Running a job: its changes in order, each journalled, applied, read back and journalled again."""

from __future__ import annotations

import contextlib
from itertools import takewhile

from serialpass_tui.core.changes import DriverChange, FileEdit, GuestEdit, Reboot
from serialpass_tui.core.job import Goal, Progress
from serialpass_tui.errors import NOTHING_CHANGED, Problem
from serialpass_tui.service.changing import FILE_CHANGED, Held, require_known

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.core.job import Job
    from serialpass_tui.core.undo_text import Kept
    from serialpass_tui.service.changing import Changer, Report
    from serialpass_tui.service.ledger import Ledger
    from serialpass_tui.service.pausing import Pauses


class Runner:
    """What makes the changes of a job, under the ledger's lock."""

    def __init__(self, ledger: Ledger, changer: Changer, pauses: Pauses) -> None:
        self._ledger = ledger
        self._changer = changer
        self._pauses = pauses

    def run(self, job: Job, tell: Report, *, reboot: bool) -> Job:
        """Apply what remains of a job that was taken up; without `reboot` it stops before that.

        Raises:
            Problem: the change that failed, and what of the job stands.
        """
        job = self._ledger.in_this_boot(job)
        todo = _todo(job, reboot=reboot)
        for index in todo:
            with self._pauses.change():
                self._step(job, todo, index, tell)
        return self._ledger.settle(job)

    def _step(self, job: Job, todo: tuple[int, ...], index: int, tell: Report) -> None:
        """One change of a run, with what belongs before the first one."""
        try:
            if index == todo[0]:
                changes = [job.changes[index] for index in todo]
                self._changer.refuse_unsafe(job.devices, changes)
                self._changer.refuse_changed(changes)
                self._prepare(job, todo)
            self._apply(job, index, tell)
        except Problem as problem:
            raise self._told(job, index, problem) from problem

    def _apply(self, job: Job, index: int, tell: Report) -> None:
        """One change, by the rule of `core.changes`."""
        change = job.changes[index]
        tell(change, 0.0)
        held = require_known(change, self._changer.look(change))
        if held is Held.BEFORE:
            self._ledger.began(job, index)
            self._changer.make(change, tell)
            if isinstance(change, Reboot):
                return
            self._changer.confirm(change, job)
        self._ledger.applied(job, index)
        tell(change, 1.0)

    def _prepare(self, job: Job, todo: tuple[int, ...]) -> None:
        """Back up the files that are about to be edited, and write the shell's way back."""
        from serialpass_tui.core.undo_text import Kept  # for who changes something

        kept: dict[str, Kept] = {}
        for index, change in enumerate(job.changes):
            if job.progress[index] is Progress.DROPPED:
                continue
            if not isinstance(change, FileEdit | GuestEdit) or change.before is None:
                continue
            whole = change if isinstance(change, FileEdit) else change.file
            beside = whole.backup_path  # empty: of what is taken away no copy is left beside it
            suffix = beside.removeprefix(change.path)
            try:
                self._ledger.back_up(change.before)
                if beside:
                    beside = self._changer.keep(change.path, change.before)
            except Problem:
                if index in todo:
                    raise  # otherwise it was kept when it was made
            file = beside.removesuffix(suffix) or change.path
            copy = beside.lstrip("/") or self._ledger.backup_place(change.before)
            kept.setdefault(change.path, Kept(file.lstrip("/"), copy))
        self._ledger.write_undo(job, kept)

    def _told(self, job: Job, index: int, problem: Problem) -> Problem:
        """The problem of a change with what of its job stands; a job without effect is closed."""
        job = self._ledger.job(job.id)
        change = job.changes[index]
        try:
            held = self._changer.observe(change)
        except Problem:
            held = Held.OTHER
        begun = job.progress[index] is Progress.BEGAN and problem.code != FILE_CHANGED
        made = begun and held is Held.AFTER
        if not job.applied and not made:
            # The wizard's job waits for a veto to be lifted; all else it plans anew each time.
            given_up = job.goal is not Goal.GIVE or isinstance(change, FileEdit | DriverChange)
            if given_up and (not begun or held is Held.BEFORE):
                with contextlib.suppress(Problem):  # the first problem is the one to tell
                    self._ledger.close(job, problem.code)
            return problem
        state = problem.state
        if state == NOTHING_CHANGED:
            state = "This change was made." if made else "This change was not made."
        count = sum(not isinstance(done, Reboot) for done in job.applied)
        if count:
            planned = sum(progress is not Progress.DROPPED for progress in job.progress)
            way = "rolling back again goes on from here"
            if job.goal is not Goal.ROLLBACK:
                way = f"`serialpass-tui rollback {job.id}` takes them back"
            state += (
                f" Before that, {count} of {planned} changes of job {job.id} were made "
                f"and stand; {way}."
            )
        return problem.standing(state)


def _todo(job: Job, *, reboot: bool) -> tuple[int, ...]:
    """The changes of a job that can be made now, in order.

    With `reboot` up to the reboot. Without it those before it, and where the job then takes devices
    at once, that: it is done in place of the reboot, which stays due until the devices have come.
    """
    left = job.remaining
    ahead = tuple(takewhile(lambda index: not isinstance(job.changes[index], Reboot), left))
    behind = left[len(ahead) :]
    if reboot:
        return ahead + behind[:1]
    return ahead + tuple(i for i in behind if isinstance(job.changes[i], DriverChange))
