"""Which list an entry shall have: what its kernel hides today, plus and minus what is asked."""

from __future__ import annotations

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.hide_list import Group, Reading, hidden, listed, named
from serialpass_tui.errors import Exit, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from serialpass_tui.core.inventory import PciFunction


def wanted_groups(
    today: Reading,
    add: Sequence[Bdf],
    remove: Sequence[Bdf],
    functions: Sequence[PciFunction] | None,
) -> tuple[Group, ...]:
    """The groups to write.

    A group that names exactly one function stays as it is, present or not: it may be another
    person's. With a device list, a wildcard becomes the functions it stands for, and a bridge of
    which one device is to be given back becomes the others behind it.

    Raises:
        Problem: `wildcard-needs-devices` where one device of a whole bus is to be given back and
            nobody knows which others are there.
    """
    groups: list[Group] = []
    for group in today.groups:
        groups += _kept(group, frozenset(remove), functions)
    for bdf in add:
        taken = any(group.matches(bdf) for group in groups)
        if not taken and bdf not in hidden(Reading(groups=tuple(groups)), functions or ()):
            groups.append(Group.of(bdf))
    return tuple(dict.fromkeys(groups))


def _kept(
    group: Group, remove: frozenset[Bdf], functions: Sequence[PciFunction] | None
) -> list[Group]:
    if group.bdf is not None:
        if group.bdf in remove:
            return []
        behind = [f for f in functions or () if group.bdf in f.parents and not f.is_bridge]
        if remove.isdisjoint(f.bdf for f in behind):
            return [group]
        return [Group.of(f.bdf) for f in behind if f.bdf not in remove]
    matched = [f for f in functions or () if group.matches(f.bdf)]
    if matched:
        kept = (_kept(Group.of(f.bdf), remove, functions) for f in matched)
        return [one for each in kept for one in each]
    if not any(group.matches(bdf) for bdf in remove):
        return [group]
    if group.slot is None:
        raise Problem(
            Exit.REFUSED,
            "wildcard-needs-devices",
            f"The list hides a whole bus, {group}; which devices are on it is not known here.",
            remedy="Run this on the host itself, or write the devices out in the boot file first.",
        )
    every = [Bdf(group.domain, group.bus, group.slot, number) for number in range(8)]
    return [Group.of(bdf) for bdf in every if bdf not in remove]


def notes(
    today: Reading,
    future: tuple[Group, ...],
    functions: Sequence[PciFunction] | None,
) -> list[str]:
    """What the operator must know about the list before it is written, a sentence each."""
    sentences = []
    texts = [*today.cut_off, today.unread, *today.overridden, *today.foreign]
    if today.error:
        texts.append(today.value)
    idle = [name for name in named(texts) if not _covers(future, name)]
    if idle:
        verb, pronoun = ("stands", "it stays") if len(idle) == 1 else ("stand", "they stay")
        be, chosen = ("is", "it") if len(idle) == 1 else ("are", "them")
        sentences.append(
            f"{listed(idle)} {verb} in the file but {be} not hidden today; "
            f"{pronoun} out unless you choose {chosen}"
        )
    if today.error:
        sentences.append(
            "today the kernel refuses the whole list; with the new one, pciback works again"
        )
    wild = [str(group) for group in future if group.bdf is None]
    if wild:
        sentences.append(f"{listed(wild)} stays as it is, and XAPI cannot read a wildcard")
    return sentences + (_presence(future, functions) if functions is not None else [])


def _covers(groups: tuple[Group, ...], name: str) -> bool:
    full = name if name.count(":") == 2 else f"0000:{name}"
    return any(str(group)[1:-1] == full for group in groups)


def _presence(groups: tuple[Group, ...], functions: Sequence[PciFunction]) -> list[str]:
    sentences = []
    absent = [g.short for g in groups if not any(g.matches(f.bdf) for f in functions)]
    if absent:
        be = (
            "is in the list, but no such device is"
            if len(absent) == 1
            else ("are in the list, but no such devices are")
        )
        sentences.append(f"{listed(absent)} {be} in this host now")
    for bridge in (f for f in functions if f.is_bridge and any(g.matches(f.bdf) for g in groups)):
        behind = [f.bdf.short for f in functions if bridge.bdf in f.parents]
        what = listed(behind) or "nothing"
        sentences.append(f"{bridge.bdf.short} is a bridge: what is behind it is hidden: {what}")
    return sentences
