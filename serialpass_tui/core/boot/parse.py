"""Parsing a boot file of either loader."""

from __future__ import annotations

import re

from serialpass_tui.core.boot.model import BootFile, Entry, unreadable
from serialpass_tui.core.text import printable
from serialpass_tui.lazy import pattern, replace

_GRUB_SIGN = pattern(rb"^[ \t]*(?:menuentry|submenu)[ \t]", re.MULTILINE)
_EXTLINUX_SIGN = pattern(rb"^[ \t]*label[ \t]", re.MULTILINE | re.IGNORECASE)


def parse(path: str, data: bytes) -> BootFile:
    """The boot file at `path`, whose bytes are `data`.

    The contents tell the loader where they can, the name where they cannot: a copy of a boot file
    may have any name.

    Raises:
        Problem: `boot-file-unreadable`, naming what is wrong and where.
    """
    looks_grub = _GRUB_SIGN.search(data) is not None
    looks_extlinux = _EXTLINUX_SIGN.search(data) is not None
    if looks_grub == looks_extlinux:
        looks_grub = path.endswith(".cfg")
    if looks_grub:
        from serialpass_tui.core.boot.grub import parse as parse_it
    else:
        from serialpass_tui.core.boot.extlinux import parse as parse_it
    boot = parse_it(path, data)
    if not boot.entries:
        raise unreadable(path, "there is no boot entry in it")
    return replace(boot, warnings=(*boot.warnings, *_extra_warnings(boot.entries)))


def _extra_warnings(entries: tuple[Entry, ...]) -> list[str]:
    return [
        f"entry {printable(entry.known_as, 60)}: Xen's own line hands dom0 more arguments after "
        "a lone --; they are left as they are"
        for entry in entries
        if entry.extra
    ]
