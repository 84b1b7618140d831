"""What a diagnosis is made from."""

from __future__ import annotations

from serialpass_tui.core import boot, safety
from serialpass_tui.core.doctoring.memory import Memory, remembered
from serialpass_tui.core.hide_list import dialect_for
from serialpass_tui.core.text import printable
from serialpass_tui.core.vm import parse_pci
from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.boot import BootFile, Entry
    from serialpass_tui.core.hide_list import Dialect, Reading
    from serialpass_tui.core.installing import Own
    from serialpass_tui.core.inventory import Inventory, PciFunction
    from serialpass_tui.core.job import Job, LockFile
    from serialpass_tui.core.pool import Pool, Vm
    from serialpass_tui.core.verify import HideState
    from serialpass_tui.errors import Problem


@frozen
class Facts:
    """One host, and what is remembered of it."""

    inventory: Inventory
    pool: Pool | None
    boot: BootFile | None
    boot_problem: Problem | None
    hide: HideState
    guests: Mapping[str, bytes]
    """The files of guests that xl keeps, by the guests' uuids."""
    jobs: tuple[Job, ...] = ()
    journal_problem: Problem | None = None
    lock: LockFile | None = None
    own_lost: tuple[str, ...] = ()
    """The paths of this tool's own files that are gone or changed."""
    own_repair: tuple[Own, ...] = ()
    """What puts them back."""
    own_problem: Problem | None = None
    """Why nothing does."""

    @property
    def running(self) -> bool:
        """Whether the host is the one that the tool runs on, and not a disk mounted there.

        Of a mounted disk nobody knows what it was booted with, nor which devices that host has.
        """
        return bool(self.inventory.cmdline)

    @property
    def functions(self) -> tuple[PciFunction, ...] | None:
        """The host's PCI functions; None where they are not known."""
        return self.inventory.pci if self.running else None

    @property
    def dialect(self) -> Dialect:
        """The dialect of the kernel that the boot file boots; without one, of that which runs."""
        kernel = self.inventory.kernel
        return self.boot.dialect(kernel) if self.boot is not None else dialect_for(kernel)

    @property
    def boot_path(self) -> str:
        """The boot file's path, safe to show; empty where there is none."""
        return printable(self.boot.path) if self.boot is not None else ""

    @property
    def has_xapi(self) -> bool:
        """Whether XAPI keeps this host's VMs; a mounted disk tells by /etc/xensource-inventory."""
        if self.pool is not None:
            return self.pool.toolstack == "xapi"
        return bool(self.inventory.product.brand or self.inventory.product.host_uuid)

    @property
    def edited(self) -> tuple[Entry, ...]:
        """The boot entries whose list is this tool's concern."""
        return boot.edited_entries(self.boot) if self.boot is not None else ()

    @property
    def default(self) -> Reading | None:
        """What the kernel makes of the default entry; None where that is not known."""
        return boot.default_reading(self.boot, self.dialect) if self.boot is not None else None

    @property
    def memory(self) -> Memory:
        """What the journal tells of devices."""
        return remembered(self.jobs)

    def users(self) -> tuple[tuple[Vm, tuple[Bdf, ...]], ...]:
        """The VMs that get devices of this host, with those that XAPI or xl reads."""
        if self.pool is None:
            return ()
        found = ((vm, parse_pci(vm.pci or "")) for vm in self.pool.vms if vm.pci is not None)
        return tuple((vm, bdfs) for vm, bdfs in found if self.is_here(vm))

    def is_here(self, vm: Vm) -> bool:
        """Whether a VM's addresses are those of this host: in a pool each host has its own."""
        if self.pool is None:
            return False
        place = vm.resident_on or vm.affinity
        return place == self.pool.this_host or (not place and len(self.pool.hosts) == 1)

    @property
    def this_host(self) -> str:
        """The uuid of this host in its pool; empty where no pool is known."""
        return self.pool.this_host if self.pool is not None else ""

    def safe(self, bdfs: Iterable[Bdf]) -> tuple[tuple[Bdf, ...], tuple[str, ...]]:
        """Those of `bdfs` that may be hidden, and why the others may not, a sentence each."""
        left = tuple(dict.fromkeys(bdfs))
        reasons: dict[str, None] = {}
        while left:
            found = safety.refusals(safety.findings(self.inventory, self.pool, left))
            refused = {finding.bdf for finding in found}
            if not refused:
                break
            reasons |= dict.fromkeys(finding.reason for finding in found)
            left = tuple(bdf for bdf in left if bdf not in refused)
        return left, tuple(reasons)
