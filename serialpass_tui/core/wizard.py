"""The wizard's state: which step is next, which are skipped, and what going back keeps.

The step is a function of the facts, so that a wizard started after the reboot, after a crash or on
a host where half the work was done by hand stands where the work stands.
"""

from __future__ import annotations

from enum import Enum

from serialpass_tui.core.changes import GuestEdit, VmEdit
from serialpass_tui.core.job import Goal
from serialpass_tui.core.verify import Place
from serialpass_tui.lazy import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.job import Job
    from serialpass_tui.core.verify import Standing


class Step(Enum):
    """The screens in their order; the number is the one shown in `Step 3 of 5`."""

    DEVICES = "Devices"
    BOOT = "Boot entry"
    REBOOT = "Reboot"
    HIDDEN = "After the reboot"
    VM = "VM"
    CHECK = "Check"

    @property
    def number(self) -> int:
        """Its number for the operator: the look after the reboot belongs to the reboot."""
        return {
            Step.DEVICES: 1,
            Step.BOOT: 2,
            Step.REBOOT: 3,
            Step.HIDDEN: 3,
            Step.VM: 4,
            Step.CHECK: 5,
        }[self]


STEPS = 5
"""How many steps the operator counts."""


@frozen
class Wizard:
    """What the wizard remembers between two screens; the host's facts are read anew instead."""

    step: Step = Step.DEVICES
    picked: tuple[Bdf, ...] = ()
    vm: str = ""
    """Uuid of the chosen VM; kept when the operator goes back."""
    trail: tuple[Step, ...] = ()
    """The steps before this one, for Back."""
    skipped: tuple[str, ...] = ()
    """Why steps between the last screen and this one were passed over, a sentence each."""


@frozen
class Picked:
    """The operator chose devices; `standings` says where each stands now."""

    standings: tuple[Standing, ...]


@frozen
class Moved:
    """Something was applied, or time passed: the picked devices now stand thus."""

    standings: tuple[Standing, ...]


@frozen
class VmChosen:
    """The operator chose a VM."""

    uuid: str


@frozen
class Bound:
    """The VM's keys are written and the operator goes on to the check."""


@frozen
class Rebooted:
    """The host came back: what became of the devices is shown before anything else."""


@frozen
class Taken:
    """The devices were given to pciback without a reboot."""

    standings: tuple[Standing, ...]


@frozen
class WentOn:
    """The operator read the look after the reboot and goes on."""

    standings: tuple[Standing, ...]


@frozen
class WentBack:
    """The operator goes back one step; nothing is undone by that."""


@frozen
class Finished:
    """The job is at its end or given up; the wizard begins anew."""


Event = Picked | Moved | Rebooted | Taken | WentOn | VmChosen | Bound | WentBack | Finished


def advance(state: Wizard, event: Event) -> Wizard:
    """The state after `event`; an event that does not fit the step changes nothing."""
    match event:
        case Picked(standings):
            picked = tuple(standing.bdf for standing in standings)
            step = next_step(standings)
            return _on_to(replace(state, picked=picked), step, _SKIPPED.get(step, ()))
        case Moved(standings):
            return _on_to(state, next_step(standings))
        case Rebooted():
            # The way back leads past the boot entry and the reboot: both lie before this boot.
            return replace(state, step=Step.HIDDEN, trail=(Step.DEVICES,), skipped=())
        case Taken(standings):
            # Here too: a reboot that is not needed any more is no step to come back to.
            here = replace(state, trail=(Step.DEVICES,))
            step = next_step(standings)
            skipped = _NO_REBOOT if state.step is Step.REBOOT and step is Step.VM else ()
            return replace(here, step=step, skipped=skipped)
        case WentOn(standings) if state.step is Step.HIDDEN:
            return _on_to(state, step_after_look(standings))
        case VmChosen(uuid):
            return replace(state, vm=uuid)
        case Bound() if state.step is Step.VM:
            return _on_to(state, Step.CHECK)
        case WentBack() if state.trail:
            return replace(state, step=state.trail[-1], trail=state.trail[:-1], skipped=())
        case Finished():
            return Wizard()
    return state


_SKIPPED = {
    Step.REBOOT: ("Step 2 has nothing to do: the boot entry already hides what you chose.",),
    Step.VM: ("Steps 2 and 3 have nothing to do: pciback already holds what you chose.",),
}


_NO_REBOOT = ("pciback has the devices: the reboot of step 3 is not needed.",)


def next_step(standings: Sequence[Standing]) -> Step:
    """The step that the picked devices call for, taken together: the earliest that one needs."""
    places = {standing.place for standing in standings}
    if places & {Place.NOT_TAKEN, Place.MOVED, Place.ABSENT, Place.ON_TRIAL}:
        return Step.HIDDEN
    if places & {Place.FREE, Place.LEAVING}:
        return Step.BOOT
    return Step.REBOOT if Place.PENDING in places else Step.VM


def step_after_look(standings: Sequence[Standing]) -> Step:
    """Where the look after the reboot leads on to; it stays where nothing but rollback helps.

    A device that a dom0 driver took first is no reason to stay: XAPI takes it from that driver
    when the VM starts (xapi-project/xen-api ocaml/xenopsd/xc/device.ml, PCI.bind).
    """
    passed = {Place.NOT_TAKEN, Place.ON_TRIAL}
    step = next_step([item for item in standings if item.place not in passed])
    return step if standings else Step.HIDDEN


def resume(job: Job, standings: Sequence[Standing], *, rebooted: bool) -> Wizard:
    """The state in which the wizard takes up an unfinished job.

    After the reboot the operator first sees what came of it, whatever that is; once a VM has the
    device, the check is what is left.
    """
    picked = tuple(device.bdf for device in job.devices)
    state = Wizard(picked=picked, trail=(Step.DEVICES,))
    edits = [change for change in job.applied if isinstance(change, VmEdit | GuestEdit)]
    if job.goal is Goal.GIVE and edits:
        trail = (Step.DEVICES, Step.VM)
        return replace(state, step=Step.CHECK, vm=edits[-1].uuid, trail=trail)
    if job.awaits_reboot:
        return replace(state, step=Step.REBOOT)
    if rebooted:
        return replace(state, step=Step.HIDDEN)
    return replace(state, step=next_step(standings))


def _on_to(state: Wizard, step: Step, skipped: tuple[str, ...] = ()) -> Wizard:
    if step is state.step:
        return replace(state, skipped=skipped)
    return replace(state, step=step, trail=(*state.trail, state.step), skipped=skipped)
