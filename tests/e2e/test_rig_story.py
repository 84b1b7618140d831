"""The whole way on a real Xen: card, boot entry, reboot, guest, bytes, and all of it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.rig import inputs, story
from tests.e2e.rig.dom0 import CARD, DISK, GUEST, GUEST_FILE, TWIN, dom0, naming, scratch
from tests.e2e.rig.flavour import FLAVOURS, Flavour
from tests.e2e.rig.image import get_file

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.rig(130)


@pytest.mark.parametrize("flavour", FLAVOURS, ids=lambda flavour: flavour.name)
def test_an_operator_gives_a_card_to_a_guest_and_takes_it_back(flavour: Flavour) -> None:
    with scratch() as place:
        tell(place, flavour)


def tell(place: Path, flavour: Flavour) -> None:
    """The whole way, with the program whose disk is in `place`, else with this checkout."""
    boot_file = flavour.boot_file
    with dom0(place, flavour) as host:
        boot, guest, lines = host.read(boot_file), host.read(GUEST_FILE), host.ttys(CARD)
        assert flavour.text == boot
        assert ("serial", ["ttyS4"]) == (host.owner(CARD), lines)
        assert ("serial", ["ttyS5", "ttyS6"]) == (host.owner(TWIN), host.ttys(TWIN))

        away = story.hide_the_card(host)
        inputs.say(f"the host was away for {away:.0f} s")
        assert ("pciback", []) == (host.owner(CARD), host.ttys(CARD))
        assert "serial" == host.owner(TWIN)
        assert f" xen-pciback.hide=({CARD})" in host.sh("cat /proc/cmdline")
        assert flavour.hiding(CARD) == host.read(boot_file)
        seen = story.status(host)
        assert ("hidden", "free") == tuple(seen["devices"][b]["state"] for b in (CARD, TWIN))
        assert "open" == seen["job"]["state"]

        story.look_after_the_reboot(host)
        story.give_it_to_the_guest(host)
        assert {"OK"} == set(story.checks(host).values())
        assert [
            f"{CARD} hidden",
            f"VM {GUEST} names the device",
            "VM runs",
            "Device in the VM's backend",
        ] == list(story.checks(host))
        story.finish(host)
        story.bytes_come_and_go(host)
        assert naming(guest, CARD) == host.read(GUEST_FILE)
        assert CARD in host.sh(f"xl pci-list {GUEST}")
        assert CARD in host.sh("xenstore-ls /local/domain/0/backend/pci")
        seen = story.status(host)
        assert ("used by VM", None) == (seen["devices"][CARD]["state"], seen["job"])

        away = story.roll_back(host)
        inputs.say(f"the host was away for {away:.0f} s")
        host.card.expect("guest: going down", 1)
        assert ("serial", lines) == (host.owner(CARD), host.ttys(CARD))
        assert (boot, guest) == (host.read(boot_file), host.read(GUEST_FILE))
        story.given_back(host)
        assert "free" == story.status(host)["devices"][CARD]["state"]
    assert boot == get_file(place / DISK, boot_file)
    assert guest == get_file(place / DISK, GUEST_FILE)
