"""A signal that comes while a change is being made: the change ends, the journal says so."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from serialpass_tui.core.job import Progress
from serialpass_tui.errors import Exit
from tests.crash.errands import BIOS, RECORDINGS, hide, switched_on
from tests.crash.layer import Layer
from tests.crash.runs import copy, dom0_in, ground, in_child, scratch

if TYPE_CHECKING:
    from pathlib import Path


def struck(folder: Path, number: str, at: int) -> tuple[int, list[str], bool]:
    """`hide` when its own system call number `at` sends the signal: status, progress, edited."""
    base = ground("hide", folder)
    place = folder / "struck"
    copy(base.folder, place)

    def work() -> Any:
        signal.signal(signal.Signals[number], signal.SIG_DFL)  # nohup would have it ignored
        dom0 = dom0_in(place, base.errand, base.chosen)
        with Layer(number, at):
            status = hide(dom0)
        (job,) = dom0.service.jobs()
        edited = dom0.world.root.joinpath("boot/grub/grub.cfg").read_bytes().find(b"hide=(") >= 0
        return status, [progress.value for progress in job.progress], edited

    _, found = in_child(work)
    return found[0], found[1], found[2]


@pytest.mark.parametrize("number", ["SIGHUP", "SIGTERM", "SIGINT"])
def test_the_change_ends_and_then_the_process(number: str) -> None:
    with scratch() as folder:
        at = ground("hide", folder).calls.index("rename") + 1
        last = len(ground("hide", folder).calls) - ground("hide", folder).calls[::-1].index(
            "rename"
        )
        assert at < last
        found = struck(folder, number, last)
    assert (Exit.FAILED, [Progress.APPLIED.value, Progress.WAITING.value], True) == found


def test_a_stop_waits_for_the_end_of_the_change() -> None:
    with scratch() as folder:
        base = ground("hide", folder)
        last = len(base.calls) - base.calls[::-1].index("rename")
        child = os.fork()
        if child == 0:
            dom0 = dom0_in(base.folder, base.errand, base.chosen)
            with Layer("SIGTSTP", last):
                os._exit(hide(dom0))
        _, status = os.waitpid(child, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        with switched_on(RECORDINGS[BIOS], base.folder, base.chosen) as dom0:
            (job,) = dom0.service.jobs()
        assert Progress.APPLIED is job.progress[0]
        os.kill(child, signal.SIGCONT)
        _, status = os.waitpid(child, 0)
    assert 0 == os.waitstatus_to_exitcode(status)
