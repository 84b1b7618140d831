"""Rollback: the jobs, and the undo of one of them as a preview."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from serialpass_tui.core.changes import DriverChange, Reboot
from serialpass_tui.core.job import Goal, Job, Outcome, Progress
from serialpass_tui.core.text import printable
from serialpass_tui.tui.lines import Ink, Line, fact
from serialpass_tui.tui.messages import CloseJob, Continue, ShowUndo, Undo
from serialpass_tui.tui.screens.base import COMMON_KEYS, Frame, Keys, WizardScreen, by_shell
from serialpass_tui.tui.screens.bind import change_lines
from serialpass_tui.tui.screens.listing import ListScreen
from serialpass_tui.tui.screens.problem import view_lines
from serialpass_tui.tui.widgets.choices import Choices
from serialpass_tui.tui.widgets.pager import Pager
from serialpass_tui.tui.widgets.table import Column, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

    from textual.app import ComposeResult

    from serialpass_tui.service import RollbackPlan

HEADS = (Column("Job", 5), Column("When", 16), Column("What"), Column("State", 16))
BACK_HELP: Keys = (("Esc", "back"), ("?", "help"), ("q", "quit"))


def state(job: Job) -> tuple[str, Ink]:
    """Where a job stands, in words."""
    if job.outcome is not None:
        return job.outcome.value, Ink.PLAIN
    if job.awaits_reboot:
        return "reboot pending", Ink.WARN
    return "open", Ink.WARN


def when(at: int, zone: tzinfo | None = None) -> str:
    """A time of day as the operator's clock shows it."""
    try:
        moment = datetime.fromtimestamp(at, tz=UTC).astimezone(zone)
    except (OverflowError, ValueError, OSError):
        return "an unknown day"
    return moment.strftime("%Y-%m-%d %H:%M")


def row(job: Job) -> Row:
    """One row of the table."""
    words, ink = state(job)
    cells = (printable(job.id), when(job.at), printable(job.title), words)
    return Row(cells, (Ink.PLAIN,) * 3 + (ink,))


def story(job: Job) -> tuple[Line, ...]:
    """What a job did and has left, change by change."""
    marks = {
        Progress.APPLIED: ("Done", Ink.PLAIN),
        Progress.DROPPED: ("Dropped", Ink.PLAIN),
        Progress.BEGAN: ("Begun", Ink.WARN),
        Progress.WAITING: ("Left", Ink.WARN),
    }
    lines = [Line(printable(job.title), Ink.STRONG)]
    reasons = dict(job.reasons)
    for index, (change, progress) in enumerate(zip(job.changes, job.progress, strict=True)):
        label, ink = marks[progress]
        why = f": {printable(reasons[index])}" if index in reasons else ""
        lines.append(fact(label, f"{printable(change.describe())}{why}", ink))
    if not job.changes:
        lines.append(Line("It changed nothing."))
    return tuple(lines)


def gist(job: Job) -> str:
    """One job in one line: what it has left to do, or what it did."""
    left = [printable(job.changes[index].describe()) for index in job.remaining]
    if left:
        return f"Left: {', '.join(left)}"
    done = [printable(change.describe()) for change in job.applied]
    return f"Done: {', '.join(done)}" if done else "It changed nothing that stands."


def undo_preview(plan: RollbackPlan, undo: str = "") -> tuple[Line, ...]:
    """What the rollback changes, or why it does not begin; `undo` is the shell's way to it."""
    lines: list[Line] = []
    if plan.conflict is not None:
        lines += [
            fact("Conflict", printable(plan.conflict.summary), Ink.BAD),
            fact("", printable(plan.conflict.remedy)),
            Line(),
            Line("Nothing is rolled back.", Ink.STRONG),
            *view_lines(plan.conflict),
            Line(),
            Line("It would have been:", Ink.STRONG),
        ]
    lines += (Line(printable(note), Ink.WARN) for note in plan.notes)
    if not plan.changes:
        lines.append(Line("Nothing of this job stands: there is nothing to undo."))
        return tuple(lines)
    known = len(lines)
    if any(isinstance(change, Reboot) for change in plan.changes):
        reboot = "This host booted with the edit: the undo needs a reboot, asked for afterwards."
        lines.append(fact("Reboot", reboot, Ink.WARN))
    elif any(isinstance(change, DriverChange) for change in plan.changes):
        lines.append(fact("Reboot", "None is needed: dom0 has the device back at once."))
    if undo and plan.conflict is None:
        lines.append(by_shell(undo, back=True))
    if len(lines) > known:
        lines.append(Line())
    lines += change_lines([item for item in plan.changes if not isinstance(item, Reboot)])
    return tuple(lines)


