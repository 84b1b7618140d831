"""One reading of a host: everything that sysfs, /proc and the libraries say, as an inventory."""

from __future__ import annotations

from serialpass_tui.core.inventory import Inventory, TtyKind
from serialpass_tui.host import (
    blocks,
    firmware,
    network,
    pci,
    serial_lines,
    stores,
    sysfs,
    system,
    usb,
)
from serialpass_tui.host.sysfs import text
from serialpass_tui.lazy import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.host.machine import Machine
    from serialpass_tui.host.system import Run

_ISA_BRIDGE = 0x0601
_ROOT_UNKNOWN = "which disk carries /"


def gather(root: Path, machine: Machine, run: Run) -> Inventory:
    """The facts of the host below `root`, read once, each from where the kernel keeps it.

    Raises:
        Problem: when the host cannot be read at all.
    """
    unread: list[str] = []
    kernel = text(root / "proc/sys/kernel/osrelease")
    cmdline = text(root / "proc/cmdline")
    functions = pci.with_names(pci.functions(machine.devices("pci"), unread), root)
    ttys = serial_lines.serial_ttys(
        sysfs.devices(root / "sys", "tty", having="device"),
        root,
        isa_bridges={f.bdf for f in functions if f.class_code >> 8 == _ISA_BRIDGE},
        consoles=serial_lines.consoles(root, cmdline),
        holders=serial_lines.holders(root, machine.pids(), unread),
        unread=unread,
    )
    usb_devices = usb.usb_devices(machine.devices("usb"))
    block_devices = blocks.BlockDevices(machine.devices("block"), root, machine.device_number)
    disks = block_devices.disks(
        machine.mounts(), blocks.swaps(root), firmware.boot_source(root, functions), unread
    )
    net, interfaces = sysfs.devices(root / "sys", "net"), machine.interfaces()
    boot_files = system.boot_files(root, unread)
    if not any("/" in disk.mounts for disk in disks) and not any(
        fact.startswith(_ROOT_UNKNOWN) for fact in unread
    ):
        unread.append(_ROOT_UNKNOWN)
    on_functions: dict[Bdf | None, list[str]] = {}
    on_devices: dict[str, list[str]] = {}
    for tty in ttys:
        on_devices.setdefault(tty.usb, []).append(tty.name)
        if tty.kind is TtyKind.PCI:
            on_functions.setdefault(tty.bdf, []).append(tty.name)
    return Inventory(
        hostname=text(root / "proc/sys/kernel/hostname"),
        kernel=kernel,
        cmdline=cmdline,
        boot_id=boot_id(root),
        boot_time=machine.boot_time(),
        uefi=(root / "sys/firmware/efi").is_dir(),
        product=system.product(root),
        xen=system.xen(root, run, unread),
        pci=tuple(
            replace(function, ttys=tuple(on_functions.get(function.bdf, ())))
            for function in functions
        ),
        usb=tuple(
            replace(device, ttys=tuple(on_devices.get(device.path, ()))) for device in usb_devices
        ),
        ttys=tuple(ttys),
        disks=tuple(disks),
        nics=network.nics(net, interfaces, root),
        ssh_interfaces=network.ssh_interfaces(root, machine.pid(), net, interfaces, unread),
        dmar=firmware.dmar(root, unread),
        ivrs=firmware.ivrs(root, unread),
        busy_irqs=pci.busy_irqs(root),
        boot_files=boot_files,
        boot_stores=stores.boot_stores(root, boot_files, block_devices),
        settings=system.settings(root, unread),
        setting_folders=system.setting_folders(root),
        pciback=system.pciback_form(root, kernel),
        pciback_registered=(root / "sys/bus/pci/drivers/pciback").is_dir(),
        unread=tuple(unread),
    )


def boot_id(root: Path) -> str:
    """The kernel's id of the present boot: another one proves that the host was restarted."""
    return text(root / "proc/sys/kernel/random/boot_id")
