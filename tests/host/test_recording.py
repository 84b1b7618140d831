"""A recording comes back as it was, and tells nobody whose host it is."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.inventory import (
    BootText,
    Disk,
    Inventory,
    Nic,
    PciFunction,
    Process,
    Product,
    Recording,
    Tty,
    TtyKind,
    Xen,
)
from serialpass_tui.core.pool import Pif, Pool, PoolHost, PoolPci, PowerState, StorageRepository, Vm
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host import recording as files
from serialpass_tui.host.recording import RecordedFiles, RecordedHost, RecordedToolstack
from serialpass_tui.host.redaction import HIDDEN, Pseudonyms, redact

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from serialpass_tui.core.ports import Files, Host, Toolstack

HOST = "0a8b3c1d-1111-4222-8333-944445555666"
OTHER = "1b8b3c1d-1111-4222-8333-944445555666"
VM = "2c8b3c1d-1111-4222-8333-944445555666"
SR = "3d8b3c1d-1111-4222-8333-944445555666"
ROOT = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
MAC = "00:1b:21:aa:bb:cc"
SERIAL = "ata-ST1000_Z1D2XYZ9"
CMDLINE = (
    f"root=UUID={ROOT} ro xen-pciback.hide=(0000:02:00.0) ip=10.20.30.40::10.20.30.1 "
    f"BOOTIF=01-00-1b-21-aa-bb-cc netconsole=@[2001:470:1:2::3]/eth0,{MAC} name=secretbox"
)
BOOT = (
    b"menuentry 'XCP-ng (Xen 4.17.6 / Linux 2.6.32.43-0.4.1.xs1.8.0.835.170778xen)' {\n"
    b"\tpassword_pbkdf2 root grub.pbkdf2.sha512.10000.ABCDEF\n"
    b"\tmodule2 /boot/vmlinuz-4.19.0.1 root=LABEL=root-abcdef ip=10.20.30.40 \xff\n"
    b"}\r\n# edited on secretbox by joe\n"
)

INVENTORY = Inventory(
    hostname="secretbox",
    kernel="4.19.0+1",
    cmdline=CMDLINE,
    boot_id="4e8b3c1d-1111-4222-8333-944445555666",
    boot_time=1000,
    uefi=True,
    product=Product("XCP-ng", "8.3.0", HOST),
    xen=Xen("4.17.6", "dom0_mem=4096M com1=115200,8n1,0x3f8,4", True),
    pci=(PciFunction(Bdf(0, 2, 0, 0), 0x9710, 0x9922, 0x070002, ttys=("ttyS4",)),),
    ttys=(Tty("ttyS4", TtyKind.PCI, Bdf(0, 2, 0, 0), holders=(Process(7, "agetty"),)),),
    disks=(
        Disk(
            "sda",
            Bdf(0, 1, 0, 0),
            ("/", f"/run/sr-mount/{SR}"),
            ids=(f"/dev/disk/by-id/{SERIAL}", f"/dev/disk/by-id/{SERIAL}-part3", "sda3"),
        ),
        Disk("sdb", Bdf(0, 1, 0, 0), ids=("/dev/disk/by-id/scsi-3600c0ff",)),
    ),
    nics=(Nic("eth0", Bdf(0, 3, 0, 0), True, ("10.20.30.40", "fe80::21b:21ff:feaa:bbcc"), MAC),),
    boot_files=(BootText("/boot/grub/grub.cfg", BOOT),),
)

POOL = Pool(
    this_host=HOST,
    master=OTHER,
    hosts=(PoolHost(HOST, "secretbox"), PoolHost(OTHER, "otherbox.example.org")),
    vms=(
        Vm(
            VM,
            "pbx of Joe",
            PowerState.RUNNING,
            domid=3,
            resident_on=HOST,
            affinity=HOST,
            other_config=(("pci", "0/0000:02:00.0"), ("XenCenter.CustomFields.Owner", "Joe")),
            blocked_operations=(("suspend", "because of Joe"),),
        ),
        Vm(OTHER, "pbx of Joe", PowerState.HALTED),
    ),
    pifs=(Pif("eth0", management=True, mac=MAC.upper()),),
    srs=(
        StorageRepository(SR, "Joe's disks", "lvm", f"/dev/disk/by-id/{SERIAL}-part3"),
        StorageRepository("", "Joe's array", "lvmohba", "3600c0ff"),
    ),
    other_pci=(PoolPci(OTHER, Bdf(0, 2, 0, 0), "LSI MegaRAID"),),
    name="Joe's pool",
)

RECORDING = Recording(INVENTORY, POOL, note="made on secretbox")


@pytest.mark.parametrize("recording", [RECORDING, Recording(INVENTORY)])
def test_a_recording_comes_back(tmp_path: Path, recording: Recording) -> None:
    place = tmp_path / "host.json"
    files.save(place, recording, redact=False)
    assert recording == files.load(place)
    assert 0o600 == stat.S_IMODE(place.stat().st_mode)


def test_a_recording_from_before_a_fact_was_known_is_read(tmp_path: Path) -> None:
    place = tmp_path / "host.json"
    files.save(place, replace(RECORDING, inventory=replace(INVENTORY, ivrs=b"IVRS")), redact=False)
    value = json.loads(place.read_text())
    assert "IVRS" == value["inventory"].pop("ivrs")
    place.write_text(json.dumps(value))
    assert RECORDING == files.load(place)


def test_the_same_host_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        files.save(tmp_path / name, RECORDING, redact=True)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_text().startswith('{\n  "inventory": {\n')


@pytest.mark.parametrize(
    "secret",
    [
        "secretbox",
        "otherbox",
        "Joe",
        HOST,
        OTHER,
        VM,
        SR,
        MAC,
        MAC.upper(),
        MAC.replace(":", "-"),
        "10.20.30",
        "2001:470",
        "fe80::",
        "Z1D2XYZ9",
        "3600c0ff",
        "ABCDEF",
        INVENTORY.boot_id,
    ],
)
def test_nothing_names_the_site(tmp_path: Path, secret: str) -> None:
    place = tmp_path / "host.json"
    # The comment in the boot file names a person: that no program can know.
    boot = (BootText("/boot/grub/grub.cfg", BOOT.replace(b" by joe", b"")),)
    files.save(
        place, replace(RECORDING, inventory=replace(INVENTORY, boot_files=boot)), redact=True
    )
    assert secret not in place.read_text()


def test_what_belongs_together_still_does() -> None:
    shown = redact(RECORDING)
    pool = shown.pool
    assert pool is not None
    host = pool.hosts[0]
    vm = pool.vms[0]
    assert host.uuid == pool.this_host == vm.affinity == vm.resident_on
    assert host.uuid == shown.inventory.product.host_uuid
    assert shown.inventory.hostname == host.name == "host-1"
    assert ["vm-1", "vm-2"] == [vm.name for vm in pool.vms]
    assert shown.inventory.nics[0].mac == pool.pifs[0].mac
    assert pool.srs[0].device in shown.inventory.disks[0].ids
    assert [f"/dev/disk/by-id/{pool.srs[1].device}"] == list(shown.inventory.disks[1].ids)
    assert [pool.master] == [item.host for item in pool.other_pci]
    assert shown.inventory.disks[0].mounts[1].endswith(pool.srs[0].uuid)
    assert pool.master == pool.hosts[1].uuid != pool.this_host


def test_what_a_host_boots_from_stays_readable() -> None:
    shown = redact(RECORDING).inventory
    assert (
        f"root=UUID={ROOT} ro xen-pciback.hide=(0000:02:00.0) ip=192.0.2.1::192.0.2.2 "
        "BOOTIF=01-02-00-00-00-00-01 netconsole=@[2001:db8::1]/eth0,02:00:00:00:00:01 name=host-1"
    ) == shown.cmdline
    assert (
        BOOT.replace(b"root grub.pbkdf2.sha512.10000.ABCDEF", HIDDEN.encode())
        .replace(b"10.20.30.40", b"192.0.2.1")
        .replace(b"secretbox", b"host-1")
    ) == shown.boot_files[0].data
    assert INVENTORY.pci == shown.pci
    assert INVENTORY.ttys == shown.ttys
    assert INVENTORY.xen == shown.xen
    pool = redact(RECORDING).pool
    assert pool is not None
    assert (("pci", "0/0000:02:00.0"), ("XenCenter.CustomFields.Owner", HIDDEN)) == (
        pool.vms[0].other_config
    )
    assert "0/0000:02:00.0" == pool.vms[0].pci


@pytest.mark.parametrize("name", ["XenServer", "xcp-ng", "", "localhost"])
def test_a_host_named_like_the_product_does_not_break_its_boot_file(name: str) -> None:
    boot = BootText("/b", b"search --label xcp-ng\nmenuentry 'XenServer' {\n}\n")
    shown = redact(Recording(replace(INVENTORY, hostname=name, boot_files=(boot,))))
    assert (boot,) == shown.inventory.boot_files


def test_redacting_twice_is_redacting_once() -> None:
    once = redact(RECORDING)
    assert once == redact(once)


def test_nothing_stands_for_nothing() -> None:
    names = Pseudonyms()
    assert "" == names.name("vm", "")
    assert "OpaqueRef:NULL" == names.uuid("OpaqueRef:NULL")
    assert "127.0.0.1" == names.address("127.0.0.1")
    assert "999.1.1.1" == names.address("999.1.1.1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read"),
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "no recording"),
        ('{"pool": null}', "no recording"),
        ('{"inventory": {}}', "recording.inventory.hostname"),
        ('{"inventory": 1, "version": 2}', "newer version"),
    ],
)
def test_what_is_no_recording_is_said(tmp_path: Path, text: str | None, words: str) -> None:
    place = tmp_path / "host.json"
    if text is not None:
        place.write_text(text)
    with pytest.raises(Problem) as caught:
        files.load(place)
    assert ("bad-recording", Exit.USAGE) == (caught.value.code, caught.value.exit_status)
    assert words in caught.value.summary


def test_fields_of_a_newer_minor_version_are_passed_over(tmp_path: Path) -> None:
    place = tmp_path / "host.json"
    files.save(place, RECORDING, redact=False)
    value = json.loads(place.read_text())
    value["inventory"]["invented"] = 1
    place.write_text(json.dumps(value))
    assert RECORDING == files.load(place)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        files.save(tmp_path / "absent" / "host.json", RECORDING, redact=True)
    assert "write-failed" == caught.value.code
    assert [] == list(tmp_path.iterdir())


def test_made_from_facts() -> None:
    assert Recording(INVENTORY, POOL, 1, "n") == files.record(INVENTORY, POOL, "n")


def test_a_recorded_host_can_be_looked_at() -> None:
    host: Host = RecordedHost(RECORDING)
    boot: Files = RecordedFiles(RECORDING)
    toolstack: Toolstack = RecordedToolstack(RECORDING)
    assert INVENTORY is host.inventory()
    assert INVENTORY.boot_id == host.boot_id()
    assert BOOT == boot.read("/boot/grub/grub.cfg")
    assert POOL is toolstack.pool()
    assert POOL.vms[0] == toolstack.vm(VM)
    assert [
        "0/0000:02:00.0",
        None,
        "because of Joe",
        HOST,
    ] == [
        toolstack.read_key(VM, key)
        for key in (
            "other-config:pci",
            "other-config:none",
            "blocked-operations:suspend",
            "affinity",
        )
    ]
    assert toolstack.read_key(OTHER, "affinity") is None


@pytest.mark.parametrize(
    "act",
    [
        lambda: RecordedHost(RECORDING).reboot(),
        lambda: RecordedHost(RECORDING).backend_devices(3),
        lambda: RecordedFiles(RECORDING).keep("/b", b"", "t"),
        lambda: RecordedFiles(RECORDING).replace("/b", b"", b"x"),
        lambda: RecordedToolstack(RECORDING).write_key(VM, "affinity", None),
        lambda: RecordedToolstack(RECORDING).set_power(
            VM, HOST, PowerState.RUNNING, lambda part: None
        ),
        lambda: RecordedToolstack(RECORDING).reboot_host(),
    ],
)
def test_nothing_can_be_done_to_it(act: Callable[[], object]) -> None:
    with pytest.raises(Problem) as caught:
        act()
    assert ("recorded-host", Exit.USAGE) == (caught.value.code, caught.value.exit_status)


@pytest.mark.parametrize(
    ("look", "code"),
    [
        (lambda: RecordedFiles(RECORDING).read("/etc/passwd"), "file-missing"),
        (lambda: RecordedToolstack(Recording(INVENTORY)).pool(), "xapi-unavailable"),
        (lambda: RecordedToolstack(RECORDING).vm("absent"), "no-vm"),
        (lambda: RecordedToolstack(RECORDING).read_key(VM, "name-label"), "bad-vm-key"),
    ],
)
def test_what_it_does_not_have_is_said(look: Callable[[], object], code: str) -> None:
    with pytest.raises(Problem) as caught:
        look()
    assert code == caught.value.code


def test_a_missing_file_s_neighbours_are_shown_as_text() -> None:
    hostile = replace(RECORDING.inventory.boot_files[0], path="/boot/\x1b[31m")
    recording = replace(RECORDING, inventory=replace(RECORDING.inventory, boot_files=(hostile,)))
    with pytest.raises(Problem) as caught:
        RecordedFiles(recording).read("/boot/x")
    assert r"Name one of: /boot/\x1b[31m" == caught.value.remedy
