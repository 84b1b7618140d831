"""The look at a trial boot, started by a real systemd that boots with what the job left in /etc."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.boot.watch import DROPIN, UNIT
from tests.test_service_boot_check import GREETING, opened, with_program
from tests.test_service_trial import open_trial, undo

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Stage

BOOT = Path(__file__).with_name("systemd_boot.sh")
SYSTEMD = Path("/lib/systemd/systemd")
VENDOR = Path("/lib/systemd/system")
NAMESPACES = ["unshare", "--mount", "--pid", "--fork", "--uts", "--ipc", "--cgroup"]
TARGETS = (
    *("sysinit", "basic", "local-fs", "local-fs-pre", "multi-user", "paths", "slices", "sockets"),
    *("timers", "shutdown", "umount", "final", "exit"),
)
SERVICES = ("systemd-exit.service",)
LAST = """\
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/usr/bin/systemctl exit
"""
LINE = b"serialpass-tui: back from a trial boot that was not kept, run serialpass-tui\n"

pytestmark = [
    pytest.mark.skipif(not SYSTEMD.exists(), reason="there is no systemd here"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root boots systemd in namespaces"),
]


def boot(stage: Stage, scratch: Path) -> None:
    """Boot once, to the end of multi-user.target."""
    units = scratch / "units"
    shutil.rmtree(units, ignore_errors=True)
    wanted = units / "multi-user.target.wants"
    wanted.mkdir(parents=True)
    for name in (*(f"{target}.target" for target in TARGETS), *SERVICES):
        shutil.copy(VENDOR / name, units / name)
    (units / "last.service").write_text(LAST)
    (wanted / "last.service").symlink_to("../last.service")
    etc = stage.world.root / "etc"
    (etc / "passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    (etc / "group").write_text("root:x:0:\n")
    (etc / "machine-id").write_text(f"{1:032x}\n")
    argv: list[str | Path] = [
        *NAMESPACES,
        "sh",
        BOOT,
        stage.world.root,
        stage.world.state_dir,
        units,
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    assert 0 == done.returncode, done.stdout + done.stderr


def motd(stage: Stage) -> bytes:
    return (stage.world.root / "etc/motd").read_bytes()


def test_systemd_starts_it_while_there_is_a_trial(
    open_stage: Callable[..., Stage], tmp_path: Path
) -> None:
    stage = opened(open_stage)
    service = with_program(stage, f"{sys.executable} -m serialpass_tui")
    job = service.run(open_trial(service))
    assert GREETING == motd(stage)
    boot(stage, tmp_path)
    assert GREETING + LINE == motd(stage)
    assert [False] == [seen.trial for seen in service.job(job.id).boots]
    boot(stage, tmp_path)
    assert GREETING + LINE == motd(stage)

    undo(service, service.job(job.id))
    for path in (UNIT, DROPIN):
        assert not (stage.world.root / path.lstrip("/")).exists()
    seen = service.job(job.id).boots
    boot(stage, tmp_path)
    assert GREETING == motd(stage)
    assert seen == service.job(job.id).boots
