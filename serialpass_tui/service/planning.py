"""Plans: what an errand would change, shown to the operator before anything is."""

from __future__ import annotations

from serialpass_tui.core import boot, hide_list, safety, vm, vm_edit, xl_edit
from serialpass_tui.core.changes import (
    BootOnce,
    Change,
    DriverChange,
    FileEdit,
    GuestEdit,
    Reboot,
    VmEdit,
    VmPower,
)
from serialpass_tui.core.inventory import PCIBACK, PcibackForm
from serialpass_tui.core.job import Goal, Job, Outcome, net_effect, undo_list
from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import frozen, replace
from serialpass_tui.service.changing import Held, require_known
from serialpass_tui.service.safeguards import refuse, refuse_moved

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.pool import Pool, Vm
    from serialpass_tui.core.ports import Files
    from serialpass_tui.core.safety import Finding
    from serialpass_tui.service.changing import Changer
    from serialpass_tui.service.scanning import Scan


LOST_BY_BINDING = (
    "No live migration: its affinity is set to this host.",
    "No suspend, no snapshot with memory; disk snapshots still work.",
    "No restart by HA elsewhere; a rolling upgrade has to shut it down.",
)
"""What a VM with a physical device can no longer do. XAPI would begin these and fail late, as it
knows no serial card as a PCI object (xapi-project/xen-api ocaml/xapi/xapi_vm_lifecycle.ml)."""

LOST_BY_XL_BINDING = (
    "No migration, no save and restore: xl refuses both for a guest with a PCI device.",
    "A reboot inside it or a restore of what xendomains saved keeps the devices it had.",
)
"""The same where xl keeps the guests (xen-project/xen tools/xl/xl_vmcontrol.c)."""

_VM_IS_GONE = {"xapi-uuid-invalid", "no-vm", "file-missing"}


@frozen
class BindPlan:
    """What giving devices to a VM, or taking them away, changes."""

    vm: Vm
    bdfs: tuple[Bdf, ...]
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]
    lost: tuple[str, ...]
    """What the VM can no longer do, a sentence each."""


@frozen
class RollbackPlan:
    """The undo of one job."""

    job: Job
    changes: tuple[Change, ...]
    conflict: Problem | None
    """Why it does not begin: the first change whose place no longer holds what the job left
    there, or a safety rule."""
    notes: tuple[str, ...] = ()
    """What cannot be undone and need not be, a sentence each."""


def taking_now(scan: Scan, bdfs: Sequence[Bdf]) -> tuple[DriverChange, ...]:
    """The changes that give devices to pciback without a reboot, until the next one.

    The kernel lets pciback have a function while a program holds its tty open, so the tool looks
    itself; XAPI takes devices in the same way when a VM starts (xapi-project/xen-api
    ocaml/xenopsd/xc/device.ml).

    Raises:
        Problem: a safety rule, `pciback-missing`.
    """
    functions = [f for f in map(scan.inventory.function, bdfs) if f and f.driver != PCIBACK]
    refuse(scan.findings(bdfs, now=True))
    load = not scan.inventory.pciback_registered
    can_load = scan.inventory.pciback is PcibackForm.MODULE and not scan.hide.booted_error
    if functions and load and not can_load:
        raise Problem(
            Exit.FAILED,
            "pciback-missing",
            "The driver pciback is not there in this boot: nothing can be given to it now.",
            remedy="Have the boot entry hide the device, and reboot.",
        )
    boot_id = scan.inventory.boot_id
    return tuple(
        DriverChange(f.bdf, f.driver, PCIBACK, boot_id, load=load and f is functions[0])
        for f in functions
    )


def hiding(
    scan: Scan,
    *,
    add: Sequence[Bdf],
    remove: Sequence[Bdf],
    watch: Sequence[boot.Companion] = (),
) -> boot.HidePlan:
    """The edits that hide `add` and unhide `remove` from the next boot on. Raises Problem.

    `watch` is what is to look at a trial boot.
    """
    boot_file = scan.require_boot()
    refuse(scan.findings(add))
    plan = boot.plan_hide(
        boot_file,
        hide_list.dialect_for(scan.inventory.kernel),
        add=add,
        remove=remove,
        functions=scan.inventory.pci,
    )
    plan = boot.with_companions(plan, scan.inventory)
    if plan.trial_removed and boot.is_ordered(boot_file, scan.inventory):
        plan = replace(plan, ends=boot.clearing(boot_file, scan.inventory))
    if not add:
        return plan
    return boot.with_trial_plan(plan, boot_file, scan.inventory, scan.host, watch)


