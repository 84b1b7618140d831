"""Faults at a program of the host: the line is cut, or the power, before or after its Nth call.

The programs that write are put behind a script that counts the calls. A line that is cut leaves the
host's shell running, as a real one does; with the power everything there ends at once.
"""

from __future__ import annotations

import fcntl
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.job import Goal
from serialpass_tui.errors import Problem
from tests.ssh import xen
from tests.ssh.dom0 import open_dom0

if TYPE_CHECKING:
    from collections.abc import Iterable

    from serialpass_tui.service import Service
    from tests.ssh.dom0 import Dom0
    from tests.ssh.xen import XenHost

WRITERS = ("cat", "chmod", "cp", "dd", "mkdir", "mv", "rm", "rmdir", "sync")
LINE, POWER = "line", "power"

_SCRIPT = """#!/bin/sh
n=0; read -r n </fault/count; n=$((n+1)); echo $n >/fault/count
read -r at how when </fault/plan
strike() {
  echo "$n ${0##*/} $*" >/fault/struck
  [ $how = line ] || kill -9 0
  while read -r pid; do kill -9 $pid; done </fault/sessions
}
[ $n = $at ] && [ $when = before ] && strike "$@"
/bin/real/${0##*/} "$@"; r=$?
[ $n = $at ] && [ $when = after ] && strike "$@"
exit $r
"""


class Faults:
    """What goes wrong at a host with GNU programs."""

    def __init__(self, dom0: Dom0) -> None:
        self._dom0 = dom0
        self._folder = dom0.root / "fault"
        self._folder.mkdir()
        dom0.sessions_at(self._folder / "sessions")
        real = dom0.root / "bin/real"
        real.mkdir()
        for name in WRITERS:
            (dom0.root / "bin" / name).rename(real / name)
            (dom0.root / "bin" / name).write_text(_SCRIPT)
            (dom0.root / "bin" / name).chmod(0o755)
        self.none()

    def none(self) -> None:
        """Nothing goes wrong; the calls are counted from here."""
        self.plan(0, LINE, "before")

    def plan(self, at: int, how: str, when: str) -> None:
        """Strike at that call from now on, the first being 1; those who are logged in are met."""
        self._dom0.open_sessions()
        (self._folder / "plan").write_text(f"{at} {how} {when}\n")
        (self._folder / "count").write_text("0\n")
        (self._folder / "struck").unlink(missing_ok=True)

    @property
    def count(self) -> int:
        """How many calls there were."""
        return int((self._folder / "count").read_text())

    @property
    def struck(self) -> str:
        """Which call it was that was met; empty: none was."""
        place = self._folder / "struck"
        return place.read_text().strip() if place.exists() else ""


def plan_and_run(service: Service) -> None:
    """Hide the card, as `hide` does."""
    scan = service.scan()
    card = Bdf.parse(xen.CARD)
    plan = service.plan_hide(scan, add=[card])
    changes = [*plan.changes, scan.reboot()]
    service.run(service.open_job(Goal.HIDE, "hide it", scan.identities([card]), changes))


def sweep(host: XenHost, faults: Faults, how: str, points: Iterable[int]) -> dict[int, str]:
    """Hide the card with a fault at each of these calls, and look what is left; the problems.

    Afterwards the boot file is one of its two versions, the journal is read by a run at the host,
    the next start takes the job up or finds nothing begun, and rolling back gives the first bytes.
    """
    root = host.dom0.root
    state, told = root / "var/lib/serialpass-tui", {}
    for at in points:
        shutil.rmtree(state, ignore_errors=True)
        for backup in host.boot_file.parent.glob("*serialpass*"):
            backup.unlink()
        host.boot_file.write_bytes(xen.CONF)
        with xen.service_over(host.dom0) as service:
            faults.plan(at, how, "before" if at % 2 else "after")
            try:
                plan_and_run(service)
            except Problem as problem:
                told[at] = problem.code
        if (state / "lock").exists():
            with (state / "lock").open() as lock:  # the shell there ends its step with it in hand
                fcntl.flock(lock, fcntl.LOCK_EX)
        faults.none()
        hidden = xen.CONF.replace(b" quiet ", b" quiet pciback.hide=(0000:02:00.0) ", 1)
        left = host.boot_file.read_bytes()
        assert left in {xen.CONF, hidden}, at
        with xen.service_over(host.dom0) as service:
            open_job = service.resume()
            if open_job is not None:
                service.run(open_job)
            for job in service.undoable():
                plan = service.plan_rollback(job)
                assert plan.conflict is None, at
                service.rollback(plan, reboot=False)
            assert service.jobs() or left == xen.CONF
        assert xen.CONF == host.boot_file.read_bytes(), at
        assert not list(host.boot_file.parent.glob(".*")), at
    return told


def main() -> None:
    """Meet every call that there is, or with a number each so many."""
    with tempfile.TemporaryDirectory() as scratch, open_dom0(Path(scratch) / "host", "gnu") as dom0:
        host, faults = xen.build(dom0), Faults(dom0)
        with xen.service_over(dom0) as service:
            faults.none()
            plan_and_run(service)
            whole = faults.count
        for how in (LINE, POWER):
            points = range(1, whole + 1, int((sys.argv[1:] or ["1"])[0]))
            told = sweep(host, faults, how, points)
            sys.stdout.write(
                f"{how}: {len(points)} of {whole} calls, {len(told)} told the operator "
                f"({', '.join(sorted(set(told.values())))}), none lost\n"
            )


if __name__ == "__main__":
    main()
