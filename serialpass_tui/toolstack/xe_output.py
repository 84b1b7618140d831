r"""What the `xe` command prints, read so that no name can pass for something else.

Formats: xapi-project/xen-api ocaml/xapi-cli-server/cli_printer.ml and cli_operations.ml. A list of
records prints every value as it is, so that a VM's name with line breaks in it looks like more
fields or more VMs. `--minimal` prints the first field of each record alone, with `\,` for a comma
and `\\` for a backslash within: it says clearly where a value ends. A map is printed as
`key: value; key: value` without any escape, in both.
"""

from __future__ import annotations

from serialpass_tui.lazy import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Row = dict[str, str]

_FIELD = pattern(r" *([A-Za-z0-9_-]+) \([ SM]R[OW]\)(?: \[DEPRECATED\])? *: (.*)")
_STEP = pattern(r"\\([\\,])|(,)|([^\\,]+|\\)")
_PAIR = "; "
_COLON = ": "


def records(text: str) -> list[Row]:
    """The records of a list whose fields hold no text that anybody can choose.

    Raises:
        ValueError: a line is no field, or belongs to no record.
    """
    found: list[Row] = []
    for line in filter(None, text.split("\n")):
        field = _FIELD.fullmatch(line)
        if field is None:
            raise ValueError(f"no field in {line!r}")
        if field[1] == "uuid":
            found.append({})
        if not found or field[1] in found[-1]:
            raise ValueError(f"no record for {line!r}")
        found[-1][field[1]] = field[2]
    return found


def column(text: str) -> list[str]:
    """The values of one field that `--minimal` printed; none for no output at all.

    One record with an empty value prints the same as no record: who knows how many there are
    tells them apart.
    """
    text = text.removesuffix("\n")
    if not text:
        return []
    values = [""]
    for escaped, comma, plain in _STEP.findall(text):
        if comma:
            values.append("")
        else:
            values[-1] += escaped or plain
    return values


def claims(text: str, keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The keys, and their values, that a printed map may have; all that it has are among them.

    A value with `; pci: ` in it looks like the key `pci`. Only XAPI can tell which it is.
    """
    pieces = text.split(_PAIR)
    for key in keys:
        for piece in pieces:
            if piece.startswith(key + _COLON):
                yield key, piece.removeprefix(key + _COLON)


def pairs(text: str, known: Mapping[str, str | None]) -> dict[str, str]:
    """A printed map; `known` has what XAPI says of the keys that matter, None: not there.

    Of the others a value with `; key: ` in it is cut in two: xe's output does not tell. What
    begins like a key but is known not to be one stays part of the value before it.
    """
    found: dict[str, list[str]] = {}
    pieces = text.split(_PAIR) if text else []
    last: list[str] = []
    at = 0
    while at < len(pieces):
        piece = pieces[at]
        key, colon, value = piece.partition(_COLON)
        held = known.get(key)
        at += 1
        more = pieces[at : at + held.count(_PAIR)] if held else []
        if held == _PAIR.join([value, *more]):
            at += len(more)
            last = []  # it is whole; more of it would be another's
        elif colon and key not in known:
            last = found[key] = [value]
        else:
            last.append(piece)
    others = {key: _PAIR.join(values) for key, values in found.items()}
    return others | {key: held for key, held in known.items() if held is not None}
