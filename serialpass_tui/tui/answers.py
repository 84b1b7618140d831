"""A scripted run through the real screens, on the real terminal, without a person."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import frozen
from serialpass_tui.tui.pane import flat, pane_text

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from serialpass_tui.tui.app import WizardApp

PATIENCE = 20.0
"""Seconds for which a screen without the expected text may rest before the run is given up."""

_LOOK_EVERY = 0.02


@frozen
class Answer:
    """One step of a run: wait for a text, then press keys, then type."""

    expect: str
    keys: tuple[str, ...] = ()
    type: str = ""
    then: tuple[str, ...] = ()
    """Keys after the typing."""


@frozen
class Answers:
    """A whole run; it is at its end when the last text is on the screen."""

    machine: str
    steps: tuple[Answer, ...]
    patience: float = PATIENCE


def load(path: Path, demo: str = "") -> Answers:
    """Read a run, and see that it is one for this machine.

    Raises:
        Problem: `bad-answers` (usage).
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        end = Answer(data["end"]["expect"], tuple(data["end"].get("keys", ())))
        run = Answers(
            data["machine"],
            (*map(_answer, data["steps"]), end),
            float(data.get("patience", PATIENCE)),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _bad(path, f"cannot be read as answers: {error}") from error
    if demo and run.machine != demo:
        raise _bad(path, f"is for --demo {run.machine}, not for {demo}")
    return run


def _answer(step: dict[str, Any]) -> Answer:
    unknown = set(step) - {"expect", "keys", "type", "then"}
    if unknown:
        raise ValueError(f"unknown words {', '.join(sorted(unknown))}")
    return Answer(
        step["expect"],
        tuple(step.get("keys", ())),
        step.get("type", ""),
        tuple(step.get("then", ())),
    )


def _bad(path: Path, why: str) -> Problem:
    return Problem(
        Exit.USAGE,
        "bad-answers",
        f"{printable(str(path))} {printable(why)}.",
        remedy='Write {"machine": NAME, "steps": [{"expect": TEXT, "keys": [KEY], "type": TEXT, '
        '"then": [KEY]}], "end": {"expect": TEXT}}.',
    )


class _Player:
    """Plays a run and remembers where it stuck."""

    def __init__(self, app: WizardApp, answers: Answers) -> None:
        self._app, self._answers = app, answers
        self.stuck = ""

    async def __call__(self, pilot: Pilot[object]) -> None:
        """The autopilot that Textual starts when the app is up."""
        for number, step in enumerate(self._answers.steps, 1):
            if not await self._seen(step.expect):
                self._give_up(number, step)
                return
            for keys in (step.keys, tuple(step.type), step.then):
                if keys:
                    await pilot.press(*keys)
        if self._app.is_running:
            self._app.exit(int(Exit.DONE))

    async def _seen(self, text: str) -> bool:
        """Wait for a text as long as the wizard works or its screen changes."""
        wanted, before, rests_since = flat(text), "", time.monotonic()
        while self._app.is_running:
            now = flat(pane_text(self._app.screen))
            if self._app.is_busy or now != before:
                before, rests_since = now, time.monotonic()
            if not self._app.is_busy and wanted in now:
                return True
            if time.monotonic() - rests_since > self._answers.patience:
                return False
            await asyncio.sleep(_LOOK_EVERY)
        return False

    def _give_up(self, number: int, step: Answer) -> None:
        running = self._app.is_running
        pane = pane_text(self._app.screen) if running else "(the wizard has ended)"
        self.stuck = (
            f"{pane}\nanswers: step {number} expects {step.expect!r}; see the screen above.\n"
        )
        if running:
            self._app.exit(int(Exit.BUG))


def play(app: WizardApp, answers: Answers, *, headless: bool = False) -> int:
    """Run the app with somebody who presses the keys; 1 where it got stuck, with the screen."""
    player = _Player(app, answers)
    status = app.run(mouse=False, headless=headless, auto_pilot=player)
    if player.stuck:
        sys.stderr.write(player.stuck)
        return int(Exit.BUG)
    return int(Exit.BUG) if status is None else status
