"""Signals wait for the end of a change: half of one is the worst place to stop."""

from __future__ import annotations

from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Pauses:
    """Where a run may be stopped: between two changes, never within one."""

    def __init__(self) -> None:
        self._within = False
        self._waiting: list[Callable[[], None]] = []

    @contextmanager
    def change(self) -> Iterator[None]:
        """While one change is made and journalled; then whatever waited for its end is done."""
        self._within = True
        try:
            yield
        finally:
            self._within = False
            waiting, self._waiting = self._waiting, []
            for act in waiting:
                act()

    def call(self, act: Callable[[], None]) -> None:
        """Do it now, or as soon as the change in hand is at its end."""
        if self._within:
            self._waiting.append(act)
        else:
            act()
