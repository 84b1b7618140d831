"""The command line: arguments, exit statuses, and the one place that builds a concrete host."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from serialpass_tui import __version__
from serialpass_tui.core.bdf import Bdf
from serialpass_tui.errors import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from serialpass_tui.plain import Terminal
    from serialpass_tui.service import Service

STATE_DIR = "/var/lib/serialpass-tui"
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
    args = build_parser().parse_args(argv)
    from serialpass_tui import plain

    term = plain.Terminal(
        sys.stdout,
        input,
        interactive=sys.stdin.isatty() and sys.stdout.isatty(),
        yes=args.yes,
        dry_run=args.dry_run,
        json=args.json,
    )
    try:
        return _run(args, term)
    except Problem as problem:
        return plain.report_problem(problem, term, sys.stderr)
    except BrokenPipeError:
        # The reader (a pager, head) went away; what was applied is in the journal all the same.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except (KeyboardInterrupt, EOFError):
        sys.stderr.write("\nserialpass-tui: stopped; `serialpass-tui status` tells what stands.\n")
        return Exit.USAGE
    except Exception as error:
        logging.getLogger(__name__).debug("bug", exc_info=True)
        bug = Problem(
            Exit.BUG,
            "bug",
            f"serialpass-tui met a fault of its own: {type(error).__name__}: {error}",
            state="What was applied before it is in the journal: see `serialpass-tui history`.",
            remedy="Run it again with SERIALPASS_LOG=FILE and send that file with the report.",
        )
        return plain.report_problem(bug, term, sys.stderr)


def build_parser() -> argparse.ArgumentParser:
    """The command line of the program; the documentation is checked against it."""
    parser = argparse.ArgumentParser(
        prog="serialpass-tui",
        description="Give a physical serial port of this Xen host to a VM. Without a command: the "
        "wizard.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[_everywhere()],
    )
    parser.set_defaults(
        yes=False,
        dry_run=False,
        json=False,
        host_root=None,
        machine=None,
        state_dir=None,
        xapi_socket=None,
        command=None,
    )
    parser.add_argument("--version", action="version", version=f"serialpass-tui {__version__}")
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
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    def command(name: str, words: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=words, description=words, parents=[_everywhere()])

    command("scan", "list the devices that carry serial ports, with routes and findings")
    sub = command("preview", "print the diff of a boot file; changes nothing, needs no Xen")
    sub.add_argument("--file", required=True, metavar="BOOTFILE")
    sub.add_argument("--hide", nargs="+", default=[], metavar="BDF")
    sub.add_argument("--unhide", nargs="+", default=[], metavar="BDF")
    sub.add_argument("--param", metavar="NAME", help="pciback.hide or xen-pciback.hide")
    for name, words in (
        ("hide", "write the boot entry so that the next boot hides devices from dom0"),
        ("unhide", "write the boot entry so that the next boot gives devices back to dom0"),
    ):
        command(name, words).add_argument("bdf", nargs="+", metavar="BDF")
    command("vms", "list the VMs, the devices bound to each, and why one cannot take a device")
    sub = command("bind", "give devices to a VM, by uuid or unambiguous name-label")
    sub.add_argument("vm", metavar="VM")
    sub.add_argument("bdf", nargs="+", metavar="BDF")
    sub.add_argument("--start", action="store_true", help="start the VM on this host afterwards")
    sub = command("unbind", "take devices from a VM; with none named, all of them")
    sub.add_argument("vm", metavar="VM")
    sub.add_argument("bdf", nargs="*", metavar="BDF")
    command("status", "where each device stands, and the open job")
    command("history", "the jobs done, newest first")
    sub = command("rollback", "undo a job after showing how; without a name the newest")
    which = sub.add_mutually_exclusive_group()
    which.add_argument("job", nargs="?", metavar="JOB")
    which.add_argument("--last", action="store_true", help="the newest job (the default)")
    which.add_argument("--all", action="store_true", dest="every", help="all jobs, newest first")
    sub = command("record", "write this host as one redacted JSON file")
    sub.add_argument("file", metavar="FILE")
    sub.add_argument(
        "--unredacted", action="store_true", help="keep MACs, serial numbers, host and VM names"
    )
    return parser


def _everywhere() -> argparse.ArgumentParser:
    """The options that stand before or after a command; made anew for each parser.

    Parsers share the actions of a common parent, and a default set on one would overwrite what the
    other has read.
    """
    everywhere = argparse.ArgumentParser(add_help=False)
    for flag, words in (
        ("--yes", "ask no question; never skips a safety refusal"),
        ("--dry-run", "show the plan and change nothing"),
        ("--json", "print one JSON document instead of words"),
    ):
        everywhere.add_argument(flag, action="store_true", default=argparse.SUPPRESS, help=words)
    for flag, name, words in (
        ("--host-root", "DIR", "act on the boot files and state of a dom0 disk mounted at DIR"),
        ("--machine", "FILE", "look at a recording in place of this host"),
        ("--state-dir", "DIR", f"journal and backups (default {STATE_DIR})"),
        ("--xapi-socket", "PATH", "XAPI's Unix socket"),
    ):
        everywhere.add_argument(flag, metavar=name, default=argparse.SUPPRESS, help=words)
    return everywhere


def _run(args: argparse.Namespace, term: Terminal) -> int:
    if args.command is None:
        return _wizard(args)
    if args.command == "preview":
        return _preview(args, term)
    from serialpass_tui import plain

    if args.command == "record":
        return _record(args, term)
    service = _service(args)
    bdfs = [Bdf.parse(text) for text in getattr(args, "bdf", [])]
    runs: dict[str, Callable[[], int]] = {
        "scan": lambda: plain.scan(service, term),
        "hide": lambda: plain.hide(service, term, bdfs),
        "unhide": lambda: plain.unhide(service, term, bdfs),
        "vms": lambda: plain.vms(service, term),
        "bind": lambda: plain.bind(service, term, args.vm, bdfs, start=args.start),
        "unbind": lambda: plain.unbind(service, term, args.vm, bdfs),
        "status": lambda: plain.status(service, term),
        "history": lambda: plain.history(service, term),
        "rollback": lambda: plain.rollback(service, term, args.job, every=args.every),
    }
    return runs[args.command]()


def _preview(args: argparse.Namespace, term: Terminal) -> int:
    from serialpass_tui import plain
    from serialpass_tui.host.files import LocalFiles

    path = str(Path(args.file).absolute())
    return plain.preview(
        term,
        path,
        LocalFiles().read(path),
        hide=[Bdf.parse(text) for text in args.hide],
        unhide=[Bdf.parse(text) for text in args.unhide],
        parameter=args.param,
    )


def _record(args: argparse.Namespace, term: Terminal) -> int:
    from serialpass_tui.host import recording

    seen = _service(args).scan()
    record = recording.record(seen.inventory, seen.pool)
    recording.save(Path(args.file), record, redact=not args.unredacted)
    term.document(file=args.file, unread=list(seen.inventory.unread))
    term.say(f"{args.file} is written.")
    term.say(*(f"Not in it: {fact}" for fact in seen.inventory.unread))
    return Exit.DONE


# --- the concrete host


def _service(args: argparse.Namespace) -> Service:
    """The service over this host, a recording of one, or a dom0 disk mounted somewhere."""
    from serialpass_tui.host.journal import StateDirectory
    from serialpass_tui.host.local import SystemClock
    from serialpass_tui.service import Service

    clock = SystemClock()
    if args.machine is not None:
        from serialpass_tui.host import recording

        record = recording.load(Path(args.machine))
        return Service(
            recording.RecordedHost(record),
            recording.RecordedFiles(record),
            recording.RecordedToolstack(record),
            recording.RecordedJournal(),
            clock,
        )
    from serialpass_tui.host.files import LocalFiles
    from serialpass_tui.host.local import LocalHost
    from serialpass_tui.host.system import product
    from serialpass_tui.toolstack.xapi import Xapi

    root = Path(args.host_root or "/")
    journal = StateDirectory(Path(args.state_dir or root / STATE_DIR.lstrip("/")))
    if args.host_root is not None:
        from serialpass_tui.host.rescue import RescueHost

        # No XAPI runs on a mounted disk; that of the machine below the tool is another host's.
        return Service(RescueHost(root), LocalFiles(root), Xapi([]), journal, clock)
    # A pool member's socket leads to the master: only the host's own uuid says which host this is.
    uuid = product(Path("/")).host_uuid
    toolstack = Xapi([args.xapi_socket], uuid) if args.xapi_socket else Xapi(host_uuid=uuid)
    return Service(LocalHost(), LocalFiles(), toolstack, journal, clock)


# --- the wizard


def _wizard(args: argparse.Namespace) -> int:
    if args.demo == "list":
        from serialpass_tui.sim import machines

        sys.stdout.write("".join(f"{name}\n" for name in machines.names()))
        return Exit.DONE
    if args.answers and args.demo is None:
        raise Problem(
            Exit.USAGE,
            "answers-need-demo",
            "--answers plays a run on a simulated host only.",
            remedy="Add --demo NAME.",
        )
    _require_terminal()
    answers = Path(args.answers) if args.answers else None
    if args.demo is not None:
        with _demo(args.demo, args.fault) as service:
            return _run_wizard(service, demo=args.demo, answers=answers)
    if args.machine is None and os.geteuid() != 0:
        raise Problem(
            Exit.USAGE,
            "not-root",
            "The wizard changes the boot entry and VMs of this host: it needs root.",
            remedy="Log in as root on dom0; `serialpass-tui scan` looks without root, "
            "`serialpass-tui --demo` tries the wizard on a simulated host.",
        )
    service = _service(args)
    if args.machine is None and service.scan().inventory.xen is None:
        raise Problem(
            Exit.FAILED,
            "not-dom0",
            "This is no Xen dom0: there is no VM to give a device to.",
            remedy="Run it on the XenServer or XCP-ng host itself; `serialpass-tui --demo` tries "
            "the wizard on a simulated host.",
        )
    return _run_wizard(service, demo="", answers=None)


def _run_wizard(service: Service, *, demo: str, answers: Path | None) -> int:
    from serialpass_tui.tui.app import run_wizard

    return run_wizard(service, demo=demo, answers=answers)


def _require_terminal() -> None:
    """Refuse before Textual starts: it paints on stderr and spins where stdin is at its end."""
    fit = sys.stdin.isatty() and sys.stderr.isatty()
    if not fit or os.environ.get("TERM", "dumb") in {"dumb", "unknown"}:
        raise Problem(
            Exit.USAGE,
            "no-terminal",
            "The wizard needs a terminal on its input and its error output, and TERM set.",
            remedy="The subcommands need none: scan, hide, bind, status; see serialpass-tui -h.",
        )


@contextlib.contextmanager
def _demo(name: str, faults: Sequence[str]) -> Iterator[Service]:
    """A service over a simulated host: the real editing code and XAPI client, nothing real."""
    from serialpass_tui.host.files import LocalFiles
    from serialpass_tui.host.journal import StateDirectory
    from serialpass_tui.service import Service
    from serialpass_tui.sim import machines
    from serialpass_tui.sim.faults import faults_from
    from serialpass_tui.sim.world import open_world
    from serialpass_tui.toolstack.xapi import Xapi

    recording = machines.load(name)
    with (
        tempfile.TemporaryDirectory(prefix="serialpass-demo-") as scratch,
        open_world(recording, Path(scratch), faults_from(faults), pace=DEMO_PACE) as world,
    ):
        yield Service(
            world.host,
            world.files(LocalFiles(world.root)),
            Xapi([world.socket_path]),
            StateDirectory(world.state_dir),
            world.clock,
        )


if __name__ == "__main__":
    sys.exit(main())
