"""The one error that users see."""

from __future__ import annotations

from enum import IntEnum

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""What a JSON document holds."""


class Exit(IntEnum):
    """Exit statuses of every command; part of the command-line contract."""

    DONE = 0
    BUG = 1
    USAGE = 2
    REFUSED = 3
    CONFLICT = 4
    FAILED = 5
    UNCONFIRMED = 6


NOTHING_CHANGED = "Nothing was changed."


class Problem(Exception):
    """Something the operator must know, with what happened to the host and the way on.

    `code` is kebab-case and stable: scripts may match on it, translations may change the words.
    """

    def __init__(
        self,
        exit_status: Exit,
        code: str,
        summary: str,
        *,
        state: str = NOTHING_CHANGED,
        remedy: str,
        view: tuple[str, ...] = (),
    ) -> None:
        super().__init__(summary)
        self.exit_status = exit_status
        self.code = code
        self.summary = summary
        self.state = state
        self.remedy = remedy
        self.view = view
        """What to look at before the next step, as lines that are safe to show: both sides of a
        conflict."""

    def standing(self, state: str) -> Problem:
        """The same problem, with other words for what it leaves behind."""
        return self._but(state, self.view)

    def showing(self, view: tuple[str, ...]) -> Problem:
        """The same problem, with something to look at."""
        return self._but(self.state, view)

    def _but(self, state: str, view: tuple[str, ...]) -> Problem:
        return Problem(
            self.exit_status, self.code, self.summary, state=state, remedy=self.remedy, view=view
        )

    def as_json(self) -> dict[str, Json]:
        """The fields of the problem for `--json` output and the journal."""
        return {
            "code": self.code,
            "summary": self.summary,
            "state": self.state,
            "remedy": self.remedy,
            "exit": int(self.exit_status),
            "view": list(self.view),
        }
