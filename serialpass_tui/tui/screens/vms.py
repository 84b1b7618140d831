"""Step 4: which VM."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from serialpass_tui.core import safety
from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.text import printable
from serialpass_tui.core.vm import parse_pci, users_of
from serialpass_tui.core.wizard import Step
from serialpass_tui.lazy import replace
from serialpass_tui.tui.lines import Ink, Line, fact
from serialpass_tui.tui.messages import PickVm
from serialpass_tui.tui.screens.base import COMMON_KEYS, Frame, Keys, place_of
from serialpass_tui.tui.screens.devices import address, finding_lines, in_short
from serialpass_tui.tui.screens.listing import ListScreen
from serialpass_tui.tui.widgets.bar import Bar
from serialpass_tui.tui.widgets.table import Column, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.app import ComposeResult

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.pool import Pool, Vm
    from serialpass_tui.core.safety import Finding

HEADS = (
    Column("VM"),
    Column("Power", 9),
    Column("Type", 5),
    Column("Host", 14),
    Column("Has", 12),
    Column("Takes it", 8),
)

SPACE = fact("Space", "tells all about a VM, and why one is refused.")

_POWER = {PowerState.RUNNING: Ink.GOOD, PowerState.SUSPENDED: Ink.WARN}


def row(pool: Pool, vm: Vm, findings: Sequence[Finding]) -> Row:
    """One row of the table."""
    takes, ink = "yes", Ink.GOOD
    if any(finding.severity is safety.Severity.WARN for finding in findings):
        takes, ink = "yes, but", Ink.WARN
    if safety.refusals(findings):
        takes, ink = "refused", Ink.BAD
    home = vm.resident_on or vm.affinity
    cells = (
        printable(vm.name),
        vm.power_state.value,
        printable(vm.domain_type),
        printable(pool.host_name(home)) if home else "-",
        has(vm),
        takes,
    )
    plain = Ink.PLAIN
    return Row(cells, (plain, _POWER.get(vm.power_state, plain), plain, plain, plain, ink))


def has(vm: Vm) -> str:
    """The devices that a VM's key or file names, in few columns."""
    named = parse_pci(vm.pci or "")
    if not named:
        return "-"
    more = f"+{len(named) - 1}" if len(named) > 1 else ""
    return f"{named[0].short}{more}"


def gist(vm: Vm, findings: Sequence[Finding]) -> str:
    """One VM in one line: why it cannot take the devices, or what comes next."""
    worst = next(iter(findings), None)
    if worst is None or worst.severity is safety.Severity.NOTE:
        return "<Enter> shows what giving it the device changes."
    return in_short(worst, f"VM {printable(vm.name, 60)}")


def details(vm: Vm, findings: Sequence[Finding]) -> tuple[Line, ...]:
    """Why a VM can or cannot take the devices."""
    lines = [Line(printable(vm.name), Ink.STRONG), fact("Uuid", printable(vm.uuid))]
    if vm.config:
        lines.append(fact("File", printable(vm.config)))
        if vm.pci:
            lines.append(fact("Has", ", ".join(map(str, parse_pci(vm.pci)))))
    elif vm.pci is not None:
        lines.append(fact("Has", printable(vm.pci) or "an empty other-config:pci"))
    lines += finding_lines(findings)
    if not safety.refusals(findings):
        lines.append(fact("Next", "<Enter> shows what giving it the device changes."))
    return tuple(lines)


def matching(vms: Sequence[Vm], letters: str) -> tuple[Vm, ...]:
    """The VMs whose name or uuid contains the letters."""
    wanted = letters.casefold()
    return tuple(vm for vm in vms if wanted in vm.name.casefold() or vm.uuid.startswith(wanted))


def in_order(pool: Pool) -> tuple[Vm, ...]:
    """All VMs by name, as an operator looks for them."""
    return tuple(sorted(pool.vms, key=lambda vm: (vm.name.casefold(), vm.uuid)))


