"""What two people did to one file: the other's change, and the one that was not made for it."""

from __future__ import annotations

from serialpass_tui.core.changes import FileEdit, GuestEdit, unified_diff

_MOST_BYTES = 1 << 18
"""Above it no diff is made: its time grows with the square of the lines, and while it is made the
lock is held."""
_MOST_LINES = 200
_MOST_COLUMNS = 400


def three_way(change: FileEdit | GuestEdit, now: bytes | None) -> tuple[str, ...]:
    """The two changes of a file since what was expected of it, as lines that are safe to show.

    Whoever finds somebody else's edit in the way must see both before deciding which one stays, and
    two diffs from one origin can be compared line by line (diff3(1) shows the same three texts).
    """
    return (
        f"What somebody else did: {change.path} as it was expected, and as it is now:",
        *_diff(change.path, change.before, now),
        "",
        f"What was not written: {change.path} as it was expected, and as it was to be:",
        *_diff(change.path, change.before, change.after),
    )


def _diff(path: str, before: bytes | None, after: bytes | None) -> tuple[str, ...]:
    """The diff, as much of it as a person reads."""
    sizes = [len(data or b"") for data in (before, after)]
    if max(sizes) > _MOST_BYTES:
        return (f"({sizes[0]} bytes, and {sizes[1]} bytes: too long for a diff)",)
    lines = [_cut(line) for line in unified_diff(path, before, after)]
    if len(lines) > _MOST_LINES:
        left = len(lines) - _MOST_LINES
        lines[_MOST_LINES:] = [f"({left} more lines)"]
    return tuple(lines) or ("(no difference)",)


def _cut(line: str) -> str:
    return line if len(line) <= _MOST_COLUMNS else line[: _MOST_COLUMNS - 1] + "~"
