"""Files of a simulated host: the real ones, with the faults of a disk in front."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serialpass_tui.errors import Exit, Problem

if TYPE_CHECKING:
    from serialpass_tui.core.ports import Files
    from serialpass_tui.core.program import Seal
    from serialpass_tui.sim.host import SimHost


class SimFiles:
    """Passes everything on to the files of the scratch directory, unless a fault is asked for."""

    def __init__(self, inner: Files, host: SimHost) -> None:
        self._inner = inner
        self._host = host

    def read(self, path: str) -> bytes:
        """The file's bytes. Raises Problem."""
        return self._inner.read(path)

    def keep(self, path: str, data: bytes, tag: str) -> str:
        """Write a backup beside the file; its path. Raises Problem: `disk-full`, `read-only`."""
        self._check(path)
        return self._inner.keep(path, data, tag)

    def replace(self, path: str, before: bytes | None, after: bytes | None) -> None:
        """Replace the file. Raises Problem: as `keep`, or a conflict if another was faster."""
        self._check(path)
        if self._host.faults.file_changed and before is not None:
            self._host.intrude(path)
        self._inner.replace(path, before, after)

    def is_folder(self, path: str) -> bool:
        """Whether a folder is there."""
        return self._inner.is_folder(path)

    def seal(self, path: str) -> Seal | None:
        """Digest and size of a file; None: there is none. Raises Problem."""
        return self._inner.seal(path)

    def place(self, path: str, before: Seal | None, after: Seal | None, source: str) -> None:
        """Copy a program, or take the copy away. Raises Problem: as `keep`."""
        self._check(path)
        self._inner.place(path, before, after, source)

    def link(self, path: str) -> str | None:
        """Where a symbolic link leads. Raises Problem."""
        return self._inner.link(path)

    def relink(self, path: str, before: str | None, after: str | None) -> None:
        """Have a symbolic link lead elsewhere. Raises Problem: as `keep`."""
        self._check(path)
        self._inner.relink(path, before, after)

    def _check(self, path: str) -> None:
        faults = self._host.faults
        if faults.disk_full:
            raise _failed("disk-full", path, "No space left on device", "Make room there.")
        if faults.read_only:
            raise _failed("read-only", path, "Read-only file system", "See dmesg for the cause.")


def _failed(code: str, path: str, why: str, remedy: str) -> Problem:
    return Problem(Exit.FAILED, code, f"{path} cannot be written: {why}.", remedy=remedy)
