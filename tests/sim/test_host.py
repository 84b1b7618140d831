from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.pool import PowerState
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host.files import LocalFiles
from serialpass_tui.sim.faults import Faults, faults_from
from serialpass_tui.sim.world import SimWorld, open_world
from tests.sim.lab import CARD, CONF, EXTLINUX, FAR, FAX, OTHER_HOST, RAID, TWO, USB, recording

if TYPE_CHECKING:
    from pathlib import Path


def hide(world: SimWorld, value: str) -> None:
    path = world.root / EXTLINUX.lstrip("/")
    path.write_bytes(CONF.replace(b"ro quiet", f"ro quiet {value}".encode()))


def test_begins_as_recorded(world: SimWorld) -> None:
    assert recording().inventory == world.host.inventory()
    assert CONF == (world.root / "boot/extlinux.conf").read_bytes()
    assert world.clock.now() > recording().inventory.boot_time


def test_reboot_boots_what_the_file_says(world: SimWorld) -> None:
    before, then = world.host.boot_id(), world.clock.now()
    hide(world, "xen-pciback.hide=(0000:02:00.0)(0000:00:1d.0)")
    world.host.reboot()
    facts = world.host.inventory()
    assert "root=LABEL=r ro quiet xen-pciback.hide=(0000:02:00.0)(0000:00:1d.0)" == facts.cmdline
    drivers = {function.bdf: function.driver for function in facts.pci}
    assert ("pciback", "pciback", "megaraid_sas") == (drivers[CARD], drivers[USB], drivers[RAID])
    assert ["ttyS0"] == [tty.name for tty in facts.ttys]
    assert () == facts.usb
    assert facts.function(CARD) == replace(recording().inventory.pci[3], driver="pciback", ttys=())
    assert before != facts.boot_id == world.host.boot_id()
    assert then < facts.boot_time == world.clock.now()


def test_reboot_gives_the_devices_back(world: SimWorld) -> None:
    hide(world, "xen-pciback.hide=(0000:02:00.0)")
    world.host.reboot()
    hide(world, "")
    world.host.reboot()
    assert recording().inventory.pci == world.host.inventory().pci
    assert recording().inventory.ttys == world.host.inventory().ttys


def test_a_device_recorded_on_pciback_gets_a_driver_when_it_is_unhidden(tmp_path: Path) -> None:
    functions = tuple(
        replace(each, driver="pciback", ttys=()) if each.bdf == CARD else each
        for each in recording().inventory.pci
    )
    ttys = recording().inventory.ttys[:1]
    hidden = recording(pci=functions, ttys=ttys)
    with open_world(hidden, tmp_path) as world:
        assert hidden.inventory == world.host.inventory()
        world.host.reboot()
        card = world.host.inventory().function(CARD)
        assert card is not None
        assert ("serial", ("ttyS1",)) == (card.driver, card.ttys)


def test_a_value_that_does_not_parse_keeps_pciback_out(world: SimWorld) -> None:
    hide(world, "xen-pciback.hide=(02.00.0)")
    world.host.reboot()
    facts = world.host.inventory()
    assert (False, "serial") == (facts.pciback_registered, facts.pci[3].driver)


@pytest.mark.parametrize("victim", ["01:00.0", "00:01.0"])
def test_hiding_the_root_disk_loses_the_host(world: SimWorld, victim: str) -> None:
    hide(world, f"xen-pciback.hide=({victim})")
    with pytest.raises(Problem, match=r"0000:01:00\.0") as lost:
        world.host.reboot()
    assert ("sim-host-lost", Exit.FAILED) == (lost.value.code, lost.value.exit_status)
    for use in (world.host.inventory, world.host.boot_id, world.host.reboot):
        with pytest.raises(Problem, match="lost"):
            use()
    world.host.boot("fallback")
    assert "root=LABEL=r ro" == world.host.inventory().cmdline


def test_an_unreadable_boot_file_loses_the_host(world: SimWorld) -> None:
    (world.root / "boot/extlinux.conf").write_bytes(b"\n")
    with pytest.raises(Problem, match="started nothing"):
        world.host.reboot()
    (world.root / "boot/extlinux.conf").unlink()
    with pytest.raises(Problem, match="no configuration file"):
        world.host.boot()


def test_goes_on_in_another_process(tmp_path: Path) -> None:
    with open_world(recording(), tmp_path) as first:
        hide(first, "xen-pciback.hide=(0000:02:00.0)")
        first.host.reboot()
        facts, now = first.host.inventory(), first.clock.now()
    with open_world(recording(), tmp_path) as second:
        assert (facts, now) == (second.host.inventory(), second.clock.now())
        second.host.reboot()
        assert facts.boot_id != second.host.boot_id()


def test_another_machine_is_refused(tmp_path: Path) -> None:
    with open_world(recording(), tmp_path):
        pass
    with pytest.raises(Problem) as refused, open_world(recording(hostname="x"), tmp_path):
        pass
    assert "sim-other-machine" == refused.value.code


def test_reboot_halts_the_vms_of_this_host_alone(tmp_path: Path) -> None:
    with open_world(recording(TWO), tmp_path) as world:
        world.host.reboot()
        pool = world.host.store.state.pool
        assert pool is not None
        fax, far = pool.vm(FAX), pool.vm(FAR)
        assert fax is not None
        assert far is not None
        assert (PowerState.HALTED, -1, "") == (fax.power_state, fax.domid, fax.resident_on)
        assert (PowerState.RUNNING, OTHER_HOST) == (far.power_state, far.resident_on)


