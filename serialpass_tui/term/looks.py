"""How a cell looks: read from the SGR sequences that Textual writes, reduced to eight colours.

The numbers are those of ECMA-48, 8.3.117; 38 and 48 are xterm's. What a Linux text console makes of
them was read in drivers/tty/vt/vt.c (`csi_m`): eight backgrounds, bold for the bright foregrounds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN = -1
"""The terminal's own foreground or background."""

BLACK, WHITE = 0, 7
_LEVELS = (0, 95, 135, 175, 215, 255)
"""The steps of the colour cube of 256 colours."""

_BRIGHT = {2, 3, 6, 7}
"""Backgrounds on which black is read best."""


class Look(NamedTuple):
    """Colours 0 to 7 or OWN, and the attributes that every terminal here has."""

    fg: int = OWN
    bg: int = OWN
    bold: bool = False
    reverse: bool = False
    underline: bool = False
    drawing: bool = False
    """Its character is one of the VT100's line drawing set."""

    @property
    def on_blank(self) -> bool:
        """Whether a blank of this look differs from one that was erased."""
        return self.reverse or self.underline or self.bg != OWN


PLAIN = Look()


@lru_cache(maxsize=1024)
def styled(look: Look, numbers: str, colours: int) -> Look:
    """The look after `CSI numbers m`, for a terminal of 8 colours or none.

    What is not in `Look` (dim, italic, blink) is left out: a text console shows it badly or as a
    colour.
    """
    values = iter([int(number or 0) for number in numbers.replace(":", ";").split(";")])
    for value in values:
        look = _after(look, value, values)
    if not colours:
        return look._replace(fg=OWN, bg=OWN, reverse=look.reverse or look.bg > BLACK)
    return look


def _after(look: Look, value: int, rest: Iterator[int]) -> Look:
    match value:
        case 0:
            return PLAIN
        case 1:
            return look._replace(bold=True)
        case 22:
            return look._replace(bold=False)
        case 4 | 24:
            return look._replace(underline=value == 4)
        case 7 | 27:
            return look._replace(reverse=value == 7)
        case 38:
            return look._replace(fg=_extended(rest))
        case 48:
            return look._replace(bg=_extended(rest))
        case 39:
            return look._replace(fg=OWN)
        case 49:
            return look._replace(bg=OWN)
    if 30 <= value <= 37:
        return look._replace(fg=value - 30)
    if 40 <= value <= 47:
        return look._replace(bg=value - 40)
    if 90 <= value <= 97:
        return look._replace(fg=value - 90, bold=True)
    if 100 <= value <= 107:
        return look._replace(bg=value - 100)
    return look


def _extended(rest: Iterator[int]) -> int:
    """The nearest of the eight to `5;n` or `2;r;g;b`."""
    kind = next(rest, 0)
    if kind == 5:
        number = next(rest, 0)
        if number < 16:
            return number % 8
        if number >= 232:
            return WHITE if number > 243 else BLACK
        cube = number - 16
        return _nearest(_LEVELS[cube // 36 % 6], _LEVELS[cube // 6 % 6], _LEVELS[cube % 6])
    return _nearest(next(rest, 0), next(rest, 0), next(rest, 0))


def _nearest(red: int, green: int, blue: int) -> int:
    least = max(red, green, blue, 128) / 2
    return (red > least) + 2 * (green > least) + 4 * (blue > least)


@lru_cache(maxsize=1024)
def legible(look: Look) -> Look:
    """The look with a foreground that is seen, whatever the terminal's own colours are."""
    fg, bg = look.fg, look.bg
    if bg == OWN:
        return look._replace(fg=OWN) if fg in {BLACK, WHITE} else look
    if fg in {OWN, bg}:
        return look._replace(fg=BLACK if bg in _BRIGHT else WHITE)
    return look


@lru_cache(maxsize=1024)
def sgr(before: Look | None, after: Look) -> str:
    """The shortest sequence that turns the pen; what cannot be taken off singly is set anew.

    A VT100 knows no 22, 24, 27, 39 or 49.
    """
    if before == after:
        return ""
    if before is None or not _only_adds(before, after):
        numbers, base = ["0"], PLAIN
    else:
        numbers, base = [], before
    numbers += ["1"] * (after.bold and not base.bold)
    numbers += ["4"] * (after.underline and not base.underline)
    numbers += ["7"] * (after.reverse and not base.reverse)
    numbers += [f"{30 + after.fg}"] * (after.fg != base.fg)
    numbers += [f"{40 + after.bg}"] * (after.bg != base.bg)
    turned = f"\x1b[{';'.join(numbers)}m" if numbers else ""
    if turned == "\x1b[0m":
        turned = "\x1b[m"
    if before is None or before.drawing != after.drawing:
        turned += "\x1b(0" if after.drawing else "\x1b(B"
    return turned


def _only_adds(before: Look, after: Look) -> bool:
    """Whether nothing has to be taken off the pen."""
    return (
        before.bold <= after.bold
        and before.underline <= after.underline
        and before.reverse <= after.reverse
        and (after.fg != OWN or before.fg == OWN)
        and (after.bg != OWN or before.bg == OWN)
    )