class HistoryScreen(ListScreen):
    """The jobs, newest first."""

    def __init__(self, frame: Frame, jobs: Sequence[Job]) -> None:
        super().__init__(frame, "Rollback", "Which job shall be taken back?", HEADS, named_by=2)
        self._jobs = tuple(reversed(jobs))

    def body(self) -> ComposeResult:
        """The list, or that it is empty."""
        if not self._jobs:
            yield Pager((Line("No job was done on this host yet: there is nothing to undo."),))
            return
        self._table.styles.height = 1 + min(8, len(self._jobs))
        yield from self.listing()

    def keys(self) -> Keys:
        """Without a job there is nothing to preview."""
        own = (("Space", "its story"), ("Enter", "preview the undo")) if self._jobs else ()
        return (*own, *BACK_HELP)

    def on_mount(self) -> None:
        """Begin at the newest."""
        if self._jobs:
            self._table.fill(len(self._jobs), lambda index: row(self._jobs[index]))
            self.point_out()
            self.tell()

    @property
    def _current(self) -> Job:
        return self._jobs[self._table.cursor]

    def gist(self) -> str:
        """The job under the cursor in one line."""
        return gist(self._current)

    def about(self) -> Iterable[Line]:
        """Its story."""
        return story(self._current)

    def on_table_pressed(self) -> None:
        """Show the undo."""
        job = self._current
        if job.outcome is Outcome.ROLLED_BACK:
            self.say("It is rolled back already.")
        elif job.goal is Goal.ROLLBACK and not job.is_open:
            self.say("A rollback is not rolled back: do the job again instead.")
        else:
            self.post_message(ShowUndo(job))


class UndoScreen(WizardScreen):
    """The undo of one job, to be read and then applied."""

    def __init__(self, frame: Frame, plan: RollbackPlan, undo: str) -> None:
        title = printable(plan.job.title, 50)
        super().__init__(frame, "Rollback", f"Undo of job {plan.job.id}: {title}")
        self._plan, self._undo = plan, undo

    def body(self) -> ComposeResult:
        """The preview and the choices."""
        yield Pager(undo_preview(self._plan, self._undo))
        yield self.gap()
        yield Choices(*self._choices())

    def _choices(self) -> tuple[tuple[str, str], ...]:
        back = ("back", "Back")
        if self._plan.conflict is not None:
            return (back,)
        if self._plan.changes:
            return (back, ("undo", "Roll back"))
        return (back, ("close", "Close the job")) if self._plan.job.is_open else (back,)

    def keys(self) -> Keys:
        """Reading comes first."""
        return (("PgDn", "read"), ("Tab", "move"), ("Enter", "take"), *BACK_HELP)

    def choose(self, key: str) -> None:
        """Roll back, close, or back."""
        if key == "undo":
            self.post_message(Undo(self._plan))
        elif key == "close":
            self.post_message(CloseJob(self._plan.job))
        else:
            super().choose(key)


class UnfinishedScreen(WizardScreen):
    """A job that was cut off between two changes: go on, take back, or leave as it is."""

    def __init__(self, frame: Frame, job: Job) -> None:
        super().__init__(frame, "Unfinished job", f"Job {job.id} was cut off")
        self._job = job

    def body(self) -> ComposeResult:
        """What was done, what is left, the choices."""
        left = [self._job.changes[index] for index in self._job.remaining]
        if self._job.goal.is_own:  # the program is not to go while it paints
            way = Line("`serialpass-tui install` or `uninstall` at a prompt plans it anew.")
            yield Pager((*story(self._job), Line(), way))
            yield self.gap()
            yield Choices(("later", "Not now"), ("close", "Close it as it is"))
            return
        yield Pager((*story(self._job), Line(), *change_lines(left)))
        yield self.gap()
        own = (("on", "Go on"), ("close", "Close it as it is"))
        undo = (("undo", "Roll back"),) if self._job.goal is not Goal.ROLLBACK else ()
        yield Choices(("later", "Not now"), *own, *undo)

    def keys(self) -> Keys:
        """Reading comes first."""
        return (("PgDn", "read"), ("Enter", "take"), *COMMON_KEYS)

    def choose(self, key: str) -> None:
        """Go on, undo, close, or leave for now."""
        if key == "on":
            self.post_message(Continue())
        elif key == "undo":
            self.post_message(ShowUndo(self._job))
        elif key == "close":
            self.post_message(CloseJob(self._job))
        else:
            self.go_back()
