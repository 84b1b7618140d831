"""Targets: what a boot loader reads, and the files that go with a boot entry."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import strategies as st

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.boot import BootFile, once, parse, plan_hide, with_companions
from serialpass_tui.core.boot.companions import with_setting
from serialpass_tui.core.boot.locate import GRUB_DEFAULTS, GRUB_DROPINS, UDEV_RULE, UDEV_RULES
from serialpass_tui.core.boot.model import TRIAL_LABEL
from serialpass_tui.core.boot.outlook import trial_entry
from serialpass_tui.core.boot.trial import with_trial, without_trial
from serialpass_tui.core.boot.watch import with_line
from serialpass_tui.core.hide_list import (
    Dialect,
    Group,
    canonical,
    read,
    words_for,
)
from serialpass_tui.core.inventory import BootStore, BootText, Inventory, PcibackForm
from serialpass_tui.core.kernel_args import words
from serialpass_tui.errors import Problem
from tests.fuzz.hostile import TOKENS, garbage, mutated
from tests.fuzz.screens import clean, may_refuse, shown, told

GOLDEN = Path(__file__).parents[1] / "golden" / "boot"
FILES = {place.name: place.read_bytes() for place in sorted(GOLDEN.iterdir())}
HOST = Inventory(
    "kiln", "6.1.0-56-amd64", "", "b0", 0,
    uefi=False,
    setting_folders=(GRUB_DROPINS, UDEV_RULES),
    pciback=PcibackForm.MODULE,
)  # fmt: skip
CARD = Bdf.parse("0000:02:00.0")
BDFS = st.builds(
    Bdf, st.integers(0, 0xFFFF), st.integers(0, 255), st.integers(0, 31), st.integers(0, 7)
)
DIALECTS = st.sampled_from(Dialect)
SAFE = [token.encode("utf-8", "surrogatepass") for token in TOKENS]

GRUB = [
    b"menuentry ", b"submenu ", b"'xe'", b'"', b"'", b"{", b"}", b"\n", b"\r\n", b" ", b"\\\n",
    b"multiboot2 /xen.gz ", b"module2 /vmlinuz ", b"set default=", b"set timeout=", b"if ", b"fi\n",
    b"$a", b"${a", b"#", b";", b" -- ", b"---", b" xen-pciback.hide=(02:00.0)", b" pciback.hide=",
    b"load_env\n", b"override_entry", b"serialpass-trial", b"xen_hypervisor ", b"xen_module ", b"0",
    b">", b"function x {", b"\xa0", *SAFE,
]  # fmt: skip
EXTLINUX = [
    b"label ", b"LABEL\t", b"xe", b"default ", b"append ", b"kernel mboot.c32\n", b" --- ", b"---",
    b"timeout ", b"prompt 1\n", b"menu default\n", b"menu title ", b"ui vesamenu.c32\n", b"\n",
    b"\r\n", b" ", b"/xen.gz ", b"/vmlinuz", b" -- ", b"ontimeout ", b"serialpass-trial",
    b" pciback.hide=(02:00.0)", b"include x\n", b"text help\n", b"endtext\n", b"\xa0", *SAFE,
]  # fmt: skip


def _of(suffix: str) -> list[bytes]:
    return [data for name, data in FILES.items() if name.endswith(suffix)]


grub_files = st.one_of(mutated(_of(".cfg"), GRUB), garbage(GRUB))
extlinux_files = st.one_of(mutated(_of(".conf"), EXTLINUX), garbage(EXTLINUX))


def check_grub(data: bytes) -> None:
    """`grub.cfg`."""
    _boot_file("/boot/grub/grub.cfg", data)


def check_extlinux(data: bytes) -> None:
    """`extlinux.conf`."""
    _boot_file("/boot/extlinux.conf", data)


def _boot_file(path: str, data: bytes) -> None:
    """A Problem, or a file that can be read and edited, and whose edits can be taken back."""
    try:
        boot = parse(path, data)
    except Problem as problem:
        told(problem)
        return
    assert data == boot.data
    for dialect in Dialect:
        with may_refuse():
            _hide(boot, dialect)
        with may_refuse():
            _try(boot, dialect)


def _hide(boot: BootFile, dialect: Dialect) -> None:
    plan = plan_hide(boot, dialect, add=[CARD])
    shown(plan)
    assert plan.future.hides(CARD)
    after = parse(boot.path, plan.after)
    assert not plan_hide(after, dialect, add=[CARD]).changed
    back = plan_hide(after, dialect, remove=[CARD])
    assert not back.future.hides(CARD)
    if b"hide" not in boot.data and b"serialpass" not in boot.data:
        assert boot.data == back.after


def _try(boot: BootFile, dialect: Dialect) -> None:
    bare = without_trial(boot)
    assert trial_entry(bare) is None
    tried = with_trial(bare, (Group.of(CARD),), dialect)
    made = trial_entry(tried)
    assert made is not None
    assert made.reading(dialect).hides(CARD)
    assert bare.data == without_trial(tried).data


ENV = [b"# GRUB Environment Block\n", b"override_entry=", b"saved_entry=xe\n", b"\n", b"\\", b"#",
       b"#" * 512, b"=", TRIAL_LABEL.encode(), *SAFE]  # fmt: skip
env_blocks = st.one_of(
    mutated([once.EMPTY_BLOCK, once.with_override(once.EMPTY_BLOCK, TRIAL_LABEL)], ENV),
    st.lists(st.sampled_from(ENV), max_size=12).map(
        lambda parts: (ENV[0] + b"".join(parts)).ljust(1024, b"#")[:1024]
    ),
)


def check_grubenv(data: bytes) -> None:
    """Where the tool says that it can be done, it can, and GRUB's taking back is exact."""
    boot = parse("/boot/grub/grub.cfg", FILES["xs8-single.cfg"])
    once.armed("grub", data)
    why = once.obstacle(boot, BootStore(boot.path, "/boot/grub/grubenv", data, "ext3"))
    clean(why)
    if not why:
        asked = once.with_override(data, TRIAL_LABEL)
        assert len(data) == len(asked)
        assert TRIAL_LABEL == once.armed("grub", asked)
        bare = once.with_override(asked, "")
        assert "" == once.armed("grub", bare)
        assert once.with_override(data, "") == bare


