"""Text from outside (VM names, USB strings, file contents) made safe to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# C0/C1 controls drive terminals; Cf holds the bidirectional marks that reorder a line on screen;
# lone surrogates cannot be encoded; line and paragraph separators break a table row.
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def printable(text: str, limit: int = 0) -> str:
    r"""`text` with every character that could act on a terminal shown as an escape (`\x1b`).

    `limit` is the greatest number of characters kept (0: all); what is cut ends in `~`, which
    every console font has.
    """
    if limit:
        text = text[: limit + 1]
    # What Python calls printable has nothing of the unsafe classes; most texts are, wholly.
    shown = text if text.isprintable() else "".join(_visible(char) for char in text)
    if limit and len(shown) > limit:
        return shown[: limit - 1] + "~"
    return shown


def shell_words(argv: Iterable[str]) -> str:
    """An argument list as a line that a shell reads back as these words: to be read, not run."""
    import shlex

    return shlex.join(argv)


def _visible(char: str) -> str:
    import unicodedata

    if unicodedata.category(char) not in _UNSAFE:
        return char
    point = ord(char)
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
