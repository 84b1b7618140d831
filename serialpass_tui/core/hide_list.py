"""The pciback hide list: what the kernel makes of every spelling, and the one spelling written.

The scanners are those of `pcistub_init` (Linux drivers/xen/xen-pciback/pci_stub.c, and
drivers/xen/pciback/pci_stub.c of the 2.6.32 xenlinux kernels).
"""

from __future__ import annotations

import re
from enum import Enum

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.kernel_args import Word, words
from serialpass_tui.core.text import printable
from serialpass_tui.lazy import frozen, pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from serialpass_tui.core.inventory import PciFunction


class Dialect(Enum):
    """The two drivers that know a hide list; the value is the parameter's name."""

    OLD = "pciback.hide"
    """2.6.32 xenlinux: XenServer 6.0 to 6.2."""
    NEW = "xen-pciback.hide"
    """3.x and later: XenServer 6.5 and later, XCP-ng."""


def dialect_for(kernel_release: str) -> Dialect:
    """The dialect of the dom0 kernel whose `uname -r` is `kernel_release`.

    The driver was renamed on its way into Linux 3.1, and the parameter's prefix with it.
    """
    return Dialect.OLD if kernel_release.startswith("2.6.") else Dialect.NEW


@frozen
class Group:
    """One parenthesis of a hide list; None stands for `*`."""

    domain: int
    bus: int
    slot: int | None
    function: int | None

    @classmethod
    def of(cls, bdf: Bdf) -> Group:
        """The group that names one function."""
        return cls(bdf.domain, bdf.bus, bdf.slot, bdf.function)

    @property
    def bdf(self) -> Bdf | None:
        """The one function that it names; None for a wildcard."""
        if self.slot is None or self.function is None:
            return None
        return Bdf(self.domain, self.bus, self.slot, self.function)

    def matches(self, bdf: Bdf) -> bool:
        """Whether it names the function at `bdf`."""
        return (
            (self.domain, self.bus) == (bdf.domain, bdf.bus)
            and self.slot in {None, bdf.slot}
            and self.function in {None, bdf.function}
        )

    @property
    def short(self) -> str:
        """The address for a sentence: no parentheses, no zero domain."""
        return str(self)[1:-1].removeprefix("0000:")

    def __str__(self) -> str:
        slot = "*" if self.slot is None else f"{self.slot:02x}"
        function = "*" if self.function is None else f"{self.function:x}"
        return f"({self.domain:04x}:{self.bus:02x}:{slot}.{function})"


@frozen
class Reading:
    """What the kernel makes of one dom0 command line."""

    groups: tuple[Group, ...] = ()
    """What it hides; empty where there is no list or an error."""
    error: str = ""
    """Why the driver refuses the whole value; empty where it does not."""
    present: bool = False
    """Whether a hide parameter that this kernel knows is there."""
    value: str = ""
    """The value that counts: the last one."""
    cut_off: tuple[str, ...] = ()
    """Words after it that look like groups and are none, because blanks end the value."""
    unread: str = ""
    """The end of the value where the 2.6.32 driver stopped reading without an error."""
    overridden: tuple[str, ...] = ()
    """Values of earlier repeats of the parameter."""
    foreign: tuple[str, ...] = ()
    """Hide parameters that this kernel does not know, whole words."""
    canonical: bool = True
    """Whether there is nothing, or nothing but one parameter in the spelling that is written."""
    xapi_reads: bool = True
    """Whether XAPI's own parser, stricter than the kernel's, can read the line.

    The XAPI that goes with a 2.6.32 kernel has none.
    """

    @property
    def registered(self) -> bool:
        """Whether /sys/bus/pci/drivers/pciback exists after a boot with this line."""
        return not self.error

    def hides(self, bdf: Bdf) -> bool:
        """Whether a group names the function at `bdf`; a bridge above it is not looked at."""
        return any(group.matches(bdf) for group in self.groups)


@frozen
class HideWords:
    """The words of a command line that have to do with hiding."""

    known: tuple[Word, ...]
    """The parameter under a name that the kernel knows; the last one with a value counts."""
    foreign: tuple[Word, ...]
    """The parameter under a name, or in a place, where this kernel does not see it."""
    strays: tuple[tuple[Word, tuple[Word, ...]], ...]
    """For each of those words that has them: the group-like words that blanks cut off it."""

    @property
    def all(self) -> tuple[Word, ...]:
        """Every one of them, in the order of the line."""
        strays = [stray for _, cut in self.strays for stray in cut]
        return tuple(sorted([*self.known, *self.foreign, *strays], key=lambda word: word.start))

    def strays_of(self, owner: Word) -> tuple[Word, ...]:
        """The words that blanks cut off `owner`."""
        return next((cut for word, cut in self.strays if word == owner), ())


