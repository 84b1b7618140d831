"""Files that are either old or new after any crash, and the words for what went wrong."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from pathlib import Path

from serialpass_tui.core.text import printable
from serialpass_tui.errors import NOTHING_CHANGED, Exit, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import NoReturn

SIZE_LIMIT = 64 * 1024 * 1024
"""No file that this tool reads is near this; a device or a log by mistake is."""

_NEW = ".serialpass-new."
_DENIED = {errno.EPERM, errno.EACCES}
_UNSUPPORTED = {errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}
# These two sign the content, which is another one now; the kernel makes them anew.
_CONTENT_XATTRS = {"security.ima", "security.evm"}


class InPlaceError(OSError):
    """The new file has the name, but the disk did not confirm it."""


def load(place: Path) -> tuple[bytes, os.stat_result]:
    """All bytes of a regular file, and what the file is.

    Raises:
        OSError: as the system says; EINVAL for what is no regular file, EFBIG beyond the limit.
    """
    # Without O_NONBLOCK, opening a FIFO of that name would wait for ever.
    handle = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        data = bytearray()
        while chunk := os.read(handle, 1 << 16):
            data += chunk
            if len(data) > SIZE_LIMIT:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        return bytes(data), facts
    finally:
        os.close(handle)


def put(
    place: Path,
    data: bytes,
    *,
    like: os.stat_result | None = None,
    mode: int = 0o600,
    last_look: Callable[[], None] = lambda: None,
) -> None:
    """Make `place` hold `data`: a new file beside it, complete and on the disk, takes its name.

    Boot loaders read a file without replaying the file system's journal, and a power cut takes
    what was not synced: hence the order. `like` gives owner and mode, without it the file is ours
    and has `mode`; `last_look` runs right before the rename and stops it by raising.

    Raises:
        InPlaceError: when only the sync after the rename failed.
        OSError: when anything before it failed; the old file stands and nothing is left over.
    """
    fill(
        place,
        len(data),
        lambda new: write_all(new, data),
        like=like,
        mode=mode,
        last_look=last_look,
    )


def fill(
    place: Path,
    size: int,
    write: Callable[[int], None],
    *,
    like: os.stat_result | None = None,
    mode: int = 0o600,
    last_look: Callable[[], None] = lambda: None,
) -> None:
    """The same with `size` bytes that `write` puts into the new file: no need to hold them all.

    Raises:
        InPlaceError, OSError: as `put`; whatever `write` raises.
    """
    _check_space(place.parent, size)
    with _named_at_the_end(place) as new:
        first = mode if like is None else 0o600  # nobody else's business before its own mode is set
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, first)
        try:
            write(handle)
            if like is not None:
                _copy_owner(handle, like)
            if place.exists():
                _copy_labels(place, handle)
            os.fsync(handle)
        finally:
            os.close(handle)
        last_look()


def point(place: Path, target: str, *, last_look: Callable[[], None]) -> None:
    """Make `place` a symbolic link to `target`: a new one beside it takes its name.

    Raises:
        InPlaceError, OSError: as `put`.
    """
    with _named_at_the_end(place) as new:
        new.symlink_to(target)
        last_look()


@contextmanager
def _named_at_the_end(place: Path) -> Iterator[Path]:
    """A name beside `place` for what shall be there; it gets the place's name if all goes well."""
    new = place.with_name(f".{place.name}{_NEW}{os.getpid()}-{os.urandom(4).hex()}")
    try:
        yield new
        new.rename(place)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise
    try:
        sync_directory(place.parent)
    except OSError as error:
        raise InPlaceError(error.errno, error.strerror) from error


def pour(source: Path, handle: int | None = None) -> tuple[str, int]:
    """The SHA-256 and size of a regular file, read in parts, each also written to `handle`.

    Raises:
        OSError: as `load`.
    """
    import hashlib  # as late as here: most commands need none of it

    digest, size = hashlib.sha256(), 0
    reading = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(reading).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        while chunk := os.read(reading, 1 << 20):
            digest.update(chunk)
            size += len(chunk)
            if size > SIZE_LIMIT:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            if handle is not None:
                write_all(handle, chunk)
    finally:
        os.close(reading)
    return digest.hexdigest(), size


def remove(place: Path, *, last_look: Callable[[], None]) -> None:
    """Take a file away for good; `last_look` runs right before and stops it by raising.

    Raises:
        InPlaceError: when only the sync after it failed.
        OSError: when the file stands.
    """
    last_look()
    place.unlink()
    try:
        sync_directory(place.parent)
    except OSError as error:
        raise InPlaceError(error.errno, error.strerror) from error


