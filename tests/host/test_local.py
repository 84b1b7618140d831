"""The real host behind the port: the commands it runs and what it makes of their answers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.inventory import Inventory
from serialpass_tui.errors import Problem
from serialpass_tui.host.clock import SystemClock
from serialpass_tui.host.commands import Completed
from serialpass_tui.host.local import LocalHost, backend_entries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from serialpass_tui.core.ports import Clock, Host

LISTING = """\
frontend = "/local/domain/7/device/pci/0"
online = "1"
dev-10 = "0000:05:00.0"
dev-0 = "0000:02:00.0"
dev-1 = "0000:00:1d.0"
vdev-0 = "0000:00:1e.0"
opts-0 = "msitranslate=1"
note = "x
dev-7 = 0000:07:00.0"
"""


@dataclass
class Programs:
    """Answers in place of programs."""

    answer: Completed
    ran: list[tuple[str, ...]] = field(default_factory=list)

    def run(self, argv: Sequence[str]) -> Completed:
        self.ran.append(tuple(argv))
        return self.answer


def host(root: Path, status: int, stdout: str = "", stderr: str = "") -> tuple[Host, Programs]:
    programs = Programs(Completed((), status, stdout, stderr))
    inventory = Inventory("h", "k", "c", "b", 1, uefi=False)
    return LocalHost(root, read=lambda _: inventory, run=programs.run), programs


@pytest.mark.parametrize("systemd", [True, False])
def test_the_init_system_restarts_the_host(tmp_path: Path, systemd: bool) -> None:
    if systemd:
        (tmp_path / "run/systemd/system").mkdir(parents=True)
    local, programs = host(tmp_path, 0)
    local.reboot()
    argv = ("systemctl", "reboot") if systemd else ("/sbin/shutdown", "-r", "now")
    assert [argv] == programs.ran


def test_a_reboot_that_is_refused(tmp_path: Path) -> None:
    local, _ = host(tmp_path, 1, stderr="warning\nmust be root\n")
    with pytest.raises(Problem) as caught:
        local.reboot()
    assert "reboot-failed" == caught.value.code
    assert caught.value.summary.endswith("must be root")


def test_the_devices_of_a_backend_by_number(tmp_path: Path) -> None:
    local, programs = host(tmp_path, 0, LISTING)
    found = [bdf.short for bdf in local.backend_devices(7)]
    assert ["02:00.0", "00:1d.0", "05:00.0"] == found
    assert [("xenstore-ls", "/local/domain/0/backend/pci/7/0")] == programs.ran


def test_no_backend_is_no_device(tmp_path: Path) -> None:
    text = "xenstore-ls: xs_directory (/local/domain/0/backend/pci/7/0): No such file or directory"
    assert () == host(tmp_path, 1, stderr=text)[0].backend_devices(7)


@pytest.mark.parametrize(
    "text", ["xenstore-ls: xs_open: No such file or directory", "Permission denied", ""]
)
def test_no_xenstore_is_a_failure(tmp_path: Path, text: str) -> None:
    with pytest.raises(Problem) as caught:
        host(tmp_path, 1, stderr=text)[0].backend_devices(7)
    assert "xenstore-failed" == caught.value.code


def test_an_empty_backend() -> None:
    assert () == backend_entries('num_devs = "0"\n')
    assert (Bdf(0, 2, 0, 0),) == backend_entries('dev-0 = "0000:02:00.0"\n')


def test_facts_and_boot_id(tmp_path: Path) -> None:
    place = tmp_path / "proc/sys/kernel/random/boot_id"
    place.parent.mkdir(parents=True)
    place.write_text("a-b-c\n")
    local, _ = host(tmp_path, 0)
    assert ("a-b-c", "h") == (local.boot_id(), local.inventory().hostname)


def test_the_clock_is_the_machines() -> None:
    clock: Clock = SystemClock()
    assert abs(clock.now() - time.time()) < 5
