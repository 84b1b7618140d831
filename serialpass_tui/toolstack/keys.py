"""A VM's keys as the tool spells them, for every way of asking XAPI."""

from __future__ import annotations

from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem

MAPS = ("other-config", "blocked-operations")
"""The maps of a VM that have keys which the tool edits, as xe names them."""


def spelled(key: str) -> tuple[str, str]:
    """The field and the key within it that `VmEdit.key` names; no key for `affinity`.

    Raises:
        Problem: `bad-vm-key` (usage) for whatever is none of those.
    """
    field, _, name = key.partition(":")
    if key == "affinity":
        return key, ""
    if field in MAPS and name:
        return field, name
    raise bad_key(key)


def bad_key(key: str) -> Problem:
    """The problem of a key that cannot be edited here."""
    return Problem(
        Exit.USAGE,
        "bad-vm-key",
        f"{printable(key)!r} is no key of a VM that this tool edits.",
        remedy="It edits other-config:K, blocked-operations:OP and affinity.",
    )
