"""The simulated XAPI against what a real one was seen to answer."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from serialpass_tui.core.pool import Pool, PowerState
from serialpass_tui.sim.faults import Faults
from serialpass_tui.sim.passthrough import parse_pci
from serialpass_tui.sim.records import NULL
from serialpass_tui.sim.world import SimWorld, open_world
from tests.sim.lab import FAX, HOST, OTHER_HOST, PBX, POOL, TWO, recording

if TYPE_CHECKING:
    from pathlib import Path


class Client:
    """Calls without the wire."""

    def __init__(self, world: SimWorld) -> None:
        self.world = world
        self.session: str = self.raw("session.login_with_password", "root", "")["Value"]

    def raw(self, method: str, *params: Any) -> Any:
        return self.world.xapi.call(method, params)

    def __call__(self, method: str, *params: Any) -> Any:
        """The value, or the error's description."""
        answer = self.raw(method, self.session, *params)
        return answer.get("Value", answer.get("ErrorDescription"))

    def vm(self, uuid: str) -> str:
        return str(self("VM.get_by_uuid", uuid))


@pytest.fixture
def client(world: SimWorld) -> Client:
    return Client(world)


def one(client: Client, field: str) -> str:
    """The reference of a VM for which `field` holds."""
    records = client("VM.get_all_records")
    return str(next(ref for ref, record in records.items() if record[field]))


def test_what_a_real_xapi_answers(client: Client) -> None:
    pbx, fax, nowhere = client.vm(PBX), client.vm(FAX), "OpaqueRef:0"
    host = client("host.get_by_uuid", HOST)
    template = one(client, "is_a_template")
    table: list[tuple[Any, tuple[Any, ...]]] = [
        (["UUID_INVALID", "VM", "x"], ("VM.get_by_uuid", "x")),
        (["HANDLE_INVALID", "VM", nowhere], ("VM.get_record", nowhere)),
        (["HANDLE_INVALID", "VM", nowhere], ("VM.start", nowhere, False, False)),
        (["MESSAGE_METHOD_UNKNOWN", "VM.frobnicate"], ("VM.frobnicate",)),
        (["MESSAGE_METHOD_UNKNOWN", "Bogus.get_all"], ("Bogus.get_all",)),
        (["MESSAGE_METHOD_UNKNOWN", "Async.VM.get_record"], ("Async.VM.get_record", pbx)),
        (["MESSAGE_PARAMETER_COUNT_MISMATCH", "VM.get_record", "1", "0"], ("VM.get_record",)),
        (
            ["MESSAGE_PARAMETER_COUNT_MISMATCH", "Async.VM.start_on", "4", "2"],
            ("Async.VM.start_on", pbx, host),
        ),
        (["VM_BAD_POWER_STATE", fax, "halted", "running"], ("VM.start", fax, False, False)),
        (["VM_BAD_POWER_STATE", pbx, "running", "halted"], ("VM.clean_shutdown", pbx)),
        (["VM_BAD_POWER_STATE", pbx, "running", "halted"], ("VM.hard_shutdown", pbx)),
        (["VM_IS_TEMPLATE", template, "start"], ("VM.start", template, False, False)),
        (["VM_IS_TEMPLATE", template, "start"], ("VM.start_on", template, host, False, False)),
        (["HOST_NOT_DISABLED"], ("host.reboot", host)),
        (["HANDLE_INVALID", "task", "t"], ("task.get_record", "t")),
        ("", ("VM.remove_from_other_config", pbx, "absent")),
        ("", ("VM.add_to_other_config", pbx, "pci", "garbage")),
        (
            ["MAP_DUPLICATE_KEY", "VM", "other_config", pbx, "pci"],
            ("VM.add_to_other_config", pbx, "pci", "more"),
        ),
        (
            {**dict(POOL.vms[1].other_config), "pci": "garbage"},
            ("VM.get_other_config", pbx),
        ),
        ("", ("VM.set_other_config", pbx, {"only": "this"})),
        ({"only": "this"}, ("VM.get_other_config", pbx)),
        ("", ("VM.add_to_blocked_operations", pbx, "start", "no")),
        (["OPERATION_BLOCKED", pbx, "no"], ("VM.start", pbx, False, False)),
        ("", ("VM.remove_from_blocked_operations", pbx, "start")),
        ("", ("host.disable", host)),
        (["NO_HOSTS_AVAILABLE"], ("VM.start", pbx, False, False)),
        (["HOST_DISABLED", host], ("VM.start_on", pbx, host, False, False)),
        ("", ("host.enable", host)),
        ("", ("VM.start", pbx, False, False)),
        ("Running", ("VM.get_power_state", pbx)),
        ("5", ("VM.get_domid", pbx)),
        (host, ("VM.get_resident_on", pbx)),
        (NULL, ("VM.get_affinity", pbx)),
        ("", ("VM.hard_shutdown", pbx)),
        ("-1", ("VM.get_domid", pbx)),
        ([pbx], ("VM.get_by_name_label", POOL.vms[1].name)),
    ]
    for expected, call in table:
        answer = client(*call)
        assert expected == answer, call


def test_sessions(client: Client) -> None:
    assert ["SESSION_INVALID", "x"] == client.raw("VM.get_all", "x")["ErrorDescription"]
    assert ["SESSION_INVALID", ""] == client.raw("VM.get_all")["ErrorDescription"]
    assert (
        "MESSAGE_PARAMETER_COUNT_MISMATCH"
        == client.raw("session.login_with_password")["ErrorDescription"][0]
    )
    assert client("host.get_by_uuid", HOST) == client("session.get_this_host", client.session)
    client("session.logout")
    assert ["SESSION_INVALID", client.session] == client("VM.get_all")


