"""The boot loaders of a simulated host: which entry starts, with which command lines.

Written apart from the product's own readers of these files, so that each checks the other. Here a
file is executed, as the loaders do it; there it is cut into spans to be edited.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from serialpass_tui.lazy import frozen
from serialpass_tui.sim.memory import Memory

MULTIBOOT = frozenset({"multiboot", "multiboot2", "xen_hypervisor"})
MODULE = frozenset({"module", "module2", "xen_module"})
LINUX = frozenset({"linux", "linuxefi", "linux16"})


class BootFailure(Exception):
    """The loader starts no dom0; the text says why."""


@frozen
class Started:
    """What a loader hands to the machine."""

    entry: str
    """The label or the title of the entry."""
    kernel: str
    cmdline: str
    """Of the dom0 kernel, without its file name."""
    xen: str | None
    """Xen's command line; None where the kernel starts on the bare machine."""


def start(data: bytes, path: str, entry: str = "", memory: Memory | None = None) -> Started:
    """What the file at `path` starts: its default, or `entry` as chosen in the menu.

    `memory` is what the loader has kept from the last boot; it may change it.

    Raises:
        BootFailure: where it starts no Linux kernel.
    """
    text = data.decode("utf-8", "surrogateescape")
    memory = memory or Memory()
    if path.endswith("extlinux.conf"):
        return _start_extlinux(text, memory.take_once() or entry)
    return _start_grub(text, entry, memory)


# --- extlinux -------------------------------------------------------------------------------


@dataclass(slots=True)
class _Label:
    kernel: str = ""
    append: str | None = None
    loader: str = "kernel"


def _start_extlinux(text: str, chosen: str) -> Started:
    """As syslinux core/parseconfig and com32/mboot: keywords ignore case, the first label wins."""
    labels: dict[str, _Label] = {}
    settings: dict[str, str] = {}
    common = _Label()
    current = common
    for line in text.split("\n"):
        keyword, _, rest = line.strip().partition(" ")
        if "\t" in keyword:
            keyword, _, tail = keyword.partition("\t")
            rest = f"{tail} {rest}"
        keyword, rest = keyword.lower(), rest.strip()
        if keyword == "label":
            current = _Label()
            labels.setdefault(rest, current)
        elif keyword in {"kernel", "linux", "com32"}:
            current.kernel, current.loader = rest, keyword
        elif keyword == "append":
            current.append = "" if rest == "-" else rest
        elif keyword in {"default", "ontimeout", "timeout"}:
            settings[keyword] = rest
    timed = settings.get("timeout", "0") != "0"
    order = chosen or (timed and settings.get("ontimeout")) or settings.get("default", "")
    name, _, extra = order.partition(" ")
    if not name and labels:
        name = next(iter(labels))
    if name not in labels:
        raise BootFailure(f"Could not find kernel image: {name or 'linux'}")
    label = labels[name]
    append = common.append if label.append is None else label.append
    words = f"{append or ''} {extra}".split()
    if "mboot.c32" not in label.kernel:
        return Started(name, label.kernel, " ".join(words), None)
    modules: list[list[str]] = [[]]
    for word in words:
        if word == "---":
            modules.append([])
        else:
            modules[-1].append(word)
    if len(modules) < 2 or not modules[0] or not modules[1]:
        raise BootFailure(f"mboot.c32: no kernel module in label {name}")
    kernel, *arguments = modules[1]
    return Started(name, kernel, " ".join(arguments), " ".join(modules[0][1:]))


# --- GRUB -----------------------------------------------------------------------------------

_Piece = tuple[bool, str]  # whether it is a variable's name, and the text
_Word = tuple[_Piece, ...]
_BRACES: tuple[_Word, ...] = (((False, "{"),), ((False, "}"),))


@frozen
class _Command:
    words: tuple[_Word, ...]
    block: tuple[_Command, ...] | None = None


@dataclass(slots=True)
class _Entry:
    title: str
    id: str
    body: tuple[_Command, ...]
    children: list[_Entry] | None = None


