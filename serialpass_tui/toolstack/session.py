"""One XAPI session: the XenAPI package's, with every way of losing an answer made a Problem."""

from __future__ import annotations

import contextlib
import http.client
import xmlrpc.client
from xml.parsers.expat import ExpatError

import XenAPI

from serialpass_tui.errors import NOTHING_CHANGED, Exit, Problem
from serialpass_tui.toolstack.answers import RESTART, Refused, unavailable, unreadable
from serialpass_tui.toolstack.wire import session_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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
            Refused: when XAPI refuses.
            Problem: when no answer comes that can be read.
        """
        try:
            return self._raw.xenapi_request(method, params)
        except XenAPI.Failure as failure:
            raise Refused(failure.details) from failure
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
            with contextlib.suppress(Refused, Problem):
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
                remedy=RESTART,
            )
        if isinstance(error, PermissionError):
            return unavailable(str(error), self._doubt, "Run the tool on dom0 as root.")
        if isinstance(error, OSError | http.client.HTTPException):
            return unavailable(str(error) or type(error).__name__, self._doubt)
        return unreadable(error, self._doubt)
