"""The guest files of plain Xen. The table of what xl accepts was taken from libxlutil 4.17 itself
(xlu_cfg_readdata, xlu_cfg_get_list, xlu_pci_parse_spec_string), called from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serialpass_tui.core import xl_config
from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.xl_config import PciSpec
from serialpass_tui.core.xl_edit import with_devices, without_devices
from serialpass_tui.errors import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CARD = Bdf.parse("0000:02:00.0")
SECOND = Bdf.parse("0000:05:00.1")


def items(data: bytes) -> list[str | None]:
    return [item.text for s in xl_config.parse(data).chain("pci") for item in s.items or ()]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"pci=['0000:02:00.0',\n # c\n \"03:00.0\" , ]\n", ["0000:02:00.0", "03:00.0"]),
        (b"pci=['x'];pci+=['y']\n", ["x", "y"]),
        (b"pci=['a']\npci=['b']\n", ["b"]),
        (b"pci+=['b']\n", ["b"]),
        (b"pci=[]\n", []),
        (b"pci=[ \n ]\n", []),
        (b"pci=['a'];;\n", ["a"]),
        (b"pci=['a'\n];name='k'\n", ["a"]),
        (b"pci=['x']#c\n", ["x"]),
        (b"pci=['x',1]\n", ["x", "1"]),
        (b"pci=['x',['y']]\n", ["x", None]),
        (b"a=1\nb=[[1,2],3]\npci=['x']", ["x"]),
        (b"\tpci\t=\t['v # w']\t\n", ["v # w"]),
        (b"pci=['it\\'s\\t']\n", ["it's\t"]),
        (b"# pci=['x']\n", []),
    ],
)
def test_reads_a_list_as_xl_does(data: bytes, expected: list[str | None]) -> None:
    assert ("", expected) == (xl_config.parse(data).error, items(data))


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"pci=['x'\n", "line 2: the file ends where , or ] should be"),
        (b"name='a'\r\npci=[ 'x' ]\r\n", "line 1: a carriage return: DOS line ends"),
        (b"name='a'\n#last", "line 2: a comment without a line end after it"),
        (b"name=a\n", "line 1: a out of place"),
        (b"\nfoo bar\n", "line 2: bar out of place"),
        (b"Name='x'\n", "line 1: Name='x' out of place"),
        (b"pci=['a' 'b']\n", "line 1: 'b' out of place"),
        (b"pci=[,]\n", "line 1: , out of place"),
        (b"pci=['a',,]\n", "line 1: , out of place"),
        (b"pci=\n['a']\n", "line 1: a line end out of place"),
        (b"pci=['a'] name='b'\n", "line 1: name out of place"),
        (b"\xef\xbb\xbfname='a'\n", "line 1: \xef\xbb\xbfname='a' out of place"),
        (b"name='a\\qb'\n", "line 1: the escape in 'a\\qb' cannot be relied on"),
        (b"name='a\n", "line 1: 'a out of place"),
        (b"pci=['a']\npci+='b'\n", "pci += joins a list and a single value"),
        (b"name='a\0b'\n", "line 1: 'a\\x00b' out of place"),
    ],
)
def test_what_xl_refuses_is_an_error_and_is_not_edited(data: bytes, error: str) -> None:
    assert error == xl_config.read(data).error
    for edit in (with_devices, without_devices):
        with pytest.raises(Problem) as caught:
            edit(data, [CARD])
        assert ("xl-config-broken", Exit.REFUSED) == (caught.value.code, caught.value.exit_status)
        assert error in caught.value.summary


def test_reading_goes_on_behind_an_error() -> None:
    config = xl_config.read(b"import os\nname = 'pbx'\ntype = 'hvm'\n")
    assert ("pbx", "hvm", "line 1: os out of place") == (
        config.name,
        config.domain_type,
        config.error,
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "pv"),
        (b"builder='hvm'", "hvm"),
        (b"builder='generic'", "pv"),
        (b'type = "PVH"', "pvh"),
        (b"builder='hvm'\ntype='pv'\n", "pv"),
        (b"builder='hvm'\nbuilder='generic'\n", "pv"),
    ],
)
def test_domain_type(data: bytes, expected: str) -> None:
    assert expected == xl_config.read(data).domain_type


def test_a_uuid_is_read_and_a_wrong_one_is_told() -> None:
    good = xl_config.read(b"uuid='06ED00FE-1162-4FC4-B5D8-11993EE4A8B9'")
    assert ("06ed00fe-1162-4fc4-b5d8-11993ee4a8b9", ()) == (good.uuid, good.warnings)
    bad = xl_config.read(b"uuid='x\x1b'")
    assert ("", ("uuid 'x\\\\x1b' is not written as a uuid is",)) == (bad.uuid, bad.warnings)


@pytest.mark.parametrize(
    ("text", "devices", "vslot", "name"),
    [
        ("02:00.0", ["0000:02:00.0"], "", ""),
        ("0000:02:00.0", ["0000:02:00.0"], "", ""),
        ("1:2:0.7", ["0001:02:00.7"], "", ""),
        ("0A:1F.0@1f", ["0000:0a:1f.0"], "1f", ""),
        ("02:00.0@5,permissive=1,seize=0", ["0000:02:00.0"], "5", ""),
        ("02:00.0,vslot=8", ["0000:02:00.0"], "8", ""),
        ("02:00.0,", ["0000:02:00.0"], "", ""),
        ("bdf=02:00.0", ["0000:02:00.0"], "", ""),
        ("seize=1,bdf=02:00.0", ["0000:02:00.0"], "", ""),
        ("02:00.0,bdf=03:00.0", ["0000:03:00.0"], "", ""),
        ("02:00.*", [f"0000:02:00.{n}" for n in range(8)], "", ""),
        ("name=modem", [], "", "modem"),
        ("bdf=02:00.0,name=modem", [], "", ""),
        (" 02:00.0", [], "", ""),
        ("02:00.0 ", [], "", ""),
        ("02:00.8", [], "", ""),
        ("02:20.0", [], "", ""),
        ("100:00.0", [], "", ""),
        ("02:00.0,permissive", [], "", ""),
        ("", [], "", ""),
    ],
)
def test_pci_spec(text: str, devices: list[str], vslot: str, name: str) -> None:
    spec = PciSpec.parse(text)
    assert (devices, vslot, name) == (list(map(str, spec.devices)), spec.vslot, spec.name)


def test_items_that_name_nothing_are_told() -> None:
    config = xl_config.read(b"pci = [ '02:00', 'name=x' ]\n")
    assert ("pci item '02:00' is none that xl reads",) == config.warnings
    assert ("pci is a single value and no list: xl passes over it",) == (
        xl_config.read(b"pci='02:00.0'\n").warnings
    )


HEAD = b"# the exchange\nname = 'pbx'\nmemory = 512 ; vcpus=1\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (HEAD, HEAD + b"pci = [ '0000:02:00.0' ]\n"),
        (HEAD[:-1], HEAD[:-1] + b"\npci = [ '0000:02:00.0' ]"),
        (b"", b"pci = [ '0000:02:00.0' ]"),
        (b"\n", b"\npci = [ '0000:02:00.0' ]\n"),
        (b"pci=[]\n", b"pci=['0000:02:00.0']\n"),
        (b"pci = [ ] # none\n", b"pci = [ '0000:02:00.0' ] # none\n"),
        (b"pci=['01:00.0']\n", b"pci=['01:00.0', '0000:02:00.0']\n"),
        (b'pci = [ "01:00.0" ]\n', b'pci = [ "01:00.0", "0000:02:00.0" ]\n'),
        (b"pci=['01:00.0','03:00.0']\n", b"pci=['01:00.0','03:00.0','0000:02:00.0']\n"),
        (b"pci=['01:00.0', ]\n", b"pci=['01:00.0', '0000:02:00.0', ]\n"),
        (
            b"pci = [\n  '01:00.0',  # net\n  '03:00.0'   # disk\n]\n",
            b"pci = [\n  '01:00.0',  # net\n  '03:00.0',   # disk\n  '0000:02:00.0'\n]\n",
        ),
        (
            b"pci = [\n\t'01:00.0', # net, too\n]\n",
            b"pci = [\n\t'01:00.0', # net, too\n\t'0000:02:00.0',\n]\n",
        ),
        (
            b"pci = [ '01:00.0',\n        '03:00.0' ]\n",
            b"pci = [ '01:00.0',\n        '03:00.0', '0000:02:00.0' ]\n",
        ),
        (
            b"pci = ['09:00.0']\npci = ['01:00.0']\npci += ['03:00.0']\nname='x'\n",
            b"pci = ['09:00.0']\npci = ['01:00.0']\npci += ['03:00.0', '0000:02:00.0']\nname='x'\n",
        ),
        (b"pci=['x y', 1]\n", b"pci=['x y', 1, '0000:02:00.0']\n"),
    ],
)
def test_a_device_goes_in_and_out_again(before: bytes, after: bytes) -> None:
    assert after == with_devices(before, [CARD])
    assert after == with_devices(after, [CARD])
    assert before == without_devices(after, [CARD])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"pci = [ '02:00.0' ]\nname='x'\n", b"pci = [ ]\nname='x'\n"),
        (b"pci = [ 'bdf=02:00.0,seize=1', '01:00.0' ]\n", b"pci = [ '01:00.0' ]\n"),
        (b"pci = ['01:00.0', '02:00.0@5', '03:00.0']\n", b"pci = ['01:00.0', '03:00.0']\n"),
        (b"pci = ['02:00.0', '02:00.0', '03:00.0']\n", b"pci = ['03:00.0']\n"),
        (b"pci = ['02:00.0']\npci += ['2:0.0']\n", b"pci = []\npci += []\n"),
        (
            b"pci = [\n  '02:00.0', # the card\n  '03:00.0'\n]\n",
            b"pci = [\n  # the card\n  '03:00.0'\n]\n",
        ),
        (b"pci = [\n  '01:00.0',\n  '02:00.0'\n]\n", b"pci = [\n  '01:00.0'\n]\n"),
        (b"pci = [\n  '01:00.0' # ,\n  , '02:00.0'\n]\n", b"pci = [\n  '01:00.0' # ,\n   \n]\n"),
        (b"pci = ['01:00.0']\n", b"pci = ['01:00.0']\n"),
        (b"name='x'\n", b"name='x'\n"),
    ],
)
def test_a_device_is_taken_out_however_it_is_spelled(before: bytes, after: bytes) -> None:
    assert after == without_devices(before, [CARD])


def test_a_device_that_is_there_in_any_spelling_is_not_added_again() -> None:
    for item in (b"02:00.0", b"bdf=2:0.0,seize=1", b"02:00.*", b"0:02:00.0@7"):
        data = b"pci = [ '%s' ]\n" % item
        assert data == with_devices(data, [CARD])


def test_a_wildcard_is_taken_out_whole_or_not_at_all() -> None:
    data = b"pci = [ '02:00.*', '03:00.0' ]\n"
    with pytest.raises(Problem) as caught:
        without_devices(data, [CARD])
    assert "xl-pci-wildcard" == caught.value.code
    assert "of 02:00 in" in caught.value.summary
    functions = [Bdf(0, 2, 0, function) for function in range(8)]
    assert b"pci = [ '03:00.0' ]\n" == without_devices(data, functions)


def test_a_single_value_is_not_edited() -> None:
    with pytest.raises(Problem) as caught:
        with_devices(b"pci='02:00.0'\n", [SECOND])
    assert "xl-pci-not-list" == caught.value.code


def test_no_device_is_no_edit() -> None:
    assert HEAD == with_devices(HEAD, ()) == without_devices(HEAD, ())


# --- properties

ITEMS = st.sampled_from([b"'01:00.0'", b'"0000:03:00.0,seize=1"', b"'name=modem'", b"'x y'", b"7"])
GAPS = st.sampled_from([b"", b" ", b"\n", b"\n    ", b" # a, b ]\n", b"\t\n\n "])
BEFORE = st.sampled_from([b"", b"name = 'pbx'\n", b"# c ' [\n", b"pci = [ '0f:00.0' ]\n", b"a=1;"])
AFTER = st.sampled_from([b"", b"\n", b" # end\n", b"\nmemory = 512", b"\ndisk=['x']\n", b";\n"])
ADDED = st.lists(
    st.sampled_from([CARD, SECOND, Bdf.parse("0001:0a:1f.7")]), unique=True, min_size=1
)


INSIDE = st.builds(bytes.__add__, st.builds(bytes.__add__, GAPS, ITEMS), GAPS)


@st.composite
def lists(draw: st.DrawFn) -> bytes:
    body = b",".join(draw(st.lists(INSIDE, min_size=1, max_size=4)))
    tail = draw(st.one_of(st.just(b""), st.builds(bytes.__add__, st.just(b","), GAPS)))
    key = draw(st.sampled_from([b"pci = ", b"pci=", b"pci += "]))
    return draw(BEFORE) + key + b"[" + body + tail + b"]" + draw(AFTER)


FILES = st.one_of(
    lists(), st.sampled_from([b"", HEAD, HEAD[:-1], b"\n", b"name='x';", b"disk = [\n'a',\n]\n"])
)


@settings(deadline=None)
@given(FILES, ADDED)
def test_in_then_out_gives_the_first_bytes(data: bytes, add: list[Bdf]) -> None:
    once = with_devices(data, add)
    assert once == with_devices(once, add)
    assert data == without_devices(once, add)


@settings(deadline=None)
@given(FILES, ADDED)
def test_only_the_list_grows(data: bytes, add: list[Bdf]) -> None:
    once = with_devices(data, add)
    assert [*items(data), *map(str, add)] == items(once)
    assert "" == xl_config.read(once).error
    others = [s.text for s in xl_config.parse(data).all if s.key != "pci"]
    assert others == [s.text for s in xl_config.parse(once).all if s.key != "pci"]
    assert data.count(b"#") == once.count(b"#")


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=80), lists().flatmap(lambda d: st.permutations(list(d)))))
def test_any_bytes_are_read_and_refused_at_most(raw: bytes | list[int]) -> None:
    data = bytes(raw)
    config = xl_config.read(data)
    for edit, stays in ((with_devices, True), (without_devices, False)):
        edited, refused = attempt(edit, data)
        assert refused or not config.error
        assert refused or stays is (CARD in xl_config.read(edited).devices)


def attempt(
    edit: Callable[[bytes, Sequence[Bdf]], bytes], data: bytes
) -> tuple[bytes, Problem | None]:
    try:
        return edit(data, [CARD]), None
    except Problem as problem:
        return data, problem
