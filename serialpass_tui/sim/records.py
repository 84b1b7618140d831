"""The records that a simulated XAPI answers with.

Fields and types as xapi-project/xen-api ocaml/idl/datamodel*.ml has them: integers are strings,
an absent reference is OpaqueRef:NULL. A XAPI before XenServer 7.5 has no VM.domain_type.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from serialpass_tui.core.pool import PowerState, Vm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serialpass_tui.core.inventory import Inventory
    from serialpass_tui.core.pool import Pif, Pool, PoolHost, PoolPci, StorageRepository

Record = dict[str, Any]
Database = dict[str, dict[str, Record]]

NULL = "OpaqueRef:NULL"
_EPOCH = "19700101T00:00:00Z"
_TEMPLATES = ("Debian Bookworm 12", "Other install media", "Windows 10 (64-bit)")
_GIB = 1 << 30


def ref(kind: str, name: str) -> str:
    """The reference of an object: the same in every run."""
    return f"OpaqueRef:{uuid.uuid5(uuid.NAMESPACE_OID, f'{kind} {name}')}"


def database(pool: Pool, facts: Inventory) -> Database:
    """All records by class and reference."""
    old = _release(facts) < (7, 5)
    here = ref("host", pool.this_host)
    machines = [_vm(vm) for vm in pool.vms]
    records: dict[str, list[Record]] = {
        "pool": [_pool(pool)],
        "host": [_host(host, pool, facts) for host in pool.hosts],
        "VM": [*machines, *_not_vms(pool, machines)],
        "PIF": list(_pifs(pool, here)),
        "SR": [_sr(sr) for sr in pool.srs],
        "PBD": [_pbd(sr, here) for sr in pool.srs],
        "PCI": [_pci(item) for item in pool.other_pci],
    }
    if old:
        for record in records["VM"]:
            del record["domain_type"]
    return {
        kind: {ref(kind, record["uuid"]): record for record in found}
        for kind, found in records.items()
    }


def _release(facts: Inventory) -> tuple[int, ...]:
    """The product's version as numbers; one that cannot be read counts as new."""
    parts = facts.product.version.split(".")[:2]
    return tuple(int(part) for part in parts) if all(map(str.isdigit, parts)) else (99,)


def _uuid(kind: str, name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind} {name}"))


def _pool(pool: Pool) -> Record:
    return {
        "uuid": _uuid("pool", pool.master),
        "name_label": pool.name,
        "name_description": "",
        "master": ref("host", pool.master),
        "default_SR": ref("SR", pool.srs[0].uuid) if pool.srs else NULL,
        "other_config": {},
        "ha_enabled": pool.ha_enabled,
        "ha_configuration": {},
        "ha_statefiles": [],
        "ha_host_failures_to_tolerate": "1" if pool.ha_enabled else "0",
        "ha_plan_exists_for": "1" if pool.ha_enabled else "0",
        "ha_allow_overcommit": False,
        "ha_overcommitted": False,
        "tags": [],
        "restrictions": {},
    }


def _host(host: PoolHost, pool: Pool, facts: Inventory) -> Record:
    iommu = {} if host.iommu is None else {"iommu": "true" if host.iommu else "false"}
    residents = [vm.uuid for vm in pool.vms if vm.resident_on == host.uuid]
    return {
        "uuid": host.uuid,
        "name_label": host.name,
        "name_description": "Default install",
        "memory_overhead": "449839104",
        "allowed_operations": ["provision", "vm_start", "disable" if host.enabled else "enable"],
        "current_operations": {},
        "API_version_major": "2",
        "API_version_minor": "21",
        "API_version_vendor": "XenSource",
        "enabled": host.enabled,
        "software_version": {
            "product_version": facts.product.version,
            "product_brand": facts.product.brand,
            "xen": facts.xen.version if facts.xen else "",
            "linux": facts.kernel,
        },
        "other_config": {"boot_time": f"{facts.boot_time}."},
        "capabilities": ["xen-3.0-x86_64", "hvm-3.0-x86_64"],
        "resident_VMs": [ref("VM", name) for name in [_uuid("dom0", host.uuid), *residents]],
        "hostname": host.name,
        "address": "",
        "license_params": {"restrict_usb_passthrough": "false"},
        "ha_statefiles": [],
        "ha_network_peers": [],
        "tags": [],
        "edition": "free",
        "chipset_info": iommu,
        "PIFs": [ref("PIF", _uuid("PIF", pif.device)) for pif in pool.pifs],
        "PBDs": [ref("PBD", _uuid("PBD", sr.uuid)) for sr in pool.srs],
        "PCIs": [],
        "PUSBs": [],
        "multipathing": False,
        "display": "enabled",
        "control_domain": ref("VM", _uuid("dom0", host.uuid)),
    }


