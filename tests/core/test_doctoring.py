"""The diagnosis for any boot file and any device list: it never fails, and one repair is enough."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from serialpass_tui.core import boot, verify, vm_edit
from serialpass_tui.core.changes import VmEdit
from serialpass_tui.core.doctoring import Diagnosis, Facts, examine
from serialpass_tui.core.pool import PowerState
from serialpass_tui.errors import Problem
from serialpass_tui.sim import machines

XAPI_HOST = machines.load("xcp-ng-8.3-bios")
OLD_HOST = machines.load("xenserver-6.2-procedure")

addresses = st.sampled_from(
    ["0000:02:00.0", "02:00.1", "02.00.0", "02:00.*", "02:*.*", "00:17.0", "00:1c.0", "7e:00.0",
     "0b::00.1", "1:0:1:0:", "", "2:0.0", "0000:05:00.0", "xyz", "00:1f.9"]
)  # fmt: skip
group = st.builds(lambda a, left, right: f"{left}{a}{right}", addresses,
                  st.sampled_from(["(", "(", "(", ""]), st.sampled_from([")", ")", ")", ""]))  # fmt: skip
value = st.lists(st.one_of(group, st.sampled_from([" ", ",", '"'])), max_size=5).map("".join)
name = st.sampled_from(["xen-pciback.hide", "xen_pciback.hide", "pciback.hide"])
words = st.lists(
    st.one_of(
        st.builds("{}={}".format, name, value),
        st.sampled_from(["quiet", "--", "xen-pciback.hide", 'x="a b"', "single"]),
    ),
    max_size=4,
).map(" ".join)
pci_key = st.one_of(
    st.none(),
    st.lists(
        st.one_of(
            addresses.map("0/{}".format),
            st.sampled_from(["1/0000:02:00.0", " 0/0000:02:00.1", "junk", "", " "]),
        ),
        max_size=4,
    ).map(",".join),
)


def facts_of(host: object, lines: list[str], key: str | None) -> Facts | None:
    """The facts of a recorded host with words put on its entries and a key on its first VM."""
    assert host in (XAPI_HOST, OLD_HOST)
    recording = XAPI_HOST if host is XAPI_HOST else OLD_HOST
    inventory, pool = recording.inventory, recording.pool
    assert pool is not None
    (text,) = inventory.boot_files
    parts = text.data.split(b"root=LABEL")
    for number, line in enumerate(lines[: len(parts) - 1]):
        parts[number] += line.encode() + b" "
    data = b"root=LABEL".join(parts)
    chosen = next(one for one in pool.vms if one.power_state is PowerState.HALTED)
    edit = VmEdit(chosen.uuid, chosen.name, "other-config:pci", chosen.pci, key)
    pool = vm_edit.after_edits(pool, [edit])
    return put(Facts(inventory, pool, None, None, verify.hide_state(inventory, None), {}), data)


def put(facts: Facts, data: bytes) -> Facts | None:
    """The facts with another boot file; None where it is none."""
    (text,) = facts.inventory.boot_files
    try:
        file = boot.parse(text.path, data)
    except Problem:
        return None
    reading = boot.default_reading(file, file.dialect(facts.inventory.kernel))
    return replace(facts, boot=file, hide=verify.hide_state(facts.inventory, reading))


def after(facts: Facts, found: Diagnosis) -> Facts:
    """The facts once the repair is made."""
    assert facts.pool is not None
    edits = [edit for edit in found.edits if isinstance(edit, VmEdit)]
    facts = replace(facts, pool=vm_edit.after_edits(facts.pool, edits))
    made = put(facts, found.plan.after) if found.plan else facts
    assert made is not None
    return made


@given(
    st.sampled_from([XAPI_HOST, OLD_HOST]), st.lists(words, min_size=1, max_size=5), pci_key
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_one_repair_is_enough(host: object, lines: list[str], key: str | None) -> None:
    facts = facts_of(host, lines, key)
    if facts is None:
        return
    found = examine(facts)
    assert bool(found.curable) is bool(found.changes)
    left = examine(after(facts, found))
    assert () == left.curable
    assert () == left.changes
    codes = {ailment.code for ailment in found.ailments if ailment.cure is None}
    assert {ailment.code for ailment in left.ailments} <= codes | {"device-absent"}
