"""grub.cfg of XenServer 7 and later, XCP-ng and plain GRUB 2: menu entries that boot Xen.

Both forms: `multiboot2`/`module2` (also without the 2) and `xen_hypervisor`/`xen_module`. Labels
are those that xenserver/python-libs xcp/bootloader.py gives by title; what boots by default is
what GNU GRUB itself picks (grub-core/normal/menu.c).
"""

from __future__ import annotations

import re
from collections import Counter

from serialpass_tui.core.boot.extlinux import cover, extra_of
from serialpass_tui.core.boot.grub_labels import labels_of
from serialpass_tui.core.boot.grub_lexer import Kind, Token, tokens
from serialpass_tui.core.boot.model import (
    Argument,
    BootFile,
    Entry,
    Span,
    display,
    unreadable,
)
from serialpass_tui.core.text import printable
from serialpass_tui.lazy import frozen, pattern, replace

_HYPERVISORS = {"multiboot2", "multiboot", "xen_hypervisor"}
_MODULES = {"module2", "module", "xen_module"}
_PLAIN = {"linux", "linuxefi", "linux16", "chainloader"}
_OPENERS = {"if", "while", "until", "for"}
_CLOSERS = {"fi", "done"}
_LEADS = {"if", "elif", "then", "else", "do", "while", "until", "!"}
_WITH_VALUE = {"--class", "--users", "--hotkey", "--id", "--source"}
_KERNEL = pattern(r"vmlinu[xz]|bzImage|kernel|linux", re.IGNORECASE)
_DEEPEST = 50


class _Frame:
    """A block that is open: its words, and the commands and items seen in it."""

    def __init__(self, kind: str, words: list[Token]) -> None:
        self.kind = kind
        self.words = words
        self.commands: list[list[Token]] = []
        self.conditions = 0
        self.items: list[_Item] = []


@frozen
class _Item:
    """A line of a menu: an entry, or a submenu with the menu that it opens."""

    title: str
    id: str
    entry: Entry | None
    items: list[_Item]
    conditional: bool


@frozen
class _Setting:
    value: str
    variable: bool
    conditional: bool


