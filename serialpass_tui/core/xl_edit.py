"""The one edit of a guest's file: devices into its `pci` list, and out of it again.

Every byte that is not an item of the list, or the comma beside it, stays: comments, quotes,
indentation, the order of what was there.
"""

from __future__ import annotations

from serialpass_tui.core import xl_config
from serialpass_tui.errors import Exit, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.xl_config import Setting

_BLANKS = b" \t"
_Splice = tuple[int, int, bytes]
"""Bytes from, bytes to, and what stands there instead."""


def with_devices(data: bytes, add: Sequence[Bdf]) -> bytes:
    """The file with the devices of `add` in its `pci` list, each once.

    The list in force gets them at its end, in the manner of its last item; a file without one gets
    `pci = [ '0000:02:00.0' ]` as its last line.

    Raises:
        Problem: `xl-config-broken`, `xl-pci-not-list` (refused).
    """
    chain = _lists(data)
    present = set(xl_config.read(data).devices)
    new = [bdf for bdf in dict.fromkeys(add) if bdf not in present]
    for bdf in new:
        if chain:
            data = _spliced(data, _insertion(data, chain[-1], bdf))
            chain = _lists(data)
        else:
            ended = data.endswith(b"\n")
            before = b"" if ended or not data else b"\n"
            data += before + _own_line([bdf]) + (b"\n" if ended else b"")
            chain = _lists(data)
    return _checked(data, present | set(new))


def without_devices(data: bytes, bdfs: Iterable[Bdf]) -> bytes:
    """The file without the devices of `bdfs`, in whatever spelling the list in force has them.

    A list that `with_devices` wrote as a line of its own goes with its last device.

    Raises:
        Problem: `xl-config-broken`, `xl-pci-not-list`; `xl-pci-wildcard` where an item like
            `02:00.*` names a device that goes and one that stays (all refused).
    """
    gone = set(bdfs)
    chain = _lists(data)
    left = set(xl_config.read(data).devices) - gone
    named = [item.spec for setting in chain for item in setting.items or ()]
    if named and all(spec.devices and gone.issuperset(spec.devices) for spec in named):
        own = _own_line([bdf for spec in named for bdf in spec.devices])
        body = data.removesuffix(b"\n")
        if body.endswith(own) and body[: -len(own)][-1:] in {b"", b"\n"}:
            rest = body[: -len(own)]
            return _checked(rest if data.endswith(b"\n") else rest.removesuffix(b"\n"), left)
    while (found := _first_gone(_lists(data), gone)) is not None:
        data = _spliced(data, _removal(data, *found))
    return _checked(data, left)


def _own_line(bdfs: Iterable[Bdf]) -> bytes:
    return b"pci = [ " + b", ".join(b"'%s'" % str(bdf).encode() for bdf in bdfs) + b" ]"


def _lists(data: bytes) -> tuple[Setting, ...]:
    """The lists that make up `pci` in a file that xl reads. Raises Problem."""
    settings = xl_config.parse(data)
    if settings.error:
        raise Problem(
            Exit.REFUSED,
            "xl-config-broken",
            f"xl does not read the guest's file: {settings.error}.",
            remedy="Correct it; `xl create -n -f FILE` reads the file without starting the guest.",
        )
    chain = settings.chain("pci")
    if any(setting.items is None for setting in chain):
        raise Problem(
            Exit.REFUSED,
            "xl-pci-not-list",
            "The guest's file gives pci a single value where a list belongs; xl passes over it.",
            remedy="Write it as a list: pci = [ '0000:02:00.0' ]",
        )
    return chain


def _first_gone(chain: Iterable[Setting], gone: Collection[Bdf]) -> tuple[Setting, int] | None:
    """The first item that must go, by its list and number. Raises Problem `xl-pci-wildcard`."""
    for setting in chain:
        for number, item in enumerate(setting.items or ()):
            devices = item.spec.devices
            stay = [bdf for bdf in devices if bdf not in gone]
            if len(stay) == len(devices):
                continue
            if stay:
                raise Problem(
                    Exit.REFUSED,
                    "xl-pci-wildcard",
                    f"The guest's file gives all functions of {devices[0].short[:-2]} in one item.",
                    remedy="Take all of them away together, or name them one by one in the file.",
                )
            return setting, number
    return None


