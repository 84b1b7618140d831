"""A card changes hands without a reboot, on a real kernel with a real pciback."""

from __future__ import annotations

import pytest

from tests.e2e.rig import story
from tests.e2e.rig.dom0 import CARD, GUEST, GUEST_FILE, TWIN, dom0, naming, scratch
from tests.e2e.rig.flavour import EXTLINUX

pytestmark = pytest.mark.rig(70)


def test_a_card_is_taken_without_a_reboot_and_given_back() -> None:
    boot_file = EXTLINUX.boot_file
    with scratch() as place, dom0(place) as host:
        boot, guest = host.read(boot_file), host.read(GUEST_FILE)
        boot_id = host.sh("cat /proc/sys/kernel/random/boot_id")

        host.sh("sleep 1000 </dev/ttyS4 & echo $! >/run/holder")
        refused = host.sh(f"serialpass-tui hide {CARD} --now --yes", status=3, seconds=40)
        assert "sleep" in refused
        assert "holds ttyS4 open" in refused
        assert ("serial", ["ttyS4"], boot) == (
            host.owner(CARD),
            host.ttys(CARD),
            host.read(boot_file),
        )

        host.sh("kill $(cat /run/holder)")
        host.sh(f"serialpass-tui hide {CARD} --now --yes", seconds=40)
        assert ("pciback", [], "serial") == (host.owner(CARD), host.ttys(CARD), host.owner(TWIN))
        assert EXTLINUX.hiding(CARD) == host.read(boot_file)
        assert "hidden" == story.status(host)["devices"][CARD]["state"]

        host.sh(f"serialpass-tui bind {GUEST} {CARD} --start --yes", seconds=60)
        story.bytes_come_and_go(host)
        assert naming(guest, CARD) == host.read(GUEST_FILE)
        assert CARD in host.sh(f"xl pci-list {GUEST}")
        assert "used by VM" == story.status(host)["devices"][CARD]["state"]

        host.sh("serialpass-tui rollback --all --yes", seconds=60)
        host.card.expect("guest: going down", 1)
        assert ("serial", ["ttyS4"]) == (host.owner(CARD), host.ttys(CARD))
        assert (boot, guest) == (host.read(boot_file), host.read(GUEST_FILE))
        assert "free" == story.status(host)["devices"][CARD]["state"]
        host.sh("echo dom0 has the line again >/dev/ttyS4")
        host.card.expect("dom0 has the line again", 10)
        assert boot_id == host.sh("cat /proc/sys/kernel/random/boot_id")


def test_the_wizard_takes_a_card_without_a_reboot() -> None:
    boot_file = EXTLINUX.boot_file
    with scratch() as place, dom0(place) as host:
        boot, guest = host.read(boot_file), host.read(GUEST_FILE)
        boot_id = host.sh("cat /proc/sys/kernel/random/boot_id")

        host.sh("sleep 1000 </dev/ttyS4 & echo $! >/run/holder")
        story.write_the_entry(host)
        story.choose(host, "Without a reboot")
        host.see("holds ttyS4 open", "Nothing was changed.")
        assert ("serial", ["ttyS4"]) == (host.owner(CARD), host.ttys(CARD))
        host.sh("kill $(cat /run/holder)")
        host.press("esc")
        host.see("Step 3 of 5: Reboot")
        story.take_without_a_reboot(host)
        assert ("pciback", [], "serial") == (host.owner(CARD), host.ttys(CARD), host.owner(TWIN))

        story.give_it_to_the_guest(host)
        story.finish(host)
        story.bytes_come_and_go(host)
        assert (EXTLINUX.hiding(CARD), naming(guest, CARD)) == (
            host.read(boot_file),
            host.read(GUEST_FILE),
        )

        story.roll_back_at_once(host)
        host.card.expect("guest: going down", 1)
        assert ("serial", ["ttyS4"]) == (host.owner(CARD), host.ttys(CARD))
        assert (boot, guest) == (host.read(boot_file), host.read(GUEST_FILE))
        assert boot_id == host.sh("cat /proc/sys/kernel/random/boot_id")
