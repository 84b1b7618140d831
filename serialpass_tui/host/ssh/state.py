"""The state directory at a host behind ssh: the same files, journal and lock as of a run there.

It lies at the host so that whoever works there and whoever works from afar see the same jobs and
wait for each other, and so that the way back does not depend on a workstation.
"""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path

from serialpass_tui.core.job import LockFile
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host import atomic
from serialpass_tui.host.journal import OPEN, StateDirectory, encode, locked, sound_length
from serialpass_tui.host.ssh import library
from serialpass_tui.host.ssh.digests import digest
from serialpass_tui.host.ssh.files import error_of, not_written, unsafe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from serialpass_tui.core.job import Record
    from serialpass_tui.host.ssh.connection import Answer, Connection

_TRIES = 3
"""How often to add a record where another one gets in between."""


class RemoteState(StateDirectory):
    """The state directory at `path` of a host."""

    def __init__(self, connection: Connection, path: str) -> None:
        super().__init__(Path(path))
        self._connection = connection

    def append(self, record: Record) -> None:
        """Add one record; it is on the host's disk when this returns.

        Raises:
            Problem: `disk-full`, `read-only`, `write-failed`, with the journal as it was;
                `ssh-lost`.
        """
        line = encode(record)
        answer = self._add(line)
        tries = 1
        while answer.status == library.CHANGED and tries < _TRIES:
            answer = self._add(line)
            tries += 1
        if answer.status != 0:
            self._failed(self._journal, answer)

    def _add(self, line: bytes) -> Answer:
        held = self._read()
        sizes = str(len(held)), str(sound_length(held))
        return self._put("sp_append", *sizes, data=line)

    def kept(self, name: str) -> bytes:
        """A small file of this directory; empty where there is none that can be read."""
        answer = self._connection.ask("sp_read", str(self._path / name))
        return answer.out if answer.status == 0 else b""

    def tell_open(self, words: str) -> None:
        """Keep what a login says of open jobs; empty: there is none. Raises Problem."""
        place = self._path / OPEN
        if words:
            self._keep(place, words.encode("ascii", "backslashreplace"))
            return
        answer = self._connection.ask("rm -f", str(place))
        if answer.status != 0:
            self._failed(place, answer)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the state directory for one writer, by the shell at the host.

        Raises:
            Problem: `locked` (conflict) with the holder's process and terminal; `no-flock`; as for
                `append`.
        """
        self._connection.ask(":")  # a line that broke meanwhile is noticed, and made anew, here
        with self._connection.holding():
            answer = self._connection.ask_itself("sp_lock", str(self._path), _from_where())
            if answer.status == library.CHANGED:
                raise locked(answer.out)
            if answer.status == library.NO_FLOCK:
                raise _no_flock(self._connection.target.shown)
            if answer.status != 0:
                self._failed(self._path / "lock", answer)
            try:
                yield
            finally:
                with suppress(Problem):  # where the connection is lost, the lock ends with it
                    self._connection.ask_itself("sp_unlock", str(self._path))

    def lock_file(self) -> LockFile | None:
        """What the lock file says, without waiting for anybody; None where it says nothing."""
        answer = self._connection.ask("sp_held", str(self._path))
        if answer.status != 0:
            return None
        held, age, text = (*answer.out.decode("utf-8", "replace").split("\n", 2), "", "")[:3]
        pid, _, terminal = text.strip().partition(" ")
        is_held = held == "held"
        seconds = max(int(age), 0) if age.isdecimal() else 0
        return LockFile(pid, terminal, is_held, seconds) if pid or is_held else None

    # --- what the directory's own methods stand on

    def _read(self) -> bytes:
        answer = self._connection.ask("sp_read", str(self._journal))
        if answer.status == library.MISSING:
            return b""
        if answer.status != 0:
            raise Problem(
                Exit.FAILED,
                "state-unreadable",
                f"{self._journal} cannot be read: {error_of(answer).strerror}.",
                remedy="Log in as root.",
            )
        return answer.out

    def _keep(self, place: Path, data: bytes) -> None:
        name = digest(data, self._connection.sums)
        answer = self._put("sp_hold", str(place), name, data=data)
        if answer.status != 0:
            self._failed(place, answer)

    def _from_root(self, place: Path) -> str:
        return str(place).lstrip("/")

    def _put(self, script: str, *words: str, data: bytes) -> Answer:
        tail = (secrets.token_hex(4), str(len(data)), digest(data, self._connection.sums))
        return self._connection.ask(script, str(self._path), *words, *tail, data=data)

    def _failed(self, place: Path, answer: Answer) -> None:
        if answer.status == library.UNSAFE:
            raise unsafe(str(self._path))
        if answer.status == library.CHANGED:
            atomic.cannot_write(str(place), OSError(errno.EBUSY, os.strerror(errno.EBUSY)))
        not_written(str(place), answer)


def _from_where() -> str:
    """The words for the second operator: what the first one is at."""
    return f"ssh from {os.uname().nodename}"


def _no_flock(host: str) -> Problem:
    return Problem(
        Exit.FAILED,
        "no-flock",
        f"{host} has no program flock: two operators could not be kept apart.",
        remedy="Work at the host itself, or put flock there: it is in util-linux.",
    )