def test_hide_ignored(tmp_path: Path) -> None:
    with open_world(recording(), tmp_path, Faults(hide_ignored=True)) as world:
        hide(world, "xen-pciback.hide=(0000:02:00.0)")
        world.host.reboot()
        facts = world.host.inventory()
        assert "02:00.0" in facts.cmdline
        assert (True, "serial") == (facts.pciback_registered, facts.pci[3].driver)


def test_a_driver_that_does_not_let_go(tmp_path: Path) -> None:
    with open_world(recording(), tmp_path, Faults(driver_refuses=True)) as world:
        with pytest.raises(Problem) as refused:
            world.host.change_driver(CARD, "serial", "pciback")
        assert "driver-refused" == refused.value.code
        assert "serial" == world.host.driver(CARD)
        hide(world, "xen-pciback.hide=(0000:02:00.0)")
        world.host.reboot()
        assert "pciback" == world.host.driver(CARD)
        world.host.change_driver(CARD, "pciback", "serial")
        assert "serial" == world.host.driver(CARD)


def test_a_program_holds_the_ttys_of_cards_until_the_reboot(tmp_path: Path) -> None:
    with open_world(recording(), tmp_path, Faults(tty_held=True)) as world:
        held = {
            tty.name: [each.name for each in tty.holders] for tty in world.host.inventory().ttys
        }
        assert {"ttyS0": [], "ttyS4": ["minicom"], "ttyUSB0": []} == held
        world.host.reboot()
        assert [] == [tty for tty in world.host.inventory().ttys if tty.holders]


def test_a_moved_device_stays_moved(tmp_path: Path) -> None:
    new = Bdf.parse("0000:03:00.0")
    with open_world(recording(), tmp_path, Faults(moved=((CARD, new),))) as world:
        assert recording().inventory == world.host.inventory()
        hide(world, "xen-pciback.hide=(0000:02:00.0)")
        world.host.reboot()
        facts = world.host.inventory()
    ids = {function.bdf: (function.ids, function.driver) for function in facts.pci}
    assert (("9710:9922", "serial"), ("8086:0004", "pciback")) == (ids[new], ids[CARD])
    assert () == facts.nics
    assert [new] == [tty.bdf for tty in facts.ttys if tty.name == "ttyS4"]
    with open_world(recording(), tmp_path) as again:
        assert facts == again.host.inventory()


class Plain(LocalFiles):
    """The files of a directory, without the care that the product takes."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.root = root

    def read(self, path: str) -> bytes:
        return (self.root / path.lstrip("/")).read_bytes()

    def keep(self, path: str, data: bytes, tag: str) -> str:
        (self.root / f"{path.lstrip('/')}.{tag}").write_bytes(data)
        return f"{path}.{tag}"

    def replace(self, path: str, before: bytes | None, after: bytes | None) -> None:
        if self.read(path) != before:
            raise Problem(Exit.CONFLICT, "file-changed", "changed", remedy="")
        (self.root / path.lstrip("/")).write_bytes(after or b"")


@pytest.mark.parametrize(
    ("fault", "code"),
    [(Faults(disk_full=True), "disk-full"), (Faults(read_only=True), "read-only")],
)
def test_a_disk_that_takes_nothing(tmp_path: Path, fault: Faults, code: str) -> None:
    with open_world(recording(), tmp_path, fault) as world:
        files = world.files(Plain(world.root))
        assert CONF == files.read(EXTLINUX)
        for write in (
            lambda: files.keep(EXTLINUX, CONF, "x"),
            lambda: files.replace(EXTLINUX, CONF, b""),
        ):
            with pytest.raises(Problem) as failed:
                write()
            assert code == failed.value.code
        assert CONF == files.read(EXTLINUX)


def test_a_file_changed_underneath_once(tmp_path: Path) -> None:
    with open_world(recording(), tmp_path, Faults(file_changed=True)) as world:
        files = world.files(Plain(world.root))
        with pytest.raises(Problem) as conflict:
            files.replace(EXTLINUX, CONF, b"new")
        assert "file-changed" == conflict.value.code
        now = files.read(EXTLINUX)
        assert now.startswith(CONF)
        files.replace(EXTLINUX, now, b"new")
        assert f"{EXTLINUX}.x" == files.keep(EXTLINUX, now, "x")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], Faults()),
        (["disk-full", "ha-vetoes"], Faults(disk_full=True, ha_vetoes=True)),
        (["driver-refuses", "tty-held"], Faults(driver_refuses=True, tty_held=True)),
        (["start-fails=rmrr"], Faults(start_fails="rmrr")),
        (
            ["moved=0000:02:00.0>0000:03:00.0"],
            Faults(moved=((CARD, Bdf.parse("0000:03:00.0")),)),
        ),
    ],
)
def test_faults_by_name(words: list[str], expected: Faults) -> None:
    assert expected == faults_from(words)


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("nosuch", "bad-fault"),
        ("disk-full=1", "bad-fault"),
        ("start-fails", "bad-fault"),
        ("moved=x>y", "bad-bdf"),
        ("moved=02:00.0", "bad-record"),
    ],
)
def test_bad_faults(word: str, code: str) -> None:
    with pytest.raises(Problem) as bad:
        faults_from([word])
    assert (code, Exit.USAGE) == (bad.value.code, bad.value.exit_status)
