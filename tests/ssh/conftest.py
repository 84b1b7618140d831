"""A dom0 behind sshd, one for each worker and shell; each test has a folder of its own there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.host.ssh.files import RemoteFiles
from serialpass_tui.host.ssh.state import RemoteState
from tests.ssh.dom0 import SHELLS, Dom0, open_dom0

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from serialpass_tui.host.ssh.connection import Connection

_NOISE = "Welcome to XenServer\n\n0\nf /etc/passwd\n"
"""What a start-up file prints before the shell runs; none of it is an answer."""


@dataclass
class Corner:
    """A folder of one test at a host, and the doors to it."""

    dom0: Dom0
    connection: Connection
    folder: Path
    path: str

    @property
    def files(self) -> RemoteFiles:
        return RemoteFiles(self.connection)

    def state(self, name: str = "lib/state") -> RemoteState:
        return RemoteState(self.connection, f"{self.path}/{name}")


@pytest.fixture(scope="session", params=SHELLS)
def shared_dom0(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Dom0]:
    with open_dom0(tmp_path_factory.mktemp("dom0") / "host", request.param, noise=_NOISE) as dom0:
        yield dom0


@pytest.fixture(scope="session")
def shared_connection(shared_dom0: Dom0) -> Iterator[Connection]:
    with shared_dom0.connected() as connection:
        yield connection


@pytest.fixture
def corner(
    shared_dom0: Dom0, shared_connection: Connection, request: pytest.FixtureRequest
) -> Corner:
    name = f"boot/{abs(hash(request.node.nodeid)):x}"
    folder = shared_dom0.root / name
    folder.mkdir()
    return Corner(shared_dom0, shared_connection, folder, f"/{name}")
