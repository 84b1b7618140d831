"""The files of a host as it told them, below a private directory here: what the probe reads.

What comes is data from outside. Nothing is written above the directory, whatever names and links
say; a link leads to a place below it or nowhere.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path, PurePosixPath

from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host import rooted
from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_ITEMS = 200_000
"""More than any host has; a stream without end is cut here."""
_FILE, _LINK, _FOLDER_LINK, _FOLDER, _SPARSE, _OUTPUT, _UNREAD = "f", "l", "L", "d", "s", "o", "u"


@frozen
class Item:
    """One thing that the host told."""

    kind: str
    name: str
    data: bytes


@frozen
class Told:
    """What was told beside the files."""

    outputs: Mapping[str, str]
    """What programs said, by name."""
    unread: tuple[str, ...]
    """Files that are there and could not be read."""


def items(stream: bytes, mark: bytes) -> Iterator[Item]:
    """The items of a stream: a line with kind and name, the bytes, the mark on a line.

    Raises:
        Problem: `ssh-stream` where it is not of this form.
    """
    end = b"\n" + mark + b"=\n"
    at = count = 0
    while at < len(stream):
        line_end = stream.find(b"\n", at)
        data_end = stream.find(end, line_end)
        count += 1
        if line_end < 0 or data_end < 0 or stream[at + 1 : at + 2] != b" " or count > MOST_ITEMS:
            raise _bad(stream[at : at + 60])
        name = os.fsdecode(stream[at + 2 : line_end])
        yield Item(chr(stream[at]), name, stream[line_end + 1 : data_end])
        at = data_end + len(end)


def unpack(root: Path, stream: bytes, mark: bytes) -> Told:
    """Lay the files of a stream below `root`, an empty directory.

    Raises:
        Problem: `ssh-stream`.
    """
    outputs: dict[str, str] = {}
    unread: list[str] = []
    root = root.resolve()
    for item in items(stream, mark):
        if item.kind == _OUTPUT:
            outputs[item.name] = item.data.decode("utf-8", "replace")
        elif item.kind == _UNREAD:
            unread.append(item.name)
        else:
            with suppress(OSError, ValueError):  # a name that is taken, or that no file can have
                _lay(root, item)
    return Told(outputs, tuple(unread))


def _lay(root: Path, item: Item) -> None:
    place = place_of(root, item.name)
    if item.kind == _FOLDER:
        place.mkdir(parents=True, exist_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if item.kind in {_LINK, _FOLDER_LINK}:
        target = _inside(root, place, os.fsdecode(item.data))
        if item.kind == _FOLDER_LINK:
            place_of(root, "/" + target.relative_to(root).as_posix()).mkdir(
                parents=True, exist_ok=True
            )
        place.symlink_to(os.path.relpath(target, place.parent))
        try:
            rooted.resolve(root, rooted.host_path(root, place))
        except OSError:  # a chain without end, which nobody should have to follow
            place.unlink()
        return
    if place.is_symlink() or place.is_dir():
        return
    if item.kind == _SPARSE:
        place.write_bytes(_spread(item.data))
    elif item.kind == _FILE:
        place.write_bytes(item.data)
        if item.name.rpartition("/")[2] in _PROGRAMS:
            place.chmod(0o700)


_PROGRAMS = frozenset({"extlinux"})
"""Programs that the probe looks for: their place is told, not their bytes."""


def place_of(root: Path, name: str) -> Path:
    """Where a host's path lies below `root`: links in it are followed as the host would."""
    folder, _, last = name.rpartition("/")
    if not last or last in {".", ".."}:
        raise OSError(name)
    return rooted.resolve(root, folder or "/") / last


def _inside(root: Path, place: Path, target: str) -> Path:
    """What a link at `place` means, as a path below `root` with no way out in it."""
    whole = PurePosixPath(target)
    parts = [] if whole.is_absolute() else list(place.parent.relative_to(root).parts)
    for part in whole.parts:
        if part == "..":
            del parts[-1:]
        elif part != "/":
            parts.append(part)
    return root.joinpath(*parts)


def _spread(told: bytes) -> bytes:
    """A file of which only some bytes were read: lines of an offset and bytes in hexadecimal."""
    data = bytearray()
    with suppress(ValueError):
        for line in told.decode("ascii", "replace").splitlines():
            head, *rest = line.split()
            at, found = int(head), bytes.fromhex("".join(rest))
            if at + len(found) > 4096:
                break
            data.extend(bytes(max(at + len(found) - len(data), 0)))
            data[at : at + len(found)] = found
    return bytes(data)


def _bad(seen: bytes) -> Problem:
    return Problem(
        Exit.FAILED,
        "ssh-stream",
        "The host's answer is not what was asked for: "
        f"{printable(seen.decode('utf-8', 'replace'), 60)!r}",
        remedy="Check that /bin/sh there is a shell like any other, then try again.",
    )
