from __future__ import annotations

import json
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.pool import PoolHost, PowerState
from serialpass_tui.core.safety import vm_findings
from serialpass_tui.core.vm import parse_pci, users_of
from serialpass_tui.core.xl_edit import with_devices
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host import commands
from serialpass_tui.host.files import LocalFiles
from serialpass_tui.toolstack.xl import Xl
from serialpass_tui.toolstack.xl_failures import from_xl
from serialpass_tui.toolstack.xl_guests import details_of, domains

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serialpass_tui.core.pool import Vm

CARD = Bdf.parse("0000:02:00.0")
UUID = "06ed00fe-1162-4fc4-b5d8-11993ee4a8b9"
OTHER_UUID = "7c1f9a10-52aa-4c5d-9b3e-0d5c1a2b3c4d"
PBX = b"name = 'pbx'\nuuid = '%s'\ntype = 'hvm'\n" % UUID.encode()
DOM0 = {
    "domid": 0,
    "name": "Domain-0",
    "uuid": "00000000-0000-0000-0000-000000000000",
    "state": "r-----",
    "config": {"c_info": {"type": "pv", "name": "Domain-0"}, "b_info": {}},
}


@dataclass
class Dom0:
    """A directory with a fake xl and a folder of guests' files."""

    place: Path

    def __post_init__(self) -> None:
        self.config_dir.mkdir(parents=True)
        source = Path(__file__).with_name("fake_xl.py").read_text()
        program = self.place / "bin" / "xl"
        program.parent.mkdir()
        program.write_text(f"#!{sys.executable} -I\n{source}")
        program.chmod(0o755)
        self.state = {
            "domains": [DOM0],
            "assignable": [],
            "faults": {},
            "calls": [],
            "looks": 2,
            "root": "",
        }

    @property
    def config_dir(self) -> Path:
        return self.place / "etc" / "xen"

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.place / "bin" / "state.json").read_text())
        return found

    @state.setter
    def state(self, new: dict[str, Any]) -> None:
        (self.place / "bin" / "state.json").write_text(json.dumps(new))

    def change(self, **fields: object) -> None:
        self.state = {**self.state, **fields}

    def runs(self, name: str, domid: int, uuid: str = OTHER_UUID, **fields: object) -> None:
        domain = {"domid": domid, "name": name, "uuid": uuid, "state": "-b----", "config": {}}
        self.change(domains=[*self.state["domains"], {**domain, **fields}])

    def write(self, name: str, data: bytes) -> str:
        path = self.config_dir / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        return str(path)

    def run(self, argv: Sequence[str], *, timeout: float) -> commands.Completed:
        return commands.run(argv, timeout=timeout, search=(str(self.place / "bin"),))

    def xl(self, patience: float = 20.0) -> Xl:
        return Xl(self.run, LocalFiles(), self.config_dir, "kiln", patience=patience, poll=0.01)

    def vm(self) -> Vm:
        (found,) = self.xl().pool().vms
        return found


@pytest.fixture
def dom0(tmp_path: Path) -> Dom0:
    return Dom0(tmp_path)


def ignore(_done: float) -> None:
    pass


# --- reading


def test_a_host_without_guests(dom0: Dom0) -> None:
    pool = dom0.xl().pool()
    assert ("xl", "kiln", (PoolHost("kiln", "kiln"),), ()) == (
        pool.toolstack,
        pool.this_host,
        pool.hosts,
        pool.vms,
    )
    assert pool.is_master
    assert [["list", "-v"]] == dom0.state["calls"]


def test_a_host_without_the_folder(dom0: Dom0) -> None:
    dom0.config_dir.rmdir()
    assert () == dom0.xl().pool().vms


def test_a_guest_that_does_not_run(dom0: Dom0) -> None:
    path = dom0.write("pbx.cfg", PBX + b"pci = ['02:00.0', '05:00.*']\n")
    vm = dom0.vm()
    assert (UUID, "pbx", PowerState.HALTED, "hvm", -1, "", path, "") == (
        vm.uuid,
        vm.name,
        vm.power_state,
        vm.domain_type,
        vm.domid,
        vm.resident_on,
        vm.config,
        vm.config_refusal,
    )
    named = parse_pci(vm.pci or "")
    assert [CARD, *(Bdf(0, 5, 0, function) for function in range(8))] == list(named)


@pytest.mark.parametrize(
    ("state", "power"),
    [
        ("r-----", PowerState.RUNNING),
        ("------", PowerState.RUNNING),
        ("--p---", PowerState.PAUSED),
        ("---s--", PowerState.RUNNING),
        ("---scd", PowerState.RUNNING),
    ],
)
def test_a_guest_that_runs(dom0: Dom0, state: str, power: PowerState) -> None:
    dom0.write("pbx.cfg", b"name = 'pbx'\n")
    dom0.runs("pbx", 7, state=state, looks=9)
    vm = dom0.vm()
    assert (power, 7, "kiln") == (vm.power_state, vm.domid, vm.resident_on)


