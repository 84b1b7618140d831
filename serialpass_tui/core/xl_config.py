"""A guest's file of plain Xen (`/etc/xen/pbx.cfg`) and the devices that its `pci` list names.

The grammar is that of xl's own reader (xen-project/xen tools/libs/util: libxlu_cfg_l.l and
libxlu_cfg_y.y): settings `key = value` and `key += value`, ended by a line end or `;`; a value is a
quoted string, a number or a list; `#` comments up to a line end, which must be there; a carriage
return between words is an error. xl refuses a file with one error anywhere, so that none is edited.
"""

from __future__ import annotations

import re

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import frozen, pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = pattern(
    rb"(?P<blank>[ \t]+)|(?P<line>\n|#.*\n)|(?P<ident>[a-z][_0-9a-z]*)|(?P<number>[0-9][0-9a-fx]*)"
    rb"|(?P<string>'(?:[^'\\\n\0]|\\[^\n\0])*'|\"(?:[^\"\\\n\0]|\\[^\n\0])*\")"
    rb"|(?P<mark>\+=|[\[\],=;])"
)
_ESCAPE = pattern(r"\\(.)", re.DOTALL)
_ESCAPES = dict(zip("abfnrtv\"'\\", "\a\b\f\n\r\t\v\"'\\", strict=True))
_UUID = pattern(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_BDF = (
    r"(?:(?P<domain>[0-9a-f]+):)?(?P<bus>[0-9a-f]+):(?P<slot>[0-9a-f]+)\.(?P<function>\*|[0-9a-f]+)"
)
_SPEC = pattern(rf"(?:{_BDF})(?:@(?P<vslot>[0-9a-f]+))?", re.IGNORECASE)
_TYPES = {"hvm": "hvm", "pv": "pv", "pvh": "pvh", "generic": "pv", "linux": "pv"}
_ENDS = (b"\n", b";", b"")
_WORDS = {"ident": "a key", "string": "a quoted value", "number": "a number"}


@frozen
class PciSpec:
    """One item of a `pci` list, as xl-pci-configuration(5) has it: `02:00.0@5,permissive=1`."""

    text: str
    """The item as it stands between its quotes, escapes resolved."""
    devices: tuple[Bdf, ...] = ()
    """What it names: one function, eight for `02:00.*`, none where it cannot be read here."""
    vslot: str = ""
    options: tuple[tuple[str, str], ...] = ()
    name: str = ""
    """The name under which the device was made assignable (`name=`, Xen 4.17 on)."""

    @classmethod
    def parse(cls, text: str) -> PciSpec:
        """The item that `text` spells; one without devices or name where it names nothing.

        An option that xl does not know makes it refuse the guest, but the device stays the same.
        """
        options = []
        first, *rest = text.split(",")
        place, vslot = first, ""
        if "=" in first:
            place, rest = "", [first, *rest]
        for word in filter(None, rest):
            key, given, value = word.partition("=")
            if not given:
                return cls(text)
            options.append((key, value))
        kept = dict(options)
        name = kept.get("name", "")
        place = kept.get("bdf", place)
        # xl does not look behind the address in bdf=, only behind one that stands first.
        match = (_SPEC.match if "bdf" in kept else _SPEC.fullmatch)(place)
        if match is None or name:
            return cls(text, name=name if not place else "", options=tuple(options))
        vslot = match["vslot"] or kept.get("vslot", "")
        return cls(text, _functions(match), vslot, tuple(options))


def _functions(match: re.Match[str]) -> tuple[Bdf, ...]:
    domain, bus, slot = (int(match[key] or "0", 16) for key in ("domain", "bus", "slot"))
    chosen = range(8) if match["function"] == "*" else (int(match["function"], 16),)
    if domain > 0xFFFF or bus > 0xFF or slot > 0x1F or chosen[-1] > 7:
        return ()
    return tuple(Bdf(domain, bus, slot, function) for function in chosen)


@frozen
class Item:
    """One value of a list, with its place in the file."""

    start: int
    end: int
    text: str | None
    """None for a list inside the list, and for a string that xl cannot read."""

    @property
    def spec(self) -> PciSpec:
        """The item as a device."""
        return PciSpec.parse(self.text or "")


@frozen
class Setting:
    """One assignment, with its place in the file."""

    key: str
    adds: bool
    """Written with `+=`: it goes on from the setting before it."""
    start: int
    end: int
    value_start: int
    text: str | None
    """The value where it is a single one."""
    items: tuple[Item, ...] | None
    """The values where it is a list."""


@frozen
class Settings:
    """All assignments of a file in order, and what is wrong with it."""

    all: tuple[Setting, ...]
    error: str
    """The first thing that xl does not accept, in words; empty: it reads the file."""

    def text(self, key: str) -> str | None:
        """The single value that a key ends up with."""
        last = next((s for s in reversed(self.all) if s.key == key), None)
        return last.text if last else None

    def chain(self, key: str) -> tuple[Setting, ...]:
        """The settings whose values together are the key's: the last `=` and each `+=` after it."""
        found: list[Setting] = []
        for setting in self.all:
            if setting.key == key:
                found = [*found, setting] if setting.adds else [setting]
        return tuple(found)


@frozen
class XlConfig:
    """What the tool needs to know of a guest's file."""

    name: str
    """Empty where the file names no guest: xl does not start it."""
    uuid: str
    """As written, in lower case; empty where there is none, so that xl makes one at each start."""
    domain_type: str
    """hvm, pv or pvh."""
    pci: tuple[PciSpec, ...]
    error: str
    """Why xl refuses the file; empty: it does not."""
    warnings: tuple[str, ...]

    @property
    def devices(self) -> tuple[Bdf, ...]:
        """The functions that the guest gets, each once."""
        return tuple(dict.fromkeys(bdf for spec in self.pci for bdf in spec.devices))


def read(data: bytes) -> XlConfig:
    """What a guest's file says, for any bytes at all: an unreadable file is a fact to show too."""
    settings = parse(data)
    chain = settings.chain("pci")
    items = [item for setting in chain for item in setting.items or ()]
    specs = tuple(item.spec for item in items)
    warnings = [
        f"pci item {printable(spec.text, 60)!r} is none that xl reads"
        for spec in specs
        if not spec.devices and not spec.name
    ]
    if any(setting.items is None for setting in chain):
        warnings.append("pci is a single value and no list: xl passes over it")
    uuid = (settings.text("uuid") or "").lower()
    if uuid and not _UUID.fullmatch(uuid):
        warnings.append(f"uuid {printable(uuid, 40)!r} is not written as a uuid is")
        uuid = ""
    return XlConfig(
        settings.text("name") or "",
        uuid,
        _domain_type(settings),
        specs,
        settings.error,
        tuple(warnings),
    )


def _domain_type(settings: Settings) -> str:
    """`type`, or the older `builder`; a guest with neither is PV (xl.cfg(5))."""
    given = settings.text("type") or settings.text("builder") or "pv"
    return _TYPES.get(given.lower(), given.lower())


def parse(data: bytes) -> Settings:
    """The settings of a file; after an error it goes on at the next line, as xl's reader does."""
    reader = _Reader(data)
    found, error = [], ""
    while reader.kind:
        try:
            if reader.peek in _ENDS:
                reader.take()
                continue
            found.append(reader.setting())
            if reader.peek not in _ENDS:
                raise reader.unexpected("a line end")
        except Problem as problem:
            error = error or problem.summary
            reader.skip_line()
    error = error or next(_mixed(found), "")
    return Settings(tuple(found), error)


def _mixed(settings: list[Setting]) -> Iterator[str]:
    """What `+=` cannot join: a list and a single value."""
    kinds: dict[str, bool] = {}
    for setting in settings:
        is_list = setting.items is not None
        if setting.adds and kinds.get(setting.key, is_list) is not is_list:
            yield f"{setting.key} += joins a list and a single value"
        kinds[setting.key] = is_list


class _Reader:
    """The tokens of a file, one ahead; blanks are passed over."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.start = self.end = self.last_end = 0
        self.kind = ""
        self.peek = b""
        self._step()

    def _step(self) -> None:
        """Look at the next token; the kind is empty at the end and `bad` where none fits."""
        self.last_end = self.end
        while True:
            self.start = self.end
            if self.start == len(self._data):
                self.kind, self.peek = "", b""
                return
            match = _TOKEN.match(self._data, self.start)
            if match is None:
                self.kind, self.peek, self.end = (
                    "bad",
                    self._data[self.start : self.start + 20],
                    self.start + 1,
                )
                return
            self.end = match.end()
            if match.lastgroup != "blank":
                self.kind = match.lastgroup or ""
                self.peek = b"\n" if self.kind == "line" else match[0]
                return

    def take(self, *wanted: str) -> bytes:
        """The token ahead, which must be of one of these kinds or spellings. Raises Problem."""
        token = self.peek
        if wanted and self.kind not in wanted and token.decode("latin-1") not in wanted:
            raise self.unexpected(" or ".join(_WORDS.get(word, word) for word in wanted))
        self._step()
        return token

    def skip_line(self) -> None:
        while self.kind and self.kind != "line":
            self._step()

    def setting(self) -> Setting:
        """One assignment. Raises Problem."""
        start = self.start
        key = self.take("ident").decode("ascii")
        adds = self.take("=", "+=") == b"+="
        value_start = self.start
        if self.peek == b"[":
            items, text = self._list(), None
        else:
            items, text = None, self._atom().text
        return Setting(key, adds, start, self.last_end, value_start, text, items)

    def _list(self) -> tuple[Item, ...]:
        self.take("[")
        items: list[Item] = []
        self._lines()
        while self.peek != b"]":
            start = self.start
            if self.peek == b"[":
                self._list()
                items.append(Item(start, self.last_end, None))
            else:
                items.append(self._atom())
            self._lines()
            if self.peek != b"]":
                self.take(",", "]")
                self._lines()
        self.take("]")
        return tuple(items)

    def _lines(self) -> None:
        while self.kind == "line":
            self.take()

    def _atom(self) -> Item:
        start, end, kind = self.start, self.end, self.kind
        token = self.take("string", "number").decode("utf-8", "surrogateescape")
        if kind == "number":
            return Item(start, end, token)
        if any(match[1] not in _ESCAPES for match in _ESCAPE.finditer(token[1:-1])):
            # xl reads the numeric ones in ways of its own; whoever wrote them must look.
            raise self._error(start, f"the escape in {printable(token, 40)} cannot be relied on")
        return Item(start, end, _ESCAPE.sub(lambda match: _ESCAPES[match[1]], token[1:-1]))

    def unexpected(self, wanted: str) -> Problem:
        """The problem of the token ahead."""
        if not self.kind:
            return self._error(self.start, f"the file ends where {wanted} should be")
        shown = self.peek.split(b"\n")[0] or b"a line end"
        if self.peek.startswith(b"\r"):
            return self._error(self.start, "a carriage return: DOS line ends")
        if self.peek.startswith(b"#"):
            return self._error(self.start, "a comment without a line end after it")
        return self._error(self.start, f"{printable(shown.decode('latin-1'), 30)} out of place")

    def _error(self, at: int, what: str) -> Problem:
        line = self._data.count(b"\n", 0, at) + 1
        return Problem(
            Exit.REFUSED,
            "xl-config-broken",
            f"line {line}: {what}",
            remedy="Correct the line; `xl create -n -f FILE` reads the file without starting it.",
        )
