"""The one place that runs programs: an argument list, a fixed search path, a bound on all else."""

from __future__ import annotations

import os
import select
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path

from serialpass_tui.core.text import printable, shell_words
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO

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


def run_on_terminal(argv: Sequence[str], *, timeout: float = 300.0) -> Completed:
    """Run a program for the operator: with their environment, and their terminal to ask them on.

    ssh asks for passwords and unknown host keys on the terminal itself, and finds its keys, its
    agent and its settings through the environment (ssh(1)).

    Raises:
        Problem: `command-missing`, `command-timeout`.
    """
    process = _start([_find(argv[0], SEARCH), *argv[1:]], own_session=False)
    with process:
        try:
            stdout, stderr = _collect(process, time.monotonic() + timeout)
        except subprocess.TimeoutExpired:
            raise Problem(
                Exit.FAILED,
                "command-timeout",
                f"{printable(argv[0])} was not answered within {timeout:g} seconds.",
                remedy="Start again, and answer what it asks.",
            ) from None
        finally:
            if process.poll() is None:
                process.kill()
    return Completed(tuple(argv), process.returncode, stdout, stderr)


class Talk:
    """A program that is kept running and spoken to; it has no terminal, and signals pass it by."""

    def __init__(self, argv: Sequence[str]) -> None:
        """Start it. Raises Problem `command-missing`."""
        _log("keep %s", argv)
        self._process = _start([_find(argv[0], SEARCH), *argv[1:]], own_session=True)
        self._said = bytearray()
        self._complaints = bytearray()

    def exchange(self, data: bytes, mark: bytes, timeout: float, limit: int) -> bytes:
        """Send bytes, and wait for all that comes before `mark`, which is taken out.

        Both directions move together: a program that answers before it has read everything must
        not be waited for by somebody who waits for it.

        Raises:
            EOFError: it ended, or closed its output.
            TimeoutError: the mark did not come in time.
            OverflowError: more than `limit` bytes came before the mark.
        """
        deadline, rest = time.monotonic() + timeout, memoryview(data)
        stdin, stdout, stderr = self._pipes()
        searched = 0
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            selector.register(stderr, selectors.EVENT_READ)
            if rest:
                selector.register(stdin, selectors.EVENT_WRITE)
            while True:
                at = self._said.find(mark, searched)
                if at >= 0:
                    found = bytes(self._said[:at])
                    del self._said[: at + len(mark)]
                    return found
                searched = max(len(self._said) - len(mark), 0)
                if len(self._said) > limit:
                    raise OverflowError
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                for key, _ in selector.select(left):
                    if key.fd == stdin:
                        try:
                            # More than this could block although the pipe is said to have room.
                            rest = rest[os.write(stdin, rest[: select.PIPE_BUF]) :]
                        except BrokenPipeError:
                            raise EOFError from None
                        if not rest:
                            selector.unregister(stdin)
                        continue
                    chunk = os.read(key.fd, _CHUNK)
                    if not chunk and key.fd == stdout:
                        raise EOFError
                    if not chunk:
                        selector.unregister(stderr)
                    if key.fd == stdout:
                        self._said += chunk
                    else:
                        self._complaints = (self._complaints + chunk)[-OUTPUT_LIMIT:]

    def close(self) -> tuple[int, str]:
        """End it; its exit status, and what it said on standard error."""
        _, _, stderr = self._pipes()
        with self._process as process:
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(_GRACE * 10)
            except subprocess.TimeoutExpired:
                _end(process)
            with selectors.DefaultSelector() as selector:
                selector.register(stderr, selectors.EVENT_READ)
                while selector.select(0) and (chunk := os.read(stderr, _CHUNK)):
                    self._complaints += chunk
        said = bytes(self._complaints).decode("utf-8", "backslashreplace")
        return process.returncode, said

    def _pipes(self) -> tuple[int, int, int]:
        process = self._process
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise EOFError
        return process.stdin.fileno(), process.stdout.fileno(), process.stderr.fileno()


def _start(argv: Sequence[str], *, own_session: bool) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 (an argument list, never a shell; see _find)
            argv,
            stdin=subprocess.PIPE if own_session else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, "LC_ALL": "C"},
            start_new_session=own_session,
        )
    except OSError as error:
        raise _missing(argv[0], f"cannot be run: {error.strerror}") from error


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
