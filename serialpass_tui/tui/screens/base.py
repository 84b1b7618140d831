"""What all screens share: title, headline, notice, body, status, keys, each at its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen

from serialpass_tui.core.text import printable
from serialpass_tui.core.wizard import STEPS, Step
from serialpass_tui.lazy import frozen
from serialpass_tui.tui import messages
from serialpass_tui.tui.lines import Ink, Line, fact
from serialpass_tui.tui.widgets.bar import Bar, keys_line
from serialpass_tui.tui.widgets.choices import Choice  # noqa: TC001 (Textual reads the handler's hint)
from serialpass_tui.tui.widgets.pager import Pager

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Resize
    from textual.widget import Widget

Keys = tuple[tuple[str, str], ...]
"""Keys with what they do, for the key bar."""

WIDTH, HEIGHT = 80, 24
"""The least size that the screens are made for: a text console and a serial terminal."""

_TOO_SMALL = (
    Line("This terminal is too small."),
    Line(f"{WIDTH} columns and {HEIGHT} lines are needed. Enlarge it, or <q> quits."),
)

COMMON_KEYS: Keys = (("Esc", "back"), ("?", "help"), ("r", "rollback"), ("q", "quit"))


@frozen
class Frame:
    """What every screen says of where the operator is."""

    host: str
    demo: str = ""
    notice: str = ""
    """One line below the headline: what was skipped, resumed or done."""
    toolstack: str = "xapi"
    """What owns the VMs, xapi or xl, for the help."""

    def title(self, place: str) -> tuple[str, str]:
        """The two ends of the title bar."""
        host = f" host {printable(self.host, 24)}  " if self.host else ""
        return f" serialpass-tui  {place}", f"{host}{'DEMO ' if self.demo else ''}"


def place_of(step: Step) -> str:
    """Which step of how many."""
    return f"Step {step.number} of {STEPS}: {step.value}"


def by_shell(undo: str, *, back: bool = False) -> Line:
    """Where the way back lies for a shell without this tool; `back`: what is shown is that way."""
    return fact("By shell", f"{printable(undo)} {'does the same' if back else 'undoes it'}.")


class WizardScreen(Screen[None]):
    """A screen of the wizard.

    Up, Down, PgUp and PgDn move the pager of the screen wherever the focus is, so that a text is
    read without leaving the choices below it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "read('line', -1)"),
        Binding("down", "read('line', 1)"),
        Binding("pageup", "read('page', -1)"),
        Binding("pagedown", "read('page', 1)"),
        Binding("home", "read('all', -1)"),
        Binding("end", "read('all', 1)"),
    ]
    AUTO_FOCUS = "Choice"
    STEP: ClassVar[Step | None] = None
    """The step whose help belongs to this screen; None: the general help."""
    TOPIC: ClassVar[str] = ""
    """The heading of the screen's own help, where it has one."""

    def __init__(self, frame: Frame, place: str, headline: str) -> None:
        super().__init__()
        self.frame, self._place, self._headline = frame, place, headline
        self._held: Widget | None = None
        # Kept, not looked up: a message may arrive when the screen is already being taken apart.
        self._status = Bar("", ink=Ink.STRONG, name="status")

    def compose(self) -> ComposeResult:
        """The parts that are the same everywhere, and the body between them."""
        yield Bar(*self.frame.title(self._place), name="title")
        yield Bar(self._headline, ink=Ink.HEAD, name="headline")
        yield Bar(self.frame.notice, ink=Ink.PLAIN, name="notice")
        with Vertical(id="body"):
            yield from self.body()
        yield self._status
        yield Bar(keys_line(self.keys()), name="keys")
        yield Pager(_TOO_SMALL, name="too-small")

    def body(self) -> ComposeResult:
        """What is between notice and status line."""
        raise NotImplementedError

    def keys(self) -> Keys:
        """The keys that the key bar names."""
        return COMMON_KEYS

    def say(self, words: str, ink: Ink = Ink.STRONG) -> None:
        """Show a word in the status line."""
        self._status.say(words, ink)

    @property
    def said(self) -> str:
        """The word in the status line."""
        return self._status.said

    def gap(self) -> Bar:
        """A blank line of the body."""
        return Bar("", ink=Ink.PLAIN)

    def on_resize(self, event: Resize) -> None:
        """Below the least size say so, and stand again as before when there is room."""
        small = event.size.width < WIDTH or event.size.height < HEIGHT
        if small and not self.has_class("small"):
            self._held = self.focused
        self.set_class(small, "small")
        if not small and self._held is not None:
            held, self._held = self._held, None
            self.call_after_refresh(held.focus)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """No key acts on what is not seen."""
        if self.has_class("small"):
            return False
        return super().check_action(action, parameters)

    def action_read(self, unit: str, by: int) -> None:
        """Move the text of this screen."""
        for pager in self.query("#body Pager").results(Pager):
            pager.read(unit, by)
            break

    def on_choice_pressed(self, event: Choice.Pressed) -> None:
        """A choice at the foot was taken."""
        event.stop()
        self.choose(event.key)

    def choose(self, key: str) -> None:
        """What a choice does; `back` is the same everywhere."""
        if key == "back":
            self.go_back()

    def go_back(self) -> None:
        """What Esc does, said by the screen: by default the app leads one step back."""
        self.post_message(messages.GoBack())

    def leave_field(self) -> bool:
        """Whether Esc only left an input field of this screen."""
        return False
