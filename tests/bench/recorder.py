"""One person's way through a program on a pty: bytes, processor time, memory."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from tests.term.seat import DOWN, PAGE_DOWN, PAGE_UP, RIGHT, UP, Seat
from tests.tui.conftest import HOST

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST_SCREEN = "Which card shall go to a VM?"

Press = tuple[str, bytes, str]
"""What is measured (empty: only the whole path), the key, and words of the screen after it."""

TO_THE_NAME: Sequence[Press] = (
    ("", b" ", "[x] 0000:02:00.0-1"),
    ("next screen", b"\r", "This is written to the boot entry"),
    ("", RIGHT, "[>Write the boot entry<]"),
    ("next screen", b"\r", "The host has to reboot"),
    ("", b"\t", ""),
    ("", b"\t", ""),
    ("", b"\t", ""),
    *(("", bytes([letter]), "") for letter in HOST.encode()),
)
"""Picking the first card, and confirming the reboot up to the host's name."""


def way(chosen: str) -> tuple[Press, ...]:
    """Looking about, picking, reading, confirming, and giving the device to the VM of that name."""
    return (
        *(("device row", key, "") for key in (DOWN, DOWN, DOWN, UP, UP, UP)),
        *TO_THE_NAME[:2],
        ("page", PAGE_DOWN, ""),
        ("page", PAGE_UP, ""),
        *TO_THE_NAME[2:],
        ("next screen", b"\r", "Hidden from dom0, and ready for a VM"),
        ("next screen", b"\r", "Which VM gets"),
        *[("VM row", DOWN, "")] * 12,
        ("", b"/", ""),
        *(
            ("letter", bytes([digit]), "")
            for digit in chosen.partition("-")[2].lstrip("0").encode()
        ),
        ("", b"\r", ""),
        ("next screen", b"\r", f"VM {chosen} gets"),
        ("", RIGHT, "[>Bind<]"),
        ("next screen", b"\r", f"VM {chosen} is bound"),
    )


IDLE = 2.0
"""Seconds for which a screen at rest is watched."""


class Recorder(Seat):
    """A seat that knows when the last byte came, and what the program has used."""

    def __init__(self, argv: Sequence[str], term: str) -> None:
        self.begun = self.last = time.monotonic()
        self._unseen = b""
        super().__init__(argv, term=term)
        self.console = None  # it refuses what only other terminals know

    def _show(self, data: bytes) -> None:
        """Note the time; looking at the screen can wait until the program rests."""
        self.last = time.monotonic()
        self._unseen += data
        self.received += data

    @property
    def text(self) -> str:
        """The screen as lines."""
        self._stream.feed(self._unseen)
        self._unseen = b""
        return super().text

    @property
    def cpu(self) -> float:
        """Processor seconds of the program so far, by its own clock (clock_getcpuclockid(3))."""
        return time.clock_gettime((~self.process.pid << 3) | 2)

    @property
    def peak(self) -> float:
        """The most memory that it had at once, in MiB (VmHWM, proc_pid_status(5))."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found, status
        return int(found[1]) / 1024

    def leave(self) -> int:
        """Quit, twice where the program asks once more; its status."""
        for _ in range(2):
            if self.process.poll() is None:
                self.press(b"q")
        return self.end()


class SlowRecorder(Recorder):
    """A line that takes so many bytes a second."""

    rate = 960.0
    _PART = 16

    def _show(self, data: bytes) -> None:
        super()._show(data)
        time.sleep(len(data) / self.rate)


@dataclass
class Bytes:
    """What one run sent."""

    first: int
    keys: dict[str, list[int]] = field(default_factory=dict)
    idle: int = 0
    whole: int = 0

    def mean(self, what: str) -> float:
        """The mean of all keys of a kind."""
        return mean(self.keys[what])


def walk(seat: Recorder, path: Sequence[Press]) -> Bytes:
    """Walk to its end, and quit; the whole includes that."""
    found = Bytes(seat.see(FIRST_SCREEN))
    for what, key, words in path:
        found.keys.setdefault(what, []).append(seat.press(key, *filter(None, [words])))
    found.idle = len(seat.read(IDLE))
    status = seat.leave()
    assert status == 0, f"ended with {status}:\n{seat.text}"
    found.whole = len(seat.received)
    return found


@dataclass(frozen=True)
class Start:
    """What a program used from exec to its first complete screen."""

    cpu: float
    wall: float
    peak: float


def start(argv: Sequence[str], term: str, words: str = FIRST_SCREEN) -> Start:
    """Start it, and leave it when its first screen is whole."""
    with Recorder(argv, term) as seat:
        seat.see(words)
        return Start(seat.cpu, seat.last - seat.begun, seat.peak)


def used(argv: Sequence[str]) -> tuple[float, int]:
    """Processor seconds of a command and of what it ran, and its exit status."""
    with Path(os.devnull).open("r+b") as nowhere:
        pid = os.posix_spawnp(
            argv[0],
            list(argv),
            {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
            file_actions=[(os.POSIX_SPAWN_DUP2, nowhere.fileno(), fd) for fd in (0, 1, 2)],
        )
    _, status, usage = os.wait4(pid, 0)
    return usage.ru_utime + usage.ru_stime, os.waitstatus_to_exitcode(status)
