"""What a simulated dom0 kernel makes of its command line.

Written apart from the product's own parsers. The hide value is read with a model of the C
function that the driver calls, format by format (Linux drivers/xen/xen-pciback/pci_stub.c
pcistub_init; 2.6.32: drivers/xen/pciback/pci_stub.c; lib/vsprintf.c vsscanf).
"""

from __future__ import annotations

from serialpass_tui.lazy import frozen

BLANKS = " \t\n\v\f\r\xa0"
MAX_CMDLINE = 1023
"""Xen hands at most this many bytes to dom0 (xen/include/public/xen.h MAX_GUEST_CMDLINE)."""

_HEX = "0123456789abcdefABCDEF"
_ANY = -1

Id = tuple[int, int, int, int]


@frozen
class Hidden:
    """What pciback was told to take."""

    ids: frozenset[Id] = frozenset()
    error: str = ""
    """Where the value does not parse: the driver then does not register at all."""


def is_old(release: str) -> bool:
    """Whether the kernel is of the generation that XenServer 6.0 to 6.2 ship."""
    return release.startswith("2.6.")


def arguments(cmdline: str) -> list[tuple[str, str | None]]:
    """Parameters with their values, as the kernel cuts them (lib/cmdline.c next_arg)."""
    found: list[tuple[str, str | None]] = []
    rest = cmdline.lstrip(BLANKS)
    while rest:
        word, rest = _cut(rest)
        name, equals, value = word.partition("=")
        if word.startswith('"'):
            word = word[1:].removesuffix('"')
            name, equals, value = word.partition("=")
        elif value.startswith('"'):
            value = value[1:].removesuffix('"')
        found.append((name, value if equals else None))
        rest = rest.lstrip(BLANKS)
    return found


def _cut(text: str) -> tuple[str, str]:
    """The text up to the first blank outside of quotes, and what follows."""
    quoted = False
    for at, char in enumerate(text):
        if char in BLANKS and not quoted:
            return text[:at], text[at:]
        if char == '"':
            quoted = not quoted
    return text, ""


def hidden_by(cmdline: str, release: str) -> Hidden:
    """What the pciback of this kernel is told by the command line; the last one counts."""
    old = is_old(release)
    wanted = "pciback.hide" if old else "xen_pciback.hide"
    value = ""
    for name, given in arguments(cmdline):
        if name == "--" and given is None and not old:
            break
        if given is not None and name.replace("-", "_") == wanted:
            value = given
    return read_old(value) if old else read_new(value)


_NEW_FORMATS: tuple[tuple[str, tuple[int, ...]], ...] = (
    (" (%x:%x:%x.%x) %n", ()),
    (" (%x:%x:%x.*) %n", ()),
    (" (%x:%x:*.*) %n", ()),
    (" (%x:%x.%x) %n", (0,)),
    (" (%x:%x.*) %n", (0,)),
    (" (%x:*.*) %n", (0,)),
)


def read_new(value: str) -> Hidden:
    """A hide value as kernels from 3.1 read it."""
    ids: set[Id] = set()
    at = 0
    while at < len(value):
        added, parsed = _group(value[at:])
        if added is None:
            return Hidden(error=value[at:])
        ids |= added
        at += parsed
    return Hidden(frozenset(ids))


def _group(text: str) -> tuple[set[Id] | None, int]:
    """The functions that the first group of `text` names, None for none, and where it ends."""
    for form, domain in _NEW_FORMATS:
        numbers, parsed = scan(text, form)
        if parsed:
            return _ids(*domain, *numbers, *[_ANY] * (4 - len(domain) - len(numbers))), parsed
    return None, 0


def read_old(value: str) -> Hidden:
    """A hide value as 2.6.32 reads it: no wildcards, and the end may lack its parenthesis."""
    ids: set[Id] = set()
    at = 0
    while at < len(value):
        numbers, parsed = scan(value[at:], " (%x:%x:%x.%x) %n")
        if len(numbers) != 4:
            numbers, parsed = scan(value[at:], " (%x:%x.%x) %n")
            numbers = [0, *numbers]
        if len(numbers) != 4:
            return Hidden(error=value[at:])
        domain, bus, slot, function = numbers
        # kept in the driver's own widths, unchecked: a number too great names another device
        ids.add((domain, bus & 0xFF, slot & 0x1F, function & 7))
        if not parsed:
            break
        at += parsed
    return Hidden(frozenset(ids))


def _ids(domain: int, bus: int, slot: int, function: int) -> set[Id] | None:
    """The functions that one group names; None where a number is out of its range."""
    if slot < 0:
        every = [_ids(domain, bus, each, function) for each in range(32)]
    elif function < 0:
        every = [_ids(domain, bus, slot, each) for each in range(8)]
    elif 0 <= domain <= 0xFFFF and 0 <= bus <= 0xFF and slot <= 0x1F and function <= 7:
        return {(domain, bus, slot, function)}
    else:
        return None
    found: set[Id] = set()
    for some in every:
        if some is None:
            return None
        found |= some
    return found


def scan(text: str, form: str) -> tuple[list[int], int]:
    """The numbers that the kernel's sscanf reads, and what %n stored; 0: it never got there."""
    numbers: list[int] = []
    at = where = 0
    while where < len(form):
        mark = form[where]
        if mark == " ":
            while at < len(text) and text[at] in BLANKS:
                at += 1
        elif form.startswith("%n", where):
            return numbers, at
        elif form.startswith("%x", where):
            number, at = _hex(text, at)
            if number is None:
                return numbers, 0
            numbers.append(number)
        elif text[at : at + 1] != mark:
            return numbers, 0
        else:
            at += 1
        where += 2 if mark == "%" else 1
    return numbers, 0


def _hex(text: str, at: int) -> tuple[int | None, int]:
    """A hexadecimal int at `at` (blanks before it and 0x are taken), None where there is none."""
    while at < len(text) and text[at] in BLANKS:
        at += 1
    if text[at : at + 1] == "" or text[at] not in _HEX:
        return None, at
    if text[at : at + 2].lower() == "0x" and text[at + 2 : at + 3] in set(_HEX):
        at += 2
    begin = at
    while at < len(text) and text[at] in _HEX:
        at += 1
    number = int(text[begin:at], 16) & 0xFFFFFFFF
    return number - (1 << 32) if number >> 31 else number, at
