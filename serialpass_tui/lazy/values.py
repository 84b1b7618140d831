"""Frozen dataclasses that share their methods, in place of having them compiled one by one.

`dataclasses.dataclass` writes and compiles the source of six functions for each class. For the
hundred classes that a look at a host loads, that is a third of the time of its start.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import Field, replace
    from inspect import Signature
    from typing import Any, NoReturn, TypeVar, dataclass_transform

    T = TypeVar("T")
else:

    def dataclass_transform(**_told: bool) -> Callable[[T], T]:
        """What only a type checker asks for: at run time it adds a note (PEP 681)."""
        return lambda kept: kept

    def replace(value: T, /, **changes: object) -> T:
        """As `dataclasses.replace`, of a frozen value."""
        fields = {name: getattr(value, name) for name in value.__match_args__}
        return type(value)(**fields | changes)


__all__ = ["frozen", "replace"]


@dataclass_transform(frozen_default=True)
def frozen(kind: type[T]) -> type[T]:
    """Make a class a frozen dataclass; its instances are equal where all their fields are.

    A dataclass to all who ask: `replace`, `fields`, `match` and type checkers (PEP 681). Defaults
    must be values that cannot change, for all instances share them.
    """
    hints = kind.__annotations__.items()
    own = [name for name, hint in hints if not hint.startswith("ClassVar")]
    names = tuple(dict.fromkeys((*getattr(kind, "__match_args__", ()), *own)))
    needed = [name for name in names if not hasattr(kind, name)]
    form = {name: getattr(kind, name, None) for name in names}
    check = getattr(kind, "__post_init__", None)

    def __init__(self: T, /, *given: object, **named: object) -> None:  # noqa: N807
        values = self.__dict__
        values.update(form)  # first, for the order of the fields is that of this mapping
        values.update(zip(names, given, strict=False))
        values.update(named)
        if len(given) > len(names) or len(values) > len(names):
            raise TypeError(f"{kind.__name__} has no more fields than {', '.join(names)}")
        for name in needed[len(given) :]:
            if name not in named:
                raise TypeError(f"{kind.__name__} needs {name}")
        if check is not None:
            check(self)

    shared: dict[str, object] = {
        "__init__": __init__,
        "__match_args__": names,
        "__dataclass_fields__": _Fields(),
        "__signature__": _Signature(),
        "__eq__": _equals,
        "__hash__": _hash,
        "__repr__": _told,
        "__setattr__": _refuse,
        "__delattr__": _refuse,
    }
    for name, method in shared.items():
        setattr(kind, name, method)
    return kind


def _values(self: Any) -> tuple[object, ...]:
    """The fields' values; behind them lies what cached properties have found."""
    return tuple(self.__dict__.values())[: len(self.__match_args__)]


def _equals(self: object, other: object) -> bool:
    if type(self) is not type(other):
        return False
    return bool(_values(self) == _values(other))


def _hash(self: Any) -> int:
    return hash(_values(self))


def _told(self: Any) -> str:
    pairs = zip(self.__match_args__, _values(self), strict=True)
    return f"{type(self).__qualname__}({', '.join(f'{name}={value!r}' for name, value in pairs)})"


def _refuse(_self: object, name: str, *_value: object) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot change field {name!r}")


class _Fields:
    """A class's description for the standard library, made when that first asks for it."""

    def __get__(self, _instance: object, kind: type) -> dict[str, Field[Any]]:
        from dataclasses import dataclass

        described: Any = dataclass(init=False, repr=False, eq=False)(kind)
        fields: dict[str, Field[Any]] = described.__dataclass_fields__
        return fields


class _Signature:
    """What a class is called with, for who inspects it (`inspect.signature`)."""

    def __get__(self, _instance: object, kind: Any) -> Signature:
        from inspect import Parameter, Signature

        empty = Parameter.empty
        return Signature(
            [
                Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=getattr(kind, name, empty))
                for name in kind.__match_args__
            ]
        )
