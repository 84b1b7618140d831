"""Somebody else edits the same file between preview and apply: both edits are shown, none lost."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from serialpass_tui import plain
from serialpass_tui.core import conflict
from serialpass_tui.core.changes import FileEdit
from serialpass_tui.core.job import Outcome
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.sim import machines
from serialpass_tui.sim.faults import Faults
from tests.term.seat import Seat
from tests.test_plain import card, document, terminal
from tests.toolstack.test_xl import PBX

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Stage

HOSTILE = b"# \x1b]0;owned\x07 \xff \xe2\x80\xae evil\r\n"
SAFE = r"# \x1b]0;owned\x07 \xff \u202e evil\x0d"


def mounted(tmp_path: Path) -> tuple[Path, list[str]]:
    """A dom0 disk whose boot file hides two devices, and the command that takes one out."""
    (text,) = machines.load("xcp-ng-8.3-bios").inventory.boot_files
    boot_file = tmp_path / text.path.lstrip("/")
    boot_file.parent.mkdir(parents=True)
    hides = b"xen-pciback.hide=(0000:7e:00.0)(0000:7f:00.0) root="
    boot_file.write_bytes(text.data.replace(b"root=", hides, 1))
    (tmp_path / "lib/modules/4.19.0+1").mkdir(parents=True)
    command = ["-m", "serialpass_tui", "unhide", "7e:00.0", "--host-root", str(tmp_path)]
    return boot_file, command


@pytest.mark.parametrize("deleted", [False, True])
def test_the_subcommand_shows_both_edits_and_writes_nothing(tmp_path: Path, deleted: bool) -> None:
    boot_file, command = mounted(tmp_path)
    first = boot_file.read_bytes()
    theirs = first + HOSTILE
    with Seat(command, size=(200, 60)) as seat:
        seat.see("[y/N]")
        if deleted:
            boot_file.unlink()
        else:
            boot_file.write_bytes(theirs)
        shown = len(seat.received)
        seat.type(b"y\r")
        assert Exit.CONFLICT == seat.end()
        said = seat.received[shown:].decode().replace("\r\n", "\n")
    assert "(changed-since-preview)" in said
    assert "Nothing was written to it." in said
    assert "Look again" in said
    other, _, ours = said.partition("What was not written:")
    assert "What somebody else did:" in other
    assert ("+++ /dev/null" if deleted else f"+{SAFE}") in other
    assert "(0000:7e:00.0)" not in ours.partition("\n+ ")[2].partition("\n")[0]
    assert "xen-pciback.hide=(0000:7f:00.0) root=" in ours
    assert "\x1b" not in said
    folder = [path.name for path in boot_file.parent.iterdir()]
    if deleted:
        assert [] == folder
    else:
        assert [boot_file.name] == folder
        assert theirs == boot_file.read_bytes()
    state = tmp_path / "var/lib/serialpass-tui"
    assert {"journal", "lock"} == {path.name for path in state.iterdir()}


def test_the_job_that_was_refused_is_closed_and_the_next_plan_is_over_the_new_file(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    path = stage.service.scan().require_boot().path

    def somebody(_question: str) -> str:
        now = stage.files.read(path)
        stage.files.replace(path, now, now + HOSTILE)
        return "y"

    term = plain.Terminal(io.StringIO(), somebody, interactive=True)
    with pytest.raises(Problem) as caught:
        plain.hide(stage.service, term, card(stage))
    assert "changed-since-preview" == caught.value.code
    (job,) = stage.service.jobs()
    assert (False, ()) == (job.is_open, job.applied)
    assert Outcome.ROLLED_BACK != job.outcome
    assert Exit.DONE == plain.hide(stage.service, terminal(yes=True), card(stage))
    assert stage.boot_bytes().endswith(HOSTILE)


def test_a_change_at_the_last_look_is_shown_too_and_leaves_no_job_open(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage(faults=Faults(file_changed=True))
    before = stage.boot_bytes()
    with pytest.raises(Problem) as caught:
        plain.hide(stage.service, terminal(yes=True), card(stage))
    assert (Exit.CONFLICT, "file-changed") == (caught.value.exit_status, caught.value.code)
    theirs = stage.boot_bytes()[len(before) :].decode().splitlines()
    assert theirs
    for line in theirs:
        assert f"+{line}" in caught.value.view
    (job,) = stage.service.jobs()
    assert not job.is_open
    assert Exit.DONE == plain.hide(stage.service, terminal(yes=True), card(stage))


def test_the_document_has_the_view(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage(faults=Faults(file_changed=True))
    with pytest.raises(Problem) as caught:
        plain.hide(stage.service, terminal(yes=True), card(stage))
    term = terminal(json=True)
    assert Exit.CONFLICT == plain.report_problem(caught.value, term, io.StringIO())
    view = document(term)["problem"]["view"]
    assert list(caught.value.view) == view
    assert any(line.startswith("What was not written") for line in view)


def test_a_rollback_in_the_way_of_somebody_shows_both(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    plain.hide(stage.service, terminal(yes=True), card(stage))
    boot = stage.service.scan().require_boot()
    stage.files.replace(boot.path, boot.data, boot.data + HOSTILE)
    with pytest.raises(Problem) as caught:
        plain.rollback(stage.service, terminal(yes=True), None, every=False)
    assert f"+{SAFE}" in caught.value.view
    assert boot.data + HOSTILE == stage.boot_bytes()


def test_a_view_stays_short_whatever_the_file_became() -> None:
    edit = FileEdit("/boot/x", PBX, PBX + b"more\n")
    for now in (b"\n" * 1_000_000, b"x" * 200_000, b"".join(b"%d\n" % n for n in range(9_000))):
        view = conflict.three_way(edit, now)
        assert len(view) < 250
        assert max(map(len, view)) <= 400
        assert "+more" in view
    assert "(no difference)" in conflict.three_way(edit, PBX)


def test_the_view_is_no_part_of_a_problem_without_one() -> None:
    problem = Problem(Exit.FAILED, "x", "X.", remedy="Y.")
    assert [] == json.loads(json.dumps(problem.as_json()))["view"]
    assert ("a",) == problem.showing(("a",)).standing("Z.").view
    err = io.StringIO()
    plain.report_problem(problem, terminal(), err)
    assert err.getvalue().endswith("(x)\n")
