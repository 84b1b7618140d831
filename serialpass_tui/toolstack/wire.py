"""XML-RPC over a Unix socket, with an end to every wait.

The transport of the XenAPI package has no timeout and takes `_` in its address for `/`, so that a
socket below a directory with `_` in its name cannot be reached; only that part is replaced here.
"""

from __future__ import annotations

import http.client
import socket
import xmlrpc.client

import XenAPI

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_URI = "http://localhost/"  # a name for the Host header; nothing is resolved


class _Connection(http.client.HTTPConnection):
    """HTTP to a socket file."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Open the socket file."""
        unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            unix.settimeout(self.timeout)
            unix.connect(self._path)
        except BaseException:
            unix.close()
            raise
        self.sock = unix


class UnixTransport(xmlrpc.client.Transport):
    """A transport without state: one connection a call.

    The standard transport keeps its connection and sends a request again when the connection has
    gone cold; a VM start must not be sent twice. Without state it also serves several threads.
    """

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__()
        self._path = path
        self._timeout = timeout

    def request(
        self,
        host: object,
        handler: str,
        request_body: Any,
        verbose: bool = False,  # noqa: FBT001, FBT002 (the signature that ServerProxy calls)
    ) -> tuple[Any, ...]:
        """Send one call and return what the answer holds."""
        del host, verbose
        connection = _Connection(self._path, self._timeout)
        try:
            headers = {"Content-Type": "text/xml", "Connection": "close"}
            connection.request("POST", handler or "/", request_body, headers)
            response = connection.getresponse()
            if response.status != 200:
                raise xmlrpc.client.ProtocolError(
                    self._path, response.status, response.reason, dict(response.headers)
                )
            return xmlrpc.client.loads(response.read())[0]
        finally:
            connection.close()


def session_on(path: str, timeout: float) -> Any:
    """An unopened XenAPI session that talks through the socket file `path`."""
    return XenAPI.Session(_URI, transport=UnixTransport(path, timeout))
