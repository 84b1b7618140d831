"""The time of day."""

from __future__ import annotations

import time


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Seconds since the epoch."""
        return int(time.time())
