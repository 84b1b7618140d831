"""What is seen while the host is read for the first time, and when it goes down."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from serialpass_tui.core.text import printable
from serialpass_tui.core.wizard import Step
from serialpass_tui.tui.lines import Line
from serialpass_tui.tui.screens.base import Frame, Keys, WizardScreen, place_of
from serialpass_tui.tui.widgets.pager import Pager

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from serialpass_tui.core.job import LockFile


_READING = (
    Line("The host is being read, and XAPI or xl asked for its VMs."),
    Line("Where XAPI does not answer, this takes half a minute."),
)


class StartScreen(WizardScreen):
    """The tool reads the host."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame, "Start", "Give a serial card of this host to a VM")

    def body(self) -> ComposeResult:
        """Why nothing is seen yet."""
        yield Pager(_READING)

    def keys(self) -> Keys:
        """Only leaving makes sense."""
        return (("q", "quit"),)


def at_work(other: LockFile | None) -> str:
    """Who else is at work on this host, in one line; empty: nobody."""
    if other is None:
        return ""
    process = f"Process {printable(other.holder, 12)}" if other.holder else "Another process"
    where = f" on {printable(other.terminal, 24)}" if other.terminal else ""
    return f"{process}{where} is at work: you may look, not change."


def going_down(host: str) -> tuple[Line, ...]:
    """What to do when the host is back."""
    return (
        Line("The host goes down now."),
        Line(),
        Line(
            "When it is up again, log in and start serialpass-tui: it takes up the job where it "
            "stands and shows first whether the card is hidden."
        ),
        Line(),
        Line(
            f"If {host} does not come up, choose the rescue entry at its boot menu, then run "
            "`serialpass-tui rollback --last`."
        ),
    )


def waiting(host: str) -> tuple[Line, ...]:
    """What happens while this machine waits for the host."""
    return (
        Line("The host goes down now. It is asked every few seconds whether it is up again."),
        Line(),
        Line("A dom0 takes some minutes. Then the wizard goes on by itself where the job stands."),
        Line(),
        Line(
            "<q> leaves: the host comes up all the same, and the same command takes up the job. "
            "ssh asks for a password before the wizard starts, not here: with a password, start "
            "again when the host is up."
        ),
        Line(),
        Line(f"If {host} does not come up, choose the rescue entry at its boot menu."),
    )


class WaitingScreen(WizardScreen):
    """The host reboots, and this process does not go down with it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "app.quit")]

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame, place_of(Step.REBOOT), "The host reboots")

    def body(self) -> ComposeResult:
        """What comes next."""
        yield Pager(waiting(self.frame.host))

    def keys(self) -> Keys:
        """Only leaving makes sense."""
        return (("Esc", "leave"), ("q", "quit"))


class GoingDownScreen(WizardScreen):
    """The reboot was ordered; nothing is left to do here."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame, place_of(Step.REBOOT), "The host reboots")

    def body(self) -> ComposeResult:
        """What comes next."""
        yield Pager(going_down(self.frame.host))

    def keys(self) -> Keys:
        """Only leaving makes sense."""
        return (("q", "quit"),)
