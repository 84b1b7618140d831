"""Bytes from a terminal as keys: what a keyboard sends is named, all else is swallowed.

Control sequences are read by their form (ECMA-48, section 5.4), so that an answer nobody asked for
never leaves a letter behind. The keys are those of Linux' keymap, of xterm ("PC-Style Function
Keys"), of the VT220, and of VT-UTF8, which consoles behind a management processor send
(Microsoft's "Special Character and String Sequences").
"""

from __future__ import annotations

import unicodedata

from serialpass_tui.lazy import frozen

ESC, CAN, SUB, BEL = 0x1B, 0x18, 0x1A, 0x07
_DROPPED = {0x00, 0x11, 0x13, *range(0x1C, 0x20)}
"""NUL (also a line break), XON, XOFF, and what nobody has a use for."""

LONGEST = 4096
"""Keys that are kept of one burst, and characters of one pasted text."""

_CONTROL = {0x08: "backspace", 0x7F: "backspace", 0x09: "tab", 0x0D: "enter", 0x0A: "enter"}

_FINAL = {
    "A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end", "K": "end",
    "U": "pagedown", "V": "pageup", "Z": "shift+tab",
    "P": "f1", "Q": "f2", "S": "f4",
}  # fmt: skip
"""Final letters of `CSI` and `SS3`; F3's R is a cursor report too, so it counts after SS3 only."""

_TILDE = {
    1: "home", 2: "insert", 3: "delete", 4: "end", 5: "pageup", 6: "pagedown", 7: "home", 8: "end",
    11: "f1", 12: "f2", 13: "f3", 14: "f4", 15: "f5", 17: "f6", 18: "f7", 19: "f8", 20: "f9",
    21: "f10", 23: "f11", 24: "f12",
}  # fmt: skip

_VT_UTF8 = {
    **{f"{n}": f"f{n}" for n in range(1, 10)}, "0": "f10", "!": "f11", "@": "f12",
    "h": "home", "k": "end", "+": "insert", "-": "delete", "?": "pageup", "/": "pagedown",
    "\t": "shift+tab",
}  # fmt: skip
"""A byte after ESC; the last is the Linux console's Shift-Tab."""

_KEYPAD = {"M": "\r", "j": "*", "k": "+", "l": ",", "m": "-", "n": ".", "o": "/"} | {
    chr(ord("p") + n): str(n) for n in range(10)
}
"""`SS3` letters of a keypad in application mode."""


@frozen
class Key:
    """A key by Textual's name for it; `char` is what it types."""

    name: str = ""
    char: str = ""
    """Of a printable key the name is left to whoever knows how Textual names characters."""


@frozen
class Paste:
    """A text that no hand typed."""

    text: str


Token = Key | Paste


