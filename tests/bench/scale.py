"""How the costs grow with the host: many VMs in the picker, many PCI functions in a scan."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.inventory import PciFunction
from serialpass_tui.host import recording
from serialpass_tui.service import Service
from serialpass_tui.sim import machines
from serialpass_tui.tui.app import WizardApp
from serialpass_tui.tui.screens.vms import VmScreen
from tests.bench.recorder import used
from tests.term.stage import with_guests
from tests.tui.conftest import SIZE, Operator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from serialpass_tui.core.inventory import Recording
    from serialpass_tui.core.ports import Clock

MACHINE = "xcp-ng-8.3-bios"
CARD = Bdf.parse("0000:02:00.0")
MOVES = 50
LETTERS = "g-07"
NO_KEY = "f9"
"""A key that the wizard does not know: it costs what pressing keys without a terminal costs."""


class Noon:
    """A clock that stands still."""

    def now(self) -> int:
        """Seconds since the epoch."""
        return 1_764_500_000


@dataclass(frozen=True)
class Picker:
    """Processor milliseconds of the picker: until its rows are seen, a move, a letter."""

    first: float
    move: float
    letter: float


def picker(vms: int) -> Picker:
    """Run the picker headless over a recorded host with so many more VMs."""
    return asyncio.run(_picker(vms))


async def _picker(vms: int) -> Picker:
    record = machines.load(MACHINE)
    pool = with_guests(record, vms)
    record = replace(record, pool=pool)
    app = WizardApp(_service(record))
    async with app.run_test(size=SIZE) as pilot:
        operator = Operator(app, pilot)
        await operator.rest()

        async def cost(*keys: str) -> float:
            begun = time.thread_time()
            for key in keys:
                await pilot.press(key)
            await pilot.pause()
            return 1000 * (time.thread_time() - begun) / max(1, len(keys))

        begun = time.thread_time()
        app.push(VmScreen(app.frame(), pool, pool, (CARD,), ""))
        await pilot.pause()
        first = 1000 * (time.thread_time() - begun)
        await operator.rest()
        assert operator.sees(f"of {len(pool.vms)}"), operator.pane
        harness = await cost(*[NO_KEY] * MOVES)
        move = await cost(*["down"] * MOVES) - harness
        await cost("slash")
        letter = await cost(*(key if key != "-" else "minus" for key in LETTERS)) - harness
        assert operator.sees(f"Search: {LETTERS}"), operator.pane
    return Picker(first, move, letter)


def _service(record: Recording) -> Service:
    clock: Clock = Noon()
    return Service(
        recording.RecordedHost(record),
        recording.RecordedFiles(record),
        recording.RecordedToolstack(record),
        recording.RecordedJournal(),
        clock,
    )


def write_machine(path: Path, functions: int) -> None:
    """Record a host with so many PCI functions: its own, and NICs with many virtual functions."""
    record = machines.load(MACHINE)
    own = record.inventory.pci
    more: list[PciFunction] = []
    for number in range(functions - len(own)):
        bus, place = divmod(number, 255)
        bridge = Bdf(0, 0x40, bus, 0)
        if not place:
            more.append(PciFunction(bridge, 0x8086, 0x1901, 0x060400, driver="pcieport"))
        else:
            nic = Bdf(0, 0x80 + bus, place // 8, place % 8)
            more.append(PciFunction(nic, 0x8086, 0x154C, 0x020000, parents=(bridge,)))
    inventory = replace(record.inventory, pci=tuple(sorted((*own, *more), key=_place)))
    recording.save(path, replace(record, inventory=inventory), redact=False)


def _place(function: PciFunction) -> Bdf:
    return function.bdf


PATIENCE = 15.0
"""Seconds of one scan after which no larger machine is tried: it would take minutes."""


def scans(folder: Path, sizes: Sequence[int]) -> list[tuple[int, float]]:
    """Processor seconds of `scan` for hosts of these sizes, in their order."""
    found: list[tuple[int, float]] = []
    tool = (sys.executable, "-m", "serialpass_tui", "scan", "--machine")
    for size in sizes:
        if found and found[-1][1] > PATIENCE:
            break
        path = folder / f"{size}.json"
        write_machine(path, size)
        seconds, status = used((*tool, str(path)))
        assert status == 0, status
        found.append((size, seconds))
    return found
