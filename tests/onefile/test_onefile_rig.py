"""The one file in place of an installed package on the dom0 of the rig: the whole story by keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.rig import inputs
from tests.e2e.rig.dom0 import PROGRAM, scratch
from tests.e2e.rig.flavour import FLAVOURS, Flavour
from tests.e2e.rig.image import onefile_disk
from tests.e2e.test_rig_story import tell
from tests.onefile.places import built

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.onefile


@pytest.mark.parametrize("arch", ["x86_64"])
@pytest.mark.parametrize("flavour", FLAVOURS, ids=lambda flavour: flavour.name)
def test_an_operator_gives_a_card_to_a_guest_and_takes_it_back(flavour: Flavour, arch: str) -> None:
    if lacking := inputs.missing():
        pytest.fail(f"the rig misses {', '.join(lacking)}; .ci/rig installs it")
    file: Path = built(arch)
    with scratch() as place:
        onefile_disk(place / PROGRAM, file)
        tell(place, flavour)