class Decoder:
    """Reads a stream of bytes, in whatever pieces it comes."""

    def __init__(self) -> None:
        self._held = b""
        self._after_return = False
        self._pasted: list[str] | None = None

    @property
    def holds_escape(self) -> bool:
        """Whether a lone ESC waits: the Esc key, or the begin of a sequence."""
        return self._held == b"\x1b"

    @property
    def is_within(self) -> bool:
        """Whether more bytes are awaited."""
        return bool(self._held) or self._pasted is not None

    def feed(self, data: bytes) -> list[Token]:
        """The keys that are complete with these bytes."""
        data = self._held + data
        tokens: list[Token] = []
        at = 0
        while at < len(data):
            found, length = self._one(data, at)
            if not length:
                break
            at += length
            tokens += found
        held = data[at:]
        # Of an endless sequence only its kind is remembered.
        self._held = held if len(held) < LONGEST else held[:2]
        return tokens

    def expire(self) -> list[Token]:
        """Nothing came for a while: a lone ESC is the Esc key, an unfinished sequence is noise."""
        held, self._held = self._held, b""
        text, self._pasted = self._pasted, None
        if text is not None:
            return [Paste("".join(text))]
        return [Key("escape")] if held == b"\x1b" else []

    def _one(self, data: bytes, at: int) -> tuple[list[Token], int]:
        """The token at `at` and its length; a length of 0 asks for more bytes."""
        byte = data[at]
        if byte == ESC:
            return self._escape(data, at)
        line_feed_of_return = byte == 0x0A and self._after_return
        self._after_return = byte == 0x0D
        if byte < 0x20 or byte == 0x7F:
            if byte in _DROPPED or line_feed_of_return:
                return [], 1
            name = _CONTROL.get(byte, f"ctrl+{chr(byte + 0x60)}")
            return self._typed(Key(name), "\n" if name == "enter" else ""), 1
        if byte < 0x80:
            return self._typed(Key(char=chr(byte)), chr(byte)), 1
        return self._beyond_ascii(data, at)

    def _typed(self, key: Key, text: str) -> list[Token]:
        if self._pasted is None:
            return [key]
        if len(self._pasted) < LONGEST:
            self._pasted.append(text)
        return []

    def _beyond_ascii(self, data: bytes, at: int) -> tuple[list[Token], int]:
        """A character of UTF-8; what is none, or cannot be shown, is line noise."""
        length = 2 if 0xC2 <= data[at] <= 0xDF else 3 if data[at] >> 4 == 0xE else 4
        if not 0xC2 <= data[at] <= 0xF4:
            return [], 1
        part = data[at : at + length]
        follow = [0x80 <= byte <= 0xBF for byte in part[1:]]
        if not all(follow):
            return [], 1 + follow.index(False)
        if len(part) < length:
            return [], 0
        char = part.decode("utf-8", "ignore")
        if not char or not char.isprintable() or unicodedata.combining(char):
            return [], length
        return self._typed(Key(char=char), char), length

    # --- sequences

    def _escape(self, data: bytes, at: int) -> tuple[list[Token], int]:
        self._after_return = False
        if at + 1 == len(data):
            return [], 0
        char = chr(data[at + 1])
        if char == "[":
            return self._control_sequence(data, at)
        if char == "O":
            return self._single_shift(data, at)
        if char in "]P^_X":
            return [], _string_length(data, at)
        if char in _VT_UTF8:
            return self._typed(Key(_VT_UTF8[char]), ""), 2
        return self._typed(Key("escape"), ""), 1

    def _control_sequence(self, data: bytes, at: int) -> tuple[list[Token], int]:
        end = at + 2
        if data[end : end + 1] == b"[":  # the Linux console's F1 to F5
            if end + 1 == len(data):
                return [], 0
            number = data[end + 1] - ord("A") + 1
            return (self._typed(Key(f"f{number}"), "") if 1 <= number <= 5 else []), 4
        while end < len(data) and 0x20 <= data[end] <= 0x3F:
            end += 1
        if end == len(data):
            return [], 0
        final = chr(data[end])
        if not 0x40 <= data[end] <= 0x7E:
            return [], end - at  # broken off; that byte stands for itself
        parameters = data[at + 2 : end].decode("ascii")
        if final == "M" and not parameters:  # an old mouse report: three more bytes
            return [], 6 if len(data) >= at + 6 else 0
        return self._named(parameters, final), end + 1 - at

    def _named(self, parameters: str, final: str) -> list[Token]:
        numbers = parameters.split(";")
        if len(parameters) > 8 or len(numbers) > 2:
            return []
        if not all(number.isdigit() or not number for number in numbers):
            return []
        first, modifier = int(numbers[0] or 1), int((*numbers, "")[1] or 1)
        if final == "~" and first in {200, 201}:
            return self._bracket(opens=first == 200)
        name = _TILDE.get(first, "") if final == "~" else _FINAL.get(final, "")
        if not name or (final != "~" and first != 1) or not 1 <= modifier <= 8:
            return []
        return self._typed(Key(_modified(name, modifier - 1)), "")

    def _bracket(self, *, opens: bool) -> list[Token]:
        """The begin or the end of a text that the terminal itself calls pasted."""
        text, self._pasted = self._pasted, [] if opens else None
        return [Paste("".join(text))] if text is not None else []

    def _single_shift(self, data: bytes, at: int) -> tuple[list[Token], int]:
        end = at + 2
        while end < len(data) and 0x30 <= data[end] <= 0x39:
            end += 1
        if end == len(data):
            return [], 0
        char = chr(data[end])
        if not 0x40 <= data[end] <= 0x7E:
            return [], end - at
        length = end + 1 - at
        if char in _KEYPAD:
            text = _KEYPAD[char]
            key = Key("enter") if text == "\r" else Key(char=text)
            return self._typed(key, text), length
        name = "f3" if char == "R" else _FINAL.get(char, "")
        return (self._typed(Key(name), "") if name else []), length


def _modified(name: str, bits: int) -> str:
    """The name with Shift (1), Alt (2) and Ctrl (4) in front, in Textual's order."""
    held = [("alt", 2), ("ctrl", 4), ("shift", 1)]
    return "+".join([word for word, bit in held if bits & bit] + [name])


def _string_length(data: bytes, at: int) -> int:
    """The length of a string sequence up to its end; 0 where that has not come yet."""
    for end in range(at + 2, len(data)):
        if data[end] in {BEL, CAN, SUB}:
            return end + 1 - at
        if data[end] == ESC and end + 1 < len(data):
            return end + (2 if data[end + 1] == ord("\\") else 0) - at
    return 0
