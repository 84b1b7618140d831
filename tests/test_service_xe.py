"""A service whose VMs are asked for through xe: the whole story, there and back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.job import Outcome
from serialpass_tui.core.pool import PowerState
from serialpass_tui.toolstack.xe import Xe
from tests.test_service import (
    assert_as_it_was,
    bind_and_start,
    first_card,
    halted_vm,
    hide_job,
)
from tests.toolstack.fake_xe import FakeXe

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Stage


@pytest.mark.parametrize("machine", ["xcp-ng-8.3-bios", "xenserver-6.2-procedure"])
def test_there_and_back(open_stage: Callable[..., Stage], machine: str) -> None:
    over_rpc = open_stage(machine)
    fake = FakeXe(over_rpc.world.socket_path)
    stage = replace(over_rpc, toolstack=Xe(fake.run))
    service = stage.service
    assert over_rpc.toolstack.pool() == service.scan().pool
    uuid = halted_vm(stage)
    first_bytes, first_vm = stage.boot_bytes(), over_rpc.toolstack.vm(uuid)
    job = service.run(hide_job(service, first_card(service)), reboot=True)
    job = bind_and_start(service, job, uuid)
    assert Outcome.DONE is job.outcome
    assert [] == [check for check in service.checks(job, service.scan()) if not check.passed]
    assert PowerState.RUNNING is over_rpc.toolstack.vm(uuid).power_state
    assert {"vm-start", "vm-param-set", "host-disable", "host-reboot"} <= {c[1] for c in fake.calls}
    service.rollback(service.plan_rollback(job), reboot=True)
    assert_as_it_was(over_rpc, first_bytes, first_vm)
    assert not over_rpc.world.xapi.sessions
