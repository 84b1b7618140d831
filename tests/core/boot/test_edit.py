"""The edit of the hide list, case by case."""

from __future__ import annotations

from pathlib import Path

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.boot import BootFile, HidePlan, parse, plan_hide
from serialpass_tui.core.hide_list import Dialect
from serialpass_tui.core.inventory import PciFunction
from serialpass_tui.errors import Exit, Problem

GOLDEN = Path(__file__).parents[2] / "golden" / "boot"
NEW, OLD = Dialect.NEW, Dialect.OLD
SERIAL = Bdf.parse("02:00.0")
SECOND = Bdf.parse("02:00.1")
USB = Bdf.parse("05:00.0")
BRIDGE = Bdf.parse("00:1c.0")
CARD = (
    PciFunction(BRIDGE, 0x8086, 1, 0x060400),
    PciFunction(SERIAL, 0x9710, 0x9922, 0x070002, parents=(BRIDGE,)),
    PciFunction(SECOND, 0x9710, 0x9922, 0x070002, parents=(BRIDGE,)),
    PciFunction(USB, 0x1912, 0x15, 0x0C0330),
)


def golden(name: str) -> BootFile:
    return parse(f"/boot/{name}", (GOLDEN / name).read_bytes())


def dialect_of(name: str) -> Dialect:
    return OLD if name.endswith(".conf") else NEW


def grub(args: str = "root=x ro", *, rest: str = "", head: str = "") -> BootFile:
    entry = "menuentry '{}' {{\n\tmultiboot2 /xen.gz\n\tmodule2 /vmlinuz {}\n\tmodule2 /i\n}}\n"
    text = head + entry.format("XCP-ng", args) + rest
    text += entry.format("XCP-ng (Xen 1 / Linux 2)", "root=x")
    return parse("/boot/grub/grub.cfg", text.encode("latin-1"))


def line_of(plan: HidePlan, label: str = "xe") -> str:
    entries = parse(plan.path, plan.after).entries
    return next(entry.cmdline for entry in entries if entry.label == label)


def again(plan: HidePlan) -> BootFile:
    return parse(plan.path, plan.after)


