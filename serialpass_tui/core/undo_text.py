"""UNDO.txt: the way back of one job, for somebody who has nothing but a shell.

The text is a shell script whose words are comments, so that it can be read, typed line by line, or
run as a whole. Each file is put back only while it holds what the job left there. Names in it are
relative: the same lines serve the host itself and its root mounted by an installer.
"""

from __future__ import annotations

from datetime import UTC, datetime

from serialpass_tui.core.changes import BootOnce, DriverChange, FileEdit, GuestEdit, Reboot
from serialpass_tui.core.job import Outcome, Progress, net_effect
from serialpass_tui.core.program import Link, ProgramCopy
from serialpass_tui.core.text import printable, shell_words
from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from serialpass_tui.core.changes import Reversible
    from serialpass_tui.core.job import Job

NAME = "UNDO.txt"
_PLAIN = frozenset(map(chr, range(0x20, 0x7F)))


@frozen
class Kept:
    """Where a file and what it held before the job lie, as a shell at the host's root names them.

    A boot file may be a link, which an installer's shell would follow to its own disk.
    """

    file: str
    backup: str
    """The copy beside the file, or, of a file that the job takes away, that beside the journal."""


def undo_text(job: Job, kept: Mapping[str, Kept], own_place: str) -> bytes:
    """The undo of `job`; `kept` has its files by path, `own_place` is where the text will lie.

    Raises:
        KeyError: a changed file that held something is not in `kept`.
    """
    lines = [
        f"# {NAME} of job {job.id} of serialpass-tui: {_said(job.title)}",
        f"# The job began on {_time(job.at)}.",
        "#",
    ]
    if job.outcome is Outcome.ROLLED_BACK:
        lines.append("# This job was rolled back: nothing of it is left to undo.")
    else:
        lines += _commands(job, kept, own_place)
    return ("\n".join(lines) + "\n").encode("ascii")


def word(text: str) -> str:
    """One shell word of plain ASCII on one line, whatever is in `text`.

    POSIX's shell has no escape for other bytes in quotes; its printf has. What `$()` cuts off, line
    ends at the end, stands in quotes behind it.
    """
    if _PLAIN.issuperset(text):
        return shell_words([text])
    body = text.rstrip("\n")
    octal = "".join(
        chr(byte) if chr(byte).isalnum() and byte < 0x7F else f"\\{byte:03o}"
        for byte in _bytes(body)
    )
    ends = text[len(body) :]
    return f"\"$(printf '{octal}')\"" + (f"'{ends}'" if ends else "")


