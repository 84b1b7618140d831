"""Step 3 without the reboot: what giving the devices to pciback at once does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serialpass_tui.core import cards
from serialpass_tui.core.candidates import ttys_of
from serialpass_tui.core.safety import Severity
from serialpass_tui.core.text import printable
from serialpass_tui.core.verify import Place
from serialpass_tui.core.wizard import STEPS, Step
from serialpass_tui.tui.lines import Ink, Line, fact, facts
from serialpass_tui.tui.messages import TakeNow
from serialpass_tui.tui.screens.base import COMMON_KEYS, Frame, Keys, WizardScreen, by_shell
from serialpass_tui.tui.screens.devices import address, finding_lines
from serialpass_tui.tui.screens.guide import TAKING
from serialpass_tui.tui.widgets.choices import Choices
from serialpass_tui.tui.widgets.pager import Pager

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.app import ComposeResult

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.changes import DriverChange
    from serialpass_tui.core.inventory import Inventory
    from serialpass_tui.core.verify import Standing
    from serialpass_tui.service import Scan

_WISER = (
    "is wiser if a program used the port until now, if the device keeps a state, or if its driver "
    "does not let go."
)
_RISK = "A driver that hangs while it lets go is ended by a reboot alone."


def preview(
    scan: Scan, bdfs: Sequence[Bdf], changes: Sequence[DriverChange], place: str = ""
) -> tuple[Line, ...]:
    """What dom0 loses, for how long, what it is good for, the way back, and every write.

    `bdfs` are all devices that the VM is to get, those on pciback already included,
    `place` is where the shell's way back lies.
    """
    standings = scan.standings(bdfs)
    booted = any(item.place is Place.NOT_TAKEN for item in standings)
    warnings = (f for f in scan.findings(bdfs, now=True) if f.severity is Severity.WARN)
    return (
        *finding_lines(warnings),
        *facts("Taken", (loss(scan.inventory, change) for change in changes)),
        fact("Lasts", lasts(standings)),
        use(scan.toolstack),
        fact("Risk", _RISK, Ink.WARN) if booted else fact("Reboot", _WISER, Ink.WARN),
        fact("Undo", undo(standings, changes)),
        *([by_shell(place)] if place else []),
        Line(),
        Line("Done in dom0, in this order:", Ink.STRONG),
        *(Line(f"  {write}", hang=6) for change in changes for write in change.preview()),
    )


def loss(inventory: Inventory, change: DriverChange) -> str:
    """Which driver loses a function, and what leaves dom0 with it."""
    function = inventory.function(change.bdf)
    functions = (function,) if function is not None else ()
    owner = f"from driver {change.before}" if change.before else "which no driver of dom0 has"
    gone = [printable(name) for name in ttys_of(inventory, functions)]
    words = f"dom0 loses {', '.join(gone)}" if gone else "no tty hangs on it"
    if function is not None and cards.is_usb_controller(function):
        usb = [printable(item.name, 40) for item in inventory.usb if item.controller == change.bdf]
        words = "no USB device is on it"
        if usb:
            words = f"dom0 loses every USB device on it: {', '.join([*usb, *gone])}"
    return f"{change.bdf} {owner}; {words}."


def lasts(standings: Sequence[Standing]) -> str:
    """What the next boot makes of it."""
    if any(item.place is Place.NOT_TAKEN for item in standings):
        return (
            "until the next boot. That may leave it to the driver again, as this one did: then "
            "take it again."
        )
    if all(item.asked for item in standings):
        return "until the next boot; then the boot entry, already written, keeps it."
    return "until the next boot only: the boot entry does not hide it."


def use(toolstack: str) -> Line:
    """What it is good for.

    XAPI takes a device from any driver when the VM starts (xapi-project/xen-api
    ocaml/xenopsd/xc/device.ml, PCI.bind); xl takes one from pciback alone (xen-project/xen
    tools/libs/light/libxl_pci.c).
    """
    if toolstack == "xl":
        return fact(
            "xl",
            "takes a device from pciback alone: without this, or a reboot, the guest does not "
            "start.",
        )
    return fact(
        "XAPI",
        "would take it from the driver at the VM's start. Taken now, you see before the start "
        "whether the driver lets go.",
    )


def undo(standings: Iterable[Standing], changes: Iterable[DriverChange]) -> str:
    """What a rollback does in this boot."""
    drivers = sorted({change.before for change in changes if change.before})
    owner = " and ".join(drivers) or "dom0"
    hidden = any(item.bound and item.booted for item in standings)
    reboot = "what this boot hid comes back with a reboot" if hidden else "no reboot"
    return f"<r> takes back the entry; {owner} gets the card at once: {reboot}."


class TakeScreen(WizardScreen):
    """The writes to sysfs, to be read and then done."""

    STEP = Step.REBOOT
    TOPIC = TAKING

    def __init__(
        self,
        frame: Frame,
        scan: Scan,
        bdfs: Sequence[Bdf],
        changes: tuple[DriverChange, ...],
        undo: str,
    ) -> None:
        place = f"Step {Step.REBOOT.number} of {STEPS}: Without a reboot"
        headline = f"pciback can take {address([change.bdf for change in changes])} at once"
        super().__init__(frame, place, headline)
        self._changes = changes
        self._lines = preview(scan, bdfs, changes, undo)

    def body(self) -> ComposeResult:
        """The preview and the choices."""
        yield Pager(self._lines)
        yield self.gap()
        yield Choices(("back", "Back"), ("take", "Take it now"))

    def keys(self) -> Keys:
        """Reading comes first."""
        return (("PgDn", "read"), ("Enter", "take"), *COMMON_KEYS)

    def choose(self, key: str) -> None:
        """Take it, or go back."""
        if key == "take":
            self.post_message(TakeNow(self._changes))
        else:
            super().choose(key)
