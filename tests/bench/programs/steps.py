"""The steps that the compared programs show: what is on each screen, and what a key does.

No library of screens is known here. Each program only paints the 24 rows and hands over the keys,
in the way of its library. Rows are plain, bold or reverse; colours would cost them more bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HEIGHT, WIDTH = 24, 80
BODY = 4
"""The first row of the body."""

PLAIN, BOLD, REVERSE = "plain", "bold", "reverse"

Parts = list[tuple[str, str]]
"""A row's texts, left to right, and their looks."""


class Steps:
    """Where the operator is. Keys are named as curses, urwid and prompt_toolkit agree: `down`."""

    def __init__(self, path: str) -> None:
        self._screens: list[dict[str, Any]] = json.loads(Path(path).read_text())
        self.is_over = False
        self._enter(0)

    def _enter(self, number: int) -> None:
        self._number = min(number, len(self._screens) - 1)
        self._screen = self._screens[self._number]
        self._at = self._top = self._read = self._focus = self._told = 0
        self._typed, self._ticked, self._is_typing = "", False, False
        self._found = list(range(len(self._screen.get("rows", ()))))

    def press(self, key: str) -> None:
        """Act on a key: a letter, or `up down left right page_up page_down enter tab`."""
        screen = self._screen
        if self._is_typing and len(key) == 1:
            self._typed += key
            self._filter()
        elif key == "q":
            self.is_over = True
        elif key == "enter":
            self._take()
        elif key == "tab":
            self._focus = (self._focus + 1) % (len(screen["choices"]) + bool(screen["question"]))
            self._is_typing = self._focus == len(screen["choices"])
        elif key in {"left", "right"}:
            step = 1 if key == "right" else -1
            self._focus = max(0, min(self._focus + step, len(screen["choices"]) - 1))
        elif key in {"page_up", "page_down"}:
            self._turn(1 if key == "page_down" else -1)
        elif "rows" in screen and key in {"up", "down"}:
            self._at = max(0, min(self._at + (1 if key == "down" else -1), len(self._found) - 1))
            self._top = max(self._at - screen["room"] + 1, min(self._top, self._at))
        elif key == " " and "rows" in screen:
            self._ticked = not self._ticked
            self._told, self._read = 1 + self._found[self._at], 0
        elif key == "/":
            self._is_typing = bool(screen["search"])

    def _take(self) -> None:
        if self._screen["search"] and self._is_typing:
            self._is_typing = False
        elif self._screen["question"] and self._typed != self._screen["answer"]:
            self._typed = ""
        else:
            self._enter(self._number + 1)

    def _filter(self) -> None:
        """Keep the rows whose name contains what was typed; the cursor stays on its row."""
        if not self._screen["search"]:
            return
        current = self._found[self._at] if self._found else -1
        rows = self._screen["rows"]
        self._found = [i for i, row in enumerate(rows) if self._typed in row.split(" ")[0].lower()]
        self._at = self._found.index(current) if current in self._found else 0
        self._top = max(0, self._at - self._screen["room"] + 1)

    def _turn(self, by: int) -> None:
        room = self._screen["height"] - 1
        lowest = max(0, len(self._text) - room)
        self._read = max(0, min(self._read + by * (room - 1), lowest))

    @property
    def _text(self) -> list[str]:
        texts: list[list[str]] = self._screen["texts"]
        return texts[self._told]

    def rows(self) -> list[Parts]:
        """The 24 rows."""
        screen = self._screen
        body: list[Parts] = []
        if screen["search"]:
            body += [_plain(f"Search: {self._typed or 'press / to type'}"), []]
        if "rows" in screen:
            body += [*self._table(), [], _plain(self._gist), []]
        text, height = self._text, screen["height"]
        if len(text) > height:
            last = min(self._read + height - 1, len(text))
            place = f"-- lines {self._read + 1} to {last} of {len(text)}, <PgDn> for more --"
            text = [*text[self._read : last], place]
        body += [_plain(line) for line in text]
        body += [[]] * (height - len(text))
        if screen["choices"]:
            body += [[], _plain(self._choices())]
        if screen["question"]:
            body += [[], _plain(screen["question"] + self._typed)]
        found: list[Parts] = [[(screen["title"], REVERSE)], [], [(f" {screen['headline']}", BOLD)]]
        found += [_plain(f" {screen['notice']}")]
        found += [[(" ", PLAIN), *parts] for parts in body]
        found += [[]] * (HEIGHT - 1 - len(found))
        return [*found[: HEIGHT - 1], [(screen["keys"].ljust(WIDTH - 1), REVERSE)]]

    @property
    def _gist(self) -> str:
        gists: list[str] = self._screen["gists"]
        return gists[self._found[self._at]] if self._found else "No VM has a name like that."

    def _table(self) -> list[Parts]:
        screen, room = self._screen, self._screen["room"]
        head, count = screen["head"], len(self._found)
        if count > room:
            part = f" {room} of {count} seen"
            head = head[: WIDTH - 2 - len(part)] + part
        rows = [_plain(head)]
        for place_in_list in range(self._top, min(self._top + room, count)):
            row = screen["rows"][self._found[place_in_list]]
            if self._ticked and place_in_list == self._at:
                row = row.replace("[ ]", "[x]")
            named = screen["named"] if place_in_list == self._at else 0
            rows.append([(row[:named], REVERSE), (row[named:], PLAIN)])
        return rows + [[]] * (room + 1 - len(rows))

    def _choices(self) -> str:
        return "  ".join(
            f"[>{label}<]" if index == self._focus else f"[ {label} ]"
            for index, label in enumerate(self._screen["choices"])
        )


def _plain(text: str) -> Parts:
    return [(text, PLAIN)]