def test_a_renamed_guest_is_known_by_its_uuid(dom0: Dom0) -> None:
    dom0.write("pbx.cfg", PBX)
    dom0.runs("pbx-old", 7, UUID)
    assert (7, "pbx") == (dom0.vm().domid, dom0.vm().name)


def test_a_guest_without_uuid_keeps_its_identity(dom0: Dom0) -> None:
    path = dom0.write("pbx.cfg", b"name = 'pbx'\n")
    first = dom0.vm().uuid
    assert str(uuid.uuid5(uuid.NAMESPACE_URL, f"file://{path}")) == first
    dom0.runs("pbx", 7)
    dom0.write("pbx.cfg", b"name = 'pbx'\npci = ['02:00.0']\n")
    assert first == dom0.vm().uuid


def test_a_copied_file_is_another_guest(dom0: Dom0) -> None:
    dom0.write("a.cfg", PBX)
    dom0.write("b.cfg", PBX)
    one, two = dom0.xl().pool().vms
    assert UUID == one.uuid != two.uuid


def test_which_files_are_guests(dom0: Dom0) -> None:
    dom0.write("pbx.cfg", PBX)
    for name in ("xl.conf", "pbx.cfg.serialpass-0a1b2c3d", ".hidden.cfg", "pbx.cfg~", "readme"):
        dom0.write(name, b"name = 'no'\n")
    dom0.write("pool.cfg", b"cpus = ['1']\n")
    dom0.write("vm/suse", b"name = 'suse'\n")
    dom0.write("vm/suse.xml", b"<domain/>")
    (dom0.config_dir / "folder.cfg").mkdir()
    (dom0.config_dir / "auto").mkdir()
    (dom0.config_dir / "auto" / "10-pbx").symlink_to("../pbx.cfg")
    (dom0.config_dir / "gone.cfg").symlink_to("nowhere")
    assert ["pbx", "suse"] == [vm.name for vm in dom0.xl().pool().vms]


def test_paths_are_told_as_the_host_has_them(dom0: Dom0) -> None:
    dom0.write("pbx.cfg", PBX)
    (dom0.config_dir / "out.cfg").symlink_to("/etc/hostname")
    files = LocalFiles(dom0.place)
    xl = Xl(dom0.run, files, dom0.config_dir, "kiln", root=dom0.place)
    assert ["/etc/xen/pbx.cfg"] == [vm.config for vm in xl.pool().vms]


def test_a_file_in_auto_itself_is_not_edited(dom0: Dom0) -> None:
    dom0.write("auto/pbx", b"name = 'pbx'\n")
    assert "would be started too" in dom0.vm().config_refusal


def test_a_broken_file_is_shown_with_the_reason(dom0: Dom0) -> None:
    path = dom0.write("pbx.cfg", b"name = pbx\n")
    vm = dom0.vm()
    assert ("pbx", f"xl does not read {path}: line 1: pbx out of place.") == (
        vm.name,
        vm.config_refusal,
    )


def test_a_stranger_is_shown_with_what_it_holds(dom0: Dom0) -> None:
    dom0.write("pbx.cfg", PBX)
    config = {"c_info": {"type": "pv"}, "pcidevs": [{"bus": 2, "vdevfn": 256}, "?"]}
    dom0.runs("win 10 (test)", 12, config=config)
    pool = dom0.xl().pool()
    pbx, stranger = pool.vms
    assert ("win 10 (test)", OTHER_UUID, "pv", 12, "") == (
        stranger.name,
        stranger.uuid,
        stranger.domain_type,
        stranger.domid,
        stranger.config,
    )
    assert "started from a file that is not under /etc/xen" in stranger.config_refusal
    assert (stranger,) == users_of(pool, CARD)
    assert "device-taken" in {finding.code for finding in vm_findings(pool, pbx, [CARD])}


def test_xl_of_xen_41_has_no_json(dom0: Dom0) -> None:
    assert {} == details_of("(domain\n    (domid 0)\n)\n")


@settings(deadline=None)
@given(st.text())
def test_any_listing_is_read(listing: str) -> None:
    assert isinstance(domains(listing), tuple)
    assert isinstance(details_of(listing), dict)


@settings(deadline=None)
@given(st.recursive(st.none() | st.integers() | st.text(), st.lists))
def test_any_json_is_read(value: object) -> None:
    assert {} == details_of(json.dumps(value))


