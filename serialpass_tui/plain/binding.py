"""`vms`, `bind` and `unbind`: the VMs."""

from __future__ import annotations

from serialpass_tui.core.changes import GuestEdit, VmPower
from serialpass_tui.core.job import Goal
from serialpass_tui.core.vm import parse_pci
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import replace
from serialpass_tui.plain.devices import standing_line
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
    from collections.abc import Sequence

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.codec import Json
    from serialpass_tui.core.pool import Pool, Vm
    from serialpass_tui.core.safety import Finding
    from serialpass_tui.plain.terminal import Terminal
    from serialpass_tui.service import BindPlan, Scan, Service


def vms(service: Service, term: Terminal) -> int:
    """`vms`: the VMs, the devices bound to each, and why one cannot take a device."""
    seen = service.scan()
    pool = seen.require_pool()
    reasons = {vm.uuid: service.vm_refusals(pool, vm) for vm in pool.vms}
    term.document(vms=[_vm(pool, vm, reasons[vm.uuid]) for vm in pool.vms])
    if not pool.vms:
        xl = pool.toolstack == "xl"
        term.say("No guest under /etc/xen." if xl else "XAPI lists no VM.")
    for vm in pool.vms:
        where = f" on {pool.host_name(vm.resident_on)}" if vm.resident_on else ""
        term.say(f"{vm.uuid}  {vm.name}")
        term.say(f"  {vm.power_state.value}{where}, {vm.domain_type}")
        if vm.config:
            term.say(
                f"  {vm.config}: {', '.join(map(str, parse_pci(vm.pci or ''))) or 'no device'}"
            )
        elif vm.pci is not None:
            term.say(f"  other-config:pci={vm.pci}")
        term.say(*finding_lines(reasons[vm.uuid]))
    return Exit.DONE


def _vm(pool: Pool, vm: Vm, reasons: Sequence[Finding]) -> dict[str, Json]:
    return {
        "uuid": vm.uuid,
        "name": vm.name,
        "power_state": vm.power_state.value,
        "type": vm.domain_type,
        "host": pool.host_name(vm.resident_on) if vm.resident_on else None,
        "pci": vm.pci,
        "config": vm.config or None,
        "devices": [str(bdf) for bdf in parse_pci(vm.pci or "")],
        "refused": [finding_fields(finding) for finding in reasons],
    }


def find_vm(pool: Pool, wanted: str) -> Vm:
    """The VM of that uuid or of that name-label, if one alone has it.

    Raises:
        Problem: `no-such-vm`, `ambiguous-vm`.
    """
    found = [vm for vm in pool.vms if vm.uuid == wanted]
    found = found or [vm for vm in pool.vms if vm.name == wanted]
    if not found:
        raise Problem(
            Exit.USAGE,
            "no-such-vm",
            f"No VM has the uuid or name-label {wanted}.",
            remedy="`serialpass-tui vms` lists them.",
        )
    if len(found) > 1:
        raise Problem(
            Exit.USAGE,
            "ambiguous-vm",
            f"{len(found)} VMs have the name-label {wanted}.",
            remedy="Give the uuid: " + ", ".join(vm.uuid for vm in found),
        )
    return found[0]


def bind(service: Service, term: Terminal, wanted: str, bdfs: Sequence[Bdf], *, start: bool) -> int:
    """`bind`: give devices to a VM, and with `start` start it."""
    seen = service.scan()
    vm = find_vm(seen.require_pool(), wanted)
    plan = service.plan_bind(seen, vm.uuid, bdfs, start=start)
    plan = replace(plan, findings=(*seen.findings(bdfs), *plan.findings))
    term.say(*map(standing_line, seen.standings(bdfs)))
    return _edit_vm(service, term, seen, plan, Goal.BIND)


def unbind(service: Service, term: Terminal, wanted: str, bdfs: Sequence[Bdf]) -> int:
    """`unbind`: take devices from a VM; with none named, all of them."""
    seen = service.scan()
    vm = find_vm(seen.require_pool(), wanted)
    return _edit_vm(service, term, seen, service.plan_unbind(seen, vm.uuid, bdfs), Goal.UNBIND)


def _edit_vm(service: Service, term: Terminal, seen: Scan, plan: BindPlan, goal: Goal) -> int:
    fields: dict[str, Json] = {
        "vm": plan.vm.uuid,
        "devices": [str(bdf) for bdf in plan.bdfs],
        "changes": [change_fields(change) for change in plan.changes],
        "findings": [finding_fields(finding) for finding in plan.findings],
        "lost": list(plan.lost),
        "undo": service.undo_place(),
    }
    name = plan.vm.name
    term.say(*change_lines(plan.changes), *finding_lines(plan.findings), *plan.lost)
    if not plan.changes:
        term.document(**fields, applied=False, job=None)
        term.say(f"VM {name} already says so: nothing to do.")
        return Exit.DONE
    term.say(
        *(
            f"The file as it is stays beside it: {change.file.backup_path}"
            for change in plan.changes
            if isinstance(change, GuestEdit)
        )
    )
    term.say(undo_line(service))
    status = term.may_apply(f"Change VM {name}?")
    if status is not None:
        term.document(**fields, applied=False, job=None)
        return status
    devices = seen.identities(plan.bdfs)
    title = f"{goal.value} {', '.join(map(str, plan.bdfs))} {'to' if goal is Goal.BIND else 'from'}"
    job = service.open_job(goal, f"{title} VM {plan.vm.name}", devices, plan.changes)
    job = service.run(job, tell_progress(term))
    term.document(**fields, applied=True, job=job.id)
    started = any(isinstance(change, VmPower) for change in plan.changes)
    effect = "The VM runs with it." if started else "It takes effect when the VM is started."
    term.say(
        f"VM {name} is changed; job {job.id}. {effect}",
        f"To take it back: `serialpass-tui rollback {job.id}`.",
    )
    return Exit.DONE
