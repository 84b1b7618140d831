"""A layer at the system calls that write: at the n-th of them something happens.

Why here, in the process, and not with strace or a preloaded library: a forked child of a warm
process meets one fault in some 100 ms, where strace would start Python anew each time, and a
preloaded library needs a compiler and a libc to preload into on every machine that runs the tests.
The child is a real process and dies by a real SIGKILL; its files are real files. What it costs is
the question whether the list of calls is whole: `test_strace.py` lets the kernel say so.

Calls of the simulated XAPI's thread are not the product's and are passed over. A request to XAPI
or xl, and a write to the simulated sysfs, are one call each: what they do is done by another.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import threading
from typing import TYPE_CHECKING, Any, Self

from serialpass_tui.sim.state import Store
from serialpass_tui.toolstack.answers import unavailable
from serialpass_tui.toolstack.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from serialpass_tui.errors import Problem

WRITES = (
    "open",
    "write",
    "pwrite",
    "ftruncate",
    "fsync",
    "fchown",
    "fchmod",
    "setxattr",
    "rename",
    "unlink",
    "symlink",
    "mkdir",
    "rmdir",
)
"""Functions of `os` through which the product writes; `open` where it may make or write a file."""

_ROOM = {"open", "write", "pwrite", "symlink", "mkdir"}
"""Those that need room on the file system."""

ERRORS = {"ENOSPC": errno.ENOSPC, "EROFS": errno.EROFS, "EIO": errno.EIO}
_STAYS = {"ENOSPC", "EROFS"}
"""A file system stays full or read-only; a bad block is met once."""

_READING = ("get_", "login", "logout", "event.", "session.", "task.")


class Layer:
    """Counts the calls that write; `fault` happens at number `at`, from 1 on."""

    def __init__(self, fault: str = "", at: int = 0) -> None:
        self.calls: list[str] = []
        self._fault, self._at = fault, at
        self._owner = threading.get_ident()
        self._inside = self._on = False

    def __enter__(self) -> Self:
        """From now on; the wraps stay, for the process is the fault's own."""
        self._on = True
        for name in WRITES:
            setattr(os, name, self._wrapped(name, getattr(os, name)))
        fcntl.flock = self._wrapped("flock", fcntl.flock)
        Store.change = self._wrapped("sysfs", Store.change)  # type: ignore[method-assign]
        Session.call = self._wrapped("xapi", Session.call)  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        """The errand is over; the simulated host is switched off without faults."""
        self._on = False

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Any:
        def call(*args: Any, **keywords: Any) -> Any:
            if not self._counts(name, args):
                return real(*args, **keywords)
            self.calls.append(name)
            self._inside = True
            try:
                return self._met(name, lambda: real(*args, **keywords), args)
            finally:
                self._inside = False

        return call

    def _counts(self, name: str, args: tuple[Any, ...]) -> bool:
        if self._inside or not self._on or threading.get_ident() != self._owner:
            return False
        if name == "open":
            return bool(args[1] & (os.O_CREAT | os.O_WRONLY | os.O_RDWR))
        if name == "xapi":
            method = str(args[1])
            return not any(part in method for part in _READING)
        return True

    def _met(self, name: str, real: Callable[[], Any], args: tuple[Any, ...]) -> Any:
        here = len(self.calls) == self._at
        number = ERRORS.get(self._fault)
        if number is not None:
            later = self._fault in _STAYS and len(self.calls) > self._at
            needs = number != errno.ENOSPC or name in _ROOM
            if (here or later) and needs and name not in {"sysfs", "xapi", "flock"}:
                raise OSError(number, os.strerror(number))
            if here and name == "xapi":
                raise lost()
            return real()
        if not here:
            return real()
        if self._fault == "killed before":
            die()
        if self._fault in {"killed within", "short write"} and name in {"write", "pwrite"}:
            done = os.write(args[0], bytes(args[1])[: max(1, len(args[1]) // 2)])
            if self._fault == "killed within":
                die()
            return done
        if self._fault.startswith("SIG"):
            os.kill(os.getpid(), signal.Signals[self._fault])
        answer = real()
        if self._fault == "killed after":
            die()
        if self._fault == "short write" and name == "xapi":
            raise lost()
        return answer


def lost() -> Problem:
    """XAPI went away: before the call, or before its answer came."""
    return unavailable("Connection reset by peer", "Whether it was done is not known.")


def die() -> None:
    """The end, at once."""
    os.kill(os.getpid(), signal.SIGKILL)