class VmScreen(ListScreen):
    """The VMs, to be searched by typing."""

    STEP = Step.VM
    # First here, as Tab is: letters typed ahead belong to the field.
    BINDINGS: ClassVar[list[BindingType]] = [Binding("slash", "search", priority=True)]

    def __init__(
        self, frame: Frame, pool: Pool, judged: Pool, bdfs: Sequence[Bdf], chosen: str
    ) -> None:
        """Take the pool as it is, and as it is when the VMs are judged."""
        headline = f"Which VM gets {address(bdfs)}?"
        super().__init__(frame, place_of(Step.VM), headline, HEADS, named_by=1)
        self._pool, self._bdfs, self._chosen = pool, tuple(bdfs), chosen
        # Rows are judged while the operator types: of thousands of VMs only those that hold a
        # device already have a say in who may get it.
        holders = {user for bdf in bdfs for user in users_of(judged, bdf)}
        self._judged = replace(judged, vms=tuple(holders))
        self._all = in_order(pool)
        self._seen = self._all
        self._field = Input(compact=True, select_on_focus=False, placeholder="press / to type")
        self._field.cursor_blink = False

    def body(self) -> ComposeResult:
        """Search field and list."""
        with Horizontal(id="search"):
            yield Bar("Search:", ink=Ink.ACCENT, name="search-label")
            yield self._field
        yield self.gap()
        self._text.styles.height = 6  # the list gets what is left
        yield from self.listing()

    def keys(self) -> Keys:
        """A letter is a command until the field is entered."""
        return (("/", "search"), ("Enter", "choose"), *COMMON_KEYS)

    def on_mount(self) -> None:
        """Put the cursor on the VM that was chosen before, and the focus on the table."""
        self._fill(self._chosen)
        self._text.show((SPACE,) if self._all else ())
        self.set_focus(self._table)

    def _fill(self, uuid: str) -> None:
        """Show the rows, the cursor on that VM if it is among them."""
        places = (index for index, vm in enumerate(self._seen) if vm.uuid == uuid)
        self._table.fill(len(self._seen), self._row, next(places, 0))
        self.point_out()

    def _row(self, index: int) -> Row:
        vm = self._seen[index]
        return row(self._pool, vm, self._findings(vm))

    def _findings(self, vm: Vm) -> tuple[Finding, ...]:
        return safety.vm_findings(self._judged, vm, self._bdfs)

    def gist(self) -> str:
        """The VM under the cursor in one line, or why there is none."""
        if not self._all:
            none = "XAPI lists no VM."
            if self._pool.toolstack == "xl":
                none = "No file under /etc/xen describes a guest, and none runs."
            return f"{none} Make one first; <l> looks again."
        if not self._seen:
            return "No VM has a name like that. <Esc> clears the search."
        vm = self._seen[self._table.cursor]
        return gist(vm, self._findings(vm))

    def about(self) -> Iterable[Line]:
        """All about it."""
        if not self._seen:
            return ()
        vm = self._seen[self._table.cursor]
        return details(vm, self._findings(vm))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In the field a slash is a letter."""
        if action == "search" and self.focused is self._field:
            return False
        return super().check_action(action, parameters)

    def action_search(self) -> None:
        """Go to the field; Down, Enter or Esc leave it."""
        self.set_focus(self._field)

    def leave_field(self) -> bool:
        """Esc in the field clears it and goes to the table; so does Esc after a search."""
        if not self._field.has_focus and not self._field.value:
            return False
        self._field.value = ""
        self.set_focus(self._table)
        return True

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow or widen the table; the cursor stays on its VM while that is among them."""
        cursor = self._table.cursor
        current = self._seen[cursor].uuid if self._seen else ""
        self._seen = matching(self._all, event.value)
        self._fill(current)

    def on_input_submitted(self) -> None:
        """Go to the rows that were found; Enter there chooses."""
        self.set_focus(self._table)

    def action_read(self, unit: str, by: int) -> None:
        """Arrows in the search field lead to the table."""
        if isinstance(self.focused, Input):
            self.set_focus(self._table)
        else:
            super().action_read(unit, by)

    def on_table_pressed(self) -> None:
        """Show the preview, or why there is none."""
        if not self._seen:
            return
        vm = self._seen[self._table.cursor]
        refused = safety.refusals(self._findings(vm))
        if refused:
            self.tell()
            self.say("Refused; below the list stands why.", Ink.BAD)
        else:
            self.post_message(PickVm(vm.uuid))
