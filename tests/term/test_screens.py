"""Every screen of the wizard on every kind of terminal: what is shown is what was meant."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from itertools import pairwise

import pyte
import pytest
from rich.cells import get_character_cell_size as width_of
from textual._compositor import CompositorUpdate

from serialpass_tui.host.files import LocalFiles
from serialpass_tui.host.journal import StateDirectory
from serialpass_tui.service import Service
from serialpass_tui.sim import machines
from serialpass_tui.sim.faults import Faults
from serialpass_tui.sim.world import open_world
from serialpass_tui.term.cells import Canvas
from serialpass_tui.term.glyphs import Glyphs, shown
from serialpass_tui.term.line import Line
from serialpass_tui.term.painter import Painter
from serialpass_tui.term.profile import NAMES, Profile, choose
from serialpass_tui.toolstack.xapi import Xapi
from serialpass_tui.tui.app import WizardApp
from serialpass_tui.tui.pane import pane_text
from tests.term.linux_console import LinuxConsole
from tests.tui.conftest import HOST, Operator

LOCALES = ("C", "POSIX", "en_US.UTF-8")


@dataclass(frozen=True)
class Shot:
    """A screen as Textual writes it, and as a person reads it."""

    name: str
    data: str
    text: tuple[str, ...]
    cursor: tuple[int, int]
    focus: str
    """The class of the widget with the focus."""


def shot(operator: Operator, name: str) -> Shot:
    app = operator.app
    update = app.screen._compositor.render_update(full=True)
    assert isinstance(update, CompositorUpdate)
    x, y = app.cursor_position
    data = f"{update.render_segments(app.console)}\x1b[{y + 1};{x + 1}H"
    focus = type(app.screen.focused).__name__
    lines = pane_text(app.screen).split("\n")
    return Shot(name, data, tuple(f"{line:<80}" for line in lines), (x, y), focus)


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> list[Shot]:
    """The story of a card, with a look at everything beside the way."""
    scratch = tmp_path_factory.mktemp("world")
    with open_world(machines.load("xcp-ng-8.3-bios"), scratch, Faults()) as world:
        service = Service(
            world.host,
            world.files(LocalFiles(world.root)),
            Xapi([world.socket_path]),
            StateDirectory(world.state_dir),
            world.clock,
        )
        return asyncio.run(walk(WizardApp(service, demo="yes", trying=False)))


async def walk(app: WizardApp) -> list[Shot]:
    """Take every screen."""
    found: list[Shot] = []
    async with app.run_test(size=(80, 24)) as pilot:
        operator = Operator(app, pilot)
        await operator.rest()
        for name, *keys in (
            ("devices",),
            ("a refused card", "down"),
            ("why not", "space"),
            ("help", "question_mark"),
            ("back", "escape"),
            ("no job", "r"),
            ("devices again", "escape", "up"),
            ("ticked", "space"),
            ("boot entry", "enter"),
            ("second page", "pagedown"),
            ("commands", "c"),
            ("choice", "c", "right"),
            ("reboot", "enter"),
            ("reboot later", "tab"),
            ("without a reboot", "tab"),
            ("reboot typed", "tab", f"type {HOST}"),
            ("hidden", "enter"),
            ("vms", "enter"),
            ("a vm", "down", "down"),
            ("strange vm", "down"),
            ("search", "slash"),
            ("found", "p", "b"),
            ("nothing found", "z"),
            ("bind", "escape", "slash", "p", "b", "x", "enter", "enter"),
            ("bind chosen", "right"),
            ("check", "enter"),
            ("started", "right", "enter"),
            ("jobs", "r"),
            ("undo", "enter"),
        ):
            for key in keys:
                if key.startswith("type "):
                    await operator.type(key.removeprefix("type "))
                else:
                    await operator.press(key)
            found.append(shot(operator, name))
    return found


def painted(shots: list[Shot], profile: Profile) -> list[tuple[Shot, Canvas, str]]:
    """The shots with what a canvas holds of each, and the bytes that lead there."""
    painter, found = Painter(), []
    for one in shots:
        canvas = Canvas(80, 24, profile.glyphs, profile.colours, width_of)
        canvas.write(one.data)
        text, done = painter.paint(canvas)
        assert done
        found.append((one, canvas, text))
    return found


def as_shown(line: str, glyphs: Glyphs) -> str:
    """A line of a screen with the glyphs that a terminal has in place of those it lacks."""
    found = "".join(shown(char, width_of(char), glyphs)[0] for char in line if width_of(char))
    return f"{found:<80}"


def profile_of(term: str, locale: str) -> Profile:
    return choose({"TERM": term, "LANG": locale}, Line(), "auto", lambda _name: None)


def test_a_linux_console_shows_every_screen_and_nothing_else(shots: list[Shot]) -> None:
    for profile in (profile_of("linux", "C"), profile_of("linux", "C.UTF-8")):
        console = LinuxConsole()
        console.feed(profile.opening.encode())
        for one, canvas, text in painted(shots, profile):
            console.feed(text.encode())
            expected = [as_shown(line, profile.glyphs) for line in one.text]
            assert expected == console.display, one.name
            assert one.cursor == (console.x, console.y) == canvas.cursor
            for row in console.cells:
                for cell in row:
                    assert cell.char == " " or cell.fg != cell.bg, (one.name, cell)
        console.feed(profile.closing.encode())
        assert console.is_as_found
        assert {" " * 80} == set(console.display)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("term", [name for name in NAMES if name != "linux"])
def test_other_terminals_show_every_screen(shots: list[Shot], term: str, locale: str) -> None:
    profile = profile_of(term, locale)
    screen = pyte.Screen(80, 24)
    stream = pyte.ByteStream(screen)
    stream.feed(profile.opening.encode())
    for one, _, text in painted(shots, profile):
        assert profile.glyphs is Glyphs.UNICODE or text.isascii()
        assert profile.colours or not re.search(r"\x1b\[[0-9;]*[34][0-7]m", text)
        stream.feed(text.encode())
        assert [as_shown(line, profile.glyphs) for line in one.text] == screen.display, (
            one.name,
            text,
        )
        assert one.cursor == (screen.cursor.x, screen.cursor.y)
    stream.feed(profile.closing.encode())
    assert not "".join(screen.display).strip()


def test_the_cursor_is_at_what_a_key_would_act_on(shots: list[Shot]) -> None:
    seen = set()
    for one, canvas, _ in painted(shots, profile_of("linux", "C")):
        seen.add(one.focus)
        x, y = one.cursor
        at = one.text[y]
        match one.focus:
            case "Table":
                # The cursor covers what names the row: the box and the address of a device.
                name = at[1:19] if at[1] == "[" else at[1:].split("  ")[0]
                row = canvas.rows[y]
                assert all(look.reverse for _, look in row[1 : 1 + len(name)]), one.name
                assert not any(look.reverse for _, look in canvas.rows[y + 1]), one.name
            case "Choice":
                assert at[x - 1 :].startswith("[>"), one.name
            case "Input":
                assert re.match(r".*: *\S*$", at[:x]), one.name
                assert not at[x:].strip() or "press / to type" in at, one.name
            case "Pager":
                assert at.startswith(" -- lines"), one.name
            case _:
                assert (x, y) == (1, 2), one.name
    assert {"Table", "Choice", "Input", "NoneType"} <= seen


def test_no_state_is_told_by_colour_alone(shots: list[Shot]) -> None:
    """Without colours two different screens still differ, and none has a coloured blank."""
    seen = painted(shots, profile_of("vt100", "C"))
    for (one, before, _), (two, after, _) in pairwise(seen):
        if one.data != two.data:
            assert (before.rows, before.cursor) != (after.rows, after.cursor), two.name
    for one, canvas, _ in painted(shots, profile_of("linux", "C")):
        for y, row in enumerate(canvas.rows):
            for x, (_, look) in enumerate(row):
                assert look.bg == -1 or one.cursor == (x, y), one.name
