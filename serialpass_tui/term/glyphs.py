"""Characters as the terminal at hand can show them, one for one in cells."""

from __future__ import annotations

import unicodedata
from enum import Enum
from functools import lru_cache


class Glyphs(Enum):
    """What a terminal can draw."""

    ASCII = "ascii"
    LINES = "lines"
    """ASCII and the VT100's line drawing set."""
    CP437 = "cp437"
    """UTF-8, and the 256 glyphs of a PC's text console."""
    UNICODE = "unicode"


_DRAWN = dict(zip("◆▒°±┘┐┌└┼─├┤┴┬│≤≥π≠£·", "`afgjklmnqtuvwxyz{|}~", strict=True))
"""The set that `ESC ( 0` chooses (VT100 User Guide, table 3-9)."""

_ALIKE = {
    "-": "━╸╺▔\N{EN DASH}\N{EM DASH}",
    "_": "▁▂▃▄▅▆▇",
    "=": "═",
    "|": "║┃▉▊▋▌▍▎▏▐",
    "+": "╔╗╚╝╠╣╦╩╬┏┓┗┛",
    "#": "█▀▓",
    ":": "░",
    "*": "●•",
    "o": "○◘ø",
    ">": "►→▶»",
    "<": "◄←◀«",
    "^": "▲↑",
    "v": "▼↓",
    "~": "…",
    "'": "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}",
    '"': "“”„",
    ",": "\N{SINGLE LOW-9 QUOTATION MARK}",
    "x": "\N{MULTIPLICATION SIGN}",
    "/": "÷",
    "s": "ß",
    "a": "æ",
    "A": "Æ",
    "O": "Ø",
    "d": "đ",
    "D": "Đ",
    "l": "ł",
    "L": "Ł",
    "E": "€",
    "!": "¡",
}
"""ASCII characters with what looks like them and does not decompose into them."""

_FOLDED = {ord(char): plain for plain, alike in _ALIKE.items() for char in alike}


@lru_cache(maxsize=4096)
def shown(char: str, width: int, glyphs: Glyphs) -> tuple[str, bool]:
    """The text of `width` cells in place of `char`, and whether the line drawing set has it."""
    if char.isascii() or glyphs is Glyphs.UNICODE:
        return char, False
    if glyphs is Glyphs.LINES and char in _DRAWN:
        return _DRAWN[char], True
    if glyphs is Glyphs.CP437 and width == 1 and _in_cp437(char):
        return char, False
    return _fold(char).ljust(width), False


def _in_cp437(char: str) -> bool:
    try:
        char.encode("cp437")
    except UnicodeEncodeError:
        return False
    return True


def _fold(char: str) -> str:
    """The nearest ASCII: by its looks, or without its accent; `?` where there is none."""
    if char in _DRAWN:
        return "+" if char in "┘┐┌└┼├┤┴┬" else {"─": "-", "│": "|", "▒": ":"}.get(char, "*")
    folded = char.translate(_FOLDED)
    if folded.isascii():
        return folded
    plain = unicodedata.normalize("NFKD", char)[:1]
    return plain if plain.isascii() and plain.isprintable() else "?"
