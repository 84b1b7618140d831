"""terminfo's word on a terminal that the table of profiles does not know."""

from __future__ import annotations

_CUP = b"\x1b[%i%p1%d;%p2%dH"


def colours(name: str) -> int | None:
    """How many colours that terminal has; -1 if it is no VT100's kin, None if nobody knows it."""
    try:
        import curses
    except ImportError:  # an interpreter built without it
        return None
    try:
        curses.setupterm(name, 1)
    except curses.error:
        return None
    cup = (curses.tigetstr("cup") or b"").partition(b"$<")[0]
    return max(0, curses.tigetnum("colors")) if cup == _CUP else -1
