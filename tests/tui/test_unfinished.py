"""Jobs that were cut off between two changes, and jobs of the subcommands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.changes import Change, FileEdit, Reboot
from serialpass_tui.core.inventory import DeviceId
from serialpass_tui.core.job import Goal, Outcome
from tests.installs import furnish

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.conftest import Stage
    from tests.tui.conftest import Operator

    Sit = Callable[..., AbstractAsyncContextManager[Operator]]
    Open = Callable[..., Stage]

CARD = (Bdf.parse("0000:02:00.0"), Bdf.parse("0000:02:00.1"))


def devices(stage: Stage) -> list[DeviceId]:
    found = (stage.service.scan().inventory.function(bdf) for bdf in CARD)
    return [DeviceId.of(function) for function in found if function is not None]


def cut_off(stage: Stage) -> None:
    """A bind of the subcommands that was planned and killed before its first key."""
    service = stage.service
    plan = service.plan_bind(service.scan(), stage.vm_uuid("pbx"), CARD, start=False)
    service.open_job(Goal.BIND, "bind to pbx", devices(stage), plan.changes)


def keys(stage: Stage) -> str | None:
    return stage.toolstack.vm(stage.vm_uuid("pbx")).pci


@pytest.mark.parametrize(
    ("moves", "value", "outcome"),
    [
        ([], None, None),
        (["right"], "0/0000:02:00.0,0/0000:02:00.1", Outcome.DONE),
        (["right", "right"], None, Outcome.ABANDONED),
    ],
)
async def test_go_on_close_or_not_now(
    open_stage: Open, sit_down: Sit, moves: list[str], value: str | None, outcome: Outcome | None
) -> None:
    stage = open_stage()
    cut_off(stage)
    async with sit_down(stage.service) as operator:
        assert operator.sees("Job 1 was cut off")
        assert operator.sees("Left set other-config:pci of VM pbx")
        assert operator.pane.endswith("<q> quit")
        await operator.press(*moves, "enter")
        assert operator.sees("Step 1 of 5"), operator.pane
    assert value == keys(stage)
    assert outcome is stage.service.job("1").outcome


async def test_the_tools_own_job_is_left_to_the_prompt(open_stage: Open, sit_down: Sit) -> None:
    """Gone on with, an uninstall would take away the program that paints the next screen."""
    stage = open_stage()
    furnish(stage.world.root)
    plan = stage.service.plan_install()
    stage.service.open_job(Goal.INSTALL, "install", [], plan.changes)
    async with sit_down(stage.service) as operator:
        assert operator.sees("`serialpass-tui install` or `uninstall` at a prompt")
        assert not operator.sees("Go on")
        await operator.press("right", "enter")
        assert operator.sees("Step 1 of 5"), operator.pane
    assert Outcome.ABANDONED is stage.service.job("1").outcome


async def test_rolling_back_what_never_began(open_stage: Open, sit_down: Sit) -> None:
    stage = open_stage()
    cut_off(stage)
    async with sit_down(stage.service) as operator:
        await operator.press("right", "right", "right", "enter")
        assert operator.sees("there is nothing to undo"), operator.pane
        await operator.press("right", "enter")
        assert operator.sees("Step 1 of 5")
    assert Outcome.ABANDONED is stage.service.job("1").outcome


async def test_escape_leaves_it_for_later(open_stage: Open, sit_down: Sit) -> None:
    stage = open_stage()
    cut_off(stage)
    async with sit_down(stage.service) as operator:
        await operator.press("escape")
        assert operator.sees("Step 1 of 5")
    assert stage.service.job("1").is_open


async def test_a_hide_of_the_subcommands_waits_for_its_reboot(
    open_stage: Open, sit_down: Sit
) -> None:
    stage = open_stage()
    service = stage.service
    scan = service.scan()
    plan = service.plan_hide(scan, add=CARD)
    edit = FileEdit(plan.path, plan.before, plan.after)
    changes: list[Change] = [edit, Reboot(scan.inventory.boot_id)]
    service.run(service.open_job(Goal.HIDE, "hide 02:00", devices(stage), changes))
    async with sit_down(stage.service) as operator:
        assert operator.sees("Step 3 of 5: Reboot")
        assert operator.sees("Job 1 goes on where it stands")
        await operator.reboot()
        assert operator.sees("Hidden from dom0, and ready for a VM")
        await operator.press("enter")
        await operator.choose_vm("pbx")
        await operator.press("right", "enter")
        assert operator.sees("VM pbx is bound")
    assert [Outcome.DONE, None] == [job.outcome for job in stage.service.jobs()]


async def test_a_repair_of_the_doctor_waits_for_its_reboot(open_stage: Open, sit_down: Sit) -> None:
    stage = open_stage("xenserver-6.2-blanks")
    scan = stage.service.scan()
    stage.service.repair(scan, stage.service.diagnose(scan))
    async with sit_down(stage.service) as operator:
        assert operator.sees("Step 3 of 5: Reboot"), operator.pane
        await operator.reboot("xs62.example")
        assert operator.sees("Hidden from dom0, and ready for a VM"), operator.pane
    assert [Outcome.DONE] == [job.outcome for job in stage.service.jobs()]


async def test_an_empty_history_says_so(open_stage: Open, sit_down: Sit) -> None:
    async with sit_down(open_stage().service) as operator:
        await operator.press("r")
        assert operator.sees("No job was done on this host yet")
        assert operator.pane.endswith("<q> quit")
        await operator.press("r", "enter", "escape")
        assert operator.sees("Step 1 of 5")


async def test_what_is_rolled_back_is_not_rolled_back_again(
    open_stage: Open, sit_down: Sit
) -> None:
    async with sit_down(open_stage().service) as operator:
        await operator.to_reboot()
        await operator.press("r", "enter", "right", "enter")
        assert operator.sees("Job 1 is rolled back.")
        assert not operator.sees("One reboot")
        await operator.press("r", "enter")
        assert operator.sees("A rollback is not rolled back")
        await operator.press("down", "enter")
        assert operator.sees("It is rolled back already.")
