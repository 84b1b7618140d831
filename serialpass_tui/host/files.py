"""Boot files of this host, or of a dom0 disk mounted somewhere."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host import atomic, rooted
from serialpass_tui.lazy import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.core.program import Seal

MADE = (".target.d", "serialpass-tui")
"""How a folder's name ends that is made for a file, and taken away when nothing is left in it:
systemd's drop-ins of a target (systemd.unit(5)), of which there may be none, and this tool's."""
_MODE = 0o755
"""Of a program."""
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
        fits_name(tag)
        try:
            target = self._place(path)
            backup = target.with_name(f"{target.name}.serialpass-{tag}")
            shown = rooted.host_path(self._root, backup)
            if backup.exists():
                if atomic.load(backup)[0] != data:
                    raise backup_exists(shown)
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
            if not _prepared(target, made=after is not None):
                return
            if found == after:
                atomic.sync_directory(target.parent)
                self._settle(target)
                return
            if found != before:
                raise changed(path)

            def look_again() -> None:
                now = _look(target, may_miss=before is None)[0]
                if self._place(path) != target or now != before:
                    raise changed(path)

            if after is None:
                atomic.remove(target, last_look=look_again)
                target = _left(target)
            else:
                atomic.put(target, after, like=facts, mode=0o644, last_look=look_again)
            self._settle(target)
        except OSError as error:
            atomic.cannot_write(path, error)

    def is_folder(self, path: str) -> bool:
        """Whether a folder is there."""
        try:
            return self._place(path).is_dir()
        except OSError:
            return False

    def seal(self, path: str) -> Seal | None:
        """Digest and size of a file; None: there is none.

        Raises:
            Problem: `file-unreadable`.
        """
        try:
            return _seal(self._place(path))
        except OSError as error:
            atomic.cannot_read(path, error)

    def place(self, path: str, before: Seal | None, after: Seal | None, source: str) -> None:
        """Copy the program at `source`, a file of this machine, to `path`, or take it away there.

        What is copied is looked at on its way: only the bytes of which `after` tells get the name.

        Raises:
            Problem: `source-changed` (conflict) where `source` has other bytes; as `replace`.
        """
        try:
            target = self._place(path)
            if after not in {before, _seal(target), None} and _seal(Path(source)) != after:
                raise _source_changed(source)
            if not _prepared(target, made=after is not None):
                return
            if before is None and after is None:
                _left(target)
                return

            def look() -> None:
                if _seal(target) != before:
                    raise changed(path)

            def copy(handle: int) -> None:
                if _sealed(Path(source), handle) != after:
                    raise _source_changed(source)
                os.fchmod(handle, _MODE)

            if _seal(target) == after:
                atomic.sync_directory(target.parent)
            elif after is None:
                atomic.remove(target, last_look=look)
                target = _left(target)
            else:
                try:
                    look()
                    atomic.fill(target, after.size, copy, mode=_MODE, last_look=look)
                except BaseException:
                    _left(target)
                    raise
            self._settle(target)
        except OSError as error:
            atomic.cannot_write(path, error)

    def link(self, path: str) -> str | None:
        """Where a symbolic link leads; None: nothing is there; empty: it is something else.

        Raises:
            Problem: `file-unreadable`.
        """
        try:
            return _target(self._link(path))
        except OSError as error:
            atomic.cannot_read(path, error)

    def relink(self, path: str, before: str | None, after: str | None) -> None:
        """Have a symbolic link lead to `after`, made or taken away where one of the two is None.

        Raises:
            Problem: as `replace`.
        """
        try:
            place = self._link(path)

            def look() -> None:
                if _target(place) != before:
                    raise changed(path)

            atomic.sweep(place)
            if _target(place) == after:
                atomic.sync_directory(place.parent)
            elif after is None:
                atomic.remove(place, last_look=look)
            else:
                look()
                atomic.point(place, after, last_look=look)
            self._settle(place)
        except OSError as error:
            atomic.cannot_write(path, error)

    def _settle(self, target: Path) -> None:
        """Let the boot loader see the file; a disk mounted elsewhere is settled by its umount."""
        if self._root == Path("/"):
            atomic.sync_device(target.parent)

    def _place(self, path: str) -> Path:
        return rooted.resolve(self._root, path)

    def _link(self, path: str) -> Path:
        """The place of a link itself, not that to which it leads."""
        folder, _, name = path.rpartition("/")
        return self._place(folder or "/") / name


def _prepared(target: Path, *, made: bool) -> bool:
    """Clear away what killed runs left beside a file, and make its folder if that is ours to make.

    False: there is no folder, and none is to be made.
    """
    folder = target.parent
    if folder.name.endswith(MADE) and not folder.is_dir():
        if not made:
            return False
        folder.mkdir(mode=0o755)
        atomic.sync_directory(folder.parent)
    atomic.sweep(target)
    return True


def _left(target: Path) -> Path:
    """Take the folder of a file that is gone away too, if it was made for it; what stays."""
    folder = target.parent
    if not folder.name.endswith(MADE):
        return target
    with contextlib.suppress(OSError):  # others have files in it
        folder.rmdir()
        atomic.sync_directory(folder.parent)
    return folder


def _sealed(place: Path, into: int | None = None) -> Seal:
    """The size and digest of a program, copied on the way where `into` is an open file."""
    from serialpass_tui.core.program import Seal  # for who installs the tool

    return Seal(*atomic.pour(place, into))


def _seal(place: Path) -> Seal | None:
    try:
        return _sealed(place)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _target(place: Path) -> str | None:
    if place.is_symlink():
        return str(place.readlink())
    return "" if place.exists() else None


def _look(target: Path, *, may_miss: bool) -> tuple[bytes | None, os.stat_result | None]:
    """What a file holds and is; twice None where there is none and there may be none."""
    try:
        return atomic.load(target)
    except FileNotFoundError:
        if may_miss:
            return None, None
        raise


def _source_changed(source: str) -> Problem:
    return Problem(
        Exit.CONFLICT,
        "source-changed",
        f"{printable(source)} is no longer the program that was shown.",
        remedy="Run the program that is to be installed, with `install`.",
    )


def fits_name(tag: str) -> None:
    """Refuse a tag that would lead elsewhere. Raises ValueError."""
    if not _TAG.fullmatch(tag):
        raise ValueError(f"{tag!r} does not fit into a file name")


def backup_exists(shown: str) -> Problem:
    """The problem of a backup whose name is taken."""
    return Problem(
        Exit.CONFLICT,
        "backup-exists",
        f"{printable(shown)} exists already and holds something else.",
        remedy="Move that file away, then try again.",
    )


def changed(path: str) -> Problem:
    """The problem of a file that somebody else changed."""
    return Problem(
        Exit.CONFLICT,
        "file-changed",
        f"{printable(path)} is no longer what was shown: something else has changed it.",
        remedy="Look at what changed it, then plan the edit again from what it holds now.",
    )
