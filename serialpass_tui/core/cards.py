"""What is known of serial chips, of those that only look like one, and of what BMCs plug in.

Old dom0s name few of the newer chips, and makers such as StarTech have no vendor id of their own:
the chip is what the guest's driver and the known troubles depend on, not the label on the card.
Ids and names after pci.ids and usb.ids (pci-ids.ucw.cz, linux-usb.org/usb-ids.html) and the
tables of torvalds/linux drivers/tty/serial/8250/8250_pci.c, 8250_exar.c, 8250_moxa.c, jsm.
"""

from __future__ import annotations

from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.core.inventory import PciFunction, UsbDevice


@frozen
class Family:
    """A family of serial chips and what a guest needs for it."""

    name: str
    driver: str
    """The Linux guest's driver."""
    trouble: str = ""
    """Known trouble with passthrough, as a sentence."""
    private_config: bool = False
    """Whether the guest's driver writes registers of its own into PCI configuration space."""
    models: frozenset[int] = frozenset()
    """Device ids that are serial chips whatever class they carry."""
    whole_vendor: bool = False
    """Whether any function of this vendor with a serial class belongs to the family."""


def _models(*items: int | range) -> frozenset[int]:
    ids: set[int] = set()
    for item in items:
        ids.update(item if isinstance(item, range) else (item,))
    return frozenset(ids)


_NO_FLR = "It has no function-level reset: all its functions go to the VM together."
_DOM0_DRIVER = "dom0's own {} driver may hold it until the reboot."
_PRIVATE = (
    "Its driver writes private registers in PCI configuration space, which pciback filters unless "
    "the device is set permissive."
)
_NUMBERS = "Linux makes four ports unless 8250.nr_uarts is raised."