def _start_grub(text: str, chosen: str, memory: Memory) -> Started:
    environment: dict[str, str] = {}
    menu: list[_Entry] = []
    _execute(_parse(_tokens(text)), environment, menu, memory)
    if not menu:
        raise BootFailure("GRUB shows no menu entry and waits at its prompt")
    entry = _pick(menu, chosen or environment.get("default", "0"))
    started = _Loaded()
    _execute(entry.body, dict(environment), [], memory, started)
    if not started.kernel:
        raise BootFailure(f"entry {entry.title!r} starts no kernel")
    return Started(entry.title, started.kernel, started.cmdline, started.xen)


def _pick(menu: list[_Entry], wanted: str) -> _Entry:
    """The entry that a value of `default` names; the first where it names none."""
    first, _, rest = wanted.partition(">")
    found = menu[0]
    digits = first[: len(first) - len(first.lstrip("0123456789"))]
    if digits:
        found = menu[int(digits)] if int(digits) < len(menu) else menu[0]
    else:
        found = next((entry for entry in menu if first in {entry.id, entry.title}), menu[0])
    if found.children:
        return _pick(found.children, rest or "0")
    return found


@dataclass(slots=True)
class _Loaded:
    """What the commands of the chosen entry loaded so far."""

    xen: str | None = None
    kernel: str = ""
    cmdline: str = ""


def _load(loaded: _Loaded, words: list[str]) -> None:
    name, *arguments = words
    while arguments and arguments[0].startswith("--"):
        arguments = arguments[1:]
    if not arguments:
        return
    line = " ".join(map(_requoted, arguments[1:]))
    if name in MULTIBOOT:
        loaded.xen = line
    elif (name in MODULE and loaded.xen is not None and not loaded.kernel) or name in LINUX:
        loaded.kernel, loaded.cmdline = arguments[0], line


def _requoted(argument: str) -> str:
    """An argument as GRUB writes it into a command line (grub-core/lib/cmdline.c)."""
    escaped = "".join("\\" + char if char in "\\\"'" else char for char in argument)
    return f'"{escaped}"' if " " in argument else escaped


@dataclass(slots=True)
class _If:
    outer: bool
    """Whether the commands around it run."""
    taken: bool = False
    """Whether one of its branches ran."""
    runs: bool = field(default=False)


def _execute(
    commands: tuple[_Command, ...],
    environment: dict[str, str],
    menu: list[_Entry],
    memory: Memory,
    loaded: _Loaded | None = None,
) -> None:
    """Run commands in order; menu entries are collected, not run."""
    branches: list[_If] = []
    for command in commands:
        words = [_expand(word, environment) for word in command.words]
        while words and words[0] in {"if", "elif", "else", "then", "fi"}:
            words = _branch(words, branches, environment, memory)
        if not words or (branches and not branches[-1].runs):
            continue
        if words[0] in {"menuentry", "submenu"} and command.block is not None and len(words) > 1:
            entry = _Entry(words[1], _option(words, "--id"), command.block)
            if words[0] == "submenu":
                entry.children = []
                _execute(command.block, dict(environment), entry.children, memory)
            menu.append(entry)
        elif words[0] == "set" and len(words) > 1:
            name, _, value = words[1].partition("=")
            environment[name] = value
        elif words[0] == "load_env":
            kept = memory.variables()
            environment.update({k: kept[k] for k in kept if k in words[1:] or not words[1:]})
        elif words[0] == "unset":
            for name in words[1:]:
                environment.pop(name, None)
        elif words[0] == "save_env":
            _save(words[1:], environment, memory)
        elif loaded is not None:
            _load(loaded, words)


def _save(names: list[str], environment: dict[str, str], memory: Memory) -> bool:
    """Whether all of it could be written (grub-core/commands/loadenv.c)."""
    saved = [memory.save(name, environment.get(name)) for name in names]
    return all(saved)


def _branch(
    words: list[str], branches: list[_If], environment: dict[str, str], memory: Memory
) -> list[str]:
    """Take one keyword of a conditional; the words that remain to be run."""
    keyword, *rest = words
    if keyword == "if":
        outer = not branches or branches[-1].runs
        holds = outer and _holds(rest, environment, memory)
        branches.append(_If(outer, holds, holds))
        return []
    if not branches:
        return rest
    inner = branches[-1]
    if keyword == "elif":
        inner.runs = inner.outer and not inner.taken and _holds(rest, environment, memory)
        inner.taken = inner.taken or inner.runs
        return []
    if keyword == "else":
        inner.runs = inner.outer and not inner.taken
        inner.taken = True
    elif keyword == "fi":
        branches.pop()
    return rest


