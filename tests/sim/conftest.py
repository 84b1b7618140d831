from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serialpass_tui.sim.world import open_world
from tests.sim.lab import recording

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from serialpass_tui.sim.world import SimWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SimWorld]:
    with open_world(recording(), tmp_path / "sim") as opened:
        yield opened
