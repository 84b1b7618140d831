"""How far a slow line may be behind."""

from __future__ import annotations

from math import inf

import pytest
from rich.cells import get_character_cell_size as width_of

from serialpass_tui.term.cells import Canvas
from serialpass_tui.term.glyphs import Glyphs
from serialpass_tui.term.pace import LEAD, Pace
from serialpass_tui.term.painter import Painter


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


@pytest.mark.parametrize(("rate", "most"), [(10, 480), (30, 1250)])
def test_after_an_arrow_was_held_for_three_seconds_the_screen_is_soon_right(
    rate: int, most: int
) -> None:
    """Counted, not timed: what is sent after the last key fits into half a second at 9600 baud.

    30 rows a second are more than the line carries; then it is one page of the list.
    """
    names = [f"[ ] 0000:{n:02x}:00.0  {'abcdefgh'[n % 8] * 30}  free" for n in range(200)]
    wanted = Canvas(80, 24, Glyphs.CP437, 8, width_of)
    painter, pace, now, room = Painter(), Pace(9600), 0.0, 20

    def show(cursor: int) -> None:
        top = max(0, cursor - room + 1)
        for y in range(room):
            look = "7" if top + y == cursor else "0"
            wanted.write(f"\x1b[{y + 2};2H\x1b[{look}m{names[top + y]:<78}\x1b[m")
        wanted.write(f"\x1b[{cursor - top + 2};2H")

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

    show(0)
    send(10.0)
    keys = 3 * rate
    for key in range(1, keys + 1):
        show(key)
        if key < keys:
            send(10.0 + key / rate)
    under_way = max(0.0, pace._busy_until - now) * 960
    assert under_way + send(now + 10.0) <= most
    assert ("", True) == painter.paint(wanted)
