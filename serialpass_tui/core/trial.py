"""A job's trial boot: where it stands, from the job's changes and what the host shows."""

from __future__ import annotations

from enum import Enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.core.changes import BootOnce
    from serialpass_tui.core.job import Job


class Stage(Enum):
    """Where a trial stands."""

    NONE = "none"
    """There is none, or it is at its end."""
    AHEAD = "ahead"
    """Its boot is still to come."""
    RUNNING = "running"
    """This boot is it."""
    RETURNED = "returned"
    """The host has come up as before since: it hung or panicked, nobody kept it, or the boot
    loader could not boot it once."""


def order_of(job: Job | None) -> BootOnce | None:
    """The last order of a job to boot an entry once, None where it has none or took it back."""
    if job is None:
        return None
    from serialpass_tui.core.changes import BootOnce  # a host without jobs needs neither
    from serialpass_tui.core.job import Progress

    pairs = zip(job.changes, job.progress, strict=True)
    orders = [
        (change, progress)
        for change, progress in pairs
        if isinstance(change, BootOnce) and progress is not Progress.DROPPED
    ]
    if not orders:
        return None
    last, progress = orders[-1]
    if last.after:
        return last
    done = progress is Progress.APPLIED
    return None if done else next((c for c, _ in reversed(orders) if c.after), None)


def stage(job: Job | None, boot_id: str, *, present: bool, trying: bool) -> Stage:
    """Where the trial of a job stands.

    `boot_id` is the present boot; `present` whether the boot file has a trial entry, `trying`
    whether it has booted. An order that stands since an earlier boot is one that the boot loader
    could not take back, and did not follow.
    """
    order = order_of(job)
    if order is None or not present:
        return Stage.NONE
    if trying:
        return Stage.RUNNING
    return Stage.AHEAD if order.boot == boot_id else Stage.RETURNED
