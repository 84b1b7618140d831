"""How far a slow line may be behind."""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING

import pytest
from rich.cells import get_character_cell_size as width_of
from textual._compositor import CompositorUpdate

from serialpass_tui.term.cells import Canvas
from serialpass_tui.term.glyphs import Glyphs
from serialpass_tui.term.pace import LEAD, Pace
from serialpass_tui.term.painter import Painter
from serialpass_tui.tui.app import WizardApp
from tests.term.stage import staged
from tests.tui.conftest import Operator

if TYPE_CHECKING:
    from serialpass_tui.service import Service


def test_a_line_without_a_speed_takes_all() -> None:
    pace = Pace()
    pace.sent(10**9, 0.0)
    assert inf == pace.room(0.0)


@pytest.mark.parametrize("speed", [300, 9600, 115200])
def test_never_more_than_a_moment_is_under_way(speed: int) -> None:
    pace, now, sent, most = Pace(speed), 5.0, 0, 0.0
    for _ in range(1000):
        room = int(pace.room(now))
        pace.sent(room, now)
        sent += room
        most = max(most, room)
        now += pace.delay()
    assert most <= LEAD * speed / 10
    assert sent <= (now - 5.0 + LEAD) * speed / 10
    assert sent >= (now - 5.0 - LEAD) * speed / 10


def test_what_the_kernel_holds_back_counts() -> None:
    pace = Pace(9600)
    assert pace.room(1.0) == pytest.approx(96)
    assert pace.room(1.0, queued=60) == pytest.approx(36)
    assert 0 == pace.room(1.0, queued=4000)


async def held(service: Service, keys: int) -> list[str]:
    """The screens of the VM list, before Down and after each of so many."""
    app = WizardApp(service, demo="yes")
    async with app.run_test(size=(80, 24)) as pilot:
        operator = Operator(app, pilot)
        await operator.rest()
        await operator.to_vm()
        found: list[str] = []
        for _ in range(keys + 1):
            update = app.screen._compositor.render_update(full=True)
            assert isinstance(update, CompositorUpdate)
            x, y = app.cursor_position
            found.append(f"{update.render_segments(app.console)}\x1b[{y + 1};{x + 1}H")
            app.simulate_key("down")
            await pilot.pause()
        return found


@pytest.fixture(scope="module")
def screens(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Those of the wizard on a host with 200 VMs."""
    with staged(tmp_path_factory.mktemp("host"), 200) as service:
        return asyncio.run(held(service, 90))


@pytest.mark.parametrize("rate", [10, 30])
def test_after_an_arrow_was_held_for_three_seconds_the_screen_is_soon_right(
    screens: list[str], rate: int
) -> None:
    """Counted, not timed: what is sent after the last key fits into half a second at 9600 baud.

    30 rows a second are more than the line carries.
    """
    wanted = Canvas(80, 24, Glyphs.CP437, 8, width_of)
    painter, pace, now = Painter(), Pace(9600), 0.0

    def send(until: float) -> int:
        nonlocal now
        sent = 0
        while now < until:
            space = pace.room(now)
            if space:
                text, _ = painter.paint(wanted, space)
                pace.sent(len(text), now)
                sent += len(text)
            now += pace.delay()
        return sent

    wanted.write(screens[0])
    send(10.0)
    keys = 3 * rate
    for key in range(1, keys + 1):
        wanted.write(screens[key])
        if key < keys:
            send(10.0 + key / rate)
    under_way = max(0.0, pace._busy_until - now) * 960
    assert under_way + send(now + 10.0) <= 480
    assert ("", True) == painter.paint(wanted)
