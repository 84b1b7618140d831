"""The `xl` of a simulated host with plain Xen: it answers a command line as the real one does.

Rows are formatted as tools/xl/xl_info.c list_domains() does, complaints are worded as libxl and
libxlu word them (xen-project/xen, 4.17).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.pool import Guest, PowerState, XlHost
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import frozen, replace

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from serialpass_tui.sim.host import SimHost

_STEPS = 4
"""How many paces a guest takes to start or to shut down."""
_HEAD = (
    "Name                                        ID   Mem VCPUs\tState\tTime(s)"
    "   UUID                            Reason-Code\tSecurity Label"
)
_DOM0 = "00000000-0000-0000-0000-000000000000"
_NOT_ASSIGNABLE = (
    "libxl: error: libxl_pci.c:1677:libxl__device_pci_add: Domain {domid}:PCI device {bdf} is not "
    "assignable"
)
_COMPLAINTS = {
    "rmrr": "libxl: error: libxl_pci.c:1489:pci_add_dm_done: Domain {domid}:xc_assign_device "
    "failed: Operation not permitted",
    "busy": "libxl: error: libxl_pci.c:1489:pci_add_dm_done: Domain {domid}:xc_assign_device "
    "failed: Device or resource busy",
    "no-iommu": "libxl: error: libxl_create.c:1070:libxl__domain_config_setdefault: Domain "
    "{domid}:passthrough not supported on this platform",
    "pciback": "libxl: error: libxl_pci.c:445:libxl_device_pci_assignable_list: Looks like "
    "pciback driver not loaded",
}
_NO_SHUTDOWN = "PV control interface not available: external graceful shutdown not possible."


@frozen
class Answer:
    """What a program did."""

    status: int
    stdout: str = ""
    stderr: str = ""


class SimXl:
    """Runs `xl list`, `xl create` and `xl shutdown`; the guests' files are real ones."""

    def __init__(self, host: SimHost, stopped: threading.Event, pace: float = 0.0) -> None:
        self._host = host
        self._stopped = stopped
        self._pace = pace

    def run(self, argv: Sequence[str], *, timeout: float) -> Answer:
        """Run a program as the host would.

        Raises:
            Problem: `command-missing` for any other program; `sim-host-lost`.
        """
        self._host.boot_id()
        del timeout  # nothing here hangs
        match list(argv):
            case ["xl", "list", "-v"]:
                return Answer(0, "\n".join([_HEAD, *map(_row, self._running())]) + "\n")
            case ["xl", "list", "-l"]:
                return Answer(0, "[]\n")
            case ["xl", "create", "-f", path]:
                return self._create(path)
            case ["xl", "shutdown", "-F", domid]:
                return self._shut_down(domid)
        raise Problem(
            Exit.FAILED,
            "command-missing",
            f"The simulated host has no program for `{' '.join(argv)}`.",
            remedy="Use `xl list`, `xl create` or `xl shutdown`.",
        )

    def _pool(self) -> XlHost:
        pool = self._host.store.state.pool
        if not isinstance(pool, XlHost):
            raise TypeError("a host with XAPI has no use for xl")
        return pool

    def _running(self) -> list[Guest]:
        dom0 = Guest(_DOM0, "Domain-0", PowerState.RUNNING, domid=0)
        return [dom0, *(guest for guest in self._pool().vms if guest.domid > 0)]

    def _wait(self) -> None:
        if self._pace:
            self._stopped.wait(self._pace * _STEPS)

    def _create(self, path: str) -> Answer:
        guest = next((one for one in self._pool().vms if one.config == path), None)
        place = self._host.root / path.lstrip("/")
        if guest is None or not place.is_file():
            return Answer(1, "", f"Failed to read config file: {path}: No such file or directory\n")
        domid = self._host.store.state.next_domid
        self._wait()
        devices = _devices(place.read_text())
        complaint = self._complaint(devices)
        if complaint:
            return Answer(1, f"Parsing config from {path}\n", complaint.format(domid=domid) + "\n")
        backend = dict(self._host.store.state.backend or {})
        backend[str(domid)] = tuple(devices)
        here = self._pool().this_host
        started = replace(guest, power_state=PowerState.RUNNING, domid=domid, resident_on=here)
        self._change(guest, started)
        self._host.store.change(next_domid=domid + 1, backend=backend)
        return Answer(0, f"Parsing config from {path}\n")

    def _complaint(self, devices: Sequence[Bdf]) -> str:
        """Why a guest does not get its devices; xl takes them from no driver of dom0."""
        if not devices:
            return ""
        fault = self._host.faults.start_fails
        if fault:
            return _COMPLAINTS.get(fault, fault.replace("{", "{{").replace("}", "}}"))
        state = self._host.store.state
        if not state.registered:
            return _COMPLAINTS["pciback"]
        held = [bdf for given in (state.backend or {}).values() for bdf in given]
        for bdf in devices:
            if bdf in held:
                return _COMPLAINTS["busy"]
            if bdf not in state.taken:
                short = f"{bdf.domain:x}:{bdf.bus:x}:{bdf.slot:x}.{bdf.function:x}"
                return _NOT_ASSIGNABLE.replace("{bdf}", short)
        return ""

    def _shut_down(self, domid: str) -> Answer:
        guest = next((one for one in self._running()[1:] if str(one.domid) == domid), None)
        if guest is None:
            return Answer(1, "", f"{domid} is an invalid domain identifier (rc=-6)\n")
        if self._host.faults.no_guest_tools:
            return Answer(1, "", f"{_NO_SHUTDOWN}\n")
        self._wait()
        backend = dict(self._host.store.state.backend or {})
        backend.pop(domid, None)
        halted = replace(guest, power_state=PowerState.HALTED, domid=-1, resident_on="")
        self._change(guest, halted)
        self._host.store.change(backend=backend)
        return Answer(0, "", f"Shutting down domain {domid}\n")

    def _change(self, old: Guest, new: Guest) -> None:
        pool = self._pool()
        vms = tuple(new if guest == old else guest for guest in pool.vms)
        self._host.store.change(pool=replace(pool, vms=vms))


def guest_file(guest: Guest) -> str:
    """The file of a recorded guest: a recording keeps what it says, not how it is written."""
    lines = [
        f"# {guest.name}, made by the installation script",
        f'name   = "{guest.name}"',
        f'uuid   = "{guest.uuid}"',
        f'type   = "{guest.domain_type}"',
        "memory = 1024",
        "vcpus  = 2",
        f"disk   = [ 'phy:/dev/vg0/{guest.name},xvda,w' ]",
        "vif    = [ 'bridge=xenbr0' ]",
    ]
    if guest.pci:
        items = (f"'{item.partition('/')[2]}'" for item in guest.pci.split(","))
        lines.append(f"pci    = [ {', '.join(items)} ]")
    return "\n".join(lines) + "\n"


def _row(guest: Guest) -> str:
    state = "r-----" if guest.domid == 0 else "-b----"
    row = f"{guest.name:<40} {guest.domid:>5} {1024:>5} {2:>5}     {state}  {12.3:>8.1f}"
    return f"{row} {guest.uuid} {'-':>8} {'-':>16}"


def _devices(text: str) -> list[Bdf]:
    """The devices in a guest's file, in a reading of its own: quoted items of the pci list."""
    listed = re.search(r"^pci *= *\[(.*?)\]", text, re.MULTILINE | re.DOTALL)
    items = re.findall(r"['\"]([^'\"]*)['\"]", listed[1]) if listed else []
    return [Bdf.parse(item if item.count(":") > 1 else f"0000:{item}") for item in items]
