"""Frozen dataclasses to JSON values and back, by their type hints.

The journal, the recordings and `--json` share it, so that a field has one spelling everywhere.
"""

from __future__ import annotations

import types
from enum import Enum
from functools import cache

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Json, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    T = TypeVar("T")

__all__ = ["Json", "decode", "encode"]


def encode(value: object) -> Json:
    """The JSON form of a dataclass, enum, address, bytes, tuple, mapping or plain value.

    Bytes are written as latin-1 text: every byte survives and configuration stays readable.
    """
    if isinstance(value, Bdf):
        return str(value)
    if isinstance(value, Enum):
        spelled: Json = value.value
        return spelled
    if isinstance(value, bytes):
        return value.decode("latin-1")
    names = _fields(type(value))
    if names:
        fields = {name: encode(getattr(value, name)) for name in names}
        kind = getattr(value, "KIND", None)
        return {"kind": kind, **fields} if kind else fields
    if isinstance(value, dict):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, tuple | list | frozenset | set):
        return [encode(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"cannot encode {type(value).__name__}")


def decode(kind: type[T], value: Json, where: str = "value") -> T:
    """The `kind` that `value` spells; absent fields take their defaults, unknown ones are ignored.

    Unknown fields come from newer versions of the tool: an older one must still read the rest.

    Raises:
        Problem: `bad-record` naming the place (`where`) that does not fit.
    """
    decoded: T = _decode(kind, value, where)
    return decoded


def _bad(where: str, wanted: str) -> Problem:
    return Problem(
        Exit.USAGE,
        "bad-record",
        f"The record is not readable at {printable(where)}: {wanted} expected.",
        remedy="Take the file from the tool again; it was cut off or edited.",
    )


@cache
def _hints(kind: type) -> dict[str, Any]:
    from typing import get_type_hints  # for who has something to decode

    return get_type_hints(kind)


def _fields(kind: type) -> tuple[str, ...]:
    """The fields of a dataclass, in their order (dataclasses, `match_args`); of all else none."""
    return getattr(kind, "__match_args__", ())


def _decode(kind: Any, value: Json, where: str) -> Any:
    if isinstance(kind, types.UnionType):
        return _decode_union(kind.__args__, value, where)
    origin = getattr(kind, "__origin__", None)
    if origin is tuple:
        return _decode_tuple(kind.__args__, value, where)
    if origin is dict:
        if not isinstance(value, dict):
            raise _bad(where, "an object")
        of = kind.__args__[1]
        return {key: _decode(of, item, f"{where}.{key}") for key, item in value.items()}
    if kind is not Bdf and _fields(kind):
        return _decode_dataclass(kind, value, where)
    return _decode_scalar(kind, value, where)


def _decode_union(options: tuple[Any, ...], value: Json, where: str) -> object:
    if value is None and type(None) in options:
        return None
    options = tuple(option for option in options if option is not type(None))
    if len(options) == 1:
        return _decode(options[0], value, where)
    if isinstance(value, dict):
        for option in options:
            if getattr(option, "KIND", None) == value.get("kind"):
                return _decode(option, value, where)
    raise _bad(where, "one of " + ", ".join(getattr(o, "KIND", str(o)) for o in options))


def _decode_tuple(args: tuple[Any, ...], value: Json, where: str) -> object:
    if not isinstance(value, list):
        raise _bad(where, "a list")
    if len(args) == 2 and args[1] is Ellipsis:
        return tuple(_decode(args[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if len(args) != len(value):
        raise _bad(where, f"a list of {len(args)}")
    pairs = enumerate(zip(args, value, strict=True))
    return tuple(_decode(of, item, f"{where}[{i}]") for i, (of, item) in pairs)


def _decode_dataclass(kind: type, value: Json, where: str) -> object:
    if not isinstance(value, dict):
        raise _bad(where, "an object")
    hints = _hints(kind)
    given: dict[str, object] = {}
    for name in _fields(kind):
        if name in value:
            given[name] = _decode(hints[name], value[name], f"{where}.{name}")
        elif not hasattr(kind, name):  # a default is an attribute of the class
            raise _bad(f"{where}.{name}", "a value")
    return kind(**given)


def _decode_scalar(kind: Any, value: Json, where: str) -> object:
    if kind is Bdf:
        if not isinstance(value, str):
            raise _bad(where, "a PCI address")
        return Bdf.parse(value)
    if kind is bytes:
        if not isinstance(value, str):
            raise _bad(where, "text")
        try:
            return value.encode("latin-1")
        except UnicodeEncodeError:
            raise _bad(where, "latin-1 text") from None
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(value)
        except ValueError:
            raise _bad(where, "one of " + ", ".join(str(m.value) for m in kind)) from None
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise _bad(where, kind.__name__)
    return value
