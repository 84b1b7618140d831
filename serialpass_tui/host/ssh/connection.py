"""One connection to a host: a login, and one shell there that is kept running and asked.

A request is a line with its length, the words of a script, and bytes for it to read; the answer
ends in a mark that was drawn for this connection, so that what a banner or a start-up file prints
before it is no answer, and a file's content does not end one. The lock of the state directory is
held by that shell: where the connection breaks, the shell first comes to the end of the step in
hand, and only then does anybody else get the lock.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import shutil
import tempfile
import threading
from pathlib import Path

from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host import commands
from serialpass_tui.host.commands import OUTPUT_LIMIT, SEARCH, Completed, Talk
from serialpass_tui.host.ssh import refusals
from serialpass_tui.host.ssh.library import LIBRARY, NEEDED, SUMS
from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from serialpass_tui.host.ssh.target import Target

PATIENCE = 60.0
"""Seconds for a step that reads or writes a file; `sync` on a busy disk takes its time."""
MOST = 80 * 1024 * 1024
"""Bytes of one answer: more than every file that the tool reads."""

_LOGIN = 60.0
_GONE = 120
"""Seconds without a request after which a shell that holds the lock takes its operator for gone."""
_LONGEST = 50
"""Of a folder for ssh's socket: with a name in it, it must be below 104 bytes (unix(4))."""
_IDLE = 30
"""Seconds that ssh keeps the login when nothing uses it any more."""
_ALIVE = ("ServerAliveInterval=10", "ServerAliveCountMax=3", "ConnectTimeout=15")
_UNCHECKED = ("false", "no", "off", "accept-new")
_PLAIN = ("ClearAllForwardings=yes", "ForwardAgent=no", "PermitLocalCommand=no")
_LOOP = (
    "umask 077; cd /; unset LD_LIBRARY_PATH LD_PRELOAD; exec 4>&1; "
    "PATH={path}; LC_ALL=C; HOME=/root; TERM=dumb; SP={mark}; "
    "export PATH LC_ALL HOME TERM; SP_WAIT=; "
    'printf "%s.\\n" "$SP"; '
    'while read $SP_WAIT -r n; do s=$(dd bs=1 count="$n" 2>/dev/null); '
    '[ "${{#s}}" -eq "$n" ] || exit 1; eval "$s"; done'
)


@frozen
class Answer:
    """What a script answered."""

    status: int
    out: bytes
    err: str
    """What it complained of."""