def vector(tags: bytes) -> bytes:
    """Both copies of extlinux's data with these tags (syslinux libinstaller/setadv.c)."""
    body = tags[:500].ljust(500, b"\0")
    numbers = [int.from_bytes(body[at : at + 4], "little") for at in range(0, 500, 4)]
    total = (0xA3041767 - sum(numbers)) & 0xFFFFFFFF
    ends = (0x5A2D2FA5).to_bytes(4, "little"), (0xDD28BF64).to_bytes(4, "little")
    copy = ends[0] + total.to_bytes(4, "little") + body + ends[1]
    return copy * 2


vectors = st.one_of(
    st.binary(max_size=520).map(vector),
    st.builds(lambda tags, cut: vector(tags)[cut:], st.binary(max_size=40), st.integers(0, 1024)),
    mutated([vector(b""), vector(b"\x01\x02xe")], [b"\x01", b"\0", b"\xff" * 4]),
)


def check_adv(data: bytes) -> None:
    """extlinux's own data: what extlinux would write into it is read, and gone when it clears it.

    Where the tool says that there can be a trial, nobody else has asked for an entry.
    """
    boot = parse("/boot/extlinux.conf", FILES["xs62-plain.conf"])
    store = BootStore(boot.path, "/boot/ldlinux.sys", data, "ext3", tool="extlinux")
    before, why = once.armed("extlinux", data), once.obstacle(boot, store)
    clean(why)
    if why:
        assert before != TRIAL_LABEL or not _is_whole(data)
        return
    assert _is_whole(data)
    assert before in {"", TRIAL_LABEL}
    for label in ("", TRIAL_LABEL, ""):
        tags = _tags(data[-1016:-516], label.encode())
        if len(tags) <= 500:
            data = data[:-1024] + vector(tags)  # as it is on the disk afterwards
            assert label == once.armed("extlinux", data)
            assert "" == once.obstacle(boot, replace(store, data=data))


