"""udev's account of the devices, read from its files: for where there is no libudev to ask.

libudev adds two things to sysfs: it lists a subsystem's devices wherever the kernel puts them, and
it gives them the properties that udev's rules found out. Those lie in one small file for each
device (systemd sd-device/device-private.c device_read_db_internal).
"""

from __future__ import annotations

from serialpass_tui.host import sysfs
from serialpass_tui.host.sysfs import Device, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


def devices(root: Path, subsystem: str) -> list[Device]:
    """All devices of a subsystem, with udev's properties where it has a database."""
    data = root / "run/udev/data"
    found = (
        Device(device.path, _properties(text(data / _id(device, subsystem))))
        for device in sysfs.devices(root / "sys", subsystem)
    )
    return sorted(found, key=lambda device: device.path)


def _id(device: Device, subsystem: str) -> str:
    """The database's name of a device (systemd sd-device/sd-device.c sd_device_get_device_id)."""
    number = device.text("dev")
    if number:
        return ("b" if subsystem == "block" else "c") + number
    if subsystem == "net":
        return "n" + device.text("ifindex")
    return f"+{subsystem}:{device.name}"


def _properties(database: str) -> dict[str, str]:
    """The properties among the lines of a device's file: those that begin with `E:`."""
    pairs = (line[2:].partition("=") for line in database.split("\n") if line.startswith("E:"))
    return {name: value for name, _, value in pairs}
