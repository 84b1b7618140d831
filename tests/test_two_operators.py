"""Two operators on one host: the second sees who is at work, may look, and changes nothing."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from serialpass_tui import cli, plain
from serialpass_tui.core.bdf import Bdf
from serialpass_tui.errors import Exit
from tests.test_conflict import mounted
from tests.test_plain import terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Stage

_HOLD = (
    "import sys; from pathlib import Path; from serialpass_tui.host.journal import *\n"
    "with StateDirectory(Path(sys.argv[1])).lock():\n"
    "    print('held', flush=True); sys.stdin.read()\n"
)


@contextlib.contextmanager
def first_operator(state: Path) -> Iterator[str]:
    """Another process, at a terminal of its own, that holds the lock until the block ends."""
    master, slave = pty.openpty()
    where = os.ttyname(slave)
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(state)],
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as holder:
        try:
            assert holder.stdout is not None
            assert "held\n" == holder.stdout.readline()
            yield f"rocess {holder.pid} on {where}"
        finally:
            holder.kill()
            os.close(slave)
            os.close(master)


def everything(folder: Path) -> dict[str, bytes]:
    """Each file below a folder, but for the lock, which is the first operator's."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "lock"
    }


def run(*argv: str) -> subprocess.CompletedProcess[str]:
    """The program as a second process."""
    return subprocess.run(
        [sys.executable, *argv], capture_output=True, text=True, check=False, timeout=120
    )


def test_the_second_process_looks_and_is_told_who_is_at_work(tmp_path: Path) -> None:
    _, unhide = mounted(tmp_path)
    program, root = ("-m", "serialpass_tui"), ("--host-root", str(tmp_path))
    assert Exit.DONE == run(*unhide, "--yes").returncode
    before = everything(tmp_path)
    with first_operator(tmp_path / "var/lib/serialpass-tui") as who:
        for command in (("scan",), ("status",), ("history",)):
            done = run(*program, *command, *root)
            assert (Exit.DONE, "") == (done.returncode, done.stderr), done
        done = run(*program, "doctor", "--dry-run", *root)
        assert done.returncode in {Exit.DONE, Exit.UNCONFIRMED}, done
        assert who in done.stdout
        for change in (("unhide", "7f:00.0"), ("rollback",)):
            done = run(*program, *change, "--yes", *root)
            assert Exit.CONFLICT == done.returncode, done
            assert "(locked)\n" in done.stderr
            assert who in done.stderr
            assert "Nothing was changed." in done.stderr
        assert before == everything(tmp_path)
    assert Exit.DONE == run(*program, "rollback", "--yes", *root).returncode


@pytest.mark.parametrize("argv", [("hide", "05:00.0", "--yes"), ("rollback", "--yes")])
def test_the_second_operator_cannot_hide_or_roll_back(
    open_stage: Callable[..., Stage],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    argv: tuple[str, ...],
) -> None:
    stage = open_stage("xenserver-6.2-procedure")
    plain.hide(stage.service, terminal(yes=True), [Bdf(0, 2, 0, 0)])
    monkeypatch.setattr(cli.hosts, "service", lambda _args: stage.service)
    before = everything(stage.world.root), everything(stage.world.state_dir)
    with first_operator(stage.world.state_dir) as who:
        assert Exit.CONFLICT == cli.main(argv)
        assert who in capsys.readouterr().err
        assert before == (everything(stage.world.root), everything(stage.world.state_dir))
    assert Exit.DONE == cli.main(argv)
