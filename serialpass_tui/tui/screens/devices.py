"""Step 1: which card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serialpass_tui.core import safety
from serialpass_tui.core.candidates import Kind
from serialpass_tui.core.safety import Severity
from serialpass_tui.core.text import printable
from serialpass_tui.core.verify import Place
from serialpass_tui.core.wizard import Step
from serialpass_tui.lazy import frozen, replace
from serialpass_tui.tui.lines import Ink, Line, fact, facts
from serialpass_tui.tui.messages import Pick
from serialpass_tui.tui.screens.base import COMMON_KEYS, Frame, Keys, place_of
from serialpass_tui.tui.screens.listing import ListScreen
from serialpass_tui.tui.widgets.pager import Pager
from serialpass_tui.tui.widgets.table import Column, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.app import ComposeResult

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.candidates import Candidate
    from serialpass_tui.core.inventory import PciFunction
    from serialpass_tui.core.safety import Finding
    from serialpass_tui.core.verify import Standing
    from serialpass_tui.service import Scan

HEADS = (
    Column("", 3),
    Column("Address", 14),
    Column("Ids", 9),
    Column("Device"),
    Column("Port", 8),
    Column("State", 17),
)

# The state of a card is that of the function that is farthest from its VM.
_WORST_FIRST = (
    Place.ABSENT,
    Place.MOVED,
    Place.NOT_TAKEN,
    Place.FREE,
    Place.PENDING,
    Place.LEAVING,
    Place.ON_TRIAL,
    Place.HIDDEN,
    Place.ASSIGNED,
)
_INKS = {
    Place.HIDDEN: Ink.GOOD,
    Place.ASSIGNED: Ink.GOOD,
    Place.PENDING: Ink.WARN,
    Place.LEAVING: Ink.WARN,
    Place.ON_TRIAL: Ink.WARN,
    Place.NOT_TAKEN: Ink.BAD,
    Place.MOVED: Ink.BAD,
    Place.ABSENT: Ink.BAD,
}
_SEVERITY = {
    Severity.REFUSE: ("Refused", Ink.BAD),
    Severity.WARN: ("Warning", Ink.WARN),
    Severity.NOTE: ("Note", Ink.PLAIN),
}


@frozen
class Card:
    """A candidate with what the rules say of it and where it stands."""

    candidate: Candidate
    findings: tuple[Finding, ...]
    standing: Standing | None
    """None where the way to a VM is not PCI passthrough."""

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """Why it cannot be given away."""
        return safety.refusals(self.findings)

    @property
    def may_pick(self) -> bool:
        """Whether the operator may tick it."""
        return self.candidate.selectable and not self.refusals


def cards(scan: Scan) -> tuple[Card, ...]:
    """The cards of a host, judged once for all rows and details."""
    return tuple(_card(scan, candidate) for candidate in scan.candidates)


def _card(scan: Scan, candidate: Candidate) -> Card:
    if not candidate.selectable:
        return Card(candidate, (), None)
    standings = scan.standings(candidate.bdfs)
    worst = min(standings, key=lambda standing: _WORST_FIRST.index(standing.place))
    return Card(candidate, scan.findings(candidate.bdfs), worst)


def state(card: Card) -> tuple[str, Ink]:
    """A card's state in words."""
    standing = card.standing
    if standing is None:
        return card.candidate.kind.value, Ink.PLAIN
    ink = _INKS.get(standing.place, Ink.PLAIN)
    if standing.place is Place.ASSIGNED:
        return f"{Place.ASSIGNED.value} {', '.join(standing.vms)}", ink
    if card.refusals and standing.place is Place.FREE:
        return "refused", Ink.BAD
    if standing.vms and standing.place is Place.FREE:
        return Place.NOT_TAKEN.value, Ink.BAD  # a VM counts on it, and dom0 has it
    return standing.place.value, ink


def address(bdfs: Sequence[Bdf]) -> str:
    """One address for a card: `0000:03:00.0-3` for its four functions."""
    if not bdfs:
        return "-"
    first, last = bdfs[0], bdfs[-1]
    if first == last:
        return str(first)
    in_a_row = all(
        bdf.device == first.device and bdf.function == first.function + index
        for index, bdf in enumerate(bdfs)
    )
    return f"{first}-{last.function:x}" if in_a_row else f"{first}+{len(bdfs) - 1}"


