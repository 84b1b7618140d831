"""extlinux.conf of XenServer 6.x: labels that boot Xen through mboot.c32.

Rules: syslinux core/parseconfig.inc and doc/extlinux.txt (keywords in any case, comments at the
start of a line), com32/lib/syslinux argument splitting (any control or blank separates), and
com32/mboot (`---` between modules, words joined by one blank).
"""

from __future__ import annotations

import re

from serialpass_tui.core.boot.model import Argument, BootFile, Entry, Span, display
from serialpass_tui.core.text import printable
from serialpass_tui.lazy import frozen, pattern, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_KERNEL_WORDS = {"kernel", "linux", "com32", "boot"}
_GLOBAL_WORDS = {
    "default", "ontimeout", "onerror", "timeout", "totaltimeout", "prompt", "serial", "display",
    "say", "font", "kbdmap", "ui", "include", "console", "noescape", "nocomplete",
    "allowoptions", "implicit",
}  # fmt: skip
_WORD = pattern(r"[^\x00-\x20]+")


@frozen
class Line:
    """One line of the file: its keyword in lower case, and where its argument stands."""

    start: int
    end: int
    """Its line feed excluded, a carriage return before it included."""
    number: int
    keyword: str
    argument: Span

    def of(self, text: str) -> str:
        """The argument's text."""
        return text[self.argument.start : self.argument.end]

    @property
    def is_global(self) -> bool:
        """Whether it speaks of the whole file, wherever it stands."""
        return self.keyword in _GLOBAL_WORDS


@frozen
class _Draft:
    head: Line
    lines: list[Line]


def lines(text: str, start: int = 0, end: int | None = None) -> Iterator[Line]:
    """The lines of `text` between two offsets, comments (keyword `#`) included."""
    end = len(text) if end is None else end
    number = text.count("\n", 0, start) + 1
    while start < end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        yield _line(text, start, stop, number)
        start, number = stop + 1, number + 1


def _line(text: str, start: int, end: int, number: int) -> Line:
    found = _WORD.search(text, start, end)
    if found is None:
        return Line(start, end, number, "", Span(end, end))
    keyword, rest = found[0].lower(), found.end()
    if keyword.startswith("#"):
        keyword, rest = "#", found.start() + 1
    argument = text[rest:end]
    lead = len(argument) - len(argument.lstrip(" \t"))
    tail = len(argument.rstrip(" \t\r"))
    span = Span(rest + lead, rest + max(lead, tail))
    return Line(start, end, number, keyword, span)


def parse(path: str, data: bytes) -> BootFile:
    """The labels of an extlinux.conf."""
    text = data.decode("latin-1")
    drafts: list[_Draft] = []
    settings: dict[str, str] = {}
    marked = ""
    in_help = False
    for line in lines(text):
        if in_help or line.keyword == "text":  # free text up to endtext, whatever it says
            in_help = line.keyword != "endtext"
            if drafts:
                drafts[-1].lines.append(replace(line, keyword="text"))
        elif line.keyword == "label":
            drafts.append(_Draft(line, []))
        elif line.is_global:
            settings[line.keyword] = line.of(text)
        elif drafts and line.keyword:
            drafts[-1].lines.append(line)
            if is_menu_default(line, text):
                marked = drafts[-1].head.of(text)
    entries = tuple(_entry(text, draft) for draft in drafts)
    default, warnings = _default(entries, settings, marked)
    entries = tuple(
        replace(entry, is_default=True) if entry is default else entry for entry in entries
    )
    return BootFile(
        path,
        "extlinux",
        data,
        entries,
        next((entry for entry in entries if entry.is_default), None),
        _timeout(settings),
        menu_hidden=settings.get("prompt", "0").strip() in {"", "0"} and not _has_menu(settings),
        has_menu=_has_menu(settings),
        warnings=(*warnings, *_duplicates(entries)),
    )


def is_menu_default(line: Line, text: str) -> bool:
    """Whether the line makes its label the menu's default."""
    return line.keyword == "menu" and line.of(text).lower().split()[:1] == ["default"]


