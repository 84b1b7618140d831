"""Which screen each step of the wizard shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serialpass_tui.core.trial import Stage
from serialpass_tui.core.wizard import Step, Wizard
from serialpass_tui.errors import Problem
from serialpass_tui.tui import screens
from serialpass_tui.tui.flow import Flow, Sight, without_job
from serialpass_tui.tui.screens.devices import DevicesScreen

if TYPE_CHECKING:
    from serialpass_tui.core.boot import HidePlan
    from serialpass_tui.tui.screens.base import Frame, WizardScreen


def screen_of(
    frame: Frame, wizard: Wizard, sight: Sight, flow: Flow, *, trying: bool
) -> WizardScreen:
    """The screen of the step; pure but for the plan, which is computed from what was read.

    `trying`: whether a boot entry is tried in one boot first.

    Raises:
        Problem: what the step needs is not there.
    """
    scan = sight.scan
    match wizard.step:
        case Step.DEVICES:
            return DevicesScreen(frame, scan, wizard.picked, sight.repairs)
        case Step.BOOT:
            plan = flow.plan_hide(scan, wizard.picked)
            findings, undo = scan.findings(wizard.picked), flow.undo_place()
            return screens.BootEntryScreen(frame, plan, findings, undo, trying=trying)
        case Step.REBOOT:
            return screens.RebootScreen(frame, scan, _plan(wizard, sight, flow), sight.open_job)
        case Step.HIDDEN:
            stage = scan.trial(sight.open_job)
            if sight.open_job is not None and stage is Stage.RUNNING:
                kept, undo = flow.plan_keep(scan, sight.open_job), flow.undo_place(sight.open_job)
                return screens.TrialScreen(frame, sight.open_job, sight.checks, kept, undo)
            if sight.open_job is not None and stage is Stage.RETURNED:
                return screens.ReturnedScreen(frame, sight.open_job)
            return screens.HiddenScreen(frame, sight.standings(wizard.picked), sight.job)
        case Step.VM:
            pool = scan.require_pool()
            judged = without_job(pool, sight.job)
            return screens.VmScreen(frame, pool, judged, wizard.picked, wizard.vm)
        case Step.CHECK:
            vm = scan.pool.vm(wizard.vm) if scan.pool is not None else None
            return screens.CheckScreen(frame, vm, sight.checks)


def _plan(wizard: Wizard, sight: Sight, flow: Flow) -> HidePlan | None:
    """The boot entry's plan for its words about the rescue entry; not for an undo."""
    if not screens.is_giving(sight.open_job):
        return None
    try:
        return flow.plan_hide(sight.scan, wizard.picked)
    except Problem:
        return None
