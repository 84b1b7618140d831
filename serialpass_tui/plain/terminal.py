"""Where a subcommand's words and documents go, and who is asked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from serialpass_tui.core.codec import Json
    from serialpass_tui.errors import Problem

VERSION = 1
"""Version of every JSON document; raised when a field changes its meaning."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where the words go, who answers, and what was asked for on the command line."""

    out: TextIO
    ask: Callable[[str], str]
    interactive: bool
    yes: bool = False
    dry_run: bool = False
    json: bool = False

    def say(self, *lines: str) -> None:
        """Lines for a person; nothing where a document was asked for."""
        if not self.json:
            for line in lines:
                self.out.write(line + "\n")

    def document(self, **fields: Json) -> None:
        """The one JSON document of this run; nothing where words were asked for."""
        if self.json:
            json.dump({"version": VERSION, **fields}, self.out, indent=2)
            self.out.write("\n")

    def may_apply(self, question: str) -> Exit | None:
        """None to go ahead, otherwise the status to end with; never asks where nobody answers."""
        if self.dry_run:
            self.say("Dry run: nothing was changed.")
            return Exit.DONE
        if self.yes:
            return None
        if not self.interactive or self.json:
            self.say("Not a terminal: nothing was changed. Give --yes to apply this plan.")
            return Exit.USAGE
        if self.ask(f"{question} [y/N] ").strip().lower() in {"y", "yes"}:
            return None
        self.say("Nothing was changed.")
        return Exit.DONE


def report_problem(problem: Problem, term: Terminal, err: TextIO) -> int:
    """Tell a Problem, as a document or in words on the error stream; its exit status."""
    if term.json:
        term.document(problem=problem.as_json())
    else:
        err.write(f"serialpass-tui: {printable(problem.summary)}\n")
        err.write(f"  {printable(problem.state)}\n  {printable(problem.remedy)}\n")
        err.write(f"  ({problem.code})\n")
    return int(problem.exit_status)
