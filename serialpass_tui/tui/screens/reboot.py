"""Step 3: the one thing that cannot be taken back, so it is asked for in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal
from textual.widgets import Input

from serialpass_tui.core.changes import FileEdit
from serialpass_tui.core.job import Goal
from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.text import printable
from serialpass_tui.core.trial import Stage
from serialpass_tui.core.wizard import Step
from serialpass_tui.tui.lines import Ink, Line, fact, facts
from serialpass_tui.tui.messages import RebootHost, RebootLater, ShowTake
from serialpass_tui.tui.screens.base import COMMON_KEYS, Frame, Keys, WizardScreen, place_of
from serialpass_tui.tui.screens.boot_entry import TRIAL_ENDS, rescue
from serialpass_tui.tui.screens.hidden import is_giving
from serialpass_tui.tui.widgets.bar import Bar
from serialpass_tui.tui.widgets.choices import Choice, Choices
from serialpass_tui.tui.widgets.pager import Pager

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.app import ComposeResult

    from serialpass_tui.core.boot import HidePlan
    from serialpass_tui.core.job import Job
    from serialpass_tui.core.pool import Pool, Vm
    from serialpass_tui.service import Scan


_LONG_NAME = 30
"""Characters of a host name beyond which the line that asks for it has no room to type it in."""


def consequences(scan: Scan, plan: HidePlan | None, job: Job | None) -> tuple[Line, ...]:
    """What the reboot does to whom, and the way back if the host does not come up."""
    lines = list(_vms(scan))
    if scan.pool is not None:
        lines += _pool(scan.pool)
    is_trial = scan.trial(job) is Stage.AHEAD
    if is_trial:
        lines.append(fact("Trial", "The next boot is the trial entry's, once.", Ink.STRONG))
        lines.append(fact("Rescue", TRIAL_ENDS))
    elif plan is not None:
        lines += rescue(plan)
    for change in job.changes if job is not None else ():
        if isinstance(change, FileEdit) and change.backup_path:
            lines.append(
                fact("Backup", f"{printable(change.backup_path)} holds the file as it was.")
            )
    if job is None or job.goal is not Goal.ROLLBACK:
        undo = f"serialpass-tui rollback {job.id}" if job is not None else "serialpass-tui rollback"
        what = (
            "trial back at any time"
            if is_trial
            else "edit back, also after a boot of the rescue entry"
        )
        lines.append(fact("Undo", f"`{undo}` takes the {what}."))
    return tuple(lines)


def _vms(scan: Scan) -> Iterable[Line]:
    pool, xl = scan.pool, scan.toolstack == "xl"
    if pool is None:
        silent = "xl" if xl else "XAPI"
        yield fact(
            "VMs",
            f"{silent} does not answer, so nobody knows which VMs run. All of them stop.",
            Ink.WARN,
        )
        return
    here = [
        vm
        for vm in pool.vms
        if vm.resident_on == pool.this_host and vm.power_state is not PowerState.HALTED
    ]
    if not here:
        yield fact("VMs", "No VM runs on this host.", Ink.GOOD)
        return
    yield fact("VMs", f"{len(here)} {'runs' if len(here) == 1 else 'run'} on this host:", Ink.WARN)
    fates: dict[str, list[str]] = {}
    for vm in here:
        fates.setdefault(fate(pool, vm), []).append(printable(vm.name, 40))
    yield from facts("", (f"{', '.join(names)}: {what}" for what, names in fates.items()))
    by_hand = "xl shutdown -w NAME" if xl else "xe vm-shutdown uuid=..."
    yield fact("", f"Shut down first what has to stop cleanly: {by_hand}")


def fate(pool: Pool, vm: Vm) -> str:
    """What becomes of one running VM.

    At shutdown XAPI moves away what can move, asks the rest to shut down and after a minute pulls
    the plug (xapi-project/xen-api ocaml/xapi/vm_evacuation.ml). With plain Xen the xendomains
    service decides (xen-project/xen tools/hotplug/Linux/xendomains.in).
    """
    if pool.toolstack == "xl":
        return (
            "saved or shut down if the xendomains service is on, else cut off; started again if "
            "it was saved or /etc/xen/auto names it"
        )
    if vm.power_state is PowerState.SUSPENDED:
        return "stays suspended"
    ending = "shut down, cut off after 60 s, and not started again by itself"
    if vm.ha_protected:
        return f"{ending}, unless HA restarts it on another host"
    if len(pool.hosts) > 1 and vm.pci is None:
        return f"moved to another host if it can, else {ending}"
    return ending


def _pool(pool: Pool) -> Iterable[Line]:
    if pool.ha_enabled:
        yield fact(
            "HA",
            "High availability is on: XAPI may refuse the reboot. Then disable HA first "
            "(xe pool-ha-disable) and enable it again afterwards.",
            Ink.WARN,
        )
    if pool.is_master and len(pool.hosts) > 1:
        yield fact(
            "Pool",
            "This host is the pool master: until it is back, xe works on no host of the pool.",
            Ink.WARN,
        )


class RebootScreen(WizardScreen):
    """The reboot, now or later."""

    STEP = Step.REBOOT

    def __init__(self, frame: Frame, scan: Scan, plan: HidePlan | None, job: Job | None) -> None:
        super().__init__(frame, place_of(Step.REBOOT), "The host has to reboot")
        self._lines = consequences(scan, plan, job)
        # What a trial is ahead of has no entry yet that would keep the devices.
        self._giving = is_giving(job) and scan.trial(job) is not Stage.AHEAD
        self._host = printable(self.frame.host)
        if len(self._host) > _LONG_NAME:
            self._lines = (fact("Host", self._host), *self._lines)
            self._host = "the name after Host above"

    def body(self) -> ComposeResult:
        """Consequences, the name to be typed, the choices."""
        yield Pager(self._lines)
        yield self.gap()
        take = (("take", "Without a reboot"),) if self._giving else ()
        yield Choices(("back", "Back"), ("later", "Later, by hand"), *take)
        yield self.gap()
        with Horizontal(id="ask"):
            question = f"To reboot now, type the host name ({self._host}): "
            label = Bar(question, ink=Ink.PLAIN, name="question")
            label.styles.width = len(question)
            yield label
            field = Input(compact=True, select_on_focus=False, id="host-name")
            field.cursor_blink = False
            yield field

    def keys(self) -> Keys:
        """The field takes letters: Esc leaves it."""
        return (("Tab", "move"), ("Enter", "take"), *COMMON_KEYS)

    def leave_field(self) -> bool:
        """Esc in the field only leaves it."""
        if isinstance(self.focused, Input):
            self.focused.value = ""
            self.set_focus(self.query(Choice).first())
            return True
        return False

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Reboot if it is the host's name."""
        if event.value.strip() == self.frame.host:
            self.post_message(RebootHost())
        else:
            self.say(f"Not this host's name. Type {self._host}, or <Esc> goes back.")

    def choose(self, key: str) -> None:
        """Later, not at all, or back."""
        if key == "later":
            self.post_message(RebootLater())
        elif key == "take":
            self.post_message(ShowTake())
        else:
            super().choose(key)
