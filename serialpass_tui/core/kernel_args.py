"""Kernel command lines, cut into words by the kernel's own rules.

The rules are those of Linux `next_arg` (torvalds/linux lib/cmdline.c; kernel/params.c before 3.16):
blanks separate words unless a `"` is open, one pair of quotes is taken off the whole word or off
its value, and nothing escapes a quote. Text is latin-1, one character a byte.
"""

from __future__ import annotations

from serialpass_tui.lazy import frozen

BLANKS = " \t\n\v\f\r\xa0"
"""What the kernel's isspace takes for a blank; 0xa0 is one of them (lib/ctype.c)."""

MAX_CMDLINE = 1023
"""Bytes of dom0 command line that Xen hands over (MAX_GUEST_CMDLINE less the final NUL)."""


@frozen
class Word:
    """One word of a command line and where it stands in the text."""

    start: int
    end: int
    text: str
    """As it stands, quotes included."""
    name: str
    value: str | None
    """What follows the `=`, without quotes around it; None where there is no `=`."""
    closed: bool = True
    """Whether every quote in it is closed; only the last word of a line can be open."""

    def is_named(self, name: str) -> bool:
        """Whether the kernel takes this word for the parameter `name`."""
        return same_name(self.name, name)


def same_name(one: str, other: str) -> bool:
    """Whether two parameter names are the same to the kernel, which reads `-` as `_`."""
    return one.replace("-", "_") == other.replace("-", "_")


def words(text: str) -> tuple[Word, ...]:
    """The words of `text`, each with its span, so that an edit can leave the others alone."""
    found: list[Word] = []
    position = 0
    while True:
        while position < len(text) and text[position] in BLANKS:
            position += 1
        if position == len(text):
            return tuple(found)
        word = _word_at(text, position)
        found.append(word)
        position = word.end


def _word_at(text: str, start: int) -> Word:
    whole_quoted = text[start] == '"'
    open_quote = whole_quoted
    body = end = start + whole_quoted
    while end < len(text) and (open_quote or text[end] not in BLANKS):
        if text[end] == '"':
            open_quote = not open_quote
        end += 1
    name, value = _split(text[body:end], whole_quoted=whole_quoted)
    return Word(start, end, text[start:end], name, value, not open_quote)


def _split(body: str, *, whole_quoted: bool) -> tuple[str, str | None]:
    equals = body.find("=", 1)  # a word that begins with "=" has no name to end there
    name, value = (body, None) if equals < 0 else (body[:equals], body[equals + 1 :])
    if value is None:
        return (name.removesuffix('"') if whole_quoted else name), None
    if value.startswith('"'):
        return name, value[1:].removesuffix('"')
    return name, (value.removesuffix('"') if whole_quoted else value)
