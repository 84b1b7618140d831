"""Edited files started by a loader written apart from the parser: the simulated host's."""

from __future__ import annotations

from pathlib import Path

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.boot import BootFile, parse, plan_hide
from serialpass_tui.core.hide_list import Dialect
from serialpass_tui.sim.loader import Started, start

GOLDEN = Path(__file__).parents[2] / "golden" / "boot"
NEW = Bdf.parse("0000:7f:1f.7")


def opened(name: str) -> BootFile:
    path = "/boot/extlinux.conf" if name.endswith(".conf") else "/boot/grub/grub.cfg"
    return parse(path, (GOLDEN / name).read_bytes())


def dom0_line(started: Started) -> str:
    return started.cmdline.encode("utf-8", "surrogateescape").decode("latin-1")


@pytest.mark.parametrize("name", sorted(path.name for path in GOLDEN.iterdir()))
def test_what_is_read_is_what_starts_before_and_after(name: str) -> None:
    boot = opened(name)
    dialect = Dialect.OLD if boot.loader == "extlinux" else Dialect.NEW
    plan = plan_hide(boot, dialect, add=[NEW])
    for file in (boot, parse(boot.path, plan.after)):
        started = start(file.data, file.path)
        assert file.default is not None
        assert file.default.kernel == started.kernel
        assert file.default.cmdline == dom0_line(started)
    assert plan.rescue is not None
    if plan.rescue.submenus:
        return
    way_back = start(plan.after, plan.path, _chosen(boot, plan.rescue.label, plan.rescue_title))
    assert plan.rescue.kernel == way_back.kernel
    assert plan.rescue.cmdline == dom0_line(way_back)
    assert "pciback" not in way_back.cmdline


def _chosen(boot: BootFile, label: str, title: str) -> str:
    return label if boot.loader == "extlinux" else title.replace("\ufffd", "\udce4")
