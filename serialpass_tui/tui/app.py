"""The wizard's app: the one owner of the wizard's state; screens ask it, workers report to it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType

from serialpass_tui.core.job import Goal, Job, booted_since
from serialpass_tui.core.wizard import (
    Bound,
    Finished,
    Moved,
    Picked,
    Rebooted,
    Step,
    Taken,
    VmChosen,
    WentBack,
    WentOn,
    Wizard,
    advance,
    resume,
)
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import replace
from serialpass_tui.term.driver import driver_for
from serialpass_tui.tui import messages, screens
from serialpass_tui.tui.chassis import Chassis
from serialpass_tui.tui.flow import Flow, Sight, Target
from serialpass_tui.tui.screens.base import Frame, WizardScreen
from serialpass_tui.tui.screens.devices import DevicesScreen
from serialpass_tui.tui.screens.problem import ProblemScreen
from serialpass_tui.tui.screens.start import GoingDownScreen, StartScreen, WaitingScreen, at_work
from serialpass_tui.tui.steps import screen_of

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType
    from textual.driver import Driver

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.boot import HidePlan
    from serialpass_tui.core.changes import Change, DriverChange
    from serialpass_tui.core.verify import Standing
    from serialpass_tui.core.wizard import Event
    from serialpass_tui.service import BindPlan, RollbackPlan, Scan, Service
    from serialpass_tui.term.profile import Profile


class WizardApp(Chassis):
    """The wizard over one service."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "go_back"),
        Binding("f1,question_mark", "help"),
        Binding("r", "rollback"),
        Binding("l,f5", "look"),
        Binding("x", "close_job"),
    ]

    def __init__(
        self,
        service: Service,
        *,
        demo: str = "",
        trying: bool = True,
        driver_class: type[Driver] | None = None,
    ) -> None:
        """`trying`: whether a boot entry is tried in one boot first, where that can be had."""
        super().__init__(driver_class)
        self._trying = trying
        self._flow = Flow(service)
        self._left = threading.Event()
        """Whether the operator has left."""
        self._demo = demo
        self._wizard = Wizard()
        self._sight: Sight | None = None
        """What the last worker saw; every one of them brings a new one."""

    # --- the state

    @property
    def _scan(self) -> Scan | None:
        return self._sight.scan if self._sight is not None else None

    @property
    def _job(self) -> Job | None:
        """The wizard's newest job, open or not."""
        return self._sight.job if self._sight is not None else None

    @property
    def _open_job(self) -> Job | None:
        return self._sight.open_job if self._sight is not None else None

    @property
    def _target(self) -> Target:
        return Target(self._wizard.picked, self._wizard.vm, self._job)

    def _advance(self, *events: Event) -> None:
        for event in events:
            self._wizard = advance(self._wizard, event)

    def _forget_job(self) -> None:
        """Stand at the beginning, with nothing chosen."""
        self._advance(Finished())
        if self._sight is not None:
            self._sight = replace(self._sight, job=None)

    def _standings(self) -> tuple[Standing, ...]:
        return self._sight.standings(self._wizard.picked) if self._sight is not None else ()

    # --- starting and ending

    def left_open(self) -> str:
        """Whether an open job waits for the next start."""
        job = self._open_job
        if job is None:
            return ""
        return f"Job {job.id} stays open: the next start takes it up. <q> again quits."

    def begin(self) -> None:
        """Read everything."""
        self.do("Reading the host...", self._flow.begin, self._begin)

    def _begin(self, sight: Sight) -> None:
        """Stand where the work stands."""
        self._sight = sight
        job = self._open_job
        if job is None or sight.other is not None:
            self._wizard = Wizard()
            self._show_step()
            return
        rebooted = booted_since(job, sight.scan.inventory.boot_id)
        self._wizard = resume(job, self._standings_of(job), rebooted=rebooted)
        if job.goal is not Goal.GIVE and not job.awaits_reboot and job.remaining:
            self.show(screens.UnfinishedScreen(self.frame(), job))
            return
        taken_up = f"Job {job.id} goes on where it stands. <r> rolls it back, <x> closes it."
        if self._wizard.vm:
            self._look(taken_up)
        else:
            self._show_step(taken_up)

    def _standings_of(self, job: Job) -> tuple[Standing, ...]:
        self._wizard = Wizard(picked=tuple(device.bdf for device in job.devices))
        return self._standings()

    # --- screens

    def frame(self, notice: str = "") -> Frame:
        """Host and DEMO."""
        if self._scan is None:
            return Frame("", self._demo, notice)
        return Frame(self._scan.inventory.hostname, self._demo, notice, self._scan.toolstack)

    def _show_step(self, notice: str = "") -> None:
        other = self._sight.other if self._sight is not None else None
        notice = notice or at_work(other) or " ".join(self._wizard.skipped)
        try:
            frame = self.frame(notice)
            if self._sight is None:
                self.show(StartScreen(frame))
            else:
                trying = self._trying
                self.show(screen_of(frame, self._wizard, self._sight, self._flow, trying=trying))
        except Problem as problem:
            self._advance(WentBack())
            self.tell_problem(problem)

    # --- keys that are the same everywhere

    def action_go_back(self) -> None:
        """One step back; nothing is undone by that."""
        screen = self.screen
        if isinstance(screen, WizardScreen) and screen.leave_field():
            return
        if isinstance(screen, ProblemScreen):
            self._look()
        elif self.is_above_step:
            self.pop()
        elif isinstance(screen, screens.UnfinishedScreen):
            self._wizard = Wizard()
            self._show_step()
        elif self._wizard.trail:
            self._advance(WentBack())
            self._show_step()
        else:
            self.say("This is the first step. <q> quits.")

    def action_help(self) -> None:
        """Help on this step."""
        screen = self.screen
        if isinstance(screen, WizardScreen) and not isinstance(screen, screens.HelpScreen):
            self.push(screens.HelpScreen(self.frame(), screen.STEP, screen.TOPIC))

    def action_rollback(self) -> None:
        """The jobs, to be taken back."""
        if not isinstance(self.screen, screens.HistoryScreen | screens.UndoScreen | ProblemScreen):
            self.do("Reading the journal...", self._flow.jobs, self._show_jobs)

    def _show_jobs(self, jobs: tuple[Job, ...]) -> None:
        self.push(screens.HistoryScreen(self.frame(), jobs))

    def action_look(self) -> None:
        """Read host and toolstack anew, and stay on this step."""
        if isinstance(self.screen, DevicesScreen):
            self._wizard = replace(self._wizard, picked=self.screen.picked)
        if not self.is_above_step:
            self._look()

    def _look(self, notice: str = "") -> None:
        if self._scan is None:
            self.begin()
            return
        target = self._target

        def show(sight: Sight) -> None:
            self._sight = sight
            self._show_step(notice)

        self.do("Reading the host...", lambda: self._flow.look(target), show)

    def action_close_job(self) -> None:
        """Close the open job as it is."""
        job = self._open_job
        if job is not None and self.confirmed(
            f"Close job {job.id} as it is? Rollback still works. <x> again closes it."
        ):
            self._close(job)

    # --- what the steps ask for

    @on(messages.Ask)
    def _on_ask(self, message: messages.Ask) -> None:
        """Do what a screen asks for, unless other work is under way."""
        if self.is_busy:
            return
        match message:
            case messages.Pick(bdfs=bdfs):
                self._pick(bdfs)
            case messages.WriteEntry(plan=plan):
                self._write_entry(plan)
            case messages.ChooseTrial(trying=trying):
                self._trying = trying
                self._show_step()
            case messages.KeepTrial(changes=changes):
                self._keep_trial(changes)
            case messages.TryAgain():
                self._wizard = replace(self._wizard, step=Step.BOOT, skipped=())
                self._trying = True
                self._show_step()
            case messages.RebootLater():
                self._reboot_later()
            case messages.RebootHost():
                self._reboot_host()
            case messages.ShowTake():
                self._show_take()
            case messages.TakeNow(changes=changes):
                self._take_now(changes)
            case messages.GoOn():
                self._go_on()
            case messages.PickVm(uuid=uuid):
                self._pick_vm(uuid)
            case messages.Bind(plan=plan):
                self._bind(plan)
            case messages.StartVm():
                self._start_vm()
            case messages.Finish():
                self._finish()
            case messages.ShowUndo(job=job):
                self._show_undo(job)
            case messages.Undo(plan=plan):
                self._undo(plan)
            case messages.Continue():
                self._continue()
            case messages.CloseJob(job=job):
                self._close(job)
            case messages.GoBack():
                self.action_go_back()
            case messages.LookAgain():
                self.action_look()
            case messages.ShowJobs():
                self.action_rollback()

    def _pick(self, bdfs: tuple[Bdf, ...]) -> None:
        self._wizard = replace(self._wizard, picked=bdfs)
        self._advance(Picked(self._standings()))
        self._show_step()

    def _write_entry(self, plan: HidePlan) -> None:
        scan, target, tell = self._scan, self._target, self.tell()
        if scan is None:
            return
        if not plan.changed:
            self._go_on_after_entry("")
            return

        def written(sight: Sight) -> None:
            self._sight = sight
            self._go_on_after_entry(screens.written_words(plan))

        self.do(
            f"Writing {plan.path} ...",
            lambda: self._flow.write_entry(scan, target, plan, tell),
            written,
            applying=True,
        )

    def _keep_trial(self, changes: tuple[Change, ...]) -> None:
        target, tell = self._target, self.tell()

        def kept(sight: Sight) -> None:
            self._sight = sight
            self._go_on_after_entry("The default boot entry hides it from now on.")

        self.do(
            "Writing the boot entry ...",
            lambda: self._flow.keep(target, changes, tell),
            kept,
            applying=True,
        )

    def _go_on_after_entry(self, notice: str) -> None:
        self._advance(Moved(self._standings()))
        self._show_step(notice)

    def _reboot_later(self) -> None:
        self.exit(
            int(Exit.DONE),
            message="The boot entry takes effect at the next boot. Reboot this host when it "
            "suits, then start serialpass-tui again: it goes on from there.",
        )

    def _reboot_host(self) -> None:
        scan, target, tell = self._scan, self._target, self.tell()
        if scan is None:
            return

        def back(sight: Sight | None) -> None:
            if sight is None and self._flow.is_afar:
                self._wait_for(scan.inventory.boot_id)
                return
            if sight is None:
                self.show(GoingDownScreen(self.frame()))
                return
            self._sight = sight
            self._advance(Rebooted())
            self._show_step()

        self.do(
            "Disabling the host, then rebooting it ...",
            lambda: self._flow.reboot(scan, target, tell),
            back,
            applying=True,
        )

    def _wait_for(self, before: str) -> None:
        """Wait until the host has left that boot, then stand where a fresh start does."""
        left = self._left
        self.show(WaitingScreen(self.frame()))

        def back(sight: Sight | None) -> None:
            if sight is not None:
                self._begin(sight)

        self.do(
            "Waiting until the host is up again ...",
            lambda: self._flow.wait_for_boot(
                before, left, lambda words: self.post_message(messages.Progressed(words))
            ),
            back,
        )

    def exit(
        self,
        result: int | None = None,
        return_code: int = 0,
        message: RenderableType | None = None,
    ) -> None:
        """End, and wait for no host any more."""
        self._left.set()
        super().exit(result, return_code, message)

    def _show_take(self) -> None:
        target = self._target

        def show(planned: tuple[Sight, tuple[DriverChange, ...], str]) -> None:
            sight, changes, undo = planned
            if changes:
                self._sight = sight
                self.push(screens.TakeScreen(self.frame(), sight.scan, target.bdfs, changes, undo))
            else:
                self._taken(sight)

        self.do("Looking at the drivers ...", lambda: self._flow.plan_take(target), show)

    def _take_now(self, changes: tuple[DriverChange, ...]) -> None:
        scan, target, tell = self._scan, self._target, self.tell()
        if scan is None:
            return
        self.do(
            "Giving it to pciback ...",
            lambda: self._flow.take(scan, target, changes, tell),
            self._taken,
            applying=True,
        )

    def _taken(self, sight: Sight) -> None:
        self._sight = sight
        self._advance(Taken(self._standings()))
        skipped = " ".join(self._wizard.skipped)
        self._show_step(skipped or "pciback has the devices now; the driver link was read back.")

    def _go_on(self) -> None:
        if screens.is_giving(self._job):
            self._advance(WentOn(self._standings()))
        else:
            self._forget_job()
        self._show_step()

    def _pick_vm(self, uuid: str) -> None:
        scan, target = self._scan, self._target
        if scan is None:
            return
        self._advance(VmChosen(uuid))
        self.do(
            "Reading the VM...",
            lambda: self._flow.plan_bind(scan, target, uuid),
            lambda planned: self.push(screens.BindScreen(self.frame(), *planned)),
        )

    def _bind(self, plan: BindPlan) -> None:
        scan, target, tell = self._scan, self._target, self.tell()
        if scan is None:
            return

        kept = "file" if plan.vm.config else "keys"
        verb = "is" if plan.vm.config else "are"

        def bound(sight: Sight) -> None:
            self._sight = sight
            self._advance(Bound())
            self._show_step(
                f"The VM's {kept} {verb} written, and read back." if plan.changes else ""
            )

        self.do(
            f"Writing the VM's {kept} ...",
            lambda: self._flow.bind(scan, target, plan, tell),
            bound,
            applying=True,
        )

    def _start_vm(self) -> None:
        scan, target, tell = self._scan, self._target, self.tell()
        if scan is None:
            return

        def started(sight: Sight) -> None:
            self._sight = sight
            self._show_step()

        self.do(
            "Starting the VM ...",
            lambda: self._flow.start_vm(scan, target, tell),
            started,
            applying=True,
        )

    def _finish(self) -> None:
        job = self._open_job

        def finished(_sight: Sight) -> None:
            self.exit(
                int(Exit.DONE),
                message="Done. `serialpass-tui status` looks again, "
                "`serialpass-tui rollback` takes it back.",
            )

        self.do("Closing the job ...", lambda: self._flow.finish(job), finished, applying=True)

    # --- rollback and interrupted jobs

    def _show_undo(self, job: Job) -> None:
        self.do(
            "Looking what the undo changes ...",
            lambda: self._flow.plan_undo(job),
            lambda planned: self.push(screens.UndoScreen(self.frame(), *planned)),
        )

    def _undo(self, plan: RollbackPlan) -> None:
        tell = self.tell()
        self.do(
            "Rolling back ...",
            lambda: self._flow.undo(plan, tell),
            lambda sight: self._after_job(sight, f"Job {plan.job.id} is rolled back."),
            applying=True,
        )

    def _continue(self) -> None:
        job, tell = self._open_job, self.tell()
        if job is not None:
            self.do(
                "Going on ...",
                lambda: self._flow.resume(job, tell),
                lambda sight: self._after_job(sight, f"Job {job.id} went on."),
                applying=True,
            )

    def _close(self, job: Job) -> None:
        def closed(sight: Sight) -> None:
            self._begin(sight)

        self.do("Closing the job ...", lambda: self._flow.finish(job), closed, applying=True)

    def _after_job(self, sight: Sight, words: str) -> None:
        """A job ran outside the five steps: begin anew, or ask for the reboot that it needs."""
        self._sight = sight
        job = self._open_job
        if job is not None and job.awaits_reboot:
            self._wizard = resume(job, self._standings_of(job), rebooted=False)
            self._show_step(f"{words} One reboot is still needed: then dom0 has it again.")
            return
        self._forget_job()
        self._show_step(words)


def run_wizard(
    service: Service,
    terminal: Profile,
    *,
    demo: str = "",
    answers: Path | None = None,
    trying: bool = True,
) -> int:
    """Run the wizard on a terminal, which is standard input and output; its exit status.

    With `answers`, a scripted run plays through the real screens without a person.

    Raises:
        Problem: the answers cannot be read.
    """
    app = WizardApp(service, demo=demo, trying=trying, driver_class=driver_for(terminal))
    if answers is not None:
        from serialpass_tui.tui.answers import load, play

        return play(app, load(answers, demo))
    status = app.run(mouse=False)
    return int(Exit.BUG) if status is None else status
