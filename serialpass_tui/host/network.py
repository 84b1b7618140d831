"""Network interfaces: which hardware is behind each, and by which the operator is logged in."""

from __future__ import annotations

from contextlib import suppress

from serialpass_tui.core.inventory import Nic
from serialpass_tui.host.sysfs import text
from serialpass_tui.lazy import frozen, pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from ipaddress import IPv4Address, IPv6Address
    from pathlib import Path

    from serialpass_tui.host.sysfs import Device

_DATAPATH = "ovs-system"
"""The master of every port of Open vSwitch: sysfs does not say which of them are one bridge."""
_ANCESTORS = 64
_PARENT = pattern(r"(?m)^PPid:\s*(\d+)")


@frozen
class Interface:
    """A network interface as the libraries tell it."""

    up: bool = False
    addresses: tuple[str, ...] = ()
    mac: str = ""


@frozen
class Connection:
    """An SSH session's two ends."""

    client: str
    server: str


def nics(
    devices: Iterable[Device], interfaces: Mapping[str, Interface], root: Path
) -> tuple[Nic, ...]:
    """The interfaces that hardware is behind, with the addresses of what lies above each."""
    known = {device.name: device for device in devices}
    vlans = _old_vlans(root)
    found = []
    for device in known.values():
        if not device.has("device"):
            continue
        own = interfaces.get(device.name, Interface())
        carries = _above(device.name, known, vlans)
        addresses = dict.fromkeys(own.addresses)
        for name in carries:
            addresses |= dict.fromkeys(interfaces.get(name, Interface()).addresses)
        bdf = next(iter(device.functions_above), None)
        found.append(Nic(device.name, bdf, own.up, tuple(addresses), own.mac, carries))
    return tuple(sorted(found, key=lambda nic: nic.name))


def _above(name: str, known: Mapping[str, Device], vlans: Mapping[str, str]) -> tuple[str, ...]:
    """The bonds, bridges and VLANs that an interface is a part of, as far up as it goes."""
    found: list[str] = []
    waiting = [name]
    while waiting:
        here = waiting.pop(0)
        device = known.get(here)
        above = [vlan for vlan, below in vlans.items() if below == here]
        if device is not None:
            above += [device.link("master"), device.link("brport/bridge")]
            above += [
                entry.removeprefix("upper_")
                for entry in device.names()
                if entry.startswith("upper_")
            ]
        new = [item for item in dict.fromkeys(above) if item and item not in (name, *found)]
        found += new
        waiting += new
    return tuple(found)


def _old_vlans(root: Path) -> dict[str, str]:
    """VLANs and what they run over, for kernels whose sysfs has no `upper_` links (before 3.14)."""
    rows = [line.split("|") for line in text(root / "proc/net/vlan/config").splitlines()]
    return {row[0].strip(): row[2].strip() for row in rows if len(row) == 3}


def ssh_interfaces(
    root: Path,
    pid: int,
    devices: Iterable[Device],
    interfaces: Mapping[str, Interface],
    unread: list[str],
) -> tuple[str, ...]:
    """The interfaces by which the SSH session above process `pid` comes in, and its answers go.

    Both are looked for: a host answers an address of one interface on any other.
    """
    masters = {device.name: device.link("master") for device in devices}
    found: dict[str, None] = {}
    for connection in connections(root, pid):
        names = [*_holding(connection.server, interfaces), *_route(root, connection.client)]
        if not names:
            unread.append("by which interface your SSH session comes in")
        found |= dict.fromkeys(names)
        if any(masters.get(name) == _DATAPATH for name in names):
            found[_DATAPATH] = None
    return tuple(found)


def connections(root: Path, pid: int) -> tuple[Connection, ...]:
    """The SSH session that a process was started in, from its own and its ancestors' environment.

    sudo takes SSH_CONNECTION away (sudoers(5), env_reset), and a terminal multiplexer keeps the
    one that it was started with: hence every ancestor is asked.
    """
    found: dict[Connection, None] = {}
    for _ in range(_ANCESTORS):
        place = root / "proc" / str(pid)
        with suppress(OSError):
            for item in (place / "environ").read_bytes().split(b"\0"):
                name, _, value = item.decode("utf-8", "replace").partition("=")
                words = value.split()
                if name == "SSH_CONNECTION" and len(words) == 4:
                    found[Connection(words[0], words[2])] = None
        parent = _PARENT.search(text(place / "status"))
        if parent is None or int(parent[1]) < 2:
            break
        pid = int(parent[1])
    return tuple(found)


def _holding(server: str, interfaces: Mapping[str, Interface]) -> Iterator[str]:
    """The interfaces that have an address; a link-local one names its interface itself."""
    _, percent, scope = server.partition("%")
    wanted = _address(server)
    for name, interface in interfaces.items():
        if name == scope if percent else wanted in map(_address, interface.addresses):
            yield name


def _route(root: Path, client: str) -> Iterator[str]:
    """The interface of the most specific route to an address (proc(5), /proc/net/route)."""
    wanted = _address(client)
    if wanted is None or "%" in client:
        return
    routes = _routes4(root) if wanted.version == 4 else _routes6(root)
    fitting = [
        (length, -metric, name)
        for name, network, length, metric in routes
        if int(wanted) >> (wanted.max_prefixlen - length)
        == network >> (wanted.max_prefixlen - length)
    ]
    if fitting:
        yield max(fitting)[2]


def _routes4(root: Path) -> Iterator[tuple[str, int, int, int]]:
    for line in text(root / "proc/net/route").splitlines()[1:]:
        words = line.split()
        with suppress(ValueError, IndexError):
            network, mask = (int.from_bytes(bytes.fromhex(words[at]), "little") for at in (1, 7))
            yield words[0], network, mask.bit_count(), int(words[6])


def _routes6(root: Path) -> Iterator[tuple[str, int, int, int]]:
    for line in text(root / "proc/net/ipv6_route").splitlines():
        words = line.split()
        with suppress(ValueError, IndexError):
            if words[9] != "lo":
                yield words[9], int(words[0], 16), int(words[1], 16), int(words[5], 16)


def _address(spelled: str) -> IPv4Address | IPv6Address | None:
    """An address; IPv4 in IPv6's clothes is IPv4."""
    import ipaddress  # for who looks over the network

    try:
        parsed = ipaddress.ip_address(spelled.partition("%")[0])
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed
