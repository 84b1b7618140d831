"""Textual's door to the console: the one module here that knows Textual."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import threading
import time
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar

from rich.cells import get_character_cell_size
from textual import events
from textual.driver import Driver
from textual.geometry import Size
from textual.keys import KEY_NAME_REPLACEMENTS, _character_to_key

from serialpass_tui.term import tty
from serialpass_tui.term.cells import Canvas
from serialpass_tui.term.keyboard import Keyboard
from serialpass_tui.term.keys import Paste
from serialpass_tui.term.output import Output
from serialpass_tui.term.pace import Pace
from serialpass_tui.term.painter import Painter
from serialpass_tui.term.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App
    from textual.message import Message

    from serialpass_tui.term.keys import Token

_TURNS = 60
"""Turns of the event loop that a key gets before the next one is handed over.

Textual runs a key's action some turns after the key, when it has bubbled up to the app. Keys that
come in one packet would overtake each other's actions, and go to the field of before.
"""


def driver_for(profile: Profile) -> type[ConsoleDriver]:
    """The driver of a terminal, for Textual's `driver_class`."""
    return type("ProfiledDriver", (ConsoleDriver,), {"profile": profile})


class ConsoleDriver(Driver):
    """Paints on standard output, reads from standard input; both are the same terminal."""

    profile: ClassVar[Profile] = Profile("vt100")

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        stdin, stdout = sys.__stdin__, sys.__stdout__
        self._in = stdin.fileno() if stdin is not None else 0
        self._out = stdout.fileno() if stdout is not None else 1
        self._size = size or tty.size(self._out)
        profile = self.profile
        self._mode = tty.RawMode(self._in)
        canvas = Canvas(*self._size, profile.glyphs, profile.colours, get_character_cell_size)
        self._output = Output(
            self._out,
            canvas,
            Painter(),
            Pace(profile.speed),
            lost=self._hang_up,
            failed=self._fail,
        )
        self._wake: tuple[int, int] | None = None
        self._reader: threading.Thread | None = None
        self._typed: asyncio.Queue[Token] = asyncio.Queue()
        self._delivery: asyncio.Task[None] | None = None
        self._is_lost = threading.Event()
        self._stop_is_held = False
        self._stop_waits = False

    @property
    def can_suspend(self) -> bool:
        """Ctrl-Z works."""
        return True

    # --- what Textual asks for

    def write(self, data: str) -> None:
        """Paint."""
        self._output.write(data)

    def start_application_mode(self) -> None:
        """Take the terminal."""
        self._enter()
        self._tell_size()

    def disable_input(self) -> None:
        """Read no more keys."""
        self._stop_reading()

    def stop_application_mode(self) -> None:
        """Give the terminal back."""
        self._leave()

    # --- what the app asks for

    def hold_stop(self) -> None:
        """From now on a stop from outside waits: it must not freeze half a change."""
        self._stop_is_held = True

    def release_stop(self) -> None:
        """Stop where it was asked for meanwhile."""
        waits, self._stop_is_held, self._stop_waits = self._stop_waits, False, False
        if waits:
            self._stop()

    # --- the terminal

    @property
    def _handlers(self) -> dict[signal.Signals, Callable[[], None]]:
        return {
            signal.SIGWINCH: self._tell_size,
            signal.SIGTSTP: self._stop,
            signal.SIGCONT: self._go_on,
        }

    def _enter(self) -> None:
        """Set the terminal's modes, paint and read, and see what becomes of the terminal."""
        self._mode.enter()
        self._output.start(self.profile.opening)
        self._wake = os.pipe()
        self._reader = threading.Thread(
            target=self._read, args=(self._wake[0],), name="console-input", daemon=True
        )
        self._reader.start()
        self._delivery = self._loop.create_task(self._deliver())
        for number, handler in self._handlers.items():
            self._loop.add_signal_handler(number, handler)

    def _leave(self) -> None:
        """The reverse."""
        for number in self._handlers:
            self._loop.remove_signal_handler(number)
        self._stop_reading()
        self._output.stop(self.profile.closing, self._mode.unblock_output)
        self._mode.leave()

    def _tell_size(self) -> None:
        """Have Textual lay out everything for the size that the terminal has now."""
        self._size = tty.size(self._out)
        self._output.resize(*self._size)
        size = Size(*self._size)
        self.send_message(events.Resize(size, size))

    def _stop(self) -> None:
        """Stop as Ctrl-Z stops any program; go on here when the shell lets it."""
        if self._stop_is_held:
            self._stop_waits = True
            return
        self._leave()
        os.kill(os.getpid(), signal.SIGTSTP)  # nothing happens where no shell could wake it again
        self._enter()
        self._tell_size()
        self.send_message(self.SignalResume())

    def _go_on(self) -> None:
        """Something else stopped the process and the terminal was another's meanwhile."""
        self._mode.enter()
        self._output.repaint()
        self._tell_size()

    def _hang_up(self) -> None:
        """The terminal is gone: the process gets what the kernel sends then."""
        if not self._is_lost.is_set():
            self._is_lost.set()
            os.kill(os.getpid(), signal.SIGHUP)

    def _fail(self, error: Exception) -> None:
        """A thread here met a mistake of its own: the app ends as for one in a handler."""
        self._loop.call_soon_threadsafe(self._app._handle_exception, error)  # noqa: SLF001

    # --- keys

    def _stop_reading(self) -> None:
        reader, self._reader = self._reader, None
        if reader is None or self._wake is None:
            return
        os.write(self._wake[1], b".")
        reader.join()
        if self._delivery is not None:
            self._delivery.cancel()
        for end in self._wake:
            os.close(end)
        self._wake = None
        self._mode.drop_input()

    def _read(self, wake: int) -> None:
        try:
            if not self._read_keys(wake):
                self._hang_up()
        except OSError:
            self._hang_up()
        except Exception as error:
            self._fail(error)

    def _read_keys(self, wake: int) -> bool:
        """Read keys until told to stop; False at the end of the input."""
        keyboard = Keyboard(self.profile.escape_delay)
        while True:
            patience = keyboard.due_at - time.monotonic()
            timeout = None if patience == inf else max(0.0, patience)
            ready, _, _ = select.select([self._in, wake], [], [], timeout)
            if wake in ready:
                return True
            if ready:
                data = os.read(self._in, 4096)
                if not data:
                    return False
                keyboard.feed(data, time.monotonic())
            for token in keyboard.due(time.monotonic()):
                self._loop.call_soon_threadsafe(self._typed.put_nowait, token)

    async def _deliver(self) -> None:
        """Hand over the keys, each when the one before has been acted on."""
        while True:
            token = await self._typed.get()
            if isinstance(token, Paste):
                self.process_message(events.Paste(token.text))
            else:
                if token.name == "ctrl+l":
                    self._output.repaint()  # kernel messages are no part of the screen
                self.process_message(_event(token.name, token.char))
            for _ in range(_TURNS):
                await asyncio.sleep(0)


def _event(name: str, char: str) -> Message:
    if not name:
        name = char if char.isalnum() else _character_to_key(char)
        name = KEY_NAME_REPLACEMENTS.get(name, name)
    return events.Key(name, char or {"enter": "\r", "tab": "\t"}.get(name))
