"""The whole way on a real Xen: card, boot entry, reboot, guest, bytes, and all of it back."""

from __future__ import annotations

import pytest

from tests.e2e.rig import inputs, story
from tests.e2e.rig.dom0 import CARD, CONF, TWIN, Dom0, dom0, scratch
from tests.e2e.rig.image import get_file

pytestmark = pytest.mark.rig


def no_shot(name: str) -> None:
    """The pictures are for the eye; the story is checked by its text."""


def end_the_guest(host: Dom0) -> None:
    """Pull the guest's plug; xl may call it a failure when its own watcher was quicker."""
    gone = (
        "for i in 1 2 3 4 5 6 7 8 9; do xl domid fax 2>/dev/null || exit 0; sleep 1; done; exit 1"
    )
    host.sh(f"xl destroy fax; ({gone})", seconds=30)


def test_an_operator_gives_a_card_away_and_takes_it_back() -> None:
    with scratch() as place:
        with dom0(place) as host:
            before, lines = host.read(CONF), host.ttys(CARD)
            assert ("serial", ["ttyS4"], ["ttyS5", "ttyS6"]) == (
                host.owner(CARD),
                lines,
                host.ttys(TWIN),
            )

            away = story.hide_the_card(host, no_shot)
            inputs.say(f"the host was away for {away:.0f} s")
            assert ("pciback", [], "serial") == (
                host.owner(CARD),
                host.ttys(CARD),
                host.owner(TWIN),
            )
            seen = story.status(host)
            assert "used by VM" == seen["devices"][CARD]["state"]
            assert "free" == seen["devices"][TWIN]["state"]
            assert "open" == seen["job"]["state"]
            added = b" xen-pciback.hide=(0000:00:05.0)"
            assert before == host.read(CONF).replace(added, b"")
            assert added.decode() in host.sh("cat /proc/cmdline")

            host.sh("xl create /etc/xen/fax.cfg", seconds=30)
            host.card.expect("guest: this is ttyS", 60)
            host.card.send("two bytes and more: \x01\x7f\n")
            host.card.expect("guest: heard two bytes and more: \x01\x7f\n", 30)
            assert CARD in host.sh("xl pci-list fax")
            assert CARD in host.sh("xenstore-ls /local/domain/0/backend/pci")
            end_the_guest(host)

            story.look_after_the_reboot(host, no_shot)
            away = story.roll_back(host, no_shot)
            inputs.say(f"the host was away for {away:.0f} s")
            assert ("serial", lines) == (host.owner(CARD), host.ttys(CARD))
            assert before == host.read(CONF)
            story.given_back(host, no_shot)
            assert "free" == story.status(host)["devices"][CARD]["state"]
        assert before == get_file(place / "disk.raw", CONF)