NAMES = sorted(path.name for path in GOLDEN.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_hiding_shows_up_in_every_edited_entry_and_twice_is_once(name: str) -> None:
    boot, dialect = golden(name), dialect_of(name)
    new = Bdf.parse("0000:7f:1f.7")
    plan = plan_hide(boot, dialect, add=[new])
    assert plan.changed
    after = again(plan)
    assert [entry.label for entry in plan.edited] == [
        entry.label
        for entry in boot.entries
        if entry.has_xen and (entry.label in {"xe", "xe-serial"} or entry.is_default)
    ]
    for entry in after.entries:
        reading = entry.reading(dialect)
        edited = entry.label in {"xe", "xe-serial"} or entry.is_default
        assert reading.hides(new) == (edited and entry.has_xen)
        assert reading.canonical
        assert reading.xapi_reads
    assert plan.rescue is not None
    assert "pciback" not in plan.rescue.cmdline
    assert plan.rescue_how
    twice = plan_hide(after, dialect, add=[new])
    assert not twice.changed
    assert plan.after == twice.after
    assert ((), False) == (twice.commands, twice.rescue_added)


@pytest.mark.parametrize("name", NAMES)
def test_hide_then_unhide_gives_the_first_bytes(name: str) -> None:
    boot, dialect = golden(name), dialect_of(name)
    new = Bdf.parse("0000:7f:1f.7")
    hidden = plan_hide(boot, dialect, add=[new])
    shown = plan_hide(again(hidden), dialect, remove=[new])
    if b"pciback" not in boot.data:
        assert boot.data == shown.after
    # A file whose other entries hide devices keeps the rescue entry only while it is needed.
    assert shown.rescue_removed == (hidden.rescue_added and b"pciback" not in boot.data)


def test_the_original_procedures_line_is_merged_in_words() -> None:
    plan = plan_hide(golden("xs62-procedure.conf"), OLD, add=[SERIAL])
    assert "only 05:00.0: the blanks cut the rest off" == plan.words_today[0]
    assert ("05:00.0 and 02:00.0",) == plan.words_future
    assert line_of(plan).endswith("splash pciback.hide=(0000:05:00.0)(0000:02:00.0)")
    assert (
        "00:1d.0 stands in the file but is not hidden today; it stays out unless you choose it"
        in plan.warnings
    )
    assert plan.rescue_added
    assert "serialpass-rescue" == plan.rescue_label
    assert "XenServer (nothing hidden: serialpass-tui rescue)" == plan.rescue_title
    assert (
        "At the boot: prompt type serialpass-rescue and press Enter within 5 s." == plan.rescue_how
    )
    assert (
        "cp -p /boot/xs62-procedure.conf /boot/xs62-procedure.conf.before-serialpass",
        (
            "# edit the append line of label xe: write before the last ---: "
            "pciback.hide=(0000:05:00.0)(0000:02:00.0)"
        ),
        (
            "# extlinux -i /boot, which old instructions ask for, is not needed: the file is read "
            "at each boot, and -i rewrites the boot sector"
        ),
        (
            "# copy the default entry to the end of the file without the hide list, as "
            "serialpass-rescue"
        ),
    ) == plan.commands
    rescue = next(entry for entry in again(plan).entries if entry.is_rescue)
    xe = golden("xs62-procedure.conf").entries[0]
    assert (xe.kernel, xe.cmdline.partition(" pciback")[0]) == (rescue.kernel, rescue.cmdline)


def test_the_original_procedures_line_left_alone_is_still_made_right() -> None:
    plan = plan_hide(golden("xs62-procedure.conf"), OLD)
    assert (
        "02:00.0 and 00:1d.0 stand in the file but are not hidden today; "
        "they stay out unless you choose them" in plan.warnings
    )
    assert line_of(plan).endswith("splash pciback.hide=(0000:05:00.0)")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a b", "a b HIDE=(0000:02:00.0)"),
        ("", "HIDE=(0000:02:00.0)"),
        ("a HIDE=(05:00.0) b", "a HIDE=(0000:05:00.0)(0000:02:00.0) b"),
        ("HIDE=(05:00.0)", "HIDE=(0000:05:00.0)(0000:02:00.0)"),
        ("a HIDE=(02:00.0)", "a HIDE=(0000:02:00.0)"),
        ("a xen_pciback.hide=(05:00.0) b", "a HIDE=(0000:05:00.0)(0000:02:00.0) b"),
        ("a HIDE=(05:00.0) b HIDE=(06:00.0) c", "a b HIDE=(0000:06:00.0)(0000:02:00.0) c"),
        ("a HIDE=(05:00.0) (06:00.0) c", "a HIDE=(0000:05:00.0)(0000:02:00.0) c"),
        ("a pciback.hide=(05:00.0) (06:00.0) c", "a HIDE=(0000:02:00.0) c"),
        ("pciback.hide=(05:00.0) b HIDE=(06:00.0)", "b HIDE=(0000:06:00.0)(0000:02:00.0)"),
        ("a HIDE=(05.00.0) b", "a HIDE=(0000:02:00.0) b"),
        ("a HIDE= b HIDE", "a b HIDE=(0000:02:00.0)"),
        ('a "HIDE=(05:00.0)" b', "a HIDE=(0000:05:00.0)(0000:02:00.0) b"),
        ("a 'HIDE=(05:00.0) (06:00.0)' b", "a HIDE=(0000:05:00.0)(0000:06:00.0)(0000:02:00.0) b"),
        ('a HIDE="(05:00.0) (06:00.0)"', "a HIDE=(0000:05:00.0)(0000:06:00.0)(0000:02:00.0)"),
        ("a -- init", "a HIDE=(0000:02:00.0) -- init"),
        ("-- init", "HIDE=(0000:02:00.0) -- init"),
        ("a -- HIDE=(05:00.0)", "a HIDE=(0000:02:00.0) --"),
        ("a\t HIDE=(05:00.0)\t b", "a\t HIDE=(0000:05:00.0)(0000:02:00.0)\t b"),
        ("a # HIDE=(05:00.0)", "a HIDE=(0000:02:00.0) # HIDE=(05:00.0)"),
        ("a \\\n\tb", "a \\\n\tb HIDE=(0000:02:00.0)"),
        ("a \\\n\tHIDE=(05:00.0) b", "a \\\n\tHIDE=(0000:05:00.0)(0000:02:00.0) b"),
        ("a permissive b", "a permissive b HIDE=(0000:02:00.0)"),
    ],
)
def test_one_parameter_in_its_place(before: str, after: str) -> None:
    name = "xen-pciback.hide"
    plan = plan_hide(grub(before.replace("HIDE", name)), NEW, add=[SERIAL])
    wanted = grub(after.replace("HIDE", name)).data
    # With no arguments before, the blank after the path stays and the new word brings its own.
    blank = b" " if not before else b""
    assert wanted.replace(b"(0000:02:00.0)\n", b"(0000:02:00.0)" + blank + b"\n") == plan.after
    assert plan_hide(again(plan), NEW, add=[SERIAL]).after == plan.after


