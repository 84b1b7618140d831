"""From boot files to bound drivers: what a simulated machine does when it is switched on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serialpass_tui.core.inventory import PcibackForm
from serialpass_tui.lazy import frozen
from serialpass_tui.sim.kernel import MAX_CMDLINE, Hidden, hidden_by
from serialpass_tui.sim.loader import start

if TYPE_CHECKING:
    from collections.abc import Iterable

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.inventory import BootText, Inventory, PciFunction
    from serialpass_tui.sim.memory import Memory


@frozen
class Booted:
    """A kernel that was started."""

    entry: str
    cmdline: str
    """As /proc/cmdline shows it."""
    hidden: Hidden
    xen: str | None = None
    """Xen's command line; None where no Xen was started."""


def boot(
    data: bytes, path: str, kernel_release: str, entry: str = "", memory: Memory | None = None
) -> Booted:
    """What starts from the boot file `data` at `path`: its default, or the `entry` chosen by hand.

    What the loader's `memory` orders comes before the default, and changes with it.

    Raises:
        BootFailure: nothing starts; the text says why.
    """
    started = start(data, path, entry, memory)
    line = started.cmdline.encode("utf-8", "surrogateescape")
    if started.xen is not None:
        line = line[:MAX_CMDLINE]
    cmdline = line.decode("utf-8", "replace")
    return Booted(started.entry, cmdline, hidden_by(cmdline, kernel_release), started.xen)


def in_force(files: Iterable[BootText], *, uefi: bool) -> BootText | None:
    """The boot file that the firmware's loader reads: the EFI partition's under UEFI alone."""
    found = list(files)
    fitting = [file for file in found if ("/efi/" in file.path) == uefi]
    return next(iter(fitting or found), None)


def can_load(inventory: Inventory, booted: Booted) -> bool:
    """Whether the kernel has pciback and can read the hide list, however late."""
    return inventory.pciback is not PcibackForm.ABSENT and not booted.hidden.error


def registers(inventory: Inventory, booted: Booted) -> bool:
    """Whether the pciback driver is there after the boot; a value that does not parse keeps it out.

    Linux drivers/xen/xen-pciback/pci_stub.c pcistub_init returns before pci_register_driver.
    """
    if not can_load(inventory, booted):
        return False
    if inventory.pciback is PcibackForm.MODULE:
        return inventory.pciback_registered
    return True


def owners(inventory: Inventory, booted: Booted) -> frozenset[Bdf]:
    """The functions of `inventory` (as they are before drivers bind) that pciback takes at boot.

    A built-in pciback is asked before the other drivers; a module comes too late for a function
    that a driver of the kernel has taken. A bridge's address takes everything behind it
    (pci_stub.c pcistub_match_one walks up the buses).
    """
    if not registers(inventory, booted):
        return frozenset()
    late = inventory.pciback is PcibackForm.MODULE
    return frozenset(
        function.bdf
        for function in inventory.pci
        if _named(function, booted.hidden) and not (late and function.driver)
    )


def _named(function: PciFunction, hidden: Hidden) -> bool:
    return any(
        (bdf.domain, bdf.bus, bdf.slot, bdf.function) in hidden.ids
        for bdf in (function.bdf, *function.parents)
    )
