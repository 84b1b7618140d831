"""A dom0 that is not running: its disk mounted at a directory of a rescue system."""

from __future__ import annotations

from pathlib import Path

from serialpass_tui.core.inventory import PcibackForm
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host import facts, system
from serialpass_tui.host.probe import probe
from serialpass_tui.host.sysfs import text
from serialpass_tui.lazy import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.inventory import Inventory

_EFI_MARK = "boot/efi/EFI/xenserver/grub.cfg"


class RescueHost:
    """The machine's hardware as this rescue system sees it, with the mounted dom0's own files.

    What the dom0 was booted with is unknown here, so nothing counts as booted or bound.
    """

    def __init__(self, root: Path, *, read: Callable[[], Inventory] = probe) -> None:
        self._root = root
        self._read = read

    def inventory(self) -> Inventory:
        """The rescue system's devices, the mounted disk's product, kernel and boot files."""
        live = self._read()
        unread = list(live.unread)
        kernel = self._kernel()
        if not kernel:
            unread.append("dom0's kernel: no /lib/modules on the mounted disk; a 4.x is assumed")
        return replace(
            live,
            hostname=text(self._root / "etc/hostname") or live.hostname,
            kernel=kernel,
            cmdline="",
            xen=None,
            uefi=(self._root / _EFI_MARK).is_file(),
            product=system.product(self._root),
            boot_files=system.boot_files(self._root, unread),
            boot_stores=(),
            settings=system.settings(self._root, unread),
            setting_folders=system.setting_folders(self._root),
            pciback=system.pciback_form(self._root, kernel) if kernel else PcibackForm.UNKNOWN,
            pciback_registered=False,
            unread=tuple(unread),
        )

    def _kernel(self) -> str:
        """The release of the newest kernel whose modules lie on the mounted disk."""
        folder = self._root / "lib/modules"
        if not folder.is_dir():
            return ""
        with_xen = sorted((entry.name for entry in folder.iterdir()), key=_release_order)
        return with_xen[-1] if with_xen else ""

    def boot_id(self) -> str:
        """The rescue system's boot: a dom0 booted after it has another."""
        return facts.boot_id(Path("/"))

    def reboot(self) -> NoReturn:
        """A rescue ends by the operator's hand. Raises Problem `rescue`."""
        raise _not_running("Unmount the disk and restart the machine by hand.")

    def driver(self, bdf: Bdf) -> str:
        """No driver of that dom0 runs. Raises Problem `rescue`."""
        raise _not_running(f"Boot the host to look at the driver of {bdf}.")

    def change_driver(self, bdf: Bdf, before: str, after: str) -> None:
        """No driver of that dom0 runs. Raises Problem `rescue`."""
        raise _not_running(f"Boot the host to take {bdf} from {before or after}.")

    def boot_once(self, folder: str, label: str) -> None:
        """That dom0's extlinux is not this system's. Raises Problem `rescue`."""
        raise _not_running(f"Boot the host to have {label or 'no label'} booted once by {folder}.")

    def backend_devices(self, domid: int) -> tuple[Bdf, ...]:
        """No VM runs. Raises Problem `rescue`."""
        raise _not_running(f"Boot the host to look at domain {domid}.")


def _not_running(remedy: str) -> Problem:
    return Problem(
        Exit.FAILED, "rescue", "The host below --host-root is not running.", remedy=remedy
    )


def _release_order(release: str) -> tuple[int, ...]:
    head = release.replace("-", ".").split(".")
    return tuple(int(part) if part.isdigit() else 0 for part in head[:4])