@pytest.mark.parametrize(
    ("before", "remove", "after"),
    [
        ("a HIDE=(0000:02:00.0) b", "02:00.0", "a b"),
        ("a HIDE=(02:00.0)(05:00.0) b", "0000:02:00.0", "a HIDE=(0000:05:00.0) b"),
        ("a HIDE=(05:00.0) (02:00.0) b", "05:00.0", "a b"),
        ("a HIDE=(02:00.0) HIDE=(02:00.0)", "02:00.0", "a"),
        ("a pciback.hide=(05:00.0)", "02:00.0", "a"),
        ("a b", "02:00.0", "a b"),
        ("a \\\n HIDE=(02:00.0)", "02:00.0", "a \\\n"),
    ],
)
def test_giving_a_device_back(before: str, remove: str, after: str) -> None:
    name = "xen-pciback.hide"
    plan = plan_hide(grub(before.replace("HIDE", name)), NEW, remove=[Bdf.parse(remove)])
    assert grub(after.replace("HIDE", name)).data == plan.after


def test_with_a_device_list_wildcards_become_devices_and_absent_ones_stay() -> None:
    boot = grub("xen-pciback.hide=(02:00.*)(07:00.0)(05:*.*)(09:*.*)")
    plan = plan_hide(boot, NEW, functions=CARD)
    assert (
        "xen-pciback.hide=(0000:02:00.0)(0000:02:00.1)(0000:07:00.0)(0000:05:00.0)(0000:09:*.*)"
        == line_of(plan)
    )
    assert frozenset({SERIAL, SECOND, USB}) == plan.hidden_today == plan.hidden_future
    assert (
        "07:00.0 and 09:*.* are in the list, but no such devices are in this host now"
        in plan.warnings
    )
    assert "(0000:09:*.*) stays as it is, and XAPI cannot read a wildcard" in plan.warnings
    assert plan.words_future[-1] == "XAPI cannot read this spelling"


def test_one_function_of_a_wildcard_is_given_back() -> None:
    boot = grub("xen-pciback.hide=(02:00.*)")
    with_list = plan_hide(boot, NEW, remove=[SERIAL], functions=CARD)
    assert "xen-pciback.hide=(0000:02:00.1)" == line_of(with_list)
    without = plan_hide(boot, NEW, remove=[SERIAL])
    every = "".join(f"(0000:02:00.{function})" for function in range(1, 8))
    assert f"xen-pciback.hide={every}" == line_of(without)
    assert None is without.hidden_future


def test_one_device_of_a_whole_bus_needs_a_device_list() -> None:
    boot = grub("xen-pciback.hide=(02:*.*)")
    with pytest.raises(Problem) as caught:
        plan_hide(boot, NEW, remove=[SERIAL])
    assert "wildcard-needs-devices" == caught.value.code
    plan = plan_hide(boot, NEW, remove=[SERIAL], functions=CARD)
    assert "xen-pciback.hide=(0000:02:00.1)" == line_of(plan)


def test_a_bridge_in_the_list_takes_what_is_behind_it() -> None:
    boot = grub("xen-pciback.hide=(0000:00:1c.0)")
    same = plan_hide(boot, NEW, add=[SERIAL], functions=CARD)
    assert not same.changed
    assert frozenset({SERIAL, SECOND}) == same.hidden_today
    assert "00:1c.0 is a bridge: what is behind it is hidden: 02:00.0 and 02:00.1" in same.warnings
    less = plan_hide(boot, NEW, remove=[SERIAL], functions=CARD)
    assert "xen-pciback.hide=(0000:02:00.1)" == line_of(less)
    assert frozenset({SECOND}) == less.hidden_future


