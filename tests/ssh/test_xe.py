"""VMs of XAPI from afar: the host's `xe`, run through a real sshd."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from serialpass_tui import cli
from serialpass_tui.errors import Exit
from serialpass_tui.sim.world import open_world
from serialpass_tui.toolstack.xapi import Xapi
from tests.sim.lab import CARD, HOST, PBX, recording
from tests.ssh import xen
from tests.ssh.dom0 import open_dom0
from tests.ssh.xen import command_line
from tests.toolstack.fake_xe import FakeXe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from serialpass_tui.sim.world import SimWorld
    from tests.ssh.dom0 import Dom0

_XE = """#!/bin/sh
printf "%s\\0" "$@" >/xe-in
exec </xe-out; read -r status; cat; exec </xe-err; cat >&2
exit $status
"""
"""What there is of xe below the host's root: its words go to the fake, whose answer comes back."""


def serve(root: Path, fake: FakeXe) -> None:
    """Answer the host's xe until it is called without a word."""
    while words := (root / "xe-in").read_bytes():
        asked = words.removesuffix(b"\0").decode("utf-8", "surrogateescape").split("\0")
        done = fake.run(["xe", *asked], timeout=30.0)
        (root / "xe-out").write_text(f"{done.status}\n{done.stdout}", encoding="utf-8")
        (root / "xe-err").write_text(done.stderr, encoding="utf-8")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SimWorld]:
    with open_world(recording(), tmp_path / "sim") as opened:
        yield opened


@pytest.fixture
def dom0(tmp_path: Path, world: SimWorld) -> Iterator[Dom0]:
    with open_dom0(tmp_path / "host", "busybox") as there:
        xen.build(there).tree.file(
            "etc/xensource-inventory",
            f"PRODUCT_BRAND='XenServer'\nPRODUCT_VERSION='6.2.0'\nINSTALLATION_UUID='{HOST}'\n",
        )
        (there.root / "bin/xe").write_text(_XE)
        (there.root / "bin/xe").chmod(0o755)
        for name in ("xe-in", "xe-out", "xe-err"):
            os.mkfifo(there.root / name)
        server = threading.Thread(target=serve, args=(there.root, FakeXe(world.socket_path)))
        server.start()
        try:
            yield there
        finally:
            (there.root / "xe-in").write_bytes(b"")
            server.join()


def test_a_vm_gets_the_card_through_xe_and_gives_it_back(
    dom0: Dom0, world: SimWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    xapi = Xapi([world.socket_path], HOST)
    first = xapi.vm(PBX)

    def run(*words: str) -> str:
        status = cli.main(command_line(dom0, *words))
        out, err = capsys.readouterr()
        assert Exit.DONE == status, out + err
        return out

    assert "Host xs62: XenServer 6.2.0" in run("scan")
    said = run("bind", PBX, str(CARD), "--yes")
    assert "other-config:pci" in said
    assert "\x1b" not in said
    assert "0/0000:02:00.0" == xapi.vm(PBX).pci
    assert "0000:02:00.0" in run("vms")
    run("rollback", "--last", "--yes")
    assert first == xapi.vm(PBX)
