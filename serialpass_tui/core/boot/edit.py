"""The plan of one edit: a boot file with devices added to or taken from its hide list."""

from __future__ import annotations

import re

from serialpass_tui.core.boot.arguments import hide_words_of, replaced, set_list
from serialpass_tui.core.boot.commands import commands
from serialpass_tui.core.boot.outlook import edited_entries, shown_entry
from serialpass_tui.core.boot.parse import parse
from serialpass_tui.core.boot.request import Request
from serialpass_tui.core.boot.rescue import (
    WAYS_BACK,
    clean_entries,
    how_to_choose,
    with_rescue,
    without_rescue,
)
from serialpass_tui.core.boot.trial import without_trial
from serialpass_tui.core.boot.wanted import notes
from serialpass_tui.core.changes import BootOnce, Change, FileEdit
from serialpass_tui.core.hide_list import Dialect, Reading, hidden, words_for
from serialpass_tui.core.kernel_args import MAX_CMDLINE
from serialpass_tui.core.rules import catalogue
from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.boot.model import BootFile, Entry
    from serialpass_tui.core.inventory import PciFunction


@frozen
class Companion:
    """The edit of another file that has to go with the boot file's, and why, in a sentence."""

    edit: FileEdit
    why: str


@frozen
class TrialPlan:
    """The boot of an entry of its own, once, before the default entry is edited."""

    entry: Entry
    """As it will be."""
    edits: tuple[Companion, ...]
    """What is written for it, the boot file last."""
    once: BootOnce

    @property
    def changes(self) -> tuple[Change, ...]:
        """What is to be done, in this order: the flag comes when what it names is there."""
        return (*(item.edit for item in self.edits), self.once)


@frozen
class HidePlan:
    """An edit of a boot file's hide list, ready to be shown and applied."""

    path: str
    before: bytes
    after: bytes
    dialect: Dialect
    edited: tuple[Entry, ...]
    """The entries, as they are today, whose line changes."""
    rescue: Entry | None
    """The entry, as it will be, that boots without the list; None where there is none."""
    rescue_how: str
    """How to choose it at the console, in words."""
    rescue_added: bool
    rescue_removed: bool
    trial_removed: bool
    """Whether a trial entry that stands in the file goes."""
    today: Reading
    """What the kernel makes of the default entry."""
    future: Reading
    words_today: tuple[str, ...]
    words_future: tuple[str, ...]
    hidden_today: frozenset[Bdf] | None
    """The functions kept from dom0 today; None without a device list."""
    hidden_future: frozenset[Bdf] | None
    warnings: tuple[str, ...]
    commands: tuple[str, ...]
    """The shell commands that do the same by hand."""
    companions: tuple[Companion, ...] = ()
    trial: TrialPlan | None = None
    """The same tried first, in one boot; None where that cannot be had."""
    no_trial: str = ""
    """Why it cannot be had; empty where it can, or where nothing is to be tried."""

    ends: BootOnce | None = None
    """What takes back the order to boot a trial entry that goes with this edit."""

    @property
    def changes(self) -> tuple[Change, ...]:
        """What is to be done, in this order."""
        return (*self.edits, *((self.ends,) if self.ends is not None else ()))

    @property
    def edits(self) -> tuple[FileEdit, ...]:
        """What is to be written, in this order; empty where all of it is there already.

        The boot file comes last: until it is written, the others have nothing to act on.
        """
        others = tuple(companion.edit for companion in self.companions)
        own = (FileEdit(self.path, self.before, self.after),) if self.entry_changed else ()
        return (*others, *own)

    @property
    def entry_changed(self) -> bool:
        """Whether the boot file itself changes."""
        return self.before != self.after

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.edits)

    @property
    def rescue_title(self) -> str:
        """The rescue entry's title; empty where there is none."""
        return self.rescue.title if self.rescue else ""

    @property
    def rescue_label(self) -> str:
        """The rescue entry's label; empty where there is none."""
        return self.rescue.label if self.rescue else ""


