"""What the journal's jobs tell: which devices this tool hid, and which cards they were."""

from __future__ import annotations

from functools import lru_cache

from serialpass_tui.core import boot, hide_list
from serialpass_tui.core.changes import FileEdit
from serialpass_tui.errors import Problem
from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.inventory import DeviceId
    from serialpass_tui.core.job import Job


@frozen
class Memory:
    """What was done, put together over all jobs."""

    hidden: Mapping[Bdf, str]
    """What this tool hid from the next boot on and never gave back, and the job that did it."""
    ids: Mapping[Bdf, DeviceId]
    """Which card was at an address when a job last dealt with it."""
    files: frozenset[str] = frozenset()
    """The paths of the other files from which boots are made that this tool's text is in."""


def remembered(jobs: Iterable[Job]) -> Memory:
    """The memory of the jobs, oldest first; what a rollback took back is taken back here too."""
    hidden: dict[Bdf, str] = {}
    ids: dict[Bdf, DeviceId] = {}
    files: set[str] = set()
    for job in jobs:
        ids |= {device.bdf: device for device in job.devices}
        for change in job.applied:
            if isinstance(change, FileEdit) and change.path in boot.CANDIDATE_PATHS:
                before, after = (_hidden(change.path, d) for d in (change.before, change.after))
                hidden |= dict.fromkeys(after - before, job.id)
                for bdf in before - after:
                    hidden.pop(bdf, None)
            elif isinstance(change, FileEdit):
                is_in = b"serialpass-tui" in (change.after or b"")
                files = files | {change.path} if is_in else files - {change.path}
    return Memory(hidden, ids, frozenset(files))


@lru_cache(maxsize=256)
def _hidden(path: str, data: bytes | None) -> frozenset[Bdf]:
    """The single functions that the default entry of a boot file names, to whichever kernel.

    The journal does not say which kernel the file was for; only one of the two names has effect.
    What a job left is what the next one found, and the wizard looks again after each step.
    """
    if data is None:
        return frozenset()
    try:
        file = boot.parse(path, data)
        readings = [boot.default_reading(file, dialect) for dialect in hide_list.Dialect]
    except Problem:
        return frozenset()
    groups = [group for reading in readings if reading is not None for group in reading.groups]
    return frozenset(group.bdf for group in groups if group.bdf is not None)
