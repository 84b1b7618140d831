"""The card without a reboot: what the screen says, and the way by keys, on XAPI and on plain Xen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.changes import DriverChange, FileEdit
from serialpass_tui.core.inventory import PCIBACK, UsbDevice
from serialpass_tui.core.job import Goal, Job, Outcome
from serialpass_tui.core.verify import Place, Standing
from serialpass_tui.service import RollbackPlan
from serialpass_tui.sim.faults import Faults
from serialpass_tui.tui.screens import guide, rollback, take
from tests.toolstack.xl_stage import XlStage
from tests.tui.test_flow import CARD, places
from tests.tui.test_presenters import text
from tests.tui.test_xl import at

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from serialpass_tui.service import Scan
    from tests.conftest import Stage
    from tests.tui.conftest import Operator

    Sit = Callable[..., AbstractAsyncContextManager[Operator]]
    Open = Callable[..., Stage]

USB = Bdf.parse("0000:05:00.0")
EVIL = "[bold]modem[/] \x1b[31m"


# --- the words


def take_all(scan: Scan, bdfs: tuple[Bdf, ...] = CARD) -> tuple[DriverChange, ...]:
    """Every device that is not there yet goes to pciback."""
    functions = (scan.inventory.function(bdf) for bdf in bdfs)
    return tuple(
        DriverChange(function.bdf, function.driver, PCIBACK)
        for function in functions
        if function is not None and function.driver != PCIBACK
    )


def told(scan: Scan, bdfs: tuple[Bdf, ...] = CARD) -> str:
    return text(take.preview(scan, bdfs, take_all(scan, bdfs)))


def test_the_preview_names_drivers_ttys_and_every_write(open_stage: Open) -> None:
    scan = open_stage().service.scan()
    words = told(scan)
    assert "Taken     0000:02:00.0 from driver serial; dom0 loses ttyS4." in words
    assert "0000:02:00.1 from driver serial; dom0 loses ttyS5." in words
    assert "XAPI      would take it from the driver at the VM's start." in words
    assert "Reboot    is wiser if a program used the port" in words
    assert "Undo      <r> takes back the entry; serial gets the card at once: no reboot." in words
    writes = [write for change in take_all(scan) for write in change.preview()]
    assert [f"  {write}" for write in writes] == words.split("in this order:\n")[1].split("\n")
    assert 6 == len(writes)


@pytest.mark.parametrize(
    ("attached", "words"),
    [
        (True, "dom0 loses every USB device on it: [bold]modem[/] \\x1b[31m, ttyUSB7."),
        (False, "no USB device is on it."),
    ],
)
def test_a_usb_controller_takes_all_its_devices_along(
    open_stage: Open, attached: bool, words: str
) -> None:
    scan = open_stage().service.scan()
    device = UsbDevice("9-1", 0x0403, 0x6001, USB, product_name=EVIL, ttys=("ttyUSB7",))
    usb = (device,) if attached else ()
    ttys = tuple(tty for tty in scan.inventory.ttys if not tty.usb)
    scan = replace(scan, inventory=replace(scan.inventory, usb=usb, ttys=ttys))
    assert f"{USB} from driver xhci_hcd; {words}" in told(scan, (USB,))


def test_a_function_without_driver_or_port(open_stage: Open) -> None:
    inventory = open_stage().service.scan().inventory
    change = DriverChange(CARD[0], "", PCIBACK)
    bare = replace(inventory, ttys=(), pci=tuple(replace(f, ttys=()) for f in inventory.pci))
    assert f"{CARD[0]} which no driver of dom0 has; no tty hangs on it." == take.loss(bare, change)


def standing(place: Place, *, asked: bool, booted: bool, bound: bool = False) -> Standing:
    return Standing(CARD[0], "card", asked, booted, bound, "serial", (), place, "why", "next")


@pytest.mark.parametrize(
    ("found", "lasts", "undo"),
    [
        (
            standing(Place.PENDING, asked=True, booted=False),
            "then the boot entry, already written, keeps it.",
            "serial gets the card at once: no reboot.",
        ),
        (
            standing(Place.NOT_TAKEN, asked=True, booted=True),
            "That may leave it to the driver again",
            "serial gets the card at once: no reboot.",
        ),
        (
            standing(Place.HIDDEN, asked=True, booted=True, bound=True),
            "keeps it.",
            "what this boot hid comes back with a reboot.",
        ),
        (
            standing(Place.FREE, asked=False, booted=False),
            "until the next boot only: the boot entry does not hide it.",
            "serial gets the card at once: no reboot.",
        ),
    ],
)
def test_how_long_it_lasts_and_what_the_undo_does(found: Standing, lasts: str, undo: str) -> None:
    assert take.lasts([found]).endswith(lasts) or lasts in take.lasts([found])
    assert take.undo([found], [DriverChange(CARD[0], "serial", PCIBACK)]).endswith(undo)


def test_what_the_boot_left_to_a_driver_is_a_risk_and_no_case_for_a_reboot(
    open_stage: Open,
) -> None:
    stage = open_stage(faults=Faults(hide_ignored=True))
    plan = stage.service.plan_hide(stage.service.scan(), add=CARD)
    stage.files.replace(plan.path, plan.before, plan.after)
    stage.world.host.reboot()
    words = told(stage.service.scan())
    assert "Risk      A driver that hangs" in words
    assert "is wiser" not in words


def test_the_undo_without_a_reboot_says_so() -> None:
    job = Job("3", 0, Goal.GIVE, "t", ())
    undo = (FileEdit("/b", b"y", b"x"), DriverChange(CARD[0], PCIBACK, "serial"))
    words = text(rollback.undo_preview(RollbackPlan(job, undo, None)))
    assert "Reboot    None is needed: dom0 has the device back at once." in words
    assert f"echo {CARD[0]} > /sys/bus/pci/drivers/serial/bind" in words


def test_the_help_on_it() -> None:
    words = text(guide.lines(None, topic=guide.TAKING))
    assert "It lasts until the next boot." in words
    assert "Ctrl-L" in words
    assert words.isascii()


# --- the way by keys


async def to_preview(operator: Operator) -> None:
    await operator.to_reboot()
    await operator.press("right", "right", "enter")


async def test_from_the_card_to_the_running_vm_and_back_without_a_reboot(
    open_stage: Open, sit_down: Sit
) -> None:
    stage = open_stage()
    boot_bytes, booted = stage.boot_bytes(), stage.world.host.boot_id()
    async with sit_down(stage.service) as operator:
        await to_preview(operator)
        assert operator.sees("Step 3 of 5: Without a reboot"), operator.pane
        assert operator.sees("pciback can take 0000:02:00.0-1 at once")
        own = stage.service.undo_place(stage.service.job("1"))
        assert operator.names(f"{own}undoesit."), "taking it belongs to the job of the boot entry"
        await operator.press("end")
        assert operator.sees("echo 0000:02:00.1 > /sys/bus/pci/drivers/pciback/bind")
        lines = operator.pane.split("\n")
        assert (24, True) == (len(lines), operator.pane.isascii())
        assert all(len(line) <= 80 for line in lines)
        await operator.press("question_mark")
        assert operator.sees("About: Without a reboot")
        await operator.press("escape", "enter")
        assert operator.sees("The host has to reboot"), "Back is the default choice"
        assert {Place.PENDING} == places(stage)

        await operator.press("right", "right", "enter", "right", "enter")
        assert operator.sees("Step 4 of 5"), operator.pane
        assert operator.sees("pciback has the devices: the reboot of step 3 is not needed.")
        assert {Place.HIDDEN} == places(stage)
        await operator.press("escape")
        assert operator.sees("Step 1 of 5"), "no way back to a reboot that is not needed"
        await operator.press("enter")
        await operator.choose_vm("pbx")
        assert operator.names(f"{own}undoesit."), "so do the VM's keys"
        await operator.press("right", "enter", "right", "enter")
        assert operator.sees("VM pbx runs and has the device"), operator.pane

        await operator.press("r")
        assert operator.sees("Dropped reboot this host: not needed")
        await operator.press("enter")
        assert operator.sees("None is needed: dom0 has the device back at once.")
        assert operator.names(f"{own}doesthesame."), operator.pane
        await operator.press("right", "enter")
        assert operator.sees("Job 1 is rolled back."), operator.pane
        assert not operator.sees("reboot is still needed")
        assert operator.sees("Step 1 of 5")
    assert {Place.FREE} == places(stage)
    assert (boot_bytes, booted) == (stage.boot_bytes(), stage.world.host.boot_id())
    assert [Outcome.ROLLED_BACK, Outcome.DONE] == [job.outcome for job in stage.service.jobs()]


async def test_the_next_start_goes_on_at_the_vm(open_stage: Open, sit_down: Sit) -> None:
    stage = open_stage()
    async with sit_down(stage.service) as operator:
        await to_preview(operator)
        await operator.press("right", "enter")
    async with sit_down(stage.service) as operator:
        assert operator.sees("Step 4 of 5: VM"), operator.pane
        assert operator.sees("Job 1 goes on where it stands")


@pytest.mark.parametrize("bound", [False, True], ids=["at the VM", "at the check"])
async def test_a_power_cut_after_it_is_told_and_its_undo_asks_for_the_reboot(
    open_stage: Open, sit_down: Sit, bound: bool
) -> None:
    stage = open_stage()
    async with sit_down(stage.service) as operator:
        await to_preview(operator)
        await operator.press("right", "enter")
        if bound:
            await operator.choose_vm("pbx")
            await operator.press("right", "enter")
    stage.world.host.reboot()
    async with sit_down(stage.service) as operator:
        shown = "VM pbx is bound" if bound else "Hidden from dom0, and ready for a VM"
        assert operator.sees(shown), operator.pane
        await operator.press("r", "enter")
        assert operator.sees("This host booted with the edit: the undo needs a reboot")
        await operator.press("right", "enter")
        assert operator.sees("Job 1 is rolled back. One reboot is still needed"), operator.pane
        assert not operator.sees("Without a reboot")
        await operator.reboot()
        assert operator.sees("dom0 has it back")
    assert {Place.FREE} == places(stage)


async def test_a_program_that_holds_the_tty_is_named_and_the_reboot_still_goes(
    open_stage: Open, sit_down: Sit
) -> None:
    stage = open_stage(faults=Faults(tty_held=True))
    async with sit_down(stage.service) as operator:
        await to_preview(operator)
        assert operator.sees("minicom (4711) holds ttyS4 open"), operator.pane
        assert operator.sees("End minicom (4711) first")
        await operator.press("enter")
        assert operator.sees("The host has to reboot")
        stage.world.host.faults = Faults()  # the operator ends it
        await operator.press("right", "right", "enter")
        assert operator.sees("pciback can take")
        await operator.press("escape")
        stage.world.host.faults = Faults(tty_held=True)
        await operator.reboot()
        assert operator.sees("Hidden from dom0, and ready for a VM"), operator.pane


async def test_a_driver_that_refuses_leaves_the_reboot(open_stage: Open, sit_down: Sit) -> None:
    stage = open_stage(faults=Faults(driver_refuses=True))
    async with sit_down(stage.service) as operator:
        await to_preview(operator)
        await operator.press("right", "enter")
        assert operator.sees("could not be given to pciback: Device or resource busy."), (
            operator.pane
        )
        assert operator.sees("At a boot that hides the device, pciback is asked before it.")
        await operator.press("enter")
        assert operator.sees("Step 3 of 5: Reboot")
        await operator.reboot()
        assert operator.sees("Hidden from dom0, and ready for a VM"), operator.pane
        await operator.press("r", "enter")
        assert operator.sees("the undo needs a reboot")


async def test_without_pciback_it_says_what_to_do(open_stage: Open, sit_down: Sit) -> None:
    stage = open_stage()
    stage.world.host.store.change(registered=False)
    async with sit_down(stage.service) as operator:
        await to_preview(operator)
        assert operator.sees("Code pciback-missing"), operator.pane
        assert operator.sees("Have the boot entry hide the device, and reboot.")


async def test_a_module_is_shown_to_be_loaded_first(open_stage: Open, sit_down: Sit) -> None:
    async with sit_down(open_stage("debian-12").service) as operator:
        await to_preview(operator)
        assert operator.sees("modprobe xen-pciback"), operator.pane
        await operator.press("right", "enter")
        assert operator.sees("Step 4 of 5"), operator.pane


async def test_somebody_was_faster(open_stage: Open, sit_down: Sit) -> None:
    stage = open_stage()
    async with sit_down(stage.service) as operator:
        await operator.to_reboot()
        stage.world.host.take(CARD)
        await operator.press("right", "right", "enter")
        assert operator.sees("Step 4 of 5"), operator.pane
        assert not stage.service.job("1").awaits_reboot


async def test_what_the_boot_left_to_a_driver_is_taken_after_it(
    open_stage: Open, sit_down: Sit
) -> None:
    stage = open_stage(faults=Faults(hide_ignored=True))
    async with sit_down(stage.service) as operator:
        await operator.to_reboot()
        await operator.reboot()
        assert operator.sees("[ Take it now ] [ Go on anyway ]"), operator.pane
        booted = stage.world.host.boot_id()
        await operator.press("right", "right", "enter")
        assert operator.sees("Risk A driver that hangs"), operator.pane
        await operator.press("escape")
        assert operator.sees("Not everything is hidden as asked")
        await operator.press("enter", "right", "enter")
        assert operator.sees("Step 4 of 5"), operator.pane
        assert operator.sees("pciback has the devices now")
        await operator.press("r", "enter", "right", "enter")
        assert operator.sees("Job 1 is rolled back."), operator.pane
        assert not operator.sees("reboot is still needed")
    assert {Place.FREE} == places(stage)
    assert booted == stage.world.host.boot_id()


# --- plain Xen


async def test_on_plain_xen(open_stage: Open, sit_down: Sit) -> None:
    stage = XlStage(open_stage())
    async with sit_down(stage.service) as operator:
        await to_preview(operator)
        at(operator, "xl takes a device from pciback alone")
        await operator.press("question_mark")
        at(operator, "About: Without a reboot")
        await operator.press("escape", "right", "enter")
        at(operator, "Step 4 of 5")
        await operator.choose_vm("pbx")
        await operator.press("right", "enter", "right", "enter")
        at(operator, "VM pbx runs and has the device")
        await operator.press("r", "enter", "right", "enter")
        at(operator, "Job 1 is rolled back.")
    assert 0 == stage.host.reboots
    assert {Place.FREE} == places(stage.stage)


async def test_on_plain_xen_where_the_boot_left_it_to_a_driver(
    open_stage: Open, sit_down: Sit
) -> None:
    stage = XlStage(open_stage(faults=Faults(hide_ignored=True)))
    async with sit_down(stage.service) as operator:
        await operator.to_reboot()
        await operator.reboot()
        at(operator, "[ Take it now ]")
        await operator.press("question_mark")
        at(operator, "have pciback take it now")
        await operator.press("escape", "right", "right", "enter", "right", "enter")
        at(operator, "Step 4 of 5")
        await operator.choose_vm("pbx")
        await operator.press("right", "enter", "right", "enter")
        at(operator, "VM pbx runs and has the device")
