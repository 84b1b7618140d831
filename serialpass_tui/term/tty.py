"""The terminal device: its modes, its size, its queues.

Flow control stays as the line has it: a terminal that sends XOFF means it. Neither a line break nor
a key raises a signal, and output is sent as it is written.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import termios

SIZE = (80, 24)
"""What a line without a size counts as: serial lines have none, and a VT100 has this."""

_INPUT_OFF = termios.BRKINT | termios.PARMRK | termios.ICRNL | termios.INLCR | termios.IGNCR
_LOCAL_OFF = termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG


def size(fd: int) -> tuple[int, int]:
    """Columns and rows: as the device has them, as COLUMNS and LINES say, or 80x24."""
    try:
        rows, columns = struct.unpack("HHHH", fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(8)))[:2]
    except OSError:
        rows = columns = 0
    return (columns or _named("COLUMNS") or SIZE[0], rows or _named("LINES") or SIZE[1])


def _named(variable: str) -> int:
    text = os.environ.get(variable, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def queued(fd: int) -> int:
    """Bytes that the kernel holds back because the line is slower."""
    try:
        return int.from_bytes(fcntl.ioctl(fd, termios.TIOCOUTQ, bytes(4)), "little")
    except OSError:
        return 0


class RawMode:
    """The modes of the wizard, and those that were set before."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._before: list[int | list[bytes | int]] | None = None

    def enter(self) -> None:
        """Set the modes; what was typed before anything was seen is thrown away."""
        with contextlib.suppress(termios.error):
            before = termios.tcgetattr(self._fd)
            modes = termios.tcgetattr(self._fd)
            modes[0] &= ~_INPUT_OFF
            modes[1] &= ~termios.OPOST
            modes[3] &= ~_LOCAL_OFF
            modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
            termios.tcsetattr(self._fd, termios.TCSANOW, modes)
            self._before = self._before or before
            self.drop_input()

    def leave(self) -> None:
        """Set the modes that were there; keys in the queue must not reach the shell."""
        before, self._before = self._before, None
        if before is not None:
            self.drop_input()
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._fd, termios.TCSANOW, before)

    def drop_input(self) -> None:
        """Throw away what was typed and not read."""
        with contextlib.suppress(termios.error):
            termios.tcflush(self._fd, termios.TCIFLUSH)

    def unblock_output(self) -> None:
        """Throw away what cannot be sent, and send again although the terminal said XOFF."""
        with contextlib.suppress(termios.error):
            termios.tcflush(self._fd, termios.TCOFLUSH)
            # Only a stop by tcflow can be lifted by tcflow (n_tty_ioctl_helper in tty_ioctl.c).
            termios.tcflow(self._fd, termios.TCOOFF)
            termios.tcflow(self._fd, termios.TCOON)
