"""The trial boot on a real Xen: kept, left alone, a kernel that panics, a power cut."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.rig import story
from tests.e2e.rig.dom0 import CARD, DISK, Dom0, dom0, scratch
from tests.e2e.rig.flavour import FLAVOURS, GRUB, Flavour
from tests.e2e.rig.image import get_file, sector_of

TRY = f"serialpass-tui hide {CARD} --trial --yes"
LINE = "serialpass-tui: trial boot, 1 of 1 devices hidden, run serialpass-tui to confirm"
MARK = "serialpass.trial"
each_loader = pytest.mark.parametrize("flavour", FLAVOURS, ids=lambda flavour: flavour.name)


def status(host: Dom0) -> dict[str, Any]:
    """What `status` says."""
    found: dict[str, Any] = json.loads(host.sh("serialpass-tui --json status", seconds=30))
    return found


def is_trial_boot(host: Dom0) -> bool:
    return MARK in host.sh("cat /proc/cmdline").split()


def give_up(host: Dom0) -> None:
    """Take the trial back, and find the first bytes."""
    host.sh("serialpass-tui rollback --all --yes", seconds=60)
    assert host.flavour.text == host.read(host.flavour.boot_file)


@pytest.mark.rig(150)
@each_loader
def test_a_trial_boots_once_and_is_kept(flavour: Flavour) -> None:
    with scratch() as place:
        with dom0(place, flavour) as host:
            story.try_the_card(host)
            assert "pciback" == host.owner(CARD)
            assert is_trial_boot(host)
            assert "running" == status(host)["trial"]
            assert flavour.text in host.read(flavour.boot_file)

            story.keep_the_trial(host)
            assert flavour.hiding(CARD) == host.read(flavour.boot_file)
            host.restart()
            assert "pciback" == host.owner(CARD)
            assert not is_trial_boot(host)
            give_up(host)
        assert flavour.text == get_file(place / DISK, flavour.boot_file)


@pytest.mark.rig(150)
@each_loader
def test_nobody_keeps_it_or_its_kernel_panics(flavour: Flavour) -> None:
    """Both come up as before by themselves; then the operator tries again, and gives up."""
    with scratch() as place, dom0(place, flavour) as host:
        host.sh(TRY, seconds=40)
        host.restart()
        assert "running" == status(host)["trial"]
        assert LINE == host.sh("serialpass-tui boot-check", seconds=30)
        assert LINE in host.sh("cat /etc/motd")
        host.restart()
        assert "serial" == host.owner(CARD)
        assert "returned" == status(host)["trial"]

        host.sh(TRY, seconds=40)
        # The trial entry alone is made to find no root: it is the last one of the file.
        path = flavour.boot_file
        head, entry, tail = host.read(path).rpartition(b"serialpass-trial")
        broken = tail.replace(b"root=/dev/sda1", b"root=/dev/sdz9")
        assert broken != tail
        good = host.sh(f"cp -p {path} /root/good; wc -c <{path}")
        assert int(good) == len(head + entry + tail)
        host.sh(f"sed -i '/{MARK}/s,root=/dev/sda1,root=/dev/sdz9,' {path}; sync")
        assert head + entry + broken == host.read(path)
        host.restart()
        assert "serial" == host.owner(CARD)
        assert not is_trial_boot(host)
        host.sh(f"cp -p /root/good {path}; sync")
        assert "returned" == status(host)["trial"]
        give_up(host)
        assert "serialpass-tui" not in host.sh("cat /etc/motd || :")


@pytest.mark.rig(200)
@each_loader
def test_the_power_goes_away_while_it_is_kept(flavour: Flavour) -> None:
    """The new file has not yet its name: the host comes up as before, and says so."""
    with scratch() as place:
        with dom0(place, flavour) as host:
            host.sh(TRY, seconds=40)
            host.restart()
            assert is_trial_boot(host)
            wire = host.machine.second_serial
            point = f"rename to {flavour.boot_file}$"
            wire.send(f"python3 /rig/cut 1 '{point}' confirm --yes </dev/null >/run/said 2>&1\n")
            wire.expect("rig: cut", 90)
            host.machine.cut_power()
        assert flavour.text in get_file(place / DISK, flavour.boot_file)
        with dom0(place, flavour) as host:
            assert "serial" == host.owner(CARD)
            assert not is_trial_boot(host)
            assert "returned" == status(host)["trial"]
            host.sh(TRY, seconds=40)
            host.restart()
            said = host.sh("serialpass-tui confirm --yes", seconds=40)
            assert "FAIL" not in said
            assert f"OK   {CARD} hidden: driver pciback" in said
            assert flavour.hiding(CARD) == host.read(flavour.boot_file)
            give_up(host)
            assert ".serialpass-new." not in host.sh("ls -aR /boot")


@pytest.mark.rig(110)
def test_grub_does_not_follow_an_order_that_it_cannot_take_back() -> None:
    """The sector of the environment block takes no write: the trial would boot each time."""
    with scratch() as place:
        with dom0(place, GRUB) as host:
            host.sh(TRY, seconds=40)
            host.shut_down()
        sector = sector_of(place / DISK, "/boot/grub/grubenv")
        with dom0(place, GRUB, unwritable=sector) as host:
            assert "override_entry=serialpass-trial" in host.sh("cat /boot/grub/grubenv")
            assert "serial" == host.owner(CARD)
            assert not is_trial_boot(host)
            assert "returned" == status(host)["trial"]
            host.shut_down()
        with dom0(place, GRUB) as host:
            assert is_trial_boot(host)
            give_up(host)
