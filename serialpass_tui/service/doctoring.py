"""The doctor's look at the host, and its repair as a job like every other."""

from __future__ import annotations

from serialpass_tui.core.doctoring import Diagnosis, Facts, examine
from serialpass_tui.core.pool import XlHost
from serialpass_tui.errors import Problem
from serialpass_tui.lazy import Module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from serialpass_tui.core.changes import Change
    from serialpass_tui.core.installing import Own
    from serialpass_tui.core.job import Job
    from serialpass_tui.core.ports import Files
    from serialpass_tui.service import installing
    from serialpass_tui.service.installing import InstallPlan
    from serialpass_tui.service.looking import Looker
    from serialpass_tui.service.scanning import Scan
else:
    installing = Module("serialpass_tui.service.installing")


def diagnosis(
    scan: Scan, files: Files, looker: Looker, install: Callable[[], InstallPlan]
) -> Diagnosis:
    """What is wrong with the host of a scan; looking leaves no trace.

    `install` plans to put this tool on the host.
    """
    jobs: tuple[Job, ...] = ()
    journal_problem = None
    try:
        jobs = looker.jobs_as_found()
    except Problem as problem:
        journal_problem = problem
    return examine(
        Facts(
            scan.inventory,
            scan.pool,
            scan.boot,
            scan.boot_problem,
            scan.hide,
            _guests(scan, files),
            jobs,
            journal_problem,
            looker.lock_file(),
            *_own(files, jobs, install),
        )
    )


def _own(
    files: Files, jobs: Sequence[Job], install: Callable[[], InstallPlan]
) -> tuple[tuple[str, ...], tuple[Own, ...], Problem | None]:
    """What the host has lost of this tool, what puts it back, and why nothing does."""
    gone: tuple[str, ...] = ()
    if not jobs:
        return gone, (), None
    try:
        gone = installing.lost(files, jobs)
        return gone, install().changes if gone else (), None
    except Problem as problem:
        return gone, (), problem


def _guests(scan: Scan, files: Files) -> dict[str, bytes]:
    """The files of the guests that xl keeps."""
    found = {}
    for guest in scan.pool.vms if isinstance(scan.pool, XlHost) else ():
        if guest.config:
            try:
                found[guest.uuid] = files.read(guest.config)
            except Problem:
                continue  # gone since the guests were listed
    return found


def changes_of(scan: Scan, found: Diagnosis) -> tuple[Change, ...]:
    """The changes of the repair; a boot entry that changes needs the host's reboot after it."""
    edits = found.plan.edits if found.plan else ()
    return (*found.changes, scan.reboot()) if edits else found.changes