def ports(names: Sequence[str]) -> str:
    """The ttys in few columns: `ttyS4-7`, or the first with how many more."""
    if len(names) < 2:
        return "".join(names) or "-"
    stem = names[0].rstrip("0123456789")
    first = names[0].removeprefix(stem)
    if first and list(names) == [f"{stem}{int(first) + index}" for index in range(len(names))]:
        return f"{names[0]}-{names[-1].removeprefix(stem)}"
    return f"{names[0]}+{len(names) - 1}"


def short_name(candidate: Candidate) -> str:
    """What it is, in a column's width; the full name stands below the table."""
    if candidate.kind is Kind.SERIAL:
        return candidate.chip or candidate.name
    if candidate.kind is Kind.USB_CONTROLLER:
        maker = candidate.functions[0].vendor_name.split()
        return f"USB controller {printable(maker[0]) if maker else ''}".rstrip()
    if candidate.kind is Kind.ISA_PORT:
        return "on the motherboard"  # which one, the column of ports says
    return candidate.name


def row(card: Card, *, ticked: bool) -> Row:
    """One row of the table."""
    candidate = card.candidate
    mark = "[x]" if ticked else "[ ]" if card.may_pick else " - "
    words, ink = state(card)
    cells = (
        mark,
        address(candidate.bdfs),
        candidate.functions[0].ids if candidate.functions else "-",
        short_name(candidate),
        ports([printable(name) for name in candidate.ttys]),
        words,
    )
    return Row(cells, (Ink.PLAIN,) * 5 + (ink,))


def gist(card: Card) -> str:
    """One card in one line: why it cannot go to a VM, what is against it, or where it stands."""
    worst = next(iter(card.findings), None)
    if worst is not None and worst.severity is not Severity.NOTE:
        return finding_gist(worst, card.candidate.functions)
    if card.standing is None:
        return card.candidate.route
    return f"{card.standing.why} {card.standing.next}".rstrip()


def details(card: Card) -> tuple[Line, ...]:
    """All that is known of one card, and why it can or cannot go to a VM."""
    candidate = card.candidate
    grave = [finding for finding in card.findings if finding.severity is not Severity.NOTE]
    lines = [Line(candidate.name, Ink.STRONG), *finding_lines(grave)]
    if card.standing is not None and not card.refusals:
        lines.append(fact("State", f"{card.standing.why} {card.standing.next}"))
    if len(candidate.functions) > 1:
        listed = ", ".join(f"{item.bdf} {item.ids}" for item in candidate.functions)
        lines.append(fact("Together", f"{listed} go along: one card, one reset."))
    if candidate.ttys:
        names = ", ".join(printable(name) for name in candidate.ttys)
        lines.append(fact("Ports", f"{names} in dom0 today"))
    lines += facts("On it", candidate.attached)
    lines.append(fact("Route", candidate.route))
    if candidate.note:
        lines.append(fact("Card", candidate.note))
    lines += finding_lines(item for item in card.findings if item not in grave)
    return tuple(lines)


def finding_lines(found: Iterable[Finding]) -> Iterable[Line]:
    """What the rules say, with the remedy."""
    for finding in found:
        label, ink = _SEVERITY[finding.severity]
        yield fact(label, f"{finding.reason} {finding.remedy}".strip(), ink)


def finding_gist(finding: Finding, functions: Iterable[PciFunction]) -> str:
    """What a rule says of a card, in one line that needs no name: the row has it."""
    names = [safety.named(item) for item in functions if item.bdf == finding.bdf]
    return in_short(finding, *names)


def in_short(finding: Finding, *names: str) -> str:
    """A rule's word without the remedy, said of `it` where it begins with one of these names."""
    label, _ = _SEVERITY[finding.severity]
    for name in names:
        if finding.reason.startswith(f"{name} "):
            return f"{label}: it{finding.reason.removeprefix(name)}"
    return f"{label}: {finding.reason}"


def host_notes(scan: Scan) -> tuple[str, ...]:
    """What could not be read of the host, and what is odd about it."""
    problems = (scan.pool_problem, scan.boot_problem)
    told = [f"{item.summary} {item.remedy}" for item in problems if item is not None]
    return tuple(printable(note) for note in (*told, *scan.boot_notes, *scan.inventory.unread))


def warning(scan: Scan, repairs: int = 0) -> str:
    """What is missing for a later step, or wrong already, in one line.

    The reason of the one stands below the list, that of the other is the doctor's to tell.
    """
    if scan.boot_problem is not None:
        return "No boot entry can be edited; the last lines below the list say why."
    if scan.pool_problem is not None:
        return "The VMs cannot be read; the last lines below the list say why."
    if repairs:
        things = "1 thing" if repairs == 1 else f"{repairs} things"
        return f"{things} to repair on this host: `serialpass-tui doctor` tells what."
    return ""