def trying(scan: Scan, plan: boot.HidePlan) -> tuple[Change, ...]:
    """The changes of a trial boot, up to the reboot.

    Raises:
        Problem: `no-trial`: there can be none here, or nothing is to be tried.
    """
    if plan.trial is None:
        why = plan.no_trial or "The boot entry says so already: there is nothing to try."
        raise Problem(
            Exit.REFUSED,
            "no-trial",
            why,
            remedy="Leave the trial out; the rescue entry stays as the way back.",
        )
    return (*plan.trial.changes, scan.reboot())


def keeping(scan: Scan, job: Job) -> tuple[boot.HidePlan, tuple[Change, ...]]:
    """What makes a trial's change that of the default entry, and takes the trial entry away.

    Raises:
        Problem: a safety rule, `device-moved`, what the boot file does not allow.
    """
    refuse_moved(scan, job)
    plan = hiding(scan, add=[device.bdf for device in job.devices], remove=())
    end = boot.clearing(scan.require_boot(), scan.inventory)
    plan = replace(plan, trial=None, no_trial="", ends=end)
    return plan, plan.changes


def unwatching(job: Job, held: Callable[[str], bytes | None]) -> tuple[Change, ...]:
    """What takes away the files that looked at a job's trial boot, and their line."""
    edits = [
        change.inverse()
        for change in net_effect(job.applied)
        if isinstance(change, FileEdit) and change.path in boot.WATCH and change.path != boot.MOTD
    ]
    line = banner("", held)
    return (*edits, *((line,) if line is not None else ()))


def banner(words: str, held: Callable[[str], bytes | None]) -> FileEdit | None:
    """The edit that leaves a line for whoever logs in, or takes it away where it is empty."""
    before = held(boot.MOTD)
    after = boot.with_line(before, words)
    return None if before == after else FileEdit(boot.MOTD, before, after)


def binding(
    scan: Scan, files: Files, chosen: Vm, bdfs: Sequence[Bdf], *, start: bool, job: Job | None
) -> BindPlan:
    """The edits that give `bdfs` to a VM, after those that `job` made to another are taken back.

    XAPI keeps a VM in keys, xl in a file.

    The rules look at the VMs as they will be then. Raises Problem.
    """
    pool = scan.require_pool()
    taken_back: list[VmEdit | GuestEdit] = []
    if job is not None:
        refuse_moved(scan, job)
        taken_back = [
            change
            for change in undo_list(job, "")
            if isinstance(change, VmEdit | GuestEdit) and change.uuid != chosen.uuid
        ]
    refuse(scan.findings(bdfs))
    findings = safety.vm_findings(vm_edit.after_edits(pool, taken_back), chosen, bdfs)
    refuse(findings)
    changes: list[Change] = [*taken_back]
    lost: tuple[str, ...] = LOST_BY_BINDING
    if pool.toolstack == "xl":
        lost = LOST_BY_XL_BINDING
        changes += _guest_edit(files, chosen, lambda data: xl_edit.with_devices(data, bdfs))
    else:
        changes += vm_edit.bind_edits(chosen, pool.this_host, bdfs)
    power = starting(pool, chosen) if start else None
    if power is not None:
        changes.append(power)
    return BindPlan(chosen, tuple(bdfs), tuple(changes), findings, lost)


def unbinding(scan: Scan, files: Files, chosen: Vm, bdfs: Sequence[Bdf]) -> BindPlan:
    """The edits that take `bdfs` (none given: all) away from a VM. Raises Problem."""
    named = tuple(bdfs) or vm.parse_pci(chosen.pci or "")
    edits: Sequence[Change] = vm_edit.unbind_edits(chosen, named)
    if scan.require_pool().toolstack == "xl":
        edits = _guest_edit(files, chosen, lambda data: xl_edit.without_devices(data, named))
    return BindPlan(chosen, named, tuple(edits), (), ())


