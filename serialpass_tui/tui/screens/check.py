"""Step 5: the VM is started and looked at."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.text import printable
from serialpass_tui.core.wizard import Step
from serialpass_tui.tui.lines import Ink, Line, fact, facts
from serialpass_tui.tui.messages import Finish, LookAgain, StartVm
from serialpass_tui.tui.screens.base import COMMON_KEYS, Frame, Keys, WizardScreen, place_of
from serialpass_tui.tui.widgets.choices import Choices
from serialpass_tui.tui.widgets.pager import Pager
from serialpass_tui.tui.widgets.table import Column, Row, Table

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from serialpass_tui.core.pool import Vm
    from serialpass_tui.core.verify import Check

HEADS = (Column("", 4), Column("Check"), Column("Found", 34))


def row(vm: Vm | None, check: Check) -> Row:
    """One check; before the start, what only the start can bring is still to do."""
    word, ink = ("OK", Ink.GOOD) if check.passed else ("FAIL", Ink.BAD)
    if not check.passed and _waits(vm):
        word, ink = "todo", Ink.WARN
    return Row((word, check.name, check.observed), (ink,))


def _waits(vm: Vm | None) -> bool:
    """Whether the VM is still to be started."""
    return vm is not None and vm.power_state is PowerState.HALTED


def headline(vm: Vm | None, checks: tuple[Check, ...]) -> str:
    """The result in one line."""
    if vm is None:
        return "The VM is gone"
    name = printable(vm.name, 30)
    if vm.power_state is not PowerState.RUNNING:
        return f"VM {name} is bound; start it to see the port arrive"
    if all(check.passed for check in checks):
        return f"VM {name} runs and has the device"
    return f"VM {name} runs, but not all checks pass"


def advice(vm: Vm | None, checks: tuple[Check, ...]) -> tuple[Line, ...]:
    """What to do about a failed check, and where to look inside the guest."""
    failed = [check for check in checks if not check.passed]
    lines: list[Line] = []
    if not _waits(vm):
        lines += [
            fact("FAIL", f"{item.name}: expected {item.expected}. {item.next}", Ink.BAD)
            for item in failed
        ]
    lines += facts(
        "Linux",
        (
            "lspci -nn                shows the card, at an address of its own",
            "dmesg | grep tty         says which ttyS it became",
            "setserial -g /dev/ttyS*  port and IRQ; `unknown`: no port there",
        ),
    )
    lines += facts(
        "Windows",
        (
            "Device Manager, Ports (COM & LPT): the COM ports of the card.",
            "A yellow mark, or under Other devices: install the maker's driver.",
        ),
    )
    by_hand = "xe vm-start uuid=... on=<this host>: elsewhere it is another card"
    if vm is not None and vm.config:
        by_hand = printable(shlex.join(["xl", "create", "-f", vm.config]))
    lines.append(fact("By hand", by_hand))
    lines.append(fact("Undo", "<r> takes any job back."))
    return tuple(lines)


class CheckScreen(WizardScreen):
    """What the host says of devices and VM."""

    STEP = Step.CHECK

    def __init__(self, frame: Frame, vm: Vm | None, checks: tuple[Check, ...]) -> None:
        super().__init__(frame, place_of(Step.CHECK), headline(vm, checks))
        self._vm, self._checks = vm, checks
        self._table = Table(HEADS)

    def body(self) -> ComposeResult:
        """The checks, what to look for, the choices."""
        self._table.show_at_most(8, len(self._checks))
        yield self._table
        yield self.gap()
        yield Pager(advice(self._vm, self._checks))
        yield self.gap()
        yield Choices(*self._choices())

    def _choices(self) -> tuple[tuple[str, str], ...]:
        again, back = ("again", "Look again"), ("back", "Back")
        if self._vm is None:
            return (back, again)
        if _waits(self._vm):
            start = ("start", f"Start VM {printable(self._vm.name, 24)}")
            return (back, start, ("finish", "Finish without"))
        if all(check.passed for check in self._checks):
            return (("finish", "Finish"), again)
        return (again, back, ("finish", "Finish as it is"))

    def keys(self) -> Keys:
        """Nothing of its own."""
        return (("Tab", "move"), ("Enter", "take"), ("l", "look again"), *COMMON_KEYS[1:])

    def on_mount(self) -> None:
        """Fill the table."""
        self._table.fill(len(self._checks), lambda index: row(self._vm, self._checks[index]))

    def choose(self, key: str) -> None:
        """Start, look again, finish, or back."""
        if key == "start":
            self.post_message(StartVm())
        elif key == "finish":
            self.post_message(Finish())
        elif key == "again":
            self.post_message(LookAgain())
        else:
            super().choose(key)
