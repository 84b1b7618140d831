"""One XAPI session: the XenAPI package's, with every way of losing an answer made a Problem."""

from __future__ import annotations

import contextlib
import http.client
import xmlrpc.client
from typing import TYPE_CHECKING, Any
from xml.parsers.expat import ExpatError

import XenAPI

from serialpass_tui.core.text import printable
from serialpass_tui.errors import NOTHING_CHANGED, Exit, Problem
from serialpass_tui.toolstack.wire import session_on

if TYPE_CHECKING:
    from collections.abc import Iterator

_RESTART = (
    "Restart it with xe-toolstack-restart (VMs go on running), then try again. "
    "Editing the boot entry works without it."
)


class Session:
    """One open session; calls by their wire names."""

    def __init__(self, path: str, timeout: float, doubt: str) -> None:
        """Open a session.

        Args:
            path: The socket file.
            timeout: Seconds that one call may take.
            doubt: What is true of the host when the answer to a later call is lost.
        """
        self._raw = session_on(path, timeout)
        self._timeout = timeout
        self._doubt = NOTHING_CHANGED
        self._lost = False
        self.call("login_with_password", "root", "", "1.0", "serialpass-tui")
        self._doubt = doubt

    def call(self, method: str, *params: object) -> Any:
        """The value that XAPI answers; a session that XAPI has closed is opened anew.

        Raises:
            XenAPI.Failure: when XAPI refuses.
            Problem: when no answer comes that can be read.
        """
        try:
            return self._raw.xenapi_request(method, params)
        except (
            OSError,
            http.client.HTTPException,
            xmlrpc.client.Error,
            ExpatError,
            LookupError,
            TypeError,
        ) as error:
            self._lost = True
            raise self._problem(error) from error

    def close(self) -> None:
        """Log out, unless XAPI has stopped answering; it forgets the session by itself then."""
        if not self._lost:
            with contextlib.suppress(XenAPI.Failure, Problem):
                self.call("logout")

    @property
    def handle(self) -> str:
        """The session's own reference."""
        return str(self._raw.handle)

    def _problem(self, error: Exception) -> Problem:
        # A socket whose queue of waiting connections is full answers EAGAIN: XAPI hangs as well.
        if isinstance(error, TimeoutError | BlockingIOError):
            return Problem(
                Exit.FAILED,
                "xapi-timeout",
                f"XAPI did not answer within {self._timeout:g} seconds.",
                state=self._doubt,
                remedy=_RESTART,
            )
        if isinstance(error, PermissionError):
            return unavailable(str(error), self._doubt, "Run the tool on dom0 as root.")
        if isinstance(error, OSError | http.client.HTTPException):
            return unavailable(str(error) or type(error).__name__, self._doubt)
        return unreadable(error, self._doubt)


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """Records of another shape than expected become a Problem."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise unreadable(error) from error


def unavailable(why: str, state: str = NOTHING_CHANGED, remedy: str = _RESTART) -> Problem:
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
        remedy=_RESTART,
    )
