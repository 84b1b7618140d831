"""Which of the boot files on a host the firmware really leads to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serialpass_tui.core.inventory import BootText

CANDIDATE_PATHS = (
    "/boot/efi/EFI/xenserver/grub.cfg",
    "/boot/grub/grub.cfg",
    "/boot/grub2/grub.cfg",
    "/boot/extlinux.conf",
)
"""In the order in which the toolstack's own tools search; they take the first that exists.

See xenserver/python-libs xcp/bootloader.py. XCP-ng uses the vendor directory `xenserver` too.
"""

# A vendor's stub on the ESP that only points to the real file, as distributions' GRUB installs it.
_STUB = re.compile(rb"^[ \t]*configfile[ \t]", re.MULTILINE)
_ENTRY = re.compile(rb"^[ \t]*(?:menuentry|submenu)[ \t]", re.MULTILINE)


def in_force(boot_files: Sequence[BootText], *, uefi: bool) -> tuple[BootText, tuple[str, ...]]:
    """The boot file that this host boots from, and what to warn of.

    UEFI firmware starts the GRUB on the EFI partition, which reads the grub.cfg beside itself; a
    BIOS never looks there. The toolstack's tools look there first on either, so that a stale EFI
    file on a BIOS host makes them read and edit a file that nothing boots from.

    Raises:
        Problem: `no-boot-file` where none fits the firmware.
    """
    on_esp = [file for file in boot_files if "/efi/" in file.path.lower()]
    on_disk = [file for file in boot_files if file not in on_esp]
    entered = [file for file in on_esp if not _is_stub(file.data)]
    chosen = [*entered, *on_disk] if uefi else on_disk
    if not chosen:
        raise _no_boot_file([file.path for file in boot_files], uefi=uefi)
    file = chosen[0]
    path = printable(file.path)
    warnings = []
    if uefi and file not in on_esp:
        warnings.append(
            f"this host starts through UEFI, but no grub.cfg with entries lies on its EFI "
            f"partition: {path} is taken for the file that the loader there points to"
        )
    if not uefi and on_esp:
        stale = printable(on_esp[0].path)
        warnings.append(
            f"this host starts through the BIOS: {stale} is not read at boot, but XAPI and "
            f"xen-cmdline read and edit it instead of {path}; move it away"
        )
    others = [printable(other.path) for other in on_disk if other is not file]
    if others and not uefi:
        warnings.append(f"{path} is taken; also found, not read: {', '.join(others)}")
    return file, tuple(warnings)


def _is_stub(data: bytes) -> bool:
    return _STUB.search(data) is not None and _ENTRY.search(data) is None


def _no_boot_file(found: list[str], *, uefi: bool) -> Problem:
    firmware = "UEFI" if uefi else "the BIOS"
    looked = ", ".join(printable(path) for path in found)
    have = f"only {looked}, which it does not read" if looked else "none of the known files"
    return Problem(
        Exit.REFUSED,
        "no-boot-file",
        f"No boot file is in force: this host starts through {firmware} and has {have}.",
        remedy=f"One of {', '.join(CANDIDATE_PATHS)} must exist; is /boot mounted?",
    )
