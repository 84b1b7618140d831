"""Where a device stands: each of the states, from the four sides it is read from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from serialpass_tui.core import hide_list
from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.hide_list import Dialect
from serialpass_tui.core.inventory import DeviceId, Inventory, PciFunction
from serialpass_tui.core.pool import Pool, PoolHost, PowerState, Vm
from serialpass_tui.core.verify import Place, hide_state, standing

BDF = Bdf(0, 2, 0, 0)
HIDE = "xen-pciback.hide=(0000:02:00.0)"
CARD = PciFunction(BDF, 0x9710, 0x9922, 0x070002, driver="serial", ttys=("ttyS4",))


def host(cmdline: str = "", driver: str = "serial", *, registered: bool = True) -> Inventory:
    """A host with one card."""
    return Inventory(
        hostname="h",
        kernel="4.19.0+1",
        cmdline=cmdline,
        boot_id="b",
        boot_time=0,
        uefi=False,
        pci=(replace(CARD, driver=driver),),
        pciback_registered=registered,
    )


def place(inventory: Inventory, entry: str, **more: object) -> Place:
    """Where the card stands with this boot entry."""
    hide = hide_state(inventory, hide_list.read(entry, Dialect.NEW))
    expected = more.get("expected")
    assert expected is None or isinstance(expected, DeviceId)
    pool = more.get("pool")
    assert pool is None or isinstance(pool, Pool)
    return standing(inventory, pool, hide, BDF, expected).place


@pytest.mark.parametrize(
    ("entry", "cmdline", "driver", "expected"),
    [
        ("", "", "serial", Place.FREE),
        (HIDE, "", "serial", Place.PENDING),
        (HIDE, HIDE, "pciback", Place.HIDDEN),
        ("", "", "pciback", Place.HIDDEN),
        ("", HIDE, "pciback", Place.LEAVING),
        ("", HIDE, "serial", Place.FREE),
        (HIDE, HIDE, "serial", Place.NOT_TAKEN),
        (HIDE, HIDE, "", Place.NOT_TAKEN),
    ],
)
def test_place(entry: str, cmdline: str, driver: str, expected: Place) -> None:
    assert expected is place(host(cmdline, driver), entry)


def test_without_a_boot_file_the_running_kernel_still_counts() -> None:
    inventory = host(HIDE, "pciback")
    assert standing(inventory, None, hide_state(inventory, None), BDF).place is Place.LEAVING


def test_a_value_the_kernel_refused_is_told_with_its_reason() -> None:
    broken = "xen-pciback.hide=(02.00.0)"
    inventory = host(broken, registered=False)
    found = standing(
        inventory, None, hide_state(inventory, hide_list.read(broken, Dialect.NEW)), BDF
    )
    assert Place.FREE is found.place
    assert "hides nothing" in found.why


def test_a_kernel_without_pciback_is_named_as_the_reason() -> None:
    inventory = host(HIDE, registered=False)
    found = standing(inventory, None, hide_state(inventory, hide_list.read(HIDE, Dialect.NEW)), BDF)
    assert Place.NOT_TAKEN is found.place
    assert "pciback is not there" in found.why


def test_a_faster_driver_is_named() -> None:
    inventory = host(HIDE, "serial")
    found = standing(inventory, None, hide_state(inventory, hide_list.read(HIDE, Dialect.NEW)), BDF)
    assert "driver serial was faster" in found.why
    assert not found.ready


def test_another_device_at_the_address() -> None:
    noted = DeviceId(BDF, 0x1415, 0x9501, 0, 0)
    inventory = host(HIDE, "pciback")
    assert Place.MOVED is place(inventory, HIDE, expected=noted)
    assert Place.HIDDEN is place(inventory, HIDE, expected=DeviceId.of(CARD))


def test_an_absent_device() -> None:
    inventory = replace(host(HIDE), pci=())
    hide = hide_state(inventory, hide_list.read(HIDE, Dialect.NEW))
    found = standing(inventory, None, hide, BDF)
    assert Place.ABSENT is found.place
    assert (True, True) == (found.asked, found.booted)
    assert not found.ready


def test_a_vm_that_names_it() -> None:
    vm = Vm("u", "pbx\x1b[1m", PowerState.HALTED, other_config=(("pci", "0/0000:02:00.0"),))
    pool = Pool("h1", "h1", (PoolHost("h1", "h1"),), (vm,))
    inventory = host(HIDE, "pciback")
    hide = hide_state(inventory, hide_list.read(HIDE, Dialect.NEW))
    found = standing(inventory, pool, hide, BDF)
    assert Place.ASSIGNED is found.place
    assert ("pbx\\x1b[1m",) == found.vms
    assert found.ready


@pytest.mark.parametrize(
    ("entry", "expected"), [("", Place.FREE), (HIDE, Place.PENDING)], ids=["free", "pending"]
)
def test_a_vm_that_names_what_dom0_has(entry: str, expected: Place) -> None:
    vm = Vm("u", "pbx", PowerState.HALTED, other_config=(("pci", "0/0000:02:00.0"),))
    pool = Pool("h1", "h1", (PoolHost("h1", "h1"),), (vm,))
    inventory = host("", "serial")
    found = standing(
        inventory, pool, hide_state(inventory, hide_list.read(entry, Dialect.NEW)), BDF
    )
    assert expected is found.place
    assert found.why.endswith("other-config:pci of pbx names it.")
    assert not found.ready