def plan_hide(
    boot: BootFile,
    dialect: Dialect,
    *,
    add: Sequence[Bdf] = (),
    remove: Sequence[Bdf] = (),
    functions: Sequence[PciFunction] | None = None,
    parameter: str | None = None,
    clear_copies: bool = False,
) -> HidePlan:
    """The edit after which the host hides `add` and no longer hides `remove`.

    The entries `xe` and `xe-serial` change, which are those that the toolstack's own xen-cmdline
    edits, and whichever boots by default. What the kernel really hides today stays; what only
    stands in the file without effect goes, because hiding it would be nobody's decision. At least
    one entry without a list remains: where there is none, a copy of the default entry is added,
    and taken away again when the entries above hide nothing any more. With `clear_copies` the list
    also goes from the entries that are there to be ways back.

    Raises:
        Problem: `no-entry-to-edit`, `command-line-too-long`, `no-rescue-entry`,
            `hide-and-unhide`, `bad-parameter`, and those of the edit of a single line.
    """
    request = Request(
        dialect,
        tuple(add),
        tuple(remove),
        None if functions is None else tuple(functions),
        parameter,
    )
    _check(request)
    found, boot = boot, without_trial(boot)
    targets = edited_entries(boot)
    shown = shown_entry(boot, targets)
    changes = {target: request.edits(boot, target) for target in targets}
    cleared = copies(boot, dialect, parameter) if clear_copies else ()
    changes |= {entry: set_list(boot, entry, (), dialect, parameter) for entry in cleared}
    text = replaced(boot.text, [edit for edits in changes.values() for edit in edits])
    hides = any(map(request.groups, targets))
    if clear_copies or text != boot.text or not hides:
        text = _keep_rescue(boot, request, shown, text, hides=hides)
    after = parse(boot.path, text.encode("latin-1"))
    _check_same_default(boot, after)
    _check_lengths(boot, after)
    clean = clean_entries(after, dialect, parameter)
    rescue = clean[0] if clean else None
    today = request.reading(shown)
    future = request.reading(shown_entry(after, edited_entries(after)))
    present = request.functions
    counts = [sum(entry.is_rescue for entry in one.entries) for one in (boot, after)]
    edited = tuple(entry for entry, edits in changes.items() if edits)
    own = tuple(entry for entry in edited if entry not in cleared)
    return HidePlan(
        path=boot.path,
        before=found.data,
        after=after.data,
        dialect=dialect,
        edited=edited,
        rescue=rescue,
        rescue_how=how_to_choose(after, rescue) if rescue else "",
        rescue_added=counts[0] < counts[1],
        rescue_removed=counts[0] > counts[1],
        trial_removed=found is not boot,
        today=today,
        future=future,
        words_today=words_for(today),
        words_future=words_for(future),
        hidden_today=None if present is None else hidden(today, present),
        hidden_future=None if present is None else hidden(future, present),
        warnings=_warnings(boot, after, request, targets=targets, shown=shown, rescue=rescue),
        commands=commands(boot, request, own, counts, cleared),
    )


def copies(boot: BootFile, dialect: Dialect, parameter: str | None = None) -> tuple[Entry, ...]:
    """The entries that are there to be ways back and carry a hide list all the same.

    An upgrade by the installer writes the default entry's list into every entry from
    host-installer 10.10.4 on (xenserver/host-installer backend.py). Entries without a label of the
    installer's are somebody's own, and what grub-mkconfig made it makes anew: they stay.
    """
    targets = edited_entries(boot)
    return tuple(
        entry
        for entry in boot.entries
        if entry.has_xen
        and entry not in targets
        and entry.label in WAYS_BACK
        and hide_words_of(entry, dialect, parameter).all
    )


def _check(request: Request) -> None:
    both = set(request.add) & set(request.remove)
    if both:
        names = ", ".join(str(bdf) for bdf in sorted(both))
        raise Problem(
            Exit.USAGE,
            "hide-and-unhide",
            f"{names} is to be hidden and given back at once.",
            remedy="Name each device once.",
        )
    if request.parameter is not None and not re.fullmatch(r"[A-Za-z0-9_.-]+", request.parameter):
        raise Problem(
            Exit.USAGE,
            "bad-parameter",
            f"{printable(request.parameter, 40)!r} is no name of a kernel parameter.",
            remedy="Use xen-pciback.hide, or pciback.hide for a 2.6.32 kernel.",
        )


