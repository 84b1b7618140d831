"""Step 2: what is written to the boot file."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from serialpass_tui.core.changes import FileEdit, unified_diff
from serialpass_tui.core.text import printable
from serialpass_tui.core.wizard import Step
from serialpass_tui.lazy import replace
from serialpass_tui.tui.lines import Ink, Line, diff_lines, fact, facts
from serialpass_tui.tui.messages import ChooseTrial, WriteEntry
from serialpass_tui.tui.screens.base import (
    COMMON_KEYS,
    Frame,
    Keys,
    WizardScreen,
    by_shell,
    place_of,
)
from serialpass_tui.tui.screens.devices import finding_lines
from serialpass_tui.tui.widgets.choices import Choices
from serialpass_tui.tui.widgets.pager import Pager

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.app import ComposeResult

    from serialpass_tui.core.boot import Companion, Entry, HidePlan, TrialPlan
    from serialpass_tui.core.safety import Finding


def overview(plan: HidePlan, findings: Sequence[Finding] = (), undo: str = "") -> tuple[Line, ...]:
    """The edit in words: where, what the kernel does today and will do, the way back."""
    lines = [fact("File", printable(plan.path), Ink.STRONG)]
    if plan.trial is not None:
        lines += trial(plan.trial)
    elif plan.entry_changed:
        lines.append(fact("Entries", f"{_named(plan.edited)}; every other byte stays as it is"))
    else:
        lines.append(fact("Entries", "They say so already: nothing has to be written.", Ink.GOOD))
    lines += facts("Hides", map(printable, plan.words_today))
    lines += facts("Will hide", map(printable, plan.words_future), Ink.STRONG)
    if plan.entry_changed and plan.trial is None:
        value = (
            f"{plan.dialect.value}={plan.future.value}" if plan.future.present else "no such word"
        )
        lines.append(fact("Written", printable(value)))
    if plan.trial is not None:
        lines += facts("Also", (also(item) for item in plan.trial.edits[:-1]), Ink.STRONG)
        lines.append(fact("Rescue", TRIAL_ENDS))
    else:
        lines += facts("Also", map(also, plan.companions), Ink.STRONG)
        lines += rescue(plan)
    if undo and (plan.changed or plan.trial is not None):
        lines.append(by_shell(undo))
    if plan.no_trial:
        lines.append(fact("Trial", printable(plan.no_trial), Ink.WARN))
    warnings = (f"{printable(warning).rstrip('.')}." for warning in plan.warnings)
    lines += facts("Warning", warnings, Ink.WARN)
    lines += finding_lines(findings)
    return tuple(lines)


TRIAL_ENDS = (
    "none is needed: after a hang, a panic or a power cycle, and if nobody keeps it, the default "
    "entry boots as it was."
)


def trial(plan: TrialPlan) -> Iterable[Line]:
    """What a trial adds, and that it changes nothing else."""
    name = printable(plan.entry.label)
    yield fact("Trial", f"Entry {name}, a copy of the default with the hide list, boots once.")
    yield fact("Default", "It stays as it is until you have seen the host and keep the change.")


def also(companion: Companion) -> str:
    """Another file that has to change with the boot entry, and why."""
    return f"{printable(companion.edit.describe())}. {companion.why}"


def rescue(plan: HidePlan) -> Iterable[Line]:
    """The entry that boots without the hide list, and how to choose it."""
    if not plan.rescue_label:
        yield fact("Rescue", printable(plan.rescue_how), Ink.BAD)
        return
    added = " This edit adds it." if plan.rescue_added else ""
    how = printable(plan.rescue_how).rstrip(".")
    yield fact("Rescue", f"{how}. That entry boots without hiding anything.{added}")


def written_words(plan: HidePlan) -> str:
    """What was done, for the next screen."""
    if plan.trial is not None:
        return "The trial entry is written, boots once, and was read back."
    others = len(plan.edits) - 1
    if not others:
        return f"{plan.edits[0].path} is written and was read back."
    more = "another file" if others == 1 else f"{others} other files"
    return f"{plan.edits[-1].path} and {more} are written and were read back."


def _named(entries: Sequence[Entry]) -> str:
    """Entries by name, each once with how many carry it."""
    labels = [printable(entry.known_as) for entry in entries]
    counted = {label: labels.count(label) for label in labels}
    return ", ".join(
        label if count == 1 else f"{label} ({count} times)" for label, count in counted.items()
    )


def diff(plan: HidePlan) -> tuple[Line, ...]:
    """The bytes that change, without the lines around them: a console has 24."""
    if plan.trial is not None:
        order = [*map(str, plan.trial.once.preview())]
        made = [_titled(item.edit) for item in plan.trial.edits[::-1]]
        flag = (Line("Then, in this order:", Ink.STRONG), *(Line(f"  {word}") for word in order))
        return (*(line for lines in made for line in lines), *flag)
    lines = [*_hunks(FileEdit(plan.path, plan.before, plan.after))]
    for companion in plan.companions:
        head = f"{companion.edit.path}:"
        lines += [Line(), Line(head, Ink.STRONG), *_hunks(companion.edit)]
    return tuple(lines)


def _titled(edit: FileEdit) -> tuple[Line, ...]:
    return (Line(f"{edit.path}:", Ink.STRONG), *_hunks(edit), Line())


def _hunks(edit: FileEdit) -> tuple[Line, ...]:
    whole = unified_diff(edit.path, edit.before, edit.after, context=0)
    return diff_lines(whole[2:])  # the two lines in front name the file once more


def commands(plan: HidePlan) -> tuple[Line, ...]:
    """The shell commands that do the same by hand."""
    head = Line("The same by hand, in dom0's shell:", Ink.STRONG)
    words: Sequence[str] = plan.commands
    if plan.trial is not None:
        written = (f"# write {item.edit.path} as the diff shows" for item in plan.trial.edits)
        words = (*written, *plan.trial.once.preview())
    return (head, *(Line(f"  {printable(command)}", hang=6) for command in words))


def _headline(plan: HidePlan) -> str:
    if plan.trial is not None:
        return "This is tried in one boot, and kept afterwards"
    if plan.entry_changed:
        return "This is written to the boot entry"
    return "This goes with the boot entry" if plan.changed else "The boot entry is ready"


class BootEntryScreen(WizardScreen):
    """The edit of the boot entry, to be read and then written."""

    STEP = Step.BOOT
    BINDINGS: ClassVar[list[BindingType]] = [Binding("c", "commands"), Binding("t", "trial")]

    def __init__(
        self,
        frame: Frame,
        plan: HidePlan,
        findings: Sequence[Finding],
        undo: str,
        *,
        trying: bool = True,
    ) -> None:
        """`trying`: whether it is tried in one boot first, where that can be had."""
        self._whole = plan
        plan = plan if trying else replace(plan, trial=None)
        super().__init__(
            frame,
            place_of(Step.BOOT),
            _headline(plan),
        )
        self._plan = plan
        self._overview = overview(plan, findings, undo)
        self._by_hand = False
        self._pager = Pager(self._text())

    def body(self) -> ComposeResult:
        """The words, then the bytes; the choices below."""
        yield self._pager
        yield self.gap()
        go_on = "Write the boot entry" if self._plan.changed else "Next"
        other: tuple[tuple[str, str], ...] = ()
        if self._whole.trial is not None:
            other = (("trial", "Try it first"),)
        if self._plan.trial is not None:
            go_on, other = "Write the trial entry", (("trial", "Without a trial"),)
        yield Choices(("back", "Back"), ("write", go_on), *other)

    def _text(self) -> tuple[Line, ...]:
        lower = commands(self._plan) if self._by_hand else diff(self._plan)
        return (*self._overview, Line(), *lower) if lower else self._overview

    def keys(self) -> Keys:
        """Reading comes first."""
        return (("PgDn", "read"), ("c", "diff/commands"), ("Enter", "take"), *COMMON_KEYS[1:])

    def action_commands(self) -> None:
        """Show the commands in place of the diff, or the diff again."""
        self._by_hand = not self._by_hand
        self._pager.show(self._text(), len(self._overview) + 1)

    def action_trial(self) -> None:
        """Show the other way: with a trial boot, or at once."""
        if self._whole.trial is not None:
            self.post_message(ChooseTrial(trying=self._plan.trial is None))

    def choose(self, key: str) -> None:
        """Write, go the other way, or go back."""
        if key == "write":
            self.post_message(WriteEntry(self._plan))
        elif key == "trial":
            self.action_trial()
        else:
            super().choose(key)
