"""`preview`, `hide` and `unhide`: the boot entry."""

from __future__ import annotations

from serialpass_tui.core import boot, hide_list
from serialpass_tui.core.changes import Change, unified_diff
from serialpass_tui.core.codec import encode
from serialpass_tui.core.job import Goal, newest_open
from serialpass_tui.core.trial import Stage
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.plain.devices import standing_line
from serialpass_tui.plain.words import (
    TRIAL_ENDS,
    change_fields,
    change_lines,
    finding_fields,
    finding_lines,
    trial_words,
    undo_line,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.codec import Json
    from serialpass_tui.core.verify import Check
    from serialpass_tui.plain.terminal import Terminal
    from serialpass_tui.service import Service


def preview(
    term: Terminal,
    path: str,
    data: bytes,
    *,
    hide: Sequence[Bdf],
    unhide: Sequence[Bdf],
    parameter: str | None,
) -> int:
    """`preview`: the diff of one boot file, without any host; changes nothing."""
    file = boot.parse(path, data)
    dialect = _dialect_of(file, parameter)
    plan = boot.plan_hide(file, dialect, add=hide, remove=unhide, parameter=parameter)
    term.document(plan=plan_fields(plan))
    term.say(*plan_lines(plan))
    return Exit.DONE


def _dialect_of(file: boot.BootFile, parameter: str | None) -> hide_list.Dialect:
    """The kernel that a boot file boots, by its name: no other fact is at hand here."""
    if parameter is not None:
        old = parameter.startswith("pciback")
        return hide_list.Dialect.OLD if old else hide_list.Dialect.NEW
    return file.dialect()


def hide(
    service: Service,
    term: Terminal,
    bdfs: Sequence[Bdf],
    *,
    now: bool = False,
    trial: bool = False,
) -> int:
    """`hide`: plan, preview, ask, write the boot entry; the reboot is left to the operator.

    With `now` pciback gets the devices at once, and no reboot is needed. With `trial` an entry of
    its own is booted once, and `confirm` then makes it the default.
    """
    if trial:
        return _try(service, term, bdfs)
    return _edit_boot(service, term, Goal.HIDE, add=bdfs, now=now)


def _try(service: Service, term: Terminal, bdfs: Sequence[Bdf]) -> int:
    """Write a trial entry, and have it booted once."""
    seen = service.scan()
    plan = service.plan_hide(seen, add=bdfs)
    changes = service.plan_trial(seen, plan)
    findings = seen.findings(bdfs)
    fields: dict[str, Json] = {
        "plan": plan_fields(plan),
        "findings": [finding_fields(finding) for finding in findings],
        "changes": [change_fields(change) for change in changes],
        "undo": service.undo_place(),
    }
    term.say(*change_lines(changes), *finding_lines(findings))
    term.say(f"Way back: none is needed. {TRIAL_ENDS}", undo_line(service))
    status = term.may_apply("Write this, to be booted once?")
    if status is not None:
        term.document(**fields, applied=False, job=None)
        return status
    title = f"hide {', '.join(map(str, bdfs))}"
    job = service.run(service.open_job(Goal.HIDE, title, seen.identities(bdfs), changes))
    term.document(**fields, applied=True, job=job.id)
    term.say(
        f"The trial entry is written and is booted once; job {job.id}.",
        "Reboot this host, look at `serialpass-tui status`, then `serialpass-tui confirm`.",
        f"To take it back: `serialpass-tui rollback {job.id}`.",
    )
    return Exit.DONE


def confirm(service: Service, term: Terminal) -> int:
    """`confirm`: have the trial that this boot is become the default boot entry.

    Raises:
        Problem: `no-trial-boot`; what the boot file does not allow.
    """
    seen = service.scan()
    service.resume()
    job = newest_open(service.jobs())
    if job is None or seen.trial(job) is not Stage.RUNNING:
        raise Problem(
            Exit.USAGE,
            "no-trial-boot",
            "This boot is no trial that could be confirmed.",
            remedy=trial_words(seen.trial(job), job)
            or "`serialpass-tui status` tells what stands.",
        )
    plan, changes = service.plan_keep(seen, job)
    checks = service.trial_checks(job, seen)
    fields: dict[str, Json] = {
        "plan": plan_fields(plan),
        "checks": [encode(check) for check in checks],
        "changes": [change_fields(change) for change in changes],
        "undo": service.undo_place(job),
    }
    term.say(*check_lines(checks), *change_lines(changes), undo_line(service, job))
    status = term.may_apply("Make this the default boot entry?")
    if status is not None:
        term.document(**fields, applied=False, job=job.id)
        return status
    service.run(service.extend(job, changes))
    term.document(**fields, applied=True, job=job.id)
    term.say(
        f"The default boot entry hides what was tried; job {job.id}.",
        f"To take it back: `serialpass-tui rollback {job.id}`.",
    )
    return Exit.DONE


def check_lines(checks: Iterable[Check]) -> Iterable[str]:
    """What was expected of the host after its boot, and what it shows."""
    for check in checks:
        yield f"{'OK  ' if check.passed else 'FAIL'} {check.name}: {check.observed}"
        if not check.passed:
            yield f"     expected: {check.expected}. {check.next}"


def unhide(service: Service, term: Terminal, bdfs: Sequence[Bdf]) -> int:
    """`unhide`: the same for giving devices back to dom0 at the next boot."""
    return _edit_boot(service, term, Goal.UNHIDE, remove=bdfs)


def _edit_boot(
    service: Service,
    term: Terminal,
    goal: Goal,
    *,
    add: Sequence[Bdf] = (),
    remove: Sequence[Bdf] = (),
    now: bool = False,
) -> int:
    seen = service.scan()
    plan = service.plan_hide(seen, add=add, remove=remove)
    taking = service.plan_take(seen, add) if now else ()
    findings = (*seen.findings(add), *seen.unhide_findings(remove))
    backups = [edit.backup_path for edit in plan.edits if edit.backup_path]
    fields: dict[str, Json] = {
        "plan": plan_fields(plan),
        "backup": plan.edits[-1].backup_path if plan.entry_changed else None,
        "findings": [finding_fields(finding) for finding in findings],
        "now": [change_fields(change) for change in taking],
        "undo": service.undo_place(),
    }
    term.say(*plan_lines(plan), *change_lines(taking), *finding_lines(findings))
    bdfs = (*add, *remove)
    if not plan.changed and not taking:
        term.document(**fields, applied=False, job=None)
        term.say("The boot entry already says so: nothing to do.")
        term.say(*(standing_line(seen.standing(bdf)) for bdf in bdfs))
        return Exit.DONE
    if backups:
        term.say(f"What is there stays beside it: {', '.join(backups)}")
    term.say(undo_line(service))
    names = " and ".join(edit.path for edit in plan.edits)
    status = term.may_apply(f"Write {names}?" if plan.changed else "Take the devices now?")
    if status is not None:
        term.document(**fields, applied=False, job=None)
        return status
    devices = seen.identities(bdfs)
    title = f"{goal.value} {', '.join(map(str, bdfs))}"
    changes: list[Change] = [*plan.changes]
    changes += [seen.reboot(), *taking]  # where pciback has the devices then, no reboot is needed
    job = service.run(service.open_job(goal, title, devices, changes))
    term.document(**fields, applied=True, job=job.id)
    verb = "is" if len(plan.edits) == 1 else "are"
    written = f"{names} {verb} written" if plan.changed else "Done"
    term.say(
        f"{written}; job {job.id}.",
        "pciback has the devices: a VM can take them."
        if now
        else "It takes effect at the next boot: reboot this host, then `serialpass-tui status`.",
        f"To take it back: `serialpass-tui rollback {job.id}`.",
    )
    return Exit.DONE


def plan_fields(plan: boot.HidePlan) -> dict[str, Json]:
    """The JSON form of the edit of a boot file."""
    return {
        "file": plan.path,
        "changed": plan.changed,
        "entries": [entry.label for entry in plan.edited],
        "diff": list(unified_diff(plan.path, plan.before, plan.after)),
        "today": list(plan.words_today),
        "future": list(plan.words_future),
        "rescue_entry": plan.rescue_label or None,
        "rescue_how": plan.rescue_how,
        "rescue_added": plan.rescue_added,
        "trial_refused": plan.no_trial or None,
        "warnings": list(plan.warnings),
        "commands": list(plan.commands),
        "companions": [
            {"why": companion.why, **change_fields(companion.edit)} for companion in plan.companions
        ],
    }


def plan_lines(plan: boot.HidePlan) -> Iterable[str]:
    """The edit of a boot file in words: the diff, and what the kernel makes of either side."""
    yield from unified_diff(plan.path, plan.before, plan.after)
    for companion in plan.companions:
        yield from companion.edit.preview()
        yield f"Why: {companion.why}"
    for heading, sentences in (
        ("The kernel hides today:", plan.words_today),
        ("The kernel will hide:", plan.words_future),
    ):
        yield heading
        yield from (f"  {sentence}" for sentence in sentences)
    yield f"Way back: {plan.rescue_how}"
    yield from (f"Warning: {warning}" for warning in plan.warnings)
    if plan.changed:
        yield "The same by hand:"
        yield from (f"  {command}" for command in plan.commands)
