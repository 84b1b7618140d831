"""Calls of the `xe` command: one door, through which nothing but whole words goes."""

from __future__ import annotations

from serialpass_tui.core.text import printable
from serialpass_tui.errors import NOTHING_CHANGED, Exit, Problem
from serialpass_tui.toolstack.answers import RESTART, Refused, unavailable
from serialpass_tui.toolstack.xe_failures import failure, is_no_key
from serialpass_tui.toolstack.xe_output import claims, column, pairs, records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from serialpass_tui.toolstack.xe_output import Row
    from serialpass_tui.toolstack.xl import Run

_HERE = ("-s", "127.0.0.1")
"""The host on which xe runs: root's ~/.xe there may name another server, and xe would obey."""
_TRIES = 3
_LONG = 4096
"""Characters of an argument that is sent only to save calls; a command line has its limits."""


class XeCalls:
    """Asks XAPI through xe; it lets root in on the host itself without a password."""

    def __init__(self, run: Run, timeout: float) -> None:
        """Remember how to run xe, and for how long a call may last."""
        self._run = run
        self._timeout = timeout

    def ask(
        self,
        command: str,
        *words: str,
        doubt: str = NOTHING_CHANGED,
        timeout: float | None = None,
    ) -> str:
        """What xe prints.

        Args:
            command: For example `vm-list`.
            words: `name=value` or `--switch`; a value may hold anything but a line break.
            doubt: What is true of the host when the answer is lost.
            timeout: Seconds; None: the usual.

        Raises:
            Refused: when XAPI refuses.
            Problem: `xe-line-break` (usage); when no answer comes.
        """
        timeout = self._timeout if timeout is None else timeout
        for word in words:
            if not is_one_word(word):
                raise _line_break(word)
        try:
            done = self._run(["xe", command, *_HERE, *words], timeout=timeout)
        except Problem as problem:
            raise _no_answer(problem, timeout, doubt) from problem
        if done.status != 0:
            raise failure(done, doubt)
        return done.stdout

    def value(self, kind: str, uuid: str, field: str, key: str = "") -> str | None:
        """One field of one object, or what a map has under a key; None where it has no such key.

        It is all that xe prints, so that nothing in it can pass for something else.

        Raises:
            Refused: as `ask`.
            Problem: as `ask`.
        """
        words = [f"uuid={uuid}", f"param-name={field}"]
        if key:
            words.append(f"param-key={key}")
        try:
            return self.ask(f"{kind}-param-get", *words).removesuffix("\n")
        except Refused as refused:
            if key and is_no_key(refused):
                return None
            raise

    def rows(
        self,
        kind: str,
        fields: Sequence[str],
        texts: Sequence[str] = (),
        where: Sequence[str] = (),
    ) -> list[Row]:
        """All objects of a class, each with its uuid, `fields` and `texts`.

        Fields that XAPI itself fills come in one call. Each field that anybody can fill comes in a
        call of its own, told apart by xe's escapes alone; that the rows of these lists belong
        together is known from the uuids before and after. A field of `fields` that this XAPI does
        not have is absent.

        Raises:
            Refused: as `ask`.
            Problem: as `ask`; `xe-lists-differ`.
            ValueError: what xe prints is no list.
        """
        command = f"{kind}-list"
        for _ in range(_TRIES):
            rows = records(self.ask(command, *where, f"params={','.join(('uuid', *fields))}"))
            columns = [self._column(command, where, text, len(rows)) for text in texts]
            if texts and [row["uuid"] for row in rows] != self._column(
                command, where, "uuid", len(rows)
            ):
                continue
            if all(len(found) == len(rows) for found in columns):
                for text, found in zip(texts, columns, strict=True):
                    for row, held in zip(rows, found, strict=True):
                        row[text] = held
                return rows
        raise Problem(
            Exit.FAILED,
            "xe-lists-differ",
            f"The lists of xe {command} do not fit together: they change while they are read, or "
            "are too long.",
            remedy="Try again when nobody makes or removes VMs.",
        )

    def maps(
        self, kind: str, rows: Sequence[Row], field: str, keys: Sequence[str]
    ) -> list[dict[str, str]]:
        """The maps of a text field of `rows`; what they have under `keys` is exact.

        xe prints a map without escapes, and whoever may write one key of it could so pretend
        another. Hence XAPI is asked again for each row that seems to have one of `keys`; the rows
        that seem to have the same value, in one call.

        Raises:
            Refused: as `ask`.
            Problem: as `ask`.
        """
        known: dict[str, dict[str, str | None]] = {row["uuid"]: {} for row in rows}
        alike: dict[tuple[str, str], list[str]] = {}
        for row in rows:
            for claim in claims(row[field], keys):
                alike.setdefault(claim, []).append(row["uuid"])
        for (key, text), uuids in alike.items():
            word = f"{field}:{key}={text}"
            if len(uuids) > 1 and len(word) < _LONG and is_one_word(word):
                answer = self.ask(f"{kind}-list", word, "params=uuid", "--minimal")
                for uuid in set(uuids).intersection(column(answer)):
                    known[uuid][key] = text
        for (key, _), uuids in alike.items():
            for uuid in uuids:
                if key not in known[uuid]:
                    known[uuid][key] = self.value(kind, uuid, field, key)
        return [pairs(row[field], known[row["uuid"]]) for row in rows]

    def _column(self, command: str, where: Sequence[str], field: str, count: int) -> list[str]:
        found = column(self.ask(command, *where, f"params={field}", "--minimal"))
        return found or [""] * (count == 1)


def is_one_word(word: str) -> bool:
    """Whether XAPI gets a word as it is.

    xe sends its arguments as lines, and XAPI takes each line for an argument and a CR from its end
    (newcli.ml, xapi_cli.ml).
    """
    return "\n" not in word and "\0" not in word and not word.endswith("\r")


def _line_break(word: str) -> Problem:
    return Problem(
        Exit.USAGE,
        "xe-line-break",
        f"xe cannot carry a line break, and {printable(word, 60)!r} has one.",
        remedy="Do it on the host itself, where the tool talks to XAPI without xe.",
    )


def _no_answer(problem: Problem, timeout: float, doubt: str) -> Problem:
    """The problem that a program which could not be run to its end is for whoever asks XAPI."""
    if problem.code == "command-missing":
        return unavailable(problem.summary)
    if problem.code == "command-timeout":
        return Problem(
            Exit.FAILED,
            "xapi-timeout",
            f"XAPI did not answer within {timeout:g} seconds.",
            state=doubt,
            remedy=RESTART,
        )
    return problem if doubt == NOTHING_CHANGED else problem.standing(doubt)
