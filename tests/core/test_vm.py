from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.pool import Pool, PoolHost, PowerState, Vm
from serialpass_tui.core.vm import BLOCKED_OPERATIONS, dropped_items, parse_pci, users_of
from serialpass_tui.core.vm_edit import (
    BLOCKED_TEXT,
    after_edits,
    bind_edits,
    merge_pci,
    remove_pci,
    unbind_edits,
)

if TYPE_CHECKING:
    from serialpass_tui.core.changes import VmEdit

CARD = Bdf.parse("0000:02:00.0")
USB = Bdf.parse("0000:00:1d.0")
OTHER = Bdf.parse("0000:84:00.0")
HOST = "5ea1ca5e-0000-4000-8000-00000000000f"
VM = Vm("5ea1ca5e-0000-4000-8000-000000000001", "pbx", PowerState.HALTED)


@pytest.mark.parametrize(
    ("value", "read", "dropped"),
    [
        ("0/0000:02:00.0", (CARD,), ()),
        ("0/0000:02:00.0,0/0000:00:1d.0", (CARD, USB), ()),
        ("7/0000:02:00.0,-1/0000:00:1D.0", (CARD, USB), ()),
        ("0/0000:02:00.0, 0/0000:00:1d.0", (CARD,), (" 0/0000:00:1d.0",)),
        ("0/02:00.0", (), ("0/02:00.0",)),
        ("0000:02:00.0", (), ("0000:02:00.0",)),
        ("0/000:84:00.0", (OTHER,), ()),
        ("0/0:2:0.0", (CARD,), ()),
        ("0/00000:02:00.0", (), ("0/00000:02:00.0",)),
        ("0/0000:02:00.0 and more", (CARD,), ()),
        ("0/0000:02:00.07", (CARD,), ()),
        ("1_0/00_0:02:00.0", (CARD,), ()),
        ("_1/0000:02:00.0", (), ("_1/0000:02:00.0",)),
        ("4611686018427387904/0000:02:00.0", (), ("4611686018427387904/0000:02:00.0",)),
        ("9" * 9000 + "/0000:02:00.0", (), ("9" * 9000 + "/0000:02:00.0",)),
        ("4611686018427387903/0000:02:00.0", (CARD,), ()),
        ("\u0660/0000:02:00.0", (), ("\u0660/0000:02:00.0",)),
        ("", (), ()),
        (",,", (), ()),
        ("garbage", (), ("garbage",)),
    ],
)  # fmt: skip
def test_reads_what_xapi_reads(value: str, read: tuple[Bdf, ...], dropped: tuple[str, ...]) -> None:
    assert read == parse_pci(value)
    assert dropped == dropped_items(value)


@pytest.mark.parametrize(
    ("value", "add", "expected"),
    [
        (None, (CARD, USB), "0/0000:02:00.0,0/0000:00:1d.0"),
        ("", (CARD,), "0/0000:02:00.0"),
        ("3/0000:84:00.0", (CARD,), "3/0000:84:00.0,0/0000:02:00.0"),
        ("3/000:2:0.0", (CARD,), "3/000:2:0.0"),
        ("garbage,", (CARD, CARD), "garbage,0/0000:02:00.0"),
        ("x, y,", (), "x, y,"),
    ],
)
def test_merge(value: str | None, add: tuple[Bdf, ...], expected: str) -> None:
    assert expected == merge_pci(value, add)


@pytest.mark.parametrize(
    ("value", "gone", "expected"),
    [
        ("0/0000:02:00.0", (CARD,), None),
        ("0/0000:02:00.0,5/0000:84:00.0", (CARD,), "5/0000:84:00.0"),
        ("0/0000:84:00.0", (CARD,), "0/0000:84:00.0"),
        ("0/0000:84:00.0, 0/0000:02:00.0", (CARD,), "0/0000:84:00.0"),
        ("0/0000:02:00.0,garbage", (CARD,), "garbage"),
        ("0/0000:02:00.0,1/000:02:00.0,", (CARD,), None),
        ("", (CARD,), ""),
    ],
)
def test_remove(value: str, gone: tuple[Bdf, ...], expected: str | None) -> None:
    assert expected == remove_pci(value, gone)


BDFS = st.builds(
    Bdf, st.integers(0, 0xFFFF), st.integers(0, 0xFF), st.integers(0, 0x1F), st.integers(0, 7)
)
SOME = st.lists(st.sampled_from([CARD, USB, OTHER]) | BDFS, max_size=4)
ITEMS = st.one_of(
    st.builds("{}/{}".format, st.integers(-2, 9), st.sampled_from([CARD, USB, OTHER]) | BDFS),
    st.sampled_from(["", " 0/0000:02:00.0", "0/02:00.0", "0/000:2:0.0", "garbage"]),
    st.text(alphabet="0/:.af_ +-", max_size=12),
)
VALUES = st.none() | st.lists(ITEMS, max_size=5).map(",".join)


