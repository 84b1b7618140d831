"""`install` and `uninstall`: this tool itself, on the host."""

from __future__ import annotations

from serialpass_tui.core.changes import is_own
from serialpass_tui.core.job import Goal
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.plain.words import change_fields, change_lines, tell_progress, undo_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.core.codec import Json
    from serialpass_tui.plain.terminal import Terminal
    from serialpass_tui.service import InstallPlan, Service


def install(service: Service, term: Terminal) -> int:
    """`install`: the program, the link to it, its entry in xsconsole, the hint at a login.

    Raises:
        Problem: `not-dom0`; what is in the way.
    """
    if service.scan().inventory.xen is None:
        raise Problem(
            Exit.FAILED,
            "not-dom0",
            "This is no Xen dom0: there is nothing here that the tool would be needed for.",
            remedy="Copy the file to the Xen host and run `install` there; "
            "`serialpass-tui --demo` needs no installation.",
        )
    plan = service.plan_install()
    fields, status = _show(service, term, plan, "Install this?", "It is installed: nothing to do.")
    if status is not None:
        return status
    job = service.install(Goal.INSTALL, plan, tell_progress(term))
    term.document(**fields, applied=True, job=job.id)
    term.say(
        f"Installed; job {job.id}. `{plan.start}` starts it.",
        "To take it away: `serialpass-tui uninstall`.",
    )
    return Exit.DONE


def uninstall(service: Service, term: Terminal) -> int:
    """`uninstall`: everything that `install` made; the journal and the backups stay.

    Raises:
        Problem: `job-open`; a file that somebody else has changed.
    """
    plan = service.plan_uninstall()
    if term.json:
        import json  # noqa: F401 (the program's own file, of which it is a part, goes)
    place = service.state_place()
    stays = (
        f"What stays: {place} with the journal and the backups. When nobody needs them any more: "
        f"rm -r {place}"
    )
    fields, status = _show(service, term, plan, "Take all this away?", "Nothing is installed here.")
    fields["state"] = place
    if status is not None:
        if not plan.changes and service.jobs():
            term.say(stays)
        return status
    job = service.install(Goal.UNINSTALL, plan, tell_progress(term))
    term.document(**fields, applied=True, job=job.id)
    term.say(f"Uninstalled; job {job.id}.", stays)
    return Exit.DONE


def _show(
    service: Service, term: Terminal, plan: InstallPlan, question: str, idle: str
) -> tuple[dict[str, Json], Exit | None]:
    """The plan in words; the fields of its document, and the status to end with, None: go on."""
    fields: dict[str, Json] = {
        "changes": [change_fields(change) for change in plan.changes],
        "start": plan.start or None,
        "notes": list(plan.notes),
        "undo": service.undo_place(),
        "state": service.state_place(),
    }
    term.say(*change_lines(plan.changes), *(f"Note: {note}" for note in plan.notes))
    if not plan.changes:
        term.document(**fields, applied=False, job=None)
        term.say(idle)
        return fields, Exit.DONE
    if not plan.start:
        term.say(*_what_stands(service))
    term.say(undo_line(service))
    status = term.may_apply(question)
    if status is not None:
        term.document(**fields, applied=False, job=None)
    return fields, status


def _what_stands(service: Service) -> tuple[str, ...]:
    """What earlier jobs did to the host, which stays as it is without the tool."""
    standing = [job.id for job in service.undoable() if any(not is_own(c) for c in job.applied)]
    if not standing:
        return ()
    words = "what was done to the boot entry and the VMs stays as it is"
    return (f"Note: {words}; `serialpass-tui rollback --all` first takes that back.",)
