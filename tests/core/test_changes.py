from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serialpass_tui.core.changes import (
    DriverChange,
    FileEdit,
    Reversible,
    VmEdit,
    VmPower,
    unified_diff,
)
from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.program import Link, ProgramCopy, Seal

UUID = "5ea1ca5e-0000-4000-8000-000000000001"
HOST = "5ea1ca5e-0000-4000-8000-00000000000f"

REVERSIBLE: st.SearchStrategy[Reversible] = st.one_of(
    st.builds(FileEdit, st.text(), st.binary(), st.binary()),
    st.builds(VmEdit),
    st.builds(VmPower),
    st.builds(DriverChange),
    st.builds(ProgramCopy),
    st.builds(Link),
)


@given(REVERSIBLE)
def test_inverse_swaps_and_is_its_own_inverse(change: Reversible) -> None:
    undo = change.inverse()
    assert (change.before, change.after) == (undo.after, undo.before)
    assert change == undo.inverse()


def edit(key: str, before: str | None, after: str | None, name: str = "pbx") -> VmEdit:
    return VmEdit(UUID, name, key, before, after)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            edit("other-config:pci", None, "0/0000:02:00.0"),
            f"xe vm-param-set uuid={UUID} other-config:pci=0/0000:02:00.0",
        ),
        (
            edit("other-config:pci", "0/0000:02:00.0", None),
            f"xe vm-param-remove uuid={UUID} param-name=other-config param-key=pci",
        ),
        (edit("affinity", HOST, None), f"xe vm-param-set uuid={UUID} affinity="),
        (edit("affinity", None, HOST), f"xe vm-param-set uuid={UUID} affinity={HOST}"),
        (
            edit("blocked-operations:suspend", None, "it's; rm -rf /"),
            f"xe vm-param-set uuid={UUID} 'blocked-operations:suspend=it'\"'\"'s; rm -rf /'",
        ),
    ],
)
def test_vm_command(change: VmEdit, expected: str) -> None:
    assert expected == change.command()


@given(st.text(min_size=1))
def test_vm_command_is_one_word_a_value(value: str) -> None:
    words = shlex.split(edit("other-config:pci", None, value).command())
    assert ["xe", "vm-param-set", f"uuid={UUID}", f"other-config:pci={value}"] == words


def test_vm_preview_and_words() -> None:
    change = edit("other-config:pci", "0/a\x1b", "0/b", "x\x07")
    assert change.preview() == ("-other-config:pci=0/a\\x1b", "+other-config:pci=0/b")
    assert change.describe() == "set other-config:pci of VM x\\x07"
    assert edit("affinity", HOST, None).describe() == "remove affinity of VM pbx"


def test_power() -> None:
    start = VmPower(UUID, "pbx", HOST, PowerState.HALTED, PowerState.RUNNING)
    assert start.preview() == (f"xe vm-start uuid={UUID} on={HOST}",)
    assert start.inverse().preview() == (f"xe vm-shutdown uuid={UUID}",)
    assert (start.describe(), start.inverse().describe()) == ("start VM pbx", "shut down VM pbx")


def test_a_program_is_told_by_digest_and_size_and_a_link_by_its_target() -> None:
    copy = ProgramCopy("/opt/t/t-1", None, Seal("ab" * 32, 18), "/root/a file")
    assert copy.preview() == (
        f"+/opt/t/t-1: 18 bytes, SHA-256 {'ab' * 32}",
        "install -D -m 755 '/root/a file' /opt/t/t-1",
    )
    assert copy.inverse().preview() == (
        f"-/opt/t/t-1: 18 bytes, SHA-256 {'ab' * 32}",
        "rm /opt/t/t-1",
    )
    turn = Link("/usr/local/bin/t", "/opt/t/t-1", "/opt/t/t-2\x1b")
    assert turn.preview() == (
        "-/usr/local/bin/t -> /opt/t/t-1",
        "+/usr/local/bin/t -> /opt/t/t-2\\x1b",
    )
    assert "link /usr/local/bin/t to /opt/t/t-2\\x1b" == turn.describe()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (b"a\nb\nc\n", b"a\nB\nc\n", (" a", "-b", "+B", " c")),
        (b"a\n", b"a", ("-a", "+a\\ (no newline at end of file)")),
        (b"a\r\n", b"a\n", ("-a\\x0d", "+a")),
        (b"\ta\n", b"\tb\n", ("-    a", "+    b")),
        (b"\x1b[2J\xff\n", b"\n", ("-\\x1b[2J\\xff", "+")),
        (b"a\n", b"a\n", ()),
        (b"", b"a\n", ("+a",)),
    ],
)
def test_diff(before: bytes, after: bytes, expected: tuple[str, ...]) -> None:
    lines = unified_diff("/boot/x", before, after)
    head = ("--- a/boot/x", "+++ b/boot/x") if expected else ()
    assert head == lines[:2]
    assert expected == tuple(line for line in lines[2:] if not line.startswith("@@"))
    assert lines == FileEdit("/boot/x", before, after).preview()
