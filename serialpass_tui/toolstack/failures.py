"""XAPI's failure codes in an operator's words.

Codes and parameters: xapi-project/xen-api ocaml/idl/datamodel_errors.ml. The texts inside
INTERNAL_ERROR come from ocaml/xapi/xapi_xenops.ml and ocaml/xenopsd/xc/device.ml.
"""

from __future__ import annotations

from serialpass_tui.core.text import printable
from serialpass_tui.errors import NOTHING_CHANGED, Exit, Problem
from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from serialpass_tui.core.pool import PowerState

_DETAIL_LIMIT = 200
_LOOK = "Look at xe task-list and /var/log/xensource.log."


@frozen
class _Words:
    """What a failure means and what to do about it."""

    summary: str
    remedy: str


_CODES = {
    "VM_BAD_POWER_STATE": _Words(
        "The VM is not in the power state that this needs.",
        "See xe vm-list params=name-label,power-state; start or shut the VM down, then try again.",
    ),
    "VM_IS_TEMPLATE": _Words(
        "This is a template or a snapshot; it cannot run.", "Choose a VM made from it."
    ),
    "VM_IS_PROTECTED": _Words(
        "HA protects this VM and does not let it be handled so.",
        "Take it out of HA: xe vm-param-set uuid=UUID ha-restart-priority=",
    ),
    "VM_LACKS_FEATURE": _Words(
        "The VM does not answer a shutdown request: no guest tools run in it.",
        "Shut it down from inside, or by force: xe vm-shutdown force=true uuid=UUID",
    ),
    "VM_LACKS_FEATURE_SHUTDOWN": _Words(
        "The VM does not answer a shutdown request: no guest tools run in it.",
        "Shut it down from inside, or by force: xe vm-shutdown force=true uuid=UUID",
    ),
    "VM_MISSING_PV_DRIVERS": _Words(
        "The VM does not answer a shutdown request: no guest tools run in it.",
        "Shut it down from inside, or by force: xe vm-shutdown force=true uuid=UUID",
    ),
    "VM_FAILED_SHUTDOWN_ACK": _Words(
        "The VM did not take the shutdown request.",
        "Shut it down from inside, or by force: xe vm-shutdown force=true uuid=UUID",
    ),
    "VM_SHUTDOWN_TIMEOUT": _Words(
        "The VM did not shut down in time.",
        "Look at its console; by force: xe vm-shutdown force=true uuid=UUID",
    ),
    "VM_REQUIRES_SR": _Words(
        "A disk of the VM lies on storage that this host does not have.",
        "Eject foreign ISO images, or plug the storage: xe pbd-list host-uuid=UUID",
    ),
    "VM_REQUIRES_NET": _Words(
        "The VM needs a network that this host does not have.",
        "Give this host that network, or remove the interface from the VM.",
    ),
    "VM_REQUIRES_IOMMU": _Words(
        "The VM needs an IOMMU, and this host offers none.",
        "Switch VT-d or AMD-Vi on in the firmware setup, then xl info must list hvm_directio.",
    ),
    "VM_HAS_PCI_ATTACHED": _Words(
        "A VM that holds a PCI device can be neither moved nor suspended.",
        "Shut it down instead.",
    ),
    "NO_HOSTS_AVAILABLE": _Words(
        "No host can start this VM.",
        "xe vm-start uuid=UUID names the reason for each host; a disabled host wants "
        "xe host-enable.",
    ),
    "HOST_DISABLED": _Words(
        "The host is disabled and starts no VMs.", "Enable it: xe host-enable uuid=UUID"
    ),
    "HOST_DISABLED_UNTIL_REBOOT": _Words(
        "The host is disabled until it has rebooted.", "Reboot it, then try again."
    ),
    "HOST_NOT_DISABLED": _Words(
        "The host is still enabled; only a disabled host is rebooted.",
        "Disable it: xe host-disable uuid=UUID, then try again.",
    ),
    "HOST_NOT_ENOUGH_FREE_MEMORY": _Words(
        "The host has not enough free memory for this VM.",
        "Shut another VM down, or give this one less memory.",
    ),
    "HOST_IS_SLAVE": _Words(
        "This host is a member of a pool and its master must be asked.",
        "See that the master runs: xe pool-list params=master; "
        "without it: xe pool-emergency-transition-to-master on this host.",
    ),
    "HOST_STILL_BOOTING": _Words(
        "XAPI is still starting on this host.", "Wait a minute, then try again."
    ),
    "HOST_OFFLINE": _Words(
        "The host is off line for XAPI.", "Check it with xe host-list params=all."
    ),
    "HOST_IN_EMERGENCY_MODE": _Words(
        "The pool master cannot be reached: this host is in emergency mode.",
        "Bring the master back, or xe pool-emergency-transition-to-master here.",
    ),
    "HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN": _Words(
        "High availability forbids it: the pool could no longer restart its protected VMs.",
        "Switch HA off for the while: xe pool-ha-disable; afterwards xe pool-ha-enable.",
    ),
    "HA_HOST_CANNOT_ACCESS_STATEFILE": _Words(
        "High availability forbids it: this host does not reach HA's state file.",
        "Bring the heartbeat SR back, or switch HA off for the while: xe pool-ha-disable.",
    ),
    "OPERATION_BLOCKED": _Words(
        "Somebody has blocked this operation on the VM.",
        "See xe vm-param-get uuid=UUID param-name=blocked-operations; ask who set it.",
    ),
    "OPERATION_NOT_ALLOWED": _Words("XAPI does not allow this now.", _LOOK),
    "OTHER_OPERATION_IN_PROGRESS": _Words(
        "Another operation on it is under way.", "Wait for its end: xe task-list; then try again."
    ),
    "HANDLE_INVALID": _Words(
        "What was asked for is no longer there: somebody removed it.",
        "Read the list again and choose anew.",
    ),
    "UUID_INVALID": _Words(
        "XAPI knows no such uuid.", "Read the list again and choose anew: xe vm-list"
    ),
    "MAP_DUPLICATE_KEY": _Words(
        "Somebody set the same key at the same moment.", "Preview again, then apply again."
    ),
    "SESSION_AUTHENTICATION_FAILED": _Words(
        "XAPI did not let root in.", "Run the tool on dom0 as root."
    ),
    "SESSION_INVALID": _Words("XAPI closed the session.", "Try again."),
    "RBAC_PERMISSION_DENIED": _Words(
        "XAPI does not permit it to this account.", "Run the tool on dom0 as root."
    ),
    "MESSAGE_METHOD_UNKNOWN": _Words(
        "This XAPI is too old for what was asked.", "Update the host, or use xe by hand."
    ),
    "TASK_CANCELLED": _Words("Somebody cancelled the task.", "Try again if that was not meant."),
    "BOOT_DEVICE_PASSTHROUGH_DISALLOWED": _Words(
        "XAPI refuses: the host boots from this device.", "Choose another device."
    ),
    "LICENSE_RESTRICTION": _Words(
        "The licence of this host does not cover it.", "See xe host-license-view."
    ),
}

