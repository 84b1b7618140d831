"""Targets: keys of VMs, guests' files, firmware's tables, recordings, and what the tool keeps."""

from __future__ import annotations

import json
import os
import re
import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from serialpass_tui.core import codec, dmar, ivrs, vm, vm_edit, xl_config, xl_edit
from serialpass_tui.core.changes import FileEdit, Reboot, VmEdit
from serialpass_tui.core.inventory import Recording
from serialpass_tui.core.job import Began, Goal, Job, Opened, Planned, Progress, fold
from serialpass_tui.core.undo_text import Kept, undo_text
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host import recording, terminals
from serialpass_tui.host.journal import StateDirectory
from serialpass_tui.sim import machines
from tests.fuzz.boot import BDFS, SAFE
from tests.fuzz.hostile import changed_json, garbage, mutated, texts, tokens
from tests.fuzz.screens import check_host, check_job, clean, may_refuse, told

if TYPE_CHECKING:
    from serialpass_tui.core.bdf import Bdf

PCI = ["0/0000:02:00.0", ",", "/", "0", "+1_0", "0000:02:00.1", " ", "-", "_", ":", ".", "x",
       "9" * 30, "0/ffff:ff:ff.f", "\u202e", "\n"]  # fmt: skip
pci_values = st.tuples(
    st.one_of(st.lists(st.sampled_from(PCI), max_size=20).map("".join), texts),
    st.lists(BDFS, max_size=3),
)


def check_pci(sample: tuple[str, list[Bdf]]) -> None:
    """other-config:pci: what is added is read, and gone when it is taken out; no item is lost."""
    value, add = sample
    before, dropped = vm.parse_pci(value), vm.dropped_items(value)
    assert len([item for item in value.split(",") if item]) == len(before) + len(dropped)
    assert () == vm.parse_pci(",".join(dropped))
    merged = vm_edit.merge_pci(value, add)
    assert {*before, *add} == set(vm.parse_pci(merged))
    assert dropped == vm.dropped_items(merged)
    left = vm_edit.remove_pci(merged, add)
    assert left or left in {None, merged}, "an empty key stays a key"
    assert set(before) - set(add) == set(vm.parse_pci(left or ""))
    kept = vm.dropped_items(left or "")
    for item in dropped:
        meant = vm.parse_pci(item.strip())  # blanks alone kept XAPI from it
        assert (item in kept) is set(add).isdisjoint(meant)


XL = [b"name = 'pbx'\n", b"pci = [ ", b"pci += ", b"'0000:02:00.0'", b'"02:00.*"', b"[", b"]", b",",
      b"\n", b"#", b"=", b";", b"'", b'"', b"\\", b"uuid=", b"type='hvm'\n", b"bdf=", b"02:00.0@5",
      b"builder = ", b"=[", b" ", *SAFE]  # fmt: skip
XL_FILES = (
    b"name = 'pbx'\nuuid = '5b1d'\ntype = 'hvm'\npci = [ '0000:02:00.0', '03:00.0' ]\n",
    b'name="a"\npci=["02:00.*",\n  # two\n "04:00.1,permissive=1" ]\npci += [ \'05:00.0\' ]',
    b"name = 'b'\nmemory = 1024\n",
)
xl_files = st.tuples(st.one_of(mutated(XL_FILES, XL), garbage(XL)), st.lists(BDFS, max_size=2))


def check_xl(sample: tuple[bytes, list[Bdf]]) -> None:
    """A guest's file: any bytes are read; an edit gives what was asked for, or a Problem."""
    data, add = sample
    config = xl_config.read(data)
    clean(*config.warnings)
    with may_refuse():
        edited = xl_edit.with_devices(data, add)
        assert {*config.devices, *add} == set(xl_config.read(edited).devices)
        new = set(add) - set(config.devices)
        back = xl_edit.without_devices(edited, new)
        assert set(config.devices) == set(xl_config.read(back).devices)


_RMRR = b"\1\0\x20\0\0\0\0\0" + bytes(8) + b"\xff\x0f" + bytes(6) + b"\1\x08\0\0\0\0\x02\0"
dmar_tables = st.one_of(
    st.binary(max_size=200), mutated([b"DMAR".ljust(48, b"\0") + _RMRR * 2], [b"\0\0", b"\xff\xff"])
)
_FUNCTIONS = machines.load("xcp-ng-8.3-bios").inventory.pci