def _holds(words: list[str], environment: dict[str, str], memory: Memory) -> bool:
    """Whether a condition holds; the only file that is looked for is the environment block."""
    if words[:1] == ["!"]:
        return not _holds(words[1:], environment, memory)
    if words[:1] == ["save_env"]:
        return _save(words[1:], environment, memory)
    if words[:1] != ["["] or words[-1:] != ["]"]:
        return False
    match words[1:-1]:
        case ["-n", text] | [text]:
            return bool(text)
        case ["-s", path]:
            return path.endswith("/grubenv") and bool(memory.data)
        case ["-z", text]:
            return not text
        case [left, "=" | "==", right]:
            return left == right
        case [left, "!=", right]:
            return left != right
        case _:
            return False


def _option(words: list[str], name: str) -> str:
    """The value of an option of menuentry, spelled `--id x` or `--id=x`."""
    for index, word in enumerate(words):
        if word.startswith(name + "="):
            return word.removeprefix(name + "=")
        if word == name and index + 1 < len(words):
            return words[index + 1]
    return ""


def _expand(word: _Word, environment: dict[str, str]) -> str:
    return "".join(environment.get(text, "") if named else text for named, text in word)


def _parse(tokens: list[_Word | str]) -> tuple[_Command, ...]:
    """Commands from tokens; a block belongs to the command before it."""
    commands: list[list[_Command]] = [[]]
    words: list[list[_Word]] = [[]]
    for mark in [*tokens, "\n"]:
        if isinstance(mark, tuple):
            words[-1].append(mark)
        elif mark == "{":
            commands.append([])
            words.append([])
        else:
            if words[-1]:
                commands[-1].append(_Command(tuple(words[-1])))
                words[-1] = []
            if mark == "}" and len(commands) > 1:
                block = tuple(commands.pop())
                words.pop()
                commands[-1].append(_Command(tuple(words[-1]), block))
                words[-1] = []
    return tuple(commands[0])


def _tokens(text: str) -> list[_Word | str]:
    """Words, and the marks that end commands or enclose blocks (grub-core/script/yylex.l)."""
    tokens: list[_Word | str] = []
    text = text.replace("\r\n", "\n")
    at, end = 0, len(text)
    while at < end:
        char = text[at]
        if char in " \t":
            at += 1
        elif text.startswith("\\\n", at):
            at += 2
        elif char == "#":
            at = text.find("\n", at) if "\n" in text[at:] else end
        elif char in "\n;":
            tokens.append("\n")
            at += 1
        else:
            word, at = _word(text, at)
            tokens.append(word[0][1] if word in _BRACES else word)
    return tokens


def _word(text: str, at: int) -> tuple[_Word, int]:
    """The word that begins at `at`, and where it ends."""
    pieces: list[_Piece] = []
    literal = ""
    quote = ""
    quoted = False
    while at < len(text):
        char = text[at]
        if not quote and char in " \t\n;":
            break
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote, quoted = char, True
        elif char == "\\" and quote != "'" and at + 1 < len(text):
            at += 1
            keeps = quote == '"' and text[at] not in '$"\\\n'
            literal += ("\\" if keeps else "") + text[at].replace("\n", "")
        elif char == "$" and quote != "'":
            name, at = _variable(text, at + 1)
            pieces += [(False, literal), (True, name)]
            literal = ""
            continue
        else:
            literal += char
        at += 1
    if literal or quoted or not pieces:
        pieces.append((False, literal))
    if quoted:  # so that a quoted brace is no brace
        pieces.append((False, ""))
    return tuple(pieces), at


def _variable(text: str, at: int) -> tuple[str, int]:
    """The name after a dollar sign, and where it ends."""
    if text.startswith("{", at) and "}" in text[at:]:
        close = text.index("}", at)
        return text[at + 1 : close], close + 1
    end = at
    while end < len(text) and (text[end].isalnum() or text[end] in "_?"):
        end += 1
    return text[at:end], end