def _insertion(data: bytes, setting: Setting, bdf: Bdf) -> tuple[_Splice, ...]:
    """The splices that put a device behind the last item of a list."""
    items = setting.items or ()
    if not items:
        opened = setting.value_start + 1
        lead = _run(data, opened, _BLANKS)[:1]
        return ((opened, opened, lead + _quoted(bdf, b"'")),)
    last = items[-1]
    new = _quoted(bdf, data[last.start : last.start + 1])
    comma = _comma_after(data, last.end, setting.end)
    line_start = data.rfind(b"\n", setting.value_start, last.start) + 1
    indent = data[line_start : last.start]
    line_end = data.find(b"\n", comma or last.end, setting.end)
    alone = line_start and line_end >= 0 and not indent.strip(_BLANKS)
    if alone and _ends_line(data[comma or last.end : line_end]):
        trail = b"," if comma else b""
        own_line = (line_end + 1, line_end + 1, indent + new + trail + b"\n")
        return (own_line,) if comma else (own_line, (last.end, last.end, b","))
    between = data[items[-2].end : last.start] if len(items) > 1 else b""
    plain = between.strip(_BLANKS) == b","
    return ((last.end, last.end, (between if plain else b", ") + new),)


def _removal(data: bytes, setting: Setting, number: int) -> tuple[_Splice, ...]:
    """The splices that take one item out: with the comma after it, or else the one before it."""
    items = setting.items or ()
    item = items[number]
    start, end = item.start, item.end
    comma = _comma_after(data, end, setting.end)
    line_start = data.rfind(b"\n", setting.value_start, start) + 1
    line_end = data.find(b"\n", comma or end, setting.end)
    alone = (
        line_start
        and line_end >= 0
        and not data[line_start:start].strip(_BLANKS)
        and not data[comma or end : line_end].strip(_BLANKS)
    )
    if number:
        before = items[number - 1].end
        if data[before:start].strip(_BLANKS) == b",":
            return ((before, end, b""),)
    cut = (line_start, line_end + 1, b"") if alone else (start, end, b"")
    if comma:
        return (cut if alone else (start, comma + len(_run(data, comma, _BLANKS)), b""),)
    if number:
        comma = _comma_after(data, items[number - 1].end, start)
        return (cut, (comma - 1, comma, b""))
    if not alone and data[start - 1 : start] == data[end : end + 1] == b" ":
        return ((start - 1, end, b""),)
    return (cut,)


def _comma_after(data: bytes, at: int, limit: int) -> int:
    """The place behind the next comma, which blanks, line ends and comments may precede; or 0."""
    while at < limit:
        if data[at : at + 1] == b",":
            return at + 1
        if data[at : at + 1] == b"#":
            at = data.index(b"\n", at)
        elif data[at : at + 1] not in {b" ", b"\t", b"\n"}:
            break
        at += 1
    return 0


def _ends_line(rest: bytes) -> bool:
    """Whether nothing but a comment stands in the rest of a line."""
    rest = rest.strip(_BLANKS)
    return not rest or rest.startswith(b"#")


def _run(data: bytes, at: int, of: bytes) -> bytes:
    rest = data[at:]
    return rest[: len(rest) - len(rest.lstrip(of))]


def _quoted(bdf: Bdf, quote: bytes) -> bytes:
    quote = quote if quote in {b"'", b'"'} else b"'"
    return quote + str(bdf).encode() + quote


def _spliced(data: bytes, splices: Iterable[_Splice]) -> bytes:
    for start, end, new in sorted(splices, reverse=True):
        data = data[:start] + new + data[end:]
    return data


def _checked(data: bytes, wanted: Collection[Bdf]) -> bytes:
    """The edited file, read once more: a guest that does not start is worse than no edit."""
    config = xl_config.read(data)
    if config.error or set(config.devices) != set(wanted):
        raise Problem(
            Exit.REFUSED,
            "xl-pci-uneditable",
            "The pci list of the guest's file is written in a way that this tool cannot edit.",
            remedy="Write it in one line, pci = [ '0000:02:00.0' ], or edit it by hand.",
        )
    return data
