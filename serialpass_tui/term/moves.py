"""Cheap ways of the cursor, in sequences that a VT100 knows."""

from __future__ import annotations


def move(origin: tuple[int | None, int] | None, x: int, y: int) -> str:
    """The shortest sequence from `origin` to column `x` of row `y`, both counted from 0.

    A column of None: somewhere in that row; an origin of None: anywhere. Line feeds come behind a
    carriage return only, for there are terminals that add one of their own.
    """
    where = f"{y + 1};{x + 1}" if x else f"{y + 1}" if y else ""
    ways = [f"\x1b[{where}H"]
    if origin is not None:
        column, row = origin
        if column == x and row == y:
            return ""
        if column is not None and row == y:
            ways.append(_right(x - column) if x > column else "\b" * (column - x))
        if row <= y:
            ways.append("\r" + "\n" * (y - row) + _right(x))
    return min(ways, key=len)


def _right(by: int) -> str:
    return f"\x1b[{by}C" if by > 1 else "\x1b[C" if by else ""
