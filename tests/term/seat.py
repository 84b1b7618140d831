"""A terminal with somebody before it: the real program on a pty, its bytes, and its screen."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pyte

from tests.term.linux_console import LinuxConsole

if TYPE_CHECKING:
    import signal
    from collections.abc import Sequence

PATIENCE = 25.0
REST = 0.1
"""Seconds without a byte and without work of the program after which a screen is whole."""

WIZARD = ("-m", "serialpass_tui", "--no-trial", "--demo")

UP, DOWN, RIGHT, PAGE_DOWN, PAGE_UP = b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[6~", b"\x1b[5~"


class Seat:
    """The program's controlling terminal, of 80x24 unless another size is given."""

    _PART = 65536
    """Bytes that are taken from the line at once."""
    rest = REST

    def __init__(
        self,
        argv: Sequence[str] = WIZARD,
        *,
        term: str = "linux",
        lang: str = "C.UTF-8",
        size: tuple[int, int] = (80, 24),
        environ: dict[str, str] | None = None,
    ) -> None:
        self.master, slave = pty.openpty()
        self.modes = termios.tcgetattr(slave)
        self._size(*size)
        env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TERM": term, "LANG": lang}

        def become_leader() -> None:
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [sys.executable, *argv],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**env, **(environ or {})},
            preexec_fn=become_leader,  # noqa: PLW1509 (no threads are about)
        )
        self._slave = slave
        self.received = bytearray()
        self._looks = 0
        columns, rows = size if all(size) else (80, 24)
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.console = LinuxConsole(columns, rows) if term == "linux" else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.hang_up()
        if self._slave >= 0:
            os.close(self._slave)

    # --- the terminal's side

    def _size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns: int, rows: int) -> None:
        """The window gets another size."""
        self._size(columns, rows)
        self.screen.resize(rows, columns)
        self.console = None  # a text console keeps its size

    def hang_up(self) -> None:
        """The terminal goes away."""
        if self._slave >= 0:
            os.close(self._slave)
            self._slave = -1
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    def modes_now(self) -> list[object]:
        """termios as the shell would find it."""
        return list(termios.tcgetattr(self._slave))

    def read(self, rest: float | None = None) -> bytes:
        """What comes until the line rests, and the program too: a loaded machine is slow."""
        rest = self.rest if rest is None else rest
        data, before = b"", self._work()
        while True:
            if select.select([self.master], [], [], rest)[0]:
                try:
                    part = os.read(self.master, self._PART)
                except OSError:
                    return data  # the program has ended
                self._show(part)
                data += part
                continue
            now = self._work()
            if now == before:
                return data
            before = now

    def glance(self) -> None:
        """Take what is there, or wait a moment for it."""
        if select.select([self.master], [], [], 0.02)[0]:
            with contextlib.suppress(OSError):
                self._show(os.read(self.master, self._PART))

    def _work(self) -> tuple[int, bool]:
        """Processor time used so far, and whether every thread sleeps (never equal if not)."""
        used, asleep = 0, True
        with contextlib.suppress(OSError):
            for stat in Path(f"/proc/{self.process.pid}/task").glob("*/stat"):
                state, *numbers = stat.read_text().rpartition(") ")[2].split()
                used += int(numbers[10]) + int(numbers[11])
                asleep = asleep and state in "STtZX"
        self._looks += not asleep
        return used + self._looks, asleep

    def _show(self, data: bytes) -> None:
        self.received += data
        self._stream.feed(data)
        if self.console is not None:
            self.console.feed(data)

    # --- the operator's side

    @property
    def text(self) -> str:
        """The screen as lines."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    @property
    def pointed(self) -> str:
        """The text of the row from the cursor on."""
        return self.screen.display[self.screen.cursor.y][self.screen.cursor.x :].strip()

    def see(self, *words: str) -> int:
        """Wait until the screen shows these words and rests; the bytes that came meanwhile."""
        count, give_up = 0, time.monotonic() + PATIENCE
        while not all(word in self.text for word in words):
            assert time.monotonic() < give_up, f"no {words} on\n{self.text}"
            if not (count_now := len(self.read(0.05))) and self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}:\n{self.text}")
            count += count_now
        return count + len(self.read())

    def type(self, data: bytes) -> None:
        """Send bytes as they are."""
        os.write(self.master, data)

    def press(self, data: bytes, *words: str) -> int:
        """Send a key, wait for words if there are any, and for rest; the bytes that came."""
        self.type(data)
        return self.see(*words)

    def kill(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        self.process.send_signal(number)

    def end(self) -> int:
        """Read to the program's end; its status."""
        give_up = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < give_up, f"does not end:\n{self.text}"
            if self.master >= 0:
                self.read(0.05)
            else:
                time.sleep(0.02)
        if self.master >= 0:
            self.read(0.05)
        return self.process.wait()
