"""What any app of this kind needs: one errand at a time in a thread, screens, a safe way out."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from pkgutil import get_data
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on, work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.geometry import Offset
from textual.widgets import Input

from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.term.driver import ConsoleDriver
from serialpass_tui.tui import messages
from serialpass_tui.tui.screens.base import Frame, WizardScreen
from serialpass_tui.tui.screens.problem import ProblemScreen, bug
from serialpass_tui.tui.screens.start import StartScreen
from serialpass_tui.tui.widgets.painted import Painted

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.driver import Driver

    from serialpass_tui.core.changes import Change

T = TypeVar("T")

_LOG = logging.getLogger(__name__)

_TELL_EVERY = 1.0
"""Seconds between two words of progress: each costs a slow line a tenth of a second."""

_HEADLINE = Offset(1, 2)
"""Where a screen without a focus begins to be read."""

_READ_AT_ONCE = 0.2
"""Seconds for which reading the host needs no word: a person hardly sees a screen so short, and
painting it costs the processor and the line as much as the one that follows it."""

_STEP_DEPTH = 2
"""How deep a step lies in the stack of screens: above Textual's empty one, below help and problems.
"""


def _let_run(_change: object) -> None:
    """Let a change of screens run by itself: waiting for it would stop the queue that it needs."""


class Chassis(App[int], inherit_bindings=False):
    """The app without the wizard; its result is the exit status.

    The bindings of Textual's own app are left out: its Ctrl-Q is XON, which serial lines send.
    """

    TITLE = "serialpass-tui"
    CSS = (get_data("serialpass_tui.tui", "style.tcss") or b"").decode()
    """As data of the package: a path would have to be a file, which it is not in an archive."""
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,ctrl+c", "quit"),
        Binding("ctrl+l", "repaint"),
        Binding("ctrl+z", "suspend_process"),
        # First here, not at the widget with the focus: letters typed ahead, in the same packet or
        # on a slow console, belong to the field behind the Tab, and some are keys of their own.
        Binding("tab", "focus_next", priority=True),
        Binding("shift+tab", "focus_previous", priority=True),
    ]

    def __init__(self, driver_class: type[Driver] | None = None) -> None:
        super().__init__(driver_class, ansi_color=True)
        self._busy = ""
        self._applying = False
        self._quit_status: int | None = None
        """The status to end with as soon as the change under way is whole."""
        self._met_bug = False

    # --- what the wizard says

    def frame(self, notice: str = "") -> Frame:
        """What every screen says of where the operator is."""
        raise NotImplementedError

    def left_open(self) -> str:
        """What to tell before quitting; empty: nothing is left open."""
        raise NotImplementedError

    def begin(self) -> None:
        """Do the first errand."""
        raise NotImplementedError

    # --- starting and ending

    def on_load(self) -> None:
        """From now on, before the terminal is taken, a hang-up waits until a change is whole."""
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT):
            asyncio.get_running_loop().add_signal_handler(number, self._hang_up, 128 + number)

    def on_mount(self) -> None:
        """Read the host; a host that is read at once needs no screen that says so."""
        self.begin()
        self.set_timer(_READ_AT_ONCE, self._show_start)

    def _show_start(self) -> None:
        if len(self.screen_stack) < _STEP_DEPTH and self.is_busy:
            screen = StartScreen(self.frame())
            screen.say(self._busy)
            self.push(screen)

    def _hang_up(self, status: int) -> None:
        if self._applying:
            self._quit_status = status
        else:
            self.exit(status)

    async def action_quit(self) -> None:
        """Quit; not in the middle of a change, and not without a word about an open job."""
        if self._applying:
            self._quit_status = int(Exit.DONE)
            self.say("A change is being applied: the tool quits when it is whole.")
            return
        left = self.left_open()
        if not left or self.confirmed(left):
            self.exit(int(Exit.BUG if self._met_bug else Exit.DONE))

    def _handle_exception(self, error: Exception) -> None:
        """End without a traceback over the operator's console; tests see the error itself.

        Textual has no public hook for an error in a handler.
        """
        if self.is_headless:
            super()._handle_exception(error)
            return
        _LOG.error("the wizard failed", exc_info=error)
        self.exit(
            int(Exit.BUG),
            message=f"serialpass-tui ended by a mistake of its own: {type(error).__name__}. "
            "What it did is in the journal: start it again, or see `serialpass-tui history`.",
        )

    def action_repaint(self) -> None:
        """Paint everything anew: kernel messages scribble over consoles."""
        self.screen.refresh(layout=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While work is under way, only quitting and repainting do something."""
        always = {"quit", "repaint"}
        small = isinstance(self.screen, WizardScreen) and self.screen.has_class("small")
        if (self._busy or small) and action not in always:
            return False
        return super().check_action(action, parameters)

    def confirmed(self, question: str) -> bool:
        """Whether the question was on the screen already when the key came once more."""
        if not isinstance(self.screen, WizardScreen):
            return True
        if self.screen.said == question:
            return True
        self.say(question)
        return False

    @property
    def is_busy(self) -> bool:
        """Whether work is under way whose end will change the screen."""
        return bool(self._busy)

    @property
    def cursor_position(self) -> Offset:
        """Where the terminal's cursor belongs: at the focus, or at the headline.

        Textual keeps a place that widgets set; it would be stale where a screen is laid out after
        its widget got the focus, and where the next screen has none.
        """
        focused = self.screen.focused
        if isinstance(focused, Painted):
            return focused.region.offset + focused.pointed
        if isinstance(focused, Input):
            # Textual names the cell behind the one in which the next letter appears at the end.
            return focused.cursor_screen_offset - Offset(int(focused.cursor_at_end), 0)
        return _HEADLINE

    @cursor_position.setter
    def cursor_position(self, _place: Offset) -> None:
        """Textual's fields set it; they are asked when it is needed."""

    # --- workers

    def do(
        self,
        doing: str,
        errand: Callable[[], T],
        then: Callable[[T], None],
        *,
        applying: bool = False,
    ) -> None:
        """Run an errand in a thread, then draw the conclusion here; one at a time."""
        if self._busy:
            return
        self._busy, self._applying = doing, applying
        if applying and isinstance(self._driver, ConsoleDriver):
            self._driver.hold_stop()
        self.say(doing)
        self._run_errand(errand, then)

    @work(thread=True, exclusive=True, exit_on_error=False, group="errand")
    def _run_errand(self, errand: Callable[[], T], then: Callable[[T], None]) -> None:
        try:
            found = errand()
        except Problem as problem:
            self.post_message(messages.Failed(problem))
        except Exception as error:
            _LOG.exception("an errand of the wizard failed")
            self.post_message(messages.Failed(bug(error)))
        else:
            self.post_message(messages.Ended(lambda: then(found)))

    def tell(self) -> Callable[[Change, float], None]:
        """What an errand reports its progress with, from its thread."""
        last = 0.0

        def told(change: Change, done: float) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= _TELL_EVERY:
                last = now
                words = printable(change.describe())
                percent = f" {done:.0%}".replace("%", " %") if done else ""
                words = f"{words[:1].upper()}{words[1:]} ...{percent}"
                self.post_message(messages.Progressed(words))

        return told

    def _rest(self) -> None:
        """The errand is over."""
        self._busy, self._applying = "", False
        if self._quit_status is None and isinstance(self._driver, ConsoleDriver):
            self._driver.release_stop()  # what is to end does not stop before
        self.say("")

    @on(messages.Ended)
    def _on_ended(self, message: messages.Ended) -> None:
        self._rest()
        if self._quit_status is not None:
            self.exit(self._quit_status)
        else:
            message.then()

    @on(messages.Failed)
    def _on_failed(self, message: messages.Failed) -> None:
        self._rest()
        problem = message.problem
        if self._quit_status is not None:
            told = (problem.summary, problem.state, problem.remedy)
            self.exit(int(problem.exit_status), message=printable(" ".join(told)))
        else:
            self.tell_problem(problem)

    @on(messages.Progressed)
    def _on_progressed(self, message: messages.Progressed) -> None:
        if self._busy:
            self.say(message.words)

    # --- screens

    @property
    def is_above_step(self) -> bool:
        """Whether help, a problem or a preview lies above the step."""
        return len(self.screen_stack) > _STEP_DEPTH

    def push(self, screen: WizardScreen) -> None:
        """Put a screen above the step."""
        _let_run(self.push_screen(screen))

    def pop(self) -> None:
        """Take the topmost screen away."""
        _let_run(self.pop_screen())

    def say(self, words: str) -> None:
        """Show a word in the status line."""
        if isinstance(self.screen, WizardScreen) and self.screen.is_mounted:
            self.screen.say(words)

    def show(self, screen: WizardScreen) -> None:
        """Put a step on the screen, in place of whatever is there."""
        with self.batch_update():
            while self.is_above_step:
                _let_run(self.pop_screen())
            if len(self.screen_stack) < _STEP_DEPTH:
                _let_run(self.push_screen(screen))
            else:
                _let_run(self.switch_screen(screen))

    def tell_problem(self, problem: Problem) -> None:
        """Show a problem as a screen."""
        self._met_bug = self._met_bug or problem.exit_status is Exit.BUG
        _let_run(self.push_screen(ProblemScreen(self.frame(), problem)))
