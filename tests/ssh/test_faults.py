"""The line is cut, or the power, at every step of a write: the file is the old one or the new one."""

from __future__ import annotations

import contextlib
import fcntl
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.errors import Problem
from serialpass_tui.host.journal import StateDirectory
from serialpass_tui.host.ssh.connection import Connection
from serialpass_tui.host.ssh.files import RemoteFiles
from serialpass_tui.host.ssh.state import RemoteState
from tests.host.test_journal import STORY
from tests.ssh import xen
from tests.ssh.dom0 import open_dom0
from tests.ssh.faults import LINE, POWER, Faults, plan_and_run, sweep

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OLD = b"default xe\n" * 7000
NEW = OLD.replace(b"xe", b"xe-serial", 1)
"""Larger than what a pipe holds: where the line is cut early, the host lacks the rest."""
PATH, STATE = "/boot/extlinux.conf", "/var/lib/state"


def replace_file(connection: Connection) -> None:
    RemoteFiles(connection).replace(PATH, OLD, NEW)


def add_record(connection: Connection) -> None:
    RemoteState(connection, STATE).append(STORY[1])


@pytest.mark.parametrize("how", [LINE, POWER])
@pytest.mark.parametrize(("act", "least"), [(replace_file, 7), (add_record, 6)])
def test_cut_anywhere_it_is_done_or_not(
    tmp_path: Path, how: str, act: Callable[[Connection], None], least: int
) -> None:
    with open_dom0(tmp_path / "host", "gnu") as dom0, contextlib.ExitStack() as stack:
        faults = Faults(dom0)
        folder = dom0.root / STATE.lstrip("/")
        place, journal, at_host = (
            dom0.root / PATH.lstrip("/"),
            folder / "journal",
            StateDirectory(folder),
        )
        connection = Connection(dom0.target)
        stack.callback(connection.close)
        connection.log_in()
        met: list[str] = []
        outcomes = set()
        for at in range(1, 60):
            place.write_bytes(OLD)
            journal.unlink(missing_ok=True)
            at_host.append(STORY[0])
            state = RemoteState(connection, STATE)
            problem: Problem | None = None
            with state.lock():
                faults.plan(at, how, "before" if at % 2 else "after")
                try:
                    act(connection)
                except Problem as caught:
                    problem = caught
                    with pytest.raises(Problem):  # not even to look, once the lock is lost
                        state.records()
                struck = faults.struck
                faults.plan(0, how, "before")
            if problem is None:
                break
            assert "ssh-lost" == problem.code
            assert "may have been done or not" in problem.state
            met.append(struck)
            with (folder / "lock").open() as lock:
                # Where the line was cut, the shell there holds the lock to the end of its step.
                fcntl.flock(lock, fcntl.LOCK_EX)
                now = place.read_bytes(), at_host.records()
                outcomes.add(now)
                assert now[0] in {OLD, NEW}
                assert now[1] in {STORY[:1], STORY[:2]}
            # The next start goes on: it logs in anew by itself, and clears away what was left.
            RemoteFiles(connection).replace(PATH, now[0], NEW)
            RemoteState(connection, STATE).append(STORY[2])
            assert {"extlinux.conf"} == {entry.name for entry in place.parent.iterdir()}
            assert {"journal", "lock"} == {entry.name for entry in folder.iterdir()}
        assert least <= len(met)
        assert 2 == len(outcomes)


@pytest.mark.parametrize("how", [LINE, POWER])
def test_a_job_that_was_cut_is_told_taken_up_and_undone(tmp_path: Path, how: str) -> None:
    """At a few of the calls; `python -m tests.ssh.faults` meets every one."""
    with open_dom0(tmp_path / "host", "gnu") as dom0:
        host, faults = xen.build(dom0), Faults(dom0)
        with xen.service_over(dom0) as service:
            faults.none()
            plan_and_run(service)
            whole = faults.count
        assert whole > 60
        told = sweep(host, faults, how, [whole // 3, whole * 3 // 4])
        assert {"ssh-lost"} == set(told.values())  # a cut while it only looks is made good unseen