def _guest_edit(files: Files, chosen: Vm, edit: Callable[[bytes], bytes]) -> tuple[GuestEdit, ...]:
    """The edit of a guest's file; none where it changes nothing. Raises Problem."""
    if chosen.config_refusal:
        raise Problem(
            Exit.REFUSED,
            "vm-file",
            chosen.config_refusal,
            remedy="Mend that, then try again.",
        )
    before = files.read(chosen.config)
    after = edit(before)
    if before == after:
        return ()
    return (GuestEdit(chosen.uuid, chosen.name, chosen.config, before, after),)


def starting(pool: Pool, chosen: Vm) -> VmPower | None:
    """The start of a VM on this host; None when it runs already.

    Raises:
        Problem: `vm-not-halted`: a VM that is resumed gets no device.
    """
    if chosen.power_state is PowerState.RUNNING:
        return None
    if chosen.power_state is not PowerState.HALTED:
        raise Problem(
            Exit.REFUSED,
            "vm-not-halted",
            f"VM {printable(chosen.name, 60)} is {chosen.power_state.value.lower()}: it gets "
            "a device only when it starts from halted.",
            remedy="Resume it and shut it down first.",
        )
    return VmPower(
        chosen.uuid,
        chosen.name,
        pool.this_host,
        chosen.power_state,
        PowerState.RUNNING,
        chosen.config,
    )


def undoing(job: Job, changer: Changer, after: Iterable[Change]) -> RollbackPlan:
    """The undo of a job, with the first conflict if there is one.

    `after` holds changes that will have been made before it.
    """
    if job.goal is Goal.ROLLBACK:
        return RollbackPlan(job, (), _rollback_of_rollback(job))
    if job.goal.is_own:
        return RollbackPlan(job, (), _rollback_of_install(job))
    if job.outcome is Outcome.ROLLED_BACK:
        return RollbackPlan(job, (), None)
    changes: list[Change] = []
    notes: dict[str, None] = {}
    ordered: set[str] = set()
    conflict: Problem | None = None
    foreseen = {c.place: c.after for c in after if not isinstance(c, Reboot)}
    hides = job.goal.hides
    are_back = hides is not None and changer.are_taken(job.devices) is (not hides)
    for change in undo_list(job, changer.boot_id()):
        if isinstance(change, Reboot) and are_back:
            continue  # it would bring them nowhere else
        if isinstance(change, FileEdit) and change.path in ordered:
            changes.append(change)  # looked at when the order has been taken out of it
            continue
        try:
            now: object
            if not isinstance(change, Reboot) and change.place in foreseen:
                now = foreseen[change.place]
            else:
                now = changer.look(change)
            held = require_known(change, now)
        except Problem as problem:
            if isinstance(change, VmEdit | GuestEdit | VmPower) and problem.code in _VM_IS_GONE:
                xl = change.config if isinstance(change, VmPower) else isinstance(change, GuestEdit)
                kept = "file" if xl else "keys"
                notes[f"VM {printable(change.name, 60)} is gone, and its {kept} with it."] = None
                continue
            conflict = conflict or problem
        else:
            if isinstance(change, BootOnce):
                if held is Held.AFTER:
                    continue  # the boot loader has cleared it
                ordered.add(change.path)
        changes.append(change)
    try:
        if conflict is None:
            changer.refuse_unsafe(job.devices, changes)
    except Problem as problem:
        conflict = problem
    return RollbackPlan(job, tuple(changes), conflict, tuple(notes))


def _rollback_of_install(job: Job) -> Problem:
    """Why the program is not taken away by a rollback, which it may be making at that time."""
    way = "uninstall` takes it away" if job.goal is Goal.INSTALL else "install` brings it back"
    return Problem(
        Exit.USAGE,
        "rollback-of-install",
        f"Job {job.id} is about this tool itself, not about what it did to the host.",
        remedy=f"`serialpass-tui {way}.",
    )


def _rollback_of_rollback(job: Job) -> Problem:
    again = f"To finish it, roll back job {job.undoes}; to have" if job.is_open else "To have"
    return Problem(
        Exit.USAGE,
        "rollback-of-rollback",
        f"Job {job.id} is a rollback itself.",
        remedy=f"{again} its changes back, hide or bind again: the safety rules look anew.",
    )
