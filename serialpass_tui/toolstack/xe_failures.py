"""What `xe` complains of, as XAPI's failure codes.

xe prints the description of a failure that XAPI knows, then a line for each parameter, but not its
code; only of one that has no description does it print the code (xapi-project/xen-api
ocaml/xapi-cli-server/cli_util.ml and xapi_cli.ml, ocaml/xe-cli/newcli.ml). The descriptions are
ocaml/idl/datamodel_errors.ml's, and datamodel.ml's before; the words for the operator are the same
as those for a failure that comes over XML-RPC. xe ends with status 1 for all of them.
"""

from __future__ import annotations

from serialpass_tui.errors import NOTHING_CHANGED, Problem
from serialpass_tui.lazy import pattern
from serialpass_tui.toolstack.answers import Refused, unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.toolstack.xl_failures import Completed

# A part of the description by which it is known, in small letters and with "host" for "server":
# later releases say server. The first that is found decides.
_DESCRIBED = (
    ("failed to handle your request, due to an internal error", "INTERNAL_ERROR"),
    ("on a vm that was not in an appropriate power state", "VM_BAD_POWER_STATE"),
    ("not valid for a template vm", "VM_IS_TEMPLATE"),
    ("specified vm is protected by", "VM_IS_PROTECTED"),
    ("needs the cooperative shutdown feature", "VM_LACKS_FEATURE_SHUTDOWN"),
    ("on a vm which lacks the feature", "VM_LACKS_FEATURE"),
    ("requires pv drivers to be installed", "VM_MISSING_PV_DRIVERS"),
    ("didn't acknowledge the need to shutdown", "VM_FAILED_SHUTDOWN_ACK"),
    ("failed to shutdown before the timeout expired", "VM_SHUTDOWN_TIMEOUT"),
    ("doesn't have access to an sr needed by the vm", "VM_REQUIRES_SR"),
    ("doesn't have a pif on a network needed by the vm", "VM_REQUIRES_NET"),
    ("i/o virtualization (iommu/vt-d)", "VM_REQUIRES_IOMMU"),
    ("one or more pci devices passed through", "VM_HAS_PCI_ATTACHED"),
    ("no hosts available to complete", "NO_HOSTS_AVAILABLE"),
    ("until after it has rebooted", "HOST_DISABLED_UNTIL_REBOOT"),
    ("because the host is not disabled", "HOST_NOT_DISABLED"),
    ("specified host is disabled", "HOST_DISABLED"),
    ("not enough host memory", "HOST_NOT_ENOUGH_FREE_MEMORY"),
    ("regular api calls directly on a slave", "HOST_IS_SLAVE"),
    ("toolstack is still initialising", "HOST_STILL_BOOTING"),
    ("involves a host which could not be contacted", "HOST_OFFLINE"),
    ("running in emergency mode", "HOST_IN_EMERGENCY_MODE"),
    ("would invalidate vm failover planning", "HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN"),
    ("ha daemon could not access the heartbeat disk", "HA_HOST_CANNOT_ACCESS_STATEFILE"),
    ("was explicitly blocked", "OPERATION_BLOCKED"),
    ("attempted an operation that was not allowed", "OPERATION_NOT_ALLOWED"),
    ("another operation involving the object", "OTHER_OPERATION_IN_PROGRESS"),
    ("gave an invalid object reference", "HANDLE_INVALID"),
    ("uuid you supplied was invalid", "UUID_INVALID"),
    ("to a map, but that key is already there", "MAP_DUPLICATE_KEY"),
    ("gave an invalid session reference", "SESSION_INVALID"),
    ("rbac permission denied", "RBAC_PERMISSION_DENIED"),
    ("call a method that does not exist", "MESSAGE_METHOD_UNKNOWN"),
    ("was asynchronously cancel", "TASK_CANCELLED"),
    ("your license lacks a needed feature", "LICENSE_RESTRICTION"),
)
_SAID = (
    ("Username/password must be specified", "SESSION_AUTHENTICATION_FAILED"),
    ("Authentication failed", "SESSION_AUTHENTICATION_FAILED"),
    ("Unknown command", "MESSAGE_METHOD_UNKNOWN"),
)
"""What xe says of itself, without a description of XAPI's."""

# xe never reached XAPI with these, so that nothing has come of the call.
_UNREACHED = pattern(
    r"Unable to contact server|Failed to contact a running|Host '.*' not found"
    r"|Error: .* \(calling connect"
)
_LOST = pattern(r"Lost connection to the server|Server internal error|Error: .* \(calling ")
_CODE, _VALUES = "Error code: ", "Error parameters: "
_PARAMETER = pattern(r"[^:]{1,40}: ")
_NO_KEY = " not found in map"


def failure(done: Completed, doubt: str) -> Refused | Problem:
    """What a call of xe that ended with an error comes to.

    Args:
        done: What xe did.
        doubt: What is true of the host when XAPI's answer was lost.
    """
    text = done.stderr.strip("\n") or done.stdout.strip("\n")
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if _UNREACHED.match(line):
            return unavailable(line, NOTHING_CHANGED)
        if _LOST.match(line):
            return unavailable(line, doubt)
        for part, code in _SAID:
            if line.startswith(part):
                return Refused([code, line])
        code = _code(line)
        if code:
            return Refused([code, *_parameters(line, lines[number + 1 :])])
    return Refused(["FAILURE", text or f"xe ended with status {done.status}"])


def is_no_key(failed: Refused) -> bool:
    """Whether xe says that a map has no such key; it is an internal failure to it."""
    return failed.details[0] in {"INTERNAL_ERROR", "FAILURE"} and failed.details[-1].endswith(
        _NO_KEY
    )


def _code(line: str) -> str:
    """The failure code that a line tells; empty where it tells none."""
    if line.startswith(_CODE):
        return line.removeprefix(_CODE)
    plain = line.lower().replace("server", "host")
    return next((code for part, code in _DESCRIBED if part in plain), "")


def _parameters(first: str, lines: list[str]) -> list[str]:
    """What follows a failure; a line that names no parameter belongs to the one before."""
    if first.startswith(_CODE):
        return "\n".join(lines).removeprefix(_VALUES).split(", ")
    found: list[str] = []
    for line in lines:
        named = _PARAMETER.match(line)
        if named is not None:
            found.append(line[named.end() :])
        elif found:
            found[-1] += f"\n{line}"
    return found
