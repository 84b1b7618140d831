"""Jobs: an ordered list of changes for one goal, and the journal records that tell its story."""

from __future__ import annotations

from enum import Enum

from serialpass_tui.core.changes import (
    BootOnce,
    Change,
    DriverChange,
    FileEdit,
    Reboot,
    Reversible,
    is_own,
    is_past,
)
from serialpass_tui.core.inventory import DeviceId  # noqa: TC001 (the codec asks for it)
from serialpass_tui.lazy import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Goal(Enum):
    """What a job is for; it decides when the job is at its end."""

    GIVE = "give"
    """The wizard's: from the device to the started VM; grows as the operator goes on."""
    HIDE = "hide"
    UNHIDE = "unhide"
    BIND = "bind"
    UNBIND = "unbind"
    ROLLBACK = "rollback"
    REPAIR = "repair"
    """The doctor's."""
    INSTALL = "install"
    """Of this tool itself."""
    UNINSTALL = "uninstall"

    @property
    def is_own(self) -> bool:
        """Whether it is about this tool itself; each of the two is the other's undo."""
        return self in {Goal.INSTALL, Goal.UNINSTALL}

    @property
    def hides(self) -> bool | None:
        """Whether its reboot brings devices to pciback, or to dom0; None: not told by the goal."""
        return {Goal.GIVE: True, Goal.HIDE: True, Goal.UNHIDE: False}.get(self)


class Outcome(Enum):
    """How a job ended."""

    DONE = "done"
    ROLLED_BACK = "rolled back"
    ABANDONED = "abandoned"


@frozen
class LockFile:
    """What the lock file in the state directory says; an orderly end leaves it empty."""

    holder: str
    """The process, as its holder wrote it."""
    terminal: str
    held: bool
    """Whether a living process holds the lock."""
    age_s: int
    """Seconds since it was taken."""


@frozen
class Opened:
    """A job begins; nothing has been done yet."""

    KIND = "opened"
    job: str
    at: int
    goal: Goal
    title: str
    devices: tuple[DeviceId, ...]
    undoes: str = ""
    """The job that this one rolls back; empty otherwise."""


@frozen
class Planned:
    """Changes were shown to the operator, who asked for them; they follow those planned before."""

    KIND = "planned"
    job: str
    at: int
    changes: tuple[Change, ...]


@frozen
class Began:
    """Change number `index` is about to be applied."""

    KIND = "began"
    job: str
    at: int
    index: int


@frozen
class Applied:
    """Change number `index` was applied and read back."""

    KIND = "applied"
    job: str
    at: int
    index: int


@frozen
class NotMade:
    """Change number `index` was begun by a run that was killed, and is seen not to be made.

    It waits again. Without this word it would count as made as soon as its place holds, by another
    job, what it was to hold.
    """

    KIND = "not-made"
    job: str
    at: int
    index: int


@frozen
class Dropped:
    """Change number `index` will not be applied: it failed without effect, or was undone."""

    KIND = "dropped"
    job: str
    at: int
    index: int
    reason: str


@frozen
class Booted:
    """What a boot looks like that came up while a trial of the job was not at its end."""

    KIND = "booted"
    job: str
    at: int
    boot: str
    trial: bool
    """Whether the trial entry was booted."""
    hidden: int
    """How many of the job's devices pciback has."""


@frozen
class Closed:
    """The job is at its end."""

    KIND = "closed"
    job: str
    at: int
    outcome: Outcome


Record = Opened | Planned | Began | Applied | NotMade | Dropped | Booted | Closed


class Progress(Enum):
    """Where one change of a job stands."""

    WAITING = "waiting"
    BEGAN = "began"
    APPLIED = "applied"
    DROPPED = "dropped"


@frozen
class Job:
    """A job as its records tell it."""

    id: str
    at: int
    goal: Goal
    title: str
    devices: tuple[DeviceId, ...]
    undoes: str = ""
    changes: tuple[Change, ...] = ()
    progress: tuple[Progress, ...] = ()
    outcome: Outcome | None = None
    reasons: tuple[tuple[int, str], ...] = ()
    """Why changes were dropped: index and words."""
    boots: tuple[Booted, ...] = ()
    """The boots that were looked at while a trial was not at its end."""

    @property
    def is_open(self) -> bool:
        """Whether it is not at its end."""
        return self.outcome is None

    @property
    def remaining(self) -> tuple[int, ...]:
        """Indexes of the changes still to be applied, in order."""
        live = (Progress.WAITING, Progress.BEGAN)
        return tuple(i for i, progress in enumerate(self.progress) if progress in live)

    @property
    def applied(self) -> tuple[Change, ...]:
        """The changes that stand."""
        pairs = zip(self.changes, self.progress, strict=True)
        return tuple(change for change, progress in pairs if progress is Progress.APPLIED)

    @property
    def awaits_reboot(self) -> bool:
        """Whether the next thing to happen is the host's reboot."""
        remaining = self.remaining
        return bool(remaining) and isinstance(self.changes[remaining[0]], Reboot)


