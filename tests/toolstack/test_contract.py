"""The contract of a toolstack over XAPI, however it is asked: over XML-RPC, or through xe."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.pool import PowerState
from serialpass_tui.errors import NOTHING_CHANGED, Exit, Problem
from serialpass_tui.sim.faults import Faults
from serialpass_tui.sim.world import SimWorld, open_world
from tests.sim.lab import CARD, FAR, FAX, HOST, NAME, OTHER_HOST, PBX, POOL, TWO, recording

if TYPE_CHECKING:
    from pathlib import Path

    from serialpass_tui.core.ports import Toolstack
    from tests.toolstack.conftest import Ask

PCI = "other-config:pci"


def problem(code: str, call: object, *args: object) -> Problem:
    assert callable(call)
    with pytest.raises(Problem) as raised:
        call(*args)
    assert code == raised.value.code, raised.value.summary
    return raised.value


def nothing(_: float) -> None:
    """Takes progress."""


def test_pool_without_what_is_no_vm(toolstack: Toolstack) -> None:
    pool = toolstack.pool()
    named = replace(POOL.vms[1], name=NAME.replace("\x1b", "?"))  # XML carries no escape
    assert replace(POOL, vms=(POOL.vms[0], named)) == pool
    assert ["fax", named.name] == [vm.name for vm in pool.vms]


def test_pool_of_two(tmp_path: Path, ask: Ask) -> None:
    with open_world(recording(TWO), tmp_path) as world:
        pool = ask(world).pool()
        assert (HOST, OTHER_HOST, True, False) == (
            pool.this_host,
            pool.master,
            pool.ha_enabled,
            pool.is_master,
        )
        assert [True, False] == [host.enabled for host in pool.hosts]
        assert OTHER_HOST == ask(world).vm(FAR).resident_on
        problem("xapi-host-unknown", ask(world, "no-such").pool)


@pytest.mark.parametrize(("kind", "expected"), [("pv", "pv"), ("hvm", "hvm"), ("pvh", "hvm")])
def test_domain_type_before_there_was_a_field(
    tmp_path: Path, ask: Ask, kind: str, expected: str
) -> None:
    pool = replace(POOL, vms=(replace(POOL.vms[0], domain_type=kind),))
    old = recording(pool)
    old = replace(
        old,
        inventory=replace(old.inventory, product=replace(old.inventory.product, version="6.2.0")),
    )
    with open_world(old, tmp_path) as world:
        assert expected == ask(world).vm(FAX).domain_type


def test_vm(toolstack: Toolstack) -> None:
    assert POOL.vms[0] == toolstack.vm(FAX)
    gone = problem("xapi-uuid-invalid", toolstack.vm, "00000000-0000-0000-0000-000000000000")
    assert (Exit.FAILED, NOTHING_CHANGED) == (gone.exit_status, gone.state)
    assert gone.summary.endswith("(UUID_INVALID: VM, 00000000-0000-0000-0000-000000000000)")


def test_keys(toolstack: Toolstack, world: SimWorld) -> None:
    before = toolstack.vm(PBX).other_config
    assert toolstack.read_key(PBX, PCI) is None
    for value in ("0/0000:02:00.0", "0/0000:02:00.0", "0/0000:02:00.0,0/0000:00:1d.0", "<&> é"):
        toolstack.write_key(PBX, PCI, value)
        assert value == toolstack.read_key(PBX, PCI)
        assert dict(before) | {"pci": value} == dict(toolstack.vm(PBX).other_config)
    toolstack.write_key(PBX, PCI, None)
    toolstack.write_key(PBX, PCI, None)
    assert before == toolstack.vm(PBX).other_config
    key = "blocked-operations:pool_migrate"
    toolstack.write_key(PBX, key, "holds a serial card")
    assert (("pool_migrate", "holds a serial card"),) == toolstack.vm(PBX).blocked_operations
    toolstack.write_key(PBX, key, None)
    assert () == toolstack.vm(PBX).blocked_operations
    assert toolstack.read_key(PBX, "affinity") is None
    for host in (HOST, None, HOST, ""):
        toolstack.write_key(PBX, "affinity", host)
        assert (host or None) == toolstack.read_key(PBX, "affinity")
        assert (host or "") == toolstack.vm(PBX).affinity
    assert not world.xapi.sessions


@pytest.mark.parametrize("key", ["pci", "other-config", "other-config:", "name-label:x", "a\x1b"])
def test_other_keys_are_refused(toolstack: Toolstack, key: str) -> None:
    for call in (toolstack.read_key, lambda uuid, name: toolstack.write_key(uuid, name, "x")):
        bad = problem("bad-vm-key", call, PBX, key)
        assert Exit.USAGE == bad.exit_status
        assert "\x1b" not in bad.summary


def test_a_value_that_cannot_be_written_is_put_back(toolstack: Toolstack, world: SimWorld) -> None:
    toolstack.write_key(PBX, PCI, "0/0000:02:00.0")
    add = world.xapi.actions["VM.add_to_other_config"]

    def refusing(vm: object, key: object, value: object) -> object:
        from serialpass_tui.sim.tasks import Refused

        if value == "new":
            raise Refused("RBAC_PERMISSION_DENIED", "x", "y")
        return add(vm, key, value)

    world.xapi.actions["VM.add_to_other_config"] = refusing
    failed = problem("xapi-rbac-permission-denied", toolstack.write_key, PBX, PCI, "new")
    assert failed.state == "other-config:pci: holds its former value again."
    assert "0/0000:02:00.0" == toolstack.read_key(PBX, PCI)


def test_start_and_shut_down(toolstack: Toolstack, world: SimWorld) -> None:
    toolstack.write_key(PBX, PCI, "0/0000:02:00.0, 0/0000:05:00.0,0/02:00.0,0/000:00:1d.0")
    seen: list[float] = []
    toolstack.set_power(PBX, HOST, PowerState.RUNNING, seen.append)
    vm = toolstack.vm(PBX)
    assert (PowerState.RUNNING, HOST) == (vm.power_state, vm.resident_on)
    assert ["0000:02:00.0", "0000:00:1d.0"] == [
        str(bdf) for bdf in world.host.backend_devices(vm.domid)
    ]
    facts = world.host.inventory()
    card = facts.function(CARD)
    assert card is not None
    assert ("pciback", ["ttyS0"]) == (card.driver, [tty.name for tty in facts.ttys])
    assert seen == sorted(seen)
    assert (0.0, 1.0) == (seen[0], seen[-1])
    assert not world.xapi.tasks
    toolstack.set_power(PBX, HOST, PowerState.HALTED, nothing)
    assert PowerState.HALTED is toolstack.vm(PBX).power_state
    assert () == world.host.backend_devices(vm.domid)
    assert "pciback" == (world.host.inventory().function(CARD) or card).driver


@pytest.mark.parametrize("state", [PowerState.PAUSED, PowerState.SUSPENDED])
def test_other_power_states_are_not_offered(toolstack: Toolstack, state: PowerState) -> None:
    problem("bad-power-state", toolstack.set_power, PBX, HOST, state, nothing)


@pytest.mark.parametrize(
    ("fault", "code", "word"),
    [
        ("rmrr", "xapi-pci-rmrr", "RMRR"),
        ("no-iommu", "xapi-pci-no-iommu", "IOMMU"),
        ("busy", "xapi-pci-busy", "another running VM"),
        ("absent", "xapi-pci-absent", "address"),
        ("pciback", "xapi-pciback-not-loaded", "pciback"),
        ("Cannot_add(_, _)", "xapi-pci-no-iommu", "VT-d"),
        ("boom \x1b]0;x", "xapi-internal-error", "boom"),
    ],
)
def test_start_fails_in_words(tmp_path: Path, ask: Ask, fault: str, code: str, word: str) -> None:
    with open_world(recording(), tmp_path, Faults(start_fails=fault)) as world:
        toolstack = ask(world)
        toolstack.write_key(PBX, PCI, "0/0000:02:00.0")
        failed = problem(code, toolstack.set_power, PBX, HOST, PowerState.RUNNING, nothing)
        assert word in failed.summary
        assert "\x1b" not in failed.summary
        assert "unchanged" in failed.state
        assert PowerState.HALTED is toolstack.vm(PBX).power_state


def test_what_the_host_itself_refuses(tmp_path: Path, ask: Ask) -> None:
    fax = replace(POOL.vms[0], power_state=PowerState.HALTED, domid=-1, resident_on="")
    pool = replace(POOL, vms=(fax, POOL.vms[1]))
    host = recording(pool, pciback_registered=False)
    with open_world(host, tmp_path) as world:
        toolstack = ask(world)
        start = (PBX, HOST, PowerState.RUNNING, nothing)
        toolstack.write_key(PBX, PCI, "0/0000:02:00.0")
        problem("xapi-pciback-not-loaded", toolstack.set_power, *start)
        world.host.boot()
        toolstack.set_power(*start)
        problem("xapi-vm-bad-power-state", toolstack.set_power, *start)
        toolstack.write_key(FAX, PCI, "0/0000:02:00.0")
        problem("xapi-pci-busy", toolstack.set_power, FAX, *start[1:])
        toolstack.write_key(FAX, PCI, "0/0000:09:00.0")
        problem("xapi-pci-absent", toolstack.set_power, FAX, *start[1:])
        toolstack.write_key(FAX, "blocked-operations:start_on", "ask Ann")
        blocked = problem("xapi-operation-blocked", toolstack.set_power, FAX, *start[1:])
        assert "ask Ann" in blocked.summary
        problem(
            "xapi-uuid-invalid", toolstack.set_power, FAX, "no-such", PowerState.RUNNING, nothing
        )
        problem(
            "xapi-vm-bad-power-state", toolstack.set_power, FAX, HOST, PowerState.HALTED, nothing
        )


def test_no_iommu(tmp_path: Path, ask: Ask) -> None:
    facts = recording().inventory
    assert facts.xen is not None
    with open_world(recording(xen=replace(facts.xen, iommu=False)), tmp_path) as world:
        toolstack = ask(world)
        toolstack.write_key(PBX, PCI, "0/0000:02:00.0")
        problem("xapi-pci-no-iommu", toolstack.set_power, PBX, HOST, PowerState.RUNNING, nothing)


def test_a_start_that_takes_the_root_disk_loses_the_host(
    toolstack: Toolstack, world: SimWorld
) -> None:
    toolstack.write_key(PBX, PCI, "0/0000:01:00.0")
    problem("xapi-unavailable", toolstack.set_power, PBX, HOST, PowerState.RUNNING, nothing)
    problem("sim-host-lost", world.host.inventory)


def test_no_guest_tools(tmp_path: Path, ask: Ask) -> None:
    with open_world(recording(), tmp_path, Faults(no_guest_tools=True)) as world:
        toolstack = ask(world)
        problem("xapi-vm-lacks-feature", toolstack.set_power, FAX, HOST, PowerState.HALTED, nothing)


def test_a_vm_on_another_host_gets_no_device_of_this_one(tmp_path: Path, ask: Ask) -> None:
    hosts = tuple(replace(host, enabled=True) for host in TWO.hosts)
    with open_world(recording(replace(TWO, hosts=hosts)), tmp_path) as world:
        toolstack = ask(world)
        toolstack.write_key(PBX, PCI, "0/0000:02:00.0")
        toolstack.set_power(PBX, OTHER_HOST, PowerState.RUNNING, nothing)
        vm = toolstack.vm(PBX)
        assert (OTHER_HOST, ()) == (vm.resident_on, world.host.backend_devices(vm.domid))


def test_reboot(toolstack: Toolstack, world: SimWorld) -> None:
    before = world.host.boot_id()
    toolstack.reboot_host()
    assert before != world.host.boot_id()
    pool = toolstack.pool()
    assert (True, PowerState.HALTED) == (pool.hosts[0].enabled, pool.vms[0].power_state)


@pytest.mark.parametrize(
    ("faults", "code", "state"),
    [
        (Faults(ha_vetoes=True), "ha-veto", "nothing was changed"),
        (Faults(reboot_fails=True), "xapi-ha-host-cannot-access-statefile", "enabled again"),
    ],
)
def test_reboot_refused(tmp_path: Path, ask: Ask, faults: Faults, code: str, state: str) -> None:
    with open_world(recording(), tmp_path, faults) as world:
        toolstack, before = ask(world), world.host.boot_id()
        refused = problem(code, toolstack.reboot_host)
        assert state in refused.state
        assert before == world.host.boot_id()
        assert toolstack.pool().hosts[0].enabled


def test_reboot_refused_and_not_enabled_again(tmp_path: Path, ask: Ask) -> None:
    with open_world(recording(), tmp_path, Faults(reboot_fails=True)) as world:
        del world.xapi.actions["host.enable"]
        refused = problem("xapi-ha-host-cannot-access-statefile", ask(world).reboot_host)
        assert "still disabled" in refused.state


def test_a_host_that_was_disabled_before_stays_so(tmp_path: Path, ask: Ask) -> None:
    pool = replace(POOL, hosts=(replace(POOL.hosts[0], enabled=False),))
    with open_world(recording(pool), tmp_path, Faults(reboot_fails=True)) as world:
        toolstack = ask(world)
        refused = problem("xapi-ha-host-cannot-access-statefile", toolstack.reboot_host)
        assert NOTHING_CHANGED == refused.state
        assert not toolstack.pool().hosts[0].enabled
