"""What holds for every boot file, hand-written or generated."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.boot import BootFile, Entry, HidePlan, parse, plan_hide
from serialpass_tui.core.hide_list import Dialect, hide_words
from serialpass_tui.core.kernel_args import words
from serialpass_tui.errors import Problem

GOLDEN = Path(__file__).parents[2] / "golden" / "boot"
NEW, OLD = Dialect.NEW, Dialect.OLD
CLEAN = {
    path.name: path.read_bytes()
    for path in sorted(GOLDEN.iterdir())
    if b"pciback" not in path.read_bytes()
}
LISTED = {
    path.name: path.read_bytes()
    for path in sorted(GOLDEN.iterdir())
    if b"pciback" in path.read_bytes()
}

bdfs = st.builds(
    Bdf, st.integers(0, 2), st.integers(0, 0xFF), st.integers(0, 31), st.integers(0, 7)
)
devices = st.lists(bdfs, min_size=1, max_size=4, unique=True)
dialects = st.sampled_from(Dialect)

ARGS = ["ro", "quiet", "console=hvc0", "root=LABEL=r", "a=(x)", "vga=785", "x=1,2", 'q="a b"',
        "S", "\xfc=\xe4", "--"]  # fmt: skip
HIDES = [
    "xen-pciback.hide=(02:00.0)",
    "pciback.hide=(02:00.0) (03:00.0)",
    "xen_pciback.hide=(0000:04:00.0)(05:00.0)",
    "xen-pciback.hide=(05:00.*)",
    "xen-pciback.hide=(05.00.0)",
    "pciback.hide=",
    'xen-pciback.hide="(06:00.0) (07:00.0)"',
    '"pciback.hide=(06:00.0) (07:00.0)"',
]
blanks = st.sampled_from([" ", "  ", "\t", " \t"])
ends = st.sampled_from(["\n", "\r\n"])
titles = st.sampled_from(
    ["'XCP-ng'", '"XCP-ng"', "'XCP-ng (Serial)'", "'Br\xc3\xbccke {1}'", "plain", '"it\'s"',
     "'XCP-ng (Xen 4 / Linux 5)'", "'XCP-ng in Safe Mode'"]
)  # fmt: skip
labels = st.sampled_from(["xe", "xe-serial", "safe", "fallback", "my-own"])


@dataclass(frozen=True)
class Sample:
    """A generated boot file."""

    path: str
    data: bytes


def _join(draw: st.DrawFn, parts: list[str]) -> str:
    return "".join(draw(blanks) + part for part in parts)


@st.composite
def samples(draw: st.DrawFn, *, hides: bool) -> Sample:
    """A boot file of either loader; with `hides`, some lines carry hide parameters."""
    pool = st.sampled_from(ARGS + HIDES if hides else ARGS)
    count = draw(st.integers(1, 4))
    lines = [draw(st.lists(pool, max_size=5)) for _ in range(count)]
    eol = draw(ends)
    if draw(st.booleans()):
        text = _grub(draw, lines, eol)
        path = "/boot/grub/grub.cfg"
    else:
        text = _extlinux(draw, lines, eol)
        path = "/boot/extlinux.conf"
    text += draw(st.sampled_from(["", "# end", f"# it's the end{eol}", eol, f"  {eol}\t"]))
    return Sample(path, text.encode("latin-1"))


def _grub(draw: st.DrawFn, lines: list[list[str]], eol: str) -> str:
    default = draw(st.integers(0, len(lines) - 1))
    timeout = draw(st.sampled_from(["0", "5", "-1"]))
    text = f"set default={default}{eol}set timeout={timeout}{eol}"
    for args in lines:
        load, module = draw(st.sampled_from([("multiboot2", "module2"),
                                             ("xen_hypervisor", "xen_module"),
                                             ("multiboot", "module")]))  # fmt: skip
        comment = draw(st.sampled_from(["", " # a } comment", " \\" + eol]))
        body = [f"{load} /boot/xen.gz dom0_mem=1G", f"{module} /vmlinuz{_join(draw, args)}{comment}",
                f"{module} /initrd"]  # fmt: skip
        if draw(st.booleans()):
            body.insert(0, "if [ x$a = xb ]; then { echo '}' ; } fi")
        inner = "".join(f"\t{line}{eol}" for line in body)
        text += f"menuentry {draw(titles)} --class x {{{eol}{inner}}}{eol}"
    return text


def _extlinux(draw: st.DrawFn, lines: list[list[str]], eol: str) -> str:
    names = [draw(labels) for _ in lines]
    text = f"default {draw(st.sampled_from(names))}{eol}prompt 1{eol}timeout 50{eol}"
    for name, args in zip(names, lines, strict=True):
        keyword = draw(st.sampled_from(["append", "APPEND", "Append"]))
        text += f"{eol}label {name}{eol}\t# T\xc3\xa4st{eol}  kernel mboot.c32{eol}"
        text += f"  {keyword} /xen.gz a ---{draw(blanks)}/vmlinuz{_join(draw, args)} --- /i{eol}"
    return text


def plan_or_none(boot: BootFile, dialect: Dialect, **wishes: list[Bdf]) -> HidePlan | None:
    try:
        return plan_hide(boot, dialect, add=wishes.get("add", []), remove=wishes.get("remove", []))
    except Problem:
        return None


def parsed(sample: Sample) -> BootFile:
    return parse(sample.path, sample.data)


def of_golden(files: dict[str, bytes]) -> st.SearchStrategy[Sample]:
    return st.sampled_from([Sample(f"/boot/{name}", data) for name, data in files.items()])


def without_arguments(boot: BootFile, entries: list[Entry]) -> str:
    """The file's text with the kernel arguments of `entries` and the blanks after them cut out."""
    text, position = [], 0
    for entry in sorted(entries, key=lambda one: one.kernel_end):
        text.append(boot.text[position : entry.kernel_end])
        position = max(entry.kernel_end, entry.kernel_args.end)
        position += len(boot.text[position:]) - len(boot.text[position:].lstrip(" \t"))
    return "".join([*text, boot.text[position:]])


