"""Whole runs of the real program in a pseudo terminal, without a person."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from importlib import resources
from pathlib import Path

import pyte
import pytest

ANSWERS = Path(str(resources.files("serialpass_tui"))) / "sim" / "answers"
DEADLINE = 120.0


def in_terminal(argv: list[str], *, term: str = "linux") -> tuple[int, str, bytes]:
    """Run a command on a pty of 80x24: exit status, last screen as text, all bytes."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    env = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "TERM": term,
        "LANG": "C.UTF-8",
    }
    process = subprocess.Popen(
        argv, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True
    )
    os.close(slave)
    screen = pyte.Screen(80, 24)
    stream = pyte.ByteStream(screen)
    received = bytearray()
    give_up = time.monotonic() + DEADLINE
    try:
        while time.monotonic() < give_up:
            readable, _, _ = select.select([master], [], [], 1.0)
            if not readable:
                if process.poll() is not None:
                    break
                continue
            try:
                data = os.read(master, 65536)
            except OSError:
                break
            if not data:
                break
            received += data
            stream.feed(data)
    finally:
        if process.poll() is None and time.monotonic() >= give_up:
            process.kill()
        status = process.wait(timeout=30)
        os.close(master)
    return status, "\n".join(screen.display), bytes(received)


@pytest.mark.parametrize("name", ["bind-and-start", "full-rollback"])
def test_a_scripted_run_reaches_its_end(name: str) -> None:
    answers = ANSWERS / f"{name}.json"
    status, screen, received = in_terminal(
        [
            sys.executable,
            "-m",
            "serialpass_tui",
            "--demo",
            "xcp-ng-8.3-bios",
            "--answers",
            str(answers),
        ]
    )
    assert 0 == status, screen
    assert b"Traceback" not in received
    assert b"DEMO" in received


def test_a_run_that_does_not_reach_its_end_fails(tmp_path: Path) -> None:
    answers = tmp_path / "never.json"
    answers.write_text(
        '{"machine": "xcp-ng-8.3-bios", "patience": 1.0,'
        ' "steps": [{"expect": "words that no screen has", "keys": []}],'
        ' "end": {"expect": "never"}}'
    )
    status, screen, _ = in_terminal(
        [
            sys.executable,
            "-m",
            "serialpass_tui",
            "--demo",
            "xcp-ng-8.3-bios",
            "--answers",
            str(answers),
        ]
    )
    assert 1 == status
    assert "words that no screen has" in screen


def test_without_a_terminal_the_wizard_names_the_subcommands() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "serialpass_tui", "--demo"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert 2 == done.returncode
    assert "subcommands" in done.stderr
    assert "Traceback" not in done.stderr
