"""The way home that needs no tool: the boot entry that the wizard names, at the boot loader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.rig import inputs, story
from tests.e2e.rig.dom0 import CARD, DISK, dom0, scratch
from tests.e2e.rig.flavour import FLAVOURS, GRUB, Flavour
from tests.e2e.rig.image import get_file

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet


def _one(flavour: Flavour) -> ParameterSet:
    """With GRUB each time: its menu is what an operator meets."""
    mark = pytest.mark.rig(90) if flavour is GRUB else pytest.mark.rig_long
    return pytest.param(flavour, marks=mark, id=flavour.name)


@pytest.mark.parametrize("flavour", [_one(flavour) for flavour in FLAVOURS])
def test_the_rescue_entry_boots_with_the_card_in_dom0(flavour: Flavour) -> None:
    with scratch() as place:
        with dom0(place, flavour) as host:
            lines = host.ttys(CARD)
            away = story.hide_the_card(host)
            inputs.say(f"the host was away for {away:.0f} s")
            assert "pciback" == host.owner(CARD)

            story.take_the_rescue_entry(host)
            assert ("serial", lines) == (host.owner(CARD), host.ttys(CARD))
            assert CARD not in host.sh("cat /proc/cmdline")
            assert flavour.hiding(CARD) == host.read(flavour.boot_file)
            device = story.status(host)["devices"][CARD]
            assert [True, False, False] == [device[key] for key in ("asked", "booted", "bound")]

            story.roll_back_from_rescue(host)
            assert ("serial", lines) == (host.owner(CARD), host.ttys(CARD))
        assert flavour.text == get_file(place / DISK, flavour.boot_file)
