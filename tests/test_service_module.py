"""A dom0 whose pciback is a module and whose grub.cfg is made anew, from end to end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.boot.companions import RULE
from serialpass_tui.core.boot.locate import (
    GRUB_DEFAULTS,
    GRUB_DROPIN,
    GRUB_DROPINS,
    UDEV_RULE,
    UDEV_RULES,
)
from serialpass_tui.core.changes import FileEdit
from serialpass_tui.core.inventory import BootText, DeviceId, PcibackForm
from serialpass_tui.core.job import Goal, Outcome
from serialpass_tui.core.verify import Place
from serialpass_tui.errors import Problem
from serialpass_tui.host.journal import StateDirectory
from serialpass_tui.sim import machines
from tests.test_service import Killed, KillingJournal, first_card

if TYPE_CHECKING:
    from collections.abc import Callable

    from serialpass_tui.core.inventory import Recording
    from serialpass_tui.core.job import Job
    from serialpass_tui.service import Service
    from tests.conftest import Stage

GOLDEN = Path(__file__).parent / "golden" / "boot" / "debian12-xen.cfg"
GRUB = "/boot/grub/grub.cfg"


def debian() -> Recording:
    """A host with Debian's boot file and kernel."""
    recording = machines.load("xcp-ng-8.3-bios")
    inventory = replace(
        recording.inventory,
        kernel="6.1.0-56-amd64",
        boot_files=(BootText(GRUB, GOLDEN.read_bytes()),),
        settings=(BootText(GRUB_DEFAULTS, b'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n'),),
        setting_folders=(GRUB_DROPINS, UDEV_RULES),
        pciback=PcibackForm.MODULE,
    )
    return replace(recording, inventory=inventory)


@pytest.fixture
def stage(open_stage: Callable[..., Stage]) -> Stage:
    return open_stage(recording=debian())


def hide_job(service: Service) -> Job:
    """What `hide` opens, not yet run."""
    scan, bdfs = service.scan(), first_card(service)
    devices = [DeviceId.of(item) for item in scan.inventory.pci if item.bdf in bdfs]
    plan = service.plan_hide(scan, add=bdfs)
    return service.open_job(Goal.HIDE, "hide", devices, [*plan.edits, scan.reboot()])


def tree(stage: Stage) -> dict[str, bytes]:
    """Every file of the host but the backups beside them."""
    root = stage.world.root
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".serialpass-" not in path.name
    }


def places(service: Service) -> set[Place]:
    return {standing.place for standing in service.scan().standings(first_card(service))}


def test_the_rule_gives_pciback_what_the_boot_entry_names(stage: Stage) -> None:
    service, first = stage.service, tree(stage)
    job = service.run(hide_job(service), reboot=True)
    assert Outcome.DONE is job.outcome
    assert {Place.HIDDEN} == places(service)
    assert RULE == stage.files.read(UDEV_RULE)
    assert b"xen-pciback.hide=" in stage.files.read(GRUB_DROPIN)

    undone = service.rollback(service.plan_rollback(job), reboot=True)
    assert Outcome.DONE is undone.outcome
    assert first == tree(stage)
    assert {Place.FREE} == places(service)


def test_the_boot_entry_alone_comes_too_late(stage: Stage) -> None:
    service = stage.service
    scan, bdfs = service.scan(), first_card(service)
    edit = service.plan_hide(scan, add=bdfs).edits[-1]
    assert GRUB == edit.path
    job = service.open_job(Goal.HIDE, "hide", [], [edit, scan.reboot()])
    service.run(job, reboot=True)
    assert {Place.NOT_TAKEN} == places(service)


def test_the_rescue_entry_hides_nothing_in_spite_of_the_rule(stage: Stage) -> None:
    service = stage.service
    plan = service.plan_hide(service.scan(), add=first_card(service))
    service.run(hide_job(service), reboot=True)
    stage.world.host.boot(plan.rescue_title)
    assert {"serial"} == {
        function.driver
        for function in service.scan().inventory.pci
        if function.bdf in first_card(service)
    }


def test_somebody_elses_drop_in_is_no_ground_for_overwriting(stage: Stage) -> None:
    service = stage.service
    job = hide_job(service)
    (stage.world.root / GRUB_DROPIN.lstrip("/")).write_bytes(b"GRUB_TIMEOUT=9\n")
    with pytest.raises(Problem) as caught:
        service.run(job)
    assert "changed-since-preview" == caught.value.code
    assert b"GRUB_TIMEOUT=9\n" == stage.files.read(GRUB_DROPIN)
    assert GOLDEN.read_bytes() == stage.files.read(GRUB)


RECORDS = 11
"""Opened, planned, begun and applied for three files and the reboot, and the close."""


def test_the_job_has_as_many_records_as_the_kills_below_assume(stage: Stage) -> None:
    stage.service.run(hide_job(stage.service), reboot=True)
    assert RECORDS == len(StateDirectory(stage.world.state_dir).records())


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(RECORDS))
def test_killed_at_every_record_and_rolled_back(stage: Stage, at: int, after: bool) -> None:
    first = tree(stage)
    killed = stage.service_with(KillingJournal(stage.world, at, after=after))
    with pytest.raises(Killed):
        killed.run(hide_job(killed), reboot=True)
    service = stage.service
    service.resume()
    for job in service.undoable():
        service.rollback(service.plan_rollback(job), reboot=True)
    assert first == tree(stage)
    assert [] == [job for job in service.jobs() if job.is_open]
    assert {Place.FREE} == places(service)


def test_taking_now_loads_the_module_first(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage("debian-12")
    service, first = stage.service, tree(stage)
    scan, bdfs = service.scan(), first_card(service)
    assert not scan.inventory.pciback_registered
    (take,) = service.plan_take(scan, bdfs)
    assert ("modprobe xen-pciback", f"echo {bdfs[0]} > /sys/bus/pci/drivers/serial/unbind") == (
        take.preview()[:2]
    )
    assert "modprobe" not in " ".join(take.inverse().preview())
    devices = [DeviceId.of(item) for item in scan.inventory.pci if item.bdf in bdfs]
    job = service.run(service.open_job(Goal.HIDE, "take", devices, [take]))
    assert {"pciback"} == {f.driver for f in service.scan().inventory.pci if f.bdf in bdfs}
    assert () == service.plan_take(service.scan(), bdfs)
    service.rollback(service.plan_rollback(job), reboot=False)
    assert {Place.FREE} == places(service)
    assert first == tree(stage)


def test_a_module_that_cannot_read_its_list_is_not_loaded(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage("debian-12")
    stage.world.host.store.change(cmdline="ro xen-pciback.hide=(02.00.0)")
    with pytest.raises(Problem) as caught:
        stage.service.plan_take(stage.service.scan(), first_card(stage.service))
    assert "pciback-missing" == caught.value.code


def test_edits_without_a_file_survive_the_journal(stage: Stage) -> None:
    job = hide_job(stage.service)
    read = next(one for one in stage.service.jobs() if one.id == job.id)
    assert job.changes == read.changes
    made = [change for change in read.changes if isinstance(change, FileEdit)]
    assert [UDEV_RULE, GRUB_DROPIN] == [edit.path for edit in made if edit.before is None]
