"""Boot files of this host, or of a dom0 disk mounted somewhere."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host import atomic, rooted
from serialpass_tui.lazy import pattern

if TYPE_CHECKING:
    import os

_MADE = ".target.d"
"""The end of a folder's name that is made for a file, and taken away when nothing is left in it:
systemd's drop-ins of a target (systemd.unit(5)), of which there may be none."""
_TAG = pattern(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class LocalFiles:
    """Files named by host paths, under `root`.

    Where the boot file is a symlink, its target is replaced: the boot loader follows the link.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root.resolve()

    def read(self, path: str) -> bytes:
        """The file's bytes.

        Raises:
            Problem: `file-missing`, `file-unreadable`.
        """
        try:
            return atomic.load(self._place(path))[0]
        except OSError as error:
            atomic.cannot_read(path, error)

    def keep(self, path: str, data: bytes, tag: str) -> str:
        """Write `data` beside the file as `<name>.serialpass-<tag>`; the path of that backup.

        It lies where a rescue disk finds it without this tool. An equal backup is left as it is.

        Raises:
            Problem: `backup-exists` (conflict), `disk-full`, `read-only`, `write-failed`.
        """
        if not _TAG.fullmatch(tag):
            raise ValueError(f"{tag!r} does not fit into a file name")
        try:
            target = self._place(path)
            backup = target.with_name(f"{target.name}.serialpass-{tag}")
            shown = rooted.host_path(self._root, backup)
            if backup.exists():
                if atomic.load(backup)[0] != data:
                    raise Problem(
                        Exit.CONFLICT,
                        "backup-exists",
                        f"{printable(shown)} exists already and holds something else.",
                        remedy="Move that file away, then try again.",
                    )
                atomic.sync_directory(backup.parent)
            else:
                atomic.sweep(backup)
                atomic.put(backup, data, like=target.stat())
        except OSError as error:
            atomic.cannot_write(path, error)
        return shown

    def replace(self, path: str, before: bytes | None, after: bytes | None) -> None:
        """Replace the file atomically if it still holds `before`, keeping owner, mode and label.

        None stands for no file: one is made, which everybody may read, or taken away. A file that
        holds `after` already is left alone: a run killed after the rename is taken up again by
        doing the same once more.

        Raises:
            Problem: `file-changed` (conflict) when it holds something else, `file-missing`,
                `file-unreadable`, `disk-full`, `read-only`, `write-failed`.
        """
        try:
            target = self._place(path)
            found, facts = _look(target, may_miss=before is None or after is None)
        except OSError as error:
            atomic.cannot_read(path, error)
        try:
            if target.parent.name.endswith(_MADE) and not target.parent.is_dir():
                if after is None:
                    return
                target.parent.mkdir(mode=0o755)
                atomic.sync_directory(target.parent.parent)
            atomic.sweep(target)
            if found == after:
                atomic.sync_directory(target.parent)
                self._settle(target)
                return
            if found != before:
                raise _changed(path)

            def look_again() -> None:
                now = _look(target, may_miss=before is None)[0]
                if self._place(path) != target or now != before:
                    raise _changed(path)

            if after is None:
                atomic.remove(target, last_look=look_again)
                if target.parent.name.endswith(_MADE):
                    with contextlib.suppress(OSError):  # others have files in it
                        target.parent.rmdir()
                        atomic.sync_directory(target.parent.parent)
                    target = target.parent
            else:
                atomic.put(target, after, like=facts, mode=0o644, last_look=look_again)
            self._settle(target)
        except OSError as error:
            atomic.cannot_write(path, error)

    def _settle(self, target: Path) -> None:
        """Let the boot loader see the file; a disk mounted elsewhere is settled by its umount."""
        if self._root == Path("/"):
            atomic.sync_device(target.parent)

    def _place(self, path: str) -> Path:
        return rooted.resolve(self._root, path)


def _look(target: Path, *, may_miss: bool) -> tuple[bytes | None, os.stat_result | None]:
    """What a file holds and is; twice None where there is none and there may be none."""
    try:
        return atomic.load(target)
    except FileNotFoundError:
        if may_miss:
            return None, None
        raise


def _changed(path: str) -> Problem:
    return Problem(
        Exit.CONFLICT,
        "file-changed",
        f"{printable(path)} is no longer what was shown: something else has changed it.",
        remedy="Look at what changed it, then plan the edit again from what it holds now.",
    )
