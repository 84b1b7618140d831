"""Reading the kernel's device tree in sysfs: attributes, links, and what a device hangs on."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.lazy import frozen, pattern

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_FUNCTION = pattern(r"[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]")


@frozen
class Device:
    """One device of the kernel: its real directory, and what udev's database says of it."""

    path: Path
    properties: Mapping[str, str]

    @property
    def name(self) -> str:
        """The kernel's name, for example `ttyS0` or `0000:02:00.0`."""
        return self.path.name

    def text(self, attribute: str) -> str:
        """An attribute's text, empty where it is absent or may not be read."""
        return text(self.path / attribute)

    def number(self, attribute: str, base: int = 0) -> int:
        """An attribute's number, 0 where there is none; base 0 takes `0x` as C does."""
        return number(self.text(attribute), base)

    def link(self, attribute: str) -> str:
        """The name that a link of the device leads to, for example its `driver`."""
        return link(self.path / attribute)

    @property
    def hardware(self) -> Path:
        """The directory of the hardware it belongs to: what `device` leads to, or its parent."""
        place = self.path / "device"
        return place.resolve() if place.is_symlink() else self.path.parent

    @property
    def functions_above(self) -> tuple[Bdf, ...]:
        """The PCI functions that it hangs on, nearest first.

        The path is the kernel's own account of what disappears with what. A function in a domain
        beyond 16 bits (behind Intel VMD) is left out: the VMD controller above it stands for it.
        """
        return functions_in(self.hardware)


def functions_in(path: Path) -> tuple[Bdf, ...]:
    """The PCI functions among the parts of a sysfs path, nearest first."""
    return tuple(Bdf.parse(part) for part in reversed(path.parts) if _FUNCTION.fullmatch(part))


def text(place: Path) -> str:
    """A small file's text without its line end, empty where it is absent or may not be read."""
    with suppress(OSError):
        return place.read_bytes().decode("utf-8", "replace").strip()
    return ""


def number(spelled: str, base: int = 0) -> int:
    """The number that an attribute spells, 0 where it spells none."""
    try:
        return int(spelled, base)
    except ValueError:
        return 0


def link(place: Path) -> str:
    """The last part of a link's target, empty where there is no link."""
    with suppress(OSError):
        return place.readlink().name
    return ""


def children(folder: Path) -> list[Path]:
    """What a directory holds, by name; nothing where it is absent or may not be read."""
    with suppress(OSError):
        return sorted(folder.iterdir())
    return []


def devices(sysfs: Path, subsystem: str) -> list[Device]:
    """All devices of a subsystem as sysfs lists them, without udev's database."""
    folders = (sysfs / "bus" / subsystem / "devices", sysfs / "class" / subsystem)
    return [Device(entry.resolve(), {}) for folder in folders for entry in children(folder)]
