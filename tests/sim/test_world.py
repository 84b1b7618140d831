"""The product's own file code on the simulated host's disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serialpass_tui.errors import Problem
from serialpass_tui.host.files import LocalFiles
from serialpass_tui.sim.faults import Faults
from serialpass_tui.sim.world import open_world
from serialpass_tui.toolstack.xapi import Xapi
from tests.sim.lab import CARD, CONF, EXTLINUX, HOST, recording

if TYPE_CHECKING:
    from pathlib import Path

HIDDEN = CONF.replace(b"ro quiet", b"ro quiet xen-pciback.hide=(0000:02:00.0)")


def test_edit_and_reboot(tmp_path: Path) -> None:
    with open_world(recording(), tmp_path) as world:
        files = world.files(LocalFiles(world.root))
        files.replace(EXTLINUX, files.read(EXTLINUX), HIDDEN)
        assert HIDDEN == world.host.inventory().boot_files[0].data
        Xapi((world.socket_path,), HOST).reboot_host()
        card = world.host.inventory().function(CARD)
        assert card is not None
        assert "pciback" == card.driver


def test_the_product_sees_that_a_file_changed_underneath(tmp_path: Path) -> None:
    with open_world(recording(), tmp_path, Faults(file_changed=True)) as world:
        files = world.files(LocalFiles(world.root))
        with pytest.raises(Problem) as conflict:
            files.replace(EXTLINUX, CONF, HIDDEN)
        assert "file-changed" == conflict.value.code
        assert CONF == files.read(EXTLINUX)[: len(CONF)]
        assert HIDDEN != files.read(EXTLINUX)


def test_a_temporary_directory_with_too_long_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    with pytest.raises(Problem) as refused, open_world(recording(), tmp_path / "sim"):
        pass
    assert "sim-socket-path" == refused.value.code
