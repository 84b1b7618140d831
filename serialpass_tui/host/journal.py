"""The state directory: the journal of all jobs, backups by digest, and the lock."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host import atomic
from serialpass_tui.lazy import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from serialpass_tui.core.codec import Json
    from serialpass_tui.core.job import LockFile, Record

VERSION = 1

OPEN = "open"
"""The file with what a login says of open jobs; there while there are any."""

_JOB = pattern(r"[A-Za-z0-9]+")


class StateDirectory:
    """Everything that the tool remembers, in one directory that only its owner may read.

    It is made with the first write, so that looking at a host leaves no trace on it.
    """

    def __init__(self, path: Path, root: Path = Path("/"), *, shown: str = "") -> None:
        """The directory at `path`, of the host whose root directory is at `root`.

        `shown` is its name on screens where it is not its own: a simulated host's.
        """
        self._shown = shown
        self._path = path
        self._root = root
        self._journal = path / "journal"

    def records(self) -> tuple[Record, ...]:
        """All records, oldest first; a last line that a crash cut off is left out.

        Raises:
            Problem: `journal-damaged` naming the line, `journal-newer`, `state-unreadable`.
        """
        data = self._read()
        whole = data[: sound_length(data)]
        lines = whole.split(b"\n")[:-1]
        return tuple(self._decode(line, number) for number, line in enumerate(lines, 1))

    def append(self, record: Record) -> None:
        """Add one record; it is on the disk when this returns.

        What a crash cut off before is removed first: it was never confirmed to anybody, and a
        record behind it on the same line would be lost.

        Raises:
            Problem: `disk-full`, `read-only`, `write-failed`, with the journal as it was.
        """
        line = encode(record)
        try:
            self._make()
            is_new = not self._journal.exists()
            handle = os.open(
                self._journal, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
            )
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                size = sound_length(atomic.load(self._journal)[0])
                os.ftruncate(handle, size)
                try:
                    atomic.write_all(handle, line)
                    os.fsync(handle)
                except OSError:
                    with suppress(OSError):
                        os.ftruncate(handle, size)
                    raise
            finally:
                os.close(handle)
            if is_new:
                atomic.sync_directory(self._path)
        except OSError as error:
            atomic.cannot_write(str(self._journal), error)

    def backup(self, data: bytes) -> str:
        """Keep bytes under their SHA-256 digest; the path.

        A backup whose content is not what its name says is written again: a crash or a bad disk
        must not leave the only copy wrong.

        Raises:
            Problem: `disk-full`, `read-only`, `write-failed`.
        """
        place = self._backups / _digest(data)
        self._keep(place, data)
        return str(place)

    def backup_place(self, data: bytes) -> str:
        """Where `backup` keeps these bytes, as a shell at the host's root names it."""
        return self._from_root(self._backups / _digest(data))

    def undo_place(self, job: str) -> str:
        """Where the shell's way back of a job lies, beside the backups.

        Raises:
            Problem: `journal-damaged` where the journal has a job of a name that leads elsewhere.
        """
        place = self._undo(job)
        if self._shown:
            return f"{self._shown}/{place.relative_to(self._path)}"
        return str(place.absolute())

    def keep_undo(self, job: str, text: Callable[[str], bytes]) -> None:
        """Write the shell's way back of a job; `text` makes it of its name at the host's root.

        Raises:
            Problem: as for `backup` and `undo_place`.
        """
        place = self._undo(job)
        self._keep(place, text(self._from_root(place)))

    def _keep(self, place: Path, data: bytes) -> None:
        """Have `place`, in this directory or below it, hold `data`. Raises Problem."""
        try:
            self._make()
            for folder in reversed(place.parents):
                if self._path in folder.parents and not folder.is_dir():
                    folder.mkdir(mode=0o700)
                    atomic.sync_directory(folder.parent)
            if place.exists() and atomic.load(place)[0] == data:
                atomic.sync_directory(place.parent)
            else:
                atomic.sweep(place)
                atomic.put(place, data)
        except OSError as error:
            atomic.cannot_write(str(place), error)

    @property
    def _backups(self) -> Path:
        return self._path / "backups"

    def _undo(self, job: str) -> Path:
        if not _JOB.fullmatch(job):
            raise _damaged(str(self._journal), f"it has a job {printable(job, 40)!r}")
        from serialpass_tui.core.undo_text import NAME

        return self._backups / f"job-{job}" / NAME

    def _from_root(self, place: Path) -> str:
        whole, root = place.resolve(), self._root.resolve()
        return str(whole.relative_to(root) if whole.is_relative_to(root) else whole)

    def host_name(self, name: str = "") -> str:
        """How a shell at the host's root names the directory, or a file of it."""
        if self._shown:
            return f"{self._shown}/{name}".rstrip("/")
        named = self._from_root(self._path / name)
        return named if named.startswith("/") else f"/{named}"

    def tell_open(self, words: str) -> None:
        """Keep what a login says of open jobs; empty: there is none.

        In ASCII, for whatever reads it has a character set of its own.

        Raises:
            Problem: `disk-full`, `read-only`, `write-failed`.
        """
        place = self._path / OPEN
        if words:
            self._keep(place, words.encode("ascii", "backslashreplace"))
        elif place.exists():
            try:
                atomic.remove(place, last_look=lambda: None)
            except OSError as error:
                atomic.cannot_write(str(place), error)

    def kept(self, name: str) -> bytes:
        """A small file of this directory; empty where there is none that can be read."""
        with suppress(OSError):
            return atomic.load(self._path / name)[0]
        return b""

    def keep(self, name: str, data: bytes) -> None:
        """Make that file hold `data`.

        Raises:
            Problem: `disk-full`, `read-only`, `write-failed`.
        """
        self._keep(self._path / name, data)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the state directory for one writer until the end of the `with` block.

        Raises:
            Problem: `locked` (conflict) with the holder's process and terminal; as for `append`.
        """
        place = self._path / "lock"
        try:
            self._make()
            handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            atomic.cannot_write(str(place), error)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in {errno.EAGAIN, errno.EACCES}:
                    atomic.cannot_write(str(place), error)
                raise locked(os.pread(handle, 200, 0)) from None
            with suppress(OSError):  # a full disk must not keep the operator from a rollback
                os.ftruncate(handle, 0)
                os.pwrite(handle, f"{os.getpid()} {_terminal()}\n".encode(), 0)
            try:
                yield
            finally:
                with suppress(OSError):
                    os.ftruncate(handle, 0)  # what stays there tells of a holder that was killed
        finally:
            os.close(handle)

    def lock_file(self) -> LockFile | None:
        """What the lock file says, without waiting for anybody; None where it says nothing.

        The kernel frees a flock when its holder ends, however that comes: text in a file that
        nobody holds is what a killed run left.
        """
        try:
            handle = os.open(self._path / "lock", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            text = os.pread(handle, 200, 0)
            age = int(time.time() - os.fstat(handle).st_mtime)
            held = False
            try:
                # Shared, and gone at once: it must not get into a writer's way.
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                held = True
        finally:
            os.close(handle)
        pid, _, terminal = text.decode("utf-8", "replace").strip().partition(" ")
        from serialpass_tui.core.job import LockFile

        return LockFile(pid, terminal, held, max(age, 0)) if pid or held else None

    def _make(self) -> None:
        if self._path.is_dir():
            self._check_owner()
            return
        self._path.mkdir(mode=0o700, parents=True)
        atomic.sync_directory(self._path.parent)

    def _check_owner(self) -> None:
        """Whoever may write the journal decides what root undoes."""
        facts = self._path.stat()
        if facts.st_uid != os.geteuid() or facts.st_mode & 0o002:
            raise Problem(
                Exit.FAILED,
                "state-unsafe",
                f"{printable(str(self._path))} belongs to another user, or anybody may write it.",
                remedy="Run this as the owner of that directory, or give another --state-dir.",
            )

    def _read(self) -> bytes:
        try:
            return atomic.load(self._journal)[0]
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise Problem(
                Exit.FAILED,
                "state-unreadable",
                f"{printable(str(self._journal))} cannot be read: {error.strerror}.",
                remedy="Run this as root.",
            ) from error

    def _decode(self, line: bytes, number: int) -> Record:
        where = f"line {number} of {printable(str(self._journal))}"
        value = _json(line)
        if not isinstance(value, dict):
            raise _damaged(where, "it is no record")
        version = value.get("v")
        if isinstance(version, int) and version > VERSION:
            raise Problem(
                Exit.FAILED,
                "journal-newer",
                f"A newer version of this tool wrote {where}.",
                remedy="Use that version.",
            )
        try:
            from serialpass_tui.core import codec
            from serialpass_tui.core.job import Record

            of: Any = Record  # a union, which is no class to a type checker
            record: Record = codec.decode(of, value, "record")
            return record
        except Problem as problem:
            raise _damaged(where, problem.summary) from problem


def encode(record: Record) -> bytes:
    """A record as a line of the journal."""
    import json

    from serialpass_tui.core import codec

    encoded: Any = codec.encode(record)
    return json.dumps({"v": VERSION, **encoded}, separators=(",", ":")).encode() + b"\n"


def sound_length(data: bytes) -> int:
    """How many bytes of the journal are whole lines.

    A crash may leave the last line without its end, or, where blocks reach the disk in another
    order, with its end and a hole in it: neither is JSON.
    """
    end = data.rfind(b"\n") + 1
    start = data.rfind(b"\n", 0, max(end - 1, 0)) + 1
    return end if end == start or _json(data[start:end]) is not None else start


def _json(line: bytes) -> Json:
    import json  # for who has something to read

    try:
        value: Json = json.loads(line)
        return value
    except (ValueError, RecursionError):
        return None


def _damaged(where: str, why: str) -> Problem:
    return Problem(
        Exit.FAILED,
        "journal-damaged",
        f"The journal cannot be read at {where}: {why}",
        remedy="Copy the file for a bug report, then repair or remove that line; the backups "
        "beside it are not concerned.",
    )


def locked(holder: bytes) -> Problem:
    """The problem of a lock that is held, by what its file says."""
    pid, _, terminal = holder.decode("utf-8", "replace").strip().partition(" ")
    who = f"process {printable(pid)} on {printable(terminal)}" if pid else "another process"
    return Problem(
        Exit.CONFLICT,
        "locked",
        f"Another run of this tool is at work here: {who}.",
        remedy="Wait for its end, or go to that terminal.",
    )


def _terminal() -> str:
    for handle in (0, 1, 2):
        with suppress(OSError):
            return os.ttyname(handle)
    return "no terminal"


def _digest(data: bytes) -> str:
    """The name under which a backup lies."""
    import hashlib  # as late as here: who only reads the journal needs none of it

    return hashlib.sha256(data).hexdigest()
