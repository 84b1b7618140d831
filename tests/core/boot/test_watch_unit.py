"""The unit that looks at a trial boot, as systemd itself reads it."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.boot.locate import SYSTEMD
from serialpass_tui.core.boot.watch import UNIT, starters

if TYPE_CHECKING:
    from pathlib import Path

ANALYZE = shutil.which("systemd-analyze")
PROGRAM = "/opt/serialpass-tui/bin/serialpass-tui"

pytestmark = pytest.mark.skipif(ANALYZE is None, reason="there is no systemd-analyze here")


def verify(root: Path, unit: bytes) -> str:
    """What systemd finds wrong with this tool's unit, written below `root`; nothing else's."""
    place, program = root / UNIT.lstrip("/"), root / PROGRAM.lstrip("/")
    for path, data in ((place, unit), (program, b"#!/bin/sh\n")):
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    program.chmod(0o755)
    done = subprocess.run(
        [str(ANALYZE), "verify", f"--root={root}", "--recursive-errors=no", place.name],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return "" if done.returncode == 0 and not done.stderr else done.stderr or "it fails"


def made() -> bytes:
    """The unit that the tool writes on a host with systemd."""
    unit = next(
        c.edit for c in starters(PROGRAM, (SYSTEMD,), lambda _: None) if c.edit.path == UNIT
    )
    assert unit.after is not None
    return unit.after


def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    assert "" == verify(tmp_path, made())


@pytest.mark.parametrize(
    ("right", "wrong"),
    [(b"ExecStart=/", b"ExecStart="), (b"Type=oneshot", b"Type=once"), (b"After=", b"Afterwards=")],
)
def test_a_broken_unit_is_told(tmp_path: Path, right: bytes, wrong: bytes) -> None:
    assert right in made()
    assert "serialpass-tui-trial.service" in verify(tmp_path, made().replace(right, wrong))
