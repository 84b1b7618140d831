"""The command line: arguments, exit statuses, and the one place that builds a concrete host."""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import os
import signal
import sys
from pathlib import Path

from serialpass_tui import plain
from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.text import shell_words
from serialpass_tui.errors import Exit, Json, Problem
from serialpass_tui.lazy import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any, NoReturn

    from serialpass_tui.core.installing import Program
    from serialpass_tui.core.ports import Clock, Files, Host, Journal, Toolstack
    from serialpass_tui.host.journal import StateDirectory
    from serialpass_tui.host.ssh.connection import Connection
    from serialpass_tui.host.ssh.host import RemoteHost
    from serialpass_tui.plain import Terminal
    from serialpass_tui.service import Service
    from serialpass_tui.term.profile import Profile

    Ports = tuple[Host, Files, Toolstack, Journal, Clock]

STATE_DIR = "/var/lib/serialpass-tui"
XL_CONFIG_DIR = "/etc/xen"
XENSOURCE_INVENTORY = "/etc/xensource-inventory"
DEFAULT_DEMO = "xcp-ng-8.3-bios"
DEMO_PACE = 0.2
"""Seconds that a simulated VM takes for each part of its start: long enough to be seen."""

_EPILOG = """\
exit status: 0 done or nothing to do, 1 a bug, 2 usage, 3 refused by a safety rule,
4 conflict (changed since previewed, or another run holds the lock),
5 the host or the toolstack failed, 6 applied but the check does not confirm it
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status. A Problem is told in words, never as a traceback."""
    argv = sys.argv[1:] if argv is None else argv

    if isinstance(sys.stdout, io.TextIOWrapper):
        # A letter that the console's character set lacks must not end a run half-way.
        sys.stdout.reconfigure(errors="backslashreplace")
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    # What cannot be parsed must be told as a document too.
    term = plain.Terminal(sys.stdout, input, interactive=interactive, json="--json" in argv)
    try:
        args = build_parser().parse_args(argv)
        term = replace(
            term, yes=args.yes, dry_run=args.dry_run, json=args.json, called=_called(args)
        )
        _check(args)
        _log_to(os.environ.get("SERIALPASS_LOG", ""))
        with contextlib.ExitStack() as args.ending:
            return _run(args, term)
    except Problem as problem:
        return plain.report_problem(problem, term, sys.stderr)
    except KeyboardInterrupt:
        return plain.report_problem(_interrupted(), term, sys.stderr)
    except Exception as error:
        import logging

        logging.getLogger(__name__).debug("bug", exc_info=True)
        bug = Problem(
            Exit.BUG,
            "bug",
            f"serialpass-tui met a fault of its own: {type(error).__name__}: {error}",
            state="What was applied before it is in the journal: see `serialpass-tui history`.",
            remedy="Run it again with SERIALPASS_LOG=FILE and send that file with the report.",
        )
        return plain.report_problem(bug, term, sys.stderr)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are told like every other problem.

    A command's own is made when that command is parsed or explained.
    """

    def __init__(self, *, fill: Callable[[_Parser], None] | None = None, **told: Any) -> None:
        self._later: tuple[Callable[[_Parser], None] | None, dict[str, Any]] | None = fill, told
        if fill is None:
            self._make()

    def _make(self) -> None:
        if self._later is None:
            return
        (fill, told), self._later = self._later, None
        super().__init__(add_help=fill is None, **told)
        if fill is not None:
            self.add_argument("-h", "--help", action="help", help="show this help message and exit")
            _add_everywhere(self)
            fill(self)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As of any parser."""
        self._make()
        return super().parse_known_args(args, namespace)

    def format_help(self) -> str:
        """As of any parser."""
        self._make()
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        """Raise Problem `usage`."""
        usage = " ".join(self.format_usage().split())
        raise Problem(Exit.USAGE, "usage", f"{message}.", remedy=usage)


