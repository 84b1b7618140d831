"""The wizard by keys over a host with plain Xen, from the card to the running guest and back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.wizard import Step
from serialpass_tui.tui.screens import guide
from tests.test_service_module import tree
from tests.toolstack.test_xl import PBX
from tests.toolstack.xl_stage import XlStage

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.conftest import Stage
    from tests.tui.conftest import Operator

    SitDown = Callable[..., AbstractAsyncContextManager[Operator]]

_XAPI = re.compile(r"XAPI|\bxe\b|other-config|xensource")


@pytest.fixture
def xl_stage(open_stage: Callable[..., Stage]) -> XlStage:
    return XlStage(open_stage())


def at(operator: Operator, words: str) -> None:
    """The operator sees these words, and none that only a host with XAPI has."""
    assert operator.sees(words), operator.pane
    assert [] == _XAPI.findall(operator.pane.replace("label xe", "")), operator.pane


async def test_from_the_card_to_the_guest_and_back(xl_stage: XlStage, sit_down: SitDown) -> None:
    boot = xl_stage.stage.boot_bytes()
    async with sit_down(xl_stage.service) as operator:
        await operator.to_reboot()
        at(operator, "No VM runs on this host.")
        await operator.reboot()
        assert 1 == xl_stage.host.reboots
        at(operator, "Step 3 of 5")
        await operator.press("enter")
        at(operator, "Step 4 of 5")
        await operator.choose_vm("pbx")
        at(operator, "Edit /etc/xen/pbx.cfg of guest pbx")
        at(operator, "+pci = [ '0000:")
        at(operator, "xl refuses both for a guest with a PCI device")
        await operator.press("right", "enter")
        at(operator, "VM pbx is bound; start it to see the port arrive")
        at(operator, "The VM's file is written, and read back.")
        at(operator, "xl create -f /etc/xen/pbx.cfg")
        assert xl_stage.guest_bytes().startswith(PBX + b"pci = [ '")
        await operator.press("right", "enter")
        at(operator, "VM pbx runs and has the device")
        (pbx,) = (vm for vm in xl_stage.service.scan().require_pool().vms if vm.name == "pbx")
        assert PowerState.RUNNING is pbx.power_state
        await operator.press("r", "enter")
        at(operator, "Shut down VM pbx")
        await operator.press("right", "enter")
    assert PBX == xl_stage.guest_bytes()
    assert boot == xl_stage.stage.boot_bytes()
    (pbx,) = (vm for vm in xl_stage.service.scan().require_pool().vms if vm.name == "pbx")
    assert PowerState.HALTED is pbx.power_state


async def test_the_reboot_screen_with_a_running_guest(xl_stage: XlStage, sit_down: SitDown) -> None:
    xl_stage.dom0.runs("fax", 3)
    async with sit_down(xl_stage.service) as operator:
        await operator.to_reboot()
        at(operator, "fax: saved or shut down if the xendomains service is on")
        at(operator, "xl shutdown -w NAME")
        await operator.press("question_mark")
        at(operator, "rebooted by its own init system")


async def test_a_debian_dom0_from_the_card_to_the_guest_and_back(
    open_stage: Callable[..., Stage], sit_down: SitDown
) -> None:
    stage = open_stage("debian-12")
    first = tree(stage)
    async with sit_down(stage.service) as operator:
        await operator.to_boot_entry()
        at(operator, "Entries   Debian GNU/Linux, with Xen hypervisor; every other byte stays")
        at(operator, "write /etc/udev/rules.d/60-serialpass-tui.rules. pciback is a module in")
        at(operator, "write /etc/default/grub.d/zz-serialpass-tui.cfg. grub-mkconfig")
        await operator.press("end")
        at(operator, "$GRUB_CMDLINE_LINUX_DEFAULT} xen-pciback.hide=(0000:02:00.0)")
        await operator.press("right", "enter")
        at(operator, "/boot/grub/grub.cfg and 2 other files are written and were read back.")
        at(operator, "build-runner, door-access: saved or shut down")
        await operator.reboot("kiln")
        at(operator, "Hidden from dom0, and ready for a VM")
        await operator.press("enter")
        await operator.choose_vm("pbx")
        await operator.press("right", "enter", "right", "enter")
        at(operator, "VM pbx runs and has the device")
        await operator.press("r", "enter", "right", "enter")
        at(operator, "Job 1 is rolled back. One reboot is still needed")
        await operator.reboot("kiln")
        at(operator, "dom0 has it back")
    assert first == tree(stage)


@pytest.mark.parametrize("step", [*Step, None])
def test_no_help_names_xapi(step: Step | None) -> None:
    words = " ".join(line.text for line in guide.lines(step, "xl"))
    assert [] == _XAPI.findall(words)
    assert words != " ".join(line.text for line in guide.lines(step))


async def test_a_wizard_that_was_left_goes_on_and_another_guest_can_be_chosen(
    xl_stage: XlStage, sit_down: SitDown
) -> None:
    async with sit_down(xl_stage.service) as operator:
        await operator.to_vm()
        await operator.choose_vm("pbx")
        await operator.press("right", "enter")
        at(operator, "VM pbx is bound")
    async with sit_down(xl_stage.service) as operator:
        at(operator, "Step 5 of 5")
        at(operator, "VM pbx is bound")
        await operator.press("escape")
        await operator.choose_vm("fax")
        at(operator, "Edit /etc/xen/fax.cfg of guest fax")
        at(operator, "-pci = [ '0000:02:00.0'")
        await operator.press("right", "enter")
        at(operator, "VM fax is bound")
    assert PBX == xl_stage.guest_bytes()
    assert str(xl_stage.bdfs[0]).encode() in xl_stage.guest_bytes("fax.cfg")
