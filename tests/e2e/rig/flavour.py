"""The dom0s of the rig: what one disk becomes for each product that it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.e2e.rig import inputs
from tests.e2e.rig.image import Image, image, put_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True)
class Flavour:
    """A dom0 with the boot loader of one product."""

    name: str
    boot_file: str
    """The file that the boot loader reads."""
    template: bytes
    """What stands in it, with @HIDE@ where the wizard has the kernel told what to hide."""
    rescue: str
    """The entry that hides nothing, as the wizard names it: the last of a menu, or a label."""
    has_menu: bool = False
    """Whether the boot loader lists its entries; otherwise it asks for a label."""
    install: Callable[[Image, Path], None] = lambda _image, _disk: None
    """Puts the boot loader on a copy of the disk, on which extlinux is."""

    @property
    def text(self) -> bytes:
        """What stands in the boot file at first."""
        return self.template.replace(b"@HIDE@", b"")

    def hiding(self, bdf: str) -> bytes:
        """What stands in it when one PCI function is hidden."""
        return self.template.replace(b"@HIDE@", f" xen-pciback.hide=({bdf})".encode())

    def disk(self, where: Path) -> Path:
        """A disk of one's own that boots this dom0."""
        made = image()
        disk = made.copy(where)
        self.install(made, disk)
        put_file(disk, self.boot_file, self.text)
        return disk


def _template(name: str) -> bytes:
    return (inputs.HERE / "boot" / name).read_bytes()


EXTLINUX = Flavour("extlinux", "/boot/extlinux.conf", _template("extlinux.conf"), "fallback")
"""As XenServer 6 has it."""
GRUB = Flavour(
    "grub",
    "/boot/grub/grub.cfg",
    _template("grub.cfg"),
    "XenServer (Xen 4.17 / Linux 6.1)",
    has_menu=True,
    install=Image.boot_with_grub,
)
"""As XenServer 7 and 8 have it on machines without UEFI."""
DEBIAN = Flavour(
    "debian",
    "/boot/grub/grub.cfg",
    _template("debian.cfg"),
    "",
    has_menu=True,
    install=Image.boot_with_grub,
)
"""Debian's own kernel, where pciback is a module, its udev, and grub-mkconfig to be run there."""
FLAVOURS = (EXTLINUX, GRUB)
