"""The line that the terminal hangs on, as the kernel knows it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import termios
from enum import Enum

from serialpass_tui.lazy import frozen, pattern

_KDGKBTYPE = 0x4B33
_KDGKBMODE = 0x4B44
_K_UNICODE = 3
"""ioctl_console(2): only a virtual terminal of the kernel answers these."""

_SERIAL = pattern(r"/dev/(tts/|ttyS|ttyUSB|ttyACM|ttyAMA)\d+")

_SPEEDS = {
    getattr(termios, name): int(name[1:]) for name in vars(termios) if re.fullmatch(r"B\d+", name)
}


class Kind(Enum):
    """What carries the bytes."""

    VGA = "the host's own console"
    SERIAL = "a serial line"
    OTHER = "a pseudo terminal or a hypervisor's console"


@frozen
class Line:
    """What is known of a line."""

    kind: Kind = Kind.OTHER
    speed: int = 0
    """Bits per second of a serial line; 0: it has no speed of its own."""
    utf8: bool = False
    """Whether the kernel's own console is in its UTF-8 mode."""


def look(fd: int) -> Line:
    """Ask the kernel about the line of this file."""
    keyboard = _number(fd, _KDGKBTYPE)
    if keyboard is not None:
        return Line(Kind.VGA, utf8=_number(fd, _KDGKBMODE) == _K_UNICODE)
    with contextlib.suppress(OSError, termios.error):
        if _SERIAL.fullmatch(os.ttyname(fd)):
            return Line(Kind.SERIAL, _SPEEDS.get(termios.tcgetattr(fd)[5], 0))
    return Line()


def _number(fd: int, request: int) -> int | None:
    try:
        return int.from_bytes(fcntl.ioctl(fd, request, bytes(8)), "little")
    except OSError:
        return None
