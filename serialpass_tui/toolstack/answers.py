"""What comes of asking XAPI, other than an answer; known without the libraries that ask it."""

from __future__ import annotations

import contextlib

from serialpass_tui.core.text import printable
from serialpass_tui.errors import NOTHING_CHANGED, Exit, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RESTART = (
    "Restart it with xe-toolstack-restart (VMs go on running), then try again. "
    "Editing the boot entry works without it."
)


class Refused(Exception):
    """XAPI did not do what it was asked; `details` are its code and its parameters."""

    def __init__(self, details: Sequence[str]) -> None:
        super().__init__(*details)
        self.details = details


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """Records of another shape than expected become a Problem."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise unreadable(error) from error


def unavailable(why: str, state: str = NOTHING_CHANGED, remedy: str = RESTART) -> Problem:
    """The problem of a XAPI that is not there, with the reassurance that half the tool works."""
    return Problem(
        Exit.FAILED,
        "xapi-unavailable",
        f"XAPI cannot be reached: {printable(why.rstrip('.'), 200)}.",
        state=state,
        remedy=remedy,
    )


def unreadable(error: Exception, state: str = NOTHING_CHANGED) -> Problem:
    """The problem of an answer in another shape than XAPI's."""
    why = printable(f"{type(error).__name__}: {error}", 160)
    return Problem(
        Exit.FAILED,
        "xapi-unreadable",
        f"XAPI gave an answer that cannot be read: {why}",
        state=state,
        remedy=RESTART,
    )
