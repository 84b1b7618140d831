"""Files of a host behind ssh, replaced by the rules of `host.files` with what its shell has."""

from __future__ import annotations

import errno
import os
import secrets

from serialpass_tui.core.program import Seal
from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host import atomic
from serialpass_tui.host.files import backup_exists, changed, fits_name
from serialpass_tui.host.ssh import library
from serialpass_tui.host.ssh.digests import digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

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

    # --- the tool's own program, which a run at the host itself may have put there

    def is_folder(self, path: str) -> bool:
        """Whether a folder is there."""
        return self._connection.ask("test -d", path).status == 0

    def seal(self, path: str) -> Seal | None:
        """Digest and size of a file; None: there is none. Raises Problem `file-unreadable`."""
        data = self._held(path)
        return None if data is None else Seal(digest(data, "sha256sum"), len(data))

    def place(self, path: str, before: Seal | None, after: Seal | None, source: str) -> None:
        """Take a copy of the program away; from afar none is put there.

        Raises:
            Problem: `not-from-afar`; as `replace`.
        """
        data = self._held(path)
        now = None if data is None else Seal(digest(data, "sha256sum"), len(data))
        if after is not None and now != after:
            raise _not_from_afar(source)
        if after is None and now is not None:
            if now != before:
                raise changed(path)
            self.replace(path, data, None)
        if after is None:
            self._connection.ask("sp_tidy", path.rpartition("/")[0])

    def link(self, path: str) -> str | None:
        """Where a symbolic link leads; None: nothing is there; empty: it is something else."""
        answer = self._connection.ask("sp_link", path)
        if answer.status == library.MISSING:
            return None
        return os.fsdecode(answer.out.removesuffix(b"\n")) if answer.status == 0 else ""

    def relink(self, path: str, before: str | None, after: str | None) -> None:
        """Take a link to the program away; from afar none is made.

        Raises:
            Problem: `not-from-afar`; as `replace`.
        """
        now = self.link(path)
        if now == after:
            return
        if after is not None:
            raise _not_from_afar(path)
        answer = self._connection.ask("sp_unlink", path, before or "")
        if answer.status == library.CHANGED:
            raise changed(path)
        if answer.status != 0:
            not_written(path, answer)

    def _held(self, path: str) -> bytes | None:
        try:
            return self.read(path)
        except Problem as problem:
            if problem.code == "file-missing":
                return None
            raise

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


def _not_from_afar(name: str) -> Problem:
    return Problem(
        Exit.REFUSED,
        "not-from-afar",
        f"{printable(name)} is not copied over ssh: nothing is installed on the host from afar.",
        remedy="Copy the program there and run it there with `install`.",
    )


def unsafe(path: str) -> Problem:
    """Whoever may write the journal decides what root undoes."""
    return Problem(
        Exit.FAILED,
        "state-unsafe",
        f"{printable(path)} belongs to another user, or anybody may write it.",
        remedy="Log in as the owner of that directory, or give another --state-dir.",
    )
