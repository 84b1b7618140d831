"""Step 3, second half: what came of the reboot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serialpass_tui.core.job import Goal
from serialpass_tui.core.text import printable
from serialpass_tui.core.verify import Place
from serialpass_tui.core.wizard import Step, step_after_look
from serialpass_tui.tui.lines import Ink, Line, fact
from serialpass_tui.tui.messages import GoOn, LookAgain, ShowJobs, ShowTake
from serialpass_tui.tui.screens.base import COMMON_KEYS, Frame, Keys, WizardScreen, place_of
from serialpass_tui.tui.widgets.choices import Choices
from serialpass_tui.tui.widgets.pager import Pager
from serialpass_tui.tui.widgets.table import Column, Row, Table

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from serialpass_tui.core.job import Job
    from serialpass_tui.core.verify import Standing

HEADS = (
    Column("Address", 12),
    Column("Boot entry", 12),
    Column("This boot", 12),
    Column("Driver", 12),
    Column("State"),
)

_INKS = {
    Place.HIDDEN: Ink.GOOD,
    Place.ON_TRIAL: Ink.GOOD,
    Place.ASSIGNED: Ink.GOOD,
    Place.PENDING: Ink.WARN,
    Place.LEAVING: Ink.WARN,
}


def row(standing: Standing, *, giving: bool) -> Row:
    """Asked for, booted with, bound: one device."""
    ink = _INKS.get(standing.place, Ink.BAD)
    if not giving:
        ink = Ink.GOOD if standing.place is Place.FREE else Ink.WARN
    cells = (
        str(standing.bdf),
        "hides it" if standing.asked else "does not",
        "hides it" if standing.booted else "does not",
        standing.driver or "none",
        standing.place.value,
    )
    return Row(cells, (Ink.PLAIN,) * 4 + (ink,))


def verdict(standings: tuple[Standing, ...], *, giving: bool) -> str:
    """The headline."""
    if not giving:
        back = all(item.place is Place.FREE for item in standings)
        return "dom0 has it back" if back else "Not everything is back in dom0"
    if all(item.ready for item in standings):
        return "Hidden from dom0, and ready for a VM"
    return "Not everything is hidden as asked"


def reasons(standings: tuple[Standing, ...], *, giving: bool) -> tuple[Line, ...]:
    """Why, and what next; functions of which the same is true are told together."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for item in standings:
        todo = item.next if giving or item.place is not Place.FREE else ""
        groups.setdefault((item.name, item.why, todo), []).append(str(item.bdf))
    lines: list[Line] = []
    for (name, why, todo), bdfs in groups.items():
        lines += [Line(printable(name), Ink.STRONG, hang=2), fact("Address", ", ".join(bdfs))]
        lines += [fact("Why", why), *([fact("Next", todo)] if todo else []), Line()]
    return tuple(lines[:-1])


def is_giving(job: Job | None) -> bool:
    """Whether the job is for hiding, not for taking back."""
    return job is None or job.goal not in {Goal.ROLLBACK, Goal.UNHIDE}


class HiddenScreen(WizardScreen):
    """What was asked, what the kernel was booted with, what is bound."""

    STEP = Step.HIDDEN

    def __init__(self, frame: Frame, standings: tuple[Standing, ...], job: Job | None) -> None:
        self._giving = is_giving(job)
        headline = verdict(standings, giving=self._giving)
        super().__init__(frame, place_of(Step.HIDDEN), headline)
        self._standings = standings
        self._table = Table(HEADS)

    def body(self) -> ComposeResult:
        """The table, the reasons, the choices."""
        self._table.show_at_most(8, len(self._standings))
        yield self._table
        yield self.gap()
        yield Pager(reasons(self._standings, giving=self._giving))
        yield self.gap()
        yield Choices(*self._choices())

    def _choices(self) -> tuple[tuple[str, str], ...]:
        if not self._giving:
            return (("on", "Next"),)
        if step_after_look(self._standings) is Step.HIDDEN:
            return (("back", "Back"), ("again", "Look again"), ("undo", "Roll back"))
        if all(item.ready for item in self._standings):
            return (("on", "Next"),)
        missed = any(item.place is Place.NOT_TAKEN for item in self._standings)
        take = (("take", "Take it now"),) if missed else ()
        return (("back", "Back"), ("again", "Look again"), *take, ("on", "Go on anyway"))

    def keys(self) -> Keys:
        """Nothing of its own."""
        return (("Enter", "take"), ("l", "look again"), *COMMON_KEYS)

    def on_mount(self) -> None:
        """Fill the table."""
        self._table.fill(
            len(self._standings), lambda index: row(self._standings[index], giving=self._giving)
        )

    def choose(self, key: str) -> None:
        """Go on, look again, take it, roll back, or back."""
        if key == "on":
            self.post_message(GoOn())
        elif key == "again":
            self.post_message(LookAgain())
        elif key == "take":
            self.post_message(ShowTake())
        elif key == "undo":
            self.post_message(ShowJobs())
        else:
            super().choose(key)