def test_every_entry_keeps_its_own_list() -> None:
    serial = (
        "menuentry 'XCP-ng (Serial)' { multiboot2 /xen.gz\n"
        "module2 /vmlinuz xen-pciback.hide=(06:00.0)\n}\n"
    )
    plan = plan_hide(grub("a xen-pciback.hide=(05:00.0)", rest=serial), NEW, add=[SERIAL])
    assert "a xen-pciback.hide=(0000:05:00.0)(0000:02:00.0)" == line_of(plan)
    assert "xen-pciback.hide=(0000:06:00.0)(0000:02:00.0)" == line_of(plan, "xe-serial")


def test_the_default_entry_is_edited_whatever_its_name() -> None:
    plan = plan_hide(golden("kernel-alt.cfg"), NEW, add=[SERIAL])
    assert ["xe", "label1"] == [entry.label for entry in plan.edited]
    assert plan.rescue_added
    assert "XCP-ng kernel-alt 4.19.227 (nothing hidden: serialpass-tui rescue)" == plan.rescue_title
    assert (
        "# xen-cmdline leaves the entry XCP-ng kernel-alt 4.19.227 alone; on its kernel line "
        "write: xen-pciback.hide=(0000:02:00.0)" in plan.commands
    )
    xen_cmdline = '/opt/xensource/libexec/xen-cmdline --set-dom0 "xen-pciback.hide=(0000:02:00.0)"'
    assert xen_cmdline in plan.commands


def test_a_list_copied_by_an_upgrade_is_no_way_back() -> None:
    plan = plan_hide(golden("copied-everywhere.cfg"), NEW, add=[Bdf.parse("06:00.0")])
    assert plan.rescue_added
    assert (
        "entry fallback carries a hide list too and is left as it is: 02:00.0 and 05:00.0; "
        "it is no way back without these devices" in plan.warnings
    )
    dirty = (
        plan.after.replace(b"(nothing hidden: serialpass-tui rescue)' {\n", b"@@@@")
        .replace(
            b"quiet vga=785 splash plymouth.ignore-serial-consoles\n",
            b"quiet vga=785 splash plymouth.ignore-serial-consoles xen-pciback.hide=(0000:02:00.0)\n",
        )
        .replace(b"@@@@", b"(nothing hidden: serialpass-tui rescue)' {\n")
    )
    assert dirty != plan.after
    mended = plan_hide(parse(plan.path, dirty), NEW, add=[Bdf.parse("07:00.0")])
    assert mended.rescue is not None
    assert mended.rescue.is_rescue
    assert not mended.rescue_added


def test_nothing_to_do_changes_nothing_even_without_a_rescue_entry() -> None:
    boot = golden("copied-everywhere.cfg")
    plan = plan_hide(boot, NEW, add=[SERIAL])
    assert not plan.changed
    assert plan.rescue is None
    assert "there is no boot entry without hidden devices in this file" in plan.warnings


@pytest.mark.parametrize(
    ("name", "how"),
    [
        (
            "xcpng82-bios.cfg",
            (
                "In GRUB's menu press an arrow key within 5 s; choose "
                "'XCP-ng (Xen 4.13.1 / Linux 4.19.0+1)' and press Enter."
            ),
        ),
        ("xs62-serial.conf", "At the boot: prompt type fallback and press Enter within 5 s."),
        (
            "odd.conf",
            (
                "In the boot menu press an arrow key within 10 s; choose "
                "'Brücke 1 (nothing hidden: serialpass-tui rescue)' and press Enter."
            ),
        ),
        (
            "odd.cfg",
            (
                "Hold Shift (BIOS) or press Esc (UEFI) while the host starts until GRUB's menu "
                "shows; choose \"Testger\ufffdt 'neu' (nothing hidden: serialpass-tui rescue)\" "
                "and press Enter."
            ),
        ),
    ],
)
def test_says_how_to_choose_the_rescue_entry(name: str, how: str) -> None:
    assert how == plan_hide(golden(name), dialect_of(name), add=[SERIAL]).rescue_how


def test_safe_mode_as_the_only_way_back_says_what_does_not_work_there() -> None:
    text = (GOLDEN / "xs62-serial.conf").read_text()
    text = text[: text.index("label fallback\n")]
    plan = plan_hide(parse("/boot/extlinux.conf", text.encode()), OLD, add=[USB])
    assert "safe" == plan.rescue_label
    assert "(iommu=off)" in plan.rescue_how