def _vm(vm: Vm) -> Record:
    hvm = vm.domain_type != "pv"
    running = vm.power_state in {PowerState.RUNNING, PowerState.PAUSED}
    operations = ["clean_shutdown", "hard_shutdown", "pause"] if running else ["start", "start_on"]
    return {
        "uuid": vm.uuid,
        "allowed_operations": [
            operation for operation in operations if operation not in dict(vm.blocked_operations)
        ],
        "current_operations": {},
        "name_label": vm.name,
        "name_description": "",
        "power_state": vm.power_state.value,
        "user_version": "1",
        "is_a_template": False,
        "is_default_template": False,
        "suspend_VDI": NULL,
        "resident_on": ref("host", vm.resident_on) if vm.resident_on else NULL,
        "affinity": ref("host", vm.affinity) if vm.affinity else NULL,
        "memory_overhead": "20971520",
        "memory_target": str(2 * _GIB),
        "memory_static_max": str(2 * _GIB),
        "memory_dynamic_max": str(2 * _GIB),
        "memory_dynamic_min": str(2 * _GIB),
        "memory_static_min": str(_GIB),
        "VCPUs_params": {},
        "VCPUs_max": "1",
        "VCPUs_at_startup": "1",
        "actions_after_shutdown": "destroy",
        "actions_after_reboot": "restart",
        "actions_after_crash": "restart",
        "consoles": [],
        "VIFs": [],
        "VBDs": [],
        "VUSBs": [],
        "VTPMs": [],
        "PV_bootloader": "" if hvm else "pygrub",
        "PV_kernel": "",
        "PV_ramdisk": "",
        "PV_args": "",
        "PV_bootloader_args": "",
        "PV_legacy_args": "",
        "HVM_boot_policy": "BIOS order" if hvm else "",
        "HVM_boot_params": {"order": "cdn"} if hvm else {},
        "HVM_shadow_multiplier": 1.0,
        "platform": {"acpi": "1", "apic": "true", "nx": "true", "pae": "true", "vga": "std"},
        "PCI_bus": "",
        "other_config": dict(vm.other_config),
        "domid": str(vm.domid),
        "domarch": "",
        "last_boot_CPU_flags": {},
        "is_control_domain": False,
        "metrics": NULL,
        "guest_metrics": NULL,
        "last_booted_record": "",
        "recommendations": "",
        "xenstore_data": {},
        "ha_always_run": False,
        "ha_restart_priority": vm.ha_restart_priority,
        "is_a_snapshot": False,
        "snapshot_of": NULL,
        "snapshots": [],
        "snapshot_time": _EPOCH,
        "tags": [],
        "blocked_operations": dict(vm.blocked_operations),
        "parent": NULL,
        "children": [],
        "bios_strings": {},
        "appliance": NULL,
        "start_delay": "0",
        "shutdown_delay": "0",
        "order": "0",
        "VGPUs": [],
        "attached_PCIs": [],
        "suspend_SR": NULL,
        "version": "0",
        "generation_id": "",
        "hardware_platform_version": "0",
        "has_vendor_device": False,
        "requires_reboot": False,
        "reference_label": "",
        "domain_type": vm.domain_type,
        "NVRAM": {},
    }


