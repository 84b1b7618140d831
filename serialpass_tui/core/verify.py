"""Where a device stands: asked for, booted with, bound, assigned; and what to do next."""

from __future__ import annotations

from enum import Enum

from serialpass_tui.core import hide_list
from serialpass_tui.core.inventory import PCIBACK, DeviceId
from serialpass_tui.core.text import printable
from serialpass_tui.core.vm import users_of
from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.hide_list import Reading
    from serialpass_tui.core.inventory import Inventory, PciFunction
    from serialpass_tui.core.pool import Pool


@frozen
class Check:
    """One thing expected, and what was found."""

    name: str
    expected: str
    observed: str
    passed: bool
    next: str = ""


class Place(Enum):
    """Where a device stands, as one word for a table."""

    FREE = "free"
    PENDING = "reboot pending"
    HIDDEN = "hidden"
    ON_TRIAL = "on trial"
    LEAVING = "back at reboot"
    NOT_TAKEN = "not hidden"
    MOVED = "other device"
    ABSENT = "absent"
    ASSIGNED = "used by VM"


@frozen
class Standing:
    """One device's four states, read from four different sides of the host.

    Only the driver link proves that a device is hidden: the command line, the module's parameter
    and the /dev nodes all may say otherwise (Linux drivers/xen/xen-pciback/pci_stub.c).
    """

    bdf: Bdf
    name: str
    asked: bool
    """The boot entry hides it: true from the next boot on."""
    booted: bool
    """The running kernel's command line hides it."""
    bound: bool
    """The driver link in sysfs says pciback."""
    driver: str
    vms: tuple[str, ...]
    """Names of the VMs that are to get it."""
    place: Place
    why: str
    next: str

    @property
    def ready(self) -> bool:
        """Whether a VM can take it."""
        return self.bound and self.place not in {Place.MOVED, Place.ABSENT}


@frozen
class HideState:
    """What the boot entry asks for and what this boot was started with."""

    asked: frozenset[Bdf]
    booted: frozenset[Bdf]
    booted_error: str
    """Why the kernel refused the whole value it was booted with; empty: it did not."""
    next_trial: frozenset[Bdf] = frozenset()
    """What the trial entry hides while it is the one that boots next."""
    trying: bool = False
    """Whether this boot is that of a trial entry which the boot file still has."""


def hide_state(
    inventory: Inventory,
    entry: Reading | None,
    trial: Reading | None = None,
    *,
    trying: bool = False,
) -> HideState:
    """The hide lists of the default boot entry and of the running kernel, as the kernel reads them.

    `entry` is the kernel's reading of the default entry; None where no boot file is known. `trial`
    is that of a trial entry which boots next; `trying`: it has booted.
    """
    now = hide_list.read(inventory.cmdline, hide_list.dialect_for(inventory.kernel))
    asked = _hides(entry, inventory) if entry is not None else frozenset()
    coming = _hides(trial, inventory) if trial is not None else frozenset()
    return HideState(asked, _hides(now, inventory), now.error, coming, trying)


def _hides(reading: Reading, inventory: Inventory) -> frozenset[Bdf]:
    """What a line hides, with the addresses it names at which no device answers any more."""
    present = {function.bdf for function in inventory.pci}
    named = {group.bdf for group in reading.groups} - present - {None}
    return hide_list.hidden(reading, inventory.pci) | {bdf for bdf in named if bdf is not None}


def standing(
    inventory: Inventory,
    pool: Pool | None,
    hide: HideState,
    bdf: Bdf,
    expected: DeviceId | None = None,
) -> Standing:
    """Where `bdf` stands; `expected` is the identity that a job noted before the reboot."""
    function = inventory.function(bdf)
    asked, booted = bdf in hide.asked, bdf in hide.booted
    bound = function is not None and function.driver == PCIBACK
    users = users_of(pool, bdf) if pool is not None else ()
    vms = tuple(printable(vm.name, 40) for vm in users)
    place, why, todo = _judge(inventory, function, hide, expected, bdf)
    xl = pool is not None and pool.toolstack == "xl"
    if vms:
        names = ", ".join(vms)
        why = f"{why} {f'The file of {names}' if xl else f'other-config:pci of {names}'} names it."
    if place is Place.HIDDEN and vms:
        place, todo = Place.ASSIGNED, "Nothing to do."
    elif place is Place.NOT_TAKEN and xl and function and function.driver:
        # xl takes a device from no driver: it has to be on pciback before the guest starts.
        todo = f"See `dmesg | grep pciback`; `serialpass-tui hide {bdf} --now` takes it now."
    name = function.name if function else str(bdf)
    driver = function.driver if function else ""
    return Standing(bdf, name, asked, booted, bound, driver, vms, place, why, todo)


def _judge(
    inventory: Inventory,
    function: PciFunction | None,
    hide: HideState,
    expected: DeviceId | None,
    bdf: Bdf,
) -> tuple[Place, str, str]:
    """Place, reason and next step of one device, before VMs are looked at."""
    if function is None:
        return (
            Place.ABSENT,
            f"No device answers at {bdf}.",
            "Look for the card with `serialpass-tui scan`; it may have moved or come loose.",
        )
    if expected is not None and DeviceId.of(function) != expected:
        was = f"{expected.vendor:04x}:{expected.device:04x}"
        return (
            Place.MOVED,
            f"{bdf} was {was} and is now {function.ids} {function.name}: addresses moved.",
            "Roll the job back, then choose the card at its new address.",
        )
    asked, booted = bdf in hide.asked, bdf in hide.booted
    if function.driver == PCIBACK:
        if asked or not booted:
            kept = "" if asked else " The boot entry does not ask for it: it was taken at run time."
            return Place.HIDDEN, f"pciback holds it.{kept}", "Choose the VM."
        if hide.trying:
            why = "pciback holds it, in this trial boot alone."
            return Place.ON_TRIAL, why, "Keep it, and the default boot entry hides it from now on."
        return (
            Place.LEAVING,
            "pciback holds it, and the boot entry no longer hides it.",
            "Reboot to give it back to dom0.",
        )
    if booted and (asked or hide.trying):
        return (Place.NOT_TAKEN, *_why_not_taken(inventory, function, hide))
    if asked:
        why = "The boot entry hides it; the running kernel was booted without."
        return Place.PENDING, why, "Reboot this host."
    if bdf in hide.next_trial:
        why = "The trial entry hides it, which boots next, once."
        return Place.PENDING, why, "Reboot this host."
    if hide.booted_error:
        why = f"This boot hides nothing: {hide.booted_error}"
        return Place.FREE, why, "Choose the device; the boot entry is then written anew."
    owner = f"driver {function.driver}" if function.driver else "no driver"
    return Place.FREE, f"dom0 has it ({owner}).", "Choose it to hide it."


def _why_not_taken(inventory: Inventory, function: PciFunction, hide: HideState) -> tuple[str, str]:
    """Why a device that the kernel was told to hide is not on pciback, and what to do."""
    log = "See `dmesg | grep pciback`"
    if hide.booted_error or not inventory.pciback_registered:
        why = "pciback is not there: the kernel refused the whole hide value or has no pciback."
        todo = f"{log}; roll back, or correct the boot entry and reboot."
    elif function.driver:
        why = f"driver {function.driver} was faster: where pciback is a module it comes too late."
        todo = f"{log}; XAPI may still take it at VM start."
    else:
        why = "pciback did not seize it."
        todo = f"{log}; roll back if the card is needed in dom0."
    return f"Booted with the hide list, but {why}", todo