_FAMILIES: tuple[tuple[int, Family], ...] = (
    (
        0x9710,
        Family(
            "MosChip PCI",
            "8250_pci (and parport_serial for a parallel port)",
            "The 9865 shows each port as a function of its own: take them all.",
            models=_models(0x9805, 0x9815, 0x9820, 0x9835, 0x9845, 0x9855, 0x9865),
        ),
    ),
    (
        0x9710,
        Family(
            "MosChip/ASIX PCIe",
            "8250_pci",
            _NO_FLR + ' "irq: nobody cared" in the guest points to its interrupt.',
            models=_models(0x9900, 0x9901, 0x9904, 0x9912, 0x9922),
        ),
    ),
    (
        0x125B,
        Family(
            "ASIX AX99100 PCIe",
            "8250_pci",
            "In dom0 it may show IRQ 0.",
            models=_models(0x9100, 0x9105),
        ),
    ),
    (
        0x1415,
        Family(
            "Oxford PCI",
            "8250_pci",
            _NO_FLR + " Four-port cards have two or more.",
            models=_models(
                0x9500, 0x9501, 0x9505, 0x950A, 0x950B, 0x9510, 0x9511, 0x9513, 0x9521, 0x9523
            ),
        ),
    ),
    (
        0x1415,
        Family(
            "Oxford/PLX PCIe",
            "8250_pci",
            "Legacy and native mode have different ids; some boards add a USB function.",
            models=_models(range(0xC100, 0xC15E), 0xC158, 0xC208, 0xC20D, 0xC308, 0xC30D),
        ),
    ),
    (
        0x10B5,
        Family(
            "PLX bridge card",
            "8250_pci",
            "The subsystem ids decide how the guest's driver treats it.",
            models=_models(0x1077, 0x106A),
            whole_vendor=True,
        ),
    ),
    (
        0x13A8,
        Family(
            "Exar XR17",
            "8250_exar",
            "The guest's kernel needs 8250_exar.",
            models=_models(
                0x0152, 0x0154, 0x0158, 0x0252, 0x0254, 0x0258, 0x0352, 0x0354, 0x0358, 0x8358
            ),
            whole_vendor=True,
        ),
    ),
    (0x1FD4, Family("SUNIX", "8250_pci", models=_models(0x0001, 0x1999), whole_vendor=True)),
    (
        0x1409,
        Family("SUNIX/Timedia", "8250_pci", models=_models(0x7168), whole_vendor=True),
    ),
    (
        0x1393,
        Family(
            "Moxa Smartio",
            "mxser (8250_moxa in newer kernels)",
            _DOM0_DRIVER.format("mxser"),
            models=_models(
                range(0x1020, 0x1026),
                range(0x1040, 0x1047),
                0x1080,
                0x1121,
                range(0x1141, 0x1146),
                0x1160,
                0x1161,
                range(0x1180, 0x1184),
                range(0x1320, 0x1324),
                range(0x1340, 0x1344),
                0x1380,
                0x1381,
                range(0x1680, 0x1684),
            ),
            whole_vendor=True,
        ),
    ),
    (
        0x1393,
        Family(
            "Moxa Intellio",
            "moxa",
            "The guest must hold its firmware file.",
            models=_models(0x2040, 0x2180, 0x3200),
        ),
    ),
    (
        0x114F,
        Family(
            "Digi Neo",
            "jsm",
            _DOM0_DRIVER.format("jsm") + " The guest's kernel needs jsm.",
            models=_models(0x00B0, 0x00B1, range(0x00C8, 0x00CF), 0x00F1, 0x00F4),
        ),
    ),
    (
        0x114F,
        Family(
            "Digi AccelePort",
            "dgap or epca (old kernels)",
            "The guest's driver uploads firmware; new kernels have none.",
            whole_vendor=True,
        ),
    ),
    (
        0x4348,
        Family(
            "WCH PCI",
            "8250_pci",
            models=_models(0x2273, 0x3253, 0x3453, 0x5053, 0x7053, 0x7073, 0x7173),
            whole_vendor=True,
        ),
    ),
    (
        0x1C00,
        Family(
            "WCH PCIe",
            "8250_pci (the maker's driver for the newest)",
            _NO_FLR,
            models=_models(0x2170, 0x2273, 0x3250, 0x3252, 0x3253, 0x3470, 0x3853),
            whole_vendor=True,
        ),
    ),
    (0x135A, Family("Brainboxes", "8250_pci", whole_vendor=True)),
    (0x155F, Family("Perle", "8250_pci", whole_vendor=True)),
    (
        0x131F,
        # Only the 20x cards keep registers there (8250_pci.c pci_siig20x_init).
        Family(
            "SIIG Cyber 20x",
            "8250_pci",
            _PRIVATE,
            private_config=True,
            models=_models(range(0x2000, 0x2020), range(0x2030, 0x2100)),
        ),
    ),
    (0x131F, Family("SIIG Cyber", "8250_pci", whole_vendor=True)),
    (
        0x1283,
        Family("ITE IT887x", "8250_pci", _PRIVATE, private_config=True, models=_models(0x8872)),
    ),
    (
        0x1C29,
        Family(
            "Fintek F815xx",
            "8250_pci",
            _PRIVATE,
            private_config=True,
            models=_models(0x1104, 0x1108, 0x1112),
            whole_vendor=True,
        ),
    ),
    (0x1407, Family("Lava", "8250_pci", whole_vendor=True)),
    (0x13FE, Family("Advantech", "8250_pci", whole_vendor=True)),
    (
        0x11FE,
        Family("Comtrol RocketPort", "rocket (8250_pci for the INFINITY)", whole_vendor=True),
    ),
    (0x135E, Family("Sealevel", "8250_pci", whole_vendor=True)),
    (0x135C, Family("Quatech", "8250_pci", whole_vendor=True)),
    (0x1093, Family("National Instruments", "8250_pci", whole_vendor=True)),
    (
        0x1B36,
        Family(
            "QEMU's virtual card",
            "8250_pci",
            "This host is itself a virtual machine: good for a try, not for a cable.",
            models=_models(0x0002, 0x0003, 0x0004),
        ),
    ),
)

