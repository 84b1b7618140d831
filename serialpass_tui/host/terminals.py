"""What the operator said of the terminal on a line, for the next start there.

A vt100 on the serial port stays one, and nobody wants to type it each time; a pseudo terminal is
another one at each login, so it is not remembered.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress

from serialpass_tui.errors import Problem
from serialpass_tui.lazy import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.host.journal import StateDirectory

FILE = "terminals"

_LASTING = pattern(r"/dev/((tts/|tty|ttyS|ttyUSB|ttyACM|ttyAMA|hvc|xvc)\d+|console)")
"""Names that mean the same line at the next login (Linux Documentation/admin-guide/devices.txt)."""


def lasting_name(fd: int) -> str:
    """The device of this terminal, where it is the same one tomorrow; empty where it is not."""
    with suppress(OSError):
        name = os.ttyname(fd)
        if _LASTING.fullmatch(name):
            return name
    return ""


def recall(state: StateDirectory, line: str) -> str:
    """What was last said of the terminal on `line`, as `--terminal` takes it; empty: nothing."""
    return _all(state).get(line, "")


def remember(state: StateDirectory, line: str, said: str) -> None:
    """Keep what was said of the terminal on `line`; `auto` forgets it.

    A state directory that cannot be written must not keep the operator from the wizard.
    """
    known = _all(state)
    told = {**known, line: said}
    if said == "auto":
        del told[line]
    if line and told != known:
        with suppress(Problem):
            state.keep(FILE, json.dumps(told, indent=1, sort_keys=True).encode() + b"\n")


def _all(state: StateDirectory) -> dict[str, str]:
    """Everything that is known; what is no such file counts as nothing."""
    try:
        found = json.loads(state.kept(FILE))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {line: said for line, said in found.items() if isinstance(said, str)}
