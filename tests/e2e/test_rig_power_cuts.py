"""The power goes away in the middle of a job; the host boots, and the job goes on or is undone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.rig import inputs, story
from tests.e2e.rig.dom0 import CARD, DISK, GUEST, GUEST_FILE, Dom0, dom0, naming, scratch
from tests.e2e.rig.flavour import EXTLINUX, GRUB, Flavour
from tests.e2e.rig.image import copy, get_file

if TYPE_CHECKING:
    from pathlib import Path

HIDE = f"hide {CARD} --yes"
TAKE = f"hide {CARD} --now --yes"
BIND = f"bind {GUEST} {CARD} --yes"
UNDO = "rollback --last --yes"

STATE = "/var/lib/serialpass-tui"
JOURNAL = f"sync {STATE}/journal$"
NEW_BOOT_FILE = "rename to {file}$"
BOOT_FOLDER = "sync {folder}$"
NEW_GUEST_FILE = f"rename to {GUEST_FILE}$"
DRIVERS = "write /sys/bus/pci/drivers"


@dataclass(frozen=True)
class Cut:
    """Where the power goes away."""

    when: str
    count: int
    point: str
    """As files/cut has it; {file} and {folder} are those of the boot loader."""
    command: str
    given: tuple[str, ...] = ()
    """What was done before."""
    flavour: Flavour = EXTLINUX


SHORT = (Cut("the new boot file is complete under another name", 1, NEW_BOOT_FILE, HIDE),)
LONG = (
    Cut("the new guest file is complete under another name", 1, NEW_GUEST_FILE, BIND, (TAKE,)),
    Cut("the driver has let go and pciback not yet taken", 1, f"{DRIVERS}/pciback/bind$", TAKE),
    Cut("the job has a name and no plan", 1, JOURNAL, HIDE),
    Cut("the job is planned", 2, JOURNAL, HIDE),
    Cut("before the backup has its name", 1, f"rename to {STATE}/backups/", HIDE),
    Cut("before the copy beside the file", 1, "rename to {file}.serialpass-", HIDE),
    Cut("between the two renames, before the journal says that the edit begins", 3, JOURNAL, HIDE),
    Cut("between the two renames, after it", 1, "sync {folder}/.", HIDE),
    Cut("it has the name, and the disk was not yet told to keep it", 2, BOOT_FOLDER, HIDE),
    Cut("it is on the disk, and the journal does not yet say so", 4, JOURNAL, HIDE),
    Cut("the old boot file is complete under another name", 1, NEW_BOOT_FILE, UNDO, (HIDE,)),
    Cut("it has its name again, unconfirmed", 2, BOOT_FOLDER, UNDO, (HIDE,)),
    Cut("it is back, and the journal does not yet say so", 4, JOURNAL, UNDO, (HIDE,)),
    Cut("GRUB: the new file is complete", 1, NEW_BOOT_FILE, HIDE, flavour=GRUB),
    Cut("GRUB: the new file is not yet kept", 2, BOOT_FOLDER, HIDE, flavour=GRUB),
    Cut(
        "the boot file says so, the driver still has the card", 1, f"{DRIVERS}/serial/unbind$", TAKE
    ),
    Cut("pciback has the card, and the journal does not yet say so", 6, JOURNAL, TAKE),
    Cut("pciback is to let the card go", 1, f"{DRIVERS}/pciback/unbind$", UNDO, (TAKE,)),
    Cut("the driver is to have it again", 1, f"{DRIVERS}/serial/bind$", UNDO, (TAKE,)),
    Cut("the guest's file is to be edited", 3, JOURNAL, BIND, (TAKE,)),
    Cut("the guest's file has its name, unconfirmed", 2, "sync /etc/xen$", BIND, (TAKE,)),
    Cut("the journal does not yet say that the guest's file is written", 4, JOURNAL, BIND, (TAKE,)),
    Cut("the guest's file is to be as it was", 1, NEW_GUEST_FILE, UNDO, (TAKE, BIND)),
)


@pytest.mark.rig(110)
@pytest.mark.parametrize("cut", SHORT, ids=lambda cut: cut.when)
def test_a_power_cut(cut: Cut) -> None:
    survives(cut)


@pytest.mark.rig_long
@pytest.mark.parametrize("cut", LONG, ids=lambda cut: cut.when)
def test_a_power_cut_elsewhere(cut: Cut) -> None:
    survives(cut)


@dataclass(frozen=True)
class Files:
    """What the tool edits."""

    boot: bytes
    guest: bytes


def survives(cut: Cut) -> None:
    """Cut the power there; whoever starts the host again can go on, and can take all back."""
    with scratch() as place:
        first, begun = cut_the_power(place, cut)
        disk, boot_file = place / DISK, cut.flavour.boot_file
        booted = get_file(disk, boot_file)  # as the loader will see it: no journal is replayed
        with scratch() as other:
            copy(disk, other / DISK)
            with dom0(other, cut.flavour) as host:
                found = look(host, first, begun, cut, booted)
                inputs.say(f"{cut.when}: {'before' if found == begun else 'after'}")
                take_back(host)
                assert first == files(host)
                nothing_lies_about(host)
        with dom0(place, cut.flavour) as host:
            planned = go_on(host, len(cut.given))
            assert (goal(first, cut) if planned else found) == files(host)
            take_back(host)
            assert first == files(host)
            host.restart()
            assert "serial" == host.owner(CARD)
            tells_the_truth(host)
        assert first == Files(get_file(disk, boot_file), get_file(disk, GUEST_FILE))


def cut_the_power(place: Path, cut: Cut) -> tuple[Files, Files]:
    """The files at first and right before the command in which the power went away."""
    boot_file = cut.flavour.boot_file
    point = cut.point.format(file=boot_file, folder=boot_file.rpartition("/")[0])
    with dom0(place, cut.flavour) as host:
        first = files(host)
        for command in cut.given:
            host.sh(f"serialpass-tui {command}", seconds=40)
        begun = files(host)
        wire = host.machine.second_serial
        wire.send(
            f"python3 /rig/cut {cut.count} '{point}' {cut.command} </dev/null >/run/said 2>&1\n"
        )
        wire.expect("rig: cut", 90)
        host.machine.cut_power()
    return first, begun


def files(host: Dom0) -> Files:
    return Files(host.read(host.flavour.boot_file), host.read(GUEST_FILE))


def goal(first: Files, cut: Cut) -> Files:
    """The files at the end of the command."""
    done = cut.given[:-1] if cut.command == UNDO else (*cut.given, cut.command)
    return Files(
        cut.flavour.hiding(CARD) if {HIDE, TAKE} & set(done) else first.boot,
        naming(first.guest, CARD) if BIND in done else first.guest,
    )


def look(host: Dom0, first: Files, begun: Files, cut: Cut, booted: bytes) -> Files:
    """The files after the cut: each is the old or the new one, and all that is told is true."""
    found = files(host)
    assert found in {begun, goal(first, cut)}
    hides = booted == cut.flavour.hiding(CARD)
    assert hides or booted == first.boot
    assert ("pciback" if hides else "serial") == host.owner(CARD)
    tells_the_truth(host)
    return found


def tells_the_truth(host: Dom0) -> None:
    """`status` and `history` say what the test sees by itself."""
    now = files(host)
    asked = now.boot == host.flavour.hiding(CARD)
    booted = CARD in host.sh("cat /proc/cmdline")
    bound = "pciback" == host.owner(CARD)
    named = CARD.encode() in now.guest
    device = story.status(host)["devices"][CARD]
    assert [asked, booted, bound] == [device[key] for key in ("asked", "booted", "bound")]
    assert ([GUEST] if named else []) == device["vms"]
    for job in jobs(host)[:1]:  # places of older jobs may hold what this one left there
        gives = job["undoes"] is None
        holds = {
            f"edit {host.flavour.boot_file}": asked == gives,
            f"edit {GUEST_FILE} of guest {GUEST}": named == gives,
        }
        for change in job["changes"]:
            if change["summary"] in holds:
                assert holds[change["summary"]] == (change["progress"] == "applied"), change


def jobs(host: Dom0) -> list[dict[str, Any]]:
    """The jobs, newest first."""
    document = json.loads(host.sh("serialpass-tui --json history", seconds=30))
    found: list[dict[str, Any]] = document["jobs"]
    return found


def go_on(host: Dom0, before: int) -> bool:
    """Have the wizard go on with what was cut off, where it says that something was.

    Whether the command in which the power went away, which `before` jobs preceded, was planned.
    """
    found = jobs(host)
    left = [
        change["kind"]
        for job in found
        if job["state"] == "open"
        for change in job["changes"]
        if change["progress"] in {"waiting", "began"}
    ]
    story.start(host)
    if left and left[0] != "reboot":
        host.see("was cut off", "[>Not now<]", seconds=30)
        story.choose(host, "Go on")
        host.see("went on.", seconds=40)
    else:
        host.see_that(lambda shown: "Step " in shown and "was cut off" not in shown, "a step", 30)
    story.leave(host)
    return len(found) > before and bool(found[0]["changes"])


def take_back(host: Dom0) -> None:
    """What an operator does who wants all of it undone."""
    host.sh("serialpass-tui rollback --all --yes", seconds=60)


def nothing_lies_about(host: Dom0) -> None:
    """All can be done again and undone, and no half file is left."""
    for command in (TAKE, BIND):
        host.sh(f"serialpass-tui {command}", seconds=40)
    assert host.flavour.hiding(CARD) == host.read(host.flavour.boot_file)
    take_back(host)
    assert host.flavour.text == host.read(host.flavour.boot_file)
    assert ".serialpass-new." not in host.sh(f"ls -aR /boot {STATE} /etc/xen")
