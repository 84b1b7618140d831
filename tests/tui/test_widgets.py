"""The widgets by themselves: what is painted, and how little of it."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from serialpass_tui.tui.lines import Line
from serialpass_tui.tui.pane import pane_text
from serialpass_tui.tui.widgets.bar import Bar, keys_line
from serialpass_tui.tui.widgets.choices import Choice, Choices
from serialpass_tui.tui.widgets.pager import Pager, position
from serialpass_tui.tui.widgets.table import Column, Row, Table


class Bench(App[None]):
    """One table of 5,000 rows, a long text, two choices."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []
        self.taken: list[str] = []

    def compose(self) -> ComposeResult:
        yield Table((Column("N", 6), Column("Name")))
        yield Pager(Line(f"line {n}") for n in range(1, 101))
        yield Choices(("a", "One"), ("b", "Two"))

    def row(self, index: int) -> Row:
        self.asked.append(index)
        return Row((str(index), f"[red]vm-{index}[/]"))

    def on_mount(self) -> None:
        self.query_one(Table).fill(5000, self.row)

    def on_choice_pressed(self, event: Choice.Pressed) -> None:
        self.taken.append(event.key)


async def test_a_table_makes_only_the_rows_that_are_seen() -> None:
    app = Bench()
    async with app.run_test(size=(80, 25)) as pilot:
        await pilot.pause()
        room = app.query_one(Table).size.height - 1
        assert set(app.asked) <= set(range(room))
        assert f" {room} of 5000 seen" in pane_text(app.screen)
        app.asked.clear()
        await pilot.press("down")
        await pilot.pause()
        assert {0, 1} == set(app.asked)
        app.asked.clear()
        await pilot.press("end")
        await pilot.pause()
        assert set(range(5000 - room, 5000)) == set(app.asked)
        assert "[red]vm-4999[/]" in pane_text(app.screen)
        await pilot.press("pageup", "home", "up")
        assert 0 == app.query_one(Table).cursor


async def test_the_terminals_cursor_follows_the_row() -> None:
    app = Bench()
    async with app.run_test(size=(80, 25)) as pilot:
        await pilot.pause()
        await pilot.press("down", "down")
        assert (0, 3) == app.query_one(Table).pointed


async def test_an_empty_table_bears_all_keys() -> None:
    app = Bench()
    async with app.run_test(size=(80, 25)) as pilot:
        app.query_one(Table).fill(0, app.row)
        await pilot.press("down", "end", "pagedown", "home", "up", "enter", "space")
        assert 0 == app.query_one(Table).cursor


async def test_a_pager_says_which_part_is_seen() -> None:
    app = Bench()
    async with app.run_test(size=(80, 25)) as pilot:
        await pilot.pause()
        await pilot.press("tab")
        pager = app.query_one(Pager)
        assert pager.has_focus
        room = pager.size.height - 1
        assert position(1, room, 100) in pane_text(app.screen)
        await pilot.press("pagedown", "down")
        assert position(room + 1, 2 * room, 100) in pane_text(app.screen)
        await pilot.press("end")
        assert position(101 - room, 100, 100) in pane_text(app.screen)
        assert "line 100" in pane_text(app.screen)
        await pilot.press("home", "up")
        assert "line 1" in pane_text(app.screen)
        pager.show([Line("short")])
        await pilot.pause()
        assert "for more" not in pane_text(app.screen)
        assert not pager.can_focus


async def test_keys_in_one_packet_act_on_the_choice_that_has_the_focus_by_then() -> None:
    app = Bench()
    async with app.run_test(size=(80, 25)) as pilot:
        await pilot.press("tab", "tab")
        assert "[>One<]  [ Two ]" in pane_text(app.screen)
        app.simulate_key("right")
        app.simulate_key("enter")
        await pilot.pause()
        assert ["b"] == app.taken
        await pilot.press("right", "enter", "left", "left", "space")
        assert ["b", "b", "a"] == app.taken


@pytest.mark.parametrize(
    ("first", "last", "total", "keys"),
    [(1, 5, 9, "<PgDn>"), (3, 7, 9, "<PgUp/PgDn>"), (5, 9, 9, "<PgUp>")],
)
def test_position(first: int, last: int, total: int, keys: str) -> None:
    assert f"-- lines {first} to {last} of {total}, {keys} for more --" == position(
        first, last, total
    )


def test_position_behind_a_table_that_takes_the_key() -> None:
    assert "-- lines 1 to 5 of 9, <Tab> <PgDn> for more --" == position(1, 5, 9, tab=True)


async def test_a_table_takes_the_focus_only_where_it_has_more_rows_than_are_seen() -> None:
    app = Bench()
    async with app.run_test(size=(80, 25)) as pilot:
        table = app.query_one(Table)
        for rows, focus in ((8, False), (9, True)):
            table.show_at_most(8, rows)
            table.fill(rows, app.row)
            await pilot.pause()
            assert (9, focus, focus) == (table.size.height, table.can_focus, table.pages)


def test_keys_in_angle_brackets() -> None:
    assert " <Esc> back  <q> quit" == keys_line((("Esc", "back"), ("q", "quit")))


async def test_the_right_end_of_a_bar_stays_whole() -> None:
    class Title(App[None]):
        def compose(self) -> ComposeResult:
            yield Bar("a very long title " * 9, "DEMO ")

    app = Title()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        first = pane_text(app.screen).split("\n")[0]
        assert first.endswith("~DEMO")
        assert 79 == len(first)
