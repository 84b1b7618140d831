"""A simulated dom0 on which the tool can be installed, and programs to install there."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from serialpass_tui.core.installing import PLUGIN_FOLDERS, Program
from serialpass_tui.core.job import Goal
from serialpass_tui.core.program import Seal
from serialpass_tui.host.journal import StateDirectory
from serialpass_tui.service import Service

if TYPE_CHECKING:
    from pathlib import Path

    from serialpass_tui.core.job import Job
    from tests.conftest import Stage

FOLDERS = ("/opt", "/usr/local/bin", "/etc/profile.d", PLUGIN_FOLDERS[0])
LINK = "/usr/local/bin/serialpass-tui"
FEATURE = f"{PLUGIN_FOLDERS[0]}/XSFeatureSerialPass.py"


def program(folder: Path, version: str = "1.0", size: int = 300_000) -> Program:
    """A file that stands for the one file, of bytes that no other version has."""
    data = (f"program {version}\n".encode() * size)[:size]
    file = folder / f"serialpass-tui-{version}-x86_64"
    file.write_bytes(data)
    file.chmod(0o600)
    return Program(str(file), version, Seal(hashlib.sha256(data).hexdigest(), len(data)))


def furnish(root: Path) -> None:
    """The folders of a dom0 that the tool's files go into."""
    for folder in FOLDERS:
        (root / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)


def service_of(stage: Stage, running: Program | None) -> Service:
    """The service of a program that runs on the stage's host."""
    state = StateDirectory(stage.world.state_dir, stage.world.root)
    return Service(
        stage.world.host,
        stage.files,
        stage.toolstack,
        state,
        stage.world.clock,
        running=(lambda: running) if running is not None else None,
    )


def installed(stage: Stage) -> Job:
    """The tool is installed on the stage's host."""
    furnish(stage.world.root)
    return stage.service.install(Goal.INSTALL, stage.service.plan_install())
