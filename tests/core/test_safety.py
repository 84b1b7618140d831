"""Each rule on a recorded machine that trips it, and on one that just does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.candidates import candidates
from serialpass_tui.core.inventory import (
    BootText,
    Inventory,
    PciFunction,
    Process,
    Recording,
    Tty,
    TtyKind,
)
from serialpass_tui.core.pool import Pif, PowerState, StorageRepository
from serialpass_tui.core.rules.neighbours import legacy_bridge
from serialpass_tui.core.rules.vms import NO_DEVICE
from serialpass_tui.core.safety import Severity, findings, refusals, vm_findings
from serialpass_tui.sim import machines
from tests.core.judged import (
    BIOS,
    CARD,
    CONSOLE,
    NIC,
    NOTE,
    OXFORD,
    QUAD,
    REFUSE,
    SATA,
    STRANGER,
    UEFI,
    USB_CARD,
    WARN,
    XS8,
    codes,
    judge,
    of,
    usb_disk,
    usb_nic,
    vm_of,
    with_facts,
    with_pool,
)

# What may go ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "bdfs"),
    [
        ("xenserver-6.2-procedure", ("02:00.0", "05:00.0", "00:1d.0")),
        ("xenserver-6.2-blanks", ("02:00.0", "05:00.0", "00:1d.0")),
        ("xcp-ng-8.3-bios", ("02:00.0", "02:00.1")),
        ("xcp-ng-8.3-bios", ("05:00.0",)),
        ("xcp-ng-8.3-uefi", ("02:00.0", "05:00.0")),
        ("xenserver-8", ("03:00.0",)),
        ("xenserver-9", ("02:00.0",)),
        ("lookalikes", ("00:1d.0",)),
        ("oxford-quad-bridge", ("00:1d.0", "00:1d.1", "00:1d.2", "00:1d.7")),
    ],
)
def test_nothing_speaks_against_it(name: str, bdfs: tuple[str, ...]) -> None:
    assert codes(judge(machines.load(name), *bdfs)) == []


def test_nothing_chosen() -> None:
    assert judge(BIOS) == ()


# What must never go -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "bdf", "code"),
    [
        ("xcp-ng-8.3-bios", "0000:09:00.0", "no-such-device"),
        ("xcp-ng-8.3-bios", "00:17.0", "root-disk"),
        ("xcp-ng-8.3-bios", "03:00.0", "pif"),
        ("xcp-ng-8.3-bios", "06:00.0", "vga-console"),
        ("xcp-ng-8.3-bios", "00:14.0", "keyboard"),
        ("xcp-ng-8.3-bios", "00:1c.0", "bridge"),
        ("xcp-ng-8.3-bios", "00:1f.0", "bridge"),
        ("xcp-ng-8.3-bios", "00:00.0", "bridge"),
        ("xenserver-6.2-procedure", "01:00.0", "root-disk"),
        ("xenserver-6.2-procedure", "00:1a.0", "keyboard"),
        ("xcp-ng-8.3-uefi", "01:00.0", "root-disk"),
        ("xcp-ng-8.3-uefi", "08:00.3", "bmc-usb"),
        ("xcp-ng-8.3-uefi", "03:00.1", "pif"),
        ("xenserver-8", "00:14.0", "bmc-usb"),
        ("xenserver-8", "00:1d.0", "mounted-disk"),
        ("serial-is-console", "02:00.0", "console-dom0"),
        ("serial-is-console", "01:00.0", "console-xen"),
        ("lookalikes", "00:16.3", "remote-console"),
        ("lookalikes", "01:00.4", "remote-console"),
        ("lookalikes", "01:00.6", "remote-console"),
        ("no-serial", "00:14.0", "keyboard"),
    ],
)
def test_refused_on_its_machine(name: str, bdf: str, code: str) -> None:
    found = judge(machines.load(name), bdf)
    finding = of(found, code)
    assert finding.severity is REFUSE
    assert found[: len(refusals(found))] == refusals(found)
    assert finding.bdf == Bdf.parse(bdf)
    assert Bdf.parse(bdf).short in finding.reason
    assert finding.remedy


@pytest.mark.parametrize("name", machines.names())
def test_the_host_survives_whatever_is_allowed(name: str) -> None:
    """Whatever single function passes the rules, root, PIFs, screen and keyboard are elsewhere."""
    recording = machines.load(name)
    inventory = recording.inventory
    assert recording.pool is not None
    pifs = {pif.device for pif in recording.pool.pifs}
    vital = {disk.bdf for disk in inventory.disks if disk.mounts}
    vital |= {nic.bdf for nic in inventory.nics if nic.name in pifs}
    vital |= {item.bdf for item in inventory.pci if item.boot_vga}
    vital |= {device.controller for device in inventory.usb if device.is_keyboard}
    for function in inventory.pci:
        behind = {item.bdf for item in inventory.pci if function.bdf in item.parents}
        lost = behind | {function.bdf}
        refused = bool(refusals(judge(recording, function.bdf)))
        assert refused or not lost & vital


def test_a_bridge_tells_what_hangs_behind_it() -> None:
    found = judge(machines.load("xenserver-6.2-procedure"), "00:01.0")
    assert {("bridge", REFUSE), ("root-disk", REFUSE)} <= set(codes(found))
    assert "01:00.0 carries this host's root file system" in of(found, "root-disk").reason


def test_a_switched_off_part_of_a_card_is_no_bridge() -> None:
    assert "bridge" not in [code for code, _ in codes(judge(OXFORD, *QUAD))]


# Disks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "code", "severity"),
    [
        ({"mounts": ("/",)}, "root-disk", REFUSE),
        ({"mounts": ("/boot",)}, "boot-disk", REFUSE),
        ({"mounts": ("/boot/efi",)}, "boot-disk", REFUSE),
        ({"mounts": ("/bootstrap",)}, "mounted-disk", REFUSE),
        ({"mounts": ("/mnt/x",)}, "mounted-disk", REFUSE),
        ({"mounts": ("/run/sr-mount/5ea1",)}, "sr-disk", REFUSE),
        ({"mounts": ("/var/run/sr-mount/5ea1",)}, "sr-disk", REFUSE),
        ({"swap": True}, "swap-disk", REFUSE),
        ({"signatures": ("LVM2_member",)}, "disk-member", REFUSE),
        ({"signatures": ("linux_raid_member",)}, "disk-member", REFUSE),
        ({"signatures": ("vfat",)}, "disk", WARN),
        ({}, "disk", WARN),
    ],
)
def test_disks(facts: dict[str, object], code: str, severity: Severity) -> None:
    assert codes(judge(usb_disk(**facts), USB_CARD)) == [(code, severity)]


def test_all_that_a_disk_carries_is_told_once() -> None:
    recording = usb_disk(mounts=("/", "/boot/efi", "/mnt/x"), swap=True)
    reason = of(judge(recording, USB_CARD), "root-disk").reason
    assert all(word in reason for word in ("root file system", "/boot/efi", "/mnt/x", "swap"))


@pytest.mark.parametrize(
    ("device", "severity"),
    [
        ("/dev/sdb", REFUSE),
        ("/dev/sdb1", REFUSE),
        ("/dev/disk/by-id/usb-SAMPLE_9", REFUSE),
        ("/dev/disk/by-id/usb-SAMPLE_9-part3", REFUSE),
        ("/dev/disk/by-id/other-part3,/dev/sdb2", REFUSE),
        ("/dev/disk/by-scsid/36000", REFUSE),
        ("/dev/sdbx", WARN),
        ("/dev/sd", WARN),
        ("/dev/disk/by-id/usb-SAMPLE_99", WARN),
        ("", WARN),
        (",", WARN),
    ],
)
def test_the_disk_of_a_storage_repository(device: str, severity: Severity) -> None:
    recording = usb_disk(ids=("usb-SAMPLE_9", "usb-SAMPLE_9-part3", "scsi-36000"))
    recording = with_pool(recording, srs=(StorageRepository("u", "vault\x1b", "lvm", device),))
    (finding,) = judge(recording, USB_CARD)
    assert finding.severity is severity
    if severity is REFUSE:
        assert finding.code == "sr-disk"
        assert "vault\\x1b" in finding.reason


@pytest.mark.parametrize(
    ("disk", "device", "severity"),
    [
        ("nvme0n1", "/dev/nvme0n1p3", REFUSE),
        ("nvme0n1", "/dev/nvme0n12", WARN),
        ("sda", "/dev/sda3", REFUSE),
        ("sda", "/dev/sdap3", WARN),
    ],
)
def test_partition_names(disk: str, device: str, severity: Severity) -> None:
    recording = with_pool(usb_disk(name=disk), srs=(StorageRepository("u", "v", "lvm", device),))
    (finding,) = judge(recording, USB_CARD)
    assert finding.severity is severity


def test_root_that_cannot_be_traced_keeps_controllers_but_not_serial_cards() -> None:
    lost = with_facts(BIOS, disks=lambda disks: tuple(replace(disk, bdf=None) for disk in disks))
    assert codes(judge(lost, USB_CARD)) == [("root-unplaced", REFUSE)]
    assert ("root-unplaced", REFUSE) in codes(judge(lost, SATA))
    assert codes(judge(lost, *CARD)) == []


# Network ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "with_xapi", "without"),
    [
        ({}, ("interface", WARN), ("interface", WARN)),
        ({"up": True}, ("interface", WARN), ("interface", REFUSE)),
        ({"addresses": ("192.0.2.9",)}, ("interface", REFUSE), ("interface", REFUSE)),
        ({"mac": "00:00:5E:00:53:20"}, ("pif", REFUSE), ("interface", WARN)),
        ({"name": "eth0"}, ("pif", REFUSE), ("interface", WARN)),
    ],
)
def test_interfaces(
    facts: dict[str, object], with_xapi: tuple[str, Severity], without: tuple[str, Severity]
) -> None:
    recording = usb_nic(**facts)
    assert codes(judge(recording, USB_CARD)) == [with_xapi]
    assert codes(judge(recording, USB_CARD, pool=False)) == [without]


def test_a_pool_that_lists_no_pif_decides_nothing() -> None:
    assert codes(judge(with_pool(usb_nic(up=True), pifs=()), USB_CARD)) == [("interface", REFUSE)]


def test_redacted_macs_do_not_match_each_other() -> None:
    recording = with_pool(usb_nic(mac=""), pifs=(Pif("eth0", management=True),))
    assert codes(judge(recording, USB_CARD)) == [("interface", WARN)]


def test_the_management_interface_is_called_so() -> None:
    assert "the management interface" in of(judge(BIOS, NIC), "pif").reason
    assert "a PIF" in of(judge(UEFI, "03:00.1"), "pif").reason


# Keyboard ---------------------------------------------------------------------------------------


def test_keyboard_moved_away_frees_its_controller() -> None:
    moved = with_facts(
        BIOS, usb=lambda usb: tuple(replace(item, controller=USB_CARD) for item in usb)
    )
    assert codes(judge(moved, "00:14.0")) == []
    assert codes(judge(moved, USB_CARD)) == [("keyboard", REFUSE)]


def test_a_second_keyboard_is_none_to_lose_either() -> None:
    both = with_facts(
        BIOS,
        usb=lambda usb: (*usb, *(replace(i, controller=USB_CARD, path="9") for i in usb[:1])),
    )
    assert "has a keyboard" in of(judge(both, USB_CARD), "keyboard").reason
    assert "the only keyboard" in of(judge(BIOS, "00:14.0"), "keyboard").reason


# Consoles ---------------------------------------------------------------------------------------


def test_only_the_console_s_function_is_refused_and_its_sibling_told() -> None:
    assert codes(judge(CONSOLE, "02:00.1")) == [("siblings-left", WARN)]


def test_the_free_card_of_that_host_may_go() -> None:
    assert codes(judge(CONSOLE, "05:00.0")) == [("tty-in-use", WARN)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"append xen --- vmlinuz console=ttyS4\n", [("console-dom0", REFUSE)]),
        (b"# console=ttyS4\n", []),
        (b"append xen --- vmlinuz console=ttyS40\n", []),
        (b"append xen com1=115200,8n1,pci,0,02:00.0 ---\n", [("console-xen", REFUSE)]),
        (b"append xen com1=115200,8n1,0xe010,17 ---\n", [("console-xen", REFUSE)] * 2),
        (b"append xen com1=115200,8n1,pci ---\n", [("console-xen", REFUSE)] * 2),
        (b"append xen com1=115200,8n1,0x3f8,4 ---\n", []),
    ],
)
def test_consoles_of_entries_that_were_not_booted(
    line: bytes, expected: list[tuple[str, Severity]]
) -> None:
    boot = BIOS.inventory.boot_files[0]
    changed = with_facts(BIOS, boot_files=(BootText(boot.path, boot.data + line),))
    assert codes(judge(changed, *CARD)) == expected


def test_a_tty_that_the_kernel_writes_to() -> None:
    flagged = with_facts(
        BIOS,
        ttys=lambda ttys: tuple(replace(tty, console=tty.name == "ttyS5") for tty in ttys),
    )
    assert codes(judge(flagged, *CARD)) == [("console-dom0", REFUSE)]
    assert of(judge(flagged, *CARD), "console-dom0").bdf == CARD[1]


def test_a_console_on_a_usb_adapter_keeps_its_controller() -> None:
    booted = with_facts(BIOS, cmdline=lambda cmdline: cmdline + " console=ttyUSB0")
    assert codes(judge(booted, USB_CARD)) == [("console-dom0", REFUSE)]


@pytest.mark.parametrize(("now", "severity"), [(False, WARN), (True, REFUSE)])
def test_a_process_on_the_tty(now: bool, severity: Severity) -> None:
    held = with_facts(
        BIOS,
        ttys=lambda ttys: tuple(
            replace(tty, holders=(Process(7, "minicom"),)) if tty.name == "ttyS4" else tty
            for tty in ttys
        ),
    )
    (finding,) = judge(held, *CARD, now=now)
    assert (finding.code, finding.severity, finding.bdf) == ("tty-in-use", severity, CARD[0])
    assert "minicom (7)" in finding.reason


def test_a_process_on_a_motherboard_port_is_nobody_s_business() -> None:
    port = Tty("ttyS9", TtyKind.ISA, port=0x2E8, holders=(Process(7, "minicom"),))
    assert codes(judge(with_facts(BIOS, ttys=lambda ttys: (*ttys, port)), *CARD)) == []


def test_a_login_is_told_how_to_be_ended() -> None:
    assert "serial-getty@ttyS4" in of(judge(CONSOLE, "02:00.0"), "tty-in-use").remedy


# Neighbours -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (CARD, []),
        (CARD[:1], [("siblings-left", WARN)]),
        (CARD[1:], [("siblings-left", WARN)]),
    ],
)
def test_siblings(chosen: tuple[Bdf, ...], expected: list[tuple[str, Severity]]) -> None:
    assert codes(judge(BIOS, *chosen)) == expected


def test_siblings_are_named_once() -> None:
    found = judge(OXFORD, *QUAD[:2])
    assert [finding.code for finding in found].count("siblings-left") == 1
    reason = of(found, "siblings-left").reason
    assert "04:00.2" in reason
    assert "04:00.3" in reason
    assert "04:00.1" not in reason


def test_a_stranger_behind_the_same_bridge() -> None:
    finding = of(judge(OXFORD, *QUAD), "bridge-shared")
    assert finding.severity is WARN
    assert "04:01.0" in finding.reason
    assert "04:00.1" not in finding.reason


def test_the_stranger_chosen_too_is_no_stranger() -> None:
    assert codes(judge(OXFORD, *QUAD, STRANGER)) == [("interface", WARN), ("not-serial", WARN)]


def test_a_stranger_that_the_host_needs() -> None:
    assert OXFORD.pool is not None
    needed = with_pool(OXFORD, pifs=(*OXFORD.pool.pifs, Pif("eth1")))
    finding = of(judge(needed, *QUAD), "bridge-shared-host")
    assert finding.severity is REFUSE
    assert "04:01.0" in finding.reason
    assert "a PIF of this host" in finding.reason


@pytest.mark.parametrize(
    ("name", "bdf", "bridge"),
    [
        ("oxford-quad-bridge", "04:00.0", "03:00.0"),
        ("oxford-quad-bridge", "01:00.0", None),
        ("oxford-quad-bridge", "00:1d.0", None),
        ("oxford-quad-bridge", "06:03.0", "00:1e.0"),
        ("xcp-ng-8.3-bios", "02:00.0", None),
        ("xcp-ng-8.3-bios", "06:00.0", "04:00.0"),
    ],
)
def test_which_bridge_speaks_for_a_device(name: str, bdf: str, bridge: str | None) -> None:
    inventory = machines.load(name).inventory
    function = inventory.function(Bdf.parse(bdf))
    assert function is not None
    found = legacy_bridge(inventory, function)
    assert bridge == (found.bdf.short if found else None)


def test_the_topmost_of_nested_legacy_bridges_counts() -> None:
    inventory = OXFORD.inventory
    inner = PciFunction(Bdf(0, 4, 2, 0), 1, 1, 0x060400, pcie=False, parents=(
        Bdf(0, 3, 0, 0), Bdf(0, 0, 3, 0)))  # fmt: skip
    below = PciFunction(Bdf(0, 7, 0, 0), 1, 2, 0x070002, pcie=False, parents=(
        inner.bdf, *inner.parents))  # fmt: skip
    found = legacy_bridge(replace(inventory, pci=(*inventory.pci, inner, below)), below)
    assert found is not None
    assert found.bdf == Bdf(0, 3, 0, 0)


# The rest ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ((0x131F, 0x2000), [("private-config", WARN)]),
        ((0x1283, 0x8872), [("private-config", WARN)]),
        ((0x1C29, 0x1112), [("private-config", WARN)]),
        ((0x1C29, 0x9999), [("private-config", WARN)]),
        ((0x9710, 0x9835), []),
    ],
)
def test_private_configuration_space(
    ids: tuple[int, int], expected: list[tuple[str, Severity]]
) -> None:
    card = PciFunction(Bdf(0, 9, 0, 0), *ids, 0x070002, parents=(Bdf(0, 0, 0x1C, 0),))
    assert codes(judge(with_facts(BIOS, pci=lambda pci: (*pci, card)), card.bdf)) == expected


def test_a_device_without_a_port_is_warned_of() -> None:
    assert codes(judge(BIOS, "00:14.2")) == [("not-serial", WARN)]


@pytest.mark.parametrize(
    ("of_xen", "of_host", "expected"),
    [
        (True, True, []),
        (True, None, []),
        (None, True, []),
        (None, None, [("iommu-unknown", NOTE)]),
        (False, True, [("iommu-off", WARN)]),
        (True, False, [("iommu-off", WARN)]),
    ],
)
def test_iommu(
    of_xen: bool | None, of_host: bool | None, expected: list[tuple[str, Severity]]
) -> None:
    assert BIOS.pool is not None
    hosts = tuple(replace(host, iommu=of_host) for host in BIOS.pool.hosts)
    changed = with_pool(with_facts(BIOS, xen=lambda xen: replace(xen, iommu=of_xen)), hosts=hosts)
    assert codes(judge(changed, *CARD)) == expected


def test_another_host_s_iommu_does_not_count() -> None:
    assert XS8.pool is not None
    hosts = tuple(replace(host, iommu=host.uuid == XS8.pool.this_host) for host in XS8.pool.hosts)
    assert codes(judge(with_pool(XS8, hosts=hosts), "03:00.0")) == []


def test_iommu_switched_off_by_the_entry_booted() -> None:
    safe = with_facts(
        BIOS, xen=lambda xen: replace(xen, cmdline=xen.cmdline + " iommu=off", iommu=None)
    )
    assert "Boot the normal entry" in of(judge(safe, *CARD), "iommu-off").remedy
    assert "VT-d" in of(judge(machines.load("no-serial"), "00:14.0"), "iommu-off").remedy


def test_no_xen_no_word_of_its_iommu() -> None:
    assert codes(judge(with_facts(BIOS, xen=None), *CARD, pool=False)) == []


def test_facts_that_could_not_be_read() -> None:
    blind = with_facts(BIOS, unread=("boot file: permission denied",))
    finding = of(judge(blind, *CARD), "facts-unread")
    assert (finding.severity, finding.bdf) == (WARN, CARD[0])
    assert "permission denied" in finding.reason


def test_order_is_gravest_first_then_as_chosen() -> None:
    found = judge(BIOS, "00:14.2", "02:00.0", "00:17.0")
    ranks = [finding.severity.rank for finding in found]
    assert sorted(ranks) == ranks
    warned = [finding.bdf.short for finding in found if finding.severity is WARN]
    assert warned == ["00:14.2", "02:00.0", "00:17.0"]


def test_the_same_device_twice_is_one() -> None:
    assert judge(BIOS, *CARD, *CARD) == judge(BIOS, *CARD)
    assert len(judge(BIOS, SATA, SATA)) == len(judge(BIOS, SATA))


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_choosing_more_never_lifts_a_refusal_of_what_the_host_uses(data: st.DataObject) -> None:
    recording = machines.load(data.draw(st.sampled_from(machines.names())))
    places = [item.bdf for item in recording.inventory.pci]
    chosen = data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=5, unique=True))
    lifted = {"bridge-shared-host"}
    alone = {
        (finding.code, finding.bdf)
        for bdf in chosen
        for finding in refusals(judge(recording, bdf))
        if finding.code not in lifted
    }
    together = {(finding.code, finding.bdf) for finding in refusals(judge(recording, *chosen))}
    assert alone <= together


@pytest.mark.parametrize("name", machines.names())
def test_words_are_safe_and_whole(name: str) -> None:
    recording = machines.load(name)
    hostile = replace(
        recording.inventory,
        pci=tuple(replace(i, device_name="\x1b[2Jcard") for i in recording.inventory.pci),
        usb=tuple(replace(i, product_name="\x07key") for i in recording.inventory.usb),
        disks=tuple(replace(i, name="s\nda") for i in recording.inventory.disks),
        nics=tuple(replace(i, name="e\u202eth") for i in recording.inventory.nics),
    )
    for item in hostile.pci:
        for finding in findings(hostile, recording.pool, [item.bdf]):
            assert finding.reason.isprintable()
            assert finding.remedy.isprintable()
            assert finding.reason.endswith(".")


def test_candidates_that_can_be_chosen_exist_on_each_machine_with_a_card() -> None:
    for name in set(machines.names()) - {"no-serial"}:
        recording = machines.load(name)
        free = [
            item
            for item in candidates(recording.inventory)
            if item.selectable and not refusals(judge(recording, *item.bdfs))
        ]
        assert free, name


# VMs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recording", "name", "expected"),
    [
        (BIOS, "pbx", []),
        (BIOS, "door-access", [("vm-running", WARN)]),
        (BIOS, "legacy-router", [("vm-type", WARN)]),
        (UEFI, "weighbridge", [("vm-pool", NOTE)]),
        (UEFI, "erp", [("vm-ha", REFUSE), ("vm-running", WARN), ("vm-pool", NOTE)]),
        (XS8, "build-pv", [("vm-type", REFUSE), ("vm-pool", NOTE)]),
        (
            machines.load("xenserver-9"),
            "runner-pvh",
            [("vm-type", REFUSE), ("vm-running", WARN)],
        ),
    ],
)
def test_vms(recording: Recording, name: str, expected: list[tuple[str, Severity]]) -> None:
    pool, vm = vm_of(recording, name)
    found = vm_findings(pool, vm, CARD)
    assert codes(found) == expected
    assert all(finding.bdf == CARD[0] and name in finding.reason for finding in found)


@pytest.mark.parametrize(
    ("state", "code", "severity"),
    [
        (PowerState.SUSPENDED, "vm-suspended", REFUSE),
        (PowerState.PAUSED, "vm-running", WARN),
        (PowerState.RUNNING, "vm-running", WARN),
    ],
)
def test_power_states(state: PowerState, code: str, severity: Severity) -> None:
    pool, vm = vm_of(BIOS, "pbx")
    assert codes(vm_findings(pool, replace(vm, power_state=state), CARD)) == [(code, severity)]


def test_a_vm_that_runs_elsewhere_is_told_where() -> None:
    pool, vm = vm_of(UEFI, "erp")
    assert "on xcp-rack1" in of(vm_findings(pool, vm, CARD), "vm-running").reason
    pool, vm = vm_of(UEFI, "scada")
    assert "on xcp-rack2" not in of(vm_findings(pool, vm, CARD), "vm-running").reason


def test_a_device_that_another_vm_names() -> None:
    recording = machines.load("xenserver-6.2-blanks")
    places = (Bdf(0, 2, 0, 0), Bdf(0, 5, 0, 0))
    pool, owner = vm_of(recording, "sersrv03.xyz.example")
    assert codes(vm_findings(pool, owner, places)) == []
    _, other = vm_of(recording, "dc1")
    finding = of(vm_findings(pool, other, places), "device-taken")
    assert (finding.severity, finding.bdf) == (REFUSE, places[0])
    assert "sersrv03.xyz.example" in finding.reason


def test_items_that_xapi_cannot_read() -> None:
    pool, vm = vm_of(BIOS, "pbx")
    odd = replace(vm, other_config=(("pci", "0/0000:02:00.0, 0/0000:00:1d.0\x1b"),))
    finding = of(vm_findings(pool, odd, CARD), "vm-pci-unread")
    assert finding.severity is WARN
    assert finding.reason.isprintable()


def test_a_vm_without_any_device_chosen() -> None:
    pool, vm = vm_of(UEFI, "erp")
    assert {finding.bdf for finding in vm_findings(pool, vm, ())} == {NO_DEVICE}


def test_hostile_vm_names_are_shown_literally() -> None:
    assert UEFI.pool is not None
    for vm in UEFI.pool.vms:
        for finding in vm_findings(UEFI.pool, vm, CARD):
            assert finding.reason.isprintable()


def test_an_empty_inventory_knows_no_device() -> None:
    empty = Inventory("h", "k", "", "b", 0, uefi=False)
    assert codes(findings(empty, None, CARD)) == [("no-such-device", REFUSE)] * 2
