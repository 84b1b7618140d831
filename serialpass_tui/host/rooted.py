"""Host paths under a root directory: a mounted disk of another dom0 is read as if booted."""

from __future__ import annotations

import errno
import os
from pathlib import Path, PurePosixPath

_MOST_LINKS = 40
"""As many as the kernel follows (path_resolution(7))."""


def resolve(root: Path, path: str) -> Path:
    """The real place of a host path, with every symlink taken as the host itself would.

    An absolute link on a mounted disk means that disk; followed naively, a rescue would edit the
    boot file of the machine it runs on. The last part need not exist.

    Raises:
        OSError: ELOOP for a chain of links without end.
    """
    todo = [part for part in reversed(PurePosixPath(path).parts) if part != "/"]
    place = root
    links = 0
    while todo:
        part = todo.pop()
        if part == "..":
            place = place if place == root else place.parent
            continue
        step = place / part
        if not step.is_symlink():
            place = step
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        target = step.readlink()
        if target.is_absolute():
            place = root
        todo += [part for part in reversed(target.parts) if part != "/"]
    return place


def host_path(root: Path, place: Path) -> str:
    """How the host itself spells a place under `root`."""
    return "/" + place.relative_to(root).as_posix()