# What INTERNAL_ERROR says when a PCI device cannot be given to a domain: the first text found in
# it decides. The suffix makes the code: scripts must tell these apart.
_INTERNAL = (
    (
        "pciback has not loaded",
        "pciback-not-loaded",
        _Words(
            "The pciback driver is not there, so that no VM with a PCI device can start.",
            "Look for 'Error parsing pci_devs_to_hide' in dmesg: a hide value that the kernel "
            "cannot read keeps the driver out. Correct the boot entry and reboot.",
        ),
    ),
    (
        "Operation not permitted",
        "pci-rmrr",
        _Words(
            "Xen refuses the device: its firmware shares reserved memory with it (RMRR).",
            "Newer releases allow it for most hardware; else switch legacy USB support or the "
            "remote management of that port off in the firmware setup, or choose another card.",
        ),
    ),
    (
        "Device or resource busy",
        "pci-busy",
        _Words(
            "The device belongs to another running VM.",
            "Shut that VM down, or take the device out of its other-config:pci.",
        ),
    ),
    (
        "No such device",
        "pci-absent",
        _Words(
            "There is no PCI device at the address in other-config:pci.",
            "See lspci -D: an address changes when cards are added or removed.",
        ),
    ),
    (
        "IOMMU unavailable",
        "pci-no-iommu",
        _Words(
            "Xen has no IOMMU, so that it gives PCI devices to no VM.",
            "Switch VT-d or AMD-Vi on in the firmware setup, and see that the Xen command line "
            "has no iommu=off; then xl info must list hvm_directio.",
        ),
    ),
    (
        "Cannot_add",
        "pci-no-iommu",
        _Words(
            "Xen did not accept the PCI device; most often VT-d or AMD-Vi is switched off.",
            "Switch it on in the firmware setup; then xl info must list hvm_directio. "
            "See /var/log/xen/hypervisor.log.",
        ),
    ),
)


