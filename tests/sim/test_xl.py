"""The simulated xl through the real adapter: what it says is what the product understands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.pool import Guest, PowerState
from serialpass_tui.core.xl_config import read
from serialpass_tui.errors import Problem
from serialpass_tui.sim.faults import Faults
from serialpass_tui.sim.xl import guest_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Stage

CARD = Bdf.parse("0000:02:00.0")


def name_the_card(stage: Stage, name: str) -> Guest:
    """Put the card into a guest's file, as an operator with an editor does."""
    guest = next(vm for vm in stage.toolstack.pool().vms if vm.name == name)
    assert isinstance(guest, Guest)
    before = stage.files.read(guest.config)
    stage.files.replace(guest.config, before, before + b"pci = [ '02:00.0' ]\n")
    return guest


def start(stage: Stage, guest: Guest) -> None:
    """Start it, to the end."""
    stage.toolstack.set_power(guest.uuid, "kiln", PowerState.RUNNING, lambda done: None)


def test_a_guest_starts_with_what_its_file_names_and_lets_go_of_it(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage("debian-12")
    guest = name_the_card(stage, "pbx")
    stage.world.host.change_driver(CARD, "serial", "pciback")
    start(stage, guest)
    running = stage.toolstack.vm(guest.uuid)
    assert PowerState.RUNNING is running.power_state
    assert (CARD,) == stage.world.host.backend_devices(running.domid)
    stage.toolstack.set_power(guest.uuid, "kiln", PowerState.HALTED, lambda done: None)
    assert PowerState.HALTED is stage.toolstack.vm(guest.uuid).power_state
    assert () == stage.world.host.backend_devices(running.domid)


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        (Faults(), "xl-pci-not-assignable"),
        (Faults(start_fails="rmrr"), "xl-pci-rmrr"),
        (Faults(start_fails="busy"), "xl-pci-busy"),
        (Faults(start_fails="no-iommu"), "xl-no-iommu"),
        (Faults(start_fails="pciback"), "xl-pciback-not-loaded"),
        (Faults(start_fails="odd {thing}"), "xl-failed"),
    ],
)
def test_a_start_that_fails(open_stage: Callable[..., Stage], faults: Faults, code: str) -> None:
    stage = open_stage("debian-12", faults)
    guest = name_the_card(stage, "pbx")
    stage.world.host.store.change(registered=True)
    with pytest.raises(Problem) as caught:
        start(stage, guest)
    assert code == caught.value.code
    assert PowerState.HALTED is stage.toolstack.vm(guest.uuid).power_state


def test_a_device_goes_to_one_guest_alone(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage("debian-12")
    stage.world.host.change_driver(CARD, "serial", "pciback")
    start(stage, name_the_card(stage, "pbx"))
    with pytest.raises(Problem) as caught:
        start(stage, name_the_card(stage, "fax-gateway"))
    assert "xl-pci-busy" == caught.value.code


def test_a_guest_that_does_not_listen(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage("debian-12", Faults(no_guest_tools=True))
    guest = next(vm for vm in stage.toolstack.pool().vms if vm.name == "door-access")
    with pytest.raises(Problem) as caught:
        stage.toolstack.set_power(guest.uuid, "kiln", PowerState.HALTED, lambda done: None)
    assert "xl-no-shutdown" == caught.value.code


def test_nothing_runs_after_the_host_has_rebooted(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage("debian-12")
    stage.world.host.reboot()
    assert {PowerState.HALTED} == {vm.power_state for vm in stage.toolstack.pool().vms}


def test_a_guests_file_says_what_was_recorded() -> None:
    guest = Guest(
        "05c96ee6-6ab8-5fb0-b39a-f143946cee8b",
        "pbx",
        PowerState.HALTED,
        other_config=(("pci", f"0/{CARD},0/0000:02:00.1"),),
        config="/etc/xen/pbx.cfg",
    )
    config = read(guest_file(guest).encode())
    assert (guest.name, guest.uuid, "hvm") == (config.name, config.uuid, config.domain_type)
    assert (CARD, Bdf.parse("0000:02:00.1")) == config.devices
