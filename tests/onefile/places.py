"""The places in which the one file must run, and what is asked of it there."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from dataclasses import dataclass, field
from pathlib import Path

import pyte
import pytest

from serialpass_tui import __version__
from tests.e2e.rig import inputs

ROOT = Path(__file__).parents[2]
LAUNCHER = Path(__file__).with_name("launcher.py")
PATIENCE = 60.0
MIRROR = "http://deb.debian.org/debian"
"""Where releases of Debian that are still supported are to be had."""


def built(arch: str) -> Path:
    """The file for an architecture, which `.ci/build` has made."""
    folder = Path(os.environ.get("SERIALPASS_ONEFILE", ROOT / "dist"))
    found = folder / f"serialpass-tui-{__version__}-{arch}"
    if not found.exists():
        pytest.fail(f"{found} is not there; .ci/build makes it")
    if os.geteuid() != 0:
        pytest.fail("only root makes the places in which it is proved")
    return found


@dataclass(frozen=True)
class Place:
    """Somewhere that the file is started."""

    name: str
    empty: bool = True
    """The root directory holds /proc, /sys, /dev, /tmp and the file, and nothing else."""
    old: bool = False
    readonly: bool = False
    memory: int = 0
    suite: str = ""
    """The root directory is that release of Debian, with the least that makes one."""
    dom0: bool = False
    """Whether its /sys says so; it then says nothing else."""


PLACES = (
    Place("this machine", empty=False),
    Place("empty root"),
    Place("kernel 2.6.32", old=True),
    Place("256 MiB", memory=256 << 20),
    Place("read-only root", readonly=True),
    Place("Debian 11", suite="bullseye"),
)


def debian(suite: str) -> Path:
    """The root directory of a release, made once."""
    place = inputs.cache() / f"debian-{suite}"
    if not place.exists():
        with inputs.making(place) as scratch:
            inputs.run(["mmdebstrap", "--variant=minbase", suite, scratch / "root", MIRROR])
    return place / "root"


@dataclass
class Started:
    """The file in a place, with commands for it."""

    place: Place
    file: Path
    scratch: Path
    environ: dict[str, str] = field(default_factory=lambda: {"LANG": "C", "TERM": "vt100"})
    name: str = ""
    """What is started in an empty root, if it is not the file itself."""
    peak: int = 0
    """Bytes of memory that the last screen took."""
    status: int = 0
    """How the last screen's program ended: its exit status, or the signal as a negative number."""

    def argv(self, *arguments: str) -> list[str]:
        program = str(self.file)
        options: dict[str, object] = {
            "environ": self.environ,
            "old": self.place.old,
            "memory": self.place.memory,
            "readonly": self.place.readonly,
            "dom0": self.place.dom0,
        }
        if self.place.empty:
            options["root"] = str(self.scratch)
            if self.place.suite:
                options["below"] = str(debian(self.place.suite))
            if not self.name and not (self.scratch / self.file.name).exists():
                shutil.copy2(self.file, self.scratch)
            program = self.name or f"/{self.file.name}"
        launched = [sys.executable, str(LAUNCHER), json.dumps(options), program, *arguments]
        return ["unshare", "--mount", *launched]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(*arguments),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
            stdin=subprocess.DEVNULL,
        )

    def screen(self, *arguments: str, until: str = "", patience: float = PATIENCE) -> str:
        """What an 80x24 terminal shows when a text is on it; without one, at the program's end.

        A program that has not ended by then is killed.
        """
        screen = pyte.Screen(80, 24)
        stream = pyte.ByteStream(screen)
        pid, terminal = pty.fork()
        if pid == 0:
            argv = self.argv(*arguments)
            os.execvp(argv[0], argv)  # noqa: S606
        try:
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            end = time.monotonic() + patience
            while time.monotonic() < end and not (until and until in "\n".join(screen.display)):
                if not select.select([terminal], [], [], 1.0)[0]:
                    continue
                try:
                    stream.feed(os.read(terminal, 65536))
                except OSError:
                    break  # it has ended
        finally:
            os.kill(pid, signal.SIGKILL)
            _, ended, usage = os.wait4(pid, 0)
            self.status, self.peak = os.waitstatus_to_exitcode(ended), usage.ru_maxrss << 10
            os.close(terminal)
        return "\n".join(line.rstrip() for line in screen.display)
