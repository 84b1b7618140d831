"""What is wrong with the hide lists of the boot entries."""

from __future__ import annotations

from serialpass_tui.core import boot, hide_list
from serialpass_tui.core.boot.wanted import wanted_groups
from serialpass_tui.core.doctoring.ailment import Ailment, Cure
from serialpass_tui.core.hide_list import Group, canonical, hidden, listed
from serialpass_tui.core.kernel_args import MAX_CMDLINE
from serialpass_tui.core.text import printable
from serialpass_tui.lazy import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.boot import Entry
    from serialpass_tui.core.doctoring.facts import Facts
    from serialpass_tui.core.hide_list import Reading
    from serialpass_tui.core.inventory import PciFunction

_WRITTEN = pattern(
    r"(?<![0-9a-fA-F:.*])(?:([0-9a-fA-F]{1,4})[:.]+)?([0-9a-fA-F]{1,2})[:.]+"
    r"([0-9a-fA-F]{1,2}|\*)[:.]+([0-7]|\*)(?![0-9a-fA-F])"
)
"""An address with a colon and a dot mixed up or doubled, as it is found in the field."""


def meant(texts: Iterable[str], present: Sequence[PciFunction]) -> tuple[Bdf, ...]:
    """The functions of this host that somebody meant by addresses written wrong."""
    found: list[Bdf] = []
    for match in (match for text in texts for match in _WRITTEN.finditer(text)):
        domain, bus, slot, number = (
            None if part == "*" else int(part or "0", 16) for part in match.groups()
        )
        group = Group(domain or 0, bus or 0, slot, number)
        found += [f.bdf for f in present if group.matches(f.bdf) and not f.is_bridge]
    return tuple(dict.fromkeys(found))


def without_effect(reading: Reading) -> tuple[str, ...]:
    """The texts on an entry's line that name devices to no effect."""
    texts = [*reading.cut_off, reading.unread, *reading.overridden, *reading.foreign]
    return tuple(filter(None, [*texts, reading.value if reading.error else ""]))


def of_entries(facts: Facts) -> Iterator[Ailment]:
    """What is wrong with the entries whose list this tool keeps; one ailment for entries alike."""
    told: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in facts.edited:
        for found in (*_too_long(facts, entry), *_of(facts, entry)):
            told.setdefault(found, []).append(entry)
    for (code, what, why), entries in told.items():
        yield _ailment(facts, code, what, why, entries)


def _too_long(facts: Facts, entry: Entry) -> Iterator[tuple[str, str, str]]:
    """A list of which Xen hands over a part."""
    whole = hide_list.read(entry.cmdline, facts.dialect)
    if whole != entry.reading(facts.dialect):
        yield (
            "hide-list-kernel",
            (
                f"has a line of {len(entry.cmdline)} bytes, and Xen cuts its hide list off after "
                f"{MAX_CMDLINE}"
            ),
            "What is cut off is not hidden; where a group is cut in two, nothing is.",
        )


def _of(facts: Facts, entry: Entry) -> Iterator[tuple[str, str, str]]:
    """Code, what and why of one line, the gravest first.

    The kernel's side is xen-pciback pci_stub.c's, XAPI's is pciops.ml's (xapi-project/xen-api).
    """
    reading = entry.reading(facts.dialect)
    if reading.error:
        value = printable(reading.value, 60)
        yield (
            "hide-list-kernel",
            f"has a hide list that the kernel refuses, {value}: {reading.error}",
            (
                "One group that the kernel cannot read switches pciback off for the whole host: "
                "nothing is hidden, and no VM with a PCI device starts."
            ),
        )
    if reading.unread:
        yield (
            "hide-list-kernel",
            (
                f"has a hide list in which a ) is missing: the kernel stops before "
                f"{printable(reading.unread, 60)}"
            ),
            "The devices behind it are not hidden, and nothing says so.",
        )
    if reading.cut_off:
        cut = printable(" ".join(reading.cut_off), 60)
        yield (
            "hide-list-blanks",
            f"has blanks in its hide list: {cut} is no part of it",
            (
                "The kernel cuts its command line at blanks: the devices behind one are not "
                "hidden, and nothing says so."
            ),
        )
    if reading.overridden:
        values = listed([printable(text, 60) or "(no value)" for text in reading.overridden])
        yield (
            "hide-list-twice",
            f"has the hide parameter more than once: {values} has no effect",
            "The kernel takes the last one, XAPI and its xen-cmdline may take another.",
        )
    if reading.foreign:
        words = listed([printable(text, 60) for text in reading.foreign])
        yield (
            "hide-list-name",
            f"has a hide parameter that its kernel does not know there: {words}",
            "The kernel passes over it without a word.",
        )
    if facts.has_xapi and not reading.xapi_reads and not reading.error:
        yield (
            "hide-list-xapi",
            f"has a hide list that XAPI cannot read: {printable(reading.value, 60)}",
            (
                "XAPI reads full addresses without blanks or quotes only; on any other it fails "
                "with an internal error, some releases already while they start."
            ),
        )


