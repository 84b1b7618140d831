"""XAPI's records as facts of a pool.

Field names and types: xapi-project/xen-api ocaml/idl/datamodel*.ml. Integers travel as strings,
references as `OpaqueRef:...`, and fields that an older XAPI does not have are absent.
"""

from __future__ import annotations

from contextlib import suppress

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.pool import (
    Pif,
    Pool,
    PoolHost,
    PoolPci,
    PowerState,
    StorageRepository,
    Vm,
)
from serialpass_tui.errors import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    Record = Mapping[str, Any]
    Records = Mapping[str, Record]

NULL = "OpaqueRef:NULL"
_NOT_A_VM = ("is_a_template", "is_default_template", "is_a_snapshot", "is_control_domain")


def is_vm(record: Record) -> bool:
    """Whether it is a VM that an operator would call one.

    XAPI keeps templates, snapshots and dom0 itself in the same class.
    """
    return not any(record.get(field, False) for field in _NOT_A_VM)


def vm_of(record: Record, hosts: Mapping[str, str]) -> Vm:
    """The VM of a record; `hosts` maps references to uuids."""
    return Vm(
        uuid=record["uuid"],
        name=record["name_label"],
        power_state=PowerState(record["power_state"]),
        domain_type=_domain_type(record),
        domid=int(record["domid"]),
        resident_on=hosts.get(record["resident_on"], ""),
        affinity=hosts.get(record["affinity"], ""),
        ha_restart_priority=record.get("ha_restart_priority", ""),
        other_config=_sorted(record["other_config"]),
        blocked_operations=_sorted(record.get("blocked_operations", {})),
    )


def pool_of(
    this_host: str,
    pool: Record,
    *,
    hosts: Records,
    vms: Records,
    pifs: Records,
    srs: Records,
    pbds: Records,
    pcis: Records,
) -> Pool:
    """The pool as seen from the host whose reference is `this_host`."""
    uuids = {ref: host["uuid"] for ref, host in hosts.items()}
    found = [vm_of(record, uuids) for record in vms.values() if is_vm(record)]
    return Pool(
        this_host=uuids[this_host],
        master=uuids.get(pool["master"], ""),
        hosts=tuple(sorted(map(_host_of, hosts.values()), key=lambda host: host.name)),
        vms=tuple(sorted(found, key=lambda vm: (vm.name.casefold(), vm.uuid))),
        pifs=tuple(sorted(_pifs_of(this_host, pifs), key=lambda pif: pif.device)),
        srs=tuple(sorted(_srs_of(this_host, srs, pbds), key=lambda sr: (sr.name, sr.uuid))),
        ha_enabled=bool(pool["ha_enabled"]),
        name=pool["name_label"],
        other_pci=tuple(_pcis_of(this_host, pcis, uuids)),
    )


def _domain_type(record: Record) -> str:
    """The domain type; before XenServer 7.5, and in records from then, the boot policy tells it."""
    kind: str = record.get("domain_type", "unspecified")
    if kind != "unspecified":
        return kind
    return "hvm" if record.get("HVM_boot_policy") else "pv"


def _host_of(record: Record) -> PoolHost:
    iommu = record.get("chipset_info", {}).get("iommu")
    return PoolHost(
        uuid=record["uuid"],
        name=record["name_label"],
        enabled=bool(record["enabled"]),
        iommu=None if iommu is None else iommu == "true",
    )


def _pifs_of(this_host: str, pifs: Records) -> list[Pif]:
    """The interfaces of this host with hardware behind them: no VLANs, bonds or tunnels."""
    return [
        Pif(record["device"], management=bool(record["management"]), mac=record["MAC"])
        for record in pifs.values()
        if record["host"] == this_host and record["physical"]
    ]


def _pcis_of(this_host: str, pcis: Records, hosts: Mapping[str, str]) -> Iterator[PoolPci]:
    """The PCI functions of the other hosts that XAPI knows."""
    others = [pci for pci in pcis.values() if pci["host"] != this_host and pci["host"] in hosts]
    for record in sorted(others, key=lambda pci: (hosts[pci["host"]], pci["pci_id"])):
        with suppress(Problem):
            name = f"{record['vendor_name']} {record['device_name']}"
            yield PoolPci(hosts[record["host"]], Bdf.parse(record["pci_id"]), name)


def _srs_of(this_host: str, srs: Records, pbds: Records) -> list[StorageRepository]:
    """The SRs of this host, unplugged ones too: their disks are needed when they are plugged."""
    return [
        StorageRepository(
            uuid=srs[pbd["SR"]]["uuid"],
            name=srs[pbd["SR"]]["name_label"],
            type=srs[pbd["SR"]]["type"],
            device=pbd["device_config"].get("device") or pbd["device_config"].get("SCSIid", ""),
            attached=bool(pbd["currently_attached"]),
        )
        for pbd in pbds.values()
        if pbd["host"] == this_host and pbd["SR"] in srs
    ]


def _sorted(mapping: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(mapping.items()))