clean_files = st.one_of(samples(hides=False), of_golden(CLEAN))
all_files = st.one_of(samples(hides=True), of_golden(LISTED), clean_files)


@settings(deadline=None, max_examples=300)
@given(clean_files, devices, dialects)
def test_hide_then_unhide_is_nothing(sample: Sample, wished: list[Bdf], dialect: Dialect) -> None:
    plan = plan_hide(parsed(sample), dialect, add=wished)
    assert plan.changed
    back = plan_hide(parse(sample.path, plan.after), dialect, remove=wished)
    assert sample.data == back.after


@settings(deadline=None, max_examples=300)
@given(all_files, devices, devices, dialects)
def test_editing_twice_is_editing_once(
    sample: Sample, add: list[Bdf], remove: list[Bdf], dialect: Dialect
) -> None:
    remove = [bdf for bdf in remove if bdf not in add]
    plan = plan_or_none(parsed(sample), dialect, add=add, remove=remove)
    assume(plan is not None)
    assert plan is not None
    twice = plan_hide(parse(sample.path, plan.after), dialect, add=add, remove=remove)
    assert plan.after == twice.after
    assert not twice.changed


@settings(deadline=None, max_examples=400)
@given(all_files, devices, dialects)
@example(Sample("/boot/x.conf", LISTED["xs62-procedure.conf"]), [Bdf(0, 2, 0, 0)], OLD)
def test_only_arguments_of_edited_entries_change(
    sample: Sample, add: list[Bdf], dialect: Dialect
) -> None:
    boot = parsed(sample)
    plan = plan_or_none(boot, dialect, add=add)
    assume(plan is not None)
    assert plan is not None
    after = parse(sample.path, plan.after)
    old = [entry for entry in boot.entries if entry in plan.edited]
    new = [after.entries[boot.entries.index(entry)] for entry in old]
    left, right = without_arguments(boot, old), without_arguments(after, new)
    assert right.startswith(left)
    if not plan.rescue_added:
        assert left == right
    for before, now in zip(old, new, strict=True):
        assert _others(before, dialect) == _others(now, dialect)
    for before, now in zip(boot.entries, after.entries, strict=False):
        assert (before.label, before.title, before.kernel) == (now.label, now.title, now.kernel)
        assert before.is_default == now.is_default


def _others(entry: Entry, dialect: Dialect) -> list[str]:
    line = words(entry.cmdline)
    hide = hide_words(line, dialect).all
    return [word.text for word in line if word not in hide]


@settings(deadline=None, max_examples=300)
@given(all_files, devices, dialects)
def test_the_new_list_is_the_old_one_and_what_was_asked(
    sample: Sample, add: list[Bdf], dialect: Dialect
) -> None:
    boot = parsed(sample)
    plan = plan_or_none(boot, dialect, add=add)
    assume(plan is not None)
    assert plan is not None
    after = parse(sample.path, plan.after)
    default = after.default
    assert default is not None
    assert plan.future == default.reading(dialect)
    for before, now in zip(boot.entries, after.entries, strict=False):
        old, new = before.reading(dialect), now.reading(dialect)
        same_label = boot.loader == "extlinux" and now.label == default.label
        if now.is_default or same_label or now.label in {"xe", "xe-serial"}:
            asked = [bdf for bdf in add if not old.hides(bdf)]
            names = [str(group) for group in old.groups] + [f"({bdf})" for bdf in asked]
            assert names == [str(group) for group in new.groups]
            assert 1 == len(hide_words(words(now.cmdline), dialect).all)
            assert new.canonical
        else:
            assert old == new
    assert plan.rescue is None or "pciback" not in plan.rescue.cmdline
    assert plan.rescue is not None or not plan.changed


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(sorted(CLEAN | LISTED)), st.data(), devices, dialects)
def test_a_damaged_file_is_a_problem_or_a_plan(
    name: str, data: st.DataObject, wished: list[Bdf], dialect: Dialect
) -> None:
    whole = (CLEAN | LISTED)[name]
    at = data.draw(st.integers(0, len(whole)))
    cut = data.draw(st.integers(0, 40))
    piece = data.draw(st.one_of(st.binary(max_size=6), st.sampled_from([b'"', b"'", b"}", b"{"])))
    damaged = whole[:at] + piece + whole[at + cut :]
    with suppress(Problem):
        plan = plan_hide(parse(f"/boot/{name}", damaged), dialect, add=wished)
        assert damaged == plan.before
        assert parse(plan.path, plan.after).entries


@pytest.mark.parametrize("name", sorted(CLEAN))
def test_order_of_taking_back_does_not_matter(name: str) -> None:
    one, two = Bdf(0, 2, 0, 0), Bdf(0, 5, 0, 0)
    boot = parse(f"/boot/{name}", CLEAN[name])
    both = plan_hide(boot, NEW, add=[one, two]).after
    for order in ((one, two), (two, one)):
        data = both
        for bdf in order:
            data = plan_hide(parse(boot.path, data), NEW, remove=[bdf]).after
        assert boot.data == data
