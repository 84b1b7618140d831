"""The Linux 4.19 text console, strict: it refuses what that kernel would print, beep at or ignore.

Written from drivers/tty/vt/vt.c of Linux 4.19 (`do_con_trol`, `csi_m`, `set_mode`, `csi_J`,
`csi_K`, `build_attr`), for a console in UTF-8 mode with the 256 glyphs of code page 437.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

GREY, BLACK = 7, 0
_MODES = {7, 25}
"""DEC private modes that do something there and that the wizard has a use for."""


class Refused(AssertionError):
    """The console would show something that was not meant."""


@dataclass
class Pen:
    """`vc_color`, `vc_intensity`, `vc_underline`, `vc_reverse`."""

    fg: int = GREY
    bg: int = BLACK
    bold: bool = False
    underline: bool = False
    reverse: bool = False

    @property
    def colours(self) -> tuple[int, int]:
        """Foreground of 16 and background of 8, as `build_attr` makes them."""
        fg, bg = self.fg, self.bg
        if self.underline:
            fg = 15  # `vc_ulcolor` of a colour console
        if self.reverse:
            fg, bg = bg, fg & 7
        return fg | (8 if self.bold else 0), bg


@dataclass(frozen=True)
class Cell:
    """What is seen in one place."""

    char: str = " "
    fg: int = GREY
    bg: int = BLACK


@dataclass
class LinuxConsole:
    """Its screen, cursor and modes."""

    width: int = 80
    height: int = 24
    pen: Pen = field(default_factory=Pen)
    x: int = 0
    y: int = 0
    wraps: bool = True
    cursor_seen: bool = True
    needs_wrap: bool = False

    def __post_init__(self) -> None:
        self.top, self.bottom = 0, self.height - 1
        self.cells = [[Cell()] * self.width for _ in range(self.height)]
        self._rest = ""

    @property
    def display(self) -> list[str]:
        """The lines of text."""
        return ["".join(cell.char for cell in row) for row in self.cells]

    @property
    def is_as_found(self) -> bool:
        """Whether a shell finds its modes as they were at the start."""
        whole = (self.top, self.bottom) == (0, self.height - 1)
        return whole and self.wraps and self.cursor_seen and self.pen == Pen()

    def feed(self, data: bytes) -> None:
        """Take output; a sequence may be cut anywhere."""
        text = self._rest + data.decode("utf-8")  # wrong UTF-8 would be shown as such
        at = 0
        while at < len(text):
            length = self._one(text, at)
            if not length:
                break
            at += length
        self._rest = text[at:]

    def _one(self, text: str, at: int) -> int:
        char = text[at]
        if char == "\x1b":
            return self._escape(text, at)
        if char == "\b":
            self.x, self.needs_wrap = max(0, self.x - 1), False
        elif char == "\r":
            self.x, self.needs_wrap = 0, False
        elif char == "\n":
            self._line_feed()
        elif char == "\x0f":
            pass  # SI: G0, which `ESC ( B` made ASCII
        elif char.isprintable():
            self._print(char)
        else:
            raise Refused(f"control {char!r}")
        return 1

    def _print(self, char: str) -> None:
        try:
            char.encode("cp437")
        except UnicodeEncodeError:
            raise Refused(f"no glyph for {char!r}") from None
        if self.needs_wrap:
            self.x = 0
            self._line_feed()
        self.cells[self.y][self.x] = Cell(char, *self.pen.colours)
        if self.x == self.width - 1:
            self.needs_wrap = self.wraps
        else:
            self.x += 1

    def _line_feed(self) -> None:
        self.needs_wrap = False
        if self.y == self.bottom:
            self._scroll(self.top, self.bottom)
        elif self.y < self.height - 1:
            self.y += 1

    def _scroll(self, gone: int, fresh: int) -> None:
        del self.cells[gone]
        self.cells.insert(fresh, [self._erased] * self.width)

    @property
    def _erased(self) -> Cell:
        """`vc_video_erase_char`: the pen's colours without its attributes."""
        return Cell(" ", self.pen.fg, self.pen.bg)

    def _escape(self, text: str, at: int) -> int:
        if at + 1 == len(text):
            return 0
        kind = text[at + 1]
        if kind == "[":
            found = re.compile(r"(\??)([0-9;]*)(.)", re.DOTALL).match(text, at + 2)
            if found is None:
                return 0
            self._control(*found.groups())
            return found.end() - at
        if kind == "(":
            if at + 2 == len(text):
                return 0
            if text[at + 2] != "B":
                raise Refused(f"charset {text[at + 2]!r}: a console in UTF-8 mode has one")
            return 3
        if kind == "M":
            if self.y == self.top:
                self._scroll(self.bottom, self.top)
            elif self.y > 0:
                self.y -= 1
            return 2
        raise Refused(f"ESC {kind!r}")

    def _control(self, private: str, numbers: str, final: str) -> None:
        values = [int(number or 0) for number in numbers.split(";")]
        if len(values) > 16:
            raise Refused("more numbers than NPAR")
        self.needs_wrap = False
        if private:
            if final not in "hl" or not set(values) <= _MODES:
                raise Refused(f"CSI ?{numbers}{final}")
            for value in values:
                if value == 7:
                    self.wraps = final == "h"
                else:
                    self.cursor_seen = final == "h"
            return
        match final:
            case "m":
                for value in values:
                    self._sgr(value)
            case "H":
                row, column = (*values, 0)[:2]
                self._go(max(column, 1) - 1, max(row, 1) - 1)
            case "C":
                self._go(self.x + max(values[0], 1), self.y)
            case "K" if values[0] == 0:
                self.cells[self.y][self.x :] = [self._erased] * (self.width - self.x)
            case "J" if values[0] == 0:
                self.cells[self.y][self.x :] = [self._erased] * (self.width - self.x)
                for y in range(self.y + 1, self.height):
                    self.cells[y] = [self._erased] * self.width
            case "r":
                first, last = (*values, 0)[:2]
                first, last = first or 1, last or self.height
                if not first < last <= self.height:
                    raise Refused(f"margins {numbers}")
                self.top, self.bottom = first - 1, last - 1
                self._go(0, 0)
            case _:
                raise Refused(f"CSI {numbers}{final}")

    def _go(self, x: int, y: int) -> None:
        if not (0 <= x < self.width and 0 <= y < self.height):
            raise Refused(f"cursor to {x},{y}")
        self.x, self.y = x, y

    def _sgr(self, value: int) -> None:
        pen = self.pen
        if value == 0:
            self.pen = Pen()
        elif value == 1:
            pen.bold = True
        elif value == 4:
            pen.underline = True
        elif value == 7:
            pen.reverse = True
        elif 30 <= value <= 37:
            pen.fg = _VGA[value - 30]
        elif 40 <= value <= 47:
            pen.bg = _VGA[value - 40]
        else:
            raise Refused(f"SGR {value}")


_VGA = (0, 4, 2, 6, 1, 5, 3, 7)
"""`color_table`: ANSI's order of colours in VGA's."""
