"""Recordings: one host in one JSON file, for a bug report, a test or a demo."""

from __future__ import annotations

import errno
import json

from serialpass_tui.core import codec
from serialpass_tui.core.inventory import Inventory, Recording
from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host import atomic
from serialpass_tui.host.recorded import (
    RecordedFiles,
    RecordedHost,
    RecordedJournal,
    RecordedToolstack,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from serialpass_tui.core.pool import Pool

__all__ = [
    "RecordedFiles",
    "RecordedHost",
    "RecordedJournal",
    "RecordedToolstack",
    "load",
    "record",
    "save",
]

VERSION = 1


def record(inventory: Inventory, pool: Pool | None, note: str = "") -> Recording:
    """A host at one moment; None for the pool where no XAPI answered."""
    return Recording(inventory, pool, VERSION, note)


def save(path: Path, recording: Recording, *, redact: bool) -> None:
    """Write a recording as JSON that a person can read and two of which can be compared.

    Without `redact` only its owner may read the file: it names the site.

    Raises:
        Problem: `disk-full`, `read-only`, `write-failed`.
    """
    from serialpass_tui.host.redaction import redact as without_identifiers  # a look needs none

    shown = without_identifiers(recording) if redact else recording
    data = (json.dumps(codec.encode(shown), indent=2) + "\n").encode()
    try:
        if path.is_block_device():
            raise OSError(errno.ENOTSUP, "it is a block device")
        if path.exists() and not path.is_file():
            path.write_bytes(data)  # /dev/stdout and the like have no place for a second file
        else:
            atomic.put(path.resolve(), data, mode=0o644 if redact else 0o600)
    except OSError as error:
        atomic.cannot_write(str(path), error)


def load(path: Path) -> Recording:
    """The recording in a file.

    Raises:
        Problem: `bad-recording` (usage), saying what is wrong with it.
    """
    shown = printable(str(path))
    try:
        value: codec.Json = json.loads(atomic.load(path)[0])
    except OSError as error:
        raise _bad(f"{shown} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise _bad(f"{shown} is not JSON: {error}.") from error
    if not isinstance(value, dict) or "inventory" not in value:
        raise _bad(f"{shown} is no recording of a host.")
    version = value.get("version", VERSION)
    if isinstance(version, int) and version > VERSION:
        raise _bad(f"{shown} was written by a newer version of this tool.")
    try:
        return codec.decode(Recording, value, "recording")
    except Problem as problem:
        raise _bad(f"{shown}: {problem.summary}") from problem


def _bad(summary: str) -> Problem:
    return Problem(
        Exit.USAGE,
        "bad-recording",
        summary,
        remedy="Give a file that the record command wrote, of this or an earlier version.",
    )
