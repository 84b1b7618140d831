"""Devices that are not where they were: moved to another address, gone, or no longer hidden."""

from __future__ import annotations

from collections import Counter

from serialpass_tui.core.doctoring.ailment import Ailment, Cure
from serialpass_tui.core.doctoring.entries import meant, without_effect
from serialpass_tui.core.hide_list import named
from serialpass_tui.core.inventory import DeviceId
from serialpass_tui.core.text import printable
from serialpass_tui.lazy import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.doctoring.facts import Facts
    from serialpass_tui.core.doctoring.memory import Memory
    from serialpass_tui.core.inventory import PciFunction


@frozen
class Move:
    """A card that a job knew at `was.bdf` and that is not there any more."""

    was: DeviceId
    now: PciFunction | None
    """What is there instead."""
    new: Bdf | None
    """Where a card with the same ids is now; None where there is none, or more than one."""

    @property
    def words(self) -> str:
        """What was there and what is, in words."""
        ids = f"{self.was.vendor:04x}:{self.was.device:04x}"
        there = f"now {self.now.ids} {printable(self.now.name, 60)}" if self.now else "now nothing"
        return f"{self.was.bdf} was {ids} and is {there}"


def moves(facts: Facts, memory: Memory) -> dict[Bdf, Move]:
    """The cards that moved, by their old addresses; only those that are hidden or assigned.

    Addresses are positional: a card added or taken out renumbers the buses behind it.
    """
    if facts.functions is None:
        return {}
    concerned = {*facts.hide.asked, *lost(facts, memory)}
    concerned |= {bdf for _, bdfs in facts.users() for bdf in bdfs}
    known = {bdf: memory.ids[bdf] for bdf in sorted(concerned) if bdf in memory.ids}
    here = {f.bdf: DeviceId.of(f) for f in facts.functions}
    settled = {bdf for bdf, was in known.items() if here.get(bdf) == was}
    found: dict[Bdf, Move] = {}
    for bdf, was in known.items():
        if bdf in settled:
            continue
        alike = [at for at, ids in here.items() if ids == replace(was, bdf=at)]
        free = [at for at in alike if at not in settled]
        # Functions of one card may all have the same ids: each keeps its number when it moves.
        same_number = [at for at in free if at.function == bdf.function]
        places = same_number if len(free) > 1 else free
        new = places[0] if len(places) == 1 else None
        now = facts.inventory.function(bdf)
        if now is not None or new is not None:
            found[bdf] = Move(was, now, new)
    taken = Counter(move.new for move in found.values())
    return {
        bdf: replace(move, new=None) if move.new and taken[move.new] > 1 else move
        for bdf, move in found.items()
        if move.now is not None or taken[move.new] == 1
    }


def lost(facts: Facts, memory: Memory) -> tuple[Bdf, ...]:
    """What this tool hid and the default entry does not even name any more."""
    reading = facts.default
    if reading is None:
        return ()
    texts = without_effect(reading)
    there = {*facts.hide.asked, *meant(texts, facts.inventory.pci)}
    there |= {bdf for bdf in memory.hidden if reading.hides(bdf) or bdf.short in named(texts)}
    return tuple(sorted(set(memory.hidden) - there))


def of_devices(facts: Facts, memory: Memory, moved: Mapping[Bdf, Move]) -> Iterator[Ailment]:
    """What is wrong with the devices that the boot entry hides, or should."""
    if facts.boot is None:
        return
    path = facts.boot_path
    gone = lost(facts, memory)
    wanted = {move.new for move in moved.values()}
    for bdf, move in moved.items():
        if bdf in gone or (bdf in facts.hide.asked and bdf not in wanted):
            yield _moved(facts, path, move)
    for bdf in gone:
        if bdf not in moved:
            yield _lost(facts, path, bdf, memory.hidden[bdf])
    if facts.functions is None:
        return
    present = {function.bdf for function in facts.functions}
    for bdf in sorted(facts.hide.asked - present - set(moved)):
        yield Ailment(
            "device-absent",
            f"The default entry of {path} hides {bdf}, and no device answers there.",
            "The card is gone, loose or at another address; whatever comes to that address is "
            "hidden at the next boot.",
            f"Look for the card with `serialpass-tui scan`; if it is gone for good, run "
            f"`serialpass-tui unhide {bdf}`.",
            bdfs=(bdf,),
        )


def _moved(facts: Facts, path: str, move: Move) -> Ailment:
    bdf = move.was.bdf
    add, refused = facts.safe([move.new] if move.new and move.new not in facts.hide.asked else [])
    if add:
        remedy = f"Hide {add[0]} in place of {bdf}."
    elif move.new and not refused:
        remedy = f"No longer hide {bdf}: {move.new} is hidden already."
    else:
        remedy = f"No longer hide {bdf}; find the card with `serialpass-tui scan` and hide it anew."
    remedy += "".join(f" Not hidden: {reason}" for reason in refused)
    remove = (bdf,) if bdf in facts.hide.asked else ()
    return Ailment(
        "device-moved",
        f"{move.words}; the default entry of {path} "
        f"{'hides that address' if remove else 'no longer hides the card'}.",
        "The kernel hides by address: the next boot takes the wrong device from dom0."
        if remove and move.now
        else "The card is not hidden at its new address.",
        f"{remedy} It takes effect at the next boot.",
        Cure(boot=True, add=add, remove=remove) if add or remove else None,
        bdfs=(bdf, move.new) if move.new else (bdf,),
    )


def _lost(facts: Facts, path: str, bdf: Bdf, job: str) -> Ailment:
    found = Ailment(
        "hide-lost",
        f"Job {job} hid {bdf}, and the default entry of {path} no longer does.",
        "From the next boot on dom0's driver has the device. Installers before 10.10.4 lose the "
        "parameter when they upgrade a host.",
        f"Hide {bdf} again; where it was taken out on purpose, hide it and then run "
        f"`serialpass-tui unhide {bdf}`.",
        bdfs=(bdf,),
    )
    if facts.functions is None:
        return found.incurable(
            "Only the running host can tell whether the card is still at that address: boot it and "
            "run `serialpass-tui doctor` there."
        )
    add, refused = facts.safe([bdf])
    if not add:
        return found.incurable(" ".join(refused))
    return replace(found, cure=Cure(boot=True, add=add))