def test_one_guest_is_read_anew(dom0: Dom0) -> None:
    dom0.write("pbx.cfg", PBX)
    assert "pbx" == dom0.xl().vm(UUID).name
    with pytest.raises(Problem) as caught:
        dom0.xl().vm(OTHER_UUID)
    assert "no-vm" == caught.value.code


# --- changing


def test_starts_a_guest_with_its_device(dom0: Dom0) -> None:
    path = dom0.write("a=b -n.cfg", with_devices(PBX, [CARD]))
    dom0.change(assignable=["0000:02:00.0"])
    told: list[float] = []
    dom0.xl().set_power(UUID, "kiln", PowerState.RUNNING, told.append)
    vm = dom0.vm()
    assert (PowerState.RUNNING, "kiln") == (vm.power_state, vm.resident_on)
    assert ["create", "-f", path] in dom0.state["calls"]
    assert 1.0 == told[-1]


def test_a_guest_that_runs_is_not_started_again(dom0: Dom0) -> None:
    dom0.write("pbx.cfg", PBX)
    dom0.runs("pbx", 7, UUID)
    dom0.xl().set_power(UUID, "kiln", PowerState.RUNNING, ignore)
    assert "create" not in {call[0] for call in dom0.state["calls"]}


def test_a_device_that_is_not_assignable(dom0: Dom0) -> None:
    dom0.write("pbx.cfg", with_devices(PBX, [CARD]))
    with pytest.raises(Problem) as caught:
        dom0.xl().set_power(UUID, "kiln", PowerState.RUNNING, ignore)
    assert ("xl-pci-not-assignable", Exit.FAILED) == (caught.value.code, caught.value.exit_status)
    assert "PCI device 0:2:0.0 is not assignable)" in caught.value.summary
    assert "The guest does not run; its file is unchanged." == caught.value.state


def test_a_stranger_cannot_be_started(dom0: Dom0) -> None:
    dom0.runs("stranger", 4)
    with pytest.raises(Problem) as caught:
        dom0.xl().set_power(OTHER_UUID, "kiln", PowerState.RUNNING, ignore)
    assert "xl-no-config" == caught.value.code


def test_shuts_down_and_waits_until_the_domain_is_gone(dom0: Dom0) -> None:
    dom0.write("pbx.cfg", PBX)
    dom0.runs("pbx", 7, UUID)
    told: list[float] = []
    dom0.xl().set_power(UUID, "kiln", PowerState.HALTED, told.append)
    assert [DOM0] == dom0.state["domains"]
    assert ["shutdown", "-F", "7"] in dom0.state["calls"]
    assert sorted(told) == told
    assert 1.0 == told[-1]
    assert 1 < len(told)


def test_a_halted_guest_needs_no_shutdown(dom0: Dom0) -> None:
    dom0.write("pbx.cfg", PBX)
    dom0.xl().set_power(UUID, "kiln", PowerState.HALTED, ignore)
    assert [["list", "-v"]] == dom0.state["calls"]


def test_a_guest_that_goes_meanwhile_is_shut_down(dom0: Dom0) -> None:
    dom0.write("pbx.cfg", PBX)
    dom0.runs("pbx", 7, UUID, state="---s--", looks=1)
    dom0.xl().set_power(UUID, "kiln", PowerState.HALTED, ignore)
    assert [DOM0] == dom0.state["domains"]


def test_a_guest_that_stays(dom0: Dom0) -> None:
    dom0.write("pbx.cfg", PBX)
    dom0.runs("pbx", 7, UUID)
    dom0.change(looks=10**6)
    with pytest.raises(Problem) as caught:
        dom0.xl(patience=0.2).set_power(UUID, "kiln", PowerState.HALTED, ignore)
    assert ("xl-shutdown-timeout", "It was asked to shut down.") == (
        caught.value.code,
        caught.value.state,
    )


def test_other_power_states_are_for_xl_itself(dom0: Dom0) -> None:
    dom0.write("pbx.cfg", PBX)
    with pytest.raises(Problem) as caught:
        dom0.xl().set_power(UUID, "kiln", PowerState.PAUSED, ignore)
    assert "bad-power-state" == caught.value.code


def test_a_create_that_hangs(dom0: Dom0) -> None:
    dom0.write("pbx.cfg", PBX)

    def run(argv: Sequence[str], *, timeout: float) -> commands.Completed:
        if argv[1] == "create":
            raise Problem(Exit.FAILED, "command-timeout", "xl create did not end.", remedy="Wait.")
        return dom0.run(argv, timeout=timeout)

    xl = Xl(run, LocalFiles(), dom0.config_dir, "kiln")
    with pytest.raises(Problem) as caught:
        xl.set_power(UUID, "kiln", PowerState.RUNNING, ignore)
    assert ("command-timeout", "The guest may be half built: see `xl list`.") == (
        caught.value.code,
        caught.value.state,
    )


