"""All ailments of a host, and the one list of changes that cures what can be cured."""

from __future__ import annotations

from serialpass_tui.core import boot
from serialpass_tui.core.doctoring.devices import moves, of_devices
from serialpass_tui.core.doctoring.entries import of_entries, of_ways_back
from serialpass_tui.core.doctoring.housekeeping import (
    of_files,
    of_installation,
    of_jobs,
    of_lock,
    of_pciback,
    of_settings,
)
from serialpass_tui.core.doctoring.vms import of_vms, planned
from serialpass_tui.core.inventory import DeviceId
from serialpass_tui.core.text import printable
from serialpass_tui.errors import Problem
from serialpass_tui.lazy import Module, frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from serialpass_tui.core import guard
    from serialpass_tui.core.boot import HidePlan
    from serialpass_tui.core.changes import Change, GuestEdit, VmEdit
    from serialpass_tui.core.doctoring.ailment import Ailment
    from serialpass_tui.core.doctoring.facts import Facts
    from serialpass_tui.core.installing import Own
else:
    guard = Module("serialpass_tui.core.guard")  # for a host with something to repair


@frozen
class Diagnosis:
    """What is wrong, and what would be done about it."""

    ailments: tuple[Ailment, ...]
    plan: HidePlan | None
    """The edit of the boot file; None where it needs none."""
    edits: tuple[VmEdit | GuestEdit | Own, ...]
    """Those of VMs, then those of this tool's own files."""
    devices: tuple[DeviceId, ...]
    """The cards that the repair hides or assigns, as they are now."""
    unseen: tuple[str, ...]
    """What was not looked at and why, a sentence each."""

    @property
    def changes(self) -> tuple[Change, ...]:
        """Everything that the repair changes, in this order."""
        return (*(self.plan.edits if self.plan else ()), *self.edits)

    @property
    def curable(self) -> tuple[Ailment, ...]:
        """What the tool can repair."""
        return tuple(ailment for ailment in self.ailments if ailment.cure is not None)


def examine(facts: Facts) -> Diagnosis:
    """Look for everything in `ailment.MEANINGS`; a healthy host has no ailment."""
    memory = facts.memory
    moved = moves(facts, memory)
    lists = planned(facts, moved)
    found = [
        *of_files(facts),
        *of_entries(facts),
        *of_ways_back(facts),
        *of_devices(facts, memory, moved),
        *of_settings(facts, memory),
        *of_vms(facts, moved, lists),
        *of_pciback(facts),
        *of_installation(facts),
        *of_jobs(facts),
        *of_lock(facts.lock),
    ]
    plan = None
    try:
        plan = _plan(facts, found)
    except Problem as problem:
        why = f"{printable(problem.summary)} {printable(problem.remedy)}"
        found = [one.incurable(why) if one.cure and one.cure.boot else one for one in found]
    if plan is not None and not plan.changed:
        found = [replace(one, cure=None) if one.cure and one.cure.boot else one for one in found]
        plan = None
    cured = dict.fromkeys(one.cure.vm for one in found if one.cure and one.cure.vm)
    vm_edits = tuple(edit for uuid in cured for edit in lists.made[uuid])
    own = facts.own_repair if any(one.cure and one.cure.install for one in found) else ()
    return Diagnosis(
        tuple(found),
        plan,
        (*vm_edits, *own),
        _devices(facts, plan, vm_edits),
        tuple(_unseen(facts)),
    )


def _plan(facts: Facts, found: list[Ailment]) -> HidePlan | None:
    """The edit of the boot file for all cures together. Raises Problem."""
    cures = [ailment.cure for ailment in found if ailment.cure and ailment.cure.boot]
    if facts.boot is None or not cures:
        return None
    add = tuple(dict.fromkeys(bdf for cure in cures for bdf in cure.add))
    gone = dict.fromkeys(bdf for cure in cures for bdf in cure.remove if bdf not in add)
    if add and facts.default is not None:
        # The entries that are edited get one list, not each a part of it.
        today = (group.bdf for group in facts.default.groups)
        add = tuple(dict.fromkeys([*(bdf for bdf in today if bdf and bdf not in gone), *add]))
    plan = boot.plan_hide(
        facts.boot,
        facts.dialect,
        add=add,
        remove=tuple(gone),
        functions=facts.functions,
        clear_copies=any(cure.clear_copies for cure in cures),
    )
    return boot.with_companions(plan, facts.inventory)


def _devices(
    facts: Facts, plan: HidePlan | None, vm_edits: Iterable[VmEdit | GuestEdit]
) -> tuple[DeviceId, ...]:
    """The cards that are hidden or assigned by the repair and were not; none on a mounted disk."""
    changes = (*(plan.edits if plan else ()), *vm_edits)
    given = {bdf for change in changes for bdf in guard.taken(facts.inventory, facts.pool, change)}
    return tuple(DeviceId.of(f) for f in facts.functions or () if f.bdf in given)


def _unseen(facts: Facts) -> Iterator[str]:
    if not facts.running:
        yield (
            "This host is not running: not looked at are its devices and drivers, what its kernel "
            "was booted with, and its VMs."
        )
    elif facts.inventory.xen is None:
        yield "No Xen is running here: its drivers were not judged."
    if facts.running and facts.pool is None:
        yield "The VMs were not looked at: their toolstack does not answer."
    if facts.journal_problem is not None:
        yield (
            f"The jobs were not looked at: {printable(facts.journal_problem.summary)} "
            f"{printable(facts.journal_problem.remedy)}"
        )
    yield from (f"Not read: {printable(fact)}." for fact in facts.inventory.unread)
