"""Faults at a program of the host: the line is cut, or the power, before or after its Nth call.

The programs that write are put behind a script that counts the calls. A line that is cut leaves the
host's shell running, as a real one does; with the power everything there ends at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.ssh.dom0 import Dom0

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
        """Strike at that call from now on, the first being 1."""
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
