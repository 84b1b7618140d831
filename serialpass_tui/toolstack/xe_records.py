"""The records of XAPI's classes, as `xe` lists them, in the shape that XML-RPC gives them.

Names of xe's fields: xapi-project/xen-api ocaml/xapi-cli-server/records.ml (ocaml/xapi/records.ml
before). Here a uuid stands for a reference. xe spells power states in small letters, domain types
with dashes, and what refers to nothing as `<not in database>`.
"""

from __future__ import annotations

from serialpass_tui.core.vm import BLOCKED_OPERATIONS
from serialpass_tui.toolstack.xe_output import pairs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from serialpass_tui.toolstack.xe_calls import XeCalls
    from serialpass_tui.toolstack.xe_output import Row

    Records = dict[str, dict[str, Any]]

_VM_FIELDS = (
    "power-state",
    "domain-type",
    "dom-id",
    "resident-on",
    "affinity",
    "ha-restart-priority",
)
_VM_TEXTS = ("name-label", "other-config", "blocked-operations")
_OF_USERS = ("is-control-domain=false", "is-a-snapshot=false")
"""Templates xe lists under another command."""
_POLICY = "HVM-boot-policy"
_UNTYPED = "unspecified"


def vms(xe: XeCalls, uuid: str = "") -> Records:
    """The VMs, or the one of that uuid; none where there is none."""
    where = (f"uuid={uuid}",) if uuid else _OF_USERS
    rows = xe.rows("vm", _VM_FIELDS, _VM_TEXTS, where)
    other = xe.maps("vm", rows, "other-config", ("pci",))
    blocked = xe.maps("vm", rows, "blocked-operations", BLOCKED_OPERATIONS)
    policies: dict[str, str] = {}
    if any(row.get("domain-type", _UNTYPED) == _UNTYPED for row in rows):
        policies = {row["uuid"]: row[_POLICY] for row in xe.rows("vm", (), (_POLICY,), where)}
    return {
        row["uuid"]: {
            "uuid": row["uuid"],
            "name_label": row["name-label"],
            "power_state": row["power-state"].capitalize(),
            "domain_type": row.get("domain-type", _UNTYPED).replace("-", "_"),
            "HVM_boot_policy": policies.get(row["uuid"], ""),
            "domid": row["dom-id"],
            "resident_on": row["resident-on"],
            "affinity": row["affinity"],
            "ha_restart_priority": row.get("ha-restart-priority", ""),
            "other_config": other_config,
            "blocked_operations": blocked_operations,
        }
        for row, other_config, blocked_operations in zip(rows, other, blocked, strict=True)
    }


def hosts(xe: XeCalls) -> Records:
    """The hosts of the pool."""
    return {
        row["uuid"]: {
            "uuid": row["uuid"],
            "name_label": row["name-label"],
            "enabled": _flag(row, "enabled"),
            "chipset_info": pairs(row.get("chipset-info", ""), {}),
        }
        for row in xe.rows("host", ("enabled", "chipset-info"), ("name-label",))
    }


def pool(xe: XeCalls) -> dict[str, Any]:
    """The pool; every host has one, if only of itself."""
    row = xe.rows("pool", ("master", "ha-enabled"), ("name-label",))[0]
    return {
        "master": row["master"],
        "ha_enabled": _flag(row, "ha-enabled"),
        "name_label": row["name-label"],
    }


def pifs(xe: XeCalls, host: str) -> Records:
    """The interfaces of a host with hardware behind them."""
    rows = xe.rows(
        "pif", ("device", "MAC", "management"), where=(f"host-uuid={host}", "physical=true")
    )
    return {
        row["uuid"]: {
            "device": row["device"],
            "MAC": row["MAC"],
            "management": _flag(row, "management"),
            "physical": True,
            "host": host,
        }
        for row in rows
    }


def srs(xe: XeCalls) -> Records:
    """The SRs of the pool."""
    return {
        row["uuid"]: {
            "uuid": row["uuid"],
            "name_label": row["name-label"],
            "type": row["type"],
        }
        for row in xe.rows("sr", ("type",), ("name-label",))
    }


def pbds(xe: XeCalls, host: str) -> Records:
    """What plugs the SRs into a host."""
    where = (f"host-uuid={host}",)
    rows = xe.rows("pbd", ("sr-uuid", "currently-attached"), ("device-config",), where)
    configs = xe.maps("pbd", rows, "device-config", ("device", "SCSIid"))
    return {
        row["uuid"]: {
            "SR": row["sr-uuid"],
            "host": host,
            "device_config": config,
            "currently_attached": _flag(row, "currently-attached"),
        }
        for row, config in zip(rows, configs, strict=True)
    }


def pcis(xe: XeCalls) -> Records:
    """The PCI functions that XAPI knows, as named by the hosts' own lists of ids."""
    rows = xe.rows("pci", ("vendor-name", "device-name", "host-uuid", "pci-id"))
    return {
        row["uuid"]: {
            "vendor_name": row["vendor-name"],
            "device_name": row["device-name"],
            "host": row["host-uuid"],
            "pci_id": row["pci-id"],
        }
        for row in rows
    }


def _flag(row: Row, field: str) -> bool:
    return row[field] == "true"