def test_the_rescue_copy_never_becomes_the_default_nor_a_toolstack_label() -> None:
    text = (
        'set default=0\nmenuentry "A (Xen 1 / Linux 2)" --id b {\n'
        "multiboot2 /xen.gz\nmodule2 /vmlinuz a\n}"
    )
    plan = plan_hide(parse("/boot/grub/grub.cfg", text.encode()), NEW, add=[SERIAL])
    assert plan.rescue_added
    assert b'"A (Xen 1/Linux 2) (nothing hidden: serialpass-tui rescue)" --id b {' in plan.after
    assert not plan.after.endswith(b"\n")
    marked = (
        "label xe\nmenu default\nmenu label Xe\nkernel mboot.c32\ntimeout 9\n"
        "append /xen.gz --- /vmlinuz a --- /i\n# end\n"
    )
    plan = plan_hide(parse("/boot/extlinux.conf", marked.encode()), OLD, add=[SERIAL])
    assert plan.after.endswith(
        b"# end\nlabel serialpass-rescue\n"
        b"menu label Xe (nothing hidden: serialpass-tui rescue)\nkernel mboot.c32\n"
        b"append /xen.gz --- /vmlinuz a --- /i\n"
    )


def test_a_title_without_quotes_is_given_its_suffix_too() -> None:
    text = "menuentry Xen {\nmultiboot2 /xen.gz\nmodule2 /vmlinuz a\n}\n"
    plan = plan_hide(parse("/boot/grub/grub.cfg", text.encode()), NEW, add=[SERIAL])
    assert "Xen (nothing hidden: serialpass-tui rescue)" == plan.rescue_title


def test_a_length_that_xen_cuts_off_is_refused_and_shrinking_is_not() -> None:
    fits = 1023 - len(" xen-pciback.hide=(0000:02:00.0)")
    assert plan_hide(grub("a" * fits), NEW, add=[SERIAL]).changed
    with pytest.raises(Problem) as caught:
        plan_hide(grub("a" * (fits + 1)), NEW, add=[SERIAL])
    assert (Exit.REFUSED, "command-line-too-long") == (
        caught.value.exit_status,
        caught.value.code,
    )
    assert "1024 bytes" in caught.value.summary
    long = grub(f"xen-pciback.hide=(02:00.0) {'a' * 1030}")
    plan = plan_hide(long, NEW, remove=[SERIAL])
    assert "a" * 1030 == line_of(plan)
    assert "has 1030 bytes; Xen cuts it off after 1023" in " ".join(plan.warnings)


def test_what_xen_cuts_off_is_not_hidden_today() -> None:
    boot = grub(f"{'a' * 1015} xen-pciback.hide=(0000:02:00.0)")
    assert ("nothing",) == plan_hide(boot, NEW, remove=[SERIAL]).words_today


@pytest.mark.parametrize(
    ("boot", "code"),
    [
        (parse("/x.cfg", b"menuentry 'Linux' { linux /vmlinuz a }\n"), "no-entry-to-edit"),
        (parse("/x.conf", b"label linux\nkernel vmlinuz\n"), "no-entry-to-edit"),
        (grub("'a=\"b' c"), "tangled-arguments"),
        (
            parse(
                "/x.conf",
                b'label xe\nkernel mboot.c32\nappend /xen.gz --- /v a "b c --- /i\n',
            ),
            "open-quote",
        ),
        (
            parse(
                "/x.cfg",
                b"menuentry XCP-ng {\nmultiboot2 /xen.gz -- pciback.hide=(1:0.0)\n"
                b"module2 /vmlinuz\n}\n",
            ),
            "hide-in-xen-line",
        ),
        (
            parse(
                "/x.cfg",
                b"set default=1\nmenuentry XCP-ng {\nmultiboot2 /xen.gz\nmodule2 /vmlinuz\n}\n",
            ),
            "no-rescue-entry",
        ),
        (
            parse(
                "/x.cfg",
                b"menuentry XCP-ng {\nmultiboot2 /xen.gz\nmodule2 /vmlinuz\n}\ndon't\n",
            ),
            "no-rescue-entry",
        ),
    ],
)
def test_refuses_what_it_cannot_do_safely(boot: BootFile, code: str) -> None:
    if code == "tangled-arguments":
        boot = grub("'a\txen-pciback.hide=(05:00.0)'")
    with pytest.raises(Problem) as caught:
        plan_hide(boot, NEW, add=[SERIAL])
    assert (Exit.REFUSED, code) == (caught.value.exit_status, caught.value.code)


