"""One change of the host: what its place holds, making it, reading it back, mending half of it."""

from __future__ import annotations

import contextlib
from enum import Enum

from serialpass_tui.core import boot, conflict, guard, vm, xl_config
from serialpass_tui.core.boot import once
from serialpass_tui.core.changes import (
    BootOnce,
    Change,
    DriverChange,
    FileEdit,
    GuestEdit,
    Reboot,
    Reversible,
    VmEdit,
    VmPower,
    backup_tag,
)
from serialpass_tui.core.inventory import PCIBACK
from serialpass_tui.core.job import Goal
from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.program import Link, ProgramCopy
from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.service import safeguards

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.inventory import DeviceId
    from serialpass_tui.core.job import Job
    from serialpass_tui.core.pool import Vm
    from serialpass_tui.core.ports import Files, Host, Toolstack

    Report = Callable[[Change, float], None]
    """Told which change is being applied and how far it is, 0.0 to 1.0."""


FILE_CHANGED = "file-changed"
"""The code of a file port that found another's bytes at its last look, and wrote nothing."""


class Held(Enum):
    """What a change's place holds now."""

    BEFORE = "before"
    AFTER = "after"
    OTHER = "other"


class Changer:
    """The hand that makes changes on one host, and the eye that looks at their places."""

    def __init__(self, host: Host, files: Files, toolstack: Toolstack) -> None:
        self._host = host
        self._files = files
        self._toolstack = toolstack

    # --- looking

    def held(self, path: str) -> bytes | None:
        """A file's bytes; None where it is missing or cannot be read."""
        try:
            return self._files.read(path)
        except Problem:
            return None

    def boot_id(self) -> str:
        """The kernel's id of this boot, which a `Reboot` must leave."""
        return self._host.boot_id()

    def observe(self, change: Change) -> Held:
        """Which side of a change its place shows now. Raises Problem when it cannot be read."""
        return compare(change, self.look(change))

    def look(self, change: Change) -> object:
        """What a change's place holds now. Raises Problem when it cannot be read."""
        if isinstance(change, Reboot):
            return self.boot_id()
        if isinstance(change, FileEdit):
            return self._file_now(change)
        if isinstance(change, GuestEdit):
            return self._files.read(change.path)
        if isinstance(change, ProgramCopy):
            return self._files.seal(change.path)
        if isinstance(change, Link):
            return self._files.link(change.path)
        if isinstance(change, VmEdit):
            return self._toolstack.read_key(change.uuid, change.key)
        if isinstance(change, DriverChange):
            return self._host.driver(change.bdf)
        if isinstance(change, BootOnce):
            now = self._ordered(change)
            return change.after if not now and self._was_booted(change) else now
        return self._toolstack.vm(change.uuid).power_state

    def shows(self, change: Change, side: Held) -> bool:
        """Whether a change's place shows that side of it; one that cannot be read shows none."""
        try:
            return self.observe(change) is side
        except Problem:
            return False

    def are_taken(self, devices: Iterable[DeviceId]) -> bool | None:
        """Whether pciback has these devices; None: some of them, or nobody can see it."""
        try:
            found = {self._host.driver(device.bdf) == PCIBACK for device in devices}
        except Problem:
            return None
        return found.pop() if len(found) == 1 else None

    def refuse_unsafe(self, devices: Sequence[DeviceId], changes: Sequence[Change]) -> None:
        """Hold changes about to be made to the safety rules, as the host is now. Raises Problem."""
        if not any(guard.gives(change) for change in changes):
            return
        inventory, pool = self._host.inventory(), None
        with contextlib.suppress(Problem):
            pool = self._toolstack.pool()
        safeguards.refuse_unsafe(inventory, pool, devices, changes)

    def refuse_changed(self, changes: Sequence[Change]) -> None:
        """Stop before the first of several changes if a file of any is not what was shown.

        A file that another of them changes first is looked at when its turn has come.

        Raises:
            Problem: `changed-since-preview`.
        """
        touched: set[str] = set()
        for change in changes:
            if isinstance(change, ProgramCopy | Link) or (
                isinstance(change, FileEdit | GuestEdit) and change.path not in touched
            ):
                require_known(change, self.look(change))
            if isinstance(change, FileEdit | GuestEdit | BootOnce):
                touched.add(change.path)

    # --- making

    def keep(self, path: str, data: bytes) -> str:
        """Keep a file as it was beside it, for whoever has nothing but a shell; where it lies."""
        return self._files.keep(path, data, backup_tag(data))

    def make(self, change: Change, tell: Report) -> None:
        """Do it, and believe nobody yet. Raises Problem."""
        if isinstance(change, FileEdit | GuestEdit):
            self._replace(change)
        elif isinstance(change, ProgramCopy):
            self._files.place(change.path, change.before, change.after, change.source)
        elif isinstance(change, Link):
            self._files.relink(change.path, change.before, change.after)
        elif isinstance(change, VmEdit):
            self._toolstack.write_key(change.uuid, change.key, change.after)
        elif isinstance(change, DriverChange):
            self._host.change_driver(change.bdf, change.before, change.after)
        elif isinstance(change, BootOnce):
            self._order(change)
        elif isinstance(change, VmPower):
            self._toolstack.set_power(
                change.uuid, change.host, change.after, lambda done: tell(change, done)
            )
        else:
            self._reboot()

    def mend(self, change: Change) -> None:
        """Clear away half a change of a run that was killed, where its place is as it was before.

        A file beside the one to be edited may be half written. And XAPI has no call that replaces
        one key of a map, so that whoever is killed between the two calls takes away what somebody
        else had there: that key gets its first value again.
        """
        if isinstance(change, FileEdit | GuestEdit):
            with contextlib.suppress(Problem):
                if self.observe(change) is Held.BEFORE:
                    self._files.replace(change.path, change.before, change.before)
        elif isinstance(change, ProgramCopy):
            with contextlib.suppress(Problem):
                if self.observe(change) is Held.BEFORE:
                    self._files.place(change.path, change.before, change.before, "")
        elif isinstance(change, Link):
            with contextlib.suppress(Problem):
                if self.observe(change) is Held.BEFORE:
                    self._files.relink(change.path, change.before, change.before)
        elif (
            isinstance(change, VmEdit)
            and ":" in change.key
            and change.before is not None
            and change.after is not None
        ):
            with contextlib.suppress(Problem):
                if self._toolstack.read_key(change.uuid, change.key) is None:
                    self._toolstack.write_key(change.uuid, change.key, change.before)

    def _replace(self, change: FileEdit | GuestEdit) -> None:
        """Write a file. Raises Problem, with both changes where somebody else was faster."""
        try:
            self._files.replace(change.path, change.before, change.after)
        except Problem as problem:
            if problem.code != FILE_CHANGED:
                raise
            now = self.held(change.path)
            raise problem.showing(conflict.three_way(change, now)) from problem

    def _ordered(self, change: BootOnce) -> str:
        """What the boot loader is to boot once, by its own data. Raises Problem."""
        try:
            return once.armed(change.loader, self._files.read(change.path))
        except Problem as problem:
            if problem.code == "file-missing":
                return ""
            raise

    def _was_booted(self, change: BootOnce) -> bool:
        """Whether the order was carried out by this very boot, and cleared with it."""
        if not change.after or change.boot in {"", self.boot_id()}:
            return False
        return boot.is_trial_boot(self._host.inventory().cmdline)

    def _order(self, change: BootOnce) -> None:
        """Tell the boot loader what to boot once. Raises Problem."""
        if change.loader == "extlinux":
            self._host.boot_once(change.folder, change.after)
            return
        block = self._files.read(change.path)
        self._files.replace(change.path, block, once.with_override(block, change.after))

    def _reboot(self) -> None:
        """Reboot through XAPI, so that HA may veto; by the system where XAPI is not there.

        xl reboots no host, so that a host with plain Xen is always rebooted by its system.
        """
        try:
            self._toolstack.reboot_host()
        except Problem as problem:
            if problem.code != "xapi-unavailable":
                raise
            self._host.reboot()

    # --- reading back

    def confirm(self, change: Reversible, job: Job) -> None:
        """Ask the host, not the writer, whether a change of `job` stands.

        Raises:
            Problem: `not-confirmed` (exit 6) when it does not.
        """
        expected, observed = "", ""
        if isinstance(change, FileEdit):
            now = self._file_now(change)
            if now is not None and change.path in boot.CANDIDATE_PATHS:
                boot.parse(change.path, now)
            if now != change.after:
                expected, observed = "the bytes previewed", "other bytes"
        elif isinstance(change, ProgramCopy | Link):
            if self.look(change) != change.after:
                expected, observed = "what was previewed", "something else"
        elif isinstance(change, GuestEdit):
            expected, observed = self._guest_observed(change)
        elif isinstance(change, VmEdit):
            value = _key_of(self._toolstack.vm(change.uuid), change.key)
            if value != change.after:
                expected = change.after or "no such key"
                observed = printable(value, 60) if value is not None else "no such key"
        elif isinstance(change, DriverChange):
            function = self._host.inventory().function(change.bdf)
            driver = function.driver if function else ""
            if driver != change.after:
                expected, observed = f"driver {change.after or 'none'}", driver or "no driver"
        elif isinstance(change, BootOnce):
            ordered = self._ordered(change)
            if ordered != change.after:
                expected, observed = change.after or "no order", printable(ordered) or "no order"
        else:
            observed = self._power_observed(change, job)
            expected = change.after.value if observed else ""
        if expected or observed:
            raise Problem(
                Exit.UNCONFIRMED,
                "not-confirmed",
                f"After `{change.describe()}` the host shows {observed or 'nothing'}; "
                f"expected: {expected}.",
                state="The change was applied; the check does not confirm it.",
                remedy="Look at `serialpass-tui status`; roll back with `serialpass-tui rollback`.",
            )

    def _file_now(self, change: FileEdit) -> bytes | None:
        """The file's bytes; None where it is missing, which may be what somebody else did."""
        try:
            return self._files.read(change.path)
        except Problem as problem:
            if problem.code == "file-missing":
                return None
            raise

    def _guest_observed(self, change: GuestEdit) -> tuple[str, str]:
        """What was expected of a guest's file and what contradicts it; both empty: nothing does."""
        now = self._files.read(change.path)
        if now != change.after:
            return "the bytes previewed", "other bytes"
        wanted = xl_config.read(now).devices
        try:
            seen = vm.parse_pci(self._toolstack.vm(change.uuid).pci or "")
        except Problem as problem:
            if problem.code != "xapi-unavailable":
                raise
            return "", ""  # a disk mounted elsewhere: no toolstack is there to be asked
        return ("", "") if set(seen) == set(wanted) else (_listed(wanted), _listed(seen))

    def _power_observed(self, change: VmPower, job: Job) -> str:
        """What contradicts the power state asked for; empty when nothing does."""
        now = self._toolstack.vm(change.uuid)
        if now.power_state is not change.after:
            return f"VM {printable(now.name, 40)} {now.power_state.value}"
        if change.after is not PowerState.RUNNING or job.goal is Goal.ROLLBACK:
            return ""
        wanted = {device.bdf for device in job.devices}
        missing = wanted - set(self._host.backend_devices(now.domid))
        return "no backend for " + ", ".join(map(str, sorted(missing))) if missing else ""


