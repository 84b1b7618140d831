"""What this host itself uses, and the PCI function that each use hangs on.

One list serves every rule that asks "what would be lost": for the function chosen, for a bridge
above others, and for a neighbour that has to come along.
"""

from __future__ import annotations

from functools import cached_property

from serialpass_tui.core import cards
from serialpass_tui.core.consoles import consoles
from serialpass_tui.core.rules import catalogue
from serialpass_tui.core.rules.finding import Severity
from serialpass_tui.core.text import printable
from serialpass_tui.lazy import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.inventory import Disk, Inventory, Nic, UsbDevice
    from serialpass_tui.core.pool import Pool, StorageRepository
    from serialpass_tui.core.rules.finding import Rule

OTHER_DEVICE = "Choose another device: the host needs this one."


@frozen
class Use:
    """Something of this host that is lost when the function at `bdf` is given away."""

    bdf: Bdf
    rule: Rule
    what: str
    """In words that follow the device's name: `carries / on disk sda`."""
    remedy: str = OTHER_DEVICE
    weight: Severity | None = None
    """Where the rule has several severities and this is not the gravest."""

    @property
    def severity(self) -> Severity:
        """How much it weighs that the host loses this."""
        return self.weight or self.rule.severities[0]


@frozen
class Uses:
    """Everything that a host uses, in the order in which it is told; one list for all devices."""

    all: tuple[Use, ...]
    keyboards: tuple[Bdf, ...]
    """The controllers that have a keyboard on them."""

    def on(self, bdfs: Iterable[Bdf], chosen: frozenset[Bdf]) -> tuple[Use, ...]:
        """The uses of these functions; `chosen` weighs what there is more than one of."""
        numbers = (number for bdf in dict.fromkeys(bdfs) for number in self._numbers.get(bdf, ()))
        return tuple(self._weighed(self.all[number], chosen) for number in sorted(numbers))

    def _weighed(self, use: Use, chosen: frozenset[Bdf]) -> Use:
        if use.rule is not catalogue.KEYBOARD:
            return use
        lost = chosen | {use.bdf}
        left = next((bdf for bdf in self.keyboards if bdf not in lost), None)
        if left is None:
            return use
        return replace(
            use,
            what=f"{use.what}; one on {left.short} is left",
            remedy="Make sure that the other keyboard is the one in front of this host.",
            weight=Severity.WARN,
        )

    @cached_property
    def _numbers(self) -> Mapping[Bdf, Sequence[int]]:
        found: dict[Bdf, list[int]] = {}
        for number, use in enumerate(self.all):
            found.setdefault(use.bdf, []).append(number)
        return found


def uses(inventory: Inventory, pool: Pool | None, *, now: bool) -> Uses:
    """Everything that this host uses, on whatever function.

    `now` weighs what a reboot would end by itself.
    """
    found = (
        use
        for part in (
            _disks(inventory, pool),
            _nics(inventory, pool),
            _vga(inventory),
            _usb(inventory),
            _consoles(inventory),
            _holders(inventory, now=now),
            _logins(inventory),
            _remote_consoles(inventory),
        )
        for use in part
    )
    boards = (device.controller for device in _keyboards(inventory))
    return Uses(tuple(found), tuple(bdf for bdf in boards if bdf is not None))


def lost_with(
    inventory: Inventory, all_uses: Uses, bdf: Bdf, chosen: frozenset[Bdf]
) -> tuple[Use, ...]:
    """The uses of a function and of all that lies behind it.

    pciback seizes whatever has a hidden bridge above it (Linux
    drivers/xen/xen-pciback/pci_stub.c, pcistub_match).
    """
    return all_uses.on((bdf, *(item.bdf for item in inventory.behind(bdf))), chosen)


# Disks ---------------------------------------------------------------------------------------

_MEMBERS = {
    "LVM2_member": "LVM (on XenServer most often a storage repository)",
    "LVM": "LVM (on XenServer most often a storage repository)",
    "linux_raid_member": "a software RAID",
    "RAID": "a software RAID",
    "mpath_member": "a multipath device",
    "multipath": "a multipath device",
    "device-mapper": "a device-mapper device",
    "zfs_member": "a ZFS pool",
    "crypto_LUKS": "an encrypted volume",
    "crypt": "an encrypted volume",
    "drbd": "DRBD",
    "ceph_bluestore": "Ceph",
}
_SR_MOUNTS = ("/run/sr-mount", "/var/run/sr-mount")