_BMC_FUNCTIONS = {
    (0x0E11, 0xB203): "HP iLO (the server's remote management)",
    (0x0E11, 0xB204): "HP iLO (the server's remote management)",
    (0x1014, 0x010F): "IBM RSA (the server's remote management)",
    (0x103C, 0x22F6): "HPE iLO 5 virtual USB controller: the remote console's keyboard and media",
    (0x103C, 0x3300): "HP iLO virtual USB controller: the remote console's keyboard and media",
    (0x103C, 0x3301): "HP iLO virtual serial port: the remote console of the server",
    (0x103C, 0x3302): "HP iLO KCS interface",
    (0x103C, 0x1048): "HP Diva management console port",
    (0x103C, 0x1290): "HP Diva management console port",
    (0x103C, 0x1291): "HP Diva management console port",
    (0x1028, 0x0007): "Dell Remote Access Card III",
    (0x1028, 0x0008): "Dell Remote Access Card III",
    (0x1028, 0x0010): "Dell Remote Access Card 4",
    (0x1028, 0x0011): "Dell Remote Access Card 4",
    (0x1028, 0x0012): "Dell DRAC 4 virtual UART: the remote console of the server",
}

_AMT_SLOTS = {0x03, 0x16}
"""Where Intel's management engine sits on the root bus; its function 3 is the KT/SoL port."""

_BMC_USB = {
    (0x03F0, 0x1027): "HP iLO virtual keyboard",
    (0x03F0, 0x1227): "HP iLO virtual media",
    (0x03F0, 0x1327): "HP iLO virtual hub",
    (0x046B, 0xFF01): "AMI BMC virtual hub",
    (0x046B, 0xFF10): "AMI BMC virtual keyboard",
    (0x046B, 0xFF20): "AMI BMC virtual CD drive",
    (0x046B, 0xFF31): "AMI BMC virtual disk",
    (0x046B, 0xFFB0): "AMI BMC virtual network interface",
    (0x0557, 0x2221): "Winbond/ATEN BMC virtual keyboard",
    (0x0557, 0x2419): "ATEN BMC virtual keyboard",
    (0x05A6, 0x0A01): "Cisco CIMC virtual keyboard",
    (0x05A6, 0x0A02): "Cisco CIMC virtual media",
    (0x05A6, 0x0A03): "Cisco CIMC virtual network interface",
    (0x0624, 0x0248): "Avocent BMC virtual hub (iDRAC and others)",
    (0x0624, 0x0249): "Avocent BMC virtual keyboard (iDRAC and others)",
    (0x0624, 0x0250): "Avocent BMC virtual media (iDRAC and others)",
    (0x0624, 0x0251): "Avocent BMC virtual media (iDRAC and others)",
    (0x0624, 0x0252): "Avocent BMC virtual SD card (iDRAC and others)",
    (0x0624, 0x0402): "Cisco CIMC virtual keyboard",
    (0x0624, 0x0403): "Cisco CIMC virtual media",
    (0x17EF, 0xB000): "Lenovo XCC virtual keyboard",
    (0x17EF, 0xB003): "Lenovo XCC virtual keyboard and media",
    (0x413C, 0x0000): "Dell DRAC 5 virtual keyboard",
    (0x413C, 0x0001): "Dell DRAC 5 virtual media",
    (0x413C, 0x2500): "Dell DRAC 4",
    (0x413C, 0xA102): "Dell iDRAC virtual network interface",
}

_AMI = 0x046B
"""American Megatrends: as a USB vendor it makes nothing but BMC firmware's virtual devices."""

