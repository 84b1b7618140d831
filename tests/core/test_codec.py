from __future__ import annotations

import contextlib
import json
from enum import Enum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.changes import Change, FileEdit, Reboot, VmEdit, VmPower
from serialpass_tui.core.codec import Json, decode, encode
from serialpass_tui.core.inventory import Inventory, Recording
from serialpass_tui.core.job import Record  # noqa: TC001 (the codec resolves hints)
from serialpass_tui.core.pool import Pool, PowerState
from serialpass_tui.errors import Problem
from serialpass_tui.lazy import frozen


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@frozen
class Leaf:
    KIND = "leaf"
    data: bytes = b""


@frozen
class Branch:
    KIND = "branch"
    bdf: Bdf
    colour: Colour = Colour.RED
    ratio: float = 0.5
    pair: tuple[int, str] = (1, "one")
    children: tuple[Leaf | Branch, ...] = ()
    table: dict[str, bool] | None = None
    maybe: int | None = None


FULL = Branch(
    Bdf(0, 2, 0, 0),
    Colour.BLUE,
    1.0,
    (2, "two"),
    (Leaf(bytes(range(256))), Branch(Bdf(1, 0, 0, 0))),
    {"a": True},
    7,
)


def test_round_trip_through_text() -> None:
    assert decode(Branch, json.loads(json.dumps(encode(FULL)))) == FULL


def test_absent_takes_default_and_unknown_is_ignored() -> None:
    expected = Branch(Bdf(0, 2, 0, 0))
    assert expected == decode(Branch, {"bdf": "02:00.0", "colour": "red", "from_the_future": [1]})


def test_integer_is_a_float() -> None:
    assert decode(Branch, {"bdf": "02:00.0", "ratio": 2}).ratio == 2.0


def test_none_is_kept_apart_from_absent() -> None:
    assert decode(Branch, {"bdf": "02:00.0", "maybe": None}).maybe is None


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({}, "value.bdf"),
        ([], "value"),
        (None, "value"),
        ({"bdf": 3}, "value.bdf"),
        ({"bdf": "02:00.0", "colour": "green"}, "value.colour"),
        ({"bdf": "02:00.0", "colour": ["red"]}, "value.colour"),
        ({"bdf": "02:00.0", "ratio": True}, "value.ratio"),
        ({"bdf": "02:00.0", "pair": [1]}, "value.pair"),
        ({"bdf": "02:00.0", "pair": ["1", "one"]}, "value.pair[0]"),
        ({"bdf": "02:00.0", "pair": {"0": 1}}, "value.pair"),
        ({"bdf": "02:00.0", "children": "x"}, "value.children"),
        ({"bdf": "02:00.0", "children": [{"kind": "fruit"}]}, "value.children[0]"),
        ({"bdf": "02:00.0", "children": [{"kind": "leaf", "data": "\u0100"}]},
         "value.children[0].data"),
        ({"bdf": "02:00.0", "children": [{"kind": "leaf", "data": 1}]}, "value.children[0].data"),
        ({"bdf": "02:00.0", "table": {"a": 1}}, "value.table.a"),
        ({"bdf": "02:00.0", "table": []}, "value.table"),
        ({"bdf": "02:00.0", "maybe": "7"}, "value.maybe"),
        ({"bdf": "02:00.0", "maybe": False}, "value.maybe"),
    ],
)  # fmt: skip
def test_names_the_place_that_does_not_fit(value: Json, place: str) -> None:
    with pytest.raises(Problem) as raised:
        decode(Branch, value)
    assert raised.value.code == "bad-record"
    assert f"at {place}:" in raised.value.summary


def test_bad_address_inside_a_record() -> None:
    with pytest.raises(Problem):
        decode(Branch, {"bdf": "02.00.0"})


def test_what_has_no_form_is_a_bug() -> None:
    with pytest.raises(TypeError):
        encode(object())


CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.builds(FileEdit, st.text(), st.binary(), st.binary()),
    st.builds(VmEdit),
    st.builds(Reboot),
    st.builds(VmPower, before=st.sampled_from(PowerState)),
)


@frozen
class Holder:
    change: Change


@given(CHANGES)
def test_every_change_reads_back(change: Change) -> None:
    assert Holder(change) == decode(Holder, json.loads(json.dumps(encode(Holder(change)))))


@frozen
class Line:
    record: Record


BDFS = st.builds(
    Bdf, st.integers(0, 0xFFFF), st.integers(0, 0xFF), st.integers(0, 0x1F), st.integers(0, 7)
)
st.register_type_strategy(Bdf, BDFS)


@pytest.mark.parametrize("kind", [Inventory, Pool, Line])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_every_record_reads_back(kind: type[Any], data: st.DataObject) -> None:
    value = data.draw(st.from_type(kind))
    assert value == decode(kind, json.loads(json.dumps(encode(value))))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NAMES = sorted({"inventory", "pool", "version", "note", "kind", *Inventory.__dataclass_fields__})
NEAR = st.dictionaries(st.sampled_from(NAMES), JSON, max_size=8)


@settings(deadline=None)
@given(st.one_of(JSON, NEAR, st.fixed_dictionaries({"inventory": NEAR})))
def test_hostile_recordings_are_problems_not_bugs(value: Json) -> None:
    with contextlib.suppress(Problem):
        assert isinstance(decode(Recording, value, "recording"), Recording)
