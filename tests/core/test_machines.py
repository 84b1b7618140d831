"""The machines that ship with the tool: each loads, is what its builder makes, and hangs together."""

from __future__ import annotations

import json
import re
import runpy
import uuid
from pathlib import Path
from typing import Any

import pytest

from serialpass_tui.core.codec import decode, encode
from serialpass_tui.core.inventory import Recording
from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.vm import parse_pci
from serialpass_tui.sim import machines

NAMES = machines.names()
PLAIN = {"debian-12"}
"""Those with plain Xen."""
BUILDER = Path(__file__).parents[1] / "machines" / "build.py"


@pytest.fixture(scope="module")
def builder() -> dict[str, Any]:
    return runpy.run_path(str(BUILDER))


def test_there_are_as_many_as_promised(builder: dict[str, Any]) -> None:
    assert sorted(builder["BUILDERS"]) == list(NAMES)
    assert len(NAMES) == 11


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_what_the_builder_makes(name: str, builder: dict[str, Any]) -> None:
    expected = builder["text"](builder["BUILDERS"][name]())
    assert expected == (builder["MACHINES"] / f"{name}.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_encoding_what_was_decoded_gives_the_same(name: str) -> None:
    path = Path(machines.__file__).parent / "machines" / f"{name}.json"
    value = json.loads(path.read_text(encoding="utf-8"))
    assert value == encode(decode(Recording, value))


@pytest.mark.parametrize("name", NAMES)
def test_facts_hang_together(name: str) -> None:
    inventory = machines.load(name).inventory
    places = {item.bdf for item in inventory.pci}
    assert len(places) == len(inventory.pci)
    assert all(parent in places for item in inventory.pci for parent in item.parents)
    assert all(device.controller in places for device in inventory.usb)
    assert all(disk.bdf in places for disk in inventory.disks)
    assert all(nic.bdf in places for nic in inventory.nics)
    assert all(tty.bdf in places for tty in inventory.ttys if tty.bdf)
    assert all(
        tty.usb in {device.path for device in inventory.usb} for tty in inventory.ttys if tty.usb
    )
    assert len({tty.name for tty in inventory.ttys}) == len(inventory.ttys)
    assert sum("/" in disk.mounts for disk in inventory.disks) == 1
    assert sum(item.boot_vga for item in inventory.pci) == 1
    assert inventory.xen is not None
    assert inventory.boot_id
    assert bool(inventory.product.host_uuid) is (name not in PLAIN)


@pytest.mark.parametrize("name", NAMES)
def test_it_was_booted_with_its_own_default_entry(name: str) -> None:
    inventory = machines.load(name).inventory
    (boot,) = inventory.boot_files
    lines = [" ".join(line.split()) for line in boot.data.decode().split("\n")]
    assert any(inventory.cmdline in line for line in lines)
    assert inventory.xen is not None
    assert inventory.xen.cmdline in boot.data.decode()
    assert inventory.uefi is boot.path.startswith("/boot/efi/")
    root = re.search(r"root=(?:LABEL=root-|UUID=)(\S+)", inventory.cmdline)
    assert root is not None
    named = re.findall(r"root-([a-z]+)|root=UUID=(\S+)", boot.data.decode())
    assert {label or number for label, number in named} == {root[1]}


@pytest.mark.parametrize("name", NAMES)
def test_the_pool_hangs_together(name: str) -> None:
    recording = machines.load(name)
    pool = recording.pool
    assert pool is not None
    assert recording.note
    hosts = {host.uuid for host in pool.hosts}
    assert {pool.this_host, pool.master} <= hosts
    assert (pool.toolstack == "xl") is (name in PLAIN)
    identity = recording.inventory.product.host_uuid or recording.inventory.hostname
    assert pool.this_host == identity
    assert 3 <= len(pool.vms) <= 6
    assert any(vm.power_state is PowerState.RUNNING for vm in pool.vms)
    # xl's own language has no way to write such a name.
    assert name in PLAIN or any("\x1b" in vm.name and "[" in vm.name for vm in pool.vms)
    assert any(vm.domain_type != "hvm" for vm in pool.vms)
    for vm in pool.vms:
        uuid.UUID(vm.uuid)
        running = vm.power_state is PowerState.RUNNING
        assert running is (vm.domid > 0)
        assert vm.resident_on in (hosts if running else {""})
    assert name in PLAIN or any(pif.management for pif in pool.pifs)
    assert {pif.device for pif in pool.pifs} <= {nic.name for nic in recording.inventory.nics}


def test_the_kinds_of_vm_that_a_list_must_cope_with_exist() -> None:
    pools = [pool for name in NAMES if (pool := machines.load(name).pool)]
    vms = [vm for pool in pools for vm in pool.vms]
    assert {"hvm", "pv", "pvh", "pv_in_pvh"} <= {vm.domain_type for vm in vms}
    assert any(vm.ha_protected for vm in vms)
    assert any(vm.power_state is PowerState.SUSPENDED for vm in vms)
    assert any(not pool.is_master for pool in pools)
    assert any(len(pool.hosts) > 1 for pool in pools)


def test_invented_macs_only() -> None:
    for name in NAMES:
        assert all(
            nic.mac.startswith("00:00:5e:00:53:") for nic in machines.load(name).inventory.nics
        )


def test_the_written_procedure() -> None:
    before = machines.load("xenserver-6.2-procedure")
    after = machines.load("xenserver-6.2-blanks")
    assert "hide" not in before.inventory.cmdline
    assert after.inventory.cmdline.endswith("pciback.hide=(05:00.0) (02:00.0) (00:1d.0)")
    hidden = [item.bdf.short for item in after.inventory.pci if item.driver == "pciback"]
    assert hidden == ["05:00.0"]
    assert after.pool is not None
    named = [bdf.short for vm in after.pool.vms for bdf in parse_pci(vm.pci or "")]
    assert named == ["02:00.0", "00:1d.0"]
    assert [item.bdf for item in before.inventory.pci] == [item.bdf for item in after.inventory.pci]
