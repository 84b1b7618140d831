"""Boot files as entries."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serialpass_tui.core.boot import BootFile, parse
from serialpass_tui.core.boot.grub_labels import labels_of
from serialpass_tui.core.boot.grub_lexer import Kind, tokens
from serialpass_tui.errors import Problem

GOLDEN = Path(__file__).parents[2] / "golden" / "boot"


def golden(name: str) -> BootFile:
    return parse(f"/boot/{name}", (GOLDEN / name).read_bytes())


def grub(text: str) -> BootFile:
    return parse("/boot/grub/grub.cfg", text.encode())


def extlinux(text: str) -> BootFile:
    return parse("/boot/extlinux.conf", text.encode())


FULL = ["xe", "xe-serial", "safe", "fallback", "fallback-serial"]


@pytest.mark.parametrize(
    ("name", "labels", "xen", "default", "timeout"),
    [
        ("xs62-plain.conf", ["xe", "fallback"], 2, "xe", 5.0),
        ("xs62-procedure.conf", ["xe"], 1, "xe", 5.0),
        ("xs62-serial.conf", FULL, 5, "xe-serial", 5.0),
        ("odd.conf", ["local", "xe"], 1, "xe", 10.0),
        ("xs7-bios.cfg", ["xe", "fallback"], 2, "xe", 5.0),
        ("xcpng82-bios.cfg", FULL, 5, "xe", 5.0),
        ("xcpng83-uefi.cfg", ["xe", "fallback"], 2, "xe", 5.0),
        ("copied-everywhere.cfg", ["xe", "fallback"], 2, "xe", 5.0),
        ("xs8-single.cfg", ["xe"], 1, "xe", 5.0),
        ("xs9-uefi.cfg", ["xe", "fallback", "label1"], 2, "xe", 5.0),
        ("kernel-alt.cfg", ["xe", "label1"], 2, "label1", 5.0),
        ("odd.cfg", ["xe", "label1", "xe", "label2", "label3"], 3, "label2", 0.0),
    ],
)
def test_reads_every_golden_file(
    name: str, labels: list[str], xen: int, default: str, timeout: float
) -> None:
    boot = golden(name)
    assert labels == [entry.label for entry in boot.entries]
    assert xen == sum(entry.has_xen for entry in boot.entries)
    assert boot.default is not None
    assert default == boot.default.label
    assert [boot.default] == [entry for entry in boot.entries if entry.is_default]
    assert timeout == boot.timeout_s
    for entry in boot.entries:
        assert 0 <= entry.span.start <= entry.span.end <= len(boot.data)
        for argument in entry.arguments:
            assert entry.kernel_args.start <= argument.start < argument.end
            assert argument.end <= entry.kernel_args.end


def test_the_odd_grub_file_to_the_letter() -> None:
    boot = golden("odd.cfg")
    first, memtest, old, fresh, firmware = boot.entries
    assert "root=LABEL=r ro console=tty0" == first.cmdline
    assert "/boot/vmlinuz-4.19-xen" == first.kernel
    assert "root=b" == old.cmdline
    assert "Testger\ufffdt 'neu'" == fresh.title
    assert "" == fresh.cmdline
    assert ("Brücke $ {mehr}",) == fresh.submenus
    assert (False, False) == (memtest.has_xen, firmware.has_xen)
    assert "/memtest" == memtest.kernel
    assert first.xen_args is not None
    args = boot.text[first.xen_args.start : first.xen_args.end]
    assert ["dom0_mem=1G", "\\", "watchdog"] == args.split()
    assert boot.menu_hidden
    assert ("2 entries count as xe: xen-cmdline writes the last of them over the others",) == (
        boot.warnings
    )


def test_the_odd_extlinux_file_to_the_letter() -> None:
    boot = golden("odd.conf")
    assert ["Local disk", "Brücke 1"] == [entry.title for entry in boot.entries]
    entry = boot.entries[1]
    assert "root=LABEL=r ro quiet" == entry.cmdline
    assert (
        "\troot=LABEL=r\tro  quiet"
        == boot.text[entry.kernel_args.start - 1 : entry.kernel_args.end]
    )
    assert boot.text[: entry.span.end].endswith("ENDTEXT")


def menu(defaults: str, body: str = "") -> BootFile:
    entry = "menuentry '{}' {} {{ multiboot2 /xen.gz\n module2 /vmlinuz {}\n module2 /i\n}}\n"
    one, two = entry.format("XCP-ng", "--id a", "one"), entry.format("Two x", "--id b", "two")
    return grub(f"{defaults}\n{one}submenu 'More' {{\n{two}}}\n{body}")


@pytest.mark.parametrize(
    ("setting", "cmdline"),
    [
        ("", "one"),
        ("set default=0", "one"),
        ('set default="1>0"', "two"),
        ("set default=1", "two"),
        ("set default=0x1", "two"),
        ("set default=9", "one"),
        ("set default=nonsense", "one"),
        ("set default='XCP-ng'", "one"),
        ("set default='More>Two x'", "two"),
        ("set default='More>b'", "two"),
        ("default=1", "two"),
        ("set default=1\nset default=0", "one"),
        ("set default=1 # set default=0", "two"),
        ("set default=1\nif [ -n $o ]; then\nset default=$override_entry\nfi", "two"),
        ("set default=1\nif [ -n $o ]; then set default=0; fi", "two"),
        ('if [ $x ]; then\n set default="${next_entry}"\nelse\n set default="1"\nfi', "two"),
        ("function f {\nset default=1\n}", "one"),
    ],
)
def test_the_default_is_the_one_that_grub_takes(setting: str, cmdline: str) -> None:
    boot = menu(setting)
    assert boot.default is not None
    assert cmdline == boot.default.cmdline


@pytest.mark.parametrize("setting", ["set default=saved", 'set default="${saved_entry}"'])
def test_a_default_kept_outside_of_the_file_is_not_guessed(setting: str) -> None:
    boot = menu(setting)
    assert boot.default is None
    assert "environment" in boot.warnings[0]


@pytest.mark.parametrize(
    ("setting", "timeout", "hidden"),
    [
        ("", None, False),
        ("set timeout=5", 5.0, False),
        ("set timeout=0", 0.0, True),
        ("set timeout=-1", None, False),
        ("set timeout=5\nset timeout_style=hidden", 5.0, True),
        ("if x; then\nset timeout=9\nfi\nset timeout=3", 3.0, False),
    ],
)
def test_grubs_timeout(setting: str, timeout: float | None, hidden: bool) -> None:
    boot = menu(setting)
    assert (timeout, hidden) == (boot.timeout_s, boot.menu_hidden)


@pytest.mark.parametrize(
    ("raw", "cmdline"),
    [
        ("a b", "a b"),
        ("'a b' c", '"a b" c'),
        ('"a" b"c"', "a bc"),
        ('hide="(1) (2)"', '"hide=(1) (2)"'),
        (r"a=\"b", r"a=\"b"),
        (r"a\ b", '"a b"'),
        (r"a=\\x41", r"a=\x41"),
        (r"a\\z", r"a\\z"),
        ("a \\\n  b\\\nc", "a bc"),
        ("a#b # c", "a#b"),
        ("a=(x)(y)", "a=(x)(y)"),
        ("a $b ${c}d", "a $b ${c}d"),
        ("a;echo b", "a"),
    ],
)
def test_arguments_are_what_grub_hands_over(raw: str, cmdline: str) -> None:
    boot = grub(f"menuentry x {{\nmultiboot2 /xen.gz\nmodule2 /vmlinuz {raw}\nmodule2 /i\n}}\n")
    assert cmdline == boot.entries[0].cmdline


@pytest.mark.parametrize(
    ("body", "kernel"),
    [
        ("multiboot /xen.gz\nmodule /vmlinuz a\nmodule /initrd", "/vmlinuz"),
        ("xen_hypervisor /xen.efi\nxen_module --nounzip /bzImage a\nxen_module /i", "/bzImage"),
        ("multiboot2 /xen.gz\nmodule2 /ucode.bin scan\nmodule2 /vmlinuz-4 a", "/vmlinuz-4"),
        ("multiboot2 /tboot.gz x\nmodule2 /xen.gz y\nmodule2 /vmlinuz a\nmodule2 /i", "/vmlinuz"),
        ("if [ x ]; then\nmultiboot2 /xen.gz; module2 /vmlinuz a\nfi", "/vmlinuz"),
        ("multiboot2 /xen.gz\nmodule2 /dom0 a\nmodule2 /i", "/dom0"),
    ],
)
def test_finds_the_dom0_kernel(body: str, kernel: str) -> None:
    (entry,) = grub(f"menuentry 'x' {{\n{body}\n}}\n").entries
    assert (kernel, "a", True) == (
        entry.kernel,
        entry.cmdline.replace("scan", "a"),
        entry.has_xen,
    )


def test_what_xen_adds_after_a_lone_dash_dash_is_part_of_the_line() -> None:
    boot = grub("menuentry 'x' {\nmultiboot2 /xen.gz a -- b c\nmodule2 /vmlinuz d\n}\n")
    assert "d b c" == boot.entries[0].cmdline
    assert "hands dom0 more arguments" in boot.warnings[0]


@pytest.mark.parametrize(
    ("titles", "labels"),
    [
        (["XenServer", "XenServer (Serial)"], ["xe", "xe-serial"]),
        (["Acme", "Acme in Safe Mode"], ["xe", "safe"]),
        (["Acme", "Acme (Serial, Xen 4 / Linux 5)"], ["xe", "fallback-serial"]),
        (["XCP-ng (Trusted Boot)", "a upgrade"], ["xe-tboot", "upgrade"]),
        (["a", "b"], ["label1", "label2"]),
        (["Debian (x / y)"], ["fallback"]),
    ],
)
def test_labels_are_those_of_python_libs(titles: list[str], labels: list[str]) -> None:
    text = "".join(f"menuentry '{title}' {{ true }}\n" for title in titles)
    assert labels == [entry.label for entry in grub(text).entries]


XE = "LABEL xe\n kernel mboot.c32\n append /xen.gz --- /vmlinuz a --- /i\n"
SAFE = "label safe\n # Safe\n kernel mboot.c32\n append /xen.gz --- /vmlinuz b --- /i\n"


@pytest.mark.parametrize(
    ("head", "default", "timeout", "hidden"),
    [
        ("default xe\nprompt 1\ntimeout 50\n", "xe", 5.0, False),
        ("DEFAULT safe\n", "safe", None, True),
        ("default xe\nontimeout safe\n", "safe", None, True),
        ("ui vesamenu.c32\ndefault safe\n", "safe", None, False),
        ("default menu.c32\n", None, None, False),
        ("default gone\n", None, None, True),
        ("", None, None, True),
        ("prompt 1\ntimeout 0\ndefault xe quiet\n", "xe", None, False),
    ],
)
def test_extlinux_settings(
    head: str, default: str | None, timeout: float | None, hidden: bool
) -> None:
    boot = extlinux(head + XE + SAFE)
    assert default == (boot.default.label if boot.default else None)
    assert (timeout, hidden) == (boot.timeout_s, boot.menu_hidden)
    assert bool(boot.warnings) == (default is None)


def test_extlinux_free_text_is_no_keyword() -> None:
    boot = extlinux(XE + " text help\nlabel x\n append y\nendtext\n" + SAFE)
    assert ["xe", "safe"] == [entry.label for entry in boot.entries]
    assert ["a", "b"] == [entry.cmdline for entry in boot.entries]


@pytest.mark.parametrize(
    "append",
    ["/vmlinuz root=/dev/sda", "/xen.gz", "/xen.gz ---", "--- /vmlinuz", ""],
)
def test_an_append_line_without_modules_boots_no_xen(append: str) -> None:
    boot = extlinux(f"label x\nkernel mboot.c32\nappend {append}\n")
    assert not boot.entries[0].has_xen


@pytest.mark.parametrize(
    ("path", "data", "reason"),
    [
        ("/boot/grub/grub.cfg", b"", "there is no boot entry in it"),
        ("/boot/extlinux.conf", b"\x7fELF\x00\x01", "there is no boot entry in it"),
        ("/a.cfg", b"set x=1\nmenuentry 'a' {\n", "the block opened in line 2 is never closed"),
        ("/a.cfg", b"menuentry 'a' {\nx 'y\n}\n", "the quote opened in line 2 is never closed"),
        ("/a.cfg", b"submenu a {\n" * 60, "blocks are nested too deep near line 51"),
    ],
)
def test_says_what_is_wrong_with_a_file(path: str, data: bytes, reason: str) -> None:
    with pytest.raises(Problem) as caught:
        parse(path, data)
    assert "boot-file-unreadable" == caught.value.code
    assert reason in caught.value.summary


def test_a_quote_left_open_after_the_entries_is_only_a_warning() -> None:
    boot = grub("menuentry 'x' { true }\n}\ndon't\n")
    assert (
        "line 2: a } that closes nothing",
        "line 3: a quote is opened and never closed; GRUB reads nothing from there on",
    ) == boot.warnings


def test_the_contents_tell_the_loader_where_the_name_does_not() -> None:
    assert "extlinux" == parse("/tmp/copy.cfg", XE.encode()).loader
    assert "grub" == parse("/tmp/copy.conf", b"menuentry x { true }").loader


PIECES = st.sampled_from(
    ["menuentry ", "submenu ", "label ", "append ", "kernel mboot.c32\n", "multiboot2 /xen.gz\n",
     "module2 /vmlinuz ", "xen-pciback.hide=", "(02:00.0)", " --- ", "{", "}", "'", '"', "\\",
     "\n", "\r\n", " ", "\t", "#", "if ", "fi", "set default=", "0", ";", "$", "${", "--id "]
)  # fmt: skip


@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=40).map("".join)))
def test_any_bytes_parse_or_are_a_problem(data: bytes | str) -> None:
    raw = data if isinstance(data, bytes) else data.encode()
    for path in ("/x.cfg", "/x.conf"):
        with suppress(Problem):
            boot = parse(path, raw)
            assert boot.entries
            assert raw == boot.data


@given(st.lists(PIECES, max_size=40).map("".join))
def test_tokens_come_in_order_and_never_overlap(text: str) -> None:
    position = 0
    for token in tokens(text):
        assert position <= token.start
        assert token.start < token.end <= len(text) or token.kind is Kind.BROKEN
        position = token.end


def test_a_serial_fallback_does_not_make_a_brand_of_its_own() -> None:
    titles = [
        "XCP-ng",
        "XCP-ng (Serial)",
        "XCP-ng in Safe Mode",
        "XCP-ng (Xen 4.17.6 / Linux 4.19.0+1)",
        "XCP-ng (Serial) (Xen 4.17.6 / Linux 4.19.0+1)",
        "XCP-ng (Serial, Xen 4.17.6 / Linux 4.19.0+1)",
    ]
    expected = ["xe", "xe-serial", "safe", "fallback", "fallback", "fallback-serial"]
    assert expected == labels_of(titles)
