"""The start of the wizard: where it may run, and on what it paints."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

from serialpass_tui.cli import hosts
from serialpass_tui.errors import Exit, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from serialpass_tui.host.journal import StateDirectory
    from serialpass_tui.plain import Terminal
    from serialpass_tui.service import Service
    from serialpass_tui.term.profile import Profile

_MANY = 10_000
"""New objects after which garbage is looked for; a screen makes some thousands that stay."""


def wizard(args: argparse.Namespace, term: Terminal) -> int:
    """Run the wizard, or the demo; its exit status. Raises Problem where it cannot be shown."""
    if args.demo == "list":
        from serialpass_tui.sim import machines

        term.say(*machines.names())
        return Exit.DONE
    real = args.demo is None and args.machine is None and args.ssh is None
    terminal = terminal_of(args.terminal, hosts.state(args) if real else None)
    answers = Path(args.answers) if args.answers else None
    if args.demo is not None:
        with hosts.demo(args.demo, args.fault) as service:
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
    service = hosts.service(args)
    if args.ssh is not None and args.connection.uid != 0:
        raise Problem(
            Exit.USAGE,
            "not-root",
            "The wizard changes the boot entry and VMs of that host: it needs root there.",
            remedy="Log in as root: --ssh root@HOST; `scan --ssh` looks without root.",
        )
    if args.machine is None and not hosts.is_dom0(args):
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
        gc.set_threshold(_MANY)
    return run_wizard(service, terminal, demo=demo, answers=answers, trying=trying)


def terminal_of(wanted: str | None, state: StateDirectory | None) -> Profile:
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
