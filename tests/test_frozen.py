"""Frozen dataclasses that share their methods, held against those of the standard library."""

from __future__ import annotations

import dataclasses
import inspect
from functools import cached_property
from typing import ClassVar

import pytest

from serialpass_tui.lazy import frozen
from tests.test_layers import loaded_by


@frozen
class Ours:
    """A value."""

    KIND: ClassVar[str] = "value"
    one: int
    two: str = "b"

    @cached_property
    def length(self) -> int:
        return len(self.two)


@frozen
class Below(Ours):
    """A value with more."""

    three: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True)
class Theirs:
    one: int
    two: str = "b"


def test_it_is_told_compared_and_hashed_as_the_standard_library_does() -> None:
    assert repr(Theirs(1)).replace("Theirs", "Ours") == repr(Ours(1))
    assert Ours(1, "b") == Ours(one=1)
    assert hash(Theirs(1)) == hash(Ours(1))
    assert Ours(1) not in {Ours(2), Ours(1, "c"), Theirs(1), Below(1)}


def test_what_a_cached_property_found_is_no_part_of_the_value() -> None:
    looked_at = Ours(1)
    assert 1 == looked_at.length
    assert (Ours(1), hash(Ours(1)), repr(Ours(1))) == (looked_at, hash(looked_at), repr(looked_at))


def test_the_standard_library_knows_its_fields() -> None:
    assert Below(1, three=(2,)) == dataclasses.replace(Below(1), three=(2,))
    assert ["one", "two", "three"] == [field.name for field in dataclasses.fields(Below)]
    assert hasattr(Ours, "__dataclass_fields__")
    assert {"one": 1, "two": "b"} == dataclasses.asdict(Ours(1))
    assert list(inspect.signature(Theirs).parameters) == list(inspect.signature(Ours).parameters)
    match Below(1):
        case Ours(one, two):
            assert (1, "b") == (one, two)


def test_it_cannot_be_changed() -> None:
    value = Ours(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.one = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del value.two


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(TypeError, match="needs one"):
        Ours(two="a")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="no more fields than one, two"):
        Ours(1, "b", 3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="no more fields than one, two"):
        Ours(1, three=3)  # type: ignore[call-arg]


def test_nothing_is_compiled_for_it() -> None:
    assert set() == {"dataclasses", "inspect"} & loaded_by(
        "from serialpass_tui.core.bdf import Bdf"
    )