def _bytes(text: str) -> bytes:
    """The bytes of a name of a file or VM; a journal may hold text that is none."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _time(seconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, ValueError, OSError):
        return "an unknown day"


def _said(text: str) -> str:
    """Words from outside in a comment: on one line, plain, and not without end."""
    return printable(text, 300).encode("ascii", "backslashreplace").decode("ascii")


def _commands(job: Job, kept: Mapping[str, Kept], own_place: str) -> Iterator[str]:
    planned = [
        change
        for change, progress in zip(job.changes, job.progress, strict=True)
        if progress is not Progress.DROPPED
    ]
    net = net_effect(planned)
    files = [change for change in net if isinstance(change, FileEdit | GuestEdit)]
    own = [change for change in reversed(net) if isinstance(change, ProgramCopy | Link)]
    here = [change for change in reversed(net) if change not in {*files, *own}]
    here.sort(key=lambda change: isinstance(change, DriverChange))  # the kernel may refuse these
    yield "# It needs no serialpass-tui, only a shell. Become root, then go to the root of"
    yield "# the host's disk: on the host itself"
    yield "#     cd /"
    yield "# or, in an installer's or rescue system's shell, where that disk is mounted:"
    yield "#     cd /mnt"
    yield "# Now type the lines without # in front, or run all of them:"
    yield f"#     sh {_said(word(own_place))}"
    yield "# By hand, one line a file is enough: cp (or rm), then sync. The digests are those of"
    yield "# sha256sum FILE. Run as a whole, a file that somebody else has changed is left alone."
    if any(isinstance(change, Reboot) for change in planned):
        yield "# After that, reboot the host."
    if here:
        yield ""
        yield "# VMs, drivers and the boot loader's own memory: only on the running host."
        yield 'if [ "$PWD" = / ]; then'
        for change in here:
            yield f"# to take back: {_said(change.describe())}"
            yield from _by_hand(change.inverse())
        yield "fi"
    edits = [change for change in planned if isinstance(change, FileEdit | GuestEdit)]
    for edit in files:
        left = [each.after for each in edits if each.path == edit.path]
        whole = edit if isinstance(edit, FileEdit) else edit.file
        yield ""
        yield from _file(whole, [data for data in left if data != edit.before], kept)
    for change in own:
        yield ""
        yield from _program(change)
    yield ""
    yield "sync"


def _program(change: ProgramCopy | Link) -> Iterator[str]:
    """Take away a program or a link to it, or have the link lead where it did."""
    file = word(change.path.lstrip("/"))
    yield f"# to take back: {_said(change.describe())}"
    if isinstance(change, ProgramCopy):
        if change.after is None:
            yield "# its bytes were not kept: copy the program to the host and run its `install`"
            return
        folder = word(change.path.lstrip("/").rpartition("/")[0])
        yield f'case "$({{ sha256sum < {file}; }} 2>/dev/null)" in'
        yield f"  {change.after.sha256}*) rm -- {file}; rmdir -- {folder} 2>/dev/null ;;"
    else:
        yield f'case "$(readlink -- {file})" in'
        again = f" && ln -s -- {word(change.before)} {file}" if change.before else ""
        if change.after is None:
            yield f"  '') {again.removeprefix(' && ')} ;;"
        else:
            yield f"  {word(change.after)}) rm -- {file}{again} ;;"
    yield f"  *) echo left alone: {word(_said(change.path))} ;;"
    yield "esac"


def _file(edit: FileEdit, left: list[bytes | None], kept: Mapping[str, Kept]) -> Iterator[str]:
    """Put one file back, if it holds any of what the job has `left` there."""
    known = kept.get(edit.path)
    file = word(known.file if known else edit.path.lstrip("/"))
    yield f"# {_said(edit.path)}"
    yield f"#   as the job leaves it:  {_digest(edit.after)}"
    yield f"#   as it was before:      {_digest(edit.before)}"
    yield f'case "$({{ sha256sum < {file}; }} 2>/dev/null)" in'
    for pattern in dict.fromkeys(_pattern(data) for data in left):
        yield f"  {pattern})"
        if edit.before is None:
            yield f"    rm -- {file} ;;"
        elif edit.after is None:
            yield f"    cp -- {word(kept[edit.path].backup)} {file} && chmod 644 -- {file} ;;"
        else:
            yield f"    cp -p -- {word(kept[edit.path].backup)} {file} ;;"
    yield f"  {_pattern(edit.before)}) echo as before the job: {word(_said(edit.path))} ;;"
    yield f"  *) echo left alone, for somebody else changed it: {word(_said(edit.path))} ;;"
    yield "esac"


def _by_hand(change: Reversible) -> tuple[str, ...]:
    """The commands that make a change which is no file's, each on one line of plain ASCII."""
    if isinstance(change, DriverChange | BootOnce):
        return change.preview()
    if isinstance(change, FileEdit | GuestEdit | ProgramCopy | Link):
        return ()
    import shlex  # as late as here: a look at the host undoes nothing

    return (" ".join(map(word, shlex.split(change.command()))),)


def _digest(data: bytes | None) -> str:
    import hashlib

    return "there is no such file" if data is None else hashlib.sha256(data).hexdigest()


def _pattern(data: bytes | None) -> str:
    """What `sha256sum` says of these bytes, as a pattern of `case`; nothing for a missing file."""
    return "''" if data is None else f"{_digest(data)}*"
