"""The row of choices at the foot of a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message

from serialpass_tui.tui.lines import Ink
from serialpass_tui.tui.widgets.painted import Painted

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Blur, Focus

    from serialpass_tui.tui.widgets.painted import Part


class Choice(Painted, can_focus=True):
    """One choice: `[ Back ]`, and `[>Back<]` where the focus is."""

    DEFAULT_CSS = "Choice { height: 1; margin-right: 2; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "press"),
        Binding("left", "turn(-1)"),
        Binding("right", "turn(1)"),
    ]

    class Pressed(Message):
        """This choice was taken."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, key: str, label: str) -> None:
        super().__init__(id=f"choice-{key}")
        self.key = key
        self._label = label
        self.styles.width = len(label) + 4

    def on_focus(self, _event: Focus) -> None:
        """Show that Enter would take it."""
        self.refresh()
        self.point_at(1, 0)

    def on_blur(self, _event: Blur) -> None:
        """Show that Enter would not."""
        self.refresh()

    def action_turn(self, by: int) -> None:
        """Go to the choice beside this one.

        At once: Widget.focus() would come after an Enter that arrives in the same packet.
        """
        beside = list(self.parent.query(Choice)) if isinstance(self.parent, Choices) else []
        place = beside.index(self) + by
        if 0 <= place < len(beside):
            self.screen.set_focus(beside[place])

    def action_press(self) -> None:
        """Take it."""
        self.post_message(self.Pressed(self.key))

    def parts(self, y: int, width: int) -> list[Part]:  # noqa: ARG002 (one line of its own width)
        """The label in brackets."""
        if self.has_focus:
            return [(f"[>{self._label}<]", Ink.BAR)]
        return [(f"[ {self._label} ]", Ink.PLAIN)]


class Choices(Horizontal):
    """Choices side by side; the first has the focus when the screen comes up."""

    DEFAULT_CSS = "Choices { height: 1; }"

    def __init__(self, *choices: tuple[str, str]) -> None:
        super().__init__()
        self._choices = choices

    def compose(self) -> ComposeResult:
        """The choices, in their order."""
        for key, label in self._choices:
            yield Choice(key, label)