def check_dmar(table: bytes) -> None:
    """ACPI's table: every device found is one that is there."""
    known = {function.bdf for function in _FUNCTIONS}
    for found in dmar.reserved(table):
        places = dmar.resolve(found.scopes, _FUNCTIONS)
        assert len(found.scopes) == len(places)
        assert known.issuperset(place for place in places if place is not None)


_IVMD = b"\x22\x07\x20\0\0\x02\xff\x05" + bytes(8) + b"\0\x10" + bytes(6) + b"\0\x20" + bytes(6)
ivrs_tables = st.one_of(
    st.binary(max_size=200), mutated([b"IVRS".ljust(48, b"\0") + _IVMD * 2], [b"\0\0", b"\xff\xff"])
)


def check_ivrs(table: bytes) -> None:
    """AMD's table: what is reserved for somebody is told to those, and to nobody else."""
    for found in ivrs.reserved(table):
        assert found.first <= found.last
        for function in _FUNCTIONS:
            number = function.bdf.bus * 256 + function.bdf.slot * 8 + function.bdf.function
            inside = not found.segment and found.first <= number <= found.last
            assert inside == found.covers(function.bdf)


_FOLDER = resources.files("serialpass_tui.sim").joinpath("machines")
HOSTS = [_FOLDER.joinpath(f"{name}.json").read_text(encoding="utf-8") for name in machines.names()]
recordings = changed_json(HOSTS, only_text=False)
names = changed_json(HOSTS, only_text=True)


def check_recording(value: Any) -> None:
    """A Problem, or a host that can be judged and shown."""
    record = _loaded(json.dumps(value).encode())
    if record is not None:
        with may_refuse():
            check_host(record)


def _loaded(data: bytes) -> Recording | None:
    """The recording that a file holds, which is written and read again as the same one.

    None where it is refused, as a wrong argument and by the file's name.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "host.json"
        place.write_bytes(data)
        try:
            record = recording.load(place)
        except Problem as problem:
            refusal = problem
        else:
            recording.save(place, record, redact=False)
            written = place.read_bytes()
            recording.save(place, recording.load(place), redact=False)
            assert written == place.read_bytes()
            return record
    told(refusal)
    assert (Exit.USAGE, "bad-recording") == (refusal.exit_status, refusal.code)
    assert str(place) in refusal.summary
    return None


def check_names(value: Any) -> None:
    """Hostile text in every place of a host: names of VMs, strings of USB devices, files."""
    try:
        record = codec.decode(Recording, value, "recording")
    except Problem as problem:
        told(problem)
        return
    with may_refuse():
        check_host(record)


WHOLE = [text.encode() for text in HOSTS]
raw_recordings = st.one_of(
    mutated(WHOLE, [b"[", b"{", b'"', b"[" * 3000, b"1e999", b"-"]),
    st.integers(1, 100_000).map(lambda depth: b"[" * depth),
)


def check_raw_recording(data: bytes) -> None:
    """Broken JSON is refused by the file's name; what is whole is read."""
    record = _loaded(data)
    assert record is not None or data not in WHOLE


RECORDS = (
    Opened("1", 1, Goal.HIDE, "hide 0000:02:00.0", ()),
    Planned("1", 2, (FileEdit("/boot/grub/grub.cfg", b"a", b"b"), Reboot("b0"))),
    Planned("1", 3, (VmEdit("u", "pbx", "affinity", None, "h"),)),
    Began("1", 4, 0),
)
_LINES = [json.dumps({"v": 1, **codec.encode(record)}) for record in RECORDS]  # type: ignore[dict-item]
JOURNAL = "".join(f"{line}\n" for line in _LINES).encode()
journals = st.one_of(
    mutated([JOURNAL], [b"\n", b"{}", b"[" * 9, b"null\n", b'"v":2', b"\0", *SAFE]),
    st.lists(changed_json(_LINES, only_text=False), max_size=4).map(
        lambda values: "".join(f"{json.dumps(value)}\n" for value in values).encode()
    ),
    st.integers(1, 100_000).map(lambda depth: JOURNAL + b"[" * depth + b"\n"),
)


