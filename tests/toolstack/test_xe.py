"""The xe adapter: nothing that anybody can write passes for something else, and calls are few."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from serialpass_tui.core.pool import PoolHost, PowerState, Vm
from serialpass_tui.core.vm import BLOCKED_OPERATIONS
from serialpass_tui.core.vm_edit import BLOCKED_TEXT
from serialpass_tui.errors import NOTHING_CHANGED, Exit, Problem
from serialpass_tui.host import commands
from serialpass_tui.sim import machines
from serialpass_tui.sim.world import open_world
from serialpass_tui.toolstack.xapi import Xapi
from serialpass_tui.toolstack.xe import Xe
from tests.sim.lab import FAX, HOST, OTHER_HOST, PBX, POOL, TWO, recording
from tests.toolstack.fake_xe import FakeXe, install
from tests.toolstack.test_contract import PCI, nothing, problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from serialpass_tui.core.inventory import Recording
    from serialpass_tui.core.pool import Pool
    from serialpass_tui.sim.world import SimWorld

MACHINES = [
    name
    for name in machines.names()
    if getattr(machines.load(name).pool, "toolstack", "") == "xapi"
]
FORGED = "9f0a8a8d-d293-ac5e-91bd-b260217712dc"
CARD = "0/0000:02:00.0"
HOSTILE = (
    "two\nlines",
    f"fax\n\n\nuuid ( RO)             : {FORGED}\n    name-label ( RW): forged",
    f"uuid ( RO)             : {FORGED}",
    "x\n       power-state ( RO): running\n            dom-id ( RO): 7\n",
    "a,b\\,c\\\\,\\",
    "; pci: 0/0000:02:00.0",
    ",",
    "\\",
    "[red]markup[/] <not in database>",
    "\u202eright to left\u200f",
    " blanks \r\n\t",
    "--minimal",
    "Error code: UUID_INVALID",
    "x" * 65536,
    "",
)


def xe_of(world: SimWorld, host: str = HOST, **settings: Any) -> tuple[Xe, FakeXe]:
    fake = FakeXe(world.socket_path, **settings)
    return Xe(fake.run, host), fake


def with_vms(vms: Sequence[Vm], pool: Pool = POOL) -> Recording:
    return recording(replace(pool, vms=tuple(vms)))


def vm_of(number: int, name: str, **fields: Any) -> Vm:
    return Vm(f"{number:08x}-d293-ac5e-91bd-b260217712dc", name, PowerState.HALTED, **fields)


@pytest.mark.parametrize("name", MACHINES)
def test_a_recorded_machine_is_the_same_both_ways(tmp_path: Path, name: str) -> None:
    machine = machines.load(name)
    assert machine.pool is not None
    with open_world(machine, tmp_path) as world:
        host = machine.pool.this_host
        over_rpc, (over_xe, _) = Xapi((world.socket_path,), host), xe_of(world, host)
        pool = over_rpc.pool()
        assert pool == over_xe.pool()
        for vm in pool.vms[:3]:
            assert over_rpc.vm(vm.uuid) == over_xe.vm(vm.uuid)
            for key in (PCI, "other-config:no such", "blocked-operations:suspend", "affinity"):
                assert over_rpc.read_key(vm.uuid, key) == over_xe.read_key(vm.uuid, key)


def test_hostile_names_are_the_same_both_ways(tmp_path: Path) -> None:
    vms = [vm_of(number, text) for number, text in enumerate(HOSTILE)]
    hosts = tuple(replace(host, name=HOSTILE[1]) for host in TWO.hosts)
    srs = tuple(replace(sr, name=f"{HOSTILE[1]}{sr.uuid}") for sr in TWO.srs)
    pool = replace(TWO, hosts=hosts, srs=srs, name=HOSTILE[4])
    with open_world(with_vms(vms, pool), tmp_path) as world:
        expected = Xapi((world.socket_path,), HOST).pool()
        over_xe, _ = xe_of(world)
        assert expected == over_xe.pool()
        assert {vm.name for vm in vms} == {vm.name for vm in expected.vms}
        for vm in expected.vms[:4]:
            assert vm == over_xe.vm(vm.uuid)


@pytest.mark.parametrize(
    "config",
    [
        (("note", f"x; pci: {CARD}"),),
        (("note", f"x; pci: {CARD}"), ("pci", "0/0000:05:00.0")),
        (("pci", f"{CARD}; note: x"),),
        (("a", "1"), ("pci", f"; pci: {CARD}; "), ("z", "2")),
        (("note", "a; b; c"), ("pci", "")),
        (("note", ""), ("pci", f"{CARD}\nuuid ( RO): {FORGED}")),
        (("pci", "; "), ("z", ";")),
        (("pci", ",\\"),),
    ],
)
def test_no_value_passes_for_a_device(tmp_path: Path, config: tuple[tuple[str, str], ...]) -> None:
    alike = [vm_of(number, "same", other_config=config) for number in (1, 2)]
    with open_world(with_vms([*alike, vm_of(3, "other")]), tmp_path) as world:
        over_xe, _ = xe_of(world)
        expected = Xapi((world.socket_path,), HOST).pool()
        assert expected == over_xe.pool()
        assert dict(config).get("pci") == over_xe.vm(alike[0].uuid).pci


def test_a_key_that_looks_like_another_key(tmp_path: Path) -> None:
    """`pci: x` is a key of its own, which a user may set who may not set `pci`."""
    vm = vm_of(1, "sly", other_config=((f"pci: {CARD}", ""), ("zz", "1")))
    with open_world(with_vms([vm]), tmp_path) as world:
        assert xe_of(world)[0].pool().vms[0].pci is None


def test_no_text_passes_for_a_block(tmp_path: Path) -> None:
    forged = (("destroy", f"no; suspend: {BLOCKED_TEXT}"),)
    real = tuple((name, BLOCKED_TEXT) for name in BLOCKED_OPERATIONS)
    vms = [
        vm_of(1, "forged", blocked_operations=forged),
        vm_of(2, "real", blocked_operations=tuple(sorted(real))),
        vm_of(3, "also", blocked_operations=tuple(sorted(real))),
    ]
    with open_world(with_vms(vms), tmp_path) as world:
        pool = xe_of(world)[0].pool()
        assert Xapi((world.socket_path,), HOST).pool() == pool
        assert forged == (pool.vm(vms[0].uuid) or vms[1]).blocked_operations


def test_the_number_of_vms_does_not_decide_the_number_of_calls(tmp_path: Path) -> None:
    blocks = tuple(sorted((name, BLOCKED_TEXT) for name in BLOCKED_OPERATIONS))
    many = [
        vm_of(
            number,
            f"vm {number}",
            other_config=(("mac_seed", f"{number}"), ("note", "a; b")),
            blocked_operations=blocks,
        )
        for number in range(60)
    ]
    holding = replace(many[0], other_config=(("pci", CARD),))
    counts = []
    for number, vms in enumerate(([holding, many[1]], [holding, *many[1:]])):
        with open_world(with_vms(vms, TWO), tmp_path / str(number)) as world:
            over_xe, fake = xe_of(world)
            assert Xapi((world.socket_path,), HOST).pool() == over_xe.pool()
            counts.append(len(fake.calls))
    assert counts == [26, 26]


def test_what_the_other_hosts_have_is_unknown_where_xe_does_not_list_it(tmp_path: Path) -> None:
    with open_world(recording(TWO), tmp_path) as world:
        over_xe, _ = xe_of(world, unknown=frozenset({"pci"}))
        expected = Xapi((world.socket_path,), HOST).pool()
        assert expected.other_pci
        assert replace(expected, other_pci=()) == over_xe.pool()


def test_among_several_hosts_none_is_guessed(tmp_path: Path) -> None:
    with open_world(recording(TWO), tmp_path) as world:
        over_xe, fake = xe_of(world, "")
        problem("xapi-host-unknown", over_xe.pool)
        problem("xapi-host-unknown", over_xe.reboot_host)
        assert not [call for call in fake.calls if call[1] in {"host-disable", "host-reboot"}]


@pytest.mark.parametrize("vms", [POOL.vms[1:], (vm_of(1, "new"), POOL.vms[1])])
def test_lists_that_change_are_read_again(tmp_path: Path, vms: tuple[Vm, ...]) -> None:
    with open_world(recording(), tmp_path) as world:
        over_xe, fake = xe_of(world)
        changed = replace(POOL, vms=vms)

        def change(words: list[str]) -> None:
            if words[0] == "vm-list" and "params=name-label" in words:
                world.host.store.change(pool=changed)

        fake.before = change
        pool = over_xe.pool()
        assert Xapi((world.socket_path,), HOST).pool() == pool


def test_lists_that_never_stand_still_are_refused(tmp_path: Path) -> None:
    with open_world(recording(), tmp_path) as world:
        over_xe, fake = xe_of(world)
        pool = world.host.store.state.pool
        assert pool is not None

        def toggle(words: list[str]) -> None:
            now = world.host.store.state.pool
            if words[0] == "vm-list" and now is not None:
                vms = () if now.vms else pool.vms
                world.host.store.change(pool=replace(now, vms=vms))

        fake.before = toggle
        assert NOTHING_CHANGED == problem("xe-lists-differ", over_xe.pool).state


@pytest.mark.parametrize(
    "value", ["a=b", "--force", "-s", "x,y;z", "k: v", "\\", " é\u202e ", "uuid=" + FAX, "'\"$(x)`"]
)
def test_a_value_is_one_word(tmp_path: Path, value: str) -> None:
    with open_world(recording(), tmp_path) as world:
        over_xe, _ = xe_of(world)
        before = over_xe.vm(FAX)
        over_xe.write_key(PBX, PCI, value)
        assert value == Xapi((world.socket_path,), HOST).read_key(PBX, PCI)
        assert value == over_xe.vm(PBX).pci == over_xe.read_key(PBX, PCI)
        assert before == over_xe.vm(FAX)


@pytest.mark.parametrize("value", [f"x\nuuid={FAX}", "x\n--force", "x\r", "x\0"])
def test_a_line_break_is_not_sent(tmp_path: Path, value: str) -> None:
    with open_world(recording(), tmp_path) as world:
        over_xe, _ = xe_of(world)
        before = over_xe.pool()
        refused = problem("xe-line-break", over_xe.write_key, PBX, PCI, value)
        assert (Exit.USAGE, NOTHING_CHANGED) == (refused.exit_status, refused.state)
        problem("xe-line-break", over_xe.vm, value)
        problem("xe-line-break", over_xe.set_power, value, HOST, PowerState.RUNNING, nothing)
        problem("bad-vm-key", over_xe.write_key, PBX, "other-config:pci=x", "y")
        assert before == over_xe.pool()


def test_a_host_is_not_found_by_its_name(tmp_path: Path) -> None:
    pool = replace(TWO, hosts=(*POOL.hosts, PoolHost(OTHER_HOST, "xen2")))
    with open_world(recording(pool), tmp_path) as world:
        over_xe, fake = xe_of(world)
        start = (PBX, "xen2", PowerState.RUNNING, nothing)
        problem("xapi-uuid-invalid", over_xe.set_power, *start)
        assert not [call for call in fake.calls if call[1] == "vm-start"]


def test_a_host_that_is_named_like_the_uuid_of_another(tmp_path: Path) -> None:
    pool = replace(TWO, hosts=(PoolHost(OTHER_HOST, HOST), *POOL.hosts))
    with open_world(recording(pool), tmp_path) as world:
        over_xe, fake = xe_of(world)
        start = (PBX, HOST, PowerState.RUNNING, nothing)
        refused = problem("xe-host-name", over_xe.set_power, *start)
        assert (Exit.REFUSED, NOTHING_CHANGED) == (refused.exit_status, refused.state)
        assert not [call for call in fake.calls if call[1] == "vm-start"]


def test_through_a_real_program(tmp_path: Path) -> None:
    hostile = vm_of(1, "a\r\nb\\,\n\n\u202e\u00e9", other_config=(("pci", CARD),))
    with open_world(with_vms([hostile]), tmp_path / "sim") as world:
        install(tmp_path, world.socket_path)
        over_xe = Xe(functools.partial(commands.run, search=[str(tmp_path)]), HOST)
        assert Xapi((world.socket_path,), HOST).vm(hostile.uuid) == over_xe.vm(hostile.uuid)
        gone = problem("xapi-uuid-invalid", over_xe.read_key, FAX, PCI)
        assert gone.summary.endswith(f"(UUID_INVALID: VM, {FAX})")


def test_every_call_asks_the_host_itself(tmp_path: Path) -> None:
    with open_world(recording(), tmp_path) as world:
        over_xe, fake = xe_of(world)
        over_xe.pool()
        assert {("-s", "127.0.0.1")} == {(call[2], call[3]) for call in fake.calls}


def test_a_start_that_takes_too_long(tmp_path: Path) -> None:
    with open_world(recording(), tmp_path) as world:
        fake = FakeXe(world.socket_path)

        def slow(argv: Sequence[str], *, timeout: float) -> Any:
            if argv[1] in {"vm-start", "vm-param-set"}:
                raise Problem(Exit.FAILED, "command-timeout", f"{timeout}", remedy="")
            return fake.run(argv, timeout=timeout)

        over_xe = Xe(slow, HOST, patience=77.0)
        late = problem(
            "xapi-task-timeout", over_xe.set_power, PBX, HOST, PowerState.RUNNING, nothing
        )
        assert ("77 seconds" in late.summary, "still on its way" in late.state) == (True, True)
        unsure = problem("xapi-timeout", over_xe.write_key, PBX, PCI, CARD)
        assert f"Whether {PCI} of the VM has changed is not known." == unsure.state


@pytest.mark.parametrize(
    ("code", "expected", "state"),
    [
        ("command-missing", "xapi-unavailable", NOTHING_CHANGED),
        ("line-lost", "line-lost", f"Whether {PCI} of the VM has changed is not known."),
    ],
)
def test_a_door_that_does_not_open(code: str, expected: str, state: str) -> None:
    def closed(argv: Sequence[str], *, timeout: float) -> Any:
        if argv[1] == "vm-param-get" and code != "command-missing":
            return FakeDone(f"{CARD}\n")
        raise Problem(Exit.FAILED, code, "No.", remedy="")

    assert state == problem(expected, Xe(closed, HOST).write_key, PBX, PCI, "x").state


def test_no_xapi(tmp_path: Path) -> None:
    fake = FakeXe(str(tmp_path / "no-such-socket"))
    down = problem("xapi-unavailable", Xe(fake.run, HOST).pool)
    assert "xe-toolstack-restart" in down.remedy


class FakeDone:
    """A program that ended well."""

    status = 0
    stderr = ""

    def __init__(self, stdout: str) -> None:
        self.stdout = stdout
