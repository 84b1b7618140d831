"""The fields and the complaints of a fake `xe`.

Fields: xapi-project/xen-api ocaml/xapi-cli-server/records.ml, in its order and with its marks.
Complaints: the descriptions in ocaml/idl/datamodel_errors.ml, and the names of the parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

NID = "<not in database>"

# A field's name in xe, what may be done to it, its name in XAPI, and how it is put into words.
Uuid = Callable[[str], str]
"""The uuid of a reference."""
Words = Callable[[Uuid, Any], str]


def text(_: Uuid, value: Any) -> str:
    return str(value)


def truth(_: Uuid, value: Any) -> str:
    return "true" if value else "false"


def link(uuid: Uuid, value: Any) -> str:
    return uuid(value)


def mapping(_: Uuid, value: Any) -> str:
    return "; ".join(f"{key}: {held}" for key, held in value.items())


def state(_: Uuid, value: Any) -> str:
    return str(value).lower()


def domain(_: Uuid, value: Any) -> str:
    return str(value).replace("_", "-")


FIELDS: dict[str, list[tuple[str, str, str, Words]]] = {
    "VM": [
        ("uuid", "( RO)", "uuid", text),
        ("name-label", "( RW)", "name_label", text),
        ("name-description", "( RW)", "name_description", text),
        ("is-a-template", "( RW)", "is_a_template", truth),
        ("is-a-snapshot", "( RO)", "is_a_snapshot", truth),
        ("is-control-domain", "( RO)", "is_control_domain", truth),
        ("power-state", "( RO)", "power_state", state),
        ("blocked-operations", "(MRW)", "blocked_operations", mapping),
        ("domain-type", "( RW)", "domain_type", domain),
        ("HVM-boot-policy", "( RW)", "HVM_boot_policy", text),
        ("resident-on", "( RO)", "resident_on", link),
        ("affinity", "( RW)", "affinity", link),
        ("other-config", "(MRW)", "other_config", mapping),
        ("dom-id", "( RO)", "domid", text),
        ("ha-always-run", "( RW) [DEPRECATED]", "ha_always_run", truth),
        ("ha-restart-priority", "( RW)", "ha_restart_priority", text),
    ],
    "host": [
        ("uuid", "( RO)", "uuid", text),
        ("name-label", "( RW)", "name_label", text),
        ("enabled", "( RO)", "enabled", truth),
        ("other-config", "(MRW)", "other_config", mapping),
        ("chipset-info", "(MRO)", "chipset_info", mapping),
    ],
    "pool": [
        ("uuid", "( RO)", "uuid", text),
        ("name-label", "( RW)", "name_label", text),
        ("master", "( RO)", "master", link),
        ("ha-enabled", "( RO)", "ha_enabled", truth),
    ],
    "PIF": [
        ("uuid", "( RO)", "uuid", text),
        ("device", "( RO)", "device", text),
        ("MAC", "( RO)", "MAC", text),
        ("physical", "( RO)", "physical", truth),
        ("VLAN", "( RO)", "VLAN", text),
        ("management", "( RO)", "management", truth),
        ("host-uuid", "( RO)", "host", link),
    ],
    "SR": [
        ("uuid", "( RO)", "uuid", text),
        ("name-label", "( RW)", "name_label", text),
        ("type", "( RO)", "type", text),
    ],
    "PBD": [
        ("uuid", "( RO)", "uuid", text),
        ("host-uuid", "( RO)", "host", link),
        ("sr-uuid", "( RO)", "SR", link),
        ("device-config", "(MRO)", "device_config", mapping),
        ("currently-attached", "( RO)", "currently_attached", truth),
    ],
    "PCI": [
        ("uuid", "( RO)", "uuid", text),
        ("vendor-name", "( RO)", "vendor_name", text),
        ("device-name", "( RO)", "device_name", text),
        ("host-uuid", "( RO)", "host", link),
        ("pci-id", "( RO)", "pci_id", text),
    ],
}

ERRORS: dict[str, tuple[str, list[str]]] = {
    "INTERNAL_ERROR": (
        "The server failed to handle your request, due to an internal error. The given message may give details useful for debugging the problem.",
        ["message"],
    ),
    "VM_BAD_POWER_STATE": (
        "You attempted an operation on a VM that was not in an appropriate power state at the time; for example, you attempted to start a VM that was already running. The parameters returned are the VM's handle, and the expected and actual VM state at the time of the call.",
        ["vm", "expected", "actual"],
    ),
    "VM_IS_TEMPLATE": (
        "The operation attempted is not valid for a template VM",
        ["vm"],
    ),
    "VM_LACKS_FEATURE": (
        "You attempted an operation on a VM which lacks the feature.",
        ["vm"],
    ),
    "HOST_DISABLED": (
        "The specified server is disabled.",
        ["host"],
    ),
    "HOST_NOT_DISABLED": (
        "This operation cannot be performed because the host is not disabled. Please disable the host and then try again.",
        [],
    ),
    "HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN": (
        "This operation cannot be performed because it would invalidate VM failover planning such that the system would be unable to guarantee to restart protected VMs after a Host failure.",
        [],
    ),
    "HA_HOST_CANNOT_ACCESS_STATEFILE": (
        "The host could not join the liveset because the HA daemon could not access the heartbeat disk.",
        [],
    ),
    "OPERATION_BLOCKED": (
        "You attempted an operation that was explicitly blocked (see the blocked_operations field of the given object).",
        ["ref", "code"],
    ),
    "OPERATION_NOT_ALLOWED": (
        "You attempted an operation that was not allowed.",
        ["reason"],
    ),
    "UUID_INVALID": (
        "The uuid you supplied was invalid.",
        ["type", "uuid"],
    ),
    "RBAC_PERMISSION_DENIED": (
        "RBAC permission denied.",
        ["permission", "message"],
    ),
    "TASK_CANCELLED": (
        "The request was asynchronously canceled.",
        ["task"],
    ),
    "VM_IS_PROTECTED": (
        "This operation cannot be performed because the specified VM is protected by xHA",
        ["vm"],
    ),
    "VM_LACKS_FEATURE_SHUTDOWN": (
        "You attempted an operation which needs the cooperative shutdown feature on a VM which lacks it.",
        ["vm"],
    ),
    "VM_MISSING_PV_DRIVERS": (
        "You attempted an operation on a VM which requires PV drivers to be installed but the drivers were not detected.",
        ["vm"],
    ),
    "VM_FAILED_SHUTDOWN_ACK": (
        "VM didn't acknowledge the need to shutdown.",
        ["vm"],
    ),
    "VM_SHUTDOWN_TIMEOUT": (
        "VM failed to shutdown before the timeout expired",
        ["vm", "timeout"],
    ),
    "VM_REQUIRES_SR": (
        "You attempted to run a VM on a host which doesn't have access to an SR needed by the VM. The VM has at least one VBD attached to a VDI in the SR.",
        ["vm", "sr"],
    ),
    "VM_REQUIRES_NET": (
        "You attempted to run a VM on a host which doesn't have a PIF on a Network needed by the VM. The VM has at least one VIF attached to the Network.",
        ["vm", "network"],
    ),
    "VM_REQUIRES_IOMMU": (
        "You attempted to run a VM on a host which doesn't have I/O virtualization (IOMMU/VT-d) enabled, which is needed by the VM.",
        ["host"],
    ),
    "VM_HAS_PCI_ATTACHED": (
        "This operation could not be performed, because the VM has one or more PCI devices passed through.",
        ["vm"],
    ),
    "NO_HOSTS_AVAILABLE": (
        "There were no servers available to complete the specified operation.",
        [],
    ),
    "HOST_DISABLED_UNTIL_REBOOT": (
        "The specified server is disabled and cannot be re-enabled until after it has rebooted.",
        ["host"],
    ),
    "HOST_NOT_ENOUGH_FREE_MEMORY": (
        "Not enough server memory is available to perform this operation.",
        ["needed", "available"],
    ),
    "HOST_IS_SLAVE": (
        "You cannot make regular API calls directly on a slave. Please pass API calls via the master host.",
        ["Master IP address"],
    ),
    "HOST_STILL_BOOTING": (
        "The host toolstack is still initialising. Please wait.",
        [],
    ),
    "HOST_OFFLINE": (
        "You attempted an operation which involves a host which could not be contacted.",
        ["host"],
    ),
    "HOST_IN_EMERGENCY_MODE": (
        "Cannot perform operation as the host is running in emergency mode.",
        [],
    ),
    "OTHER_OPERATION_IN_PROGRESS": (
        "Another operation involving the object is currently in progress",
        ["class", "object"],
    ),
    "HANDLE_INVALID": (
        "You gave an invalid object reference. The object may have recently been deleted. The class parameter gives the type of reference given, and the handle parameter echoes the bad value given.",
        ["class", "handle"],
    ),
    "MAP_DUPLICATE_KEY": (
        "You tried to add a key-value pair to a map, but that key is already there.",
        ["type", "param_name", "uuid", "key"],
    ),
    "SESSION_INVALID": (
        "You gave an invalid session reference. It may have been invalidated by a server restart, or timed out. You should get a new session handle, using one of the session.login_ calls. This error does not invalidate the current connection. The handle parameter echoes the bad value given.",
        ["handle"],
    ),
    "MESSAGE_METHOD_UNKNOWN": (
        "You tried to call a method that does not exist. The method name that you used is echoed.",
        ["method"],
    ),
    "LICENSE_RESTRICTION": (
        "This operation is not allowed because your license lacks a needed feature. Please contact your support representative.",
        ["feature"],
    ),
}
