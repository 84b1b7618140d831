"""Text from outside (VM names, USB strings, file contents) made safe to show."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# C0/C1 controls drive terminals; Cf holds the bidirectional marks that reorder a line on screen;
# lone surrogates cannot be encoded; line and paragraph separators break a table row.
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Variation selectors show nothing themselves, and terminals do not agree on whether the character
# before one then takes one cell or two (Unicode TR 51, "Emoji and Text Presentation Selectors").
_SELECTORS = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))


def printable(text: str, limit: int = 0) -> str:
    r"""`text` with every character that could act on a terminal shown as an escape (`\x1b`).

    `limit` is the greatest number of characters kept (0: all); what is cut ends in `~`, which
    every console font has.
    """
    if limit:
        text = text[: limit + 1]
    # What Python calls printable has nothing of the unsafe classes; most texts are, wholly.
    if not text.isprintable() or not (text.isascii() or _SELECTORS.isdisjoint(text)):
        text = "".join(map(_visible, text))
    if limit and len(text) > limit:
        return text[: limit - 1] + "~"
    return text


def shell_words(argv: Iterable[str]) -> str:
    """An argument list as a line that a shell reads back as these words: to be read, not run."""
    import shlex

    return shlex.join(argv)


def _visible(char: str) -> str:
    import unicodedata

    if unicodedata.category(char) not in _UNSAFE and char not in _SELECTORS:
        return char
    point = ord(char)
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
