"""Which step is next: a table over where the picked devices stand."""

from __future__ import annotations

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.changes import Change, FileEdit, Reboot, VmEdit
from serialpass_tui.core.inventory import DeviceId
from serialpass_tui.core.job import Goal, Job, Progress
from serialpass_tui.core.verify import Place, Standing
from serialpass_tui.core.wizard import (
    STEPS,
    Bound,
    Finished,
    Moved,
    Picked,
    Rebooted,
    Step,
    Taken,
    VmChosen,
    WentBack,
    WentOn,
    Wizard,
    advance,
    next_step,
    resume,
    step_after_look,
)

A, B = Bdf.parse("0000:02:00.0"), Bdf.parse("0000:05:00.0")


def at(place: Place, bdf: Bdf = A) -> Standing:
    bound = place in {Place.HIDDEN, Place.LEAVING, Place.ASSIGNED}
    driver = "pciback" if bound else "serial"
    return Standing(bdf, "card", False, False, bound, driver, (), place, "why", "next")


@pytest.mark.parametrize(
    ("places", "step"),
    [
        ([Place.FREE], Step.BOOT),
        ([Place.PENDING], Step.REBOOT),
        ([Place.HIDDEN], Step.VM),
        ([Place.ASSIGNED], Step.VM),
        ([Place.LEAVING], Step.BOOT),
        ([Place.NOT_TAKEN], Step.HIDDEN),
        ([Place.MOVED], Step.HIDDEN),
        ([Place.ABSENT], Step.HIDDEN),
        ([Place.HIDDEN, Place.FREE], Step.BOOT),
        ([Place.PENDING, Place.FREE], Step.BOOT),
        ([Place.PENDING, Place.HIDDEN], Step.REBOOT),
        ([Place.FREE, Place.ABSENT], Step.HIDDEN),
    ],
)
def test_next_step(places: list[Place], step: Step) -> None:
    assert step is next_step([at(place) for place in places])


@pytest.mark.parametrize(
    ("places", "step"),
    [
        ([Place.HIDDEN], Step.VM),
        ([Place.NOT_TAKEN], Step.VM),
        ([Place.NOT_TAKEN, Place.HIDDEN], Step.VM),
        ([Place.NOT_TAKEN, Place.FREE], Step.BOOT),
        ([Place.FREE], Step.BOOT),
        ([Place.PENDING], Step.REBOOT),
        ([Place.MOVED], Step.HIDDEN),
        ([], Step.HIDDEN),
    ],
)
def test_step_after_look(places: list[Place], step: Step) -> None:
    assert step is step_after_look([at(place) for place in places])


def test_the_whole_way_and_back() -> None:
    state = advance(Wizard(), Picked((at(Place.FREE), at(Place.FREE, B))))
    assert (Step.BOOT, (A, B), ()) == (state.step, state.picked, state.skipped)
    state = advance(state, Moved((at(Place.PENDING),)))
    assert (Step.REBOOT, ()) == (state.step, state.skipped)
    assert Step.BOOT is advance(state, WentBack()).step
    state = advance(state, Rebooted())
    assert (Step.HIDDEN, (Step.DEVICES,)) == (state.step, state.trail)
    state = advance(state, WentOn((at(Place.HIDDEN),)))
    state = advance(advance(state, VmChosen("uuid")), Bound())
    assert Step.CHECK is state.step
    for step in (Step.VM, Step.HIDDEN, Step.DEVICES, Step.DEVICES):
        state = advance(state, WentBack())
        assert (step, (A, B), "uuid") == (state.step, state.picked, state.vm)
    assert Wizard() == advance(state, Finished())


@pytest.mark.parametrize(
    ("place", "step", "words"),
    [(Place.HIDDEN, Step.VM, "Steps 2 and 3"), (Place.PENDING, Step.REBOOT, "Step 2")],
)
def test_a_step_passed_over_says_so(place: Place, step: Step, words: str) -> None:
    state = advance(Wizard(), Picked((at(place),)))
    assert step is state.step
    assert state.skipped[0].startswith(words)
    assert () == advance(state, WentBack()).skipped


@pytest.mark.parametrize("event", [Bound(), WentOn((at(Place.HIDDEN),)), WentBack()])
def test_an_event_that_does_not_fit_changes_nothing(event: Bound | WentOn | WentBack) -> None:
    assert Wizard() == advance(Wizard(), event)


@pytest.mark.parametrize(
    ("before", "place", "step", "said"),
    [
        (Step.REBOOT, Place.HIDDEN, Step.VM, True),
        (Step.HIDDEN, Place.HIDDEN, Step.VM, False),
        (Step.HIDDEN, Place.ASSIGNED, Step.VM, False),
        (Step.REBOOT, Place.PENDING, Step.REBOOT, False),
    ],
)
def test_taking_at_once_leads_past_the_reboot_and_not_back_to_it(
    before: Step, place: Place, step: Step, said: bool
) -> None:
    state = advance(Wizard(before, (A,), trail=(Step.DEVICES, Step.BOOT)), Taken((at(place),)))
    assert (step, (Step.DEVICES,), said) == (state.step, state.trail, bool(state.skipped))
    assert not said or "the reboot of step 3 is not needed" in state.skipped[0]


def job(changes: list[Change], applied: int, goal: Goal = Goal.GIVE) -> Job:
    waiting = len(changes) - applied
    progress = (Progress.APPLIED,) * applied + (Progress.WAITING,) * waiting
    devices = (DeviceId(A, 0x9710, 0x9922, 0, 0),)
    return Job("7", 0, goal, "title", devices, "", tuple(changes), progress)


EDIT, REBOOT = FileEdit("/boot/x", b"a", b"b"), Reboot("boot")
KEY = VmEdit("uuid", "pbx", "other-config:pci", None, "0/0000:02:00.0")


@pytest.mark.parametrize(
    ("held", "place", "step"),
    [
        (job([EDIT, REBOOT], 0), Place.FREE, Step.BOOT),
        (job([EDIT, REBOOT], 1), Place.PENDING, Step.REBOOT),
        (job([EDIT, REBOOT], 2), Place.HIDDEN, Step.HIDDEN),
        (job([EDIT, REBOOT], 2), Place.FREE, Step.HIDDEN),
        (job([EDIT, REBOOT, KEY], 3), Place.ASSIGNED, Step.CHECK),
        (job([KEY], 0), Place.HIDDEN, Step.VM),
        (job([EDIT, REBOOT], 1, Goal.ROLLBACK), Place.LEAVING, Step.REBOOT),
    ],
)
def test_resume(held: Job, place: Place, step: Step) -> None:
    rebooted = REBOOT in held.applied
    state = resume(held, [at(place)], rebooted=rebooted)
    assert (step, (A,)) == (state.step, state.picked)
    assert ("uuid" if step is Step.CHECK else "") == state.vm
    assert Step.DEVICES is state.trail[0]


def test_the_operator_counts_five_steps() -> None:
    assert list(range(1, STEPS + 1)) == sorted({step.number for step in Step})
