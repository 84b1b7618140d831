"""The XAPI adapter over the simulator's wire: what XML-RPC alone can tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serialpass_tui.core.pool import PowerState
from serialpass_tui.sim.world import SimWorld, open_world
from serialpass_tui.toolstack.xapi import Xapi
from tests.sim.lab import HOST, PBX, TWO, recording
from tests.toolstack.test_contract import nothing, problem

if TYPE_CHECKING:
    from pathlib import Path


def test_the_session_tells_which_host_this_is(tmp_path: Path) -> None:
    with open_world(recording(TWO), tmp_path) as world:
        assert HOST == Xapi((world.socket_path,)).pool().this_host


def test_each_step_of_a_start_is_told(xapi: Xapi) -> None:
    seen: list[float] = []
    xapi.set_power(PBX, HOST, PowerState.RUNNING, seen.append)
    assert 5 == len(set(seen))


def test_start_where_xapi_has_no_events(xapi: Xapi, world: SimWorld) -> None:
    del world.xapi.actions["event.from"]
    seen: list[float] = []
    quick = Xapi((world.socket_path,), HOST, poll=0.0)
    quick.set_power(PBX, HOST, PowerState.RUNNING, seen.append)
    assert (PowerState.RUNNING, 1.0) == (xapi.vm(PBX).power_state, seen[-1])


def test_patience_ends(world: SimWorld) -> None:
    hasty = Xapi((world.socket_path,), HOST, patience=0.0)
    late = problem("xapi-task-timeout", hasty.set_power, PBX, HOST, PowerState.RUNNING, nothing)
    assert "still on its way" in late.state
    assert "xe task-cancel" in late.remedy


def test_a_task_that_is_cancelled(xapi: Xapi, world: SimWorld) -> None:
    def cancel(progress: float) -> None:
        for task in world.xapi.tasks.values():
            task.cancel()

    problem("xapi-task-cancelled", xapi.set_power, PBX, HOST, PowerState.RUNNING, cancel)
    assert PowerState.HALTED is xapi.vm(PBX).power_state
