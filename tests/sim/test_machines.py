"""Each machine that ships is one whole: its files, command line, drivers and pool agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serialpass_tui.errors import Problem
from serialpass_tui.sim.devices import PCIBACK, root_functions, unhidden
from serialpass_tui.sim.firmware import boot, in_force, owners, registers
from serialpass_tui.sim.machines import load, names

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Stage


def test_there_are_at_least_eight() -> None:
    assert 8 <= len(names())


def test_unknown_machine() -> None:
    with pytest.raises(Problem) as unknown:
        load("../x")
    assert "no-such-machine" == unknown.value.code
    assert names()[0] in unknown.value.remedy


@pytest.mark.parametrize("name", names())
def test_boots_as_it_was_recorded(name: str) -> None:
    facts = load(name).inventory
    file = in_force(facts.boot_files, uefi=facts.uefi)
    assert file is not None
    booted = boot(file.data, file.path, facts.kernel)
    assert booted.cmdline == facts.cmdline
    assert facts.pciback_registered == registers(facts, booted)
    assert not owners(unhidden(facts), booted) & root_functions(facts)
    assert root_functions(facts)


@pytest.mark.parametrize("name", names())
def test_the_drivers_are_those_of_the_boot(name: str) -> None:
    facts = load(name).inventory
    file = in_force(facts.boot_files, uefi=facts.uefi)
    assert file is not None
    taken = owners(unhidden(facts), boot(file.data, file.path, facts.kernel))
    recorded = {function.bdf for function in facts.pci if function.driver == PCIBACK}
    pool = load(name).pool
    bound = {} if pool is None else {vm.uuid for vm in pool.vms if vm.pci}
    assert taken <= recorded
    assert taken == recorded or bound  # what a VM took at its start was not hidden at boot


@pytest.mark.parametrize("name", names())
def test_lives(name: str, open_stage: Callable[..., Stage]) -> None:
    machine, stage = load(name), open_stage(name)
    host = stage.world.host
    assert machine.inventory == host.inventory()
    assert machine.pool is not None
    pool = stage.toolstack.pool()
    assert {vm.uuid: vm.domid for vm in machine.pool.vms} == {vm.uuid: vm.domid for vm in pool.vms}
    assert (machine.pool.hosts, machine.pool.this_host) == (pool.hosts, pool.this_host)
    host.reboot()
    assert machine.inventory.cmdline == host.inventory().cmdline
