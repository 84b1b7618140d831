"""The trial boot in the wizard, by keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serialpass_tui.sim.faults import Faults
from tests.test_service import first_card

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.conftest import Stage
    from tests.tui.conftest import Operator

    Open = Callable[..., Stage]
    Sit = Callable[..., AbstractAsyncContextManager[Operator]]

LOADERS = ("xcp-ng-8.3-bios", "xenserver-6.2-procedure")
HOSTS = {"xcp-ng-8.3-bios": "xcp1.example", "xenserver-6.2-procedure": "xs62.example"}


async def to_the_trial(operator: Operator, name: str) -> None:
    """From the list of devices into the trial boot."""
    await operator.to_boot_entry()
    assert operator.sees("This is tried in one boot, and kept afterwards"), operator.pane
    assert operator.sees("Trial    Entry serialpass-trial"), operator.pane
    assert operator.sees("[ Write the trial entry ]"), operator.pane
    await operator.press("right", "enter")
    assert operator.sees("Step 3 of 5: Reboot"), operator.pane
    assert operator.sees("The trial entry is written, boots once, and was read back."), (
        operator.pane
    )
    assert operator.sees("The next boot is the trial entry's, once."), operator.pane
    await operator.reboot(HOSTS[name])


@pytest.mark.parametrize("name", LOADERS)
async def test_a_trial_is_kept(open_stage: Open, sit_down: Sit, name: str) -> None:
    stage = open_stage(name)
    plain = stage.service.plan_hide(stage.service.scan(), add=first_card(stage.service))
    async with sit_down(stage.service, trying=True) as operator:
        await to_the_trial(operator, name)
        assert operator.sees("The trial boot: the device is hidden, and the host is well")
        assert operator.sees("XAPI answers: yes"), operator.pane
        assert operator.sees("To keep it, this is written to"), operator.pane
        assert operator.sees("[>Look again<] [ Keep it ] [ Give it up ]"), operator.pane
        assert operator.names(stage.service.undo_place(stage.service.job("1"))), operator.pane
        await operator.press("enter")
        assert operator.sees("The trial boot: the device is hidden, and the host is well")
        assert plain.after != stage.boot_bytes()
        await operator.press("right", "enter")
        assert operator.sees("Step 4 of 5: VM"), operator.pane
        assert operator.sees("The default boot entry hides it from now on."), operator.pane
    assert plain.after == stage.boot_bytes()


async def test_the_next_start_goes_on_in_the_trial_boot(open_stage: Open, sit_down: Sit) -> None:
    stage = open_stage()
    async with sit_down(stage.service, trying=True) as operator:
        await to_the_trial(operator, LOADERS[0])
    async with sit_down(stage.service, trying=True) as operator:
        assert operator.sees("The trial boot: the device is hidden"), operator.pane
        assert operator.sees("Job 1 goes on where it stands."), operator.pane


@pytest.mark.parametrize("name", LOADERS)
async def test_a_kernel_that_panics_is_told_and_tried_again_or_given_up(
    open_stage: Open, sit_down: Sit, name: str
) -> None:
    stage = open_stage(name, Faults(trial_panics=True))
    first = stage.boot_bytes()
    async with sit_down(stage.service, trying=True) as operator:
        await to_the_trial(operator, name)
        assert operator.sees("This host runs as before the trial"), operator.pane
        await operator.press("tab", "enter")
        assert operator.sees("Step 2 of 5"), operator.pane
        await operator.press("right", "enter")
        assert operator.sees("The next boot is the trial entry's, once."), operator.pane
        await operator.reboot(HOSTS[name])
        assert operator.sees("This host runs as before the trial"), operator.pane
        await operator.press("right", "right", "enter")
        assert operator.sees("Undo of job 1"), operator.pane
        await operator.press("right", "enter")
        assert operator.sees("Job 1 is rolled back."), operator.pane
    assert first == stage.boot_bytes()


async def test_nobody_kept_it(open_stage: Open, sit_down: Sit) -> None:
    stage = open_stage()
    async with sit_down(stage.service, trying=True) as operator:
        await to_the_trial(operator, LOADERS[0])
    stage.world.host.reboot()
    async with sit_down(stage.service, trying=True) as operator:
        assert operator.sees("This host runs as before the trial"), operator.pane
        assert operator.sees("nobody kept it"), operator.pane


async def test_giving_up_in_the_trial_boot_asks_for_the_reboot(
    open_stage: Open, sit_down: Sit
) -> None:
    stage = open_stage()
    first = stage.boot_bytes()
    async with sit_down(stage.service, trying=True) as operator:
        await to_the_trial(operator, LOADERS[0])
        await operator.press("right", "right", "enter")
        assert operator.sees("Undo of job 1"), operator.pane
        await operator.press("right", "enter")
        assert operator.sees("One reboot is still needed"), operator.pane
        await operator.reboot()
        assert operator.sees("dom0 has it back"), operator.pane
    assert first == stage.boot_bytes()


@pytest.mark.parametrize("keys", [("t",), ("right", "right", "enter")])
async def test_the_plain_way_is_one_key_away(
    open_stage: Open, sit_down: Sit, keys: tuple[str, ...]
) -> None:
    stage = open_stage()
    async with sit_down(stage.service, trying=True) as operator:
        await operator.to_boot_entry()
        await operator.press(*keys)
        assert operator.sees("This is written to the boot entry"), operator.pane
        assert operator.sees("[ Try it first ]"), operator.pane
        await operator.press("t")
        assert operator.sees("This is tried in one boot"), operator.pane


async def test_the_plain_way_takes_the_order_of_a_trial_back(
    open_stage: Open, sit_down: Sit
) -> None:
    stage = open_stage()
    plain = stage.service.plan_hide(stage.service.scan(), add=first_card(stage.service))
    async with sit_down(stage.service, trying=True) as operator:
        await operator.to_boot_entry()
        await operator.press("right", "enter")
        assert not operator.sees("Without a reboot"), operator.pane
        await operator.press("escape", "t", "right", "enter")
        assert operator.sees("Step 3 of 5: Reboot"), operator.pane
        assert plain.after == stage.boot_bytes()
        await operator.reboot()
        assert operator.sees("Hidden from dom0, and ready for a VM"), operator.pane
    for job in stage.service.undoable():
        stage.service.rollback(stage.service.plan_rollback(job), reboot=False)
    assert plain.before == stage.boot_bytes()
    stage.world.host.reboot()
    assert "serialpass.trial" not in stage.service.scan().inventory.cmdline


async def test_why_there_is_no_trial_stands_on_the_screen(open_stage: Open, sit_down: Sit) -> None:
    async with sit_down(open_stage("oxford-quad-bridge").service, trying=True) as operator:
        await operator.to_boot_entry()
        assert operator.sees("This is written to the boot entry"), operator.pane
        assert operator.sees("A trial boot cannot be had here"), operator.pane
        assert operator.sees("lies on LVM"), operator.pane