class _Parser:
    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.settings: dict[str, list[_Setting]] = {}
        self.warnings: list[str] = []
        self.stack = [_Frame("", [])]
        self.command: list[Token] = []

    def run(self) -> list[_Item]:
        """The top menu of the file."""
        for token in tokens(self.text):
            if token.kind is Kind.WORD:
                self.command.append(token)
            elif token.kind is Kind.OPEN:
                self.open_block()
            else:
                self.end_command()
                if token.kind is Kind.CLOSE:
                    self.close_block(token)
                elif token.kind is Kind.BROKEN:
                    self.broken_quote(token)
        self.end_command()
        self.check_closed()
        return self.stack[0].items

    def line(self, position: int) -> int:
        return self.text.count("\n", 0, position) + 1

    def broken_quote(self, token: Token) -> None:
        if len(self.stack) > 1:
            where = self.line(token.start)
            raise unreadable(self.path, f"the quote opened in line {where} is never closed")
        self.warnings.append(
            f"line {self.line(token.start)}: a quote is opened and never closed; "
            "GRUB reads nothing from there on"
        )

    def check_closed(self) -> None:
        for frame in self.stack[1:]:
            where = self.line(frame.words[0].start) if frame.words else 1
            raise unreadable(self.path, f"the block opened in line {where} is never closed")

    def open_block(self) -> None:
        words, self.command = self.command, []
        if len(self.stack) > _DEEPEST:
            where = self.line(words[0].start) if words else 1
            raise unreadable(self.path, f"blocks are nested too deep near line {where}")
        kind = words[0].text if words else ""
        if kind not in {"menuentry", "submenu", "function"}:
            kind = "block"
        self.stack.append(_Frame(kind, words))

    def close_block(self, token: Token) -> None:
        if len(self.stack) == 1:
            self.warnings.append(f"line {self.line(token.start)}: a }} that closes nothing")
            return
        frame = self.stack.pop()
        outer = self.stack[-1]
        if frame.kind == "block":
            outer.commands += frame.commands
            outer.items += frame.items
        if frame.kind in {"menuentry", "submenu"} and len(frame.words) > 1:
            outer.items.append(self.item(frame, token, conditional=outer.conditions > 0))

    def end_command(self) -> None:
        words, self.command = self.command, []
        frame = self.stack[-1]
        while words and words[0].text in _OPENERS | _LEADS:
            frame.conditions += words[0].text in _OPENERS
            words = words[1:]
        if not words:
            return
        if words[0].text in _CLOSERS:
            frame.conditions = max(0, frame.conditions - 1)
        frame.commands.append(words)
        if not self.inside_entry():
            self.note_setting(words, conditional=frame.conditions > 0)

    def inside_entry(self) -> bool:
        return any(frame.kind in {"menuentry", "function"} for frame in self.stack)

    def note_setting(self, words: list[Token], *, conditional: bool) -> None:
        token = words[1] if words[0].text == "set" and len(words) > 1 else words[0]
        name, equals, value = token.text.partition("=")
        if equals and len(self.stack) == 1:
            setting = _Setting(value, token.variable, conditional)
            self.settings.setdefault(name, []).append(setting)

    def item(self, frame: _Frame, close: Token, *, conditional: bool) -> _Item:
        title, identity = _title(frame.words)
        if frame.kind == "submenu":
            return _Item(title.text, identity, None, frame.items, conditional)
        entry = self.entry(frame, title, close)
        return _Item(title.text, identity, entry, [], conditional)

    def entry(self, frame: _Frame, title: Token, close: Token) -> Entry:
        start = frame.words[0].start
        plain = Entry(
            label="",
            title=display(title.text),
            is_default=False,
            kernel="",
            kernel_args=Span(close.start, close.start),
            xen_args=None,
            span=Span(start, close.end),
            name=Span(title.start, title.end),
            line=self.line(start),
        )
        loads = [words for words in frame.commands if words[0].text in _HYPERVISORS]
        for words in frame.commands:
            if words[0].text in _PLAIN and len(words) > 1:
                end = words[-1].end
                plain = replace(plain, kernel=words[1].text, kernel_args=Span(words[1].end, end))
        if not loads or len(loads[0]) < 2:
            return plain
        if len(loads) > 1:
            self.warnings.append(
                f"line {plain.line}: the entry {printable(plain.title, 40)} loads a hypervisor "
                "in more than one place; the first is taken"
            )
        return self.xen_entry(plain, frame.commands, loads[0])

    def xen_entry(self, plain: Entry, commands: list[list[Token]], load: list[Token]) -> Entry:
        after = commands[commands.index(load) + 1 :]
        modules = [_without_options(words) for words in after if words[0].text in _MODULES]
        modules = [words for words in modules if words]
        xen = _without_options(load)
        if xen and "tboot" in xen[0].text and modules:
            xen = modules.pop(0)  # trusted boot starts first and hands over to Xen
        looks_kernel = [m for m in modules if _KERNEL.match(m[0].text.rpartition("/")[2])]
        dom0 = next(iter([*looks_kernel, *modules]), None)
        if not xen or dom0 is None:
            return plain
        if any(word.variable for word in dom0):
            self.warnings.append(
                f"line {plain.line}: the kernel's arguments in {printable(plain.title, 40)} hold "
                "a variable; its value is not known here"
            )
        xen_args = _arguments(xen[1:])
        arguments = _arguments(dom0[1:])
        return replace(
            plain,
            kernel=dom0[0].text,
            kernel_args=cover(arguments, dom0[0].end),
            xen_args=cover(xen_args, xen[0].end),
            kernel_end=dom0[0].end,
            arguments=tuple(arguments),
            extra=extra_of([argument.text for argument in xen_args]),
        )


def parse(path: str, data: bytes) -> BootFile:
    """The menu entries of a grub.cfg.

    Raises:
        Problem: `boot-file-unreadable` where a block or a quote in one is never closed.
    """
    parser = _Parser(path, data.decode("latin-1"))
    menu = parser.run()
    default, warnings = _default(parser.settings.get("default", []), menu)
    flat = list(_flatten(menu, ()))
    labels = labels_of([entry.title for entry in flat])
    entries = tuple(
        replace(entry, label=label, is_default=default is not None and entry.span == default.span)
        for entry, label in zip(flat, labels, strict=True)
    )
    style = _literal(parser.settings.get("timeout_style", []))
    timeout = _timeout(_literal(parser.settings.get("timeout", [])))
    return BootFile(
        path,
        "grub",
        data,
        entries,
        next((entry for entry in entries if entry.is_default), None),
        timeout,
        menu_hidden=timeout == 0 or style in {"hidden", "countdown"},
        chosen=_literal(parser.settings.get("default", [])) or "0",
        warnings=(*parser.warnings, *warnings, *_duplicates(entries)),
    )