def _is_whole(data: bytes) -> bool:
    """Whether the first copy is what extlinux writes over these tags."""
    return len(data) >= 1024 and data[-1024:-512] == vector(data[-1016:-516])[:512]


def _tags(body: bytes, label: bytes) -> bytes:
    """The tags with another label to boot once, or none (syslinux libinstaller/setadv.c)."""
    kept = b""
    while len(body) >= 2 and body[0] and len(body) >= 2 + body[1]:
        tag, body = body[: 2 + body[1]], body[2 + body[1] :]
        kept += tag if tag[0] != 1 else b""
    return kept + (bytes((1, len(label))) + label if label else b"")


LINE = ["xen-pciback.hide=", "pciback.hide=", "xen_pciback.hide=", "(02:00.0)", "(0000:02:00.0)",
        "(02:*.*)", "(", ")", "*", ",", '"', " ", "\t", "\xa0", " -- ", "--", "quiet", "=", "0x",
        "(ffffffff:ff:1f.7)", "(0:0:0.8)", ".", ":", "\n", "$(id)", "a" * 1025]  # fmt: skip
lines = st.one_of(st.lists(st.sampled_from(LINE), max_size=30).map("".join),
                  st.text(st.characters(max_codepoint=255), max_size=80))  # fmt: skip


def check_kernel_arguments(line: str) -> None:
    """Words never overlap, nothing but blanks lies between them."""
    position = 0
    for word in words(line):
        assert "" == line[position : word.start].strip(" \t\n\v\f\r\xa0")
        assert word.text == line[word.start : word.end] != ""
        position = word.end
    assert "" == line[position:].strip(" \t\n\v\f\r\xa0")


def check_hide_list(line: str) -> None:
    """Whatever is read can be written so that every reader reads the same."""
    for dialect in Dialect:
        reading = read(line, dialect)
        words_for(reading)
        assert not (reading.error and reading.groups)
        if reading.groups:
            again = read(f"{dialect.value}={canonical(reading.groups)}", dialect)
            if not any(group.bdf is None for group in reading.groups):
                assert reading.groups == again.groups or (
                    again.error == "" and dialect is Dialect.OLD
                )
                assert again.canonical


settings_files = mutated(
    [b"", b'GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\n', with_setting(b"A=1\n", "x=y")],
    [b"# serialpass-tui: ", b"\n", b'GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT="', *SAFE],
)


def check_settings(data: bytes) -> None:
    """/etc/default/grub: adding the line and taking it out gives the first bytes."""
    bare = with_setting(data, "")
    added = with_setting(data, "xen-pciback.hide=(0000:02:00.0)")
    if bare == data:
        assert data == with_setting(added, "")
    assert added == with_setting(added, "xen-pciback.hide=(0000:02:00.0)")

    host = replace(HOST, settings=(BootText(GRUB_DEFAULTS, data), BootText(UDEV_RULE, data)))
    boot = parse("/boot/grub/grub.cfg", FILES["debian12-xen.cfg"])
    plan = with_companions(plan_hide(boot, Dialect.NEW, add=[CARD]), host)
    shown(plan)


def check_motd(data: bytes) -> None:
    """/etc/motd: one line of this tool at most, and taken out, nothing of it is left."""
    said = "serialpass-tui: back from a trial boot that was not kept, run serialpass-tui"
    added = with_line(data, said)
    assert added is not None
    assert added == with_line(added, said)
    assert said.encode() not in (with_line(added, "") or b"")


motds = mutated(
    [b"", b"Welcome\n", b"No end"], [b"\n", b"serialpass-tui: trial boot, 1 of 1\n", *SAFE]
)