class _Version(argparse.Action):
    """Tell the version, looked up when it is asked for, and end."""

    def __call__(self, parser: argparse.ArgumentParser, *_rest: object) -> NoReturn:
        """As of any action."""
        from serialpass_tui.built import version

        sys.stdout.write(f"{version()}\n")
        parser.exit()


def _called(args: argparse.Namespace) -> str:
    """How this program is called for the same host: what it tells to be typed must act there."""
    places = {
        "--ssh": args.ssh,
        "--host-root": args.host_root,
        "--machine": args.machine,
        "--state-dir": args.state_dir,
        "--xapi-socket": args.xapi_socket,
    }
    words = [word for pair in places.items() if pair[1] is not None for word in pair]
    words += [word for option in args.ssh_option for word in ("--ssh-option", option)]
    return shell_words([plain.NAME, *words]) if words else plain.NAME


def _interrupted() -> Problem:
    return Problem(
        Exit.FAILED,
        "interrupted",
        "Stopped from outside before the end.",
        state="What was applied before it stands and is in the journal.",
        remedy="`serialpass-tui status` tells what stands and how to go on or back.",
    )


def _check(args: argparse.Namespace) -> None:
    """Refuse options that would not do what they say where they stand. Raises Problem."""

    def refuse(code: str, summary: str, remedy: str) -> NoReturn:
        raise Problem(Exit.USAGE, code, summary, remedy=remedy)

    if args.command == "hide" and args.now and args.trial:
        refuse(
            "now-and-trial",
            "--now takes the devices without a boot, --trial is a boot of its own.",
            "Give one of them.",
        )
    in_demo = args.demo is not None or args.answers or args.fault
    if args.command is not None and in_demo:
        refuse(
            "demo-is-the-wizard",
            f"The demo is the wizard's: `{args.command}` would act on this host.",
            "Leave the command out, or --demo, --answers and --fault.",
        )
    if args.command is None and (args.yes or args.dry_run or args.json):
        refuse(
            "wizard-option",
            "The wizard takes no --yes, --dry-run or --json: it shows and asks on its screens.",
            "Give a command, for example `serialpass-tui scan`; or try `serialpass-tui --demo`.",
        )
    if args.answers and args.demo is None:
        refuse(
            "answers-need-demo",
            "--answers plays a run on a simulated host only.",
            "Add --demo NAME.",
        )
    if args.fault and args.demo is None:
        refuse("fault-needs-demo", "--fault is for a simulated host only.", "Add --demo NAME.")
    if args.ssh_option and args.ssh is None:
        refuse("option-needs-ssh", "--ssh-option is for --ssh only.", "Add --ssh root@HOST.")
    elsewhere = {"--machine": args.machine, "--host-root": args.host_root, "--demo": args.demo}
    for option, value in {**elsewhere, "--xapi-socket": args.xapi_socket}.items():
        if args.ssh is not None and value is not None:
            refuse(
                "ssh-and-other",
                f"--ssh works on a host over the network, {option} names something here.",
                "Give one of them.",
            )
    if args.machine is not None and args.host_root is not None:
        refuse(
            "machine-and-root",
            "--machine looks at a recording, --host-root at a disk: they exclude each other.",
            "Give one of them.",
        )
    if args.command == "install" and args.host_root is not None:
        refuse(
            "not-running",
            "install copies the program that runs to the host that it runs on.",
            "Boot that host and run it there; `uninstall` also works with --host-root.",
        )
    if args.host_root is not None and not Path(args.host_root).is_dir():
        refuse(
            "no-host-root",
            f"--host-root: {args.host_root} is no directory.",
            "Mount the dom0 disk there first.",
        )


def _log_to(path: str) -> None:
    """Log to the file that SERIALPASS_LOG names. Raises Problem `log-unwritable`."""
    if not path:
        return
    import logging  # who asks for no log does not pay for it

    try:
        logging.basicConfig(
            filename=path, level=logging.DEBUG, format="%(asctime)s %(name)s %(message)s"
        )
    except OSError as error:
        raise Problem(
            Exit.USAGE,
            "log-unwritable",
            f"SERIALPASS_LOG: {path} cannot be written: {error.strerror}.",
            remedy="Name a file that can be made.",
        ) from error


