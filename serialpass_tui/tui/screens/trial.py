"""Step 3 after a trial boot: how the host is, and whether the change is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serialpass_tui.core.text import printable
from serialpass_tui.core.wizard import Step
from serialpass_tui.tui.lines import Ink, Line, fact
from serialpass_tui.tui.messages import KeepTrial, LookAgain, ShowUndo, TryAgain
from serialpass_tui.tui.screens.base import (
    COMMON_KEYS,
    Frame,
    Keys,
    WizardScreen,
    by_shell,
    place_of,
)
from serialpass_tui.tui.screens.boot_entry import diff
from serialpass_tui.tui.screens.rollback import when
from serialpass_tui.tui.widgets.choices import Choices
from serialpass_tui.tui.widgets.pager import Pager

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.app import ComposeResult

    from serialpass_tui.core.boot import HidePlan
    from serialpass_tui.core.changes import Change
    from serialpass_tui.core.job import Job
    from serialpass_tui.core.verify import Check


def check_lines(checks: Iterable[Check]) -> Iterable[Line]:
    """What the host had before the trial, and has now."""
    for check in checks:
        ink = Ink.GOOD if check.passed else Ink.BAD
        words = f"{printable(check.name)}: {printable(check.observed)}"
        yield fact("OK" if check.passed else "FAIL", words, ink)
        if not check.passed:
            yield fact("", f"expected: {printable(check.expected)}. {check.next}")


def verdict(checks: Sequence[Check]) -> str:
    """The headline."""
    failed = sum(not check.passed for check in checks)
    if not failed:
        return "The trial boot: the device is hidden, and the host is well"
    return f"The trial boot: {failed} of {len(checks)} checks fail"


def asked(plan: HidePlan, changes: Iterable[Change], undo: str) -> tuple[Line, ...]:
    """What is written if it is kept, with what goes then."""
    others = [change for change in changes if change not in plan.edits]
    ends = "Without your word the next boot is the default entry as it was."
    head = Line(f"To keep it, this is written to {printable(plan.path)}:", Ink.STRONG)
    shown = (fact("Trial", ends), by_shell(undo), Line(), head, *diff(plan))
    if not others:
        return shown
    return (*shown, Line(), Line("And what the trial needed goes:", Ink.STRONG), *gone(others))


def gone(changes: Iterable[Change]) -> Iterable[Line]:
    """What ends with a trial, change by change."""
    for change in changes:
        yield Line(printable(change.describe()))
        yield from (Line(f"  {line}", hang=6) for line in change.preview())


def ending(job: Job) -> str:
    """What is known of a trial that is over."""
    seen = [boot for boot in job.boots if boot.trial]
    if seen:
        last = seen[-1]
        return (
            f"It came up on {when(last.at)} with {last.hidden} of {len(job.devices)} devices "
            "hidden, and nobody kept it before the next boot."
        )
    never = "it hung, it panicked, the power went, or the boot loader could not boot it once"
    if job.boots:
        return f"It did not come up: {never}."
    return f"It did not come up ({never}), or nobody kept it before the next boot."


class TrialScreen(WizardScreen):
    """This boot is a trial: the checks, and what keeping it writes."""

    STEP = Step.HIDDEN

    def __init__(
        self,
        frame: Frame,
        job: Job,
        checks: Sequence[Check],
        kept: tuple[HidePlan, tuple[Change, ...]],
        undo: str,
    ) -> None:
        super().__init__(frame, place_of(Step.HIDDEN), verdict(checks))
        plan, changes = kept
        self._lines = (*check_lines(checks), *asked(plan, changes, undo))
        self._well = all(check.passed for check in checks)
        self._job, self._changes = job, changes

    def body(self) -> ComposeResult:
        """The checks, the bytes, the choices."""
        yield Pager(self._lines)
        yield self.gap()
        keep = "Keep it" if self._well else "Keep it all the same"
        yield Choices(("again", "Look again"), ("keep", keep), ("undo", "Give it up"))

    def keys(self) -> Keys:
        """Reading comes first."""
        return (("PgDn", "read"), ("Enter", "take"), ("l", "look again"), *COMMON_KEYS[1:])

    def choose(self, key: str) -> None:
        """Keep it, look again, give it up, or back."""
        if key == "keep":
            self.post_message(KeepTrial(self._changes))
        elif key == "again":
            self.post_message(LookAgain())
        elif key == "undo":
            self.post_message(ShowUndo(self._job))
        else:
            super().choose(key)


class ReturnedScreen(WizardScreen):
    """The host has come up as before, after a trial or without one."""

    STEP = Step.HIDDEN

    def __init__(self, frame: Frame, job: Job) -> None:
        super().__init__(frame, place_of(Step.HIDDEN), "This host runs as before the trial")
        self._job = job

    def body(self) -> ComposeResult:
        """What may have happened, the choices."""
        yield Pager(
            (
                fact("Trial", ending(self._job), Ink.WARN),
                fact("Now", "The default entry was booted, unchanged: dom0 has the device."),
                fact("Look", "`journalctl -b -1`, /var/log/kern.log and the console tell why."),
                fact("Next", "Try again, or give it up: that takes the trial entry away."),
            )
        )
        yield self.gap()
        yield Choices(("back", "Back"), ("try", "Try again"), ("undo", "Give it up"))

    def keys(self) -> Keys:
        """Nothing of its own."""
        return (("Enter", "take"), *COMMON_KEYS)

    def choose(self, key: str) -> None:
        """Try again, give it up, or back."""
        if key == "try":
            self.post_message(TryAgain())
        elif key == "undo":
            self.post_message(ShowUndo(self._job))
        else:
            super().choose(key)
