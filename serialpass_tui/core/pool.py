"""Facts of a XAPI pool, and the VM keys that this tool edits."""

from __future__ import annotations

from enum import Enum

from serialpass_tui.core.bdf import Bdf  # noqa: TC001 (the codec resolves these hints at run time)
from serialpass_tui.lazy import frozen


class PowerState(Enum):
    """XAPI's VM.power_state."""

    HALTED = "Halted"
    RUNNING = "Running"
    PAUSED = "Paused"
    SUSPENDED = "Suspended"


@frozen
class Vm:
    """One VM; templates, snapshots and control domains are left out by the toolstack."""

    uuid: str
    name: str
    """name-label: text that a user typed, shown literally."""
    power_state: PowerState
    domain_type: str = "hvm"
    """hvm, pv, pvh, pv_in_pvh or unspecified (VM.domain_type)."""
    domid: int = -1
    resident_on: str = ""
    """Uuid of the host it runs on; empty when it runs nowhere."""
    affinity: str = ""
    """Uuid of the host it prefers; empty: none."""
    ha_restart_priority: str = ""
    other_config: tuple[tuple[str, str], ...] = ()
    blocked_operations: tuple[tuple[str, str], ...] = ()

    @property
    def config(self) -> str:
        """Path of the file that describes it; empty where XAPI keeps the VM."""
        return ""

    @property
    def config_refusal(self) -> str:
        """Why that file cannot be edited, a sentence; empty: it can, or there is none."""
        return ""

    @property
    def pci(self) -> str | None:
        """The value of other-config:pci, None when the key is absent."""
        return dict(self.other_config).get("pci")

    @property
    def ha_protected(self) -> bool:
        """Whether HA restarts it (ha_restart_priority non-empty)."""
        return bool(self.ha_restart_priority)


@frozen
class Guest(Vm):
    """A VM of a host without XAPI: it is the file that describes it."""

    config: str = ""
    """Path of that file; empty where it was started from one that is not known."""
    config_refusal: str = ""


@frozen
class PoolHost:
    """One host of the pool."""

    uuid: str
    name: str
    enabled: bool = True
    iommu: bool | None = None
    """host.chipset_info['iommu']; None where XAPI does not say."""


@frozen
class Pif:
    """A network interface of this host as XAPI knows it."""

    device: str
    management: bool = False
    mac: str = ""


@frozen
class StorageRepository:
    """An SR of this host, with the device its PBD names."""

    uuid: str
    name: str
    type: str
    device: str = ""
    """device-config:device or SCSIid, for example /dev/disk/by-id/... ; empty for file servers."""
    attached: bool = True
    """Whether it is plugged here now (PBD.currently_attached)."""


@frozen
class PoolPci:
    """A PCI function of another host of the pool.

    XAPI knows disk controllers, network cards and displays alone (xapi-project/xen-api
    ocaml/xapi/xapi_pci.ml): that another host is not named here says nothing of its other slots.
    """

    host: str
    """Uuid of that host."""
    bdf: Bdf
    name: str


@frozen
class Pool:
    """What XAPI says, seen from this host."""

    this_host: str
    """Uuid of the host that the tool runs on."""
    master: str
    hosts: tuple[PoolHost, ...]
    vms: tuple[Vm, ...] = ()
    pifs: tuple[Pif, ...] = ()
    srs: tuple[StorageRepository, ...] = ()
    ha_enabled: bool = False
    name: str = ""
    other_pci: tuple[PoolPci, ...] = ()
    """What the other hosts have, as far as XAPI knows."""

    @property
    def toolstack(self) -> str:
        """What owns the VMs: xapi, or xl on a host with plain Xen."""
        return "xapi"

    @property
    def pci_place(self) -> str:
        """Where a VM's devices are written."""
        return "other-config:pci" if self.toolstack == "xapi" else "the pci list of its file"

    @property
    def is_master(self) -> bool:
        """Whether this host is the pool master."""
        return self.this_host == self.master

    def vm(self, uuid: str) -> Vm | None:
        """The VM of that uuid, None where there is none."""
        return next((vm for vm in self.vms if vm.uuid == uuid), None)

    def host_name(self, uuid: str) -> str:
        """The name-label of a host; its uuid where it is unknown."""
        return next((host.name for host in self.hosts if host.uuid == uuid), uuid)


@frozen
class XlHost(Pool):
    """A host with plain Xen: a pool of itself alone."""

    KIND = "xl"
    vms: tuple[Guest, ...] = ()
    toolstack: str = "xl"
