"""What a list of changes would give away, held to the safety rules whoever planned the list.

A plan was judged when it was made. The undo of an unhide hides again, the undo of an unbind gives
again, and a job taken up after days does what was right when it was opened: none of them may cost
the host what it has come to need since.
"""

from __future__ import annotations

from serialpass_tui.core import boot, hide_list, safety, vm, vm_edit
from serialpass_tui.core.changes import DriverChange, FileEdit, GuestEdit, VmEdit, VmPower
from serialpass_tui.core.inventory import PCIBACK
from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.xl_config import read as read_config
from serialpass_tui.errors import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.changes import Change
    from serialpass_tui.core.inventory import Inventory
    from serialpass_tui.core.pool import Pool
    from serialpass_tui.core.safety import Finding

PCI_KEY = "other-config:pci"


def gives(change: Change) -> bool:
    """Whether a change can take a device from dom0, now or at the next boot."""
    if isinstance(change, VmEdit):
        return change.key == PCI_KEY and change.after is not None
    if isinstance(change, DriverChange):
        return change.after == PCIBACK
    return isinstance(change, FileEdit | GuestEdit) or _is_start(change)


def findings(
    inventory: Inventory, pool: Pool | None, changes: Sequence[Change]
) -> tuple[Finding, ...]:
    """What speaks against the devices that `changes` hide, bind to a VM, or start a VM with."""
    found: list[Finding] = []
    after = pool and vm_edit.after_edits(
        pool, [c for c in changes if isinstance(c, VmEdit | GuestEdit)]
    )
    for change in changes:
        # Where no device answers there is nothing to lose: a device list is put back as it was.
        bdfs = [bdf for bdf in taken(inventory, after, change) if inventory.function(bdf)]
        if not bdfs:
            continue
        found += safety.findings(
            inventory, pool, bdfs, now=isinstance(change, VmPower | DriverChange)
        )
        chosen = after.vm(change.uuid) if after and isinstance(change, VmEdit | GuestEdit) else None
        if after and chosen:
            found += safety.vm_findings(after, chosen, bdfs)
    return tuple(found)


def taken(inventory: Inventory, pool: Pool | None, change: Change) -> tuple[Bdf, ...]:
    """The functions that one change takes from dom0, which had them before it.

    A VM's start counts because XAPI unbinds whatever driver has the device (xapi-project/xen-api
    ocaml/xenopsd/xc/device.ml, PCI.bind); `pool` has the keys with which the VM will start.
    """
    if isinstance(change, FileEdit):
        before = _hidden(inventory, change.path, change.before)
        after = _hidden(inventory, change.path, change.after, trial=True)
        return tuple(sorted(after - before))
    if isinstance(change, GuestEdit):
        had = read_config(change.before).devices
        return tuple(bdf for bdf in read_config(change.after).devices if bdf not in had)
    if isinstance(change, VmEdit) and change.key == PCI_KEY:
        held = vm.parse_pci(change.before or "")
        return tuple(bdf for bdf in vm.parse_pci(change.after or "") if bdf not in held)
    if isinstance(change, DriverChange):
        return (change.bdf,) if change.after == PCIBACK != change.before else ()
    chosen = pool.vm(change.uuid) if pool and isinstance(change, VmPower) else None
    if chosen is None or not _is_start(change):
        return ()
    functions = map(inventory.function, vm.parse_pci(chosen.pci or ""))
    return tuple(f.bdf for f in functions if f is not None and f.driver != PCIBACK)


def _is_start(change: Change) -> bool:
    return isinstance(change, VmPower) and change.after is PowerState.RUNNING


def _hidden(
    inventory: Inventory, path: str, data: bytes | None, *, trial: bool = False
) -> frozenset[Bdf]:
    """What the default entry of these bytes hides; nothing where they are no boot file.

    With `trial` what the entry hides that may be booted once, too.
    """
    if data is None or path not in boot.CANDIDATE_PATHS:
        return frozenset()
    dialect = hide_list.dialect_for(inventory.kernel)
    try:
        file = boot.parse(path, data)
        default = boot.default_reading(file, dialect)
    except Problem:
        return frozenset()
    once = boot.trial_entry(file) if trial else None
    readings = (default, once.reading(dialect) if once is not None else None)
    return frozenset().union(
        *(hide_list.hidden(item, inventory.pci) for item in readings if item is not None)
    )