def _disks(inventory: Inventory, pool: Pool | None) -> Iterator[Use]:
    found = any(disk.booted or any(map(_is_boot, disk.mounts)) for disk in inventory.disks)
    for disk in inventory.disks:
        if disk.bdf is None:
            continue
        carried = tuple(_carried(disk, pool))
        if disk.esp and inventory.uefi and not found:
            carried += (
                (catalogue.ESP_DISK, "an ESP, perhaps the one that this host starts from,"),
            )
        name = f"disk {printable(disk.name)}"
        if carried:
            what = "carries " + " and ".join(words for _, words in carried) + f" on {name}"
            remedy = OTHER_DEVICE
            if carried[0][0] in {catalogue.MOUNTED_DISK, catalogue.SWAP_DISK}:
                remedy = "Unmount it or swap it off first, if the host does not need it."
            yield Use(disk.bdf, carried[0][0], what, remedy)
        else:
            yield Use(
                disk.bdf,
                catalogue.DISK,
                f"has {name} on it, which this host does not use now",
                "The disk goes to the VM as well: make sure that nobody misses it.",
            )


def _carried(disk: Disk, pool: Pool | None) -> Iterator[tuple[Rule, str]]:
    """What a disk carries, gravest first: rule and words."""
    if "/" in disk.mounts:
        yield catalogue.ROOT_DISK, "this host's root file system"
    boot = [mount for mount in disk.mounts if _is_boot(mount)]
    if boot:
        yield catalogue.BOOT_DISK, printable(" and ".join(boot))
    if disk.booted:
        yield catalogue.BOOTED_DISK, "the boot loader that the firmware started"
    repositories = [sr for sr in (pool.srs if pool else ()) if _is_on(sr, disk)]
    for sr in repositories:
        yield catalogue.SR_DISK, f"storage repository {printable(sr.name, 40)}"
    mounts = [mount for mount in disk.mounts if mount != "/" and mount not in boot]
    if not repositories and any(mount.startswith(_SR_MOUNTS) for mount in mounts):
        yield catalogue.SR_DISK, "a storage repository"
    mounts = [mount for mount in mounts if not mount.startswith(_SR_MOUNTS)]
    if not repositories:
        signs = (*disk.signatures, *disk.holders)
        for words in dict.fromkeys(_MEMBERS[sign] for sign in signs if sign in _MEMBERS):
            yield catalogue.DISK_MEMBER, words
    if mounts:
        yield catalogue.MOUNTED_DISK, "file systems mounted at " + printable(", ".join(mounts))
    if disk.swap:
        yield catalogue.SWAP_DISK, "swap space"


def _is_boot(mount: str) -> bool:
    """Whether what is mounted there is read before there is a root file system."""
    return mount in {"/boot", "/efi"} or mount.startswith("/boot/")


def _is_on(sr: StorageRepository, disk: Disk) -> bool:
    """Whether an SR's PBD names this disk, one of its partitions, or its SCSI id."""
    own = {name.rsplit("/", 1)[-1] for name in (disk.name, *disk.ids)}
    for device in sr.device.split(","):
        name = device.strip().rsplit("/", 1)[-1]
        if not name:
            continue
        whole = name.rpartition("-part")[0] or name
        if name in own or whole in own or any(item.endswith(f"-{name}") for item in own):
            return True
        if _is_partition(name, disk.name):
            return True
    return False


def _is_partition(name: str, disk: str) -> bool:
    """Whether `name` is sda3 of sda or nvme0n1p3 of nvme0n1."""
    stem = disk + "p" if disk[-1:].isdigit() else disk
    return name.startswith(stem) and name.removeprefix(stem).isdigit()


# Network -------------------------------------------------------------------------------------


def _nics(inventory: Inventory, pool: Pool | None) -> Iterator[Use]:
    known = pool is not None and bool(pool.pifs)
    for nic in inventory.nics:
        if nic.bdf is None:
            continue
        name = f"network interface {printable(nic.name)}"
        if not set(inventory.ssh_interfaces).isdisjoint((nic.name, *nic.carries)):
            what = f"is {name}, by which your SSH session comes in"
            yield Use(nic.bdf, catalogue.SSH_SESSION, what)
        pif = _pif(nic, pool)
        if pif:
            yield Use(nic.bdf, catalogue.PIF, f"is {name}, {pif}")
        elif nic.addresses:
            yield Use(nic.bdf, catalogue.INTERFACE, f"is {name}, which has an address")
        elif nic.up:
            weight = Severity.WARN if known else Severity.REFUSE
            yield Use(nic.bdf, catalogue.INTERFACE, f"is {name}, which is up", OTHER_DEVICE, weight)
        else:
            yield Use(
                nic.bdf,
                catalogue.INTERFACE,
                f"is {name}, which is down",
                "The interface goes to the VM as well: make sure that nobody misses it.",
                Severity.WARN,
            )


