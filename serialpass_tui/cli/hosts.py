"""The one place that builds a concrete host: this one, one afar, a disk, a recording, a demo."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from serialpass_tui.cli.options import STATE_DIR

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from serialpass_tui.core.installing import Program
    from serialpass_tui.core.ports import Clock, Files, Host, Journal, Toolstack
    from serialpass_tui.host.journal import StateDirectory
    from serialpass_tui.host.ssh.connection import Connection
    from serialpass_tui.host.ssh.host import RemoteHost
    from serialpass_tui.service import Service

    Ports = tuple[Host, Files, Toolstack, Journal, Clock]

XL_CONFIG_DIR = "/etc/xen"
XENSOURCE_INVENTORY = "/etc/xensource-inventory"
DEMO_PACE = 0.2
"""Seconds that a simulated VM takes for each part of its start: long enough to be seen."""


def state(args: argparse.Namespace) -> StateDirectory:
    """The state directory of this host, or of the disk mounted somewhere."""
    from serialpass_tui.host.journal import StateDirectory

    root = Path(args.host_root or "/")
    return StateDirectory(Path(args.state_dir or root / STATE_DIR.lstrip("/")), root)


def service(args: argparse.Namespace) -> Service:
    """The service over this host, a recording of one, or a dom0 disk mounted somewhere."""
    from serialpass_tui.service import Service

    doors = ports(args)
    if args.ssh is not None:
        # No program lies there: what a boot starts by itself would have nothing to start.
        return Service(*doors, hang_up=args.connection.forget)
    if args.machine is not None or args.host_root is not None:
        return Service(*doors)
    # What a boot starts by itself looks into the usual state directory.
    starts = program() if args.state_dir is None else ""
    return Service(*doors, program=starts, running=running)


def ports(args: argparse.Namespace) -> Ports:
    """The doors to what the options name. Raises Problem."""
    from serialpass_tui.host.clock import SystemClock

    clock = SystemClock()
    if args.machine is not None:
        from serialpass_tui.host import recording

        record = recording.load(Path(args.machine))
        return (
            recording.RecordedHost(record),
            recording.RecordedFiles(record),
            recording.RecordedToolstack(record),
            recording.RecordedJournal(),
            clock,
        )
    if args.ssh is not None:
        return _ports_at(args, clock)
    from serialpass_tui.host.files import LocalFiles

    root = Path(args.host_root or "/")
    journal = state(args)
    if args.host_root is not None:
        from serialpass_tui.host.rescue import RescueHost
        from serialpass_tui.toolstack.xapi import Xapi

        # No XAPI runs on a mounted disk; that of the machine below the tool is another host's.
        return RescueHost(root), LocalFiles(root), Xapi([]), journal, clock
    from serialpass_tui.host.local import LocalHost

    return LocalHost(), LocalFiles(), toolstack_of(args.xapi_socket), journal, clock


def is_dom0(args: argparse.Namespace) -> bool:
    """Whether a running Xen has the host of these options as its dom0; `ports` come before it."""
    from serialpass_tui.host import system

    if args.host_root is not None:
        return False  # nothing of a mounted disk runs
    return system.is_dom0(Path("/") if args.ssh is None else args.fetched)


def log_in(args: argparse.Namespace) -> Connection:
    """A connection to the host of --ssh, closed at the end of the run. Raises Problem."""
    from serialpass_tui.host.ssh import target
    from serialpass_tui.host.ssh.connection import Connection

    connection = Connection(target.parse(args.ssh, args.ssh_option))
    args.ending.callback(connection.close)
    connection.log_in()
    return connection


def _ports_at(args: argparse.Namespace, clock: Clock) -> Ports:
    """The doors to the host of --ssh. Raises Problem."""
    from serialpass_tui.host.ssh.files import RemoteFiles
    from serialpass_tui.host.ssh.host import RemoteHost
    from serialpass_tui.host.ssh.state import RemoteState

    args.connection = connection = log_in(args)
    host = RemoteHost(connection)
    args.ending.callback(host.close)
    files = RemoteFiles(connection)
    toolstack = _toolstack_at(connection, host, files)
    args.fetched = host.root
    journal = RemoteState(connection, args.state_dir or STATE_DIR)
    return host, files, toolstack, journal, clock


def _toolstack_at(connection: Connection, host: RemoteHost, files: Files) -> Toolstack:
    """What owns the VMs of a host behind ssh, by the signs of `toolstack_of`."""
    from serialpass_tui.host.system import product
    from serialpass_tui.toolstack.xapi import SOCKETS

    host.fetch()
    signs = connection.ask("ls -d", XENSOURCE_INVENTORY, *SOCKETS).out
    folder = host.root / XL_CONFIG_DIR.lstrip("/")
    if folder.is_dir() and not signs:
        from serialpass_tui.toolstack.xl import Xl

        return Xl(connection.run, files, folder, host.hostname(), root=host.root)
    from serialpass_tui.toolstack.xe import Xe

    return Xe(connection.run, product(host.root).host_uuid)


def program() -> str:
    """What starts this tool, as an absolute path and its arguments; where it is installed, that."""
    from serialpass_tui.core.installing import LINK_FOLDERS, NAME

    for folder in LINK_FOLDERS:
        if os.access(f"{folder}/{NAME}", os.X_OK):
            return f"{folder}/{NAME}"
    return _script() or f"{sys.executable} -m serialpass_tui"


def _script() -> str:
    """The program that was called, if it can be called again; empty with `python -m`."""
    place = Path(sys.argv[0]).absolute()
    starts = place.is_file() and os.access(place, os.X_OK) and place.suffix != ".py"
    return str(place) if starts else ""


def running() -> Program:
    """The program that runs, as something to be installed."""
    from serialpass_tui import __version__
    from serialpass_tui.built import is_one_file
    from serialpass_tui.core.installing import Program
    from serialpass_tui.core.program import Seal
    from serialpass_tui.host import atomic

    if is_one_file():
        return Program(sys.executable, __version__, Seal(*atomic.pour(Path(sys.executable))))
    return Program(_script(), __version__, None)


def toolstack_of(socket: str | None, root: Path = Path("/")) -> Toolstack:
    """What owns the VMs of this host: XAPI where there is any sign of it, xl where /etc/xen is.

    A host whose XAPI is down must not be taken for one without: its VMs are in no file.
    """
    from serialpass_tui.host import commands
    from serialpass_tui.host.files import LocalFiles
    from serialpass_tui.host.system import product
    from serialpass_tui.toolstack.xapi import SOCKETS, Xapi

    # A pool member's socket leads to the master: only the host's own uuid says which host this is.
    uuid = product(root).host_uuid
    if socket:
        return Xapi([socket], uuid)
    signs = [root / sign.lstrip("/") for sign in (XENSOURCE_INVENTORY, *SOCKETS)]
    folder = root / XL_CONFIG_DIR.lstrip("/")
    if folder.is_dir() and not any(map(os.path.lexists, signs)):
        from serialpass_tui.toolstack.xl import Xl

        return Xl(commands.run, LocalFiles(root), folder, os.uname().nodename, root=root)
    return Xapi(host_uuid=uuid)


@contextlib.contextmanager
def demo(name: str, faults: Sequence[str]) -> Iterator[Service]:
    """A service over a simulated host: the real editing code and XAPI client, nothing real."""
    import tempfile

    from serialpass_tui.host.files import LocalFiles
    from serialpass_tui.host.journal import StateDirectory
    from serialpass_tui.service import Service
    from serialpass_tui.sim import machines
    from serialpass_tui.sim.faults import faults_from
    from serialpass_tui.sim.world import open_world
    from serialpass_tui.toolstack.xapi import Xapi
    from serialpass_tui.toolstack.xl import Xl

    recording = machines.load(name)
    with (
        tempfile.TemporaryDirectory(prefix="serialpass-demo-") as scratch,
        open_world(recording, Path(scratch), faults_from(faults), pace=DEMO_PACE) as world,
    ):
        files = world.files(LocalFiles(world.root))
        toolstack: Toolstack = Xapi([world.socket_path])
        if world.xl is not None:
            folder, name = world.root / XL_CONFIG_DIR.lstrip("/"), recording.inventory.hostname
            toolstack = Xl(world.xl.run, files, folder, name, root=world.root)
        journal = StateDirectory(world.state_dir, world.root, shown=STATE_DIR)
        yield Service(world.host, files, toolstack, journal, world.clock)
