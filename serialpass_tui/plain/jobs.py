"""`history` and `rollback`: what was done, and its undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serialpass_tui.core.codec import Json, encode
from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit
from serialpass_tui.plain.words import change_fields, change_lines, tell_progress

if TYPE_CHECKING:
    from serialpass_tui.core.job import Job
    from serialpass_tui.plain.terminal import Terminal
    from serialpass_tui.service import Service


def history(service: Service, term: Terminal) -> int:
    """`history`: all jobs, newest first."""
    jobs = service.jobs()[::-1]
    term.document(jobs=[job_fields(job) for job in jobs])
    if not jobs:
        term.say("No job was done on this host.")
    for job in jobs:
        state = job.outcome.value if job.outcome else "open"
        term.say(f"{job.id}  {state:<12} {printable(job.title)}")
        pairs = zip(job.changes, job.progress, strict=True)
        term.say(*(f"  {progress.value:<8} {change.describe()}" for change, progress in pairs))
    return Exit.DONE


def job_fields(job: Job) -> dict[str, Json]:
    """The JSON form of a job."""
    pairs = zip(job.changes, job.progress, strict=True)
    return {
        "id": job.id,
        "at": job.at,
        "goal": job.goal.value,
        "title": job.title,
        "state": job.outcome.value if job.outcome else "open",
        "undoes": job.undoes or None,
        "devices": [encode(device) for device in job.devices],
        "changes": [
            {"progress": progress.value, **change_fields(change)} for change, progress in pairs
        ],
    }


def rollback(service: Service, term: Terminal, job_id: str | None, *, every: bool) -> int:
    """`rollback`: undo one job, the newest, or all newest first, each shown before it is done."""
    if not term.dry_run:
        service.resume()
    newest_first = service.undoable()
    chosen = newest_first if every else newest_first[:1]
    if job_id is not None:
        chosen = [service.job(job_id)]
    if not chosen:
        term.say("There is nothing to roll back.")
    shown: list[Json] = []
    status: Exit | None = None
    for job in chosen:
        plan = service.plan_rollback(job)
        term.say(f"Roll back {job.id}: {printable(job.title)}", *change_lines(plan.changes))
        status = term.may_apply(f"Roll back {job.id}?")
        if status is None:
            service.rollback(plan, tell_progress(term), reboot=False)
            term.say(f"Job {job.id} is rolled back.")
        shown.append(
            {
                "job": job.id,
                "applied": status is None,
                "changes": [change_fields(change) for change in plan.changes],
                "conflict": plan.conflict.as_json() if plan.conflict else None,
            }
        )
        if status is not None and not term.dry_run:
            break
    term.document(rollback=shown)
    if status is None and any(job.awaits_reboot for job in service.jobs() if job.is_open):
        term.say("Reboot this host: until then the running kernel keeps the devices hidden.")
    return status or Exit.DONE
