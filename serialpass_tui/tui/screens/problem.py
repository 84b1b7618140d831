"""A problem, told as a screen: what, what of the host, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.tui.lines import Ink, Line, diff_lines, fact
from serialpass_tui.tui.screens.base import Frame, Keys, WizardScreen
from serialpass_tui.tui.widgets.choices import Choices
from serialpass_tui.tui.widgets.pager import Pager

if TYPE_CHECKING:
    from textual.app import ComposeResult

_HEADLINES = {
    Exit.BUG: "serialpass-tui made a mistake",
    Exit.USAGE: "That does not work",
    Exit.REFUSED: "Refused, for the safety of this host",
    Exit.CONFLICT: "Somebody else came in between",
    Exit.FAILED: "It failed",
    Exit.UNCONFIRMED: "Done, but the check does not confirm it",
}


def lines(problem: Problem) -> tuple[Line, ...]:
    """All that the operator has to know of it."""
    return (
        Line(printable(problem.summary), Ink.STRONG),
        Line(),
        fact("Host", printable(problem.state)),
        fact("Next", printable(problem.remedy)),
        fact("Code", problem.code),
        *view_lines(problem),
    )


def view_lines(problem: Problem) -> tuple[Line, ...]:
    """Both sides of a conflict, below a blank line; nothing where there is none."""
    if not problem.view:
        return ()
    return Line(), *diff_lines(map(printable, problem.view))


def bug(error: Exception) -> Problem:
    """An error that nobody foresaw, in the words of a Problem; the details are in the log."""
    return Problem(
        Exit.BUG,
        "bug",
        f"This is a bug of the tool, not of the host: {type(error).__name__}.",
        state="Unknown. The journal has each change that was begun; this screen's Esc reads the "
        "host anew.",
        remedy="Look at the host's state after Esc. Please report it, with the log.",
    )


class ProblemScreen(WizardScreen):
    """One Problem; Esc goes back, and the host is read anew."""

    def __init__(self, frame: Frame, problem: Problem) -> None:
        headline = _HEADLINES.get(problem.exit_status, "It failed")
        super().__init__(frame, "Problem", headline)
        self.problem = problem

    def body(self) -> ComposeResult:
        """The words."""
        yield Pager(lines(self.problem))
        yield self.gap()
        yield Choices(("back", "Back"))

    def keys(self) -> Keys:
        """Back, or leave."""
        return (("Esc", "back"), ("?", "help"), ("q", "quit"))