class Connection:
    """The way to one host."""

    def __init__(self, target: Target) -> None:
        """Remember the host; `log_in` goes there."""
        self.target = target
        self.uid = -1
        """The user's number there; 0 is root."""
        self.sums = ""
        """The program there that tells digests."""
        short = None if len(tempfile.gettempdir()) < _LONGEST else "/tmp"  # noqa: S108 (0700)
        self._folder = Path(tempfile.mkdtemp(prefix="spt-", dir=short))
        self._checked: bool | None = None
        self._talk: Talk | None = None
        self._mark = b""
        self._one_at_a_time = threading.RLock()
        self._holding = False
        self._held_lost = False

    @property
    def mark(self) -> bytes:
        """What ends the parts of an answer that has several."""
        return self._mark

    # --- coming and going

    def log_in(self) -> None:
        """Log in, asking on the terminal for what ssh has to ask.

        Raises:
            Problem: `ssh-unreachable`, `ssh-denied`, `ssh-host-key`, `ssh-old-algorithms`,
                `ssh-failed`; `ssh-host-lacks` where the host's shell lacks something.
        """
        argv = ["ssh", "-T", *self._options("ControlMaster=yes", f"ControlPersist={_IDLE}")]
        argv += self._host_key_option()
        done = commands.run_on_terminal([*argv, *self.target.arguments(), "exit 0"])
        if done.status != 0:
            raise refusals.refused(self.target, done.stderr)
        self._open()

    def close(self) -> None:
        """Log out, and leave nothing behind here."""
        self.forget()
        shutil.rmtree(self._folder, ignore_errors=True)

    def forget(self) -> None:
        """Hang up: the host goes down, and comes back with another shell."""
        with self._one_at_a_time:
            self._hang_up()
            control = self._folder / "c"
            if control.exists():
                argv = ["ssh", "-o", f"ControlPath={control}", "-O", "exit"]
                with contextlib.suppress(Problem):
                    commands.run([*argv, *self.target.arguments()], timeout=5.0)

    def _options(self, *own: str) -> list[str]:
        """Of several values of an option ssh takes the first."""
        pairs = (*own, f"ControlPath={self._folder / 'c'}", *_ALIVE, *_PLAIN)
        return [word for pair in pairs for word in ("-o", pair)]

    def _host_key_option(self) -> list[str]:
        """A host key that the operator's settings leave unchecked is asked for here."""
        if self._checked is None:
            self._checked = self._key_is_checked()
        return [] if self._checked else ["-o", "StrictHostKeyChecking=ask"]

    def _key_is_checked(self) -> bool:
        asked = commands.run_on_terminal(["ssh", "-G", *self.target.arguments()], timeout=10.0)
        unchecked = {f"stricthostkeychecking {word}" for word in _UNCHECKED}
        return unchecked.isdisjoint(map(str.lower, asked.stdout.splitlines()))

    def _open(self) -> Talk:
        """The shell at the host, started if there is none. Raises Problem as `log_in`."""
        if self._talk is not None:
            return self._talk
        mark = secrets.token_hex(16)
        loop = _LOOP.format(path=":".join(SEARCH), mark=mark)
        argv = ["ssh", "-T", *self._options("BatchMode=yes", "ControlMaster=no")]
        argv += self._host_key_option()
        talk = Talk([*argv, *self.target.arguments(), f"exec /bin/sh -c '{loop}'"])
        self._mark = mark.encode()
        try:
            talk.exchange(b"", self._mark + b".\n", _LOGIN, OUTPUT_LIMIT)
        except (EOFError, TimeoutError, OverflowError) as error:
            _, said = talk.close()
            raise refusals.refused(self.target, said) from error
        self._talk = talk
        try:
            self._introduce()
        except Problem:
            self._hang_up()
            raise
        return talk

    def _introduce(self) -> None:
        """Teach the shell its functions, and look whether it has what they need."""
        lines = [
            LIBRARY,
            f"for x in {' '.join(NEEDED)}; do command -v $x >/dev/null || echo lacks $x; done",
            f"for x in {' '.join(SUMS)}; do command -v $x >/dev/null && SP_SUM=$x && break; done",
            f"SP_GONE=; (echo | read -t {_GONE} -r x) 2>/dev/null && SP_GONE='-t {_GONE}'",
            "SP_TIMEOUT=; timeout -s KILL 9 true 2>/dev/null && SP_TIMEOUT='timeout -s KILL'",
            'echo uid "$(id -u)"; echo sums "$SP_SUM"',
        ]
        answer = self._ask("\n".join(lines), b"", PATIENCE, direct=True, again=False)
        told = [line.split() for line in answer.out.decode("utf-8", "replace").splitlines()]
        facts = {words[0]: words[1] for words in told if len(words) == 2}
        lacking = [words[1] for words in told if words[0] == "lacks" and len(words) == 2]
        self.sums = facts.get("sums", "")
        if not self.sums:
            lacking.append(" or ".join(SUMS))
        if lacking or not facts.get("uid", "").isdecimal():
            raise Problem(
                Exit.FAILED,
                "ssh-host-lacks",
                f"The shell of {self.target.shown} lacks "
                f"{printable(', '.join(lacking) or 'an answer', 120)}.",
                remedy="Work at the host itself, or with --host-root from a rescue system.",
            )
        self.uid = int(facts["uid"])

    def _hang_up(self) -> str:
        talk, self._talk = self._talk, None
        if talk is None:
            return ""
        if self._holding:
            self._held_lost = True
        return talk.close()[1]

    # --- asking

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        """While the shell holds the lock: where it is lost, no other shell takes its place."""
        self._holding, self._held_lost = True, False
        try:
            yield
        finally:
            self._holding = self._held_lost = False

    def ask(self, script: str, *words: str, data: bytes = b"", timeout: float = PATIENCE) -> Answer:
        """Run a function of the library, or a script, with words as its arguments.

        `data` is what it reads from its standard input.

        Raises:
            Problem: `ssh-lost` where the connection breaks; `command-timeout`; as `log_in`.
        """
        return self._ask(_line(script, words), data, timeout, direct=False)

    def ask_itself(self, script: str, *words: str) -> Answer:
        """The same in the shell itself, which keeps what it opens. Raises Problem."""
        return self._ask(_line(script, words), b"", PATIENCE, direct=True)

    def run(self, argv: Sequence[str], *, timeout: float = 30.0) -> Completed:
        """Run a program at the host, as `host.commands.run` does here.

        One that takes too long is killed there, if the host has timeout(1): CentOS 5 has none.

        Raises:
            Problem: `command-missing`, `command-timeout`, `ssh-lost`.
        """
        answer = self.ask("sp_do", str(int(timeout) + 1), *argv, timeout=timeout)
        if answer.status == 127:
            raise Problem(
                Exit.FAILED,
                "command-missing",
                f"The program {printable(argv[0])} is not on {self.target.shown}.",
                remedy="Check that it is dom0 of a Xen host and that the program is installed "
                "there.",
            )
        out = answer.out[:OUTPUT_LIMIT].decode("utf-8", "backslashreplace")
        return Completed(tuple(argv), answer.status, out, answer.err)

    def _ask(
        self, script: str, data: bytes, timeout: float, *, direct: bool, again: bool = True
    ) -> Answer:
        with self._one_at_a_time:
            if self._held_lost:
                raise refusals.lost(self.target, "")
            was_open = self._talk is not None
            talk, mark = self._open(), self._mark
            whole = _framed(script, has_data=bool(data), direct=direct)
            request = os.fsencode(whole)
            sent = str(len(request)).encode() + b"\n" + request
            if data:
                sent += data + b"\n" + mark + b"\n"
            try:
                said = talk.exchange(sent, b"\n" + mark + b".\n", timeout, MOST)
            except (EOFError, OverflowError) as error:
                said_last = self._hang_up()
                if again and was_open and not self._holding:
                    # Only what is done with the lock in hand writes; to look again harms nobody.
                    return self._ask(script, data, timeout, direct=direct, again=False)
                raise refusals.lost(self.target, said_last) from error
            except TimeoutError as error:
                self._hang_up()
                raise Problem(
                    Exit.FAILED,
                    "command-timeout",
                    f"{self.target.shown} did not come to an end within {timeout:g} seconds.",
                    state="What it had done until then stands.",
                    remedy="See there why it hangs, then try again.",
                ) from error
            out, _, rest = said.rpartition(b"\n" + mark + b" ")
            status, _, err = rest.partition(b"\n")
            return Answer(int(status), out, err.decode("utf-8", "backslashreplace"))


def _line(script: str, words: Sequence[str]) -> str:
    return " ".join([script, *map(shlex.quote, words)])


def _framed(script: str, *, has_data: bool, direct: bool) -> str:
    """A request: what it complains of is kept apart, and unread data is read away behind it.

    The script stands in a function: bash before 4.0, CentOS 5's, takes the parenthesis of a `case`
    for the end of a `$(` around it (bash CHANGES, 4.0).
    """
    end = 'printf "\\n%s %s\\n%s\\n%s.\\n" "$SP" "$r" "$e" "$SP"'
    if direct:
        return f"{{ {script}\n}} 2>/dev/null; r=$?; e=; {end}"
    drain = "sp_drain; " if has_data else ""
    asked = f"e=$( {{ ( sp_job ); r=$?; {drain}exit $r; }} 2>&1 >&4 4>&- ); r=$?; {end}"
    return f"sp_job() {{ {script}\n}}\n{asked}"