def _entry(text: str, draft: _Draft) -> Entry:
    label = draft.head.of(text)
    kernel_line = _last(draft, _KERNEL_WORDS)
    append = _last(draft, {"append"})
    program = kernel_line.of(text) if kernel_line else ""
    end = next((line.end for line in reversed(draft.lines) if line.keyword != "#"), draft.head.end)
    if text[end - 1 : end] == "\r":
        end -= 1
    plain = Entry(
        label=display(label),
        title=_title(text, draft),
        is_default=False,
        kernel=program,
        kernel_args=append.argument if append else Span(end, end),
        xen_args=None,
        span=Span(draft.head.start, end),
        name=draft.head.argument,
        line=draft.head.number,
    )
    if append is None or "mboot.c32" not in program:
        return plain
    return _xen_entry(text, plain, append)


def _last(draft: _Draft, keywords: set[str]) -> Line | None:
    return next((line for line in reversed(draft.lines) if line.keyword in keywords), None)


def _title(text: str, draft: _Draft) -> str:
    for line in draft.lines:
        if line.keyword == "menu":
            kind, *rest = line.of(text).split(maxsplit=1) or [""]
            if kind.lower() == "label" and rest:
                return display(rest[0].replace("^", ""))
    for line in draft.lines:
        if line.keyword != "#":
            break
        if line.of(text):
            return display(line.of(text))
    return display(draft.head.of(text))


def _xen_entry(text: str, plain: Entry, append: Line) -> Entry:
    modules: list[list[Argument]] = [[]]
    for match in _WORD.finditer(text, append.argument.start, append.argument.end):
        if match[0] == "---":
            modules.append([])
        else:
            modules[-1].append(Argument(match.start(), match.end(), match[0]))
    if modules[0] and "tboot" in modules[0][0].text:
        modules.pop(0)  # trusted boot starts first and hands over to Xen
    if len(modules) < 2 or not modules[0] or not modules[1]:
        return plain
    (_, *xen_args), (kernel, *arguments) = modules[:2]
    return replace(
        plain,
        kernel=kernel.text,
        kernel_args=cover(arguments, kernel.end),
        xen_args=cover(xen_args, modules[0][0].end),
        kernel_end=kernel.end,
        arguments=tuple(arguments),
        extra=extra_of([argument.text for argument in xen_args]),
    )


def cover(arguments: list[Argument], otherwise: int) -> Span:
    """The span from the first to the last argument; empty at `otherwise` where there is none."""
    if not arguments:
        return Span(otherwise, otherwise)
    return Span(arguments[0].start, arguments[-1].end)


def extra_of(xen_args: list[str]) -> tuple[str, ...]:
    """What Xen appends to dom0's command line: its own words after a lone `--`.

    See xen-project/xen xen/arch/x86/setup.c (kextra).
    """
    return tuple(xen_args[xen_args.index("--") + 1 :]) if "--" in xen_args else ()


def _default(
    entries: tuple[Entry, ...], settings: dict[str, str], marked: str
) -> tuple[Entry | None, list[str]]:
    """What boots unattended: `ontimeout` before the menu's mark before `default`."""
    wanted = [settings.get("ontimeout", ""), marked, settings.get("default", "")]
    for words in (choice.split() for choice in wanted):
        entry = next((e for e in entries if words and e.label == display(words[0])), None)
        if entry is not None:
            return entry, []
    asked = next((choice for choice in wanted if choice and not _is_menu(choice)), "")
    if asked:
        return None, [f"the default is {printable(display(asked), 40)}, and no label is named so"]
    return None, ["the file names no default: it waits for a label to be typed"]


def _is_menu(program: str) -> bool:
    return any(word.endswith("menu.c32") for word in program.split()[:1])


def _has_menu(settings: dict[str, str]) -> bool:
    return _is_menu(settings.get("ui", "")) or _is_menu(settings.get("default", ""))


def _timeout(settings: dict[str, str]) -> float | None:
    value = settings.get("timeout", "").strip()
    return int(value) / 10 if re.fullmatch("[0-9]{1,9}", value) and int(value) else None


def _duplicates(entries: tuple[Entry, ...]) -> list[str]:
    labels = [entry.label for entry in entries]
    twice = dict.fromkeys(label for label in labels if labels.count(label) > 1)
    return [f"label {printable(label, 40)} is there more than once" for label in twice]
