"""Finds rows that only moved up or down, so that the terminal can move them itself."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from serialpass_tui.term.cells import BLANK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serialpass_tui.term.cells import Row

_COST = 40
"""Bytes that setting margins, scrolling and resetting them takes, with some to spare."""

_LEAST = 3
"""Rows below which nothing can have moved that is worth it."""


class Shift(NamedTuple):
    """Rows `top` to `bottom` move up by `by`, or down where it is negative."""

    top: int
    bottom: int
    by: int

    def applied(self, rows: Sequence[Row]) -> list[Row]:
        """The rows afterwards; those that come in are blank."""
        part = list(rows[self.top : self.bottom + 1])
        fresh = [[BLANK] * len(part[0]) for _ in range(abs(self.by))]
        part = part[self.by :] + fresh if self.by > 0 else fresh + part[: self.by]
        return [*rows[: self.top], *part, *rows[self.bottom + 1 :]]


def find(old: Sequence[Row], new: Sequence[Row]) -> Shift | None:
    """The move that saves most bytes; None where painting is as cheap."""
    if sum(a != b for a, b in zip(old, new, strict=True)) < _LEAST:
        return None
    places: dict[tuple[object, ...], list[int]] = {}
    for y, row in enumerate(old):
        places.setdefault(tuple(row), []).append(y)
    votes: Counter[int] = Counter()
    for y, row in enumerate(new):
        if row != old[y] and _worth(row):
            votes.update(place - y for place in places.get(tuple(row), ()))
    shifts = (shift for by, _ in votes.most_common(3) for shift in _runs(old, new, by))
    saved, best = max(((_saved(old, new, shift), shift) for shift in shifts), default=(0, None))
    return best if saved > _COST else None


def _runs(old: Sequence[Row], new: Sequence[Row], by: int) -> list[Shift]:
    """Every longest run of rows that stand `by` rows lower in the old screen, and one row more."""
    runs, start = [], -1
    for y in range(len(new) + 1):
        same = y < len(new) and 0 <= y + by < len(old) and new[y] == old[y + by]
        if same and start < 0:
            start = y
        elif not same and start >= 0:
            first, last = start, y - 1
            # A row beside them that only got or lost the cursor's look is cheaper moved as well.
            for top, bottom in ((first, last), (first - 1, last), (first, last + 1)):
                lowest, highest = (top, bottom + by) if by > 0 else (top + by, bottom)
                if lowest >= 0 and highest < len(new):
                    runs.append(Shift(lowest, highest, by))
            start = -1
    return runs


def _saved(old: Sequence[Row], new: Sequence[Row], shift: Shift) -> int:
    """Cells that need no painting after the move, less those that need it because of the move."""
    moved = shift.applied(old)
    rows = range(shift.top, shift.bottom + 1)
    before = sum(_worth(new[y], old[y]) for y in rows)
    return before - sum(_worth(new[y], moved[y]) for y in rows)


def _worth(row: Row, other: Row | None = None) -> int:
    """How many cells differ from another row, or from a blank one."""
    if other is None:
        return sum(cell != BLANK for cell in row)
    return 0 if row == other else sum(a != b for a, b in zip(row, other, strict=True))
