"""The wizard driven by keys alone, at 80x24, over a simulated host."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from textual.events import Key
from textual.widgets import Input
from textual.worker import WorkerCancelled

from serialpass_tui.tui.app import WizardApp
from serialpass_tui.tui.pane import flat, pane_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from textual.pilot import Pilot

    from serialpass_tui.service import Service

SIZE = (80, 24)
HOST = "xcp1.example"
_TURNS = 60
"""Turns of the event loop: more than any key needs to reach the screen that it opens."""


@dataclass
class Operator:
    """Somebody at the keyboard, who waits until the wizard rests after each key."""

    app: WizardApp
    pilot: Pilot[int]

    async def rest(self) -> None:
        """Wait until no work is under way and the screen stays as it is.

        Pilot calls an app idle when it gets no processor time, which a loaded machine can deny it:
        so every task gets its turns first, and the screen must be the same twice.
        """
        before = ""
        while self.app.is_running:
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            if self.app.is_busy:
                # A worker that is followed by the next one in its group counts as cancelled.
                with contextlib.suppress(WorkerCancelled):
                    await self.app.workers.wait_for_complete()
                continue
            await self.pilot.pause()
            now = self.pane
            if now.strip() and now == before and not self.app.is_busy:
                return
            before = now

    async def press(self, *keys: str) -> None:
        for key in keys:
            if not self.app.is_running:
                break
            self.app.simulate_key(key)
            await self.rest()

    async def type(self, text: str) -> None:
        for letter in text:
            name = {".": "full_stop", "-": "minus", "[": "left_square_bracket"}.get(letter, letter)
            self.app.post_message(Key(name, letter))
        await self.rest()

    @property
    def pane(self) -> str:
        return pane_text(self.app.screen)

    def sees(self, text: str) -> bool:
        return flat(text) in flat(self.pane)

    def names(self, path: str) -> bool:
        """Whether a path is on the screen, broken where a line ends or not."""
        return path in "".join(self.pane.split())

    # --- the way through the steps

    async def to_boot_entry(self) -> None:
        await self.press("space", "enter")
        assert self.sees("Step 2 of 5"), self.pane

    async def to_reboot(self) -> None:
        await self.to_boot_entry()
        await self.press("right", "enter")
        assert self.sees("Step 3 of 5: Reboot"), self.pane

    async def reboot(self, host: str = HOST) -> None:
        """Go to the field behind the choices, however many they are, and type the name."""
        while not isinstance(self.app.focused, Input):
            await self.press("tab")
        await self.type(host)
        await self.press("enter")

    async def to_vm(self) -> None:
        await self.to_reboot()
        await self.reboot()
        if self.sees("The trial boot"):
            await self.press("right")
        await self.press("enter")
        assert self.sees("Step 4 of 5"), self.pane

    async def choose_vm(self, name: str) -> None:
        await self.press("slash")
        await self.type(name)
        await self.press("enter", "enter")

    async def to_check(self, name: str = "pbx") -> None:
        await self.to_vm()
        await self.choose_vm(name)
        await self.press("right", "enter")
        assert self.sees("Step 5 of 5"), self.pane


Sit = "Callable[..., AbstractAsyncContextManager[Operator]]"


@pytest.fixture
def sit_down() -> Callable[..., AbstractAsyncContextManager[Operator]]:
    """Starts the wizard over a service."""

    @contextlib.asynccontextmanager
    async def start(
        service: Service,
        *,
        size: tuple[int, int] = SIZE,
        demo: str = "yes",
        trying: bool = False,
    ) -> AsyncIterator[Operator]:
        app = WizardApp(service, demo=demo, trying=trying)
        async with app.run_test(size=size) as pilot:
            operator = Operator(app, pilot)
            await operator.rest()
            yield operator

    return start
