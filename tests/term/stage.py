"""The wizard over a simulated host that outlives it: `python -m tests.term.stage DIR VMS [TERMINAL]`.

VMS is how many halted VMs the host has beside those of the recording.
"""

from __future__ import annotations

import contextlib
import os
import sys
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from serialpass_tui.core.pool import Pool, PowerState, Vm
from serialpass_tui.host.files import LocalFiles
from serialpass_tui.host.journal import StateDirectory
from serialpass_tui.service import Service
from serialpass_tui.sim import machines
from serialpass_tui.sim.world import open_world
from serialpass_tui.term import line, profile, terminfo
from serialpass_tui.toolstack.xapi import Xapi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serialpass_tui.core.inventory import Recording

PACE = 0.1


@contextlib.contextmanager
def staged(folder: Path, more: int) -> Iterator[Service]:
    """A service over that host."""
    recording = machines.load("xcp-ng-8.3-bios")
    recording = replace(recording, pool=with_guests(recording, more))
    with open_world(recording, folder, pace=PACE) as world:
        yield Service(
            world.host,
            world.files(LocalFiles(world.root)),
            Xapi([world.socket_path]),
            StateDirectory(world.state_dir),
            world.clock,
        )


def with_guests(recording: Recording, more: int) -> Pool:
    """The pool of a recording, and so many halted VMs."""
    assert isinstance(recording.pool, Pool)
    guests = tuple(
        Vm(str(uuid.UUID(int=0x1234 << 112 | n)), f"guest-{n:04}", PowerState.HALTED)
        for n in range(more)
    )
    return replace(recording.pool, vms=(*recording.pool.vms, *guests))


def main(folder: str, count: str, wanted: str = "auto") -> int:
    """Run it."""
    from serialpass_tui.tui.app import run_wizard

    terminal = profile.choose(os.environ, line.look(1), wanted, terminfo.colours)
    with staged(Path(folder), int(count)) as service:
        return run_wizard(service, terminal, demo="stage", trying=False)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