_USB_CHIPS = {
    0x0403: "FTDI",
    0x067B: "Prolific",
    0x10C4: "Silicon Labs CP210x",
    0x1A86: "WCH CH34x",
    0x4348: "WCH",
    0x110A: "Moxa UPort",
    0x9710: "MosChip",
    0x05D9: "Axiohm",
    0x0711: "Magic Control",
}
_USB_CHIP_MODELS = {(0x0557, 0x2008): "ATEN UC-232A (Prolific)", (0x0711, 0x0230): "MCT U232"}

SERIAL_CLASSES = {0x0700, 0x0702, 0x0703}
"""16550-compatible controllers, multiport controllers, modems (PCI class codes)."""

_CDC = {0x02, 0x0A}


def family(function: PciFunction) -> Family | None:
    """The chip family of a PCI function, None where it is no serial chip that is known.

    An id that is listed decides alone: some boards carry such a chip under another class. A vendor
    alone decides only together with a serial class.
    """
    fits = [item for vendor, item in _FAMILIES if vendor == function.vendor]
    for item in fits:
        if function.device in item.models:
            return item
    if function.class_code >> 8 in SERIAL_CLASSES:
        return next((item for item in fits if item.whole_vendor), None)
    return None


def lookalike(function: PciFunction) -> str:
    """What a function that only looks like a serial card or USB controller is; empty: it is none.

    They are the server's own remote console: a guest gains no socket to plug a cable into, and the
    operator loses the way back in.
    """
    known = _BMC_FUNCTIONS.get((function.vendor, function.device))
    if known:
        return known
    bdf = function.bdf
    on_root = not function.parents
    if (
        function.vendor == 0x8086
        and function.class_code >> 8 in SERIAL_CLASSES
        and on_root
        and bdf.slot in _AMT_SLOTS
        and bdf.function == 3
    ):
        return "Intel AMT serial-over-LAN (KT): the chipset's remote console, without a socket"
    return ""


def is_serial(function: PciFunction) -> bool:
    """Whether a PCI function carries a serial port of its own.

    "Other communication controllers" (0780) hold management engines as well as serial chips: one
    counts if it owns a tty, or if somebody has already hidden it, so that it owns none any more.
    """
    if lookalike(function):
        return False
    kind = function.class_code >> 8
    if family(function) is not None or kind in SERIAL_CLASSES:
        return True
    return kind == 0x0780 and (bool(function.ttys) or function.driver == "pciback")


def is_usb_controller(function: PciFunction) -> bool:
    """Whether a function is a USB host controller (class 0c03; fe is a device, not a host)."""
    return function.class_code >> 8 == 0x0C03 and function.class_code & 0xFF != 0xFE


def bmc_usb(device: UsbDevice) -> str:
    """What a BMC's virtual USB device is; empty where it is a real one."""
    known = _BMC_USB.get((device.vendor, device.product))
    if known:
        return known
    if device.vendor == _AMI:
        return "AMI BMC virtual " + ("keyboard" if device.is_keyboard else "device")
    return ""


def usb_chip(device: UsbDevice) -> str:
    """The chip of a USB serial adapter; empty where it is unknown."""
    known = _USB_CHIP_MODELS.get((device.vendor, device.product))
    return known or _USB_CHIPS.get(device.vendor, "")


def is_cdc(device: UsbDevice) -> bool:
    """Whether a USB device speaks CDC, the class that XenServer's USB policy denies by default."""
    return any(code >> 16 in _CDC for code in device.interfaces)


def is_hub(device: UsbDevice) -> bool:
    """Whether a USB device is nothing but a hub."""
    return bool(device.interfaces) and all(code >> 16 == 0x09 for code in device.interfaces)


def guest_note(function: PciFunction) -> str:
    """What a guest needs for this function's chip, and its known trouble; empty: unknown."""
    known = family(function)
    if known is None:
        return ""
    parts = (f"Guest driver: {known.driver}.", known.trouble, _NUMBERS if known.driver else "")
    return " ".join(part for part in parts if part)