def compare(change: Change, now: object) -> Held:
    """Which of its two sides a change's place shows with `now`."""
    if isinstance(change, Reboot):
        return Held.BEFORE if now == change.before else Held.AFTER
    if now == change.after:
        return Held.AFTER
    return Held.BEFORE if now == change.before else Held.OTHER


def require_known(change: Change, now: object) -> Held:
    """Stop at a place that holds neither what it held when it was shown nor what it shall hold.

    Raises:
        Problem: `changed-since-preview`, with both changes where it is a file.
    """
    held = compare(change, now)
    if held is not Held.OTHER:
        return held
    place, state = change.describe(), "This change was not made."
    view: tuple[str, ...] = ()
    if isinstance(change, ProgramCopy | Link):
        place, state = change.path, "Nothing was written to it."
    if isinstance(change, FileEdit | GuestEdit):
        place, state = change.path, "Nothing was written to it."
        view = conflict.three_way(change, now if isinstance(now, bytes) else None)
    raise Problem(
        Exit.CONFLICT,
        "changed-since-preview",
        f"{place}: the host no longer holds what was shown; somebody else changed it.",
        state=state,
        remedy="Look again: the plan is then made anew over what is there now. Several jobs are "
        "undone newest first; `unhide` and `unbind` take over what somebody else did.",
        view=view,
    )


def _listed(bdfs: Iterable[Bdf]) -> str:
    return ", ".join(map(str, bdfs)) or "no device"


def _key_of(chosen: Vm, key: str) -> str | None:
    """A key's value out of the VM's whole record, as `VmEdit.key` spells it."""
    field, _, name = key.partition(":")
    if field == "affinity":
        return chosen.affinity or None
    held = chosen.other_config if field == "other-config" else chosen.blocked_operations
    return dict(held).get(name)
