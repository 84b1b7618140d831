"""The edits of a VM's keys that give it a PCI device, or take it away.

XAPI knows neither serial cards nor USB controllers as PCI objects (it keeps classes 01, 02 and 03
only, xapi-project/xen-api ocaml/xapi/xapi_pci.ml), so it neither blocks migration and suspend of
such a VM nor keeps it on this host: blocked_operations and affinity do.
"""

from __future__ import annotations

from serialpass_tui.core.changes import GuestEdit, VmEdit
from serialpass_tui.core.vm import BLOCKED_OPERATIONS, parse_pci, read_item
from serialpass_tui.core.xl_config import read as read_config
from serialpass_tui.lazy import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.pool import Pool, Vm

BLOCKED_TEXT = "serialpass-tui: physical PCI device"
"""The reason that XAPI shows; by it the tool knows its own blocks again."""


def merge_pci(value: str | None, add: Iterable[Bdf]) -> str:
    """The value with the devices of `add` in it, each once.

    Items that are there stay as they are written, in their order and with their numbers: they
    belong to somebody else. The number 0 is what the toolstacks write; XAPI takes it as an order
    of plugging.
    """
    value = value or ""
    present = set(parse_pci(value))
    new = [bdf for bdf in dict.fromkeys(add) if bdf not in present]
    if not new:
        return value
    items = [item for item in value.split(",") if item]
    return ",".join([*items, *(f"0/{bdf}" for bdf in new)])


def remove_pci(value: str, bdfs: Iterable[Bdf]) -> str | None:
    """The value without the devices of `bdfs`; None where the key must go.

    An empty value is not the same as none: the key's presence alone switches passthrough on for
    a PV guest (xapi-project/xen-api ocaml/xapi/xapi_xenops.ml). Items that only blanks keep XAPI
    from reading go too: they mean the same device.
    """
    gone = set(bdfs)
    items = [item for item in value.split(",") if item]
    kept = [item for item in items if read_item(item.strip()) not in gone]
    if len(kept) == len(items):
        return value
    return ",".join(kept) or None


def bind_edits(vm: Vm, host_uuid: str, bdfs: Sequence[Bdf]) -> tuple[VmEdit, ...]:
    """The edits that give the VM the devices; none where all is set already.

    The device comes last: whoever is interrupted before it leaves a VM that merely stays on this
    host, never one that takes another host's device at the same address.
    """
    if not bdfs:
        return ()
    blocked = dict(vm.blocked_operations)
    edits = [VmEdit(vm.uuid, vm.name, "affinity", vm.affinity or None, host_uuid)]
    edits += [
        VmEdit(vm.uuid, vm.name, f"blocked-operations:{name}", None, BLOCKED_TEXT)
        for name in BLOCKED_OPERATIONS
        if name not in blocked
    ]
    edits.append(VmEdit(vm.uuid, vm.name, "other-config:pci", vm.pci, merge_pci(vm.pci, bdfs)))
    return tuple(edit for edit in edits if edit.after and edit.before != edit.after)


def unbind_edits(vm: Vm, bdfs: Sequence[Bdf]) -> tuple[VmEdit, ...]:
    """The edits that take the devices from the VM; none where it has none of them.

    With the last device the blocks that the tool set go as well. Affinity stays: nobody can tell
    any more whether the operator has come to want it.
    """
    if vm.pci is None:
        return ()
    left = remove_pci(vm.pci, bdfs)
    edits = []
    if left != vm.pci:
        edits.append(VmEdit(vm.uuid, vm.name, "other-config:pci", vm.pci, left))
    if edits and not parse_pci(left or ""):
        edits += [
            VmEdit(vm.uuid, vm.name, f"blocked-operations:{name}", text, None)
            for name, text in vm.blocked_operations
            if name in BLOCKED_OPERATIONS and text == BLOCKED_TEXT
        ]
    return tuple(edits)


def after_edits(pool: Pool, edits: Iterable[VmEdit | GuestEdit]) -> Pool:
    """The pool as it will be once these edits of VMs' devices are made.

    An operator who goes back and chooses another VM must not be told that the first one has the
    device: its keys are taken back in the same step.
    """
    values: dict[str, str | None] = {}
    for edit in edits:
        if isinstance(edit, GuestEdit):
            devices = read_config(edit.after).devices
            values[edit.uuid] = merge_pci(None, devices) or None
        elif edit.key == "other-config:pci":
            values[edit.uuid] = edit.after
    return replace(pool, vms=tuple(_with_pci(vm, values.get(vm.uuid, vm.pci)) for vm in pool.vms))


def _with_pci(vm: Vm, value: str | None) -> Vm:
    if value == vm.pci:
        return vm
    config = {key: held for key, held in vm.other_config if key != "pci"}
    if value is not None:
        config["pci"] = value
    return replace(vm, other_config=tuple(config.items()))
