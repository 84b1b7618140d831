"""The plan of a trial boot: what is written for it, and why it may not be had."""

from __future__ import annotations

from serialpass_tui.core.boot import once
from serialpass_tui.core.boot.edit import Companion, TrialPlan
from serialpass_tui.core.boot.locate import UDEV_RULE
from serialpass_tui.core.boot.model import TRIAL_LABEL
from serialpass_tui.core.boot.outlook import store_of
from serialpass_tui.core.boot.trial import (
    no_trial,
    with_trial,
    without_trial,
)
from serialpass_tui.core.changes import BootOnce, FileEdit
from serialpass_tui.errors import Problem
from serialpass_tui.lazy import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from serialpass_tui.core.boot.edit import HidePlan
    from serialpass_tui.core.boot.model import BootFile
    from serialpass_tui.core.inventory import HostFacts, Inventory


def with_trial_plan(
    plan: HidePlan,
    boot: BootFile,
    inventory: Inventory,
    host: HostFacts,
    watch: Sequence[Companion] = (),
) -> HidePlan:
    """The plan with the same as a trial, or with the reason why there can be none.

    `host` is how the host is now, and `watch` what is to tell of the trial boot.
    """
    if not plan.entry_changed or plan.future.value == plan.today.value:
        return plan
    try:
        return replace(plan, trial=_trial(plan, boot, inventory, host, watch))
    except Problem as problem:
        return replace(plan, no_trial=problem.summary)


def _trial(
    plan: HidePlan,
    boot: BootFile,
    inventory: Inventory,
    host: HostFacts,
    watch: Sequence[Companion],
) -> TrialPlan:
    store = store_of(boot, inventory)
    why = once.obstacle(boot, store)
    if store is None or why:
        raise no_trial(why)
    after = with_trial(without_trial(boot), plan.future.groups, plan.dialect)
    entry = next(entry for entry in after.entries if entry.is_trial)
    edits = [item for item in plan.companions if item.edit.path == UDEV_RULE]
    edits += watch
    if boot.loader == "grub" and store.data is None:
        edits.append(
            Companion(
                FileEdit(store.path, None, once.EMPTY_BLOCK),
                "GRUB can write in this file at boot, and make none.",
            )
        )
    if after.data != boot.data:
        edits.append(
            Companion(
                FileEdit(boot.path, boot.data, after.data),
                "It is booted once; the default entry stays as it is until you keep the trial.",
            )
        )
    order = BootOnce(boot.loader, store.path, "", TRIAL_LABEL, inventory.boot_id, host)
    return TrialPlan(entry, tuple(edits), order)


def clearing(boot: BootFile, inventory: Inventory) -> BootOnce | None:
    """What ends a trial: the order to boot its entry is void, whether it was carried out or not."""
    store = store_of(boot, inventory)
    if store is None:
        return None
    return BootOnce(boot.loader, store.path, TRIAL_LABEL, "", inventory.boot_id)
