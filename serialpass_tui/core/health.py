"""How a host is: what it had before a trial boot, held against what it has afterwards."""

from __future__ import annotations

from serialpass_tui.core.inventory import HostFacts
from serialpass_tui.core.text import printable
from serialpass_tui.core.verify import Check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from serialpass_tui.core.inventory import Inventory
    from serialpass_tui.core.pool import Pool

_MOUNTS = ("/", "/boot", "/boot/efi")
"""The file systems without which a host is not itself."""


def facts_of(inventory: Inventory, pool: Pool | None) -> HostFacts:
    """The facts of a host that was just read."""
    mounted = {mount for disk in inventory.disks for mount in disk.mounts}
    return HostFacts(
        tuple(mount for mount in _MOUNTS if mount in mounted),
        tuple((sr.uuid, sr.name) for sr in pool.srs if sr.attached) if pool else (),
        _management(inventory, pool),
        pool.toolstack if pool else "",
    )


def _management(inventory: Inventory, pool: Pool | None) -> str:
    """The management interface by XAPI; with plain Xen the first one that is up."""
    named = [pif.device for pif in pool.pifs if pif.management] if pool else []
    macs = {pif.mac.lower() for pif in pool.pifs if pif.management and pif.mac} if pool else set()
    up = [nic for nic in inventory.nics if nic.up]
    chosen = [nic for nic in up if nic.name in named or nic.mac.lower() in macs]
    xapi = pool is not None and pool.toolstack == "xapi"
    return next((nic.name for nic in (chosen if xapi else up)), "")


def checks(before: HostFacts, after: HostFacts) -> tuple[Check, ...]:
    """What the host had before the reboot, and whether it has it now; only what it had counts."""
    found = [
        Check(
            "File systems mounted",
            " ".join(before.mounts),
            " ".join(after.mounts) or "none",
            set(before.mounts) <= set(after.mounts),
            "`findmnt` and `dmesg` tell what is missing.",
        )
    ]
    if before.toolstack:
        name = "XAPI" if before.toolstack == "xapi" else "xl"
        look = "`systemctl status xapi`" if before.toolstack == "xapi" else "`xl info`"
        found.append(
            Check(
                f"{name} answers",
                "yes",
                "yes" if after.toolstack else "no",
                bool(after.toolstack),
                f"It may need a minute after a boot: look again. Then see {look}.",
            )
        )
    if before.management:
        found.append(
            Check(
                "Management interface",
                f"{before.management} up",
                f"{after.management} up" if after.management else "down",
                before.management == after.management,
                f"`ip addr show` and `dmesg | grep {before.management}`.",
            )
        )
    if before.srs:
        missing = [sr for sr in before.srs if sr not in after.srs]
        found.append(
            Check(
                "Storage attached",
                _counted(before.srs),
                f"without {_names(missing)}" if missing else _counted(before.srs),
                not missing,
                "It may need a minute after a boot: look again. Then see `xe pbd-list`.",
            )
        )
    return tuple(found)


def _counted(srs: tuple[tuple[str, str], ...]) -> str:
    return "1 SR" if len(srs) == 1 else f"{len(srs)} SRs"


def _names(srs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(printable(name, 30) for _, name in srs)