def headline(found: Sequence[Card]) -> str:
    """The question of this step, or that there is no card to ask for."""
    if any(card.candidate.kind is Kind.SERIAL for card in found):
        return "Which card shall go to a VM?"
    return "No serial card is seen on this host. <?> says where to look"


def nothing_found(scan: Scan) -> tuple[Line, ...]:
    """What to do on a host without a serial device."""
    return (
        Line("No device with a serial port was found on this host.", Ink.STRONG),
        Line(),
        fact("Look for", "the card: `lspci -nn | grep -i -e serial -e communication`", Ink.PLAIN),
        fact(
            "Missing?",
            "Shut the host down, seat the card, or try another slot; the BIOS may"
            " have the slot switched off.",
        ),
        fact("USB?", "Plug the adapter in, then press <l> to look again."),
        fact("Network?", "A serial-to-network box needs no passthrough at all."),
        *facts("Host", host_notes(scan)),
    )


def outlook(scan: Scan) -> tuple[Line, ...]:
    """What this step is good for, until the text of a card is asked for."""
    file = scan.boot.path if scan.boot is not None else "the boot loader's file"
    return (
        fact("Space", "chooses a card, and tells all about it; a refused one tells why."),
        fact("Next", f"The exact edit of {file} is shown. Nothing is written before that."),
        fact("Not here?", "<l> looks again, <?> says where to look."),
        *facts("Host", host_notes(scan)),
    )


class DevicesScreen(ListScreen):
    """The cards of this host, one of them or more to be ticked."""

    STEP = Step.DEVICES

    def __init__(
        self, frame: Frame, scan: Scan, picked: Sequence[Bdf] = (), repairs: int = 0
    ) -> None:
        self._scan = scan
        self._cards = cards(scan)
        frame = replace(frame, notice=frame.notice or warning(scan, repairs))
        super().__init__(frame, place_of(Step.DEVICES), headline(self._cards), HEADS, named_by=2)
        self._ticked = {
            item.candidate.key
            for item in self._cards
            if item.may_pick and set(item.candidate.bdfs) & set(picked)
        }

    def body(self) -> ComposeResult:
        """The list, or what to do where it would be empty."""
        if not self._cards:
            yield Pager(nothing_found(self._scan))
            return
        self._table.styles.height = 1 + min(7, len(self._cards))
        yield from self.listing()

    def keys(self) -> Keys:
        """There is no step before this one; without a card there is nothing to choose."""
        own = (("Space", "choose"), ("Enter", "next")) if self._cards else ()
        return (*own, ("l", "look again"), *COMMON_KEYS[1:])

    def on_mount(self) -> None:
        """Put the cursor on the first card that is ticked."""
        if not self._cards:
            return
        ticked = (i for i, item in enumerate(self._cards) if item.candidate.key in self._ticked)
        self._table.fill(len(self._cards), self._row, next(ticked, 0))
        self.point_out()
        if self._ticked:
            self.tell()
        else:
            self._text.show(outlook(self._scan))

    def _row(self, index: int) -> Row:
        card = self._cards[index]
        return row(card, ticked=card.candidate.key in self._ticked)

    @property
    def _current(self) -> Card:
        return self._cards[self._table.cursor]

    def gist(self) -> str:
        """The card under the cursor in one line."""
        return gist(self._current)

    def about(self) -> Iterable[Line]:
        """All about it."""
        return (*details(self._current), *facts("Host", host_notes(self._scan)))

    def mark(self) -> None:
        """Tick or untick the card; one that cannot go says why."""
        card = self._current
        if card.may_pick:
            self._ticked ^= {card.candidate.key}
            self._table.refresh_cursor()
        else:
            self.say("It cannot be chosen; below the list stands why.", Ink.BAD)

    @property
    def picked(self) -> tuple[Bdf, ...]:
        """The addresses of what is ticked."""
        ticked = (item.candidate for item in self._cards if item.candidate.key in self._ticked)
        return tuple(bdf for candidate in ticked for bdf in candidate.bdfs)

    def on_table_pressed(self) -> None:
        """Go on with what is ticked."""
        if self.picked:
            self.post_message(Pick(self.picked))
        else:
            self.say("Choose a card with <Space> first.")
