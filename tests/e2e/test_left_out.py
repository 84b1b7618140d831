"""Where the rig does not run, it is said: which command runs it, and what this machine lacks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*argv: str, programs: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *argv],
        cwd=ROOT,
        env={"PATH": programs, "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_plain_run_says_what_it_leaves_out(tmp_path: Path) -> None:
    argv = ("pytest", "-q", "-p", "no:cacheprovider", "tests/e2e/test_rig_take_now.py")
    done = run(*argv, programs=str(tmp_path))
    said = done.stdout.splitlines()
    assert "rig: not run: 2 tests on a real Xen in QEMU; .ci/rig runs them" in said
    (lacking,) = (line for line in said if line.startswith("rig: missing here: "))
    assert "qemu-system-x86_64" in lacking


def test_the_rig_names_what_it_lacks(tmp_path: Path) -> None:
    done = run("tests.e2e.rig.image", programs=str(tmp_path))
    assert 1 == done.returncode
    assert done.stderr.startswith("the rig lacks qemu-system-x86_64, ")
    assert "Traceback" not in done.stderr
