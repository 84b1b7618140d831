"""The program: it runs one command, and ends with its exit status."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from pathlib import Path

from serialpass_tui import plain
from serialpass_tui.cli import hosts, options
from serialpass_tui.core.bdf import Bdf
from serialpass_tui.errors import Exit, Json, Problem
from serialpass_tui.lazy import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from serialpass_tui.core.ports import Files
    from serialpass_tui.plain import Terminal
    from serialpass_tui.service import Service


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
        args = options.build_parser().parse_args(argv)
        term = replace(
            term, yes=args.yes, dry_run=args.dry_run, json=args.json, place=options.place(args)
        )
        options.check(args)
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


def _interrupted() -> Problem:
    return Problem(
        Exit.FAILED,
        "interrupted",
        "Stopped from outside before the end.",
        state="What was applied before it stands and is in the journal.",
        remedy="`serialpass-tui status` tells what stands and how to go on or back.",
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


def _run(args: argparse.Namespace, term: Terminal) -> int:
    if args.command is None:
        from serialpass_tui.cli.wizard import wizard

        return wizard(args, term)
    with _ending_in_order():
        return _command(args, term)


def _command(args: argparse.Namespace, term: Terminal) -> int:
    if args.command == "preview":
        return _preview(args, term)

    if args.command == "record":
        return _record(args, term)
    if args.command in {"scan", "status"}:
        from serialpass_tui.service import Looker

        looker = Looker(*hosts.ports(args))
        return plain.scan(looker, term) if args.command == "scan" else plain.status(looker, term)
    service = hosts.service(args)
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

        path, files = args.file, RemoteFiles(hosts.log_in(args))
    data = files.read(path)
    return plain.preview(term, path, data, hide=hide, unhide=unhide, parameter=args.param)


def _record(args: argparse.Namespace, term: Terminal) -> int:
    from serialpass_tui.host import recording

    seen = hosts.service(args).scan()
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
