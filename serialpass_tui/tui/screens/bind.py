"""Step 4, second half: what giving the devices to the VM changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serialpass_tui.core.changes import GuestEdit, VmEdit, VmPower
from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.text import printable
from serialpass_tui.core.wizard import Step
from serialpass_tui.tui.lines import Ink, Line, diff_lines, fact, facts
from serialpass_tui.tui.messages import Bind
from serialpass_tui.tui.screens.base import (
    COMMON_KEYS,
    Frame,
    Keys,
    WizardScreen,
    by_shell,
    place_of,
)
from serialpass_tui.tui.screens.devices import address, finding_lines
from serialpass_tui.tui.widgets.choices import Choices
from serialpass_tui.tui.widgets.pager import Pager

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.app import ComposeResult

    from serialpass_tui.core.changes import Change
    from serialpass_tui.service import BindPlan


def preview(plan: BindPlan, undo: str = "") -> tuple[Line, ...]:
    """What the VM loses, its keys or file before and after, the way back, the same by hand."""
    lines: list[Line] = []
    if plan.vm.power_state is not PowerState.HALTED:
        lines.append(
            fact(
                "Restart",
                f"The VM is {plan.vm.power_state.value.lower()}: it gets the device when it is "
                "shut down and started, not by a reboot from inside.",
                Ink.WARN,
            )
        )
    lines += finding_lines(plan.findings)
    lines += facts("It loses", map(printable, plan.lost))
    if undo and plan.changes:
        lines.append(by_shell(undo))
    lines.append(Line())
    if not plan.changes:
        said = "Its file says so" if plan.vm.config else "Its keys say so"
        lines.append(Line(f"{said} already: nothing has to be written.", Ink.GOOD))
        return tuple(lines)
    lines += change_lines(sorted(plan.changes, key=lambda change: _rank(plan, change)))
    by_hand = [change.command() for change in plan.changes if isinstance(change, VmEdit | VmPower)]
    lines += (
        fact("Backup", f"{printable(change.file.backup_path)} holds the file as it was.")
        for change in plan.changes
        if isinstance(change, GuestEdit)
    )
    if by_hand:
        lines += [Line(), Line("The same by hand, in dom0's shell:", Ink.STRONG)]
    lines += (Line(f"  {printable(command)}", hang=6) for command in by_hand)
    return tuple(lines)


def _rank(plan: BindPlan, change: Change) -> tuple[bool, bool]:
    """A VM that loses the devices first; among the chosen one's keys, the device itself first."""
    if isinstance(change, GuestEdit):
        return (change.uuid == plan.vm.uuid, False)
    if not isinstance(change, VmEdit):
        return (True, True)
    return (change.uuid == plan.vm.uuid, change.key != "other-config:pci")


def change_lines(changes: Sequence[Change]) -> Iterable[Line]:
    """Each change with its preview; keys of one VM stand below its name."""
    above = ""
    for change in changes:
        if isinstance(change, VmEdit):
            head = f"Keys of VM {printable(change.name)}"
        else:
            words = printable(change.describe())
            head = words[:1].upper() + words[1:]
        if head != above:
            yield Line(head, Ink.STRONG, hang=2)
        above = head
        yield from diff_lines(change.preview())


class BindScreen(WizardScreen):
    """The keys or the file of the VM, to be read and then written."""

    STEP = Step.VM

    def __init__(self, frame: Frame, plan: BindPlan, undo: str) -> None:
        headline = f"VM {printable(plan.vm.name, 40)} gets {address(plan.bdfs)}"
        super().__init__(frame, place_of(Step.VM), headline)
        self._plan, self._undo = plan, undo

    def body(self) -> ComposeResult:
        """The preview and the choices."""
        yield Pager(preview(self._plan, self._undo))
        yield self.gap()
        yield Choices(("back", "Back"), ("bind", "Bind" if self._plan.changes else "Next"))

    def keys(self) -> Keys:
        """Reading comes first."""
        return (("PgDn", "read"), ("Enter", "take"), *COMMON_KEYS)

    def choose(self, key: str) -> None:
        """Bind, or go back."""
        if key == "bind":
            self.post_message(Bind(self._plan))
        else:
            super().choose(key)
