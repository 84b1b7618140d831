"""What a reading of a host asks of the machine itself, beside the files below its root."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from serialpass_tui.host.network import Interface
    from serialpass_tui.host.sysfs import Device


class Machine(Protocol):
    """What libraries, not files under a root, say about the machine."""

    def devices(self, subsystem: str) -> Iterable[Device]:
        """All devices of a subsystem, with udev's properties."""

    def mounts(self) -> Iterable[tuple[str, str]]:
        """Pairs of device and mount point of the file systems that lie on devices."""

    def interfaces(self) -> Mapping[str, Interface]:
        """Every network interface by name."""

    def boot_time(self) -> int:
        """Seconds since the epoch."""

    def pids(self) -> Sequence[int]:
        """All processes."""

    def pid(self) -> int:
        """This process."""

    def device_number(self, place: Path) -> str:
        """Major and minor number of the device that carries a place. Raises OSError."""
