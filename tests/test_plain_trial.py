"""The trial boot by the subcommands: hide --trial, status, confirm."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from serialpass_tui import plain
from serialpass_tui.errors import Exit, Problem
from tests.test_service import first_card

if TYPE_CHECKING:
    from collections.abc import Callable

    from serialpass_tui.core.bdf import Bdf
    from tests.conftest import Stage


class Operator:
    """Somebody who runs subcommands and reads what they print."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    @property
    def bdfs(self) -> tuple[Bdf, ...]:
        return first_card(self.stage.service)

    def words(self, run: Callable[..., int], *args: object, **options: object) -> str:
        out = io.StringIO()
        term = plain.Terminal(out, input, interactive=False, yes=True)
        assert Exit.DONE == run(self.stage.service, term, *args, **options)
        return out.getvalue()

    def document(self, run: Callable[..., int], *args: object, **options: object) -> dict[str, Any]:
        out = io.StringIO()
        term = plain.Terminal(out, input, interactive=False, yes=True, json=True)
        assert Exit.DONE == run(self.stage.service, term, *args, **options)
        found: dict[str, Any] = json.loads(out.getvalue())
        return found


def test_hide_status_confirm(open_stage: Callable[..., Stage]) -> None:
    operator = Operator(open_stage())
    said = operator.words(plain.hide, operator.bdfs, trial=True)
    assert "menuentry 'serialpass-trial' {" in said
    assert "grub-editenv /boot/grub/grubenv set override_entry=serialpass-trial" in said
    assert "ahead" == operator.document(plain.status)["trial"]
    assert "The next boot is a trial" in operator.words(plain.status)

    operator.stage.world.host.reboot()
    assert "running" == operator.document(plain.status)["trial"]
    assert "This boot is a trial: `serialpass-tui confirm`" in operator.words(plain.status)
    assert "on trial" in operator.words(plain.status)

    document = operator.document(plain.confirm)
    assert document["applied"]
    assert {True} == {check["passed"] for check in document["checks"]}
    assert ["File systems mounted", "XAPI answers", "Management interface", "Storage attached"] == [
        check["name"] for check in document["checks"] if "hidden" not in check["name"]
    ]
    assert "none" == operator.document(plain.status)["trial"]


def test_a_boot_after_the_trial_says_so_and_is_nothing_to_confirm(
    open_stage: Callable[..., Stage],
) -> None:
    operator = Operator(open_stage("xenserver-6.2-procedure"))
    said = operator.words(plain.hide, operator.bdfs, trial=True)
    assert "extlinux --once=serialpass-trial /boot" in said
    for _ in range(2):
        operator.stage.world.host.reboot()
    assert "this host runs as before" in operator.words(plain.status)
    with pytest.raises(Problem, match="This boot is no trial") as caught:
        operator.words(plain.confirm)
    assert "rollback 1" in caught.value.remedy


def test_the_plain_way_is_the_default_here(open_stage: Callable[..., Stage]) -> None:
    operator = Operator(open_stage())
    assert "serialpass-trial" not in operator.words(plain.hide, operator.bdfs)


def test_why_no_trial_is_to_be_had_is_said(open_stage: Callable[..., Stage]) -> None:
    operator = Operator(open_stage("oxford-quad-bridge"))
    with pytest.raises(Problem, match="lies on LVM"):
        operator.words(plain.hide, operator.bdfs, trial=True)
    assert "lies on LVM" in operator.document(plain.hide, operator.bdfs)["plan"]["trial_refused"]