@contextlib.contextmanager
def _ending_in_order() -> Iterator[None]:
    """Have a hang-up or a kill end a command as Ctrl-C does: sessions closed, files swept."""
    with _on_signals({signal.SIGTERM: _leave, signal.SIGHUP: _leave}):
        yield


@contextlib.contextmanager
def _changes_whole(service: Service) -> Iterator[None]:
    """Have the change in hand end before a hang-up, a kill, Ctrl-C or Ctrl-Z takes effect."""

    def leave() -> None:
        service.when_whole(_leave)

    def rest() -> None:
        service.when_whole(lambda: os.kill(os.getpid(), signal.SIGSTOP))

    wanted = dict.fromkeys((signal.SIGTERM, signal.SIGHUP, signal.SIGINT), leave)
    with _on_signals({**wanted, signal.SIGTSTP: rest}):
        yield


def _leave() -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _on_signals(acts: Mapping[signal.Signals, Callable[[], None]]) -> Iterator[None]:
    """Have signals do this within the `with` block; what is ignored stays so: nohup means it."""
    before = {number: signal.getsignal(number) for number in acts}

    def caught(number: int, _frame: object) -> None:
        acts[signal.Signals(number)]()

    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, caught)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def build_parser() -> argparse.ArgumentParser:
    """The command line of the program; the documentation is checked against it."""
    parser = _Parser(
        prog="serialpass-tui",
        description="Give a physical serial port of this Xen host to a VM. Without a command: the "
        "wizard.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_everywhere(parser)
    parser.set_defaults(
        yes=False,
        dry_run=False,
        json=False,
        host_root=None,
        machine=None,
        state_dir=None,
        xapi_socket=None,
        ssh=None,
        ssh_option=[],
        command=None,
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="show program's version number and exit"
    )
    parser.add_argument(
        "--demo",
        nargs="?",
        const=DEFAULT_DEMO,
        metavar="NAME",
        help="the wizard on a simulated host, nothing real is touched; `--demo list` names them",
    )
    parser.add_argument(
        "--answers", metavar="FILE", help="with --demo: play a scripted run without a person"
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="WORD",
        help="with --demo: let something go wrong, for example ha-vetoes or start-fails=rmrr",
    )
    parser.add_argument(
        "--no-trial",
        dest="trying",
        action="store_false",
        help="the wizard: write the default boot entry at once, without a trial boot before it",
    )
    parser.add_argument(
        "--terminal",
        metavar="NAME[@SPEED]",
        help="what the wizard paints on, in place of what TERM and the line say: linux, vt100, "
        "vt220, xterm, screen or tmux; SPEED in bits per second for a line that is slower than "
        "it looks; remembered for a console or serial line until `auto`",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", prog=parser.prog)

    for name, (words, fill) in _COMMANDS.items():
        commands.add_parser(name, help=words, description=words, fill=fill)
    commands.add_parser("boot-check", fill=_no_more)  # run by the host's init
    return parser


def _no_more(_parser: _Parser) -> None:
    """Nothing but what stands everywhere."""


def _preview_options(parser: _Parser) -> None:
    parser.add_argument("--file", required=True, metavar="BOOTFILE")
    parser.add_argument("--hide", nargs="+", default=[], metavar="BDF")
    parser.add_argument("--unhide", nargs="+", default=[], metavar="BDF")
    parser.add_argument("--param", metavar="NAME", help="pciback.hide or xen-pciback.hide")


def _hide_options(parser: _Parser) -> None:
    parser.add_argument("bdf", nargs="+", metavar="BDF")
    parser.add_argument(
        "--now", action="store_true", help="also give them to pciback now, without a reboot"
    )
    parser.add_argument(
        "--trial",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="have an entry of its own booted once, to be made the default by `confirm`; without "
        "(--no-trial) the default entry is written at once",
    )


def _unhide_options(parser: _Parser) -> None:
    parser.add_argument("bdf", nargs="+", metavar="BDF")


def _bind_options(parser: _Parser) -> None:
    parser.add_argument("vm", metavar="VM")
    parser.add_argument("bdf", nargs="+", metavar="BDF")
    parser.add_argument("--start", action="store_true", help="start the VM on this host afterwards")


def _unbind_options(parser: _Parser) -> None:
    parser.add_argument("vm", metavar="VM")
    parser.add_argument("bdf", nargs="*", metavar="BDF")


def _rollback_options(parser: _Parser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("job", nargs="?", metavar="JOB")
    which.add_argument("--last", action="store_true", help="the newest job (the default)")
    which.add_argument("--all", action="store_true", dest="every", help="all jobs, newest first")


def _record_options(parser: _Parser) -> None:
    parser.add_argument("file", metavar="FILE")
    parser.add_argument(
        "--unredacted", action="store_true", help="keep MACs, serial numbers, host and VM names"
    )


_COMMANDS: dict[str, tuple[str, Callable[[_Parser], None]]] = {
    "scan": ("list the devices that carry serial ports, with routes and findings", _no_more),
    "preview": (
        "print the diff of a boot file; changes nothing, needs no Xen",
        _preview_options,
    ),
    "hide": (
        "write the boot entry so that the next boot hides devices from dom0",
        _hide_options,
    ),
    "confirm": ("make the trial that this boot is the default boot entry", _no_more),
    "unhide": (
        "write the boot entry so that the next boot gives devices back to dom0",
        _unhide_options,
    ),
    "vms": ("list the VMs, the devices bound to each, and why one cannot take a device", _no_more),
    "bind": ("give devices to a VM, by uuid or unambiguous name-label", _bind_options),
    "unbind": ("take devices from a VM; with none named, all of them", _unbind_options),
    "status": ("where each device stands, and the open job", _no_more),
    "doctor": ("what is wrong here, and its repair after showing it", _no_more),
    "history": ("the jobs done, newest first", _no_more),
    "install": ("put this tool itself on the host: program, link, menu entry, hint", _no_more),
    "uninstall": ("take it away again; the journal and the backups stay", _no_more),
    "rollback": (
        "undo a job after showing how; without a name the newest",
        _rollback_options,
    ),
    "record": ("write this host as one redacted JSON file", _record_options),
}


def _add_everywhere(parser: _Parser) -> None:
    """Add the options that stand before or after a command.

    Their default is none at all: that of the command would overwrite what stood before it.
    """
    for flag, words in (
        ("--yes", "ask no question; never skips a safety refusal"),
        ("--dry-run", "show the plan and change nothing"),
        ("--json", "print one JSON document instead of words"),
    ):
        parser.add_argument(flag, action="store_true", default=argparse.SUPPRESS, help=words)
    for flag, name, words in (
        ("--host-root", "DIR", "act on the boot files and state of a dom0 disk mounted at DIR"),
        ("--machine", "FILE", "look at a recording in place of this host"),
        ("--state-dir", "DIR", f"journal and backups (default {STATE_DIR})"),
        ("--xapi-socket", "PATH", "XAPI's Unix socket"),
    ):
        parser.add_argument(flag, metavar=name, default=argparse.SUPPRESS, help=words)
    parser.add_argument(
        "--ssh",
        metavar="[USER@]HOST[:PORT]",
        default=argparse.SUPPRESS,
        help="work on that host through OpenSSH; nothing is installed there",
    )
    parser.add_argument(
        "--ssh-option",
        metavar="NAME=VALUE",
        action="append",
        default=argparse.SUPPRESS,
        help="with --ssh: an option of ssh (ssh_config(5)); may be given several times",
    )


def _run(args: argparse.Namespace, term: Terminal) -> int:
    if args.command is None:
        return _wizard(args, term)
    with _ending_in_order():
        return _command(args, term)


def _command(args: argparse.Namespace, term: Terminal) -> int:
    if args.command == "preview":
        return _preview(args, term)

    if args.command == "record":
        return _record(args, term)
    if args.command in {"scan", "status"}:
        from serialpass_tui.service import Looker

        looker = Looker(*_ports(args))
        return plain.scan(looker, term) if args.command == "scan" else plain.status(looker, term)
    service = _service(args)
    bdfs = list(dict.fromkeys(Bdf.parse(text) for text in getattr(args, "bdf", [])))
    runs: dict[str, Callable[[], int]] = {
        "hide": lambda: plain.hide(service, term, bdfs, now=args.now, trial=args.trial),
        "boot-check": lambda: _boot_check(service, term),
        "confirm": lambda: plain.confirm(service, term),
        "unhide": lambda: plain.unhide(service, term, bdfs),
        "vms": lambda: plain.vms(service, term),
        "bind": lambda: plain.bind(service, term, args.vm, bdfs, start=args.start),
        "unbind": lambda: plain.unbind(service, term, args.vm, bdfs),
        "doctor": lambda: plain.doctor(service, term),
        "history": lambda: plain.history(service, term),
        "install": lambda: plain.install(service, term),
        "uninstall": lambda: plain.uninstall(service, term),
        "rollback": lambda: plain.rollback(service, term, args.job, every=args.every),
    }
    with _changes_whole(service):
        return runs[args.command]()


def _boot_check(service: Service, term: Terminal) -> int:
    """What the host's init runs after a trial boot."""
    words = service.boot_check()
    term.document(line=words or None)
    if words:
        term.say(words)
    return Exit.DONE


def _preview(args: argparse.Namespace, term: Terminal) -> int:
    from serialpass_tui.host.files import LocalFiles

    hide, unhide = ([Bdf.parse(text) for text in texts] for texts in (args.hide, args.unhide))
    if not hide and not unhide:
        raise Problem(
            Exit.USAGE,
            "nothing-asked",
            "Neither --hide nor --unhide names a device.",
            remedy="Name one: --hide 0000:02:00.0",
        )
    path = str(Path(args.file).absolute())
    files: Files = LocalFiles()
    if args.ssh is not None:
        from serialpass_tui.host.ssh.files import RemoteFiles

        path, files = args.file, RemoteFiles(_log_in(args))
    data = files.read(path)
    return plain.preview(term, path, data, hide=hide, unhide=unhide, parameter=args.param)


def _record(args: argparse.Namespace, term: Terminal) -> int:
    from serialpass_tui.host import recording

    seen = _service(args).scan()
    record = recording.record(seen.inventory, seen.pool)
    path = Path(args.file)
    fields: dict[str, Json] = {"file": args.file, "unread": list(seen.inventory.unread)}
    # A name typed wrong must not cost the file that has it: root can overwrite the boot file.
    if term.dry_run or path.is_file():
        status = term.may_apply(f"Replace {args.file}?")
        if status is not None:
            term.document(**fields, applied=False)
            return status
    recording.save(path, record, redact=not args.unredacted)
    if not path.is_file():
        return Exit.DONE  # written to the screen or a pipe, where nothing else belongs
    term.document(**fields, applied=True)
    term.say(f"{args.file} is written.")
    term.say(*(f"Not in it: {fact}" for fact in seen.inventory.unread))
    return Exit.DONE


# --- the concrete host


def _state(args: argparse.Namespace) -> StateDirectory:
    """The state directory of this host, or of the disk mounted somewhere."""
    from serialpass_tui.host.journal import StateDirectory

    root = Path(args.host_root or "/")
    return StateDirectory(Path(args.state_dir or root / STATE_DIR.lstrip("/")), root)


def _service(args: argparse.Namespace) -> Service:
    """The service over this host, a recording of one, or a dom0 disk mounted somewhere."""
    from serialpass_tui.service import Service

    ports = _ports(args)
    if args.ssh is not None:
        # No program lies there: what a boot starts by itself would have nothing to start.
        return Service(*ports, hang_up=args.connection.forget)
    if args.machine is not None or args.host_root is not None:
        return Service(*ports)
    # What a boot starts by itself looks into the usual state directory.
    program = _program() if args.state_dir is None else ""
    return Service(*ports, program=program, running=_running)


def _ports(args: argparse.Namespace) -> Ports:
    """The doors to what the options name. Raises Problem."""
    from serialpass_tui.host.local import SystemClock

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
    journal = _state(args)
    if args.host_root is not None:
        from serialpass_tui.host.rescue import RescueHost
        from serialpass_tui.toolstack.xapi import Xapi

        # No XAPI runs on a mounted disk; that of the machine below the tool is another host's.
        return RescueHost(root), LocalFiles(root), Xapi([]), journal, clock
    from serialpass_tui.host.local import LocalHost

    return LocalHost(), LocalFiles(), toolstack_of(args.xapi_socket), journal, clock


def _log_in(args: argparse.Namespace) -> Connection:
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

    args.connection = connection = _log_in(args)
    host = RemoteHost(connection)
    args.ending.callback(host.close)
    files = RemoteFiles(connection)
    toolstack = _toolstack_at(connection, host, files)
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


def _program() -> str:
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


def _running() -> Program:
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


# --- the wizard


def _wizard(args: argparse.Namespace, term: Terminal) -> int:
    if args.demo == "list":
        from serialpass_tui.sim import machines

        term.say(*machines.names())
        return Exit.DONE
    real = args.demo is None and args.machine is None and args.ssh is None
    terminal = _terminal(args.terminal, _state(args) if real else None)
    answers = Path(args.answers) if args.answers else None
    if args.demo is not None:
        with _demo(args.demo, args.fault) as service:
            return _run_wizard(
                service, terminal, demo=args.demo, answers=answers, trying=args.trying
            )
    if real and os.geteuid() != 0:
        raise Problem(
            Exit.USAGE,
            "not-root",
            "The wizard changes the boot entry and VMs of this host: it needs root.",
            remedy="Log in as root on dom0; `serialpass-tui scan` looks without root, "
            "`serialpass-tui --demo` tries the wizard on a simulated host.",
        )
    service = _service(args)
    if args.ssh is not None and args.connection.uid != 0:
        raise Problem(
            Exit.USAGE,
            "not-root",
            "The wizard changes the boot entry and VMs of that host: it needs root there.",
            remedy="Log in as root: --ssh root@HOST; `scan --ssh` looks without root.",
        )
    if args.machine is None and service.scan().inventory.xen is None:
        raise Problem(
            Exit.FAILED,
            "not-dom0",
            "This is no Xen dom0: there is no VM to give a device to.",
            remedy="Run it on the Xen host itself (XenServer, XCP-ng or plain Xen); "
            "`serialpass-tui --demo` tries the wizard on a simulated host.",
        )
    return _run_wizard(service, terminal, demo="", answers=None, trying=args.trying)


def _run_wizard(
    service: Service, terminal: Profile, *, demo: str, answers: Path | None, trying: bool
) -> int:
    # Modules are no garbage: looking through them for it is a twentieth of the start.
    gc.disable()
    try:
        from serialpass_tui.tui.app import run_wizard
    finally:
        gc.freeze()
        gc.enable()
    return run_wizard(service, terminal, demo=demo, answers=answers, trying=trying)


def _terminal(wanted: str | None, state: StateDirectory | None) -> Profile:
    """What is known of the terminal, and what was said of it at an earlier start.

    Raises Problem where the wizard cannot be shown on it.
    """
    from serialpass_tui.host import terminals
    from serialpass_tui.term import line, profile, terminfo

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise profile.no_terminal(
            "input and output are not both a terminal.",
            "Start it at a console, or with `ssh -t` where SSH starts it as a command.",
        )
    output = sys.stdout.fileno()
    name = terminals.lasting_name(output)
    said = wanted or (terminals.recall(state, name) if state is not None else "")
    chosen = profile.choose(os.environ, line.look(output), said, terminfo.colours)
    if wanted and state is not None:
        terminals.remember(state, name, wanted)
    return chosen


@contextlib.contextmanager
def _demo(name: str, faults: Sequence[str]) -> Iterator[Service]:
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


if __name__ == "__main__":
    sys.exit(main())
