"""`history` and `rollback`: what was done, and its undo."""

from __future__ import annotations

from serialpass_tui.core.codec import Json, encode
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.plain.words import change_fields, change_lines, tell_progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from serialpass_tui.core.changes import Change
    from serialpass_tui.core.job import Job
    from serialpass_tui.plain.terminal import Terminal
    from serialpass_tui.service import RollbackPlan, Service


def history(service: Service, term: Terminal) -> int:
    """`history`: all jobs, newest first."""
    jobs = service.jobs_as_found()[::-1]
    term.document(jobs=[job_fields(job) for job in jobs])
    if not jobs:
        term.say("No job was done on this host.")
    for job in jobs:
        state = job.outcome.value if job.outcome else "open"
        term.say(f"{job.id}  {state:<12} {job.title}")
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
    """`rollback`: undo one job, the newest, or all newest first, each shown before it is done.

    Raises:
        Problem: the conflict at which it stops, with the jobs that were rolled back before it.
    """
    if job_id is not None:
        found = service.job(job_id)
        chosen = [job for job in service.jobs_as_found() if job.id == found.id]
    else:
        newest_first = service.undoable()
        chosen = newest_first if every else newest_first[:1]
    if not chosen:
        term.say("There is nothing to roll back.")
    undone: list[Job] = []
    shown: list[Json] = []
    foreseen: list[Change] = []
    status: Exit | None = None
    for job in chosen:
        try:
            plan = service.plan_rollback(job, after=foreseen)
            status = _show(service, term, plan)
            if status is None:
                undone.append(service.rollback(plan, tell_progress(term), reboot=False))
                term.say(f"Job {job.id} is {'rolled back' if plan.changes else 'closed'}.")
        except Problem as problem:
            raise _after(undone, problem) from problem
        shown.append(
            {
                "job": job.id,
                "applied": status is None,
                "changes": [change_fields(change) for change in plan.changes],
                "notes": list(plan.notes),
            }
        )
        foreseen += plan.changes if term.dry_run else ()
        if status is not None and not term.dry_run:
            break
    term.document(rollback=shown)
    if any(job.awaits_reboot for job in undone):
        term.say("Reboot this host: until then the running kernel keeps the devices hidden.")
    return status or Exit.DONE


def _show(service: Service, term: Terminal, plan: RollbackPlan) -> Exit | None:
    """Show one undo; None to go ahead, otherwise the status to end with. Raises Problem."""
    job = plan.job
    term.say(f"Roll back {job.id}: {job.title}", *change_lines(plan.changes))
    term.say(*(f"Note: {note}" for note in plan.notes))
    if plan.conflict is not None:
        raise plan.conflict
    if plan.changes:
        term.say(f"The same with a shell alone: {service.undo_place(job)}")
        return term.may_apply(f"Roll back {job.id}?")
    term.say("Nothing of it stands: there is nothing to undo.")
    closes = job.is_open or plan.notes
    return term.may_apply(f"Close job {job.id}?") if closes else Exit.DONE


def _after(undone: Iterable[Job], problem: Problem) -> Problem:
    """The problem, told as what stopped a run that had rolled back other jobs already."""
    done = ", ".join(job.undoes or job.id for job in undone)
    return problem.standing(f"Rolled back before it: {done}. {problem.state}") if done else problem
