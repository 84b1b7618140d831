"""`scan` and `status`: what is here and where it stands."""

from __future__ import annotations

from serialpass_tui.errors import Exit, Problem
from serialpass_tui.plain.words import finding_fields, finding_lines, standing_fields, trial_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from serialpass_tui.core.candidates import Candidate
    from serialpass_tui.core.codec import Json
    from serialpass_tui.core.verify import Standing
    from serialpass_tui.plain.terminal import Terminal
    from serialpass_tui.service import Looker, Scan


def scan(service: Looker, term: Terminal) -> int:
    """`scan`: devices that carry serial ports, with routes and findings."""
    seen = service.scan()
    term.document(
        host=_host(seen),
        devices=[_device(seen, candidate) for candidate in seen.candidates],
        notes=list(_notes(seen)),
    )
    term.say(*_host_lines(seen), "")
    if not seen.candidates:
        term.say("No device with a serial port was found on this host.")
    for candidate in seen.candidates:
        term.say(*_candidate_lines(seen, candidate), "")
    term.say(*(f"Note: {note}" for note in _notes(seen)))
    return Exit.DONE


def _host(seen: Scan) -> dict[str, Json]:
    facts = seen.inventory
    return {
        "name": facts.hostname,
        "product": f"{facts.product.brand} {facts.product.version}".strip(),
        "xen": facts.xen.version if facts.xen else None,
        "iommu": facts.xen.iommu if facts.xen else None,
        "kernel": facts.kernel,
        "boot_file": seen.boot.path if seen.boot else None,
        "pciback": facts.pciback.value,
    }


def _host_lines(seen: Scan) -> Iterable[str]:
    facts = seen.inventory
    product = f"{facts.product.brand} {facts.product.version}".strip() or "no XenServer or XCP-ng"
    xen = f"Xen {facts.xen.version}" if facts.xen else "no Xen running"
    yield f"Host {facts.hostname}: {product}, {xen}, kernel {facts.kernel}"
    yield f"Boot file: {seen.boot.path if seen.boot else 'none found'}"


def _notes(seen: Scan) -> Iterable[str]:
    yield from seen.inventory.unread
    yield from seen.boot_notes
    for problem in (seen.pool_problem, seen.boot_problem):
        if problem is not None:
            yield f"{problem.summary} {problem.remedy}"


def _device(seen: Scan, candidate: Candidate) -> dict[str, Json]:
    return {
        "key": candidate.key,
        "kind": candidate.kind.value,
        "name": candidate.name,
        "chip": candidate.chip,
        "functions": [
            {
                "bdf": str(function.bdf),
                "ids": function.ids,
                "class": f"{function.class_code:06x}",
                "subsystem": f"{function.subvendor:04x}:{function.subdevice:04x}",
                "driver": function.driver or None,
                "name": function.name,
                **standing_fields(seen.standing(function.bdf)),
            }
            for function in candidate.functions
        ],
        "ttys": list(candidate.ttys),
        "attached": list(candidate.attached),
        "route": candidate.route,
        "note": candidate.note,
        "selectable": candidate.selectable,
        "findings": [finding_fields(finding) for finding in seen.findings(candidate.bdfs)],
    }


def _candidate_lines(seen: Scan, candidate: Candidate) -> Iterable[str]:
    where = ", ".join(map(str, candidate.bdfs)) or candidate.key
    yield f"{where}  {candidate.kind.value}: {candidate.name}"
    for function in candidate.functions:
        standing = seen.standing(function.bdf)
        ttys = " ".join(function.ttys)
        yield f"  {function.bdf} {function.ids} {standing.place.value} {ttys}".rstrip()
    for thing in candidate.attached:
        yield f"  on it: {thing}"
    yield f"  {candidate.route}"
    if candidate.note:
        yield f"  {candidate.note}"
    yield from finding_lines(seen.findings(candidate.bdfs))


def status(service: Looker, term: Terminal) -> int:
    """`status`: where each device stands, and the open job."""
    seen = service.scan()
    job, fields, problem = None, None, None
    try:
        jobs = service.jobs_as_found()
    except Problem as unread:  # the devices can be looked at without root, the journal cannot
        jobs, problem = (), unread
    if jobs:  # most hosts have none, and need nothing of what jobs consist of
        from serialpass_tui.core.job import newest_open
        from serialpass_tui.plain.jobs import job_fields

        job = newest_open(jobs)
        fields = job_fields(job) if job else None
    expected = {device.bdf: device for device in job.devices} if job else {}
    named = {bdf for candidate in seen.candidates for bdf in candidate.bdfs}
    named |= seen.hide.asked | seen.hide.booted | set(expected)
    standings = [seen.standing(bdf, expected.get(bdf)) for bdf in sorted(named)]
    term.document(
        devices=[
            {"bdf": str(item.bdf), "name": item.name, **standing_fields(item)} for item in standings
        ],
        job=fields,
        trial=seen.trial(job).value,
        job_problem=problem.as_json() if problem else None,
        booted_error=seen.hide.booted_error or None,
    )
    term.say(*(standing_line(item) for item in standings))
    if seen.hide.booted_error:
        term.say(f"This boot hides nothing: {seen.hide.booted_error}")
    if problem:
        term.say("", f"Jobs are not shown: {problem.summary} {problem.remedy}")
    if job:
        term.say("", f"Open job {job.id}: {job.title}")
        trial = trial_words(seen.trial(job), job)
        if trial:
            term.say(f"  {trial}")
        on = "Reboot this host" if job.awaits_reboot else "Run serialpass-tui"
        back, verb = (job.undoes, "finish it") if job.undoes else (job.id, "take it back")
        term.say(f"  {on} to go on, or `serialpass-tui rollback {back}` to {verb}.")
    return Exit.DONE


def standing_line(item: Standing) -> str:
    """Where a device stands, in one line."""
    marks = " ".join(
        f"{word}:{'yes' if value else 'no'}"
        for word, value in (("asked", item.asked), ("booted", item.booted), ("bound", item.bound))
    )
    return f"{item.bdf}  {item.place.value:<15} {marks}  {item.name}. {item.why}"
