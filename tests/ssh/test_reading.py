"""What is read through ssh is what a run on the host would read."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.errors import Problem
from serialpass_tui.host import facts
from serialpass_tui.host.probe import probe
from serialpass_tui.host.ssh import tree
from serialpass_tui.host.ssh.host import RemoteHost
from serialpass_tui.host.ssh.machine import FetchedMachine
from tests.ssh import xen
from tests.ssh.dom0 import SHELLS, open_dom0

if TYPE_CHECKING:
    from pathlib import Path

    from serialpass_tui.core.inventory import Inventory

MARK = b"0123456789abcdef"


def fields(inventory: Inventory) -> dict[str, object]:
    return {f.name: getattr(inventory, f.name) for f in dataclasses.fields(inventory)}


@pytest.mark.parametrize("shell", SHELLS)
def test_an_old_host_is_read_as_from_its_own_disk(tmp_path: Path, shell: str) -> None:
    with open_dom0(tmp_path / "host", shell) as dom0, dom0.connected() as connection:
        xen.build(dom0)
        host = RemoteHost(connection)
        try:
            read = host.inventory()
            # By the shell itself, as when reading: busybox's has an ip of its own, whatever PATH says.
            addresses = connection.ask("ip -o addr show").out.decode()
            told = tree.Told({"ip": addresses}, ())
            machine = FetchedMachine(dom0.root, told)
            there = facts.gather(dom0.root, machine, connection.run)
            assert fields(there) | {"unread": ()} == fields(read) | {"unread": ()}
            assert ("by which interface your SSH session comes in",) == read.unread
            again = host.inventory()  # of which less is asked
            assert fields(read) == fields(again)
            card = read.function(Bdf.parse(xen.CARD))
            assert card is not None
            assert ("serial", ("ttyS4",), False) == (card.driver, card.ttys, card.pcie)
            assert read.hostname == host.hostname()
            assert (read.boot_id, "serial") == (host.boot_id(), host.driver(card.bdf))
        finally:
            host.close()


def test_this_machine_is_read_as_by_its_own_libraries(tmp_path: Path) -> None:
    """sysfs and /proc of a real kernel, through a login that is not confined."""
    with open_dom0(tmp_path / "host", "gnu") as dom0:
        dom0.unconfine()
        with dom0.connected() as connection:
            host = RemoteHost(connection)
            try:
                read, local = fields(host.inventory()), fields(probe())
            finally:
                host.close()
    # The one is logged in over the loopback, the other perhaps not; processes come and go.
    for name in ("ssh_interfaces", "ttys"):
        del read[name], local[name]
    assert local == read


HOSTILE = [
    ("f", "/../../outside", b"x"),
    ("f", "/a/../../../outside", b"x"),
    ("l", "/way-out", b"/../../../../etc/passwd"),
    ("l", "/up", b"../../../../.."),
    ("f", "/up/outside", b"x"),
    ("l", "/abs", b"/etc"),
    ("f", "/abs/hostname", b"theirs"),
    ("L", "/sys/dir", b"/../../outside-folder"),
    ("l", "/loop", b"loop"),
    ("f", "/loop/x", b"x"),
    ("f", "/", b"x"),
    ("f", "/..", b"x"),
    ("f", "/with\0nul", b"x"),
    ("l", "/link-nul", b"a\0b"),
    ("s", "/config", b"99999999 ff"),
    ("?", "/what", b"x"),
]


def stream(*items: tuple[str, str, bytes]) -> bytes:
    return b"".join(
        b"%s %s\n%s\n%s=\n" % (kind.encode(), name.encode(), data, MARK)
        for kind, name, data in items
    )


def test_nothing_leads_out_of_the_folder(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "root"
    root.mkdir(parents=True)
    tree.unpack(root, stream(*HOSTILE), MARK)
    assert [root.parent] == list(tmp_path.iterdir())
    assert [root] == list(root.parent.iterdir())
    for place in root.rglob("*"):
        assert place.resolve().is_relative_to(root)
    assert b"theirs" == (root / "etc/hostname").read_bytes()


NAMES = st.lists(st.sampled_from(["a", "b", "..", ".", "c"]), min_size=1, max_size=5).map("/".join)
ITEMS = st.tuples(
    st.sampled_from("flLds"),
    NAMES.map(lambda name: f"/{name}"),
    st.one_of(NAMES, NAMES.map(lambda name: f"/{name}")).map(str.encode),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(ITEMS, max_size=12))
def test_whatever_links_and_names_there_are_nothing_leads_out(
    tmp_path_factory: pytest.TempPathFactory, told: list[tuple[str, str, bytes]]
) -> None:
    base = tmp_path_factory.mktemp("tree")
    root = base / "x" / "root"
    root.mkdir(parents=True)
    tree.unpack(root, stream(*told), MARK)
    assert [root.parent] == list(base.iterdir())
    assert [root] == list(root.parent.iterdir())
    for place in root.rglob("*"):
        assert place.resolve().is_relative_to(root)


@pytest.mark.parametrize("bad", [b"f", b"f /x\nno mark", b"nonsense\n" + MARK + b"=\n"])
def test_what_is_no_stream_is_refused(tmp_path: Path, bad: bytes) -> None:
    with pytest.raises(Problem) as caught:
        tree.unpack(tmp_path, bad, MARK)
    assert "ssh-stream" == caught.value.code
    assert [] == list(tmp_path.iterdir())


def test_a_driver_is_changed_in_the_order_of_the_toolstack(tmp_path: Path) -> None:
    card = Bdf.parse(xen.CARD)
    with open_dom0(tmp_path / "host", "gnu") as dom0, dom0.connected() as connection:
        there = xen.build(dom0)
        kernel = xen.Kernel(there, connection)
        host = RemoteHost(kernel)
        try:
            host.change_driver(card, "serial", "pciback")
            assert "pciback" == host.driver(card)
            assert ["serial/unbind", "pciback/new_slot", "pciback/bind"] == kernel.written
            host.change_driver(card, "pciback", "serial")
            assert "serial" == host.driver(card)
            kernel.refuses = "pciback/bind"
            with pytest.raises(Problem) as caught:
                host.change_driver(card, "serial", "pciback")
            assert ("driver-refused", "serial") == (caught.value.code, host.driver(card))
            assert "No such device" in caught.value.summary
        finally:
            host.close()


def test_a_card_that_was_put_in_meanwhile_is_read_whole(tmp_path: Path) -> None:
    with open_dom0(tmp_path / "host", "busybox") as dom0, dom0.connected() as connection:
        there = xen.build(dom0)
        host = RemoteHost(connection)
        first = host.inventory()
        other = there.tree.pci("pci0000:00/0000:00:1a.0", "8086:293c", "0c0320", irq="16\n")
        there.tree.file(f"{other}/config", bytes(60) + b"\x10\x01\0\0")
        new = host.inventory().function(Bdf.parse("0000:00:1a.0"))
        assert new is not None
        assert (True, False) == (new.intx, new.pcie)
        assert first.function(new.bdf) is None
        host.close()


def test_a_login_that_is_confined_to_nothing_is_told(tmp_path: Path) -> None:
    with open_dom0(tmp_path / "host", "busybox") as dom0, dom0.connected() as connection:
        host = RemoteHost(connection)
        with pytest.raises(Problem) as caught:
            host.inventory()
        host.close()
    assert "ssh-unreadable" == caught.value.code


def test_a_reboot_is_asked_for_and_the_connection_ends_in_order(tmp_path: Path) -> None:
    with open_dom0(tmp_path / "host", "busybox") as dom0, dom0.connected() as connection:
        xen.build(dom0)
        (dom0.root / "bin/sleep").unlink()  # nobody waits in a test
        (dom0.root / "bin/sleep").write_text("#!/bin/sh\n")
        (dom0.root / "bin/sleep").chmod(0o755)
        host = RemoteHost(connection)
        host.reboot()
        assert host.boot_id()
        host.close()
        (dom0.root / "bin/shutdown").unlink()
        with pytest.raises(Problem) as caught:
            host.reboot()
    assert "reboot-failed" == caught.value.code


def test_the_rule_of_what_is_sparse() -> None:
    assert b"\1\2\0\0\x10" == tree._spread(b"0 01 02\n4 10\n")


def test_a_machine_without_ip_is_told(tmp_path: Path) -> None:
    with open_dom0(tmp_path / "host", "gnu") as dom0, dom0.connected() as connection:
        xen.build(dom0)
        (dom0.root / "bin/ip").unlink()
        host = RemoteHost(connection)
        assert any("no program ip" in fact for fact in host.inventory().unread)
        host.close()