# No kernel parameter looks like a piece of an address list; a run level ("1") must not match.
_STRAY = pattern(r'(?=[^(),:]*[(),:])[0-9a-fA-FxX:.*(),"]+')
_NAMES = tuple(dialect.value for dialect in Dialect)


def ends_parameters(word: Word, dialect: Dialect) -> bool:
    """Whether the words from this one on are init's, not the kernel's.

    A lone `--` does that since Linux 3.15 (kernel/params.c parse_args).
    """
    return word.text == "--" and dialect is Dialect.NEW


def hide_words(line: Sequence[Word], dialect: Dialect, parameter: str | None = None) -> HideWords:
    """The words of `line` that set, or were meant to set, the hide list.

    A parameter among init's words is as unknown as one with another driver's name.
    """
    name = parameter or dialect.value
    known, foreign, strays = [], [], []
    to_init = False
    for index, word in enumerate(line):
        to_init = to_init or ends_parameters(word, dialect)
        if word.is_named(name) and not to_init:
            known.append(word)
        elif any(word.is_named(other) for other in (name, *_NAMES)):
            foreign.append(word)
        else:
            continue
        cut = []
        for stray in line[index + 1 :]:
            if not _STRAY.fullmatch(stray.text):
                break
            cut.append(stray)
        if cut:
            strays.append((word, tuple(cut)))
    return HideWords(tuple(known), tuple(foreign), tuple(strays))


# charp parameters longer than this are refused, and the value before stays (kernel/params.c).
_MAX_VALUE = 1024


def read(cmdline: str, dialect: Dialect, parameter: str | None = None) -> Reading:
    """What a kernel of this dialect makes of `cmdline`.

    `parameter` is the name that the kernel knows where it is not the dialect's own.
    """
    found = hide_words(words(cmdline), dialect, parameter)
    taken = [w for w in found.known if w.value is not None and len(w.value) <= _MAX_VALUE]
    lost = [w for w in found.known if w not in taken[-1:]]
    foreign = tuple(_with_strays(found, found.foreign, whole=True))
    overridden = tuple(_with_strays(found, lost, whole=False))
    if not taken:
        return Reading(
            present=bool(found.known),
            overridden=overridden,
            foreign=foreign,
            canonical=not found.all,
            xapi_reads=dialect is Dialect.OLD or not found.known,
        )
    last = taken[-1]
    value = last.value or ""
    name = parameter or dialect.value
    scan = _scan(value, dialect)
    literal = f"{name}={canonical(scan.groups)}"
    return Reading(
        groups=() if scan.error else scan.groups,
        error=scan.error,
        present=True,
        value=value,
        cut_off=tuple(word.text for word in found.strays_of(last)),
        unread=scan.unread,
        overridden=overridden,
        foreign=foreign,
        canonical=bool(scan.groups) and len(found.all) == 1 and last.text == literal,
        xapi_reads=dialect is Dialect.OLD
        or (len(found.known) == 1 and _XAPI.fullmatch(last.text) is not None),
    )


def _with_strays(found: HideWords, owners: Iterable[Word], *, whole: bool) -> list[str]:
    texts = []
    for owner in owners:
        texts.append(owner.text if whole else owner.value or "")
        texts += [stray.text for stray in found.strays_of(owner)]
    return texts


# XAPI cuts exactly 14 characters a group (xapi-project/xen-api ocaml/xapi/pciops.ml).
_XAPI = pattern(
    r"xen-pciback\.hide=(?:\([0-9a-fA-F]{4}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-9a-fA-F]\))*"
)


@frozen
class _Scan:
    groups: tuple[Group, ...] = ()
    error: str = ""
    unread: str = ""


# sscanf's " (%x:%x:%x.%x) %n" and its kin: blanks may precede "(", each number and what follows
# ")"; %x takes an optional 0x. "*" is a literal there, for it follows no "%".
_GAP = f"[{re.escape(' ')}\\t\\n\\v\\f\\r\\xa0]*"
_HEX = f"{_GAP}((?:0[xX])?[0-9a-fA-F]+|0[xX])"
_EXACT = (rf"{_HEX}:{_HEX}:{_HEX}\.{_HEX}", rf"(){_HEX}:{_HEX}\.{_HEX}")
_WILD = (
    rf"{_HEX}:{_HEX}:{_HEX}\.(\*)",
    rf"{_HEX}:{_HEX}:(\*)\.(\*)",
    rf"(){_HEX}:{_HEX}\.(\*)",
    rf"(){_HEX}:(\*)\.(\*)",
)
_NEW_FORMS = tuple(pattern(rf"{_GAP}\({form}(\)){_GAP}") for form in (*_EXACT, *_WILD))
_OLD_FORMS = tuple(pattern(rf"{_GAP}\({form}(?:(\)){_GAP})?") for form in _EXACT)