def check_journal(data: bytes) -> None:
    """A Problem, or jobs that can be shown, whose way back stays in the directory."""
    with tempfile.TemporaryDirectory() as folder:
        state = StateDirectory(Path(folder))
        (Path(folder) / "journal").write_bytes(data)
        try:
            records = state.records()
        except Problem as problem:
            told(problem)
            return
        for job in fold(records):
            check_job(job)
            with may_refuse():
                place = state.undo_place(job.id)
                assert folder == os.path.commonpath((folder, os.path.normpath(place)))
                state.keep_undo(job.id, os.fsencode)
                assert os.fsencode(place).endswith(Path(place).read_bytes())
        assert data == (Path(folder) / "journal").read_bytes()


terminal_files = st.one_of(
    mutated([b'{"/dev/ttyS0": "vt100"}\n'], [b"[", b"{", b'"', b"null", b"1", *SAFE]),
    st.integers(1, 100_000).map(lambda depth: b"[" * depth),
)


def check_terminals(data: bytes) -> None:
    """What is no such file counts as nothing, and the next answer is kept all the same."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / terminals.FILE).write_bytes(data)
        state = StateDirectory(Path(folder))
        terminals.recall(state, "/dev/ttyS0")
        terminals.remember(state, "/dev/ttyS0", "xterm")
        assert "xterm" == terminals.recall(state, "/dev/ttyS0")


short = st.lists(st.one_of(tokens, st.text(max_size=4)), max_size=6).map("".join)


def _job(title: str, path: str, name: str, was: str | None, value: str) -> Job:
    changes = (FileEdit(path, b"a", b"b"), VmEdit(value, name, "other-config:pci", was, value))
    progress = (Progress.APPLIED,) * 2
    return Job("1", 1, Goal.HIDE, title, (), changes=changes, progress=progress)


jobs = st.builds(
    _job, texts, short.map(lambda text: f"/boot/{text}"), texts, st.none() | short, short
)

_WORD = (
    r"(?:[A-Za-z0-9_@%+=:,./-]|'[^'\n]*'|\"'\"|'\n+'"
    r"|\"\$\(printf '(?:[A-Za-z0-9]|\\[0-7]{3})*'\)\")++"
)
_OURS = r"(?:''|[0-9a-f]{64}\*)"
_UNDO = re.compile(
    r"(?:(?:#[^\n]*"
    r"|"
    r"|sync|fi|esac"
    r'|if \[ "\$PWD" = / \]; then'
    rf'|case "\$\(\{{ sha256sum < {_WORD}; \}} 2>/dev/null\)" in'
    rf"|  {_OURS}\)"
    rf"|    cp -p -- {_WORD} {_WORD} ;;"
    rf"|  {_OURS}\) echo as before the job: {_WORD} ;;"
    rf"|  \*\) echo left alone, for somebody else changed it: {_WORD} ;;"
    rf"|xe vm-param-(?:set|remove)(?: {_WORD})+"
    r")\n)*"
)
"""All that the text may consist of; in a word no character acts but those of our own printf."""
_PIECE = re.compile(r"\"\$\(printf '([^']*)'\)\"|\"(')\"|'([^']*)'|([^'\"])")
_COPY = re.compile(rf"^    cp -p -- ({_WORD}) ({_WORD}) ;;$", re.MULTILINE)


def _meant(shell_word: str) -> bytes:
    """What a shell makes of a word of the text."""
    found = b""
    for octal, *plain in _PIECE.findall(shell_word):
        found += re.sub(rb"\\([0-7]{3})", lambda one: bytes((int(one[1], 8),)), octal.encode())
        found += "".join(plain).encode()
    return found


def _bytes(name: str) -> bytes:
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogatepass")


def check_job_text(job: Job) -> None:
    """UNDO.txt is plain ASCII whose only commands are ours; the wizard shows the job cleanly."""
    edit = next(change for change in job.changes if isinstance(change, FileEdit))
    kept = {edit.path: Kept(edit.path, edit.path + ".serialpass-1")}
    text = undo_text(job, kept, edit.path).decode("ascii")
    clean(*text.split("\n"))
    assert text.startswith("# UNDO.txt of job 1 ")
    assert _UNDO.fullmatch(text), f"not all of it is ours: {text[:2000]}"
    ((source, target),) = _COPY.findall(text)
    assert (_bytes(f"{edit.path}.serialpass-1"), _bytes(edit.path)) == (
        _meant(source),
        _meant(target),
    )
    check_job(job)
