"""Fixtures that more than one layer uses: a service over a simulated host, composed as cli does."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.host.files import LocalFiles
from serialpass_tui.host.journal import StateDirectory
from serialpass_tui.service import Service
from serialpass_tui.sim import machines
from serialpass_tui.sim.faults import Faults
from serialpass_tui.sim.world import open_world
from serialpass_tui.toolstack.xapi import Xapi
from serialpass_tui.toolstack.xl import Xl
from tests.installs import program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from serialpass_tui.core.inventory import Recording
    from serialpass_tui.core.ports import Files, Journal
    from serialpass_tui.sim.world import SimWorld
    from serialpass_tui.toolstack.xe import Xe


@dataclass(frozen=True)
class Stage:
    """A simulated host and the parts that a service over it is made of."""

    world: SimWorld
    files: Files
    toolstack: Xapi | Xl | Xe

    @property
    def service(self) -> Service:
        """A service as a newly started program has it."""
        return self.service_with(StateDirectory(self.world.state_dir, self.world.root))

    def service_with(self, journal: Journal) -> Service:
        """A service with another journal than the usual one."""
        return Service(
            self.world.host,
            self.files,
            self.toolstack,
            journal,
            self.world.clock,
            running=lambda: program(self.world.root.parent),
        )

    def vm_uuid(self, name: str) -> str:
        """The uuid of a VM by its name-label."""
        return next(vm.uuid for vm in self.toolstack.pool().vms if vm.name == name)

    def boot_bytes(self) -> bytes:
        """The boot file in force, as it is now."""
        boot = self.service.scan().boot
        assert boot is not None
        return self.files.read(boot.path)


OpenStage = "Callable[..., Stage]"


@pytest.fixture
def open_stage(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Opens a stage on a machine by name; closed at the test's end."""
    with contextlib.ExitStack() as stack:
        count = 0

        def opener(
            name: str = "xcp-ng-8.3-bios",
            faults: Faults | None = None,
            recording: Recording | None = None,
        ) -> Stage:
            nonlocal count
            count += 1
            scratch = tmp_path / f"world-{count}"
            scratch.mkdir()
            host = recording or machines.load(name)
            world = stack.enter_context(open_world(host, scratch, faults or Faults()))
            files = world.files(LocalFiles(world.root))
            toolstack: Xapi | Xl = Xapi([world.socket_path], timeout=5.0)
            if world.xl is not None:
                folder, here = world.root / "etc/xen", host.inventory.hostname
                toolstack = Xl(world.xl.run, files, folder, here, root=world.root, poll=0.01)
            return Stage(world, files, toolstack)

        yield opener