def test_there_are_no_keys(dom0: Dom0) -> None:
    with pytest.raises(Problem) as read:
        dom0.xl().read_key(UUID, "affinity")
    with pytest.raises(Problem) as written:
        dom0.xl().write_key(UUID, "other-config:pci", "0/0000:02:00.0")
    assert "xl-no-keys" == read.value.code == written.value.code
    assert [] == dom0.state["calls"]


def test_the_host_is_rebooted_by_its_own_system(dom0: Dom0) -> None:
    with pytest.raises(Problem) as caught:
        dom0.xl().reboot_host()
    assert "xapi-unavailable" == caught.value.code


# --- what xl complains of


def test_a_listing_that_fails(dom0: Dom0) -> None:
    dom0.change(
        faults={
            "list": "xencall: error: Could not obtain handle on privileged command interface: "
            "Permission denied\nlibxl: error: libxl.c:102:libxl_ctx_alloc: cannot open libxc "
            "handle: Permission denied\ncannot init xl context"
        }
    )
    with pytest.raises(Problem) as caught:
        dom0.xl().pool()
    assert ("xl-not-root", "Nothing was changed.") == (caught.value.code, caught.value.state)


def test_a_host_without_xl(tmp_path: Path) -> None:
    def run(argv: Sequence[str], *, timeout: float) -> commands.Completed:
        return commands.run(argv, timeout=timeout, search=(str(tmp_path),))

    with pytest.raises(Problem) as caught:
        Xl(run, LocalFiles(), tmp_path, "kiln").pool()
    assert "command-missing" == caught.value.code


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("ERROR:  Can't find hypervisor information in sysfs!", "xl-no-xen"),
        (
            "ERROR:  Can't find version 4.14 of xen utils (maybe ...), bailing out!",
            "xl-wrong-version",
        ),
        (
            "xencall: error: Could not obtain handle on privileged command interface: No such file or directory",
            "xl-no-xen",
        ),
        (
            "libxl: error: libxl.c:92:libxl_ctx_init: Is xenstore daemon running?\nfailed to stat /var/run/xenstored.pid: No such file or directory",
            "xl-no-xenstored",
        ),
        (
            "libxl: error: libxl.c:113:libxl_ctx_alloc: cannot connect to xenstore: No such file or directory",
            "xl-no-xenstored",
        ),
        (
            "libxl: error: libxl_pci.c:445:libxl_device_pci_assignable_list: Looks like pciback driver not loaded",
            "xl-pciback-not-loaded",
        ),
        (
            "libxl: error: libxl_pci.c:1677:libxl__device_pci_add: Domain 3:PCI device 0:2:0.0 cannot be assigned - no IOMMU?",
            "xl-no-iommu",
        ),
        (
            "libxl: error: libxl_pci.c:1700:libxl__device_pci_add: Domain 3:PCI device already assigned to a different guest",
            "xl-pci-busy",
        ),
        (
            "libxl: error: libxl_pci.c:1484:pci_add_dm_done: Domain 3:xc_assign_device failed: Operation not permitted",
            "xl-pci-rmrr",
        ),
        (
            "libxl: error: libxl_create.c:1040: passthrough not yet supported for x86 PVH guests",
            "xl-pvh",
        ),
        ("unable to parse PCI_SPEC_STRING `02:00' for passthrough", "xl-pci-unread"),
        (
            "Failed to read config file: /etc/xen/a.cfg: No such file or directory",
            "xl-config-missing",
        ),
        (
            "/etc/xen/a.cfg:3: config parsing error near `foo': lexical error\nFailed to parse config: Invalid argument",
            "xl-config-broken",
        ),
        ("failed to free memory for the domain", "xl-no-memory"),
        (
            "xc: error: panic: xg_dom_boot.c:120: xc_dom_boot_mem_init: can't allocate low memory for domain: Out of memory",
            "xl-no-memory",
        ),
        (
            "Shutting down domain 3\nPV control interface not available: external graceful shutdown not possible.",
            "xl-no-shutdown",
        ),
        ("pbx is an invalid domain identifier (rc=-6)", "no-vm"),
        ("libxl: error: something new", "xl-failed"),
        ("", "xl-failed"),
    ],
)
def test_words_for_what_xl_says(said: str, code: str) -> None:
    done = commands.Completed(("xl", "create"), 1, "Parsing config from /etc/xen/a.cfg\n", said)
    assert code == from_xl(done, "xl create").code


def test_the_first_error_is_shown_where_nothing_is_known() -> None:
    said = "Parsing config\nlibxl: error: one \x1b[2J\nlibxl: error: two\n"
    problem = from_xl(commands.Completed(("xl",), 3, "", said), "xl create")
    assert "xl create failed with status 3: libxl: error: one \\x1b[2J" == problem.summary
