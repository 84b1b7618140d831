"""What screens ask of the app, and what its workers report to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.boot import HidePlan
    from serialpass_tui.core.changes import Change, DriverChange
    from serialpass_tui.core.job import Job
    from serialpass_tui.errors import Problem
    from serialpass_tui.service import BindPlan, RollbackPlan


class Ask(Message):
    """Something the operator asks for on a screen."""


class GoBack(Ask):
    """One step back."""


class LookAgain(Ask):
    """Read the host anew."""


class ShowJobs(Ask):
    """Show the jobs, to take one back."""


class Pick(Ask):
    """Go on with these devices."""

    def __init__(self, bdfs: tuple[Bdf, ...]) -> None:
        super().__init__()
        self.bdfs = bdfs


class WriteEntry(Ask):
    """Write the boot entry that the screen shows."""

    def __init__(self, plan: HidePlan) -> None:
        super().__init__()
        self.plan = plan


class ChooseTrial(Ask):
    """Have the boot entry tried in one boot first, or written at once."""

    def __init__(self, *, trying: bool) -> None:
        super().__init__()
        self.trying = trying


class KeepTrial(Ask):
    """Make the trial that this boot is the default, as the screen shows."""

    def __init__(self, changes: tuple[Change, ...]) -> None:
        super().__init__()
        self.changes = changes


class TryAgain(Ask):
    """Show once more what a trial that came to nothing needs."""


class RebootHost(Ask):
    """Reboot now; the host name was typed."""


class RebootLater(Ask):
    """Leave; the operator reboots by hand."""


class ShowTake(Ask):
    """Show what taking the devices without a reboot does."""


class TakeNow(Ask):
    """Give the devices to pciback as the screen shows."""

    def __init__(self, changes: tuple[DriverChange, ...]) -> None:
        super().__init__()
        self.changes = changes


class GoOn(Ask):
    """The look after the reboot was read."""


class PickVm(Ask):
    """Show what giving the devices to this VM changes."""

    def __init__(self, uuid: str) -> None:
        super().__init__()
        self.uuid = uuid


class Bind(Ask):
    """Write the keys that the screen shows."""

    def __init__(self, plan: BindPlan) -> None:
        super().__init__()
        self.plan = plan


class StartVm(Ask):
    """Start the VM."""


class Finish(Ask):
    """The job is done."""


class ShowUndo(Ask):
    """Show what rolling this job back changes."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job


class Undo(Ask):
    """Roll back as shown."""

    def __init__(self, plan: RollbackPlan) -> None:
        super().__init__()
        self.plan = plan


class Continue(Ask):
    """Apply what an interrupted job has left."""


class CloseJob(Ask):
    """Close a job; what it applied stands."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job


class Report(Message):
    """Something that a worker has to say; the only way in which a worker touches the app."""


class Ended(Report):
    """The work is done; `then` draws the conclusion, in the app's own thread."""

    def __init__(self, then: Callable[[], None]) -> None:
        super().__init__()
        self.then = then


class Failed(Report):
    """The work ended with a Problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self.problem = problem


class Progressed(Report):
    """How far a change is, in words."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words
