"""What several subcommands say alike: findings, changes, where a device stands."""

from __future__ import annotations

from serialpass_tui.core.rules.vms import NO_DEVICE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from serialpass_tui.core.changes import Change
    from serialpass_tui.core.codec import Json
    from serialpass_tui.core.job import Job
    from serialpass_tui.core.safety import Finding
    from serialpass_tui.core.trial import Stage
    from serialpass_tui.core.verify import Standing
    from serialpass_tui.plain.terminal import Terminal
    from serialpass_tui.service import Service


TRIAL_ENDS = (
    "After a hang, a panic, a power cut, or without `confirm`, the next boot is the default entry "
    "as it was."
)


def trial_words(stage: Stage, job: Job | None) -> str:
    """Where the trial of a job stands and what to do; empty where there is none."""
    from serialpass_tui.core.trial import Stage

    if job is None or stage is Stage.NONE:
        return ""
    if stage is Stage.AHEAD:
        return "The next boot is a trial: reboot this host."
    if stage is Stage.RUNNING:
        return (
            "This boot is a trial: `serialpass-tui confirm` makes it the default; without that, "
            "the next boot is as before."
        )
    return (
        "The trial boot did not come up, or nobody confirmed it: this host runs as before. Hide "
        f"again to try again, or `serialpass-tui rollback {job.id}` to give it up."
    )


def finding_fields(finding: Finding) -> dict[str, Json]:
    """The JSON form of a finding."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "bdf": None if finding.bdf == NO_DEVICE else str(finding.bdf),
        "reason": finding.reason,
        "remedy": finding.remedy,
    }


def finding_lines(findings: Iterable[Finding]) -> Iterable[str]:
    """Findings in words, refusals first as they come."""
    for finding in findings:
        about = "" if finding.bdf == NO_DEVICE else f" {finding.bdf}"
        yield f"  {finding.severity.value.upper()}{about}: {finding.reason}"
        yield f"    {finding.remedy}"


def change_fields(change: Change) -> dict[str, Json]:
    """The JSON form of a change, with its preview."""
    return {
        "kind": change.KIND,
        "summary": change.describe(),
        "preview": list(change.preview()),
    }


def change_lines(changes: Iterable[Change]) -> Iterable[str]:
    """Changes in words, each with its preview."""
    for change in changes:
        yield change.describe()
        yield from (f"  {line}" for line in change.preview())


def standing_fields(standing: Standing) -> dict[str, Json]:
    """The JSON form of where a device stands."""
    return {
        "state": standing.place.value,
        "asked": standing.asked,
        "booted": standing.booted,
        "bound": standing.bound,
        "vms": list(standing.vms),
        "why": standing.why,
        "next": standing.next,
    }


def undo_line(service: Service, job: Job | None = None) -> str:
    """Where the way back of a job lies, for a shell without this tool; None: of the next one."""
    return f"To take it back with a shell alone: {service.undo_place(job)}"


def tell_progress(term: Terminal) -> Callable[[Change, float], None]:
    """A line a change, as it begins: a percentage would scroll a slow console."""
    told: list[Change] = []

    def tell(change: Change, _done: float) -> None:
        if not any(change is other for other in told):
            told.append(change)
            term.say(f"... {change.describe()}")

    return tell
