"""Inputs that once failed, by target; each runs at every test run."""

from __future__ import annotations

import json
from typing import Any

from serialpass_tui.core.changes import FileEdit
from serialpass_tui.core.job import Goal, Job, Progress
from serialpass_tui.sim import machines
from tests.fuzz import boot
from tests.fuzz.files import HOSTS
from tests.fuzz.hostile import replaced

HEART = "\u2764\ufe0f"
"""A variation selector after it makes one cell two."""


def _edited(path: str) -> Job:
    edits = (FileEdit(path, b"a", b"b"),)
    return Job("1", 1, Goal.HIDE, "hide", (), changes=edits, progress=(Progress.APPLIED,))


def _with_escape(*place: str | int, text: str = "\x1b[31m") -> Any:
    host = json.loads(HOSTS[machines.names().index("xcp-ng-8.3-bios")])
    return replaced(host, place, text)


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
        _edited("/boot/\n"),
        _edited("/boot/\x1b[31m"),
        _edited(f"/boot/[red][red]\x1b[31m{HEART}"),
    ),
    "adv": (boot.vector(b"")[512:],),
    "text": ("\u96fb" * (1 << 16), f"{'0' * 39}{HEART}", f"{'0' * 29}\u200b0\ufe0f\x1f"),
    "default-grub": (f"# serialpass-tui: {HEART}".encode(),),
    "names": (
        _with_escape("pool", "vms", 0, "uuid"),
        _with_escape("pool", "vms", 0, "domain_type"),
        _with_escape("pool", "this_host"),
        _with_escape("inventory", "pci", 0, "bdf", text=HEART),
        _with_escape("inventory", "usb", 1, "ttys", 0),
        _with_escape("inventory", "boot_files", 0, "path"),
        _with_escape("inventory", "boot_stores", 0, "path"),
        *(_with_escape("inventory", "pci", index, "driver") for index in (12, 14, 16)),
    ),
}
