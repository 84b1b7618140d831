"""Reading the kernel's device tree in sysfs: attributes, links, and what a device hangs on."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.lazy import frozen, pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

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
        return text(f"{self.path}/{attribute}")

    def number(self, attribute: str, base: int = 0) -> int:
        """An attribute's number, 0 where there is none; base 0 takes `0x` as C does."""
        return number(self.text(attribute), base)

    def link(self, attribute: str) -> str:
        """The name that a link of the device leads to, for example its `driver`."""
        return link(f"{self.path}/{attribute}")

    def has(self, attribute: str) -> bool:
        """Whether it has that attribute, link or directory."""
        return os.path.exists(f"{self.path}/{attribute}")

    def names(self, folder: str = ".") -> list[str]:
        """What it holds, or one of its directories."""
        return names(f"{self.path}/{folder}")

    def config(self, at: int, size: int) -> bytes:
        """Bytes of a PCI function's configuration space, fewer where they may not be read.

        Anybody may read the first 64 of them. Each four are a question to the device, which in a
        virtual machine takes longer than all else that is read of it.
        """
        with suppress(OSError), open(f"{self.path}/config", "rb", buffering=0) as config:
            return os.pread(config.fileno(), size, at)
        return b""

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


def text(place: Path | str) -> str:
    """A small file's text without its line end, empty where it is absent or may not be read."""
    with suppress(OSError), open(place, "rb", buffering=0) as file:
        return file.read().decode("utf-8", "replace").strip()
    return ""


def number(spelled: str, base: int = 0) -> int:
    """The number that an attribute spells, 0 where it spells none."""
    try:
        return int(spelled, base)
    except ValueError:
        return 0


def link(place: Path | str) -> str:
    """The last part of a link's target, empty where there is no link."""
    with suppress(OSError):
        return os.path.basename(os.readlink(place))
    return ""


def children(folder: Path) -> list[Path]:
    """What a directory holds, by name; nothing where it is absent or may not be read."""
    with suppress(OSError):
        return sorted(folder.iterdir())
    return []


def names(folder: Path | str) -> list[str]:
    """The names in a directory, in order; none where it is absent or may not be read."""
    with suppress(OSError):
        return sorted(os.listdir(folder))
    return []


def devices(sysfs: Path, subsystem: str, *, having: str = "") -> list[Device]:
    """All devices of a subsystem as sysfs lists them, without udev's database.

    Each entry is one link to the device's place in the tree, or in old kernels that place itself
    (Linux Documentation/admin-guide/sysfs-rules.rst). `having` leaves out those without that
    attribute or link.
    """
    found = []
    for folder in (sysfs / "bus" / subsystem / "devices", sysfs / "class" / subsystem):
        listed = os.path.realpath(folder)
        for name in names(listed):
            place = f"{listed}/{name}"
            if having and not os.path.exists(f"{place}/{having}"):
                continue
            with suppress(OSError):
                place = os.path.normpath(os.path.join(listed, os.readlink(place)))
            found.append(Device(Path(place), {}))
    return found
