"""What a boot file says of the next boot, and of this one: for who looks and edits nothing."""

from __future__ import annotations

from serialpass_tui.core.boot import once
from serialpass_tui.core.boot.model import TRIAL_LABEL
from serialpass_tui.core.kernel_args import words
from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.core.boot.model import BootFile, Entry
    from serialpass_tui.core.hide_list import Dialect, Reading
    from serialpass_tui.core.inventory import BootStore, Inventory

EDITED_LABELS = ("xe", "xe-serial")
MARKER = "serialpass.trial"
"""The word on dom0's command line that tells a trial boot.

A name with a dot belongs to a module: the kernel passes over one that no module knows, and hands
it to no init (Linux init/main.c unknown_bootoption).
"""


def edited_entries(boot: BootFile) -> tuple[Entry, ...]:
    """The entries whose list this tool writes: xe, xe-serial and the default entry."""
    return tuple(
        entry
        for entry in boot.entries
        if entry.has_xen
        and not entry.is_rescue
        and not entry.is_trial
        and (entry.label in EDITED_LABELS or _is_default(boot, entry))
    )


def _is_default(boot: BootFile, entry: Entry) -> bool:
    """Whether it boots by default; extlinux goes by the label, which may be there twice."""
    if boot.loader == "extlinux" and boot.default is not None:
        return entry.label == boot.default.label
    return entry.is_default


def shown_entry(boot: BootFile, targets: tuple[Entry, ...]) -> Entry:
    """The entry that a plan speaks of: the default, or the first one edited.

    Raises:
        Problem: `no-entry-to-edit`.
    """
    if boot.default is not None and boot.default.has_xen:
        return boot.default
    if targets:
        return targets[0]
    labels = ", ".join(printable(entry.known_as, 60) for entry in boot.entries)
    raise Problem(
        Exit.REFUSED,
        "no-entry-to-edit",
        f"{printable(boot.path)} has no entry that boots Xen as xe, xe-serial or by default "
        f"(it has: {labels}).",
        remedy="Is this the boot file of a Xen host? Check its default entry.",
    )


def default_reading(boot: BootFile, dialect: Dialect) -> Reading | None:
    """What the kernel will make of the entry that boots unattended; None where none boots Xen."""
    targets = edited_entries(boot)
    if not targets and (boot.default is None or not boot.default.has_xen):
        return None
    return shown_entry(boot, targets).reading(dialect)


def is_trial_boot(cmdline: str) -> bool:
    """Whether a kernel with this command line was started by a trial entry."""
    return any(word.name == MARKER for word in words(cmdline))


def trial_entry(boot: BootFile) -> Entry | None:
    """The trial entry of a boot file, None where it has none."""
    return next((entry for entry in boot.entries if entry.is_trial), None)


def store_of(boot: BootFile, inventory: Inventory) -> BootStore | None:
    """Where the loader of this boot file keeps what it boots once."""
    return next((item for item in inventory.boot_stores if item.boot_file == boot.path), None)


def is_trying(boot: BootFile, inventory: Inventory) -> bool:
    """Whether this boot is a trial on which nobody has decided yet."""
    return is_trial_boot(inventory.cmdline) and trial_entry(boot) is not None


def next_trial(boot: BootFile, inventory: Inventory, dialect: Dialect) -> Reading | None:
    """What the trial entry hides, if it is the one that boots next."""
    entry = trial_entry(boot)
    if entry is None or not is_ordered(boot, inventory):
        return None
    return entry.reading(dialect)


def is_ordered(boot: BootFile, inventory: Inventory) -> bool:
    """Whether the loader is to boot a trial entry once."""
    store = store_of(boot, inventory)
    return store is not None and once.armed(boot.loader, store.data) == TRIAL_LABEL
