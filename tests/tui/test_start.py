"""Until the host is read: nothing where that is quick, a screen that says so where it is not."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from serialpass_tui.tui.app import WizardApp
from serialpass_tui.tui.screens.devices import DevicesScreen
from serialpass_tui.tui.screens.start import StartScreen
from tests.tui.conftest import SIZE, Operator

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from serialpass_tui.service import Scan
    from tests.conftest import Stage


async def test_a_host_that_takes_long_to_read_is_said_to(
    open_stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = open_stage().service
    read, go_on = service.scan, threading.Event()

    def slowly() -> Scan:
        go_on.wait()
        return read()

    monkeypatch.setattr(service, "scan", slowly)
    app = WizardApp(service)
    async with app.run_test(size=SIZE) as pilot:
        try:
            while not isinstance(app.screen, StartScreen):
                await asyncio.sleep(0)
            operator = Operator(app, pilot)
            await pilot.pause()
            assert operator.sees("The host is being read"), operator.pane
            assert "Reading the host..." == app.screen.said
        finally:
            go_on.set()
        await operator.rest()
        assert isinstance(app.screen, DevicesScreen)
        await operator.press("escape")
        assert operator.sees("This is the first step."), operator.pane