@given(VALUES, SOME)
def test_merging_twice_is_merging_once(value: str | None, add: list[Bdf]) -> None:
    once = merge_pci(value, add)
    assert once == merge_pci(once, add)
    assert set(add) | set(parse_pci(value or "")) == set(parse_pci(once))


@given(VALUES, SOME)
def test_merging_keeps_what_was_there(value: str | None, add: list[Bdf]) -> None:
    before = [item for item in (value or "").split(",") if item]
    after = [item for item in merge_pci(value, add).split(",") if item]
    assert before == after[: len(before)]


@given(VALUES, SOME)
def test_removing_takes_those_and_no_other(value: str | None, gone: list[Bdf]) -> None:
    left = remove_pci(value or "", gone)
    expected = [bdf for bdf in parse_pci(value or "") if bdf not in gone]
    assert expected == list(parse_pci(left or ""))


@given(st.lists(BDFS, unique=True), st.lists(BDFS, unique=True, min_size=1))
def test_merge_then_remove_is_the_first_value(others: list[Bdf], own: list[Bdf]) -> None:
    value = ",".join(f"0/{bdf}" for bdf in others if bdf not in own)
    assert (value or None) == remove_pci(merge_pci(value, own), own)


def test_users() -> None:
    user = replace(VM, other_config=(("pci", "0/000:2:0.0"),))
    pool = Pool(HOST, HOST, (PoolHost(HOST, "h"),), (VM, user))
    assert users_of(pool, CARD) == (user,)
    assert users_of(pool, USB) == ()


def bound(vm: Vm, edits: tuple[VmEdit, ...]) -> Vm:
    """The VM after the edits, each of which must find what it expects."""
    for edit in edits:
        param, _, key = edit.key.partition(":")
        if param == "affinity":
            assert edit.before == (vm.affinity or None)
            vm = replace(vm, affinity=edit.after or "")
            continue
        field = {"other-config": "other_config", "blocked-operations": "blocked_operations"}[param]
        table = dict(getattr(vm, field))
        assert edit.before == table.pop(key, None)
        if edit.after is not None:
            table[key] = edit.after
        if field == "other_config":
            vm = replace(vm, other_config=tuple(table.items()))
        else:
            vm = replace(vm, blocked_operations=tuple(table.items()))
    return vm


def test_bind_sets_all_keys_and_the_device_last() -> None:
    edits = bind_edits(VM, HOST, (CARD, USB))
    vm = bound(VM, edits)
    assert vm.pci == "0/0000:02:00.0,0/0000:00:1d.0"
    assert vm.affinity == HOST
    assert dict(vm.blocked_operations) == dict.fromkeys(BLOCKED_OPERATIONS, BLOCKED_TEXT)
    assert edits[-1].key == "other-config:pci"
    assert bind_edits(vm, HOST, (USB, CARD)) == ()


def test_bind_undone_backwards_is_the_first_vm() -> None:
    first = replace(VM, affinity="elsewhere", blocked_operations=(("suspend", "by the boss"),))
    edits = bind_edits(first, HOST, (CARD,))
    undo = tuple(edit.inverse() for edit in reversed(edits))
    assert first == bound(bound(first, edits), undo)
    assert dict(bound(first, edits).blocked_operations)["suspend"] == "by the boss"


def test_bind_without_devices_does_nothing() -> None:
    assert bind_edits(VM, HOST, ()) == ()


def test_unbind_of_one_of_two_keeps_the_blocks() -> None:
    vm = bound(VM, bind_edits(VM, HOST, (CARD, USB)))
    edits = unbind_edits(vm, (CARD,))
    assert [(edit.key, edit.after) for edit in edits] == [("other-config:pci", "0/0000:00:1d.0")]


def test_unbind_of_the_last_clears_up_but_leaves_affinity() -> None:
    foreign = replace(VM, blocked_operations=(("destroy", BLOCKED_TEXT), ("suspend", "mine")))
    vm = bound(foreign, bind_edits(foreign, HOST, (CARD,)))
    after = bound(vm, unbind_edits(vm, (CARD,)))
    assert after == replace(foreign, affinity=HOST)


@pytest.mark.parametrize("pci", [None, "", "0/0000:84:00.0", "garbage"])
def test_unbind_of_what_it_has_not_does_nothing(pci: str | None) -> None:
    own = () if pci is None else (("pci", pci),)
    assert unbind_edits(replace(VM, other_config=own), (CARD,)) == ()


def test_after_edits_only_other_config_pci_moves() -> None:
    user = replace(VM, other_config=(("mac_seed", "x"), ("pci", "0/0000:02:00.0")))
    pool = Pool(HOST, HOST, (PoolHost(HOST, "h"),), (user,))
    (freed,) = after_edits(pool, unbind_edits(user, (CARD,))).vms
    assert freed == replace(user, other_config=(("mac_seed", "x"),))
    (given_back,) = after_edits(pool, bind_edits(freed, HOST, (CARD,))).vms
    assert dict(given_back.other_config) == dict(user.other_config)
    assert after_edits(pool, ()) == pool