def kebab(code: str) -> str:
    """The problem code of a failure code: `VM_BAD_POWER_STATE` is `xapi-vm-bad-power-state`."""
    letters = "".join(char if char.isascii() and char.isalnum() else "-" for char in code.lower())
    return "xapi-" + (letters.strip("-") or "failure")


def from_failure(details: Sequence[object], state: str = NOTHING_CHANGED) -> Problem:
    """The problem that a XenAPI failure (`[code, parameter...]`) is, with the details at its end.

    XAPI names what it dislikes only in the parameters, so they are kept, made safe to show.
    """
    code = str(details[0]) if details else "FAILURE"
    parameters = [str(detail) for detail in details[1:]]
    words = _CODES.get(code, _Words("XAPI refused.", _LOOK))
    problem_code = kebab(code)
    if code == "INTERNAL_ERROR":
        words = _Words("XAPI failed inside.", _LOOK)
        for text, suffix, known in _INTERNAL:
            if any(text in parameter for parameter in parameters):
                problem_code, words = f"xapi-{suffix}", known
                break
    raw = printable(": ".join([code, ", ".join(parameters)]) if parameters else code, _DETAIL_LIMIT)
    return Problem(
        Exit.FAILED, problem_code, f"{words.summary} ({raw})", state=state, remedy=words.remedy
    )


def ha_veto(problem: Problem) -> Problem:
    """The problem that HA's refusal to disable the host is; others stay as they are."""
    if not problem.code.startswith("xapi-ha-"):
        return problem
    return Problem(
        problem.exit_status,
        "ha-veto",
        problem.summary,
        state="The host was neither disabled nor rebooted; nothing was changed.",
        remedy=problem.remedy,
    )


def host_unknown(uuid: str) -> Problem:
    """The problem of a pool in which the host that the tool acts on is not to be found."""
    return Problem(
        Exit.FAILED,
        "xapi-host-unknown",
        f"XAPI does not know this host's uuid {printable(uuid) or '(none is known)'}.",
        remedy="Compare INSTALLATION_UUID in /etc/xensource-inventory with xe host-list.",
    )


def bad_power_state(state: PowerState) -> Problem:
    """The problem of a power state that no VM is brought to here."""
    return Problem(
        Exit.USAGE,
        "bad-power-state",
        f"A VM is started or shut down here, not {state.value.lower()}.",
        remedy="Use xe for that.",
    )


def task_timeout(patience: float, which: str = "") -> Problem:
    """The problem of a VM that takes longer than anybody waits; `which` narrows xe's list."""
    return Problem(
        Exit.FAILED,
        "xapi-task-timeout",
        f"XAPI is not done after {patience:.0f} seconds.",
        state="The VM is still on its way up or down.",
        remedy=f"Watch it: xe task-list{which}; end it: xe task-cancel.",
    )
