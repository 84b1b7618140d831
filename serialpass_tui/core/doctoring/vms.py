"""What is wrong with the device lists of VMs: other-config:pci, or the pci list of a guest's file.

Only VMs of this host are judged: in a pool the same address is another device on another host.
"""

from __future__ import annotations

from serialpass_tui.core import safety, vm, xl_config
from serialpass_tui.core.changes import GuestEdit, VmEdit
from serialpass_tui.core.doctoring.ailment import Ailment, Cure
from serialpass_tui.core.doctoring.entries import meant
from serialpass_tui.core.hide_list import listed
from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.rules import catalogue
from serialpass_tui.core.text import printable
from serialpass_tui.errors import Problem
from serialpass_tui.lazy import Module, frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from serialpass_tui.core import guard, vm_edit, xl_edit
    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.doctoring.devices import Move
    from serialpass_tui.core.doctoring.facts import Facts
    from serialpass_tui.core.pool import Pool, Vm
    from serialpass_tui.core.xl_config import PciSpec
else:
    # For a host with something to repair.
    guard, vm_edit, xl_edit = (
        Module(f"serialpass_tui.core.{name}") for name in ("guard", "vm_edit", "xl_edit")
    )


@frozen
class Edits:
    """The edits after which the device lists are right, as far as the tool can tell."""

    made: Mapping[str, tuple[VmEdit | GuestEdit, ...]]
    """By the VMs' uuids."""
    refused: Mapping[str, str]
    """Why a VM's list is left as it is, by uuid: a safety rule, or a file that cannot be edited."""


def planned(facts: Facts, moved: Mapping[Bdf, Move]) -> Edits:
    """The edits of all VMs, each held to the safety rules beside the others.

    Two cards that changed places have two VMs change theirs: neither may be refused because the
    other still names its device.
    """
    made: dict[str, tuple[VmEdit | GuestEdit, ...]] = {}
    refused: dict[str, str] = {}
    for chosen in _judged(facts):
        try:
            made[chosen.uuid] = _edits(facts, chosen, moved)
        except Problem as problem:
            refused[chosen.uuid] = printable(problem.summary)
    while facts.pool is not None:
        for uuid, own in made.items():
            if not own:
                continue
            others = [edit for other in made if other != uuid for edit in made[other]]
            pool = vm_edit.after_edits(facts.pool, others)
            against = safety.refusals(guard.findings(facts.inventory, pool, own))
            if against:
                refused[uuid] = against[0].reason
                break
        else:
            break
        del made[uuid]
    return Edits(made, refused)


def _judged(facts: Facts) -> Iterator[Vm]:
    """The VMs of this host whose device lists are known; none where its devices are not."""
    if facts.pool is None or facts.functions is None:
        return
    for chosen in facts.pool.vms:
        # A guest of xl without a file was started from one that nobody knows.
        kept = bool(chosen.config) if facts.pool.toolstack == "xl" else chosen.pci is not None
        if kept and facts.is_here(chosen):
            yield chosen


def of_vms(facts: Facts, moved: Mapping[Bdf, Move], edits: Edits) -> Iterator[Ailment]:
    """What is wrong with the device lists; nothing where the VMs are not known."""
    for chosen in _judged(facts):
        for found in _of(facts, chosen, moved):
            if chosen.uuid in edits.refused:
                yield found.incurable(edits.refused[chosen.uuid])
            else:
                yield found if edits.made[chosen.uuid] else replace(found, cure=None)
    if facts.pool is not None and facts.functions is not None:
        yield from _shared(facts, facts.pool)


