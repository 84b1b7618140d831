"""The one place that runs programs: an argument list, a fixed search path, a bound on all else."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

from serialpass_tui.core.text import printable, shell_words
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

SEARCH = ("/usr/sbin", "/usr/bin", "/sbin", "/bin", "/opt/xensource/bin")
OUTPUT_LIMIT = 4 * 1024 * 1024
"""Bytes kept of each output stream; what comes after them is read and thrown away."""

_CHUNK = 65536
_GRACE = 0.2
"""How long to look for output of a program that has ended: a daemon it left may hold the pipe."""


@frozen
class Completed:
    """What a program did."""

    argv: tuple[str, ...]
    status: int
    """Its exit status; negative: the signal that ended it."""
    stdout: str
    stderr: str


def run(argv: Sequence[str], *, timeout: float = 30.0, search: Sequence[str] = SEARCH) -> Completed:
    """Run a program to its end, without a shell and without a terminal.

    Nothing is inherited: a Python packed into one file sets LD_LIBRARY_PATH for itself, and a
    program of dom0 that obeyed it would load the wrong libraries.

    Raises:
        Problem: `command-missing`, `command-timeout`.
    """
    program = _find(argv[0], search)
    _log("run %s", argv)
    environment = {"LC_ALL": "C", "PATH": ":".join(search), "HOME": "/root", "TERM": "dumb"}
    try:
        process = subprocess.Popen(  # noqa: S603 (an argument list, never a shell; see _find)
            [program, *argv[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise _missing(argv[0], f"cannot be run: {error.strerror}") from error
    with process:
        try:
            stdout, stderr = _collect(process, time.monotonic() + timeout)
        except subprocess.TimeoutExpired:
            _log("timeout of %s", argv)
            raise Problem(
                Exit.FAILED,
                "command-timeout",
                f"{printable(shell_words(argv))} did not end within {timeout:g} seconds and was "
                "stopped.",
                state="What it had done until then stands.",
                remedy="See in another terminal why it hangs, then try again.",
            ) from None
        finally:
            _end(process)
    _log(f"status {process.returncode} of %s", argv)
    return Completed(tuple(argv), process.returncode, stdout, stderr)


def run_checked(
    argv: Sequence[str], *, timeout: float = 30.0, search: Sequence[str] = SEARCH
) -> Completed:
    """Run a program that must succeed, so that no caller forgets to look at the status.

    Raises:
        Problem: `command-failed` with its last words, `command-missing`, `command-timeout`.
    """
    done = run(argv, timeout=timeout, search=search)
    if done.status == 0:
        return done
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    ended = f"status {done.status}" if done.status > 0 else f"signal {-done.status}"
    raise Problem(
        Exit.FAILED,
        "command-failed",
        f"{printable(shell_words(argv))} failed ({ended})"
        + (f": {printable(said[-1], 200)}" if said else "."),
        state="Whatever it did before it failed stands.",
        remedy="Run the command by hand to see all that it says.",
    )


def _find(name: str, search: Sequence[str]) -> str:
    """The absolute path of a program: the caller's PATH is not to be trusted by root."""
    if "/" in name:
        places = [Path(name)] if name.startswith("/") else []
    else:
        places = [Path(folder, name) for folder in search]
    for place in places:
        if place.is_file() and os.access(place, os.X_OK):
            return str(place)
    raise _missing(name, f"is not in {', '.join(search)}")


def _missing(name: str, why: str) -> Problem:
    return Problem(
        Exit.FAILED,
        "command-missing",
        f"The program {printable(name)} {why}.",
        remedy="Check that this is dom0 of a Xen host and that the program is installed there.",
    )


def _collect(process: subprocess.Popen[bytes], deadline: float) -> tuple[str, str]:
    """Both outputs, read together so that a full pipe cannot stop the program."""
    streams: tuple[IO[bytes] | None, ...] = (process.stdout, process.stderr)
    kept = [bytearray(), bytearray()]
    with selectors.DefaultSelector() as selector:
        for stream, buffer in zip(streams, kept, strict=True):
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ, buffer)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(process.args, 0)
            ready = selector.select(min(left, _GRACE))
            if not ready and process.poll() is not None:
                break
            for key, _ in ready:
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    selector.unregister(key.fileobj)
                room = OUTPUT_LIMIT - len(key.data)
                key.data.extend(chunk[: max(room, 0)])
    process.wait(max(deadline - time.monotonic(), 0.01))
    stdout, stderr = (bytes(buffer).decode("utf-8", "backslashreplace") for buffer in kept)
    return stdout, stderr


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a program that still runs, with the children it started in its session."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _log(words: str, argv: Sequence[str]) -> None:
    """Log what is run. Who wants a log has loaded `logging`; for others it is not loaded."""
    logging = sys.modules.get("logging")
    if logging is not None:
        logging.getLogger(__name__).debug(words, shell_words(argv))