def fold(records: Iterable[Record]) -> tuple[Job, ...]:
    """The jobs that the journal's records tell of, oldest first.

    Records of an unknown job are passed over: a torn or trimmed journal must not stop the tool.
    """
    jobs: dict[str, Job] = {}
    for record in records:
        if isinstance(record, Opened):
            jobs[record.job] = Job(
                record.job, record.at, record.goal, record.title, record.devices, record.undoes
            )
        elif record.job in jobs:
            jobs[record.job] = step(jobs[record.job], record)
    return tuple(jobs.values())


def step(job: Job, record: Record) -> Job:
    """The job after one more record of it."""
    if isinstance(record, Opened):
        return job
    if isinstance(record, Planned):
        waiting = (Progress.WAITING,) * len(record.changes)
        return replace(job, changes=job.changes + record.changes, progress=job.progress + waiting)
    if isinstance(record, Booted):
        return replace(job, boots=(*job.boots, record))
    if isinstance(record, Closed):
        return replace(job, outcome=record.outcome)
    if not 0 <= record.index < len(job.changes):
        return job
    marks = {
        Began: Progress.BEGAN,
        Applied: Progress.APPLIED,
        NotMade: Progress.WAITING,
        Dropped: Progress.DROPPED,
    }
    progress = list(job.progress)
    progress[record.index] = marks[type(record)]
    why = ((record.index, record.reason),) if isinstance(record, Dropped) else ()
    return replace(job, progress=tuple(progress), reasons=job.reasons + why)


def net_effect(changes: Iterable[Change]) -> tuple[Reversible, ...]:
    """What remains of a run of changes: the first `before` and the last `after` of each place.

    An operator who goes back and chooses again leaves a value and its undo in one job; places that
    hold again what they held at first drop out.
    """
    places: dict[tuple[str, ...], Reversible] = {}
    for change in changes:
        if isinstance(change, Reboot):
            continue
        first = places.pop(change.place, change)
        places[change.place] = replace(change, before=first.before)  # type: ignore[arg-type]
    return tuple(change for change in places.values() if change.before != change.after)


def newest_open(jobs: Sequence[Job]) -> Job | None:
    """The job that is not at its end, the newest where there are several; jobs are oldest first."""
    return next((job for job in reversed(jobs) if job.is_open), None)


def booted_since(job: Job, boot_id: str) -> bool:
    """Whether the host was started anew since the job edited its boot file, if it has edited one.

    By the job's reboot or by another one: what the job planned behind the edit, and for the boot of
    that time, tells. `boot_id` is the present boot.
    """
    edits = [i for i, change in enumerate(job.changes) if isinstance(change, FileEdit)]
    made = [i for i in edits if job.progress[i] is Progress.APPLIED]
    if edits and not made:
        return False
    return any(is_past(change, boot_id) for change in job.changes[made[0] if made else 0 :])


def undo_list(job: Job, boot_id: str) -> tuple[Change, ...]:
    """The changes that take back what stands of `job`, newest first; `boot_id` is the present boot.

    What a boot has wiped needs no undo. The kernel may refuse to give a device back to a driver, so
    that comes last: by then all else is undone, and a reboot does the rest. Where the host booted
    with an edit of the job, the undo of that edit needs a reboot, unless each device is given back
    at once.

    The tool's own files stay: a rollback must not take away the program that makes it. `uninstall`
    is their undo.
    """
    stands = [
        change for change in job.applied if not is_past(change, boot_id) and not is_own(change)
    ]
    undo: list[Change] = [change.inverse() for change in reversed(net_effect(stands))]
    # An order for one boot is taken back, never given again.
    undo = [change for change in undo if not (isinstance(change, BootOnce) and change.after)]
    undo.sort(key=lambda change: isinstance(change, DriverChange))
    returned = {change.bdf for change in undo if isinstance(change, DriverChange)}
    reboots = [change for change in job.changes if isinstance(change, Reboot)]
    if (
        reboots
        and any(isinstance(change, FileEdit) for change in undo)
        and booted_since(job, boot_id)
        and not (returned and returned >= {device.bdf for device in job.devices})
    ):
        undo.append(reboots[-1].again(boot_id))
    return tuple(undo)