def _scan(value: str, dialect: Dialect) -> _Scan:
    forms = _OLD_FORMS if dialect is Dialect.OLD else _NEW_FORMS
    groups: list[Group] = []
    position = 0
    while position < len(value):
        rest = value[position:]
        match = next(filter(None, (form.match(rest) for form in forms)), None)
        if match is None:
            return _Scan(error=f"it cannot be read from {printable(rest, 40)} on")
        group = _group(*match.groups()[:4])
        if group is None:
            return _Scan(error=f"{printable(match[0].strip(), 40)} is no PCI address")
        if group not in groups:
            groups.append(group)
        position += match.end()
        if not match[5]:  # the 2.6.32 driver takes a missing ")" for the end of the list
            return _Scan(tuple(groups), unread=value[position:])
    return _Scan(tuple(groups))


def _group(domain: str, bus: str, slot: str, function: str) -> Group | None:
    # One 2.6.32 source masks numbers out of range instead of refusing them. Which device that
    # hides is nobody's intent, and reading it as refused never hides a device unasked.
    numbers = [_int32(text) for text in (domain, bus, slot, function)]
    group = Group(
        numbers[0], numbers[1], *(None if number < 0 else number for number in numbers[2:])
    )
    fits = 0 <= group.domain <= 0xFFFF and 0 <= group.bus <= 0xFF
    return group if fits and (group.slot or 0) <= 31 and (group.function or 0) <= 7 else None


def _int32(text: str) -> int:
    """What sscanf's %x leaves in an int; the driver writes -1 for a wildcard."""
    if text == "*":
        return -1
    digits = text.lower().removeprefix("0x")
    number = int(digits or "0", 16) & 0xFFFFFFFF
    return number - (1 << 32) if number >= 1 << 31 else number


def canonical(groups: Iterable[Group]) -> str:
    """The value that names `groups`: full addresses, lower case, no blanks, none twice.

    It is the one spelling that the kernels and XAPI alike can read
    (xapi-project/xen-api ocaml/xapi/pciops.ml).
    """
    return "".join(dict.fromkeys(str(group) for group in groups))


def hidden(reading: Reading, present: Iterable[PciFunction]) -> frozenset[Bdf]:
    """The functions among `present` that are kept from dom0's drivers.

    A group that names a bridge takes what is behind it (pcistub_match_one walks up the bus).
    Bridges themselves are left out: they are nothing that a VM could be given.
    """
    return frozenset(
        function.bdf
        for function in present
        if not function.is_bridge
        and any(reading.hides(bdf) for bdf in (function.bdf, *function.parents))
    )


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them: `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


_ADDRESS = pattern(
    r"(?<![0-9a-fA-F:.])(?:[0-9a-fA-F]{1,4}:)?[0-9a-fA-F]{1,2}:"
    r"(?:\*\.\*|[0-9a-fA-F]{1,2}\.(?:\*|[0-9a-fA-F]))"
)


def named(texts: Iterable[str]) -> tuple[str, ...]:
    """The addresses that one can make out in `texts`, as the operator meant them, short."""
    found = [match[0].lower() for text in texts for match in _ADDRESS.finditer(text)]
    return tuple(dict.fromkeys(address.removeprefix("0000:") for address in found))


def words_for(reading: Reading) -> tuple[str, ...]:
    """What the kernel hides with this line and why, a sentence each, for the operator."""
    names = listed([group.short for group in reading.groups])
    if reading.error:
        shown = printable(reading.value, 60)
        first = (
            f"nothing at all: {reading.error} (the value is {shown}); "
            "one group that the kernel cannot read disables pciback for every device"
        )
    elif not names:
        first = "nothing"
    elif reading.cut_off:
        first = f"only {names}: the blanks cut the rest off"
    elif reading.unread:
        first = f"only {names}: for want of a ) the kernel stops reading there"
    else:
        first = names
    sentences = [first]
    if reading.cut_off:
        cut = listed(named(reading.cut_off) or [printable(text) for text in reading.cut_off])
        sentences.append(f"no part of the list, for it comes after a blank: {cut}")
    if reading.overridden:
        values = listed([printable(text) or "(no value)" for text in reading.overridden])
        sentences.append(f"the parameter is repeated: the last one counts, not {values}")
    if reading.foreign:
        strange = listed([printable(text) for text in reading.foreign])
        sentences.append(f"without effect on this kernel: {strange}")
    if not reading.xapi_reads:
        sentences.append("XAPI cannot read this spelling")
    return tuple(sentences)
