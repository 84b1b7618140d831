"""XML-RPC on a Unix socket, as XAPI speaks it."""

from __future__ import annotations

import contextlib
import re
import socketserver
import threading
import xmlrpc.client
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from serialpass_tui.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Call = Callable[[str, tuple[Any, ...]], dict[str, Any]]

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_POLL = 0.02  # seconds within which the server notices that it shall end


class _Handler(BaseHTTPRequestHandler):
    """One call a connection."""

    protocol_version = "HTTP/1.1"
    timeout = 10
    server: _Server

    def do_POST(self) -> None:
        """Answer one call; a host that is gone or hangs closes the connection without a word."""
        self.close_connection = True
        size = int(self.headers.get("Content-Length", "0"))
        try:
            params, method = xmlrpc.client.loads(self.rfile.read(size))
        except Exception:  # whatever a stranger sends, the server goes on
            self.send_error(400)
            return
        if self.server.hangs:
            self.server.stopped.wait()
            return
        try:
            answer = self.server.call(method or "", params)
        except Problem:
            return
        text = xmlrpc.client.dumps((answer,), methodresponse=True, allow_none=True)
        # XAPI holds no text that XML cannot carry; a bare CR would arrive as LF.
        body = _NOT_XML.sub("?", text).replace("\r", "&#13;").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
        """Say nothing: the terminal belongs to the wizard."""


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """A thread a call, all of them ended with the server."""

    daemon_threads = False
    request_queue_size = 16

    def __init__(self, path: str, call: Call, stopped: threading.Event, *, hangs: bool) -> None:
        self.call = call
        self.stopped = stopped
        self.hangs = hangs
        super().__init__(path, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no event; a bug shows as a missing answer."""


@contextlib.contextmanager
def serving(path: str, call: Call, stopped: threading.Event, *, hangs: bool) -> Iterator[None]:
    """Answer calls on the socket file `path` until the context ends; `stopped` is set first."""
    server = _Server(path, call, stopped, hangs=hangs)
    thread = threading.Thread(target=server.serve_forever, args=(_POLL,), name="sim-xapi")
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()