def test_control_domain_is_not_started(client: Client) -> None:
    assert (
        "OPERATION_NOT_ALLOWED" == client("VM.hard_shutdown", one(client, "is_control_domain"))[0]
    )


def test_records_are_on_the_wire_as_xapi_writes_them(client: Client) -> None:
    records = client("VM.get_all_records")
    names = [record["name_label"] for record in records.values()]
    assert "Control domain on host: xen1" in names
    assert "fax snapshot" in names
    assert len(names) == len(set(names)) == 8
    for record in records.values():
        assert {str, bool, list, dict, float} >= {type(value) for value in record.values()}
    assert list(records) == client("VM.get_all")
    assert ["-1", "100", "-1"] == [
        record["VLAN"] for record in client("PIF.get_all_records").values()
    ]


def test_tasks(client: Client) -> None:
    pbx = client.vm(PBX)
    task = client("Async.VM.start", pbx, False, False)
    token, progress = "", []
    for _ in range(6):
        batch = client("event.from", [f"task/{task}"], token, 2.0)
        assert batch["token"] >= token
        token = batch["token"]
        progress.append(batch["events"][0]["snapshot"]["progress"])
    assert [0.0, 0.25, 0.5, 0.75, 1.0, 1.0] == progress
    assert "success" == client("task.get_record", task)["status"]
    failing = client("Async.VM.start", pbx, False, False)
    records = [client("task.get_record", failing) for _ in range(5)]
    record = records[-1]
    assert ("failure", "VM_BAD_POWER_STATE") == (record["status"], record["error_info"][0])
    assert 2 == len(client("task.get_all_records"))
    assert "" == client("task.destroy", task)
    client("task.cancel", failing)
    assert "failure" == client("task.get_record", failing)["status"]


def test_pace_is_cut_short_by_the_end(tmp_path: Path) -> None:
    began = time.monotonic()
    with open_world(recording(), tmp_path, pace=60.0) as world:
        client = Client(world)
        task = client("Async.VM.start", client.vm(PBX), False, False)
        client("event.from", [f"task/{task}"], "1", 0.01)
    assert time.monotonic() - began < 30


def test_start_prefers_affinity_and_an_enabled_host(tmp_path: Path) -> None:
    hosts = tuple(replace(host, enabled=True) for host in TWO.hosts)
    with open_world(recording(replace(TWO, hosts=hosts)), tmp_path) as world:
        client = Client(world)
        pbx, other = client.vm(PBX), client("host.get_by_uuid", OTHER_HOST)
        assert "" == client("VM.set_affinity", pbx, other)
        assert "" == client("VM.start", pbx, False, False)
        assert other == client("VM.get_resident_on", pbx)
        assert "" == client("host.disable", other)
        assert "" == client("host.reboot", other)
        assert "b0" == world.host.boot_id()


def test_a_host_without_xapi(tmp_path: Path) -> None:
    plain = replace(recording(), pool=None)
    with open_world(plain, tmp_path) as world:
        assert Pool("", "", ()) == world.xapi._pool
        world.host.reboot()


def test_running_vms_hold_their_devices_from_the_start(tmp_path: Path) -> None:
    fax = replace(POOL.vms[0], other_config=(("pci", "0/0000:02:00.0"),))
    with open_world(recording(replace(POOL, vms=(fax, POOL.vms[1]))), tmp_path) as world:
        assert parse_pci("0/0000:02:00.0") == world.host.backend_devices(4)
        client = Client(world)
        pbx = client.vm(PBX)
        client("VM.add_to_other_config", pbx, "pci", "0/0000:02:00.0")
        error = client("VM.start", pbx, False, False)
        assert "INTERNAL_ERROR" == error[0]
        assert "busy" in error[1]
        assert "" == client("VM.hard_shutdown", client.vm(FAX))
        assert "" == client("VM.start", pbx, False, False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", []),
        ("0/0000:02:00.0", ["0000:02:00.0"]),
        ("0/0000:02:00.0,1/0001:0a:1f.7", ["0000:02:00.0", "0001:0a:1f.7"]),
        ("0/0000:02:00.0, 0/0000:03:00.0", ["0000:02:00.0"]),
        ("0/000:84:00.0trailing", ["0000:84:00.0"]),
        ("0/02:00.0,garbage,0000:02:00.0,-1/0:2:0.0", ["0000:02:00.0"]),
    ],
)
def test_what_xapi_reads_of_a_pci_key(value: str, expected: list[str]) -> None:
    assert expected == [str(bdf) for bdf in parse_pci(value)]


def test_state_outlives_the_process(tmp_path: Path) -> None:
    with open_world(recording(), tmp_path) as world:
        client = Client(world)
        client("VM.add_to_other_config", client.vm(PBX), "pci", "0/0000:02:00.0")
        client("VM.start", client.vm(PBX), False, False)
    with open_world(recording(), tmp_path, Faults(no_guest_tools=True)) as world:
        client = Client(world)
        pbx = client.vm(PBX)
        assert PowerState.RUNNING.value == client("VM.get_power_state", pbx)
        assert "0/0000:02:00.0" == client("VM.get_other_config", pbx)["pci"]
        assert 1 == len(world.host.backend_devices(5))
        assert ["VM_LACKS_FEATURE", pbx] == client("VM.clean_shutdown", pbx)