def sweep(place: Path) -> None:
    """Remove what killed runs left beside `place`; litter that cannot be removed harms nothing."""
    with suppress(OSError):
        for leftover in place.parent.iterdir():
            if leftover.name.startswith(f".{place.name}{_NEW}"):
                leftover.unlink()


def write_all(handle: int, data: bytes) -> None:
    """Write every byte: the system may take fewer than it was given."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def sync_directory(folder: Path) -> None:
    """Have the directory's entries on the disk; without it a rename may be lost in a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
    finally:
        os.close(handle)


def sync_device(folder: Path, root: Path = Path("/")) -> None:
    """Have what the file system journalled in its final place on the disk under it.

    A boot loader does not replay a journal. After a power cut it would read the old file, or what
    has since been written over it, although fsync had returned for the new one. Syncing the block
    device writes those blocks out (Linux block/fops.c blkdev_fsync). File systems without a device
    of their own have nothing to sync there.

    Raises:
        InPlaceError: when the disk did not confirm it.
    """
    number = folder.stat().st_dev
    try:
        name = (root / f"sys/dev/block/{os.major(number)}:{os.minor(number)}").readlink().name
        handle = os.open(root / "dev" / name.replace("!", "/"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError as error:
        raise InPlaceError(error.errno, error.strerror) from error
    finally:
        os.close(handle)


def cannot_read(path: str, error: OSError) -> NoReturn:
    """Say why a file cannot be read.

    Raises:
        Problem: `file-missing`, `file-unreadable`.
    """
    shown = printable(path)
    if error.errno in {errno.ENOENT, errno.ENOTDIR}:
        raise Problem(
            Exit.FAILED,
            "file-missing",
            f"{shown} does not exist.",
            remedy="Check the path, and that its file system is mounted.",
        ) from error
    remedy = "Check the file and its file system."
    if error.errno in _DENIED:
        remedy = "Run this as root."
    raise Problem(
        Exit.FAILED,
        "file-unreadable",
        f"{shown} cannot be read: {error.strerror}.",
        remedy=remedy,
    ) from error


def cannot_write(path: str, error: OSError) -> NoReturn:
    """Say why a file cannot be written, and what now is in its place.

    Raises:
        Problem: `disk-full`, `read-only`, `write-failed`.
    """
    shown = printable(path)
    codes = {
        errno.ENOSPC: ("disk-full", "Make room on its file system, then try again."),
        errno.EDQUOT: ("disk-full", "Make room on its file system, then try again."),
        errno.EROFS: (
            "read-only",
            "See in dmesg why the file system is read-only; mount -o remount,rw if it is sound.",
        ),
    }
    other = "Run this as root." if error.errno in _DENIED else "See in dmesg what the disk says."
    code, remedy = codes.get(error.errno or 0, ("write-failed", other))
    state = NOTHING_CHANGED
    if isinstance(error, InPlaceError):
        code = "write-failed"
        state = "The change is in place, but the disk did not confirm that it will stay."
        remedy = "See in dmesg what the disk says; do not reboot before the file reads right."
    raise Problem(
        Exit.FAILED,
        code,
        f"{shown} cannot be written: {error.strerror}.",
        state=state,
        remedy=remedy,
    ) from error


def _check_space(folder: Path, size: int) -> None:
    facts = os.statvfs(folder)
    # Some file systems count neither blocks nor inodes and say 0 of both.
    needed = size + 2 * facts.f_frsize
    full = facts.f_blocks and facts.f_bavail * facts.f_frsize < needed
    if full or (facts.f_files and not facts.f_favail):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _copy_owner(handle: int, like: os.stat_result) -> None:
    """Owner, then mode (chown clears set-id bits); FAT has neither and refuses to store them."""
    mode = stat.S_IMODE(like.st_mode)
    try:
        os.fchown(handle, like.st_uid, like.st_gid)
        os.fchmod(handle, mode)
    except OSError as error:
        now = os.fstat(handle)
        same = (now.st_uid, now.st_gid, stat.S_IMODE(now.st_mode))
        if error.errno not in _DENIED | _UNSUPPORTED or same != (like.st_uid, like.st_gid, mode):
            raise


def _copy_labels(old: Path, handle: int) -> None:
    """Extended attributes: the SELinux label and access lists among them."""
    try:
        names = os.listxattr(old)
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            return
        raise
    for name in names:
        if name in _CONTENT_XATTRS:
            continue
        value = os.getxattr(old, name)
        try:
            os.setxattr(handle, name, value)
        except OSError as error:
            if error.errno in _UNSUPPORTED or _holds(handle, name, value):
                continue
            raise


def _holds(handle: int, name: str, value: bytes) -> bool:
    try:
        return os.getxattr(handle, name) == value
    except OSError:
        return False
