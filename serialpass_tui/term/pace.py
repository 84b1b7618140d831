"""How much may be sent now, so that the line is never more than a moment behind."""

from __future__ import annotations

from math import inf

LEAD = 0.1
"""Seconds of the line's time that may be under way: what a key pressed now has to wait for."""

_LEAST = 16
"""Characters below which sending is not worth a turn."""

_BITS = 10
"""A character on an asynchronous line: start bit, eight data bits, stop bit."""


class Pace:
    """The time until which a line of that speed is busy.

    A speed of 0 bits per second is a line that takes all.
    """

    def __init__(self, speed: int = 0) -> None:
        self._rate = speed / _BITS
        self._busy_until = 0.0

    def room(self, now: float, queued: int = 0) -> float:
        """Characters that may be sent now; `queued` are known to wait in the line's own queue."""
        if not self._rate:
            return inf
        late = max(self._busy_until - now, queued / self._rate, 0.0)
        room = (LEAD - late) * self._rate
        return room if room >= min(_LEAST, LEAD / 2 * self._rate) else 0.0

    @property
    def limited(self) -> bool:
        """Whether the line has a speed."""
        return self._rate > 0

    def delay(self) -> float:
        """Seconds after which it is worth to ask again."""
        return LEAD / 2

    def sent(self, count: int, now: float) -> None:
        """Take note of characters that were sent."""
        if self._rate:
            self._busy_until = max(self._busy_until, now) + count / self._rate
