"""What no check may do, whatever text it is given: run a program, reach out, write elsewhere.

The interpreter itself tells of these (PEP 578, and the table of audit events in its documentation).
Code made of text (`compile`, `exec`) is not told: modules that are loaded late come in by the same
events.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEVER = frozenset({
    "ctypes.dlopen", "os.exec", "os.fork", "os.forkpty", "os.kill", "os.killpg", "os.posix_spawn",
    "os.putenv", "os.spawn", "os.system", "pickle.find_class", "pty.spawn", "socket.bind",
    "socket.connect", "socket.sendto", "subprocess.Popen",
})  # fmt: skip
_PLACES = {
    "os.chmod": 1, "os.chown": 1, "os.link": 2, "os.mkdir": 1, "os.remove": 1,
    "os.removexattr": 1, "os.rename": 2, "os.rmdir": 1, "os.setxattr": 1, "os.symlink": 2,
    "os.truncate": 1, "os.utime": 1,
}  # fmt: skip
"""How many of the first arguments are names that it changes; directories follow as the last."""
_HAS_FOLDERS = frozenset(_PLACES) - {"os.removexattr", "os.setxattr", "os.truncate"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class _Watch:
    """What one check did that it must not, and the folders that it made for itself."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.own: list[str] = []

    def see(self, event: str, args: tuple[Any, ...]) -> None:
        """Note one event, and end what it is about to do if it must not be done."""
        if event == "tempfile.mkdtemp":
            self.own.append(os.path.realpath(args[0]))
        elif event in _NEVER or any(self._elsewhere(*one) for one in _written(event, args)):
            self.told.append(f"{event}{args!r:.300}")
            raise AssertionError(self.told[-1])

    def _elsewhere(self, name: Any, folder: int) -> bool:
        if isinstance(name, int):
            return False  # an open file: it was judged when it was opened
        base = Path(f"/proc/self/fd/{folder}").readlink() if folder >= 0 else ""
        place = os.path.realpath(os.path.join(base, os.fsdecode(name)))  # noqa: PTH118
        return not any(place == own or place.startswith(f"{own}/") for own in self.own)


def _written(event: str, args: tuple[Any, ...]) -> list[tuple[Any, int]]:
    """The names that an event changes, each with the open directory that it is relative to."""
    if event == "open":
        return [(args[0], -1)] if args[2] & _WRITING else []
    count = _PLACES.get(event, 0)
    folders = args[-count:] if event in _HAS_FOLDERS else (-1,) * count
    if event == "os.symlink":
        return [(args[1], args[2])]  # what the first one names is not touched
    return list(zip(args[:count], folders, strict=True))


_watches: list[_Watch] = []
_installed: list[bool] = []


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if _watches:
        _watches[-1].see(event, args)


@contextmanager
def watched() -> Iterator[None]:
    """Fail where what is done within does any of it, even if it swallows that error itself."""
    if not _installed:
        tempfile.gettempdir()  # the first time it tries where it may write
        sys.addaudithook(_hook)  # for good: the interpreter takes none away
        _installed.append(True)
    watch, cached = _Watch(), sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    _watches.append(watch)
    try:
        yield
    finally:
        _watches.pop()
        sys.dont_write_bytecode = cached
    assert [] == watch.told
