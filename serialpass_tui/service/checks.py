"""Checks: what was expected of the devices and their VM, beside what the host shows."""

from __future__ import annotations

from serialpass_tui.core import vm
from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.text import printable
from serialpass_tui.core.verify import Check
from serialpass_tui.errors import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.inventory import DeviceId
    from serialpass_tui.core.pool import Pool, Vm
    from serialpass_tui.core.ports import Host
    from serialpass_tui.service.scanning import Scan


def checks_of(
    host: Host, scan: Scan, devices: Sequence[DeviceId], vm_uuid: str
) -> tuple[Check, ...]:
    """The devices first, then the VM where one is named and the toolstack answers."""
    found = [
        Check(
            f"{device.bdf} hidden",
            "driver pciback",
            f"driver {standing.driver or 'none'}",
            standing.ready,
            standing.next,
        )
        for device in devices
        for standing in (scan.standing(device.bdf, device),)
    ]
    if vm_uuid and scan.pool is not None:
        found += _vm_checks(host, scan.pool, vm_uuid, [device.bdf for device in devices])
    return tuple(found)


def _vm_checks(host: Host, pool: Pool, uuid: str, bdfs: Sequence[Bdf]) -> list[Check]:
    chosen = pool.vm(uuid)
    if chosen is None:
        look = "`xl list` and /etc/xen have" if pool.toolstack == "xl" else "`xe vm-list` lists"
        return [Check("VM", "present", "gone", passed=False, next=f"{look} the VMs.")]
    named = vm.parse_pci(chosen.pci or "")
    running = chosen.power_state is PowerState.RUNNING
    here = running and chosen.resident_on == pool.this_host
    state = chosen.power_state.value
    if running and not here:
        state = f"on {printable(pool.host_name(chosen.resident_on) or 'no host', 40)}"
    found = [
        Check(
            f"VM {printable(chosen.name, 40)} names the device",
            _listed(bdfs),
            _named(pool, chosen),
            set(bdfs) <= set(named),
            "Bind again in step 4.",
        ),
        Check("VM runs", "Running on this host", state, here, "Start it in step 5."),
    ]
    log = "/var/log/xen/" if pool.toolstack == "xl" else "/var/log/xensource.log"
    return [*found, _backend_check(host, chosen.domid, bdfs, log)] if here else found


def _named(pool: Pool, chosen: Vm) -> str:
    """The devices of a VM as what keeps it writes them."""
    if pool.toolstack == "xl":
        return _listed(vm.parse_pci(chosen.pci or "")) or "none in its file"
    return printable(chosen.pci or "key absent", 60)


def _backend_check(host: Host, domid: int, bdfs: Sequence[Bdf], log: str) -> Check:
    name, expected = "Device in the VM's backend", _listed(bdfs)
    try:
        backend = host.backend_devices(domid)
    except Problem as problem:
        return Check(name, expected, problem.summary, passed=False, next=problem.remedy)
    return Check(
        name,
        expected,
        _listed(backend) or "none",
        set(bdfs) <= set(backend),
        "The VM was started before it was bound, or the device failed: shut the VM "
        f"down and start it; see {log}.",
    )


def _listed(bdfs: Sequence[Bdf]) -> str:
    return ", ".join(map(str, bdfs))