def _of(facts: Facts, chosen: Vm, moved: Mapping[Bdf, Move]) -> Iterator[Ailment]:
    name = f"VM {printable(chosen.name, 60)}"
    place = printable(chosen.config) if chosen.config else "other-config:pci"
    takes_effect = "It takes effect when the VM is started from halted."
    if chosen.power_state is not PowerState.HALTED:
        takes_effect = "It runs now: it takes effect when it is shut down and started again."
    cure = Cure(vm=chosen.uuid)

    def found(code: str, what: str, why: str, remedy: str, bdfs: Sequence[Bdf] = ()) -> Ailment:
        remedy = f"{remedy} {takes_effect}"
        return Ailment(code, what, why, remedy, cure, tuple(bdfs), vms=(chosen.uuid,))

    named = _named(facts, chosen)
    unread = _unread(facts, chosen)
    if unread:
        reader = "xl" if chosen.config else "XAPI"
        items = listed([repr(printable(item, 40)) for item in unread])
        ailment = found(
            "vm-pci-unread",
            f"{name} has in {place} what {reader} does not read: {items}."
            if any(unread)
            else f"{name} has an empty {place}.",
            "The VM starts without that device, and nothing says so."
            if any(unread)
            else "The key alone switches passthrough on for a PV guest.",
            "Write the item as 0/0000:bb:dd.f, or take it out.",
        )
        known = [item for item in unread if item and len(meant([item], facts.inventory.pci)) != 1]
        if known or chosen.config:
            ailment = ailment.incurable(
                f"What {listed([repr(printable(item, 40)) for item in known or unread])} means has "
                "to be decided by whoever wrote it."
            )
        yield ailment
    twice = sorted({bdf for bdf in named if named.count(bdf) > 1})
    if twice:
        again = listed([str(bdf) for bdf in twice])
        ailment = found(
            "vm-device-twice",
            f"{name} names {again} more than once in {place}.",
            "The second time fails at the VM's start.",
            "Name it once.",
            twice,
        )
        # One of the items may have options of its own; which one counts is for their author to say.
        yield ailment.incurable("Edit the file by hand.") if chosen.config else ailment
    for bdf in dict.fromkeys(named):
        move = moved.get(bdf)
        if move is not None:
            to = f"Name {move.new} in its place." if move.new else f"Take {bdf} from the VM."
            yield found(
                "device-moved",
                f"{move.words}; {name} names that address in {place}.",
                "The VM's start takes the wrong device from dom0."
                if move.now
                else "The VM does not get the card.",
                to,
                (bdf, move.new) if move.new else (bdf,),
            )
        elif bdf in _absent(facts, chosen):
            yield found(
                "vm-device-absent",
                f"{name} names {bdf} in {place}, and no device answers there.",
                "The VM does not start; whatever comes to that address is taken from dom0.",
                f"Take {bdf} from the VM, or put the card back.",
                (bdf,),
            )


def _edits(facts: Facts, chosen: Vm, moved: Mapping[Bdf, Move]) -> tuple[VmEdit | GuestEdit, ...]:
    """The edits of one VM. Raises Problem where its file cannot be edited."""
    return _guest(facts, chosen, moved) if chosen.config else _keys(facts, chosen, moved)


def _keys(facts: Facts, chosen: Vm, moved: Mapping[Bdf, Move]) -> tuple[VmEdit, ...]:
    """The edits of a VM that XAPI keeps; items that are right stay as they are written."""
    if chosen.pci is None:
        return ()
    items: dict[Bdf | str, str] = {}
    for item in filter(str.strip, chosen.pci.split(",")):
        bdf = _after(facts, chosen, moved, item)
        if bdf is not None:
            right = vm.parse_pci(item) == (bdf,)
            items.setdefault(bdf, item if right else f"0/{bdf}")
        elif not vm.parse_pci(item):
            items.setdefault(item, item)
    after = ",".join(items.values()) or None
    if after == chosen.pci:
        return ()
    made = [VmEdit(chosen.uuid, chosen.name, guard.PCI_KEY, chosen.pci, after)]
    had, has = (vm.parse_pci(value or "") for value in (chosen.pci, after))
    new = [bdf for bdf in has if bdf not in had]
    beside = vm_edit.bind_edits(chosen, facts.this_host, new)
    if not has:
        beside = vm_edit.unbind_edits(chosen, had)
    others = [edit for edit in beside if edit.key != guard.PCI_KEY]
    return tuple([*made, *others] if not has else [*others, *made])


