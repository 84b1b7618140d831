"""Scripted runs: what is no script is refused, and a run that sticks says where."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.errors import Problem
from serialpass_tui.tui.answers import Answer, Answers, load, play
from serialpass_tui.tui.app import WizardApp

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Stage

    Open = Callable[..., Stage]

MACHINE = "xcp-ng-8.3-bios"


def written(path: Path, data: object) -> Path:
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def test_a_run_is_read(tmp_path: Path) -> None:
    data = {
        "machine": MACHINE,
        "steps": [{"expect": "a", "keys": ["down"], "type": "x", "then": ["enter"]}],
        "end": {"expect": "b"},
    }
    wanted = Answers(MACHINE, (Answer("a", ("down",), "x", ("enter",)), Answer("b")))
    assert wanted == load(written(tmp_path / "a.json", data), MACHINE)


@pytest.mark.parametrize(
    "data",
    [
        [],
        {},
        {"machine": MACHINE, "steps": []},
        {"machine": MACHINE, "steps": [{"keys": []}], "end": {"expect": "b"}},
        {"machine": MACHINE, "steps": [{"expect": "a", "kyes": []}], "end": {"expect": "b"}},
        {"machine": "another", "steps": [], "end": {"expect": "b"}},
    ],
)
def test_what_is_no_run_for_this_machine_is_refused(tmp_path: Path, data: object) -> None:
    with pytest.raises(Problem) as caught:
        load(written(tmp_path / "a.json", data), MACHINE)
    assert "bad-answers" == caught.value.code


def test_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        load(tmp_path / "none.json")
    assert "bad-answers" == caught.value.code


def test_a_run_that_sticks_shows_step_and_screen(
    open_stage: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    app = WizardApp(open_stage().service, demo=MACHINE)
    run = Answers(MACHINE, (Answer("Step 1", ("space",)), Answer("never")), patience=1.0)
    assert 1 == play(app, run, headless=True)
    told = capsys.readouterr().err
    assert "step 2 expects 'never'" in told
    assert "[x] 0000:02:00.0-1" in told


def test_a_wizard_that_ends_too_early_fails(
    open_stage: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    app = WizardApp(open_stage().service, demo=MACHINE)
    run = Answers(MACHINE, (Answer("Step 1", ("q",)), Answer("Step 2")), patience=5.0)
    assert 1 == play(app, run, headless=True)
    assert "the wizard has ended" in capsys.readouterr().err


def test_a_run_to_its_end_is_0(open_stage: Open) -> None:
    app = WizardApp(open_stage().service, demo=MACHINE)
    run = Answers(MACHINE, (Answer("Which card", ("space",)), Answer("[x]")))
    assert 0 == play(app, run, headless=True)
