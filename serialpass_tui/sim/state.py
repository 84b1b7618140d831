"""What a simulated host remembers: one JSON file, so that a later process goes on with it."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from serialpass_tui.core.bdf import Bdf  # noqa: TC001 (the codec resolves these hints at run time)
from serialpass_tui.core.codec import decode, encode
from serialpass_tui.core.pool import Pool, XlHost  # noqa: TC001
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import frozen, replace

if TYPE_CHECKING:
    from pathlib import Path


@frozen
class State:
    """Everything that changes on a simulated host, its files aside."""

    machine: str
    """A digest of the recording."""
    now: int
    boots: int
    boot_id: str
    boot_time: int
    cmdline: str
    registered: bool
    """Whether the pciback driver is there."""
    taken: tuple[Bdf, ...]
    """The functions that pciback holds."""
    moves: tuple[tuple[Bdf, Bdf], ...] = ()
    file_changed: bool = False
    """Whether the other program of the fault has been at work."""
    lost: str = ""
    """Why the host is gone; empty while it is there."""
    pool: Pool | XlHost | None = None
    backend: dict[str, tuple[Bdf, ...]] | None = None
    """Xenstore's /local/domain/0/backend/pci: the functions of each domain."""
    next_domid: int = 1


class VirtualClock:
    """A time of day that moves when the simulated host makes it move."""

    def __init__(self, now: int = 0) -> None:
        self._now = now

    def now(self) -> int:
        """Seconds since the epoch, as the simulated host has them."""
        return self._now

    def advance(self, seconds: int) -> None:
        """Let time pass; it never goes back."""
        self._now += max(0, seconds)


class Store:
    """The state in memory and on disk; each change is written before it counts."""

    def __init__(self, path: Path, first: State) -> None:
        """Take up the state at `path`, or begin with `first`.

        Raises:
            Problem: `sim-other-machine` when the directory holds another simulated host.
        """
        self._path = path
        self.lock = threading.RLock()
        if not path.exists():
            self._state = first
            self._write()
            return
        self._state = decode(State, json.loads(path.read_text(encoding="utf-8")), "state")
        if self._state.machine != first.machine:
            raise Problem(
                Exit.USAGE,
                "sim-other-machine",
                f"Another simulated host lives in {path.parent}.",
                remedy="Give this one an empty directory.",
            )

    @property
    def state(self) -> State:
        """The present state."""
        return self._state

    def change(self, **fields: Any) -> State:
        """Replace fields of the state and keep it on disk."""
        with self.lock:
            self._state = replace(self._state, **fields)
            self._write()
            return self._state

    def _write(self) -> None:
        text = json.dumps(encode(self._state), indent=1)
        new = self._path.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.replace(self._path)
