"""The thread that paints: the newest screen, as fast as the line takes it.

Textual's side never waits: it only changes the canvas. What was not sent yet when the next screen
comes is never sent.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from serialpass_tui.term import tty

if TYPE_CHECKING:
    from collections.abc import Callable

    from serialpass_tui.term.cells import Canvas
    from serialpass_tui.term.pace import Pace
    from serialpass_tui.term.painter import Painter

SETTLE = 0.02
"""Seconds of silence after which a screen counts as painted: Textual paints it in parts."""

SETTLE_AT_MOST = 0.1

PATIENCE = 1.0
"""Seconds that the end waits for a terminal that takes nothing any more."""


class Output:
    """Paints a canvas on a terminal, in a thread of its own."""

    def __init__(
        self,
        fd: int,
        canvas: Canvas,
        painter: Painter,
        pace: Pace,
        *,
        lost: Callable[[], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._fd, self._canvas, self._painter, self._pace = fd, canvas, painter, pace
        self._lost, self._failed = lost, failed
        self._changed = threading.Condition()
        self._dirty_since: float | None = None
        self._written_at = 0.0
        self._closing: str | None = None
        self._thread: threading.Thread | None = None

    # --- Textual's side

    def write(self, data: str) -> None:
        """Take what Textual paints."""
        with self._changed:
            self._canvas.write(data)
            self._mark_dirty()

    def repaint(self) -> None:
        """Send everything anew: what the terminal shows is not what was sent."""
        with self._changed:
            self._painter.forget()
            self._mark_dirty()

    def resize(self, width: int, height: int) -> None:
        """Take another size; Textual paints everything then."""
        with self._changed:
            self._painter.forget()
            if (width, height) == (self._canvas.width, self._canvas.height):
                self._mark_dirty()
            else:
                self._canvas.resize(width, height)

    def start(self, opening: str) -> None:
        """Prepare the terminal, and paint from now on."""
        self._closing = None
        self._painter.forget()
        self._dirty_since = None
        self._thread = threading.Thread(
            target=self._run, args=(opening,), name="console-output", daemon=True
        )
        self._thread.start()

    def stop(self, closing: str, unblock: Callable[[], None]) -> None:
        """Paint no more, and leave the terminal in order, also one that had stopped the output."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        with self._changed:
            self._closing = closing
            self._changed.notify()
        thread.join(PATIENCE)
        if thread.is_alive():
            unblock()
            thread.join(PATIENCE)

    def _mark_dirty(self) -> None:
        self._written_at = time.monotonic()
        if self._dirty_since is None:
            self._dirty_since = self._written_at
            self._changed.notify()

    # --- the thread

    def _run(self, opening: str) -> None:
        try:
            self._send(opening)
            self._paint()
            self._send(self._await_closing())
        except OSError:
            self._lost()

    def _paint(self) -> None:
        try:
            while self._wait_for_change():
                self._send(self._next())
        except OSError:
            raise
        except Exception as error:
            self._failed(error)

    def _await_closing(self) -> str:
        with self._changed:
            self._changed.wait_for(lambda: self._closing is not None)
            return self._closing or ""

    def _wait_for_change(self) -> bool:
        """Sleep until there is a whole screen to send and the line takes it; False: at the end."""
        with self._changed:
            while self._closing is None:
                delay = self._delay()
                if delay == 0:
                    return True
                self._changed.wait(delay)
            return False

    def _delay(self) -> float | None:
        if self._dirty_since is None:
            return None
        now = time.monotonic()
        settled = min(self._written_at + SETTLE, self._dirty_since + SETTLE_AT_MOST)
        if now < settled:
            return settled - now
        return 0 if self._room(now) else self._pace.delay()

    def _room(self, now: float) -> float:
        return self._pace.room(now, tty.queued(self._fd) if self._pace.limited else 0)

    def _next(self) -> str:
        with self._changed:
            now = time.monotonic()
            text, done = self._painter.paint(self._canvas, self._room(now))
            if done:
                self._dirty_since = None
            self._pace.sent(len(text), now)
            return text

    def _send(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        while data:
            data = data[os.write(self._fd, data) :]
