"""The look at a trial boot without a person: what starts it, what it leaves, and that it goes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.boot.locate import SYSTEMD
from serialpass_tui.core.boot.watch import DROPIN, MOTD, RC_LOCAL, UNIT, starters, with_line
from serialpass_tui.core.job import Outcome
from serialpass_tui.host.journal import StateDirectory
from serialpass_tui.service import Service
from serialpass_tui.sim import machines
from serialpass_tui.sim.faults import Faults
from tests.test_service_trial import bdfs_of, keep, open_trial, undo

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Stage

PROGRAM = "/opt/serialpass-tui/bin/serialpass-tui"
GREETING = b"Welcome to this host.\n"


def with_program(stage: Stage, program: str = PROGRAM) -> Service:
    """A service as the installed program has it."""
    world = stage.world
    journal = StateDirectory(world.state_dir)
    return Service(world.host, stage.files, stage.toolstack, journal, world.clock, program=program)


@pytest.fixture
def stage(open_stage: Callable[..., Stage]) -> Stage:
    """A host with systemd and a greeting."""
    return opened(open_stage, Faults())


def opened(open_stage: Callable[..., Stage], faults: Faults | None = None) -> Stage:
    recording = machines.load("xcp-ng-8.3-bios")
    facts = replace(recording.inventory, setting_folders=(SYSTEMD,))
    stage = open_stage(faults=faults, recording=replace(recording, inventory=facts))
    for name in ("system", "multi-user.target.wants"):
        (stage.world.root / "etc/systemd" / name).mkdir(parents=True, exist_ok=True)
    (stage.world.root / "etc/motd").write_bytes(GREETING)
    return stage


def files(stage: Stage) -> dict[str, bytes]:
    """Everything below /etc, without the backups."""
    etc = stage.world.root / "etc"
    return {
        str(place.relative_to(etc)): place.read_bytes()
        for place in etc.rglob("*")
        if place.is_file() and ".serialpass-" not in place.name
    }


def folders(stage: Stage) -> set[str]:
    etc = stage.world.root / "etc"
    return {str(place.relative_to(etc)) for place in etc.rglob("*") if place.is_dir()}


def test_a_trial_that_is_kept(stage: Stage) -> None:
    first, first_folders = files(stage), folders(stage)
    service = with_program(stage)
    job = service.run(open_trial(service), reboot=True)
    unit = stage.files.read(UNIT)
    assert f"ExecStart={PROGRAM} boot-check\n".encode() in unit
    assert b"Wants=serialpass-tui-trial.service\n" in stage.files.read(DROPIN)
    assert GREETING == stage.files.read(MOTD)

    line = "serialpass-tui: trial boot, 2 of 2 devices hidden, run serialpass-tui to confirm"
    assert line == with_program(stage).boot_check()
    assert line == with_program(stage).boot_check()
    assert GREETING + line.encode() + b"\n" == stage.files.read(MOTD)
    job = service.job(job.id)
    assert [(True, 2)] == [(boot.trial, boot.hidden) for boot in job.boots]
    assert job.is_open

    keep(service, job)
    assert first == files(stage)
    assert first_folders == folders(stage)
    assert "" == with_program(stage).boot_check()


def test_a_trial_that_nobody_keeps(stage: Stage) -> None:
    first, boot = files(stage), stage.boot_bytes()
    service = with_program(stage)
    job = service.run(open_trial(service), reboot=True)
    with_program(stage).boot_check()
    stage.world.host.reboot()
    line = "serialpass-tui: back from a trial boot that was not kept, run serialpass-tui"
    assert line == with_program(stage).boot_check()
    assert GREETING + line.encode() + b"\n" == stage.files.read(MOTD)
    job = service.job(job.id)
    assert [True, False] == [seen.trial for seen in job.boots]
    undo(service, job)
    assert Outcome.ROLLED_BACK is service.job(job.id).outcome
    assert first == files(stage)
    assert boot == stage.boot_bytes()


def test_a_trial_that_panics(open_stage: Callable[..., Stage]) -> None:
    stage = opened(open_stage, Faults(trial_panics=True))
    service = with_program(stage)
    job = service.run(open_trial(service), reboot=True)
    assert "back from a trial boot" in with_program(stage).boot_check()
    assert [False] == [seen.trial for seen in service.job(job.id).boots]


def test_without_a_trial_it_leaves_no_trace(stage: Stage) -> None:
    first = files(stage)
    assert "" == with_program(stage).boot_check()
    assert first == files(stage)
    assert [] == list(stage.world.state_dir.iterdir())


def test_it_confirms_nothing(stage: Stage) -> None:
    service = with_program(stage)
    job = service.run(open_trial(service), reboot=True)
    before = stage.boot_bytes()
    with_program(stage).boot_check()
    assert before == stage.boot_bytes()
    stage.world.host.reboot()
    found = service.scan().standings(bdfs_of(job))
    assert not any(item.bound for item in found)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"#!/bin/sh\ntouch /x\n", b"#!/bin/sh\ntouch /x\n@CALL@"),
        (b"#!/bin/sh\ntouch /x", b"#!/bin/sh\ntouch /x\n@CALL@"),
        (b"#!/bin/sh\nexit 0\n", b"#!/bin/sh\n@CALL@exit 0\n"),
    ],
)
def test_where_there_is_no_systemd_rc_local_calls_it(data: bytes, expected: bytes) -> None:
    (made,) = starters(PROGRAM, (), {RC_LOCAL: data}.get)
    after = made.edit.after
    assert after is not None
    sign = after.split(b"# serialpass-tui")[1].split(b"\n")[0]
    call = b"# serialpass-tui" + sign + b"\n" + PROGRAM.encode() + b" boot-check\n"
    assert expected.replace(b"@CALL@", call) == after
    assert () == starters(PROGRAM, (), {RC_LOCAL: after}.get)


@pytest.mark.parametrize("program", ["", "relative/path", "/opt/a b;rm -rf/x", "/opt/%i/x"])
def test_a_program_that_no_file_can_name_is_not_started(program: str) -> None:
    assert () == starters(program, (SYSTEMD,), lambda _path: None)


@pytest.mark.parametrize("data", [None, b"", b"Welcome\n", b"Welcome"])
def test_the_line_comes_and_goes(data: bytes | None) -> None:
    one = with_line(data, "serialpass-tui: one")
    assert one is not None
    two = with_line(one, "serialpass-tui: two")
    assert two == with_line(data, "serialpass-tui: two")
    assert with_line(two, "") in {data, (data or b"") + b"\n", None}
