"""One fault at one system call of one errand, in a process of its own; then what is left of it."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serialpass_tui.core import boot
from serialpass_tui.core.codec import encode
from serialpass_tui.errors import Exit, Problem
from tests.crash.errands import ERRANDS, RECORDINGS, Dom0, Errand, switched_on
from tests.crash.layer import Layer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.crash.errands import Chosen

_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG: no child outlives a test run that is stopped (prctl(2))."""

KILLS = ("killed before", "killed after", "killed within")
FAULTS = (*KILLS, "short write", "ENOSPC", "EROFS", "EIO")
_PARTS = {"killed within", "short write"}
"""Faults of a call that takes bytes: half of them."""

ENDED = "went on to its end"
UNTOUCHED = "nothing begun"
RESUMED = "resumed"
ROLLED_BACK = "rolled back"
REFUSED = "refused cleanly"
OUTCOMES = (RESUMED, ROLLED_BACK, UNTOUCHED, REFUSED, ENDED)

Snapshot = dict[str, Any]


@dataclass(frozen=True)
class Ground:
    """An errand's host before it, and what it makes of it when nothing goes wrong."""

    errand: Errand
    folder: Path
    before: Snapshot
    after: Snapshot
    calls: tuple[str, ...]
    jobs: int
    """How many jobs the journal has before it."""
    chosen: Chosen

    def points(self, fault: str) -> list[int]:
        """The calls at which a fault can happen, from 1 on."""
        fits = {"write", "pwrite"} | ({"xapi"} if fault == "short write" else set())
        every = enumerate(self.calls, 1)
        return [number for number, name in every if fault not in _PARTS or name in fits]


class Lost(AssertionError):
    """What must never happen: a host or a job without a way to its end or back."""


# --- processes


