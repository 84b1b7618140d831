"""The edit of one argument of one boot entry, as replacements in the file's text."""

from __future__ import annotations

from serialpass_tui.core.boot.model import Span
from serialpass_tui.core.hide_list import (
    Dialect,
    Group,
    HideWords,
    canonical,
    ends_parameters,
    hide_words,
)
from serialpass_tui.core.kernel_args import Word, words
from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from serialpass_tui.core.boot.model import BootFile, Entry


@frozen
class Replacement:
    """What stands in a span from now on."""

    start: int
    end: int
    text: str

    def __lt__(self, other: Replacement) -> bool:
        return (self.start, self.end, self.text) < (other.start, other.end, other.text)


def replaced(text: str, replacements: Iterable[Replacement], span: Span | None = None) -> str:
    """`text`, or the part of it in `span`, with the replacements made; they do not overlap."""
    span = span or Span(0, len(text))
    parts, position = [], span.start
    for replacement in sorted(replacements):
        parts += [text[position : replacement.start], replacement.text]
        position = replacement.end
    return "".join([*parts, text[position : span.end]])


def hide_words_of(entry: Entry, dialect: Dialect, parameter: str | None) -> HideWords:
    """Every word on the entry's line that has to do with hiding, read by its kernel or not."""
    return hide_words(words(entry.cmdline), dialect, parameter)


def set_list(
    boot: BootFile,
    entry: Entry,
    groups: tuple[Group, ...],
    dialect: Dialect,
    parameter: str | None = None,
) -> tuple[Replacement, ...]:
    """The replacements after which the entry's line has one hide parameter, naming `groups`.

    It stands where the last one stood, else at the end; with no groups it goes, and with it the
    one blank before it, so that adding and removing it gives the first bytes. Every other word of
    a hide list goes too, be it overridden, cut off by a blank, or under another kernel's name.

    Raises:
        Problem: `open-quote`, `tangled-arguments` or `hide-in-xen-line` where the line cannot be
            edited without touching other arguments.
    """
    line = _Line(boot.text, entry, dialect, parameter)
    wanted = f"{parameter or dialect.value}={canonical(groups)}" if groups else ""
    place = line.place if wanted else None
    edits = [line.removal(word) for word in line.found.all if word != place]
    if place is not None:
        span = line.span(place)
        edits.append(Replacement(span.start, span.end, wanted))
    elif wanted:
        end = line.insertion
        edits.append(Replacement(end, end, f" {wanted}"))
    return tuple(edit for edit in edits if boot.text[edit.start : edit.end] != edit.text)


def appended(boot: BootFile, entry: Entry, word: str, dialect: Dialect) -> Replacement:
    """The replacement that adds a word to the entry's line, where the kernel still reads it."""
    end = _Line(boot.text, entry, dialect, None).insertion
    return Replacement(end, end, f" {word}")


class _Line:
    """An entry's command line, its words laid over the arguments in the file."""

    def __init__(self, text: str, entry: Entry, dialect: Dialect, parameter: str | None) -> None:
        self.text = text
        self.entry = entry
        self.dialect = dialect
        self.words = words(entry.cmdline)
        self.found = hide_words(self.words, dialect, parameter)
        self.offsets = []
        position = 0
        for argument in (*(argument.text for argument in entry.arguments), *entry.extra):
            self.offsets.append(position)
            position += len(argument) + 1
        self.check()

    def indexes(self, word: Word) -> range:
        """The arguments that the word is made of: several where quotes hold blanks."""
        inside = [
            index
            for index, offset in enumerate(self.offsets)
            if offset < word.end and (offset >= word.start or self._end(index) > word.start)
        ]
        return range(inside[0], inside[-1] + 1)

    def _end(self, index: int) -> int:
        last = index + 1 == len(self.offsets)
        return len(self.entry.cmdline) if last else self.offsets[index + 1] - 1

    def span(self, word: Word) -> Span:
        arguments = self.entry.arguments
        indexes = self.indexes(word)
        return Span(arguments[indexes[0]].start, arguments[indexes[-1]].end)

    def removal(self, word: Word) -> Replacement:
        span = self.span(word)
        blank = self.text[span.start - 1 : span.start] in {" ", "\t"}
        return Replacement(span.start - blank, span.end, "")

    @property
    def to_init(self) -> int:
        """Where the words begin that the kernel leaves to init."""
        stops = (word.start for word in self.words if ends_parameters(word, self.dialect))
        return next(stops, len(self.entry.cmdline))

    @property
    def place(self) -> Word | None:
        """The parameter that the new one takes the place of."""
        owners = self.found.known or self.found.foreign
        return next((word for word in reversed(owners) if word.start < self.to_init), None)

    @property
    def insertion(self) -> int:
        """The end of the last argument that the kernel reads, or of its path."""
        arguments = zip(self.entry.arguments, self.offsets, strict=False)
        ends = [argument.end for argument, offset in arguments if offset < self.to_init]
        return ends[-1] if ends else self.entry.kernel_end

    def check(self) -> None:
        if self.words and not self.words[-1].closed:
            raise self.problem(
                "open-quote",
                'has a " that is never closed: the kernel takes the rest of the line for one word',
            )
        own = len(self.entry.arguments)
        taken = [index for word in self.found.all for index in self.indexes(word)]
        if any(index >= own for index in taken):
            raise self.problem(
                "hide-in-xen-line", "has a hide list among Xen's own arguments, after a lone --"
            )
        others = [
            index
            for word in self.words
            if word not in self.found.all
            for index in self.indexes(word)
        ]
        if len(set(taken)) < len(taken) or set(taken) & set(others):
            raise self.problem(
                "tangled-arguments", "has a hide list and another argument in one pair of quotes"
            )

    def problem(self, code: str, what: str) -> Problem:
        label = printable(self.entry.known_as, 60)
        return Problem(
            Exit.REFUSED,
            code,
            f"The kernel line of boot entry {label} {what}.",
            remedy=f"Correct that line by hand (the entry begins in line {self.entry.line}).",
        )
