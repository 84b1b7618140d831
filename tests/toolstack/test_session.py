"""Sockets, silence and nonsense: what reaches the operator when XAPI is not well."""

from __future__ import annotations

import contextlib
import socket
import threading
import xmlrpc.client
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from serialpass_tui.core.pool import PowerState
from serialpass_tui.errors import NOTHING_CHANGED, Exit, Problem
from serialpass_tui.sim.faults import Faults
from serialpass_tui.sim.world import SimWorld, open_world
from serialpass_tui.toolstack.xapi import Xapi
from tests.sim.lab import HOST, PBX, recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def operations(xapi: Xapi) -> list[Callable[[], object]]:
    return [
        xapi.pool,
        lambda: xapi.vm(PBX),
        lambda: xapi.read_key(PBX, "affinity"),
        lambda: xapi.write_key(PBX, "affinity", None),
        lambda: xapi.set_power(PBX, HOST, PowerState.RUNNING, print),
        xapi.reboot_host,
    ]


def assert_all(xapi: Xapi, code: str, remedy: str = "boot entry works") -> None:
    for operation in operations(xapi):
        with pytest.raises(Problem) as raised:
            operation()
        assert (code, Exit.FAILED) == (raised.value.code, raised.value.exit_status)
        assert NOTHING_CHANGED == raised.value.state
        assert remedy in raised.value.remedy


def test_the_first_socket_that_exists(world: SimWorld, tmp_path: Path) -> None:
    for sockets in ((world.socket_path, "/none"), ("/none", world.socket_path)):
        assert HOST == Xapi(sockets, HOST).pool().this_host


def test_a_path_with_underscores_and_blanks(world: SimWorld, tmp_path: Path) -> None:
    path = Path(world.socket_path).parent / "a_b c%20_"
    path.symlink_to(world.socket_path)
    assert HOST == Xapi((str(path),), HOST).pool().this_host


def test_no_socket(tmp_path: Path) -> None:
    assert_all(Xapi((str(tmp_path / "a"), str(tmp_path / "b"))), "xapi-unavailable")


def test_xapi_down(tmp_path: Path) -> None:
    with open_world(recording(), tmp_path, Faults(xapi_down=True)) as world:
        assert_all(Xapi((world.socket_path,)), "xapi-unavailable")


def test_nobody_behind_the_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(path)
        assert_all(Xapi((path,)), "xapi-unavailable")


def test_xapi_hangs(tmp_path: Path) -> None:
    with open_world(recording(), tmp_path, Faults(xapi_hangs=True)) as world:
        assert_all(Xapi((world.socket_path,), timeout=0.05), "xapi-timeout")


def test_xapi_takes_no_more_connections(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(contextlib.closing(socket.socket(socket.AF_UNIX)))
        full.bind(path)
        full.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(contextlib.closing(socket.socket(socket.AF_UNIX)))
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(path)
        with pytest.raises(Problem) as raised:
            Xapi((path,), timeout=0.05).pool()
    assert raised.value.code == "xapi-timeout"


@contextlib.contextmanager
def answering(path: str, *answers: bytes) -> Iterator[None]:
    """A server that gives each connection the next answer, the last one for ever."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(8)

    def serve() -> None:
        left = list(answers)
        while True:
            connection, _ = listening.accept()
            with connection:
                data = connection.recv(65536)
                if data == b"end":
                    return
                while not data.rstrip().endswith(b"</methodCall>"):
                    data += connection.recv(65536)
                connection.sendall(left.pop(0) if len(left) > 1 else left[0])

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as last:
            last.connect(path)
            last.sendall(b"end")
        thread.join()
        listening.close()


def http(body: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def xml(value: Any) -> bytes:
    return http(xmlrpc.client.dumps((value,), methodresponse=True))


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", "xapi-unavailable"),
        (b"nonsense\r\n\r\n", "xapi-unavailable"),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "xapi-unreadable"),
        (http("<methodResponse><params>"), "xapi-unreadable"),
        (http("no xml \x1b[31m"), "xapi-unreadable"),
        (http(xmlrpc.client.dumps(xmlrpc.client.Fault(1, "x"))), "xapi-unreadable"),
        (xml("text"), "xapi-unreadable"),
        (xml({"Status": "Success"}), "xapi-unreadable"),
        (xml({"Status": "Failure", "ErrorDescription": []}), "xapi-unreadable"),
        (
            xml({"Status": "Failure", "ErrorDescription": ["HOST_IS_SLAVE", "10.0.0.1"]}),
            "xapi-host-is-slave",
        ),
        (
            xml({"Status": "Failure", "ErrorDescription": ["HOST_STILL_BOOTING"]}),
            "xapi-host-still-booting",
        ),
    ],
)
def test_nonsense(tmp_path: Path, answer: bytes, code: str) -> None:
    path = str(tmp_path / "s")
    with answering(path, answer):
        assert_all(Xapi((path,), timeout=5.0), code, remedy="")


LOGIN = xml({"Status": "Success", "Value": "OpaqueRef:s"})


@pytest.mark.parametrize(
    "value",
    [{}, {"OpaqueRef:h": {}}, {"OpaqueRef:h": {"uuid": "u", "name_label": 1}}, "text", ["a"]],
)
def test_records_of_another_shape(tmp_path: Path, value: object) -> None:
    path = str(tmp_path / "s")
    server = answering(path, LOGIN, xml({"Status": "Success", "Value": value}))
    with server, pytest.raises(Problem) as raised:
        Xapi((path,)).pool()
    assert raised.value.code == "xapi-unreadable"


def test_an_answer_lost_while_writing_leaves_doubt(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    ref = xml({"Status": "Success", "Value": "OpaqueRef:v"})
    with answering(path, LOGIN, ref, b""), pytest.raises(Problem) as raised:
        Xapi((path,)).write_key(PBX, "affinity", None)
    assert "not known" in raised.value.state


def test_a_closed_session_is_opened_anew(world: SimWorld) -> None:
    xapi = Xapi((world.socket_path,), HOST)
    read = world.xapi.actions["session.get_this_host"]
    answered: list[object] = []

    def forgetful(session: object) -> object:
        answered.append(session)
        return read(session)

    world.xapi.actions["session.get_this_host"] = forgetful
    with xapi._session() as session:
        first = session.handle
        world.xapi.sessions.clear()
        assert session.call("session.get_this_host", first)
        assert first != session.handle
    assert [first] == answered
    assert not world.xapi.sessions


def test_a_session_that_never_lasts_ends_in_a_problem(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    bad = xml({"Status": "Failure", "ErrorDescription": ["SESSION_INVALID", "OpaqueRef:s"]})
    with answering(path, LOGIN, bad), pytest.raises(Problem) as raised:
        Xapi((path,)).pool()
    assert raised.value.code == "xapi-unreadable"


def test_several_threads_share_one_adapter(world: SimWorld) -> None:
    xapi = Xapi((world.socket_path,), HOST)
    seen: list[str] = []
    threads = [
        threading.Thread(target=lambda: seen.append(xapi.pool().this_host)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [HOST] * 4 == seen
