"""USB devices and the PCI controller that each hangs on."""

from __future__ import annotations

from serialpass_tui.core.inventory import UsbDevice
from serialpass_tui.lazy import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from serialpass_tui.host.sysfs import Device

_PORT_PATH = pattern(r"\d+-\d+(\.\d+)*")


def port_path(path: Path) -> str:
    """The port path of the USB device that a sysfs path passes through, empty where none."""
    return next((part for part in reversed(path.parts) if _PORT_PATH.fullmatch(part)), "")


def usb_devices(devices: Iterable[Device]) -> list[UsbDevice]:
    """Every USB device but the controllers' own root hubs, which are no devices of anybody."""
    found = [_usb_device(device) for device in devices if _PORT_PATH.fullmatch(device.name)]
    return sorted(found, key=lambda device: device.path)


def _usb_device(device: Device) -> UsbDevice:
    known = device.properties.get
    return UsbDevice(
        path=device.name,
        vendor=device.number("idVendor", 16),
        product=device.number("idProduct", 16),
        controller=next(iter(device.functions_above), None),
        vendor_name=known("ID_VENDOR_FROM_DATABASE", "") or device.text("manufacturer"),
        product_name=known("ID_MODEL_FROM_DATABASE", "") or device.text("product"),
        interfaces=tuple(
            _class_code(device, child)
            for child in device.names()
            if child.startswith(f"{device.name}:")
        ),
    )


def _class_code(device: Device, interface: str) -> int:
    names = ("bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol")
    major, minor, protocol = (device.number(f"{interface}/{name}", 16) for name in names)
    return major << 16 | minor << 8 | protocol
