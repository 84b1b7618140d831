"""The power goes away while the boot entry is written, and while it is taken back."""

from __future__ import annotations

import pytest

from tests.e2e.rig import inputs, story
from tests.e2e.rig.dom0 import CARD, CONF, Dom0, dom0, scratch
from tests.e2e.rig.image import get_file

JOURNAL = "sync /var/lib/serialpass-tui/journal$"
HIDE = f"hide {CARD} --yes"
UNDO = "rollback --last --yes"
Cut = tuple[int, str, str, str]

SHORT: tuple[Cut, ...] = (
    (1, "rename to /boot/extlinux.conf$", HIDE, "the new file is complete under another name"),
    (2, "sync /boot$", HIDE, "it has the name, and the disk was not yet told to keep it"),
    (4, JOURNAL, HIDE, "it is on the disk, and the journal does not yet say so"),
)
LONG: tuple[Cut, ...] = (
    (1, JOURNAL, HIDE, "the job has a name and no plan"),
    (2, JOURNAL, HIDE, "the job is planned"),
    (1, "rename to /var/lib/serialpass-tui/backups/", HIDE, "before the backup has its name"),
    (1, "rename to /boot/extlinux.conf.serialpass-", HIDE, "before the copy beside the file"),
    (3, JOURNAL, HIDE, "between the two renames, before the journal says that the edit begins"),
    (1, "sync /boot/.extlinux.conf.serialpass-new", HIDE, "between the two renames, after it"),
    (1, "rename to /boot/extlinux.conf$", UNDO, "the old text is complete under another name"),
    (2, "sync /boot$", UNDO, "it has the name again, unconfirmed"),
    (4, JOURNAL, UNDO, "it is back, and the journal does not yet say so"),
)


@pytest.mark.rig
@pytest.mark.parametrize("cut", SHORT, ids=lambda cut: cut[3])
def test_a_power_cut_around_the_boot_file(cut: Cut) -> None:
    survives(cut)


@pytest.mark.rig_long
@pytest.mark.parametrize("cut", LONG, ids=lambda cut: cut[3])
def test_a_power_cut_elsewhere(cut: Cut) -> None:
    survives(cut)


def survives(cut: Cut) -> None:
    """Cut the power there; the host boots, the tool tells the truth, and all can be taken back."""
    count, point, command, when = cut
    with scratch() as place:
        disk = place / "disk.raw"
        with dom0(place) as host:
            before = host.read(CONF)
            added = f" splash xen-pciback.hide=({CARD}) ---".encode()
            after = before.replace(b" splash ---", added, 1)
            if command == UNDO:
                host.sh(f"serialpass-tui {HIDE}", seconds=30)
                assert after == host.read(CONF)
            host.machine.second_serial.send(
                f"python3 /rig/cut {count} '{point}' {command} </dev/null >/dev/null 2>&1\n"
            )
            host.machine.second_serial.expect("rig: cut", 90)
            host.machine.cut_power()
        for_the_loader = get_file(disk, CONF)
        assert for_the_loader in {before, after}
        with dom0(place, disk) as host:
            now = host.read(CONF)
            inputs.say(f"{when}: {'hides' if now == after else 'hides nothing'}")
            assert now in {before, after}
            if point == JOURNAL:  # the file was written and confirmed, or not touched at all
                assert now == for_the_loader
                assert now == (after if (count, command) in {(4, HIDE), (3, UNDO)} else before)
            _tells_the_truth(host, asked=now == after, booted=for_the_loader == after)
            _can_be_taken_back(host, before)
            assert before == host.read(CONF)
            host.sh(f"serialpass-tui {HIDE}", seconds=30)
            assert after == host.read(CONF)
            assert ".serialpass-new." not in host.sh("ls -aR /boot /var/lib/serialpass-tui")
            host.sh(f"serialpass-tui {UNDO}", seconds=30)
            assert before == host.read(CONF)
            host.restart()
            _tells_the_truth(host, asked=False, booted=False)
        assert before == get_file(disk, CONF)


def _tells_the_truth(host: Dom0, *, asked: bool, booted: bool) -> None:
    assert ("pciback" if booted else "serial") == host.owner(CARD)
    device = story.status(host)["devices"][CARD]
    assert (asked, booted, booted) == (device["asked"], device["booted"], device["bound"])
    states = {
        (False, False): "free",
        (True, False): "reboot pending",
        (True, True): "used by VM",
        (False, True): "back at reboot",
    }
    assert states[asked, booted] == device["state"]


def _can_be_taken_back(host: Dom0, before: bytes) -> None:
    """What the operator would do: roll back the open job by its number, then the rest."""
    job = story.status(host)["job"]
    if job is not None:
        host.sh(f"serialpass-tui rollback {job['undoes'] or job['id']} --yes", seconds=40)
    if host.read(CONF) != before:
        host.sh("serialpass-tui rollback --all --yes", seconds=40)
