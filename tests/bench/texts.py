"""The wizard's screens as plain text, for programs that shall show the same.

They are taken from the wizard itself while its keys are pressed, so that they cannot differ.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from textual.widgets import Input

from serialpass_tui.tui.app import WizardApp
from serialpass_tui.tui.lines import columns, fit, wrap
from serialpass_tui.tui.screens.base import WizardScreen
from serialpass_tui.tui.screens.devices import DevicesScreen
from serialpass_tui.tui.screens.devices import details as card_details
from serialpass_tui.tui.screens.devices import gist as card_gist
from serialpass_tui.tui.screens.listing import GIST
from serialpass_tui.tui.screens.vms import VmScreen
from serialpass_tui.tui.screens.vms import details as vm_details
from serialpass_tui.tui.screens.vms import gist as vm_gist
from serialpass_tui.tui.widgets.bar import keys_line
from serialpass_tui.tui.widgets.choices import Choice
from serialpass_tui.tui.widgets.pager import Pager
from tests.tui.conftest import HOST, SIZE, Operator

if TYPE_CHECKING:
    from pathlib import Path

    from serialpass_tui.service import Service
    from serialpass_tui.tui.lines import Line

WIDTH = 78
"""Columns of the body: one is left free at each side."""


def write(path: Path, service: Service, chosen: str) -> None:
    """Walk through the wizard, and write what it shows as JSON for `programs/steps.py`; `chosen` is the VM."""
    path.write_text(json.dumps(asyncio.run(_walk(service, chosen))))


async def _walk(service: Service, chosen: str) -> list[dict[str, object]]:
    app, seen = WizardApp(service, demo="bench", trying=False), []
    async with app.run_test(size=SIZE) as pilot:
        operator = Operator(app, pilot)
        await operator.rest()
        seen.append(_screen(app.screen))
        await operator.to_boot_entry()
        seen.append(_screen(app.screen))
        await operator.press("right", "enter")
        seen.append(_screen(app.screen))
        await operator.reboot()
        seen.append(_screen(app.screen))
        await operator.press("enter")
        seen.append(_screen(app.screen))
        await operator.choose_vm(chosen)
        seen.append(_screen(app.screen))
        await operator.press("right", "enter")
        seen.append(_screen(app.screen))
    return seen


def _screen(screen: object) -> dict[str, object]:
    assert isinstance(screen, WizardScreen)
    left, right = screen.frame.title(screen._place)
    pager = screen.query_one("#body Pager", Pager)
    shown: dict[str, object] = {
        "title": fit(left, SIZE[0] - len(right)) + right,
        "headline": screen._headline,
        "notice": screen.frame.notice,
        "keys": keys_line(screen.keys()),
        "height": pager.size.height,
        "choices": [choice._label for choice in screen.query(Choice)],
        "search": isinstance(screen, VmScreen),
        "question": "",
    }
    if isinstance(screen, DevicesScreen | VmScreen):
        table = screen._table
        widths = table._widths(WIDTH)
        shown["head"] = columns(widths, [head.title for head in table._heads])
        shown["rows"] = [
            columns(widths, screen._row(index).cells).rstrip() for index in range(table._count)
        ]
        shown["named"] = len(columns(widths[: table._named_by], [""] * table._named_by))
        shown["room"] = table._room
    # First what stands below the list until Space asks for the text of a row.
    shown["texts"] = texts = [_lines(pager._lines)]
    if isinstance(screen, DevicesScreen):
        shown["gists"] = [fit(card_gist(card), GIST).rstrip() for card in screen._cards]
        texts += [_lines(card_details(card)) for card in screen._cards]
    elif isinstance(screen, VmScreen):
        found = [(vm, screen._findings(vm)) for vm in screen._all]
        shown["gists"] = [fit(vm_gist(*pair), GIST).rstrip() for pair in found]
        texts += [_lines(vm_details(*pair)) for pair in found]
    elif screen.query(Input):
        shown["question"] = f"To reboot now, type the host name ({HOST}): "
        shown["answer"] = HOST
    return shown


def _lines(lines: tuple[Line, ...]) -> list[str]:
    return [line.text for line in wrap(lines, WIDTH)]
