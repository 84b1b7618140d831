"""The host at one moment: everything that plans and checks are made from."""

from __future__ import annotations

from functools import cached_property

from serialpass_tui.core import boot, candidates, hide_list, safety, trial, verify
from serialpass_tui.core.inventory import DeviceId
from serialpass_tui.core.rules.uses import uses
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.boot import BootFile
    from serialpass_tui.core.candidates import Candidate
    from serialpass_tui.core.changes import Reboot
    from serialpass_tui.core.inventory import HostFacts, Inventory
    from serialpass_tui.core.job import Job
    from serialpass_tui.core.pool import Pool
    from serialpass_tui.core.ports import Host, Toolstack
    from serialpass_tui.core.rules.uses import Uses
    from serialpass_tui.core.safety import Finding
    from serialpass_tui.core.trial import Stage
    from serialpass_tui.core.verify import Standing


@frozen
class Scan:
    """The host at one moment, with what the tool makes of it."""

    inventory: Inventory
    pool: Pool | None
    pool_problem: Problem | None
    """Why there is no pool: XAPI is down or xl fails, or this is no host at all."""
    boot: BootFile | None
    boot_notes: tuple[str, ...]
    boot_problem: Problem | None
    candidates: tuple[Candidate, ...]
    hide: verify.HideState

    @property
    def toolstack(self) -> str:
        """What owns this host's VMs, xapi or xl, also while it does not answer."""
        if self.pool is not None:
            return self.pool.toolstack
        failed = self.pool_problem.code if self.pool_problem is not None else ""
        return "xl" if failed.startswith("xl-") else "xapi"

    def reboot(self) -> Reboot:
        """The restart that this boot has still before it."""
        from serialpass_tui.core.changes import Reboot  # for who plans one

        return Reboot(self.inventory.boot_id, self.toolstack)

    def trial(self, job: Job | None) -> Stage:
        """Where the trial boot of a job stands."""
        boot_id, trying = self.inventory.boot_id, self.hide.trying
        present = self.boot is not None and boot.trial_entry(self.boot) is not None
        return trial.stage(job, boot_id, present=present, trying=trying)

    @property
    def host(self) -> HostFacts:
        """How the host is, for a look at it after a trial boot."""
        from serialpass_tui.core import health  # for who has a trial boot

        return health.facts_of(self.inventory, self.pool)

    def identities(self, bdfs: Iterable[Bdf]) -> tuple[DeviceId, ...]:
        """Those of these devices that are there, as a job notes them."""
        functions = (self.inventory.function(bdf) for bdf in bdfs)
        return tuple(DeviceId.of(function) for function in functions if function is not None)

    def standing(self, bdf: Bdf, expected: DeviceId | None = None) -> Standing:
        """Where one device stands."""
        return verify.standing(self.inventory, self.pool, self.hide, bdf, expected)

    def standings(self, bdfs: Sequence[Bdf]) -> tuple[Standing, ...]:
        """Where each of these devices stands."""
        return tuple(self.standing(bdf) for bdf in bdfs)

    def findings(self, bdfs: Sequence[Bdf], *, now: bool = False) -> tuple[Finding, ...]:
        """What the safety rules say of hiding these devices together, or of taking them `now`."""
        known = self._uses_now if now else self._uses_at_boot
        return safety.findings(self.inventory, self.pool, bdfs, now=now, known=known)

    @cached_property
    def _uses_at_boot(self) -> Uses:
        return uses(self.inventory, self.pool, now=False)

    @cached_property
    def _uses_now(self) -> Uses:
        return uses(self.inventory, self.pool, now=True)

    def unhide_findings(self, bdfs: Sequence[Bdf]) -> tuple[Finding, ...]:
        """What to know before these devices are given back to dom0."""
        return safety.unhide_findings(self.pool, bdfs) if self.pool else ()

    def require_pool(self) -> Pool:
        """The pool. Raises Problem when there is none."""
        if self.pool is None:
            raise self.pool_problem or _no_pool()
        return self.pool

    def require_boot(self) -> BootFile:
        """The boot file in force. Raises Problem when there is none."""
        if self.boot is None:
            raise self.boot_problem or _no_boot_file()
        return self.boot


def read_scan(host: Host, toolstack: Toolstack) -> Scan:
    """Read the host, its toolstack and the boot files anew.

    A host whose toolstack is silent, or with a boot file that the tool does not understand, is
    still shown: the scan keeps the problem for whoever needs that half.

    Raises:
        Problem: the host itself is unreadable.
    """
    inventory = host.inventory()
    pool, pool_problem = None, None
    try:
        pool = toolstack.pool()
    except Problem as problem:
        pool_problem = problem
    boot_file, boot_problem = None, None
    notes: tuple[str, ...] = ()
    try:
        text, notes = boot.in_force(inventory.boot_files, uefi=inventory.uefi)
        boot_file = boot.parse(text.path, text.data)
    except Problem as problem:
        boot_problem = problem
    entry, once, trying = None, None, False
    if boot_file is not None:
        dialect = hide_list.dialect_for(inventory.kernel)
        entry = boot.default_reading(boot_file, dialect)
        once = boot.next_trial(boot_file, inventory, dialect)
        trying = boot.is_trying(boot_file, inventory)
    return Scan(
        inventory,
        pool,
        pool_problem,
        boot_file,
        notes,
        boot_problem,
        candidates.candidates(inventory),
        verify.hide_state(inventory, entry, once, trying=trying),
    )


def _no_pool() -> Problem:
    return Problem(
        Exit.FAILED,
        "xapi-unavailable",
        "XAPI does not answer on this host.",
        remedy="The boot-entry half still works; for the VMs see `systemctl status xapi`.",
    )


def _no_boot_file() -> Problem:
    return Problem(
        Exit.FAILED,
        "no-boot-file",
        "No boot loader configuration was found on this host.",
        remedy="Run the tool on dom0 itself, or name the file: serialpass-tui preview --file.",
    )