def _title(words: list[Token]) -> tuple[Token, str]:
    """The title's token and the entry's id (`--id`, often by way of $menuentry_id_option)."""
    title, identity, position = None, "", 1
    while position < len(words):
        text = words[position].text
        if text in {"--id", "$menuentry_id_option", "${menuentry_id_option}"}:
            identity = words[position + 1].text if position + 1 < len(words) else ""
            position += 1
        elif text in _WITH_VALUE:
            position += 1
        elif title is None and not text.startswith("--"):
            title = words[position]
        position += 1
    return title or words[1], identity


def _without_options(words: list[Token]) -> list[Token]:
    rest = words[1:]
    while rest and rest[0].text.startswith("--"):
        rest = rest[1:]
    return rest


def _arguments(words: list[Token]) -> list[Argument]:
    return [Argument(word.start, word.end, _handed_over(word.text)) for word in words]


_ESCAPE = pattern(r"(\\x[0-9a-fA-F]{2})|([\\'\"])")


def _handed_over(text: str) -> str:
    r"""How GRUB writes one argument into the command line it hands over.

    Quotes and backslashes get a backslash (`\xNN` does not), and a word with a blank is put in
    quotes as a whole (GNU GRUB grub-core/lib/cmdline.c).
    """
    escaped = _ESCAPE.sub(lambda match: match[1] or "\\" + match[2], text)
    return f'"{escaped}"' if " " in text else escaped


def _flatten(items: list[_Item], submenus: tuple[str, ...]) -> list[Entry]:
    entries = []
    for item in items:
        if item.entry is not None:
            entries.append(replace(item.entry, submenus=submenus))
        else:
            entries += _flatten(item.items, (*submenus, display(item.title)))
    return entries


def _literal(settings: list[_Setting]) -> str:
    """The value that a variable has in the end, as far as the file alone tells."""
    known = [setting for setting in settings if not setting.variable]
    sure = [setting for setting in known if not setting.conditional]
    return next((setting.value for setting in reversed(sure or known)), "")


def _default(settings: list[_Setting], menu: list[_Item]) -> tuple[Entry | None, list[str]]:
    warnings = []
    value = _literal(settings)
    if not value and settings:
        return None, ["which entry boots by default is kept in GRUB's environment, not in the file"]
    if value == "saved":
        return None, ["the entry saved in GRUB's environment boots by default; it is not read here"]
    if any(item.conditional for item in menu):
        warnings.append("entries inside an if are counted as if they were always there")
    while True:
        first, _, value = value.partition(">")
        item = _pick(menu, first)
        if item is None or item.entry is not None:
            return (item.entry if item else None), warnings
        menu = item.items


def _pick(menu: list[_Item], choice: str) -> _Item | None:
    """The item that GRUB takes for `choice`: by number, else by title or id, else the first."""
    number = re.match(r"\s*(0[xX][0-9a-fA-F]{1,15}|[0-9]{1,15})", choice)
    if number is not None:
        text = number[1].lower()
        base = 16 if text.startswith("0x") else 8 if text.startswith("0") else 10
        index = int(text, base) if base != 8 or set(text) <= set("01234567") else 0
        if index < len(menu):
            return menu[index]
    else:
        for item in menu:
            if choice and choice in {item.title, item.id}:
                return item
    return menu[0] if menu else None


def _timeout(value: str) -> float | None:
    return float(value) if re.fullmatch("[0-9]{1,9}", value) else None


def _duplicates(entries: tuple[Entry, ...]) -> list[str]:
    labels = Counter(entry.label for entry in entries)
    return [
        f"{count} entries count as {label}: xen-cmdline writes the last of them over the others"
        for label, count in labels.items()
        if count > 1
    ]
