"""Inputs that once failed, by target; each runs at every test run."""

from __future__ import annotations

from typing import Any

from serialpass_tui.core.changes import FileEdit
from serialpass_tui.core.job import Goal, Job, Progress

_EDITS = (FileEdit("/boot/\x1b[31m", b"a", b"b"),)

SEEDS: dict[str, tuple[Any, ...]] = {
    "journal": (
        b"[" * 100_000 + b"\n",
        (
            b'{"v": 1, "kind": "opened", "job": "\\u001b[31m", "at": 1, "goal": "hide", '
            b'"title": "hide", "devices": []}\n'
        ),
        (
            b'{"v": 1, "kind": "opened", "job": "1", "at": 9223372036854775808, "goal": "hide", '
            b'"title": "hide", "devices": []}\n'
        ),
    ),
    "terminals": (b"[" * 100_000,),
    "undo-text": (
        Job("1", 1, Goal.HIDE, "hide", (), changes=_EDITS, progress=(Progress.APPLIED,)),
    ),
    "text": ("\u96fb" * (1 << 16),),
}
