"""A recording without names, numbers and addresses that identify a site.

Every identifier gets one pseudonym in the whole recording, so that what belongs together still
does: a VM and its affinity, an SR and its disk, a NIC and its PIF.
"""

from __future__ import annotations

import ipaddress
import re

from serialpass_tui.core.inventory import BootText, Disk, Inventory, Nic, Recording, Xen
from serialpass_tui.core.pool import XlHost
from serialpass_tui.lazy import pattern, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from serialpass_tui.core.pool import Pif, Pool, PoolHost, StorageRepository, Vm

KEPT_KEYS = {"pci", "hvm_serial", "msitranslate", "auto_poweroff"}
"""The other-config keys whose values decide something here; the rest may hold anything."""

HIDDEN = "(redacted)"

_UUID = pattern(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")
_MAC = pattern(
    r"(?<![0-9A-Fa-f:])(?:[0-9A-Fa-f]{2}([:-]))(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}"
    r"(?![0-9A-Fa-f:-])"
)
# Only where a kernel argument can hold an address: kernel versions have four parts as well.
_IPV4 = pattern(r"(?<=[=:@,/\[])(?:\d{1,3}\.){3}\d{1,3}(?![\w.-])")
_IPV6 = pattern(r"(?<=\[)[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?=\])")
_PASSWORD = pattern(r"(?im)^(\s*(?:password(?:_pbkdf2)?|menu\s+(?:master\s+)?passwd)\s+).*$")
_BY_ID = pattern(r"(?:.*/)?(?P<id>[^/]+?)(?P<part>-part\d+)?")
_BY_ID_FOLDER = "/dev/disk/by-id/"
# Product names as host names: to replace them in a boot file would change what it boots.
_PRODUCT_WORDS = {"xen", "xenserver", "xcp-ng", "localhost", "linux", "boot"}


class Pseudonyms:
    """One stand-in for each identifier, in the order in which they are met."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}

    def of(self, kind: str, value: str, spell: Callable[[int], str]) -> str:
        """The stand-in for `value`; nothing stands for nothing."""
        if not value:
            return value
        known = self._given.get((kind, value))
        if known is None:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            known = self._given[kind, value] = spell(self._counts[kind])
        return known

    def name(self, kind: str, value: str) -> str:
        """`vm-1`, `sr-2` and the like."""
        return self.of(kind, value, lambda count: f"{kind}-{count}")

    def uuid(self, value: str) -> str:
        """A uuid that counts; what is none (an OpaqueRef:NULL) stays."""
        if not _UUID.fullmatch(value):
            return value
        return self.of("uuid", value.lower(), lambda n: f"00000000-0000-4000-8000-{n:012x}")

    def mac(self, value: str) -> str:
        """A locally administered address that counts."""
        dashed = "-" in value
        spelled = self.of(
            "mac",
            value.lower().replace("-", ":"),
            lambda n: "02:00:" + ":".join(f"{n:08x}"[at : at + 2] for at in range(0, 8, 2)),
        )
        return spelled.replace(":", "-") if dashed else spelled

    def address(self, value: str) -> str:
        """An address of the documentation ranges (RFC 5737, RFC 3849); no address stays."""
        try:
            parsed = ipaddress.ip_address(value)
        except ValueError:
            return value
        if parsed.is_unspecified or parsed.is_loopback:
            return value
        if parsed.version == 4:
            return self.of("ipv4", value, lambda n: f"192.0.2.{n % 256}")
        return self.of("ipv6", parsed.compressed, lambda n: f"2001:db8::{n:x}")

    def disk_id(self, value: str) -> str:
        """A by-id name without its serial number; the part number stays."""
        match = _BY_ID.fullmatch(value)
        if match is None or not match["id"]:
            return value
        folder = value[: match.start("id")]
        # A PBD may name the disk by its bare SCSI id, and must go on fitting.
        known = match["id"].removeprefix("scsi-")
        return folder + self.name("disk", known) + (match["part"] or "")


def redact(recording: Recording) -> Recording:
    """The recording with pseudonyms for whatever names a site, a person or one piece of hardware.

    Root labels and uuids in boot files stay: without them no entry can be told from another.
    """
    names = Pseudonyms()
    pool = recording.pool
    hostname = recording.inventory.hostname
    names.name("host", hostname)
    inventory = _inventory(recording.inventory, names)
    return replace(
        recording,
        inventory=inventory,
        pool=None if pool is None else _pool(pool, names),
        note=_prose(recording.note, hostname, names),
    )


def _inventory(inventory: Inventory, names: Pseudonyms) -> Inventory:
    hostname = inventory.hostname

    def clean(text: str) -> str:
        return _prose(text, hostname, names)

    def clean_files(files: tuple[BootText, ...]) -> tuple[BootText, ...]:
        return tuple(
            BootText(file.path, clean(file.data.decode("latin-1")).encode("latin-1"))
            for file in files
        )

    xen = inventory.xen
    return replace(
        inventory,
        hostname=names.name("host", hostname),
        cmdline=clean(inventory.cmdline),
        boot_id=names.uuid(inventory.boot_id),
        product=replace(inventory.product, host_uuid=names.uuid(inventory.product.host_uuid)),
        xen=None if xen is None else Xen(xen.version, clean(xen.cmdline), xen.iommu),
        disks=tuple(_disk(disk, names) for disk in inventory.disks),
        nics=tuple(_nic(nic, names) for nic in inventory.nics),
        boot_files=clean_files(inventory.boot_files),
        settings=clean_files(inventory.settings),
        unread=tuple(_uuids(clean(fact), names) for fact in inventory.unread),
    )


def _disk(disk: Disk, names: Pseudonyms) -> Disk:
    return replace(
        disk,
        mounts=tuple(_uuids(mount, names) for mount in disk.mounts),
        ids=tuple(
            names.disk_id(spelled) if spelled.startswith(_BY_ID_FOLDER) else spelled
            for spelled in disk.ids
        ),
    )


def _nic(nic: Nic, names: Pseudonyms) -> Nic:
    return replace(
        nic,
        mac=names.mac(nic.mac),
        addresses=tuple(names.address(address) for address in nic.addresses),
    )


def _pool(pool: Pool, names: Pseudonyms) -> Pool:
    if isinstance(pool, XlHost):
        pool = _xl_host(pool, names)
    return replace(
        pool,
        this_host=names.uuid(pool.this_host),
        master=names.uuid(pool.master),
        hosts=tuple(_host(host, names) for host in pool.hosts),
        vms=tuple(_vm(vm, names) for vm in pool.vms),
        pifs=tuple(_pif(pif, names) for pif in pool.pifs),
        srs=tuple(_sr(sr, names) for sr in pool.srs),
        other_pci=tuple(replace(pci, host=names.uuid(pci.host)) for pci in pool.other_pci),
        name=names.name("pool", pool.name),
    )


def _xl_host(pool: XlHost, names: Pseudonyms) -> XlHost:
    """Without the names that stand for uuids there, and those of the guests' files."""
    here = names.name("host", pool.this_host)
    guests = (
        replace(
            guest,
            resident_on=guest.resident_on and here,
            config=names.of("file", guest.config, lambda n: f"/etc/xen/guest-{n}.cfg"),
            config_refusal=guest.config_refusal and HIDDEN,
        )
        for guest in pool.vms
    )
    hosts = tuple(replace(host, uuid=here) for host in pool.hosts)
    return replace(pool, this_host=here, master=here, hosts=hosts, vms=tuple(guests))


def _host(host: PoolHost, names: Pseudonyms) -> PoolHost:
    return replace(host, uuid=names.uuid(host.uuid), name=names.name("host", host.name))


def _vm(vm: Vm, names: Pseudonyms) -> Vm:
    return replace(
        vm,
        uuid=names.uuid(vm.uuid),
        # By uuid: two VMs of one name must stay two.
        name=names.name("vm", vm.name and f"{vm.name} {vm.uuid}"),
        resident_on=names.uuid(vm.resident_on),
        affinity=names.uuid(vm.affinity),
        other_config=tuple(
            (key, value if key in KEPT_KEYS else HIDDEN) for key, value in vm.other_config
        ),
        blocked_operations=tuple((key, HIDDEN) for key, _ in vm.blocked_operations),
    )


def _pif(pif: Pif, names: Pseudonyms) -> Pif:
    return replace(pif, mac=names.mac(pif.mac))


def _sr(sr: StorageRepository, names: Pseudonyms) -> StorageRepository:
    devices = (_sr_device(device, names) for device in sr.device.split(","))
    return replace(
        sr,
        uuid=names.uuid(sr.uuid),
        name=names.name("sr", sr.name),
        device=",".join(devices),
    )


def _sr_device(device: str, names: Pseudonyms) -> str:
    """A PBD's device: a by-id name, a SCSI id, or another path."""
    if device.startswith(_BY_ID_FOLDER) or "/" not in device:
        return names.disk_id(device)
    return _uuids(device, names)


def _uuids(text: str, names: Pseudonyms) -> str:
    return _UUID.sub(lambda match: names.uuid(match[0]), text)


def _prose(text: str, hostname: str, names: Pseudonyms) -> str:
    """Command lines and boot files: addresses, passwords and the host name where it is a word."""
    text = _MAC.sub(lambda match: names.mac(match[0]), text)
    text = _IPV4.sub(lambda match: names.address(match[0]), text)
    text = _IPV6.sub(lambda match: names.address(match[0]), text)
    text = _PASSWORD.sub(lambda match: match[1] + HIDDEN, text)
    if not hostname or hostname.lower() in _PRODUCT_WORDS:
        return text
    word = rf"(?<![\w./-]){re.escape(hostname)}(?![\w/-])"
    return re.sub(word, names.name("host", hostname), text)
