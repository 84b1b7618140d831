"""`doctor`: what is wrong on this host, and its repair."""

from __future__ import annotations

from serialpass_tui.errors import Exit
from serialpass_tui.plain.boot_entry import plan_fields, plan_lines
from serialpass_tui.plain.words import (
    change_fields,
    change_lines,
    finding_fields,
    finding_lines,
    tell_progress,
    undo_line,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from serialpass_tui.core.codec import Json
    from serialpass_tui.core.doctoring import Ailment, Diagnosis
    from serialpass_tui.core.safety import Finding
    from serialpass_tui.plain.terminal import Terminal
    from serialpass_tui.service import Scan, Service


def doctor(service: Service, term: Terminal) -> int:
    """`doctor`: look, show, ask, repair, look again; without a reboot.

    It ends with 0 where nothing is wrong any more but what a reboot sets right, with 6 where
    something still is: so that a script that looks each night needs the status alone.
    """
    seen = service.scan()
    found = service.diagnose(seen)
    hazards = _hazards(seen, found)
    fields: dict[str, Json] = {
        "ailments": [ailment_fields(ailment) for ailment in found.ailments],
        "unseen": list(found.unseen),
        "plan": plan_fields(found.plan) if found.plan else None,
        "changes": [change_fields(change) for change in found.changes],
        "findings": [finding_fields(finding) for finding in hazards],
    }
    term.say(*_ailment_lines(found), *(f"Note: {sentence}" for sentence in found.unseen))
    if not found.curable:
        term.document(**fields, applied=False, job=None, left=_codes(found.ailments))
        if not found.ailments:
            term.say("Nothing is wrong.")
            return Exit.DONE
        term.say("Nothing of it can be repaired by this tool alone.")
        return Exit.UNCONFIRMED
    term.say("", "The repair:", *(plan_lines(found.plan) if found.plan else ()))
    term.say(*change_lines(found.edits), *finding_lines(hazards))
    term.say(undo_line(service))
    status = term.may_apply("Repair this?")
    if status is not None:
        term.document(**fields, applied=False, job=None, left=_codes(found.ailments))
        return Exit.UNCONFIRMED if status is Exit.DONE else status
    job = service.repair(seen, found, tell_progress(term))
    left = service.diagnose(service.scan()).ailments
    term.document(**fields, applied=True, job=job.id if job else None, left=_codes(left))
    if job is not None:
        term.say(f"Repaired; job {job.id}. To take it back: `serialpass-tui rollback {job.id}`.")
        if job.awaits_reboot:
            term.say(
                "The boot entry takes effect at the next boot: reboot this host, then run "
                "`serialpass-tui doctor` again."
            )
    stands = [ailment for ailment in left if not ailment.reboot]
    term.say(*(f"Still wrong: {ailment.what}" for ailment in stands))
    return Exit.UNCONFIRMED if stands else Exit.DONE


def ailment_fields(ailment: Ailment) -> dict[str, Json]:
    """The JSON form of an ailment."""
    return {
        "code": ailment.code,
        "what": ailment.what,
        "why": ailment.why,
        "remedy": ailment.remedy,
        "repair": ailment.cure is not None,
        "reboot": ailment.reboot,
        "devices": [str(bdf) for bdf in ailment.bdfs],
        "entries": list(ailment.entries),
        "vms": list(ailment.vms),
    }


def _ailment_lines(found: Diagnosis) -> Iterable[str]:
    for ailment in found.ailments:
        yield f"{ailment.code}: {ailment.what}"
        yield f"  {ailment.why}"
        who = "The repair" if ailment.cure is not None else "By hand"
        yield f"  {who}: {ailment.remedy}"


def _codes(ailments: Iterable[Ailment]) -> list[Json]:
    return [ailment.code for ailment in ailments]


def _hazards(seen: Scan, found: Diagnosis) -> tuple[Finding, ...]:
    """What to know of the devices that the repair hides and that are not hidden today."""
    plan = found.plan
    if plan is None or plan.hidden_today is None or plan.hidden_future is None:
        return ()
    return seen.findings(sorted(plan.hidden_future - plan.hidden_today))
