"""The hide list: every spelling against what the kernel makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.codec import decode
from serialpass_tui.core.hide_list import (
    Dialect,
    Group,
    canonical,
    dialect_for,
    hidden,
    read,
    words_for,
)
from serialpass_tui.core.inventory import PciFunction

TABLE = json.loads((Path(__file__).parents[1] / "golden" / "hide_values.json").read_text("utf-8"))
FUNCTIONS = tuple(decode(PciFunction, item) for item in TABLE["functions"])
NEW, OLD = Dialect.NEW, Dialect.OLD
PROCEDURE = "root=LABEL=r ro splash pciback.hide=(05:00.0) (02:00.0) (00:1d.0)"


def rows() -> list[Any]:
    return [
        pytest.param(row, id=f"{row['dialect']}: {row['cmdline']}")
        for row in cast("list[dict[str, Any]]", TABLE["rows"])
    ]


@pytest.mark.parametrize("row", rows())
def test_reads_as_the_kernel_does(row: dict[str, Any]) -> None:
    reading = read(row["cmdline"], Dialect(row["dialect"]))
    expected = frozenset(Bdf.parse(text) for text in row["hidden"])
    assert (expected, row["registered"]) == (hidden(reading, FUNCTIONS), reading.registered)


@pytest.mark.parametrize(
    ("release", "dialect"),
    [
        ("2.6.32.43-0.4.1.xs1.8.0.835.170778xen", OLD),
        ("2.6.32.12-0.7.1.xs6.0.0.529", OLD),
        ("3.10.0+2", NEW),
        ("4.19.0+1", NEW),
        ("6.12.0", NEW),
        ("", NEW),
    ],
)
def test_dialect_follows_the_kernel(release: str, dialect: Dialect) -> None:
    assert dialect == dialect_for(release)


def test_the_procedures_line_hides_one_device() -> None:
    reading = read(PROCEDURE, OLD)
    assert ("(02:00.0)", "(00:1d.0)") == reading.cut_off
    assert not reading.canonical
    assert (
        "only 05:00.0: the blanks cut the rest off",
        "no part of the list, for it comes after a blank: 02:00.0 and 00:1d.0",
    ) == words_for(reading)


@pytest.mark.parametrize(
    ("cmdline", "dialect", "first"),
    [
        ("ro quiet", NEW, "nothing"),
        ("xen-pciback.hide=(0000:02:00.0)", NEW, "02:00.0"),
        ("xen-pciback.hide=(0001:02:00.0)(05:00.*)", NEW, "0001:02:00.0 and 05:00.*"),
        (PROCEDURE, NEW, "nothing"),
        (
            "pciback.hide=(02.00.0)",
            OLD,
            (
                "nothing at all: it cannot be read from (02.00.0) on (the value is (02.00.0)); "
                "one group that the kernel cannot read disables pciback for every device"
            ),
        ),
        (
            "xen-pciback.hide=(00:1f.9)",
            NEW,
            (
                "nothing at all: (00:1f.9) is no PCI address (the value is (00:1f.9)); "
                "one group that the kernel cannot read disables pciback for every device"
            ),
        ),
        (
            'pciback.hide="(05:00.0 (02:00.0)"',
            OLD,
            "only 05:00.0: for want of a ) the kernel stops reading there",
        ),
    ],
)
def test_says_what_the_kernel_hides(cmdline: str, dialect: Dialect, first: str) -> None:
    assert first == words_for(read(cmdline, dialect))[0]


def test_only_the_newer_toolstack_has_a_parser_of_its_own() -> None:
    short = "pciback.hide=(02:00.0)"
    assert read(short, OLD).xapi_reads
    assert "XAPI cannot read this spelling" in words_for(read(f"xen-{short}", NEW))


def test_names_what_has_no_effect() -> None:
    reading = read("pciback.hide=(01:00.0) (03:00.0) xen-pciback.hide=(02:00.0) a "
                   "xen_pciback.hide=(05:00.0) (06:00.0)", NEW)  # fmt: skip
    assert (Group(0, 5, 0, 0),) == reading.groups
    assert ("(06:00.0)",) == reading.cut_off
    assert ("(02:00.0)",) == reading.overridden
    assert ("pciback.hide=(01:00.0)", "(03:00.0)") == reading.foreign
    assert (
        "only 05:00.0: the blanks cut the rest off",
        "no part of the list, for it comes after a blank: 06:00.0",
        "the parameter is repeated: the last one counts, not (02:00.0)",
        "without effect on this kernel: pciback.hide=(01:00.0) and (03:00.0)",
        "XAPI cannot read this spelling",
    ) == words_for(reading)


@pytest.mark.parametrize("after", ["quiet", "1", "S", "console=hvc0", "b", "0x10"])
def test_an_ordinary_word_after_the_list_is_not_taken_for_a_piece_of_it(after: str) -> None:
    assert () == read(f"xen-pciback.hide=(02:00.0) {after}", NEW).cut_off


@pytest.mark.parametrize(
    ("cmdline", "is_canonical", "xapi_reads"),
    [
        ("ro", True, True),
        ("xen-pciback.hide=(0000:02:00.0)(0000:05:00.0)", True, True),
        ("xen-pciback.hide=", False, True),
        ("xen-pciback.hide=(02:00.0)", False, False),
        ("xen-pciback.hide=(0000:02:00.*)", True, False),
        ("xen-pciback.hide=(0000:0A:00.0)", False, True),
        ('xen-pciback.hide="(0000:02:00.0)"', False, False),
        ("xen_pciback.hide=(0000:02:00.0)", False, False),
        ("xen-pciback.hide=(0000:02:00.0)(0000:02:00.0)", False, True),
        ("xen-pciback.hide=(0000:02:00.0) xen-pciback.hide=(0000:02:00.0)", False, False),
        ("pciback.hide=(0000:02:00.0)", False, True),
        ("xen-pciback.hide", False, False),
    ],
)
def test_knows_the_one_spelling_that_is_written(
    cmdline: str, is_canonical: bool, xapi_reads: bool
) -> None:
    reading = read(cmdline, NEW)
    assert (is_canonical, xapi_reads) == (reading.canonical, reading.xapi_reads)


@pytest.mark.parametrize("group", ["(00:1f.9)", "(00:20.0)", "(100:00.0)", "(10000:02:00.0)"])
def test_numbers_out_of_range_are_not_guessed_at(group: str) -> None:
    """One 2.6.32 source cuts them to size; no device is hidden on the strength of that."""
    for dialect in Dialect:
        reading = read(f"{dialect.value}=(05:00.0){group}", dialect)
        assert ((), f"{group} is no PCI address") == (reading.groups, reading.error)


def test_another_parameter_name_may_be_the_known_one() -> None:
    reading = read("stub.hide=(02:00.0) xen-pciback.hide=(05:00.0)", NEW, "stub.hide")
    assert (Group(0, 2, 0, 0),) == reading.groups
    assert ("xen-pciback.hide=(05:00.0)",) == reading.foreign


def test_a_value_too_long_for_the_kernel_leaves_the_one_before() -> None:
    long = "(0000:02:00.0)" * 74
    assert len(long) > 1024
    reading = read(f"xen-pciback.hide=(05:00.0) xen-pciback.hide={long}", NEW)
    assert (Group(0, 5, 0, 0),) == reading.groups


bdfs = st.builds(
    Bdf, st.integers(0, 0xFFFF), st.integers(0, 0xFF), st.integers(0, 31), st.integers(0, 7)
)


@given(st.lists(bdfs, min_size=1, max_size=20), st.sampled_from(Dialect))
def test_what_is_written_is_read_back(devices: list[Bdf], dialect: Dialect) -> None:
    value = canonical([Group.of(bdf) for bdf in devices])
    reading = read(f"a=b {dialect.value}={value} c", dialect)
    assert list(dict.fromkeys(devices)) == [group.bdf for group in reading.groups]
    assert reading.canonical
    assert reading.xapi_reads
    assert not reading.error


@given(st.text(st.sampled_from('(0123f:.*) "\t,x=\xa0-'), max_size=40), st.sampled_from(Dialect))
def test_any_value_reads_without_a_crash_and_errors_hide_nothing(
    value: str, dialect: Dialect
) -> None:
    reading = read(f"quiet {dialect.value}={value}", dialect)
    assert words_for(reading)
    if reading.error:
        assert frozenset() == hidden(reading, FUNCTIONS)