def _keep_rescue(boot: BootFile, request: Request, shown: Entry, text: str, *, hides: bool) -> str:
    """`text` with a rescue entry where one is needed, without ours where it no longer is."""
    after = parse(boot.path, text.encode("latin-1"))
    ours = [entry for entry in after.entries if entry.is_rescue]
    if not hides:
        for entry in reversed(ours):
            if not entry.is_default:
                text = without_rescue(text, entry)
        return text
    if clean_entries(after, request.dialect, request.parameter):
        return text
    if ours:
        edits = set_list(after, ours[0], (), request.dialect, request.parameter)
        return replaced(text, edits)
    text = with_rescue(boot, shown, text, request.dialect, request.parameter)
    after = parse(boot.path, text.encode("latin-1"))
    if not any(e.is_rescue for e in clean_entries(after, request.dialect, request.parameter)):
        raise _no_rescue(boot, "an entry at the end of the file would not be read")
    return text


def _no_rescue(boot: BootFile, why: str) -> Problem:
    return catalogue.NO_RESCUE_ENTRY.problem(
        f"No boot entry without the hidden devices would remain in {printable(boot.path)}, "
        f"and none can be added: {why}.",
        remedy="Correct the boot file by hand: it needs a second Xen entry without a hide list.",
    )


def _check_same_default(boot: BootFile, after: BootFile) -> None:
    """A default beyond the last entry means the first one, until there is one more entry."""
    before, now = (
        None if entry is None else (entry.label, entry.line)
        for entry in (boot.default, after.default)
    )
    if before != now:
        raise _no_rescue(boot, "the default entry is named by a number that no entry has")


def _check_lengths(boot: BootFile, after: BootFile) -> None:
    before = {entry.line: len(entry.cmdline) for entry in boot.entries}
    for entry in after.entries:
        length = len(entry.cmdline)
        if entry.has_xen and length > max(MAX_CMDLINE, before.get(entry.line, 0)):
            raise catalogue.COMMAND_LINE_TOO_LONG.problem(
                f"The dom0 command line of boot entry {printable(entry.known_as, 60)} would have "
                f"{length} bytes; Xen cuts it off after {MAX_CMDLINE}.",
                remedy="Hide fewer devices, or take arguments that are no longer needed off it.",
            )


def _warnings(
    boot: BootFile,
    after: BootFile,
    request: Request,
    *,
    targets: tuple[Entry, ...],
    shown: Entry,
    rescue: Entry | None,
) -> tuple[str, ...]:
    said: dict[str, list[Entry]] = {}
    for entry in (shown, *targets):
        if entry in targets:
            for note in notes(request.reading(entry), request.groups(entry), request.functions):
                said.setdefault(note, []).append(entry)
    sentences = [
        note if shown in entries else f"entry {printable(entries[0].known_as, 60)}: {note}"
        for note, entries in said.items()
    ]
    own = edited_entries(after)
    sentences += [
        f"entry {printable(entry.known_as, 60)} carries a hide list too and is left as it is: "
        f"{words_for(request.reading(entry))[0]}; it is no way back without these devices"
        for entry in after.entries
        if entry.has_xen and entry not in own and request.carries(entry)
    ]
    sentences += [
        f"the dom0 command line of entry {printable(entry.known_as, 60)} has {len(entry.cmdline)} "
        f"bytes; Xen cuts it off after {MAX_CMDLINE}"
        for entry in after.entries
        if entry.has_xen and len(entry.cmdline) > MAX_CMDLINE
    ]
    if shown.is_rescue:
        sentences.append("the rescue entry boots by default: it hides nothing, whatever is asked")
    elif boot.default is None or not boot.default.has_xen:
        sentences.append(
            f"which Xen entry boots by default is not known; entry {printable(shown.known_as, 60)} "
            "is shown here"
        )
    if rescue is None:
        sentences.append("there is no boot entry without hidden devices in this file")
    return (*boot.warnings, *sentences)