def _ailment(facts: Facts, code: str, what: str, why: str, entries: Sequence[Entry]) -> Ailment:
    reading = entries[0].reading(facts.dialect)
    add, refused = facts.safe(_new(reading, facts.functions or ()))
    groups = wanted_groups(reading, add, (), facts.functions)
    value = f"{facts.dialect.value}={canonical(groups)}" if groups else ""
    name = "Entry" if len(entries) == 1 else "Entries"
    labels = listed([printable(entry.known_as, 60) for entry in entries])
    remedy = f"Write it as {value}" if value else f"Take {facts.dialect.value}= out"
    remedy += "; it takes effect at the next boot."
    remedy += "".join(f" Not hidden: {reason}" for reason in refused)
    found = Ailment(
        code,
        f"{name} {labels} of {facts.boot_path} {what}.",
        why,
        remedy,
        Cure(boot=True, add=add),
        bdfs=tuple(group.bdf for group in groups if group.bdf is not None),
        entries=tuple(entry.label for entry in entries),
    )
    if any(len(entry.cmdline) > MAX_CMDLINE for entry in entries):
        return found.incurable("Take arguments that are no longer needed off that line first.")
    wild = [str(group) for group in groups if group.bdf is None]
    if code == "hide-list-xapi" and wild:
        return found.incurable(
            f"{listed(wild)} stands for no device of this host that is known here: write the "
            "addresses out by hand, or take it out."
        )
    return found


def _new(reading: Reading, present: Sequence[PciFunction]) -> tuple[Bdf, ...]:
    """What a line was meant to hide and does not."""
    today = hidden(reading, present)
    return tuple(bdf for bdf in meant(without_effect(reading), present) if bdf not in today)


def of_ways_back(facts: Facts) -> Iterator[Ailment]:
    """Ways back that carry the list too, and hosts that have none."""
    if facts.boot is None:
        return
    path = facts.boot_path
    clean = bool(boot.clean_entries(facts.boot, facts.dialect))
    copies = boot.copies(facts.boot, facts.dialect)
    why = "No entry is left to boot with when the host does not come up with these devices hidden."
    if copies:
        labels = listed([printable(entry.known_as, 60) for entry in copies])
        verb = "carries" if len(copies) == 1 else "carry"
        yield Ailment(
            "hide-copied",
            f"{labels} of {path} {verb} the hide list too.",
            "It is no way back into the host without these devices." if clean else why,
            f"Take the hide parameter out of {labels}.",
            Cure(boot=True, clear_copies=True),
            entries=tuple(entry.label for entry in copies),
        )
    elif not clean and any(_hides(facts, entry) for entry in facts.edited):
        yield Ailment(
            "no-rescue-entry",
            f"Every entry of {path} that boots Xen carries a hide list.",
            why,
            "Add a copy of the default entry without the hide parameter.",
            Cure(boot=True, clear_copies=True),
            entries=tuple(entry.label for entry in facts.edited),
        )


def _hides(facts: Facts, entry: Entry) -> bool:
    reading = entry.reading(facts.dialect)
    return bool(reading.groups or without_effect(reading))
