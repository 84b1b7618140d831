"""The wizard from afar, by keys, through a real sshd: it outlives the host's reboot and goes on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from serialpass_tui.tui import flow
from serialpass_tui.tui.screens.start import WaitingScreen
from tests.ssh import xen
from tests.ssh.dom0 import open_dom0
from tests.term.seat import RIGHT, Seat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tests.ssh.xen import XenHost
    from tests.tui.conftest import Operator

    Sit = Callable[..., AbstractAsyncContextManager[Operator]]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[XenHost]:
    """A host that goes down as soon as its shutdown is called, and comes up again."""
    monkeypatch.setattr(flow, "_ASK_AGAIN", 0.05)
    with open_dom0(tmp_path / "host", "gnu") as dom0:
        there = xen.build(dom0)
        for name in ("sleep", "shutdown"):
            (dom0.root / "bin" / name).unlink()
        there.tree.file("bin/sleep", "#!/bin/sh\n").chmod(0o755)
        there.tree.file("bin/shutdown", "#!/bin/sh\necho >/button\n").chmod(0o755)
        os.mkfifo(dom0.root / "button")
        firmware = threading.Thread(target=_obey, args=(there,))
        firmware.start()
        try:
            yield there
        finally:
            with contextlib.suppress(OSError):  # nobody waits: it was pressed
                os.close(os.open(dom0.root / "button", os.O_WRONLY | os.O_NONBLOCK))
            firmware.join()


def _obey(host: XenHost) -> None:
    """Wait for the button, once."""
    if (host.dom0.root / "button").read_bytes():
        if (host.dom0.base / "takes-no-key").exists():
            (host.dom0.base / "authorized_keys").write_text("")
        host.reboot()


async def test_the_wizard_waits_for_the_reboot_and_goes_on(host: XenHost, sit_down: Sit) -> None:
    with xen.service_over(host.dom0) as service:
        async with sit_down(service, demo="") as operator:
            assert operator.sees("host xs62"), operator.pane
            await operator.to_reboot()
            assert b"pciback.hide=(0000:02:00.0)" in host.boot_file.read_bytes()
            await operator.reboot("xs62")
            assert operator.sees("Job 1 goes on where it stands."), operator.pane
            await operator.press("enter")
            assert operator.sees("Step 4 of 5: VM"), operator.pane
            await operator.choose_vm("pbx")
            await operator.press("right", "enter")
            assert operator.sees("Step 5 of 5"), operator.pane
    config = (host.dom0.root / "etc/xen/pbx.cfg").read_text()
    assert "pci = [ '0000:02:00.0' ]" in config


async def test_a_host_that_asks_for_a_password_is_left_to_a_new_start(
    host: XenHost, sit_down: Sit
) -> None:
    (host.dom0.base / "takes-no-key").touch()
    with xen.service_over(host.dom0) as service:
        async with sit_down(service, demo="") as operator:
            await operator.to_reboot()
            await operator.reboot("xs62")
            assert operator.sees("The host is up again, and wants more than a key"), operator.pane
            assert operator.sees("start again with the same command"), operator.pane


@pytest.mark.parametrize("key", ["q", "escape"])
async def test_who_leaves_takes_the_job_up_with_the_same_command(
    host: XenHost, sit_down: Sit, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setattr(flow, "_ASK_AGAIN", 600.0)
    with xen.service_over(host.dom0) as service:
        async with sit_down(service, demo="") as operator:
            await operator.to_reboot()
            while not isinstance(operator.app.focused, Input):
                await operator.press("tab")
            await operator.type("xs62")
            operator.app.simulate_key("enter")
            while not isinstance(operator.app.screen, WaitingScreen):
                await operator.pilot.pause()
            operator.app.simulate_key(key)
            operator.app.simulate_key(key)
            while operator.app.is_running:
                await asyncio.sleep(0)
    with xen.service_over(host.dom0) as service:
        async with sit_down(service, demo="") as operator:
            assert operator.sees("Job 1 goes on where it stands."), operator.pane


def test_on_a_terminal_of_80x24_from_the_host_key_to_the_next_boot(host: XenHost) -> None:
    """ssh asks before the wizard is on the screen; what it asked stays above it, in the shell."""
    host.dom0.known_hosts.write_text("")
    command = ("-m", "serialpass_tui", "--no-trial", *xen.command_line(host.dom0))
    with Seat(command) as seat:
        seat.see("continue connecting")
        assert "Devices" not in seat.text
        seat.press(b"yes\r", "Step 1 of 5: Devices", "host xs62", "MosChip PCI")
        assert host.dom0.known_hosts.read_text()
        seat.press(b" ", "[x]")
        seat.press(b"\r", "Step 2 of 5")
        seat.press(RIGHT + b"\r", "Step 3 of 5: Reboot")
        seat.press(b"\t\t\t")
        seat.press(b"xs62", "(xs62): xs62")
        seat.press(b"\r", "The host reboots")
        seat.see("Job 1 goes on where it stands.", "hidden")
        seat.press(b"q", "again quits")
        seat.type(b"q")
        assert 0 == seat.end()
    assert b"pciback.hide=(0000:02:00.0)" in host.boot_file.read_bytes()
