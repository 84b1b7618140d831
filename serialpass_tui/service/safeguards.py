"""Refusals: what stops a plan, and a list of changes that is about to be made."""

from __future__ import annotations

from serialpass_tui.core import guard, safety, verify
from serialpass_tui.core.inventory import DeviceId
from serialpass_tui.core.rules import catalogue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from serialpass_tui.core.changes import Change
    from serialpass_tui.core.inventory import Inventory
    from serialpass_tui.core.job import Job
    from serialpass_tui.core.pool import Pool
    from serialpass_tui.core.safety import Finding
    from serialpass_tui.errors import Problem
    from serialpass_tui.service.scanning import Scan


def refuse(findings: Sequence[Finding]) -> None:
    """Raise the first refusal among the findings as a Problem; warnings pass."""
    for finding in findings:
        if finding.severity is safety.Severity.REFUSE:
            raise finding.rule.problem(finding.reason, finding.remedy)


def refuse_moved(scan: Scan, job: Job) -> None:
    """Stop where another device, or none, is at an address that the job noted before the reboot.

    Raises:
        Problem: `device-moved`.
    """
    for device in job.devices:
        now = scan.standing(device.bdf, device)
        if now.place in {verify.Place.MOVED, verify.Place.ABSENT}:
            raise _moved(now.why)


def refuse_unsafe(
    inventory: Inventory,
    pool: Pool | None,
    devices: Sequence[DeviceId],
    changes: Sequence[Change],
) -> None:
    """Hold changes about to be made to the safety rules, as the host is now.

    The devices of the changes are the ones that the operator chose only as long as they are the
    same cards: addresses move with the hardware.

    Raises:
        Problem: `device-moved`; the first reason of the safety rules.
    """
    given = {bdf for change in changes for bdf in guard.taken(inventory, pool, change)}
    for noted in devices:
        now = inventory.function(noted.bdf)
        if noted.bdf in given and now is None:
            refuse(safety.findings(inventory, pool, [noted.bdf]))
        elif noted.bdf in given and now is not None and DeviceId.of(now) != noted:
            raise _moved(f"{noted.bdf} is another device now, {now.ids} {now.name}.")
    refuse(guard.findings(inventory, pool, changes))


def _moved(why: str) -> Problem:
    return catalogue.DEVICE_MOVED.problem(
        why,
        "Find the card with `serialpass-tui scan`; roll the job back and choose it anew.",
    )