def _pif(nic: Nic, pool: Pool | None) -> str:
    mac = nic.mac.lower()
    for pif in pool.pifs if pool else ():
        if pif.device == nic.name or (mac and pif.mac.lower() == mac):
            return "the management interface" if pif.management else "a PIF of this host"
    return ""


# The operator's screen and keyboard -------------------------------------------------------------


def _vga(inventory: Inventory) -> Iterator[Use]:
    for function in inventory.pci:
        if function.boot_vga:
            yield Use(function.bdf, catalogue.VGA_CONSOLE, "is the VGA console")


def _usb(inventory: Inventory) -> Iterator[Use]:
    placed = [device for device in inventory.usb if device.controller is not None]
    keyboards = _keyboards(inventory)
    on: dict[Bdf, list[UsbDevice]] = {}
    for device in placed:
        if device.controller is not None:
            on.setdefault(device.controller, []).append(device)
    boards = frozenset(keyboards)
    which = "the only keyboard" if len(keyboards) == 1 else "a keyboard"
    for controller, here in on.items():
        virtual = [name for name in map(cards.bmc_usb, here) if name]
        if virtual:
            yield Use(
                controller,
                catalogue.BMC_USB,
                f"carries the {' and the '.join(virtual)}, which the remote console needs",
            )
        names = [printable(device.name, 50) for device in here if device in boards]
        if names:
            yield Use(
                controller,
                catalogue.KEYBOARD,
                f"has {which} on it ({', '.join(names)})",
                "Plug the keyboard into a port of another controller and look again.",
            )


def _keyboards(inventory: Inventory) -> list[UsbDevice]:
    """The keyboards that somebody may sit at."""
    return [
        device
        for device in inventory.usb
        if device.controller is not None and device.is_keyboard and not cards.bmc_usb(device)
    ]


# Serial consoles ---------------------------------------------------------------------------------


_OWNERS = {"dom0": catalogue.CONSOLE_DOM0, "Xen": catalogue.CONSOLE_XEN}


def _consoles(inventory: Inventory) -> Iterator[Use]:
    lines = consoles(inventory)
    written = {tty.name for tty in inventory.ttys if tty.console}
    for function in inventory.pci:
        ttys = inventory.ttys_at(function.bdf)
        seen: set[str] = set()
        for line in lines:
            if line.owner in seen or not line.is_on(function, ttys):
                continue
            seen.add(line.owner)
            is_it = "is" if line.bdf or line.tty else "may be"
            yield Use(
                function.bdf,
                _OWNERS[line.owner],
                f"{is_it} {line.owner}'s console: {printable(line.word, 40)} in {line.where}",
                "Choose another device, or move the console first (every boot entry counts).",
            )
        if "dom0" not in seen and not written.isdisjoint(ttys):
            yield Use(
                function.bdf,
                catalogue.CONSOLE_DOM0,
                "is dom0's console: the kernel writes to its tty now",
                "Choose another device, or move dom0's console first.",
            )


def _holders(inventory: Inventory, *, now: bool) -> Iterator[Use]:
    for tty in inventory.ttys:
        place = inventory.place_of(tty)
        if place is None or not tty.holders:
            continue
        names = ", ".join(f"{printable(item.name, 20)} ({item.pid})" for item in tty.holders)
        if any("getty" in item.name for item in tty.holders):
            remedy = f"Disable the login on it: systemctl disable --now serial-getty@{tty.name}."
        elif now:
            remedy = f"End {names} first, or hide the device at boot instead."
        else:
            remedy = f"The reboot ends {names}; see that nothing starts it again."
        yield Use(
            place,
            catalogue.TTY_IN_USE,
            f"is in use: {names} holds {printable(tty.name)} open",
            remedy,
            Severity.REFUSE if now else Severity.WARN,
        )


def _logins(inventory: Inventory) -> Iterator[Use]:
    for tty in inventory.ttys:
        place = inventory.place_of(tty)
        running = any("getty" in item.name for item in tty.holders)
        if place is None or not tty.login or running:
            continue
        login = printable(tty.login, 60)
        unit = login.endswith(".service")
        yield Use(
            place,
            catalogue.GETTY,
            f"has a login configured on {printable(tty.name)} ({login})",
            f"Disable it: systemctl disable --now {login}."
            if unit
            else f"Take the line with {printable(tty.name)} out of {login}, then telinit q.",
        )


def _remote_consoles(inventory: Inventory) -> Iterator[Use]:
    for function in inventory.pci:
        words = cards.lookalike(function)
        if words:
            yield Use(function.bdf, catalogue.REMOTE_CONSOLE, f"is {words}")
