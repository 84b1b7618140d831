"""Files of a host behind ssh, replaced by the rules of `host.files` with what its shell has."""

from __future__ import annotations

import errno
import os
import secrets
from typing import TYPE_CHECKING, NoReturn

from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host import atomic
from serialpass_tui.host.files import backup_exists, changed, fits_name
from serialpass_tui.host.ssh import library
from serialpass_tui.host.ssh.digests import digest

if TYPE_CHECKING:
    from serialpass_tui.host.ssh.connection import Answer, Connection

_KNOWN = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO),
    *(errno.ENOENT, errno.ENOTDIR, errno.EFBIG, errno.ELOOP, errno.EISDIR),
)


class RemoteFiles:
    """Files named by their paths at the host."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def read(self, path: str) -> bytes:
        """The file's bytes.

        Raises:
            Problem: `file-missing`, `file-unreadable`, `ssh-lost`.
        """
        answer = self._connection.ask("sp_read", path)
        if answer.status != 0:
            known = {
                library.MISSING: OSError(errno.ENOENT, os.strerror(errno.ENOENT)),
                library.NOT_PLAIN: OSError(errno.EINVAL, "not a regular file"),
            }
            atomic.cannot_read(path, known.get(answer.status) or error_of(answer))
        return answer.out

    def keep(self, path: str, data: bytes, tag: str) -> str:
        """Write `data` beside the file as `<name>.serialpass-<tag>`; the path of that backup.

        Raises:
            Problem: `backup-exists` (conflict), `disk-full`, `read-only`, `write-failed`,
                `ssh-lost`.
        """
        fits_name(tag)
        answer = self._put("sp_keep", path, tag, self._digest(data), data=data)
        shown = os.fsdecode(answer.out)
        if answer.status == library.OTHER:
            raise backup_exists(shown)
        if answer.status != 0:
            not_written(path, answer)
        return shown

    def replace(self, path: str, before: bytes | None, after: bytes | None) -> None:
        """Replace the file if it still holds `before`, keeping owner, mode and label.

        None stands for no file: one is made, which everybody may read, or taken away. A file that
        holds `after` already is left alone.

        Raises:
            Problem: `file-changed` (conflict), `file-missing`, `disk-full`, `read-only`,
                `write-failed`, `ssh-lost`.
        """
        sums = self._digest(before), self._digest(after)
        answer = self._put("sp_replace", path, *sums, data=after or b"")
        if answer.status == library.CHANGED:
            raise changed(path)
        if answer.status != 0:
            not_written(path, answer)

    def _digest(self, data: bytes | None) -> str:
        return digest(data, self._connection.sums)

    def _put(self, script: str, *words: str, data: bytes) -> Answer:
        tail = (secrets.token_hex(4), str(len(data)))
        return self._connection.ask(script, *words, *tail, data=data)


def not_written(path: str, answer: Answer) -> NoReturn:
    """Say why a file was not written, and what is in its place. Raises Problem."""
    if answer.status == library.MISSING:
        atomic.cannot_read(path, OSError(errno.ENOENT, os.strerror(errno.ENOENT)))
    error = error_of(answer)
    if answer.status == library.TORN:
        error = OSError(errno.EIO, "what was written reads back as something else")
    if answer.status == library.IN_PLACE:
        error = atomic.InPlaceError(errno.EIO, "it reads back as something else")
    atomic.cannot_write(path, error)


def error_of(answer: Answer) -> OSError:
    """What the system said to a program at the host; with LC_ALL=C its words are those of here."""
    for number in _KNOWN:
        if os.strerror(number) in answer.err:
            return OSError(number, os.strerror(number))
    said = answer.err.strip().splitlines()
    return OSError(errno.EIO, printable(said[-1], 120) if said else f"status {answer.status}")


def unsafe(path: str) -> Problem:
    """Whoever may write the journal decides what root undoes."""
    return Problem(
        Exit.FAILED,
        "state-unsafe",
        f"{printable(path)} belongs to another user, or anybody may write it.",
        remedy="Log in as the owner of that directory, or give another --state-dir.",
    )
