"""The wizard of a second operator, while another process holds the lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.inventory import DeviceId
from serialpass_tui.core.job import Goal, LockFile
from serialpass_tui.tui.screens.start import at_work
from tests.test_plain import card
from tests.test_two_operators import everything, first_operator

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.conftest import Stage
    from tests.tui.conftest import Operator

    Sit = Callable[..., AbstractAsyncContextManager[Operator]]


@pytest.mark.parametrize("has_open_job", [False, True])
async def test_the_second_wizard_looks_and_writes_nothing(
    open_stage: Callable[..., Stage], sit_down: Sit, has_open_job: bool
) -> None:
    stage = open_stage()
    service = stage.service
    if has_open_job:
        scan, bdfs = service.scan(), card(stage)
        devices = [DeviceId.of(f) for f in scan.inventory.pci if f.bdf in bdfs]
        changes = service.plan_hide(scan, add=bdfs).edits
        service.open_job(Goal.HIDE, "hide", devices, changes)
    before = everything(stage.world.root), everything(stage.world.state_dir)
    with first_operator(stage.world.state_dir) as who:
        async with sit_down(service) as operator:
            assert operator.sees("Step 1 of 5"), operator.pane
            assert operator.sees(f"P{who} is at work: you may look, not change."), operator.pane
            await operator.to_boot_entry()
            await operator.press("right", "enter")
            assert operator.sees("Code locked"), operator.pane
            assert operator.sees(who), operator.pane
            assert operator.sees("Nothing was changed."), operator.pane
            await operator.press("escape")
            assert operator.sees("Step 2 of 5"), operator.pane
            await operator.press("r")
            assert not operator.sees("locked"), operator.pane
        assert before == (everything(stage.world.root), everything(stage.world.state_dir))


async def test_when_the_first_is_gone_the_second_looks_again_and_writes(
    open_stage: Callable[..., Stage], sit_down: Sit
) -> None:
    stage = open_stage()
    with first_operator(stage.world.state_dir) as who:
        operating = sit_down(stage.service)
        operator = await operating.__aenter__()
        assert operator.sees(who), operator.pane
    await operator.press("l")
    assert not operator.sees("is at work"), operator.pane
    await operator.to_reboot()
    await operating.__aexit__(None, None, None)


def test_who_is_at_work_is_said_safely_in_one_line() -> None:
    assert "" == at_work(None)
    assert at_work(LockFile("", "", held=True, age_s=0)).startswith("Another process is at work")
    told = at_work(LockFile("1\x1b[2J" + "9" * 90, "/dev/" + "x" * 90, held=True, age_s=0))
    assert len(told) <= 90
    assert "\x1b" not in told
