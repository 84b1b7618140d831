"""Which hardware carries what, and by which interface the operator's SSH session comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.host import network
from serialpass_tui.host.network import Connection, Interface
from tests.host.test_facts import CARD, Tree

if TYPE_CHECKING:
    from pathlib import Path

ETH0 = "pci0000:00/0000:00:19.0"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A NIC eth0 with nothing above it, and the loopback interface."""
    found = Tree(tmp_path)
    folder = found.device(f"{ETH0}/net/eth0", "class/net")
    found.link(f"{folder}/device", f"sys/devices/{ETH0}")
    virtual(found, "lo")
    found.links = {
        "lo": Interface(up=True, addresses=("127.0.0.1", "::1")),
        "eth0": Interface(up=True),
    }
    return found


def virtual(tree: Tree, name: str) -> str:
    return tree.device(f"virtual/net/{name}", "class/net")


def above(tree: Tree, lower: str, upper: str, link: str = "") -> None:
    """The link that the kernel makes in `lower`, which exists, for what is made over it."""
    virtual(tree, upper)
    place = (tree.root / "sys/class/net" / lower).resolve().relative_to(tree.root.resolve())
    tree.link(f"{place}/{link or f'upper_{upper}'}", f"sys/class/net/{upper}")


def carried(tree: Tree) -> tuple[str, ...]:
    return tree.gather().nics[0].carries


def test_a_vlan_over_a_bond_under_a_bridge(tree: Tree) -> None:
    above(tree, "eth0", "bond0", "master")
    above(tree, "bond0", "bond0.7")
    above(tree, "bond0.7", "br7", "brport/bridge")
    tree.links["br7"] = Interface(addresses=("10.7.0.5",))
    (nic,) = tree.gather().nics
    assert (("bond0", "bond0.7", "br7"), ("10.7.0.5",)) == (nic.carries, nic.addresses)


def test_a_vlan_of_a_kernel_without_links_upwards(tree: Tree) -> None:
    virtual(tree, "vlan7")
    tree.file(
        "proc/net/vlan/config",
        "VLAN Dev name\t | VLAN ID\nName-Type: VLAN_NAME_TYPE_RAW_PLUS_VID_NO_PAD\n"
        "vlan7          | 7  | eth0\nvlan8          | 8  | eth1\n",
    )
    assert ("vlan7",) == carried(tree)


def test_links_in_a_circle_end(tree: Tree) -> None:
    above(tree, "eth0", "a")
    above(tree, "a", "b")
    tree.link("sys/devices/virtual/net/b/upper_a", "sys/class/net/a")
    assert ("a", "b") == carried(tree)


def session(tree: Tree, value: str, pid: int = 4711, parent: int = 1) -> None:
    """A process, the SSH session in its environment, and its parent."""
    line = f"SSH_CONNECTION={value}".encode() if value else b""
    tree.file(f"proc/{pid}/environ", b"TERM=xterm\0" + line + b"\0")
    tree.file(f"proc/{pid}/status", f"Name:\tsh\nPPid:\t{parent}\n")


@pytest.mark.parametrize(
    ("own", "parent", "expected"),
    [
        ("10.0.0.9 50000 10.0.0.5 22", "", ("10.0.0.9 10.0.0.5",)),
        ("", "10.0.0.9 50000 10.0.0.5 22", ("10.0.0.9 10.0.0.5",)),
        ("10.0.0.9 1 10.0.0.5 22", "10.0.0.9 1 10.0.0.5 22", ("10.0.0.9 10.0.0.5",)),
        ("10.0.0.9 1 10.0.0.5 22", "10.1.0.9 1 10.1.0.5 22",
         ("10.0.0.9 10.0.0.5", "10.1.0.9 10.1.0.5")),
        ("10.0.0.9 1", "", ()),
        ("", "", ()),
    ],
)  # fmt: skip
def test_the_session_of_this_process_or_of_one_above(
    tree: Tree, own: str, parent: str, expected: tuple[str, ...]
) -> None:
    session(tree, own, parent=4000)
    session(tree, parent, 4000)
    found = network.connections(tree.root, 4711)
    assert [Connection(*pair.split()) for pair in expected] == list(found)


def test_a_process_that_is_its_own_ancestor_ends(tree: Tree) -> None:
    session(tree, "10.0.0.9 1 10.0.0.5 22", parent=4711)
    assert (Connection("10.0.0.9", "10.0.0.5"),) == network.connections(tree.root, 4711)


def test_the_interface_that_has_the_address(tree: Tree) -> None:
    above(tree, "eth0", "xenbr0", "brport/bridge")
    tree.links["xenbr0"] = Interface(up=True, addresses=("10.0.0.5", "fe80::5"))
    assert () == tree.gather().ssh_interfaces
    for server in ("10.0.0.5", "::ffff:10.0.0.5", "fe80::5%xenbr0"):
        session(tree, f"10.0.0.9 50000 {server} 22")
        inventory = tree.gather()
        assert ("xenbr0",) == inventory.ssh_interfaces
        assert "xenbr0" in inventory.nics[0].carries


ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth1\t00000000\t0101000A\t0003\t0\t0\t50\t00000000\t0\t0\t0
eth2\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""
ROUTES6 = (
    "20010db8000000000000000000000000 20 00000000000000000000000000000000 00 "
    "00000000000000000000000000000000 00000400 00000001 00000000 00000001     eth3\n"
    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
    "00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n"
)


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        ("192.168.2.7", ("eth2",)),
        ("192.168.3.7", ("eth1",)),
        ("2001:db8::9", ("eth3",)),
        ("2001:db9::9", ()),
        ("nonsense", ()),
    ],
)
def test_the_interface_of_the_way_back(tree: Tree, client: str, expected: tuple[str, ...]) -> None:
    tree.file("proc/net/route", ROUTES)
    tree.file("proc/net/ipv6_route", ROUTES6)
    session(tree, f"{client} 50000 198.51.100.1 22")
    inventory = tree.gather()
    assert expected == inventory.ssh_interfaces
    told = "by which interface your SSH session comes in"
    assert (not expected) == (told in inventory.unread)


def test_every_port_of_open_vswitch_may_be_the_one(tree: Tree) -> None:
    above(tree, "eth0", "ovs-system", "master")
    virtual(tree, "xenbr0")
    tree.link("sys/devices/virtual/net/xenbr0/master", "sys/class/net/ovs-system")
    tree.links["xenbr0"] = Interface(up=True, addresses=("10.0.0.5",))
    session(tree, "10.0.0.9 50000 10.0.0.5 22")
    inventory = tree.gather()
    assert ("xenbr0", "ovs-system") == inventory.ssh_interfaces
    assert ("ovs-system",) == inventory.nics[0].carries


def test_a_second_card_is_not_meant(tree: Tree) -> None:
    folder = tree.device(f"{CARD}/net/eth1", "class/net")
    tree.link(f"{folder}/device", f"sys/devices/{CARD}")
    tree.links["eth1"] = Interface(up=True, addresses=("10.9.0.5",))
    session(tree, "10.9.0.9 50000 10.9.0.5 22")
    inventory = tree.gather()
    assert ("eth1",) == inventory.ssh_interfaces
    assert [("eth0", Bdf(0, 0, 0x19, 0)), ("eth1", Bdf(0, 2, 0, 0))] == [
        (nic.name, nic.bdf) for nic in inventory.nics
    ]
