"""Keys as they arrive in time: a hand's keys are keys, what no hand can type is a pasted text.

Most consoles cannot tell a paste from typing, and a line end in it would take whatever choice has
the focus. Bytes that come without a pause are looked at together.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from serialpass_tui.term.keys import LONGEST, Decoder, Key, Paste

if TYPE_CHECKING:
    from serialpass_tui.term.keys import Token

GATHER = 0.015
"""Seconds without a byte that end a burst: 14 characters at 9600 baud, less than a keystroke."""

_AFTERGLOW = 0.2
"""Seconds after a paste in which a line end still belongs to it: packets of one text come apart."""

_TYPED_AT_MOST = 7
"""Characters of one burst that may have been typed ahead; behind a network they come in packets."""

_TYPED_WITH_ENTER = 2
"""The same for a burst that holds a line end."""

SILENCE = 2.0
"""Seconds after which an unfinished sequence or paste is given up."""


class Keyboard:
    """Sorts what a terminal sends; all times are seconds of one clock.

    `escape_delay` is how long a lone ESC waits for the rest of a sequence: serial-over-LAN and SSH
    deliver an arrow key in pieces.
    """

    def __init__(self, escape_delay: float) -> None:
        self._decoder = Decoder()
        self._escape_delay = escape_delay
        self._burst: list[Token] = []
        self._last = 0.0
        self._pasting_until = 0.0

    def feed(self, data: bytes, now: float) -> None:
        """Take bytes."""
        self._burst += self._decoder.feed(data)
        del self._burst[LONGEST:]
        self._last = now

    @property
    def due_at(self) -> float:
        """When `due` has something to tell without another byte; infinity: never."""
        waits = [GATHER] if self._burst else []
        return self._last + min([*waits, self._lapse])

    @property
    def _lapse(self) -> float:
        """Seconds of silence after which what is unfinished stays so."""
        if not self._decoder.is_within:
            return inf
        return self._escape_delay if self._decoder.holds_escape else SILENCE

    def due(self, now: float) -> list[Token]:
        """The keys and pasted texts that are complete by now."""
        if now >= self._last + self._lapse:
            self._burst += self._decoder.expire()
        if now < self._last + GATHER or not self._burst:
            return []
        burst, self._burst = self._burst, []
        return self._sorted(burst)

    def _sorted(self, burst: list[Token]) -> list[Token]:
        letters = sum(isinstance(token, Key) and bool(token.char) for token in burst)
        enters = Key("enter") in burst
        is_paste = any(isinstance(token, Paste) for token in burst) or letters > (
            _TYPED_WITH_ENTER if enters else _TYPED_AT_MOST
        )
        belongs = self._last < self._pasting_until and (letters or enters)
        if not is_paste and not belongs:
            return burst
        self._pasting_until = self._last + _AFTERGLOW
        text = "".join(map(_text, burst))
        return [Paste(text)] if text.strip("\n") else []


def _text(token: Token) -> str:
    if isinstance(token, Paste):
        return token.text
    return "\n" if token.name == "enter" else token.char