def _after(facts: Facts, chosen: Vm, moved: Mapping[Bdf, Move], item: str) -> Bdf | None:
    """The device that an item shall name; None: none, or nobody knows."""
    read = vm.parse_pci(item)
    if not read:
        guessed = meant([item], facts.inventory.pci)
        return guessed[0] if len(guessed) == 1 else None
    if read[0] in moved:
        return moved[read[0]].new
    return None if read[0] in _absent(facts, chosen) else read[0]


def _guest(facts: Facts, chosen: Vm, moved: Mapping[Bdf, Move]) -> tuple[GuestEdit, ...]:
    """The edit of a guest's file. Raises Problem."""
    before = facts.guests.get(chosen.uuid)
    if before is None:
        return ()
    if chosen.config_refusal:
        raise catalogue.VM_FILE.problem(chosen.config_refusal, "Mend that first.")
    named = _named(facts, chosen)
    gone = {bdf for bdf in named if bdf in moved or bdf in _absent(facts, chosen)}
    if not gone:
        return ()
    new = [move.new for bdf, move in moved.items() if bdf in gone and move.new]
    after = xl_edit.with_devices(xl_edit.without_devices(before, gone), new)
    return (GuestEdit(chosen.uuid, chosen.name, chosen.config, before, after),)


def _named(facts: Facts, chosen: Vm) -> tuple[Bdf, ...]:
    """What a VM's list names, as often as it does."""
    if not chosen.config:
        return vm.parse_pci(chosen.pci or "")
    return tuple(bdf for spec in _specs(facts, chosen) for bdf in spec.devices)


def _specs(facts: Facts, chosen: Vm) -> tuple[PciSpec, ...]:
    """The items of the list in a guest's file; none where that cannot be read."""
    data = facts.guests.get(chosen.uuid)
    return xl_config.read(data).pci if data is not None else ()


def _unread(facts: Facts, chosen: Vm) -> tuple[str, ...]:
    """The items of a VM's list that its toolstack does not read; one empty one for an empty key."""
    if not chosen.config:
        value = chosen.pci
        return (
            ("",) if value is not None and not value.strip(", ") else vm.dropped_items(value or "")
        )
    specs = _specs(facts, chosen)
    return tuple(spec.text for spec in specs if not spec.devices and not spec.name)


def _absent(facts: Facts, chosen: Vm) -> frozenset[Bdf]:
    """The addresses in a VM's list at which this host has no device.

    An item of xl's for all functions of a card names eight, and few cards have them all.
    """
    present = {function.bdf for function in facts.functions or ()}
    if not chosen.config:
        return frozenset(_named(facts, chosen)) - present
    specs = _specs(facts, chosen)
    lone = [spec.devices for spec in specs if present.isdisjoint(spec.devices)]
    return frozenset(bdf for devices in lone for bdf in devices)


def _shared(facts: Facts, pool: Pool) -> Iterator[Ailment]:
    """Devices that two VMs name; which one is to have it is nobody's to guess."""
    users: dict[Bdf, list[Vm]] = {}
    for chosen, bdfs in facts.users():
        for bdf in dict.fromkeys(bdfs):
            users.setdefault(bdf, []).append(chosen)
    for bdf, vms in sorted(users.items(), key=lambda item: item[0]):
        if len(vms) < 2:
            continue
        names = listed([f"{printable(one.name, 40)} ({one.power_state.value})" for one in vms])
        ways = listed([f"`serialpass-tui unbind {one.uuid} {bdf}`" for one in vms[:8]])
        yield Ailment(
            "vm-device-shared",
            f"VMs {names} name {bdf} in {pool.pci_place}.",
            "Only one of them can run: the others fail to start while it has the device.",
            f"Decide which one keeps it, and take it from the others: {ways}.",
            bdfs=(bdf,),
            vms=tuple(one.uuid for one in vms),
        )
