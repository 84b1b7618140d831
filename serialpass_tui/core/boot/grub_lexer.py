"""GRUB 2's script language cut into tokens that keep their place in the file.

The rules are those of GNU GRUB grub-core/script/yylex.l: quotes and backslashes as in a shell, `#`
at the start of a word begins a comment, `{ } | & $ ; < >` are special, parentheses are not.
Carriage returns are dropped before the lexer sees them (grub-core/normal/main.c).
"""

from __future__ import annotations

from enum import Enum

from serialpass_tui.lazy import frozen


class Kind(Enum):
    """Kinds of token."""

    WORD = "word"
    OPEN = "{"
    CLOSE = "}"
    END = "end"
    """A line end or operator: what ends a command."""
    BROKEN = "broken"
    """A quote that is never closed; the last token of a file."""


@frozen
class Token:
    """One token."""

    kind: Kind
    start: int
    end: int
    text: str = ""
    """A word without its quotes; `$name` stays as written."""
    variable: bool = False
    """Whether the text depends on a variable."""


_BLANK = " \t\r"
_END = "\n;|&<>"
_BREAK = _BLANK + _END + "{}"


def tokens(text: str) -> tuple[Token, ...]:
    """The tokens of a whole file."""
    found = []
    position, size = 0, len(text)
    while position < size:
        char = text[position]
        joined = _continuation(text, position)
        if joined:
            position += joined
        elif char in _BLANK:
            position += 1
        elif char == "#":
            stop = text.find("\n", position)
            position = size if stop < 0 else stop
        elif char in _END:
            found.append(Token(Kind.END, position, position + 1))
            position += 1
        elif char in "{}":
            found.append(Token(Kind(char), position, position + 1))
            position += 1
        else:
            found.append(_word(text, position))
            position = found[-1].end
    return tuple(found)


def _continuation(text: str, position: int) -> int:
    r"""The length of the `\` and line end at `position`, 0 where there is none."""
    if text[position] != "\\":
        return 0
    after = position + 1
    while text[after : after + 1] == "\r":
        after += 1
    return after + 1 - position if text[after : after + 1] == "\n" else 0


def _word(text: str, start: int) -> Token:
    parts: list[str] = []
    variable = False
    position, size = start, len(text)
    while position < size and text[position] not in _BREAK:
        char = text[position]
        joined = _continuation(text, position)
        if joined:
            if text[position + joined : position + joined + 1] in (*_BREAK, ""):
                break
            position += joined
        elif char == "\\":
            parts.append(text[position + 1 : position + 2])
            position = min(position + 2, size)
        elif char in "'\"":
            stop = _closing(text, position)
            if stop < 0:
                return Token(Kind.BROKEN, position, size)
            inner = text[position + 1 : stop]
            variable = variable or (char == '"' and _has_variable(inner))
            parts.append(_unescape(inner) if char == '"' else inner)
            position = stop + 1
        elif char == "$":
            stop = _variable_end(text, position)
            variable = variable or stop > position + 1
            parts.append(text[position:stop])
            position = stop
        else:
            parts.append(char)
            position += 1
    return Token(Kind.WORD, start, position, "".join(parts).replace("\r", ""), variable)


def _closing(text: str, quote: int) -> int:
    if text[quote] == "'":
        return text.find("'", quote + 1)
    position = quote + 1
    while position < len(text):
        if text[position] == "\\":
            position += 1
        elif text[position] == '"':
            return position
        position += 1
    return -1


def _unescape(inner: str) -> str:
    parts = []
    position = 0
    while position < len(inner):
        joined = _continuation(inner, position)
        if joined:
            position += joined
        elif inner[position] == "\\" and inner[position + 1 : position + 2] in ("$", '"', "\\"):
            parts.append(inner[position + 1])
            position += 2
        else:
            parts.append(inner[position])
            position += 1
    return "".join(parts)


def _has_variable(inner: str) -> bool:
    return "$" in inner.replace("\\\\", "").replace("\\$", "")


def _variable_end(text: str, dollar: int) -> int:
    """The end of `$name` or `${name}`; braces in it are no tokens."""
    position = dollar + 1
    if text[position : position + 1] == "{":
        stop = text.find("}", position)
        line_end = text.find("\n", position)
        if stop >= 0 and (line_end < 0 or stop < line_end):
            return stop + 1
        return position
    while position < len(text) and (text[position].isalnum() or text[position] == "_"):
        position += 1
    return position
