"""A simulated host with everything around it, switched on for the length of a context."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from serialpass_tui.core.pool import XlHost
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import frozen
from serialpass_tui.sim.faults import Faults
from serialpass_tui.sim.files import SimFiles
from serialpass_tui.sim.host import SimHost
from serialpass_tui.sim.state import VirtualClock
from serialpass_tui.sim.wire import serving
from serialpass_tui.sim.xapi import SimXapi
from serialpass_tui.sim.xl import SimXl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serialpass_tui.core.inventory import Recording
    from serialpass_tui.core.ports import Files

_LONGEST_SOCKET = 107  # bytes: sun_path without its NUL (man 7 unix)


@frozen
class SimWorld:
    """What a caller needs to put the product on a simulated host."""

    host: SimHost
    clock: VirtualClock
    root: Path
    """Where the host's files lie; the product's own file code works below it."""
    state_dir: Path
    """For the product's journal; kept from run to run, as the host is."""
    socket_path: str
    """XAPI's socket; there is no such file where the host has no XAPI."""
    xapi: SimXapi
    xl: SimXl | None
    """What runs xl on a host with plain Xen; None where XAPI has the VMs."""

    def files(self, inner: Files) -> SimFiles:
        """The files with the faults of this world in front of `inner`, which works below `root`."""
        return SimFiles(inner, self.host)


@contextlib.contextmanager
def open_world(
    recording: Recording, scratch: Path, faults: Faults | None = None, *, pace: float = 0.0
) -> Iterator[SimWorld]:
    """Switch a simulated host on, or take up the one that lives in `scratch`.

    Args:
        recording: The host as it was recorded.
        scratch: A directory for its files and its state.
        faults: What shall go wrong.
        pace: Seconds that each step of a VM's start takes; 0 for tests.

    Raises:
        Problem: `sim-other-machine`, `sim-socket-path`.
    """
    faults = faults or Faults()
    clock = VirtualClock()
    host = SimHost(recording, scratch, clock, faults=faults)
    state_dir = scratch / "state"
    state_dir.mkdir(mode=0o700, exist_ok=True)
    stopped = threading.Event()
    xapi = SimXapi(host, stopped, pace)
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="serialpass-"))
        socket_path = str(Path(place, "xapi"))
        if len(socket_path.encode()) > _LONGEST_SOCKET:
            raise Problem(
                Exit.FAILED,
                "sim-socket-path",
                f"{place} is too long a name for a socket.",
                remedy="Set TMPDIR to a directory with a short name.",
            )
        plain = isinstance(recording.pool, XlHost)
        xl = SimXl(host, stopped, pace) if plain else None
        if recording.pool is not None and not plain and not faults.xapi_down:
            stack.enter_context(serving(socket_path, xapi.call, stopped, hangs=faults.xapi_hangs))
        yield SimWorld(host, clock, scratch / "root", state_dir, socket_path, xapi, xl)
