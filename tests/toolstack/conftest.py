from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serialpass_tui.sim.world import open_world
from serialpass_tui.toolstack.xapi import Xapi
from serialpass_tui.toolstack.xe import Xe
from tests.sim.lab import HOST, recording
from tests.toolstack.fake_xe import FakeXe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from serialpass_tui.core.ports import Toolstack
    from serialpass_tui.sim.world import SimWorld

    Ask = Callable[..., Toolstack]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SimWorld]:
    with open_world(recording(), tmp_path / "sim") as opened:
        yield opened


@pytest.fixture
def xapi(world: SimWorld) -> Xapi:
    return Xapi((world.socket_path,), HOST, timeout=5.0)


def over_rpc(world: SimWorld, host: str = HOST) -> Toolstack:
    return Xapi((world.socket_path,), host, timeout=5.0)


def over_xe(world: SimWorld, host: str = HOST) -> Toolstack:
    return Xe(FakeXe(world.socket_path).run, host, timeout=5.0)


@pytest.fixture(params=[over_rpc, over_xe])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Both ways of asking the XAPI of a world."""
    way: Ask = request.param
    return way


@pytest.fixture
def toolstack(world: SimWorld, ask: Ask) -> Toolstack:
    return ask(world)
