"""The command line: its options and commands, and which of them exclude each other."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from serialpass_tui.errors import Exit, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

STATE_DIR = "/var/lib/serialpass-tui"
DEFAULT_DEMO = "xcp-ng-8.3-bios"

_EPILOG = """\
exit status: 0 done or nothing to do, 1 a bug, 2 usage, 3 refused by a safety rule,
4 conflict (changed since previewed, or another run holds the lock),
5 the host or the toolstack failed, 6 applied but the check does not confirm it
"""


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


def check(args: argparse.Namespace) -> None:
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


def place(args: argparse.Namespace) -> tuple[str, ...]:
    """The options that name a host: what a person is told to type must act on the same one."""
    given = {
        "--ssh": args.ssh,
        "--host-root": args.host_root,
        "--machine": args.machine,
        "--state-dir": args.state_dir,
        "--xapi-socket": args.xapi_socket,
    }
    words = [word for pair in given.items() if pair[1] is not None for word in pair]
    return (*words, *(word for option in args.ssh_option for word in ("--ssh-option", option)))