def _not_vms(pool: Pool, machines: list[Record]) -> Iterator[Record]:
    """What XAPI keeps in the same class: dom0s, templates, and a snapshot of the first VM."""
    blank = _vm_blank()
    for host in pool.hosts:
        place = ref("host", host.uuid)
        yield blank | {
            "uuid": _uuid("dom0", host.uuid),
            "name_label": f"Control domain on host: {host.name}",
            "power_state": "Running",
            "is_control_domain": True,
            "domid": "0",
            "domarch": "x64",
            "resident_on": place,
            "affinity": place,
            "allowed_operations": ["metadata_export", "changing_dynamic_range"],
        }
    for name in _TEMPLATES:
        yield blank | {
            "uuid": _uuid("template", name),
            "name_label": name,
            "is_a_template": True,
            "is_default_template": True,
            "other_config": {"default_template": "true"},
        }
    yield blank | {
        "uuid": _uuid("template", "own"),
        "name_label": "Our own template",
        "is_a_template": True,
        "other_config": {"pci": "0/0000:02:00.0"},
    }
    for machine in machines[:1]:
        yield machine | {
            "uuid": _uuid("snapshot", machine["uuid"]),
            "name_label": f"{machine['name_label']} snapshot",
            "power_state": "Halted",
            "is_a_template": True,
            "is_a_snapshot": True,
            "snapshot_of": ref("VM", machine["uuid"]),
            "domid": "-1",
            "resident_on": NULL,
        }


def _vm_blank() -> Record:
    return _vm(Vm("", "", PowerState.HALTED, "unspecified")) | {
        "HVM_boot_policy": "",
        "HVM_boot_params": {},
        "PV_bootloader": "",
    }


def _pifs(pool: Pool, here: str) -> Iterator[Record]:
    """This host's interfaces, and a VLAN on each management interface."""
    for pif in pool.pifs:
        yield _pif(pif, here)
        if pif.management:
            yield _pif(pif, here) | {
                "uuid": _uuid("VLAN", pif.device),
                "VLAN": "100",
                "physical": False,
                "management": False,
            }


def _pif(pif: Pif, here: str) -> Record:
    return {
        "uuid": _uuid("PIF", pif.device),
        "device": pif.device,
        "network": NULL,
        "host": here,
        "MAC": pif.mac,
        "MTU": "1500",
        "VLAN": "-1",
        "metrics": NULL,
        "physical": True,
        "currently_attached": True,
        "ip_configuration_mode": "DHCP" if pif.management else "None",
        "IP": "",
        "bond_slave_of": NULL,
        "bond_master_of": [],
        "management": pif.management,
        "other_config": {},
        "disallow_unplug": False,
        "PCI": NULL,
    }


def _sr(sr: StorageRepository) -> Record:
    return {
        "uuid": sr.uuid,
        "name_label": sr.name,
        "name_description": "",
        "allowed_operations": ["scan", "plug", "unplug"],
        "current_operations": {},
        "VDIs": [],
        "PBDs": [ref("PBD", _uuid("PBD", sr.uuid))],
        "virtual_allocation": "0",
        "physical_utilisation": "0",
        "physical_size": "2000000000000",
        "type": sr.type,
        "content_type": "user",
        "shared": not sr.device,
        "other_config": {},
        "tags": [],
        "sm_config": {},
    }


def _pci(item: PoolPci) -> Record:
    """One of another host; those of this host are asked of the kernel, not of XAPI."""
    vendor, _, device = item.name.partition(" ")
    return {
        "uuid": _uuid("PCI", f"{item.host} {item.bdf}"),
        "class_id": "01",
        "class_name": "",
        "vendor_id": "",
        "vendor_name": vendor,
        "device_id": "",
        "device_name": device,
        "host": ref("host", item.host),
        "pci_id": str(item.bdf),
        "functions": "1",
        "dependencies": [],
        "attached_VMs": [],
        "other_config": {},
        "subsystem_vendor_id": "",
        "subsystem_vendor_name": "",
        "subsystem_device_id": "",
        "subsystem_device_name": "",
        "driver_name": "",
    }


def _pbd(sr: StorageRepository, here: str) -> Record:
    key = "device" if "/" in sr.device else "SCSIid"
    return {
        "uuid": _uuid("PBD", sr.uuid),
        "host": here,
        "SR": ref("SR", sr.uuid),
        "device_config": {key: sr.device} if sr.device else {},
        "currently_attached": True,
        "other_config": {},
    }
