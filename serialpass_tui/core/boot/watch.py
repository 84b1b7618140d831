"""What looks at a trial boot without a person: files that start `boot-check`, and its one line.

systemd starts it by a unit and, in place of the link that `systemctl enable` makes, by a drop-in of
multi-user.target that wants it (systemd.unit(5)): plain files, which the journal knows. Where there
is no systemd, the last script of System V's init, rc.local, calls it.
"""

from __future__ import annotations

import re

from serialpass_tui.core.boot.edit import Companion
from serialpass_tui.core.boot.locate import SYSTEMD
from serialpass_tui.core.changes import FileEdit
from serialpass_tui.core.trial import Stage
from serialpass_tui.lazy import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection

UNIT = "/etc/systemd/system/serialpass-tui-trial.service"
DROPIN = "/etc/systemd/system/multi-user.target.d/serialpass-tui-trial.conf"
RC_LOCAL = "/etc/rc.d/rc.local"
MOTD = "/etc/motd"
"""What login and sshd show to whoever logs in (login(1), sshd_config(5) PrintMotd)."""
WATCH = (UNIT, DROPIN, RC_LOCAL, MOTD)

_SIGN = "# serialpass-tui: looks at a trial boot and says in /etc/motd what came of it\n"
_PLAIN = pattern(r"/[A-Za-z0-9/._+ -]+")
_LINE = pattern(rb"^serialpass-tui: [^\n]*\n?", re.MULTILINE)


def starters(
    program: str, folders: Collection[str], held: Callable[[str], bytes | None]
) -> tuple[Companion, ...]:
    """The files that have `program` look at the next boots; none where no init is known.

    `program` is what starts this tool, `folders` those that exist, `held` reads a file.
    """
    if not _PLAIN.fullmatch(program):
        return ()
    if SYSTEMD in folders:
        return tuple(
            Companion(FileEdit(path, before, after), _WHY)
            for path, after in ((UNIT, _unit(program)), (DROPIN, _DROPIN_TEXT))
            if (before := held(path)) != after
        )
    before = held(RC_LOCAL)
    if before is None or _call(program) in before:
        return ()
    return (Companion(FileEdit(RC_LOCAL, before, _with_call(before, program)), _WHY),)


_WHY = "It looks at the trial boot and says in /etc/motd what came of it; it goes with the trial."
_DROPIN_TEXT = f"{_SIGN}[Unit]\nWants={UNIT.rpartition('/')[2]}\n".encode()


def _unit(program: str) -> bytes:
    path = program.split(" ", maxsplit=1)[0]
    return (
        f"{_SIGN}[Unit]\nDescription=Look at a trial boot of serialpass-tui\n"
        f"After=local-fs.target\nConditionPathExists={path}\n\n"
        f"[Service]\nType=oneshot\nExecStart={program} boot-check\n"
    ).encode()


def _call(program: str) -> bytes:
    return f"{_SIGN}{program} boot-check\n".encode()


def _with_call(data: bytes, program: str) -> bytes:
    """rc.local with the call at its end, in front of a last `exit`."""
    match = re.search(rb"^exit\b[^\n]*\n*\Z", data, re.MULTILINE)
    end = match.start() if match else len(data)
    gap = b"" if end == 0 or data[end - 1 : end] == b"\n" else b"\n"
    return data[:end] + gap + _call(program) + data[end:]


def line(stage: Stage, hidden: int, count: int) -> str:
    """The line for whoever logs in; empty where there is nothing to say.

    `hidden` of the job's `count` devices are.
    """
    if stage is Stage.RUNNING:
        return (
            f"serialpass-tui: trial boot, {hidden} of {count} devices hidden, "
            "run serialpass-tui to confirm"
        )
    if stage is Stage.RETURNED:
        return "serialpass-tui: back from a trial boot that was not kept, run serialpass-tui"
    return ""


def with_line(data: bytes | None, words: str) -> bytes | None:
    """/etc/motd with `words` as its line of this tool, or without one where they are empty."""
    rest = _LINE.sub(b"", data or b"")
    if not words:
        return rest if rest or data == b"" else None
    gap = b"" if not rest or rest.endswith(b"\n") else b"\n"
    return rest + gap + words.encode() + b"\n"
