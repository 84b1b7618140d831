"""The trial entry in real boot files, and what holds for every boot file."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.boot import BootFile, once, parse, plan_hide, trial_entry
from serialpass_tui.core.boot.outlook import is_trial_boot
from serialpass_tui.core.boot.trial import with_trial, without_trial
from serialpass_tui.core.hide_list import Dialect, Group, canonical
from serialpass_tui.core.inventory import BootStore
from serialpass_tui.errors import Problem
from serialpass_tui.sim.loader import BootFailure, start
from serialpass_tui.sim.memory import Memory, fresh
from tests.core.boot.test_edit_properties import GOLDEN, Sample, devices, dialects, samples

CARD = Bdf.parse("0000:02:00.0")
FILES = sorted(path.name for path in GOLDEN.iterdir())


def golden(name: str) -> BootFile:
    return parse(f"/boot/{name}", (GOLDEN / name).read_bytes())


def tried(boot: BootFile, dialect: Dialect = Dialect.NEW) -> BootFile | None:
    """The file with a trial of the card; None where it has no default to be tried."""
    if boot.default is None or not boot.default.has_xen:
        with pytest.raises(Problem, match="which Xen entry boots by default"):
            with_trial(boot, (Group.of(CARD),), dialect)
        return None
    return with_trial(without_trial(boot), (Group.of(CARD),), dialect)


@pytest.mark.parametrize("name", FILES)
def test_the_default_stays_and_the_copy_says_what_it_hides(name: str) -> None:
    boot = golden(name)
    after = tried(boot)
    if after is None:
        assert boot.default is None
        return
    made = trial_entry(after)
    assert made is not None
    assert boot.default is not None
    assert after.default is not None
    assert boot.default.cmdline == after.default.cmdline
    assert after.text.startswith(boot.text.rstrip("\n"))
    assert is_trial_boot(made.cmdline)
    assert not is_trial_boot(boot.default.cmdline)
    assert f"hide={canonical((Group.of(CARD),))}" in made.cmdline
    assert made.kernel == boot.default.kernel
    assert boot == without_trial(after)
    assert after.data == with_trial(without_trial(after), (Group.of(CARD),), Dialect.NEW).data


@pytest.mark.parametrize("name", FILES)
def test_the_loaders_boot_it_once(name: str) -> None:
    """The simulated loaders read the file, and their own memory, in their own way."""
    boot = golden(name)
    after = tried(boot)
    if after is None:
        return
    path = "/boot/extlinux.conf" if boot.loader == "extlinux" else "/boot/grub/grub.cfg"
    memory = Memory(fresh(boot.loader))
    first = memory.data
    if boot.loader == "grub":
        memory.data = once.with_override(fresh("grub"), "serialpass-trial")
    else:
        memory.set_once("serialpass-trial")
    assert "serialpass-trial" == once.armed(boot.loader, memory.data)
    kept = start(boot.data, path)
    trial = start(after.data, path, memory=memory)
    assert "serialpass-trial" == trial.entry
    assert "serialpass.trial" in trial.cmdline.split()
    assert first == memory.data
    assert kept == start(after.data, path, memory=memory)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".cfg")])
def test_what_grub_cannot_take_back_is_never_followed(name: str) -> None:
    """GRUB reads the order at every boot, and cannot write to the disk."""
    boot = golden(name)
    after = tried(boot)
    if after is None:
        return
    memory = Memory(once.with_override(fresh("grub"), "serialpass-trial"), writable=False)
    kept = start(boot.data, "/boot/grub/grub.cfg")
    for _ in range(2):
        assert kept == start(after.data, "/boot/grub/grub.cfg", memory=memory)


def test_a_default_whose_name_holds_a_quote_is_left_alone() -> None:
    boot = golden("xs7-bios.cfg")
    text = boot.text.replace("set default=0", 'set default="o\'clock"', 1)
    with pytest.raises(Problem, match="holds a quote"):
        tried(parse(boot.path, text.encode()))


@settings(max_examples=150, deadline=None)
@given(sample=samples(hides=True), bdfs=devices, dialect=dialects)
def test_trial_and_confirm_is_the_plain_edit(
    sample: Sample, bdfs: list[Bdf], dialect: Dialect
) -> None:
    try:
        boot = parse(sample.path, sample.data)
        plain = plan_hide(boot, dialect, add=bdfs)
        after = with_trial(boot, plain.future.groups, dialect)
    except Problem:
        return
    kept = plan_hide(after, dialect, add=bdfs)
    assert after.data == kept.before
    assert plain.after == kept.after
    assert kept.trial_removed
    assert boot.data == without_trial(after).data


@settings(max_examples=150, deadline=None)
@given(sample=samples(hides=True), bdfs=devices, dialect=dialects)
def test_what_boots_by_default_does_not_change(
    sample: Sample, bdfs: list[Bdf], dialect: Dialect
) -> None:
    try:
        boot = parse(sample.path, sample.data)
        after = with_trial(boot, tuple(map(Group.of, bdfs)), dialect)
        before = start(boot.data, boot.path)
    except (Problem, BootFailure):
        return
    assert before == start(after.data, boot.path)


# --- what a loader keeps


@dataclass(frozen=True)
class Refusal:
    """A store in which nothing can be ordered, and a word of why."""

    change: dict[str, object]
    why: str


GRUB = BootStore("/boot/grub/grub.cfg", "/boot/grub/grubenv", once.EMPTY_BLOCK, "ext4")
EXTLINUX = BootStore(
    "/boot/extlinux.conf", "/boot/ldlinux.sys", fresh("extlinux"), "ext3", tool="/sbin/extlinux"
)
REFUSALS = (
    (GRUB, Refusal({"layers": ("LVM",)}, "lies on LVM")),
    (GRUB, Refusal({"layers": ("RAID",)}, "lies on RAID")),
    (GRUB, Refusal({"layers": ("a symbolic link",)}, "lies on a symbolic link")),
    (GRUB, Refusal({"filesystem": "btrfs"}, "lies on btrfs")),
    (GRUB, Refusal({"filesystem": "zfs"}, "lies on zfs")),
    (GRUB, Refusal({"filesystem": ""}, "is not known")),
    (GRUB, Refusal({"writable": False}, "is read-only")),
    (GRUB, Refusal({"data": b""}, "no environment block")),
    (GRUB, Refusal({"data": once.EMPTY_BLOCK[:-1]}, "no environment block")),
    (GRUB, Refusal({"data": once.with_override(once.EMPTY_BLOCK, "other")}, "asked for other")),
    (EXTLINUX, Refusal({"tool": ""}, "not installed")),
    (EXTLINUX, Refusal({"data": None}, "none of extlinux's data")),
    (EXTLINUX, Refusal({"data": b"\0" * 1024}, "none of extlinux's data")),
    (EXTLINUX, Refusal({"writable": False}, "is read-only")),
    (EXTLINUX, Refusal({"layers": ("/dev/root, which is not there",)}, "cannot open")),
)


@pytest.mark.parametrize(("store", "refusal"), REFUSALS, ids=lambda item: str(item)[:60])
def test_why_nothing_can_be_ordered(store: BootStore, refusal: Refusal) -> None:
    boot = golden("xs62-plain.conf" if store is EXTLINUX else "xs7-bios.cfg")
    assert "" == once.obstacle(boot, store)
    changed = replace(store, **refusal.change)  # type: ignore[arg-type]
    assert refusal.why in once.obstacle(boot, changed)
    assert once.obstacle(boot, None)


def test_a_block_without_room_is_told() -> None:
    full = (once.EMPTY_BLOCK[:25] + b"a=" + b"x" * 980 + b"\n").ljust(1024, b"#")
    boot = golden("xs7-bios.cfg")
    assert "no room" in once.obstacle(boot, replace(GRUB, data=full))


names = st.text("abc_", min_size=1, max_size=8)
values = st.text("xyz 019>", max_size=30)


@given(held=st.dictionaries(names, values, max_size=6))
def test_grub_leaves_the_block_as_it_was(held: dict[str, str]) -> None:
    """Ordered by the product, cleared by the simulated GRUB: the first bytes."""
    memory = Memory(fresh("grub"))
    for name, value in held.items():
        memory.save(name, value)
    first = memory.data
    assert first is not None
    memory.data = once.with_override(first, "serialpass-trial")
    assert held | {"override_entry": "serialpass-trial"} == memory.variables()
    memory.save("override_entry", None)
    assert first == memory.data


@given(label=st.text("abc-XYZ09", min_size=1, max_size=40))
def test_what_extlinux_is_told_is_read(label: str) -> None:
    memory = Memory(b"code" * 100 + fresh("extlinux"))
    memory.set_once(label)
    assert label == once.armed("extlinux", memory.data)
    assert label == memory.take_once()
    assert "" == once.armed("extlinux", memory.data)


@pytest.mark.parametrize("at", [0, 5, 9, 511])
def test_a_torn_copy_is_passed_over(at: int) -> None:
    """The second copy counts where the first one is damaged (syslinux libinstaller/setadv.c)."""
    memory = Memory(fresh("extlinux"))
    memory.set_once("xe")
    data = bytearray(memory.data or b"")
    data[at] ^= 0xFF
    assert "xe" == once.armed("extlinux", bytes(data))
    data[512 + at] ^= 0xFF
    assert "" == once.armed("extlinux", bytes(data))