def in_child(work: Callable[[], Any]) -> tuple[int, Any]:
    """The wait status of a forked process, and what `work` returned there, if it came to that."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    with warnings.catch_warnings():
        # The child uses none of the parent's threads and ends without their locks.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        os.close(reading)
        answer: dict[str, Any]
        try:
            answer = {"value": work()}
        except BaseException:
            answer = {"trace": traceback.format_exc()}
        data = json.dumps(answer).encode()
        with os.fdopen(writing, "wb", closefd=False) as pipe:
            pipe.write(data)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    _, status = os.waitpid(child, 0)
    answer = json.loads(data) if data else {}
    if "trace" in answer:
        raise Lost(answer["trace"])
    return status, answer.get("value")


@contextmanager
def scratch() -> Iterator[Path]:
    """A directory in memory, where there is one: what is tested is the order, not the disk."""
    memory = Path("/dev/shm")
    where = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="sp-", dir=where) as name:
        yield Path(name)


_ON: list[object] = []


def dom0_in(folder: Path, errand: Errand, chosen: Chosen | None = None) -> Dom0:
    """The errand's host, on until the process ends: its server takes half a second to stop.

    What a kill leaves of its socket lies in the same folder.
    """
    tempfile.tempdir = str(folder)
    power = switched_on(RECORDINGS[errand.machine], folder, chosen)
    _ON.append(power)  # collected, it would be switched off
    return power.__enter__()


def copy(host: Path, place: Path) -> None:
    """A host that is switched off, once more: without the folders of its sockets."""

    def sockets(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if Path(folder) == host and name.startswith("serialpass-")}

    shutil.copytree(host, place, symlinks=True, ignore=sockets)


# --- what a host holds


def snapshot(dom0: Dom0) -> Snapshot:
    """All that jobs change: files, drivers, VMs. Domain numbers are never used twice."""
    root, state = dom0.world.root, dom0.world.host.store.state
    files = {
        str(place.relative_to(root)): str(place.readlink())
        if place.is_symlink()
        else place.read_bytes().hex()
        for place in sorted(root.rglob("*"))
        if (place.is_file() or place.is_symlink()) and ".serialpass-" not in place.name
    }
    vms = state.pool.vms if state.pool is not None else ()
    pool = [encode(replace(vm, domid=0)) for vm in vms]
    found = {"files": files, "taken": [str(bdf) for bdf in state.taken], "vms": pool}
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]


@cache
def ground(name: str, folder: Path) -> Ground:
    """Prepare an errand below `folder`, and run it once to its end in a copy."""
    (errand,) = (each for each in ERRANDS if each.name == name)
    place = folder / "ground"

    def prepare() -> tuple[Snapshot, int, Chosen]:
        dom0 = dom0_in(place, errand)
        for act in errand.first:
            assert Exit.DONE == act(dom0)
        return snapshot(dom0), len(dom0.service.jobs()), (dom0.card, dom0.vm)

    place.mkdir()
    _, (before, jobs, (card, vm)) = in_child(prepare)
    chosen = tuple(card), vm
    trial = folder / "trial"
    copy(place, trial)

    def run() -> tuple[Snapshot, list[str]]:
        dom0 = dom0_in(trial, errand, chosen)
        with Layer() as layer:
            assert Exit.DONE == errand.act(dom0)
        return snapshot(dom0), layer.calls

    _, (after, calls) = in_child(run)
    shutil.rmtree(trial)
    return Ground(errand, place, before, after, tuple(calls), jobs, chosen)


# --- one point


def meet(base: Ground, folder: Path, fault: str, at: int, *, back: bool) -> str:
    """Let `fault` happen at call number `at`; then go `back`, or on. What came of it.

    Raises:
        Lost: the host, the journal or the way out is not what it has to be.
    """
    place = folder / "point"
    copy(base.folder, place)
    try:
        status, ended = in_child(lambda: _faulty(base, place, fault, at))
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        if killed != (fault in KILLS):
            raise Lost(f"ended with wait status {status}, exit status {ended}")
        if not killed and ended not in {Exit.DONE, Exit.CONFLICT, Exit.FAILED, Exit.UNCONFIRMED}:
            raise Lost(f"exit status {ended}")
        _, outcome = in_child(lambda: _recovered(base, place, ended, back=back))
        return str(outcome)
    except Lost as lost:
        raise Lost(f"{base.errand.name}, {fault} at {at} ({base.calls[at - 1]}): {lost}") from None
    finally:
        shutil.rmtree(place)


def _faulty(base: Ground, place: Path, fault: str, at: int) -> int:
    dom0 = dom0_in(place, base.errand, base.chosen)
    try:
        with Layer(fault, at):
            return int(base.errand.act(dom0))
    except Problem as problem:
        return int(problem.exit_status)


def _recovered(base: Ground, place: Path, ended: int | None, *, back: bool) -> str:
    """The next start: it must know what happened, and get to the end or back to the beginning."""
    dom0 = dom0_in(place, base.errand, base.chosen)
    _require_previewed(base, dom0, snapshot(dom0))
    dom0.done("status")
    service = dom0.service
    new = len(service.jobs()) > base.jobs
    service.resume()
    if back:
        _go_back(dom0, base)
        _require("rolled back", _goal_of_going_back(base), snapshot(dom0))
    else:
        _go_on(dom0, base)
        _require("resumed", base.after, snapshot(dom0))
    if ended == Exit.DONE:
        return ENDED
    if ended is not None:
        return REFUSED
    if not new:
        return UNTOUCHED
    return ROLLED_BACK if back else RESUMED


def _require_previewed(base: Ground, dom0: Dom0, found: Snapshot) -> None:
    """Each file is one of the two versions that were shown, and the boot file parses."""
    for path in {*base.before["files"], *base.after["files"], *found["files"]}:
        shown = [known["files"].get(path) for known in (base.before, base.after)]
        if found["files"].get(path) not in shown:
            raise Lost(f"{path} is neither of the two that were shown")
    scan = dom0.service.scan()
    file = scan.require_boot()
    boot.parse(file.path, file.data)


def _require(what: str, wanted: Snapshot, found: Snapshot) -> None:
    for part, value in wanted.items():
        if value != found[part]:
            raise Lost(f"{what}, but {part} are not what they were to be: {found[part]}")


def _goal_of_going_back(base: Ground) -> Snapshot:
    """A rollback is not rolled back: its rest is done."""
    return base.after if base.errand.name.startswith("rollback") else base.before


def _go_back(dom0: Dom0, base: Ground) -> None:
    service = dom0.service
    if base.errand.back is not None:
        base.errand.back(dom0)
        return
    if base.errand.name.startswith("rollback"):
        todo = service.undoable()[:1]
    else:
        todo = [job for job in service.undoable() if int(job.id) > base.jobs]
    for job in todo:
        service.rollback(service.plan_rollback(job), reboot=False)


def _go_on(dom0: Dom0, base: Ground) -> None:
    """Take the job up as the wizard does; what the job did not come to is asked for again."""
    service = dom0.service
    left = service.resume()
    if left is not None and left.remaining and int(left.id) > base.jobs:
        left = service.run(left)
    if snapshot(dom0) != base.after:
        _go_back(dom0, base)
        if snapshot(dom0) != base.after:
            base.errand.act(dom0)


# --- many points


def points(base: Ground, every: int) -> list[tuple[str, int]]:
    """The faults and the calls at which they are met: at each, or at one of `every` calls."""
    return [
        (fault, at)
        for number, fault in enumerate(FAULTS)
        for at in base.points(fault)[number % every :: every]
    ]


def table(name: str, folder: Path, every: int = 1) -> Counter[tuple[str, str]]:
    """How often each fault of an errand came to which outcome. Raises Lost at the first lost."""
    base = ground(name, folder)
    counted: Counter[tuple[str, str]] = Counter()
    for fault, at in points(base, every):
        counted[fault, meet(base, folder, fault, at, back=way_back(fault, at))] += 1
    return counted


def way_back(fault: str, at: int) -> bool:
    """Whether the job is rolled back after this fault, or gone on with.

    Killed after a call is killed before the next one: so both are tried at each.
    """
    return fault != "killed before" if fault in KILLS else at % 2 == 0