@pytest.mark.parametrize(
    ("add", "parameter", "code"),
    [([USB], None, "hide-and-unhide"), ([], "a b", "bad-parameter"), ([], "x=", "bad-parameter")],
)
def test_refuses_a_request_that_makes_no_sense(
    add: list[Bdf], parameter: str | None, code: str
) -> None:
    with pytest.raises(Problem) as caught:
        plan_hide(grub(), NEW, add=add, remove=[USB], parameter=parameter)
    assert (Exit.USAGE, code) == (caught.value.exit_status, caught.value.code)


def test_the_parameters_name_can_be_given() -> None:
    plan = plan_hide(grub("a pciback.hide=(05:00.0)"), NEW, add=[SERIAL], parameter="pciback.hide")
    assert "a pciback.hide=(0000:05:00.0)(0000:02:00.0)" == line_of(plan)


def test_a_broken_list_is_named_and_not_taken_over() -> None:
    plan = plan_hide(grub("a xen-pciback.hide=(05:00.0),(02:00.0)"), NEW, add=[SERIAL])
    assert plan.words_today[0].startswith("nothing at all: ")
    assert "disables pciback for every device" in plan.words_today[0]
    assert ("02:00.0",) == plan.words_future
    assert (
        "05:00.0 stands in the file but is not hidden today; it stays out unless you choose it",
        "today the kernel refuses the whole list; with the new one, pciback works again",
    ) == plan.warnings


def test_a_default_that_is_the_rescue_entry_is_said_so() -> None:
    plan = plan_hide(golden("xs8-single.cfg"), NEW, add=[SERIAL])
    data = plan.after.replace(b"set default=0", b"set default=1")
    moved = plan_hide(parse(plan.path, data), NEW, add=[USB])
    assert ["xe"] == [entry.label for entry in moved.edited]
    assert "the rescue entry boots by default: it hides nothing, whatever is asked" in (
        moved.warnings
    )
    assert ("nothing",) == moved.words_future
    gone = plan_hide(parse(plan.path, data), NEW, remove=[SERIAL])
    assert not gone.rescue_removed


def test_an_unknown_default_is_said_so() -> None:
    plan = plan_hide(grub(head="set default=saved\n"), NEW, add=[SERIAL])
    assert ["xe"] == [entry.label for entry in plan.edited]
    assert "which Xen entry boots by default is not known; entry xe is shown here" in plan.warnings


def test_an_entry_with_the_name_of_an_edited_one_is_no_way_back() -> None:
    entry = "menuentry 'Own' {\nmultiboot2 /xen.gz\nmodule2 /vmlinuz a\n}\n"
    plan = plan_hide(parse("/x.cfg", entry.encode() * 2), NEW, add=[SERIAL])
    assert plan.rescue_added
    assert "Own (nothing hidden: serialpass-tui rescue)" == plan.rescue_title


def test_a_way_back_inside_a_submenu_says_which() -> None:
    old = "submenu 'More' {\nmenuentry 'Old' {\nmultiboot2 /xen.gz\nmodule2 /vmlinuz a\n}\n}\n"
    xe = "menuentry 'XCP-ng' {\nmultiboot2 /xen.gz\nmodule2 /vmlinuz a\n}\n"
    plan = plan_hide(parse("/x.cfg", (xe + old).encode()), NEW, add=[SERIAL])
    assert (
        "In GRUB's menu press an arrow key; open 'More', then choose 'Old' and press Enter."
        == plan.rescue_how
    )


def test_grub_commands_are_one_key_a_call() -> None:
    plan = plan_hide(
        grub("a pciback.hide=(05:00.0) xen-pciback.hide=(06:00.0)"), NEW, remove=[Bdf(0, 6, 0, 0)]
    )
    assert (
        "cp -p /boot/grub/grub.cfg /boot/grub/grub.cfg.before-serialpass",
        "/opt/xensource/libexec/xen-cmdline --delete-dom0 pciback.hide",
        "/opt/xensource/libexec/xen-cmdline --delete-dom0 xen-pciback.hide",
    ) == plan.commands
