"""Builds the recorded machines of the simulator: `python tests/machines/build.py` writes them.

They are written by hand after the shape of real hosts; names, addresses and uuids are invented
(MACs from RFC 7042's documentation range, names below `.example`).
"""

from __future__ import annotations

import json
import sys
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.codec import encode
from serialpass_tui.core.inventory import (
    BootStore,
    BootText,
    Disk,
    Inventory,
    Nic,
    PcibackForm,
    PciFunction,
    Process,
    Product,
    Recording,
    Tty,
    TtyKind,
    UsbDevice,
    Xen,
)
from serialpass_tui.core.pool import (
    Guest,
    Pif,
    Pool,
    PoolHost,
    PowerState,
    StorageRepository,
    Vm,
    XlHost,
)
from serialpass_tui.sim.memory import fresh

MACHINES = Path(__file__).parents[2] / "serialpass_tui" / "sim" / "machines"
GRUB_BIOS = "/boot/grub/grub.cfg"
GRUB_UEFI = "/boot/efi/EFI/xenserver/grub.cfg"
EXTLINUX = "/boot/extlinux.conf"
KEYBOARD = (0x030101, 0x030000)
FTDI = (0xFF0000,)
CDC_ACM = (0x020201, 0x0A0000)
HUB = (0x090000,)

HOSTILE_NAME = "[bold red]fax[/] \x1b[31mgw\x07 \u202egpj.exe\u202c"


def store(boot_file: str, *, made: bool = True) -> tuple[BootStore, ...]:
    """Where the loader of a boot file keeps what it boots once; GRUB's file may not be made yet."""
    folder = boot_file.rpartition("/")[0]
    if boot_file == EXTLINUX:
        data, tool = fresh("extlinux"), "/sbin/extlinux"
        return (BootStore(boot_file, f"{folder}/ldlinux.sys", data, "ext3", tool=tool),)
    kind = "vfat" if "/efi/" in boot_file else "ext4"
    kept = fresh("grub") if made else None
    return (BootStore(boot_file, f"{folder}/grubenv", kept, kind),)


def uid(name: str) -> str:
    """A stable invented uuid."""
    return str(uuid.uuid5(uuid.UUID("7e57ab1e-0000-4000-8000-000000000000"), name))


def mac(number: int) -> str:
    return f"00:00:5e:00:53:{number:02x}"


def bdf(text: str) -> Bdf:
    return Bdf.parse(text)


# Hardware --------------------------------------------------------------------------------------


def pci(table: str) -> tuple[PciFunction, ...]:
    """Functions from lines `BDF ids class driver [options] | vendor | device`.

    Options: bus=NN (a bridge's secondary bus), vga, legacy (no PCI Express capability), noreset,
    irq=N, tty=a,b, sub=vvvv:dddd.
    """
    rows = [line.split("|") for line in table.splitlines() if line.strip()]
    bridges: dict[int, Bdf] = {}
    for head, *_ in rows:
        for word in head.split():
            if word.startswith("bus="):
                bridges[int(word[4:], 16)] = bdf(head.split()[0])
    return tuple(sorted((_function(row, bridges) for row in rows), key=lambda item: item.bdf))


def _function(row: list[str], bridges: dict[int, Bdf]) -> PciFunction:
    place, ids, kind, driver, *words = row[0].split()
    options = dict(word.partition("=")[::2] for word in words)
    own = bdf(place)
    parents: list[Bdf] = []
    bus = own.bus
    while bus in bridges:
        parents.append(bridges[bus])
        bus = bridges[bus].bus
    vendor, device = (int(part, 16) for part in ids.split(":"))
    subvendor, subdevice = (int(part, 16) for part in options.get("sub", "0:0").split(":"))
    on_root_port = "bus" in options and not parents
    return PciFunction(
        bdf=own,
        vendor=vendor,
        device=device,
        class_code=int(kind, 16),
        subvendor=subvendor,
        subdevice=subdevice,
        vendor_name=row[1].strip(),
        device_name=row[2].strip(),
        driver="" if driver == "-" else driver,
        parents=tuple(parents),
        pcie="legacy" not in options and (bool(parents) or on_root_port),
        irq=int(options.get("irq", "0")),
        ttys=tuple(options["tty"].split(",")) if "tty" in options else (),
        boot_vga="vga" in options,
        can_reset="bus" not in options and "noreset" not in options and bool(parents),
    )


def usb(path: str, ids: str, controller: str, names: str, interfaces: tuple[int, ...],
        *ttys: str) -> UsbDevice:  # fmt: skip
    vendor, product = (int(part, 16) for part in ids.split(":"))
    vendor_name, _, product_name = names.partition("|")
    return UsbDevice(
        path, vendor, product, bdf(controller), vendor_name, product_name, interfaces, ttys
    )


def isa(name: str, port: int, irq: int) -> Tty:
    return Tty(name, TtyKind.ISA, port=port, irq=irq)


def card_ttys(functions: tuple[PciFunction, ...]) -> tuple[Tty, ...]:
    return tuple(
        Tty(name, TtyKind.PCI, bdf=item.bdf, irq=item.irq)
        for item in functions
        for name in item.ttys
    )


def usb_ttys(devices: tuple[UsbDevice, ...]) -> tuple[Tty, ...]:
    return tuple(Tty(name, TtyKind.USB, usb=item.path) for item in devices for name in item.ttys)


def local_disk(place: str, name: str, model: str, *, esp: bool) -> Disk:
    """A system disk as the installer of XenServer 7 and later partitions it."""
    mounts = ("/", "/boot/efi", "/var/log") if esp else ("/", "/var/log")
    parts = (1, 2, 3, 4, 5, 6)
    glue = "p" if name[-1].isdigit() else ""
    ids = (model, *(f"{model}-part{n}" for n in parts), *(f"{name}{glue}{n}" for n in parts))
    signatures = ("LVM2_member", "ext3", "swap") + (("vfat",) if esp else ())
    return Disk(name, bdf(place), mounts, swap=True, signatures=signatures, ids=ids)


# Boot files ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Menu:
    """What an installer writes into a boot menu, in one place for both loaders."""

    brand: str
    xen_version: str
    kernel: str
    """uname -r."""
    label: str
    """File-system label of the root partition."""
    xen: str
    """Xen's arguments."""
    dom0: str
    """dom0's arguments after `root=... ro`."""
    serial: str = ""
    """Xen's arguments of the serial entry; empty: no serial port was configured."""
    serial_dom0: str = "console=tty0 console=hvc0"
    safe: str = ""
    hide: str = ""
    """Appended to the default entry's dom0 arguments."""
    vmlinuz: str = "vmlinuz-4.19-xen"
    initrd: str = "initrd-4.19-xen.img"

    def dom0_args(self, extra: str = "") -> str:
        words = ("root=LABEL=" + self.label, "ro", extra or self.dom0)
        return " ".join(words)

    @property
    def cmdline(self) -> str:
        """dom0's command line after booting the default entry."""
        return " ".join(part for part in (self.dom0_args(), self.hide) if part)


def extlinux(menu: Menu) -> bytes:
    def entry(label: str, title: str, xen: str, dom0: str, fallback: str = "-2.6-xen") -> str:
        return (
            f"label {label}\n  # {title}\n  kernel mboot.c32\n"
            f"  append /boot/xen.gz {xen} --- /boot/vmlinuz{fallback} {dom0}"
            f" --- /boot/initrd{fallback}.img\n\n"
        )

    quiet = menu.dom0.replace(" quiet vga=785 splash", "")
    parts = [
        "# location mbr\nserial 0 115200\ndefault xe\nprompt 1\ntimeout 50\n\n",
        entry("xe", menu.brand, menu.xen, menu.cmdline),
        entry("xe-serial", f"{menu.brand} (Serial)", menu.serial, menu.dom0_args(menu.serial_dom0)),
        entry("safe", f"{menu.brand} in Safe Mode", menu.safe,
              menu.dom0_args(f"{quiet} earlyprintk=xen")),
        entry("fallback", f"{menu.brand} (Xen {menu.xen_version} / Linux {menu.kernel})",
              menu.xen, menu.dom0_args(), "-fallback"),
    ]  # fmt: skip
    return "".join(parts).encode()


def grub(menu: Menu, loader: tuple[str, str] = ("multiboot2", "module2"),
         xen: str = "/boot/xen.gz", fallback: str = "/boot/xen-fallback.gz") -> bytes:  # fmt: skip
    hypervisor, module = loader

    def entry(title: str, image: str, args: str, dom0: str, files: tuple[str, str]) -> str:
        return (
            f"menuentry '{title}' {{\n"
            f"\tsearch --label --set root {menu.label}\n"
            f"\t{hypervisor} {image} {args}\n"
            f"\t{module} /boot/{files[0]} {dom0}\n"
            f"\t{module} /boot/{files[1]}\n}}\n"
        )

    def usual(title: str, args: str, dom0: str) -> str:
        return entry(title, xen, args, dom0, (menu.vmlinuz, menu.initrd))

    def older(title: str, args: str, dom0: str) -> str:
        return entry(title, fallback, args, dom0, ("vmlinuz-fallback", "initrd-fallback.img"))

    head = ""
    if menu.serial:
        head = (
            "serial --unit=0 --speed=115200\nterminal_input serial console\n"
            "terminal_output serial console\n"
        )
    head += (
        "set default=0\nset timeout=5\n"
        "if [ -s $prefix/grubenv ]; then\n\tload_env\nfi\n\n"
        'if [ -n "$override_entry" ]; then\n\tset default="$override_entry"\nfi\n'
    )
    versions = f"(Xen {menu.xen_version} / Linux {menu.kernel})"
    entries = [usual(menu.brand, menu.xen, menu.cmdline)]
    serial_dom0 = menu.dom0_args(menu.serial_dom0)
    if menu.serial:
        entries.append(usual(f"{menu.brand} (Serial)", menu.serial, serial_dom0))
    if menu.safe:
        entries.append(usual(f"{menu.brand} in Safe Mode", menu.safe,
                             menu.dom0_args("console=tty0 console=hvc0")))  # fmt: skip
    entries.append(older(f"{menu.brand} {versions}", menu.xen, menu.dom0_args()))
    if menu.serial:
        entries.append(older(f"{menu.brand} (Serial, {versions[1:]}", menu.serial, serial_dom0))
    return (head + "".join(entries)).encode()


COM1 = "com1=115200,8n1 console=com1,vga"
SAFE_8 = (
    "nosmp noreboot noirqbalance no-mce no-bootscrub no-numa no-hap no-mmcfg iommu=off "
    "max_cstate=0 nmi=ignore allow_unsafe"
)
QUIET_8 = (
    "nolvm hpet=disable console=hvc0 console=tty0 quiet vga=785 splash "
    "plymouth.ignore-serial-consoles"
)


def xen_8(memory: int) -> str:
    """Xen's arguments as installers of the 8 series choose them, without the console."""
    return (
        f"dom0_mem={memory}M,max:{memory}M watchdog ucode=scan dom0_max_vcpus=1-8 "
        "crashkernel=256M,below=4G"
    )


def menu_8(brand: str, xen_version: str, label: str, memory: int, *, serial: bool) -> Menu:
    vga = f"{xen_8(memory)} console=vga vga=mode-0x0311"
    return Menu(
        brand,
        xen_version,
        "4.19.0+1",
        label,
        vga,
        QUIET_8,
        serial=f"{COM1} {xen_8(memory)}" if serial else "",
        safe=f"{SAFE_8} {COM1} {xen_8(memory)}" if serial else "",
    )


# Virtual machines ------------------------------------------------------------------------------


@dataclass
class Site:
    """A pool in the making: uuids follow from its name."""

    name: str
    domids: int = 0
    vms: list[Vm] = field(default_factory=list)

    def host(self, name: str) -> str:
        return uid(f"{self.name} host {name}")

    def vm(self, name: str, state: PowerState = PowerState.HALTED, on: str = "", *,
           kind: str = "hvm", ha: str = "") -> None:  # fmt: skip
        running = state in {PowerState.RUNNING, PowerState.PAUSED}
        if running:
            self.domids += 1
        other = [("base_template_name", "Other install media"), ("mac_seed", uid(name + " seed"))]
        self.vms.append(
            Vm(
                uuid=uid(f"{self.name} vm {name}"),
                name=name,
                power_state=state,
                domain_type=kind,
                domid=self.domids if running else -1,
                resident_on=self.host(on) if running else "",
                affinity=self.host(on) if on else "",
                ha_restart_priority=ha,
                other_config=tuple(other),
            )
        )

    def sr(self, name: str, kind: str, device: str = "") -> StorageRepository:
        return StorageRepository(uid(f"{self.name} sr {name}"), name, kind, device)


def local_sr(site: Site, model: str) -> tuple[StorageRepository, ...]:
    return (
        site.sr("Local storage", "lvm", f"/dev/disk/by-id/{model}-part3"),
        site.sr("ISO library", "iso"),
    )


def host(name: str, machine: str, iommu: bool | None = True) -> PoolHost:
    return PoolHost(Site(machine).host(name), name, iommu=iommu)


# The machines ----------------------------------------------------------------------------------

C204 = """
00:00.0 8086:0108 060000 -                       |Intel Corporation|Xeon E3-1200 Processor Family DRAM Controller
00:01.0 8086:0101 060400 pcieport bus=01         |Intel Corporation|Xeon E3-1200/2nd Generation Core Processor Family PCI Express Root Port
00:16.0 8086:1c3a 078000 - irq=16                |Intel Corporation|6 Series/C200 Series Chipset Family MEI Controller #1
00:1a.0 8086:1c2d 0c0320 ehci_hcd irq=16         |Intel Corporation|6 Series/C200 Series Chipset Family USB Enhanced Host Controller #2
00:1d.0 8086:1c26 0c0320 ehci_hcd irq=23         |Intel Corporation|6 Series/C200 Series Chipset Family USB Enhanced Host Controller #1
00:1f.0 8086:1c54 060100 -                       |Intel Corporation|C204 Chipset LPC Controller
00:1f.3 8086:1c22 0c0500 - irq=18                |Intel Corporation|6 Series/C200 Series Chipset Family SMBus Controller
"""

PROCEDURE = (
    C204
    + """
00:1c.0 8086:1c10 060400 pcieport bus=02         |Intel Corporation|6 Series/C200 Series Chipset Family PCI Express Root Port 1
00:1c.4 8086:1c18 060400 pcieport bus=03         |Intel Corporation|6 Series/C200 Series Chipset Family PCI Express Root Port 5
00:1c.5 8086:1c1a 060400 pcieport bus=05         |Intel Corporation|6 Series/C200 Series Chipset Family PCI Express Root Port 6
00:1e.0 8086:244e 060401 - bus=06 legacy         |Intel Corporation|82801 PCI Bridge
01:00.0 1000:0079 010400 megaraid_sas irq=16     |LSI Logic / Symbios Logic|MegaRAID SAS 2108 [Liberator]
02:00.0 9710:9922 070002 serial irq=17 tty=ttyS4 sub=a000:1000 noreset|MosChip Semiconductor Technology Ltd.|PCIe 9922 Multi-I/O Controller
03:00.0 8086:10d3 020000 e1000e irq=18           |Intel Corporation|82574L Gigabit Network Connection
05:00.0 1912:0015 0c0330 xhci_hcd irq=19         |Renesas Technology Corp.|uPD720202 USB 3.0 Host Controller
06:03.0 102b:0532 030000 - legacy vga irq=23     |Matrox Graphics, Inc.|MGA G200eW WPCM450
"""
)


def procedure() -> Recording:
    """The host of the written procedure, before it."""
    site = Site("xenserver-6.2-procedure")
    here = "xs62"
    menu = Menu(
        "XenServer",
        "4.1.5",
        "2.6.32.43-0.4.1.xs1.8.0.835.170778xen",
        "root-qvkzpwua",
        "dom0_mem=752M,max:752M watchdog dom0_max_vcpus=4 crashkernel=128M@32M "
        "cpuid_mask_xsave_eax=0 console=vga vga=mode-0x0311",
        "nolvm hpet=disable xencons=hvc console=hvc0 console=tty0 quiet vga=785 splash",
        serial=f"{COM1} dom0_mem=752M,max:752M watchdog dom0_max_vcpus=4 crashkernel=128M@32M "
        "cpuid_mask_xsave_eax=0",
        serial_dom0="nolvm hpet=disable xencons=hvc console=tty0 console=hvc0",
        safe=f"{SAFE_8} dom0_mem=752M,max:752M watchdog crashkernel=128M@32M console=vga",
    )
    functions = pci(PROCEDURE)
    devices = (
        usb("1-1", "8087:0024", "00:1a.0", "Intel Corp.|Integrated Rate Matching Hub", HUB),
        usb("1-1.2", "046d:c31c", "00:1a.0", "Logitech, Inc.|Keyboard K120", KEYBOARD),
        usb("2-1", "8087:0024", "00:1d.0", "Intel Corp.|Integrated Rate Matching Hub", HUB),
        usb("2-1.3", "051d:0002", "00:1d.0",
            "American Power Conversion|Uninterruptible Power Supply", (0x030000,)),
        usb("3-1", "067b:2303", "05:00.0", "Prolific Technology, Inc.|PL2303 Serial Port", FTDI,
            "ttyUSB0"),
    )  # fmt: skip
    site.vm("sersrv03.xyz.example")
    site.vm("dc1", PowerState.RUNNING, here)
    site.vm("mail (old)", PowerState.RUNNING, here, kind="pv")
    site.vm(HOSTILE_NAME)
    model = "scsi-360000000000000000e00000000010001"
    return Recording(
        Inventory(
            hostname=f"{here}.example",
            kernel=menu.kernel,
            cmdline=menu.cmdline,
            boot_id=uid(site.name + " boot"),
            boot_time=1427270400,
            uefi=False,
            product=Product("XenServer", "6.2.0", site.host(here)),
            xen=Xen(menu.xen_version, menu.xen, iommu=True),
            pci=functions,
            usb=devices,
            ttys=(
                isa("ttyS0", 0x3F8, 4),
                isa("ttyS1", 0x2F8, 3),
                *card_ttys(functions),
                *usb_ttys(devices),
            ),
            disks=(
                Disk(
                    "sda",
                    bdf("01:00.0"),
                    ("/",),
                    signatures=("LVM2_member", "ext3"),
                    ids=(model, *(f"{model}-part{n}" for n in (1, 2, 3)), "sda1", "sda2", "sda3"),
                ),
            ),
            nics=(Nic("eth0", bdf("03:00.0"), up=True, mac=mac(0x10)),),
            boot_files=(BootText(EXTLINUX, extlinux(menu)),),
            boot_stores=store(EXTLINUX),
            pciback=PcibackForm.BUILTIN,
            pciback_registered=True,
        ),
        Pool(
            this_host=site.host(here),
            master=site.host(here),
            hosts=(host(here, site.name),),
            vms=tuple(site.vms),
            pifs=(Pif("eth0", management=True, mac=mac(0x10)),),
            srs=local_sr(site, model),
            name=here,
        ),
        note="The three devices of the written procedure, before it: MosChip 9922, Renesas USB, "
        "chipset EHCI; XenServer 6.2, extlinux.",
    )


def blanks() -> Recording:
    """The same host after the procedure: blanks between the groups hide 05:00.0 only."""
    before = procedure()
    inventory, pool = before.inventory, before.pool
    if pool is None:
        raise TypeError
    hide = b" pciback.hide=(05:00.0) (02:00.0) (00:1d.0)"
    boot = inventory.boot_files[0]
    lines = boot.data.split(b" --- ")
    lines[1] += hide
    renesas = bdf("05:00.0")
    first, *others = pool.vms
    bound = replace(
        first,
        other_config=(*first.other_config, ("pci", "0/0000:02:00.0,0/0000:00:1d.0")),
    )
    return replace(
        before,
        inventory=replace(
            inventory,
            cmdline=inventory.cmdline + hide.decode(),
            boot_id=uid("xenserver-6.2-blanks boot"),
            boot_time=1427356800,
            pci=tuple(
                replace(item, driver="pciback") if item.bdf == renesas else item
                for item in inventory.pci
            ),
            usb=tuple(item for item in inventory.usb if item.controller != renesas),
            ttys=tuple(item for item in inventory.ttys if item.kind is not TtyKind.USB),
            boot_files=(BootText(boot.path, b" --- ".join(lines)),),
        ),
        pool=replace(pool, vms=(bound, *others)),
        note="The same host with the procedure's hide list in place: the blanks between the "
        "groups cut the rest off, so only 05:00.0 is hidden.",
    )


C236 = """
00:00.0 8086:1918 060000 -                       |Intel Corporation|Xeon E3-1200 v5/E3-1500 v5/6th Gen Core Processor Host Bridge/DRAM Registers
00:01.0 8086:1901 060400 pcieport bus=01         |Intel Corporation|6th-10th Gen Core Processor PCIe Controller (x16)
00:14.0 8086:a12f 0c0330 xhci_hcd irq=125        |Intel Corporation|100 Series/C230 Series Chipset Family USB 3.0 xHCI Controller
00:14.2 8086:a131 118000 - irq=18                |Intel Corporation|100 Series/C230 Series Chipset Family Thermal Subsystem
00:16.0 8086:a13a 078000 - irq=16                |Intel Corporation|100 Series/C230 Series Chipset Family MEI Controller #1
00:17.0 8086:a102 010601 ahci irq=126            |Intel Corporation|Q170/Q150/B150/H170/H110/Z170/CM236 Chipset SATA Controller [AHCI Mode]
00:1c.0 8086:a110 060400 pcieport bus=02         |Intel Corporation|100 Series/C230 Series Chipset Family PCI Express Root Port #1
00:1c.2 8086:a112 060400 pcieport bus=03         |Intel Corporation|100 Series/C230 Series Chipset Family PCI Express Root Port #3
00:1c.4 8086:a114 060400 pcieport bus=04         |Intel Corporation|100 Series/C230 Series Chipset Family PCI Express Root Port #5
00:1d.0 8086:a118 060400 pcieport bus=05         |Intel Corporation|100 Series/C230 Series Chipset Family PCI Express Root Port #9
00:1f.0 8086:a149 060100 -                       |Intel Corporation|C236 Chipset LPC/eSPI Controller
00:1f.4 8086:a123 0c0500 i801_smbus irq=16       |Intel Corporation|100 Series/C230 Series Chipset Family SMBus
03:00.0 8086:1533 020000 igb irq=18              |Intel Corporation|I210 Gigabit Network Connection
04:00.0 1a03:1150 060400 - bus=06                |ASPEED Technology, Inc.|AST1150 PCI-to-PCI Bridge
06:00.0 1a03:2000 030000 - legacy vga irq=16     |ASPEED Technology, Inc.|ASPEED Graphics Family
"""


def c236(
    site: Site,
    menu: Menu,
    extra: str,
    devices: tuple[UsbDevice, ...] = (),
) -> Recording:
    """A one-socket server as small firms buy them, with `extra` cards in it."""
    here = "xcp1"
    functions = pci(C236 + extra.strip("\n"))
    model = "ata-SAMPLE_SSD_480G_S0000001"
    keyboard = usb("1-3", "046d:c31c", "00:14.0", "Logitech, Inc.|Keyboard K120", KEYBOARD)
    return Recording(
        Inventory(
            hostname=f"{here}.example",
            kernel=menu.kernel,
            cmdline=menu.cmdline,
            boot_id=uid(site.name + " boot"),
            boot_time=1764489600,
            uefi=False,
            product=Product("XCP-ng", "8.3.0", site.host(here)),
            xen=Xen(menu.xen_version, menu.xen, iommu=True),
            pci=functions,
            usb=(keyboard, *devices),
            ttys=(
                isa("ttyS0", 0x3F8, 4),
                isa("ttyS1", 0x2F8, 3),
                *card_ttys(functions),
                *usb_ttys(devices),
            ),
            disks=(local_disk("00:17.0", "sda", model, esp=False),),
            nics=(Nic("eth0", bdf("03:00.0"), up=True, mac=mac(0x20)),),
            boot_files=(BootText(GRUB_BIOS, grub(menu)),),
            boot_stores=store(GRUB_BIOS),
            pciback=PcibackForm.BUILTIN,
            pciback_registered=True,
        ),
        Pool(
            this_host=site.host(here),
            master=site.host(here),
            hosts=(host(here, site.name),),
            vms=tuple(site.vms),
            pifs=(Pif("eth0", management=True, mac=mac(0x20)),),
            srs=local_sr(site, model),
            name=here,
        ),
    )


def xcp_ng_bios() -> Recording:
    """The pleasant one: a two-port card, a USB card, a handful of VMs."""
    site = Site("xcp-ng-8.3-bios")
    site.vm("pbx")
    site.vm("door-access", PowerState.RUNNING, "xcp1")
    site.vm("fileserver", PowerState.RUNNING, "xcp1")
    site.vm("win2019-till", PowerState.HALTED)
    site.vm("legacy-router", PowerState.HALTED, kind="pv")
    site.vm(HOSTILE_NAME)
    extra = """
02:00.0 9710:9922 070002 serial irq=16 tty=ttyS4 sub=a000:1000 noreset|MosChip Semiconductor Technology Ltd.|MCS9922 PCIe Multi-I/O Controller
02:00.1 9710:9922 070002 serial irq=17 tty=ttyS5 sub=a000:1000 noreset|MosChip Semiconductor Technology Ltd.|MCS9922 PCIe Multi-I/O Controller
05:00.0 1912:0014 0c0330 xhci_hcd irq=16         |Renesas Technology Corp.|uPD720201 USB 3.0 Host Controller
"""
    devices = (
        usb("3-2", "0403:6001", "05:00.0",
            "Future Technology Devices International, Ltd|FT232 Serial (UART) IC", FTDI,
            "ttyUSB0"),
    )  # fmt: skip
    menu = menu_8("XCP-ng", "4.17.6", "root-vgdwzb", 2656, serial=True)
    return replace(
        c236(site, menu, extra, devices),
        note="A small server with a two-port serial card and a USB card; XCP-ng 8.3, BIOS, GRUB.",
    )


MATISSE = """
00:00.0 1022:1480 060000 -                       |Advanced Micro Devices, Inc. [AMD]|Starship/Matisse Root Complex
00:01.1 1022:1483 060400 pcieport bus=01         |Advanced Micro Devices, Inc. [AMD]|Starship/Matisse GPP Bridge
00:01.3 1022:1483 060400 pcieport bus=02         |Advanced Micro Devices, Inc. [AMD]|Starship/Matisse GPP Bridge
00:03.1 1022:1483 060400 pcieport bus=03         |Advanced Micro Devices, Inc. [AMD]|Starship/Matisse GPP Bridge
00:03.2 1022:1483 060400 pcieport bus=04         |Advanced Micro Devices, Inc. [AMD]|Starship/Matisse GPP Bridge
00:03.3 1022:1483 060400 pcieport bus=05         |Advanced Micro Devices, Inc. [AMD]|Starship/Matisse GPP Bridge
00:07.1 1022:1484 060400 pcieport bus=08         |Advanced Micro Devices, Inc. [AMD]|Starship/Matisse Internal PCIe GPP Bridge 0 to bus[E:B]
00:14.0 1022:790b 0c0500 piix4_smbus             |Advanced Micro Devices, Inc. [AMD]|FCH SMBus Controller
00:14.3 1022:790e 060100 -                       |Advanced Micro Devices, Inc. [AMD]|FCH LPC Bridge
01:00.0 144d:a808 010802 nvme irq=40             |Samsung Electronics Co Ltd|NVMe SSD Controller SM981/PM981/PM983
02:00.0 13a8:0354 070002 exar_serial irq=41 tty=ttyS4,ttyS5,ttyS6,ttyS7 sub=13a8:0354|Exar Corp.|
03:00.0 14e4:165f 020000 tg3 irq=42              |Broadcom Inc. and subsidiaries|NetXtreme BCM5720 Gigabit Ethernet PCIe
03:00.1 14e4:165f 020000 tg3 irq=43              |Broadcom Inc. and subsidiaries|NetXtreme BCM5720 Gigabit Ethernet PCIe
04:00.0 1a03:1150 060400 - bus=06                |ASPEED Technology, Inc.|AST1150 PCI-to-PCI Bridge
05:00.0 1b21:2142 0c0330 xhci_hcd irq=44         |ASMedia Technology Inc.|ASM2142/ASM3142 USB 3.1 Host Controller
06:00.0 1a03:2000 030000 - legacy vga irq=45     |ASPEED Technology, Inc.|ASPEED Graphics Family
08:00.0 1022:1485 130000 -                       |Advanced Micro Devices, Inc. [AMD]|Starship/Matisse Reserved SPP
08:00.1 1022:1486 108000 - irq=46                |Advanced Micro Devices, Inc. [AMD]|Starship/Matisse Cryptographic Coprocessor PSPCPP
08:00.3 1022:149c 0c0330 xhci_hcd irq=47         |Advanced Micro Devices, Inc. [AMD]|Matisse USB 3.0 Host Controller
"""


def xcp_ng_uefi() -> Recording:
    """A pool member with a four-port card that the host's pci.ids does not name."""
    site = Site("xcp-ng-8.3-uefi")
    here, other = "xcp-rack2", "xcp-rack1"
    site.vm("scada", PowerState.RUNNING, here)
    site.vm("weighbridge")
    site.vm("erp", PowerState.RUNNING, other, ha="restart")
    site.vm("old-modem-bank", kind="pv")
    site.vm(HOSTILE_NAME, PowerState.SUSPENDED)
    functions = pci(MATISSE)
    devices = (
        usb("1-1", "046b:ff01", "08:00.3", "American Megatrends, Inc.|Virtual Hub", HUB),
        usb("1-1.1", "046b:ff10", "08:00.3", "American Megatrends, Inc.|Virtual Keyboard and Mouse",
            KEYBOARD),
        usb("3-1", "1a86:7523", "05:00.0", "QinHeng Electronics|CH340 serial converter", FTDI,
            "ttyUSB0"),
        usb("3-2", "2341:0043", "05:00.0", "Arduino SA|Uno R3 (CDC ACM)", CDC_ACM, "ttyACM0"),
    )  # fmt: skip
    menu = menu_8("XCP-ng", "4.17.6", "root-kqjdnw", 4304, serial=False)
    model = "nvme-SAMPLE_NVME_960G_S0000002"
    return Recording(
        Inventory(
            hostname=f"{here}.example",
            kernel=menu.kernel,
            cmdline=menu.cmdline,
            boot_id=uid(site.name + " boot"),
            boot_time=1764500400,
            uefi=True,
            product=Product("XCP-ng", "8.3.0", site.host(here)),
            xen=Xen(menu.xen_version, menu.xen, iommu=True),
            pci=functions,
            usb=devices,
            ttys=(*card_ttys(functions), *usb_ttys(devices)),
            disks=(local_disk("01:00.0", "nvme0n1", model, esp=True),),
            nics=(
                Nic("eth0", bdf("03:00.0"), up=True, mac=mac(0x30)),
                Nic("eth1", bdf("03:00.1"), up=False, mac=mac(0x31)),
            ),
            boot_files=(BootText(GRUB_UEFI, grub(menu)),),
            boot_stores=store(GRUB_UEFI, made=False),
            pciback=PcibackForm.BUILTIN,
            pciback_registered=True,
        ),
        Pool(
            this_host=site.host(here),
            master=site.host(other),
            hosts=(host(other, site.name), host(here, site.name)),
            vms=tuple(site.vms),
            pifs=(Pif("eth0", management=True, mac=mac(0x30)), Pif("eth1", mac=mac(0x31))),
            srs=(*local_sr(site, model), site.sr("NFS vault", "nfs")),
            ha_enabled=True,
            name="plant",
        ),
        note="A pool member with a four-port Exar card and USB adapters; XCP-ng 8.3, UEFI, HA.",
    )


C610 = """
00:00.0 8086:2f00 060000 -                       |Intel Corporation|Xeon E7 v3/Xeon E5 v3/Core i7 DMI2
00:01.0 8086:2f02 060400 pcieport bus=01         |Intel Corporation|Xeon E7 v3/Xeon E5 v3/Core i7 PCI Express Root Port 1
00:02.0 8086:2f04 060400 pcieport bus=02         |Intel Corporation|Xeon E7 v3/Xeon E5 v3/Core i7 PCI Express Root Port 2
00:03.0 8086:2f08 060400 pcieport bus=03         |Intel Corporation|Xeon E7 v3/Xeon E5 v3/Core i7 PCI Express Root Port 3
00:14.0 8086:8d31 0c0330 xhci_hcd irq=30         |Intel Corporation|C610/X99 series chipset USB xHCI Host Controller
00:16.0 8086:8d3a 078000 - irq=16                |Intel Corporation|C610/X99 series chipset MEI Controller #1
00:1c.0 8086:8d10 060400 pcieport bus=04         |Intel Corporation|C610/X99 series chipset PCI Express Root Port #1
00:1d.0 8086:8d26 0c0320 ehci-pci irq=18         |Intel Corporation|C610/X99 series chipset USB Enhanced Host Controller #1
00:1f.0 8086:8d44 060100 -                       |Intel Corporation|C610/X99 series chipset LPC Controller
01:00.0 8086:1521 020000 igb irq=31              |Intel Corporation|I350 Gigabit Network Connection
01:00.1 8086:1521 020000 igb irq=32              |Intel Corporation|I350 Gigabit Network Connection
02:00.0 1000:005d 010400 megaraid_sas irq=33     |Broadcom / LSI|MegaRAID SAS-3 3108 [Invader]
03:00.0 1c00:3470 070005 serial irq=34 tty=ttyS4,ttyS5,ttyS6,ttyS7 noreset||
04:00.0 102b:0534 030000 - vga irq=19            |Matrox Electronics Systems Ltd.|G200eR2
"""


def xenserver_8() -> Recording:
    """A rack server with a card that no database names, and iDRAC's virtual keyboard."""
    site = Site("xenserver-8")
    here = "xs8-b"
    site.vm("gps-clock", PowerState.RUNNING, here)
    site.vm("telephone-exchange")
    site.vm("sql", PowerState.RUNNING, "xs8-a", ha="restart")
    site.vm("build-pv", PowerState.HALTED, kind="pv_in_pvh")
    site.vm(HOSTILE_NAME)
    functions = pci(C610)
    devices = (
        usb("1-14", "0624:0248", "00:14.0", "Avocent Corp.|Virtual Hub", HUB),
        usb("1-14.1", "0624:0249", "00:14.0", "Avocent Corp.|Virtual Keyboard/Mouse", KEYBOARD),
        usb("2-1", "8087:0024", "00:1d.0", "Intel Corp.|Integrated Rate Matching Hub", HUB),
        usb("2-1.2", "0781:5567", "00:1d.0", "SanDisk Corp.|Cruzer Blade", (0x080650,)),
    )
    menu = menu_8("XenServer", "4.17.5-13", "root-hwxlre", 4272, serial=True)
    model = "scsi-360000000000000000e00000000050001"
    return Recording(
        Inventory(
            hostname=f"{here}.example",
            kernel=menu.kernel,
            cmdline=menu.cmdline,
            boot_id=uid(site.name + " boot"),
            boot_time=1764403200,
            uefi=True,
            product=Product("XenServer", "8.4.0", site.host(here)),
            xen=Xen(menu.xen_version, menu.xen, iommu=True),
            pci=functions,
            usb=devices,
            ttys=(isa("ttyS0", 0x3F8, 4), isa("ttyS1", 0x2F8, 3), *card_ttys(functions)),
            disks=(
                local_disk("02:00.0", "sda", model, esp=True),
                Disk("sdb", bdf("00:1d.0"), ("/mnt/backup",), signatures=("vfat",),
                     ids=("usb-SAMPLE_Cruzer_0001-0:0", "sdb1")),
            ),
            nics=(
                Nic("eth0", bdf("01:00.0"), up=True, mac=mac(0x40)),
                Nic("eth1", bdf("01:00.1"), up=True, mac=mac(0x41)),
            ),
            boot_files=(BootText(GRUB_UEFI, grub(menu)),),
            boot_stores=store(GRUB_UEFI),
            pciback=PcibackForm.BUILTIN,
            pciback_registered=True,
        ),
        Pool(
            this_host=site.host(here),
            master=site.host(here),
            hosts=tuple(host(name, site.name) for name in ("xs8-a", here, "xs8-c")),
            vms=tuple(site.vms),
            pifs=(Pif("eth0", management=True, mac=mac(0x40)), Pif("eth1", mac=mac(0x41))),
            srs=local_sr(site, model),
            ha_enabled=True,
            name="office",
        ),
        note="A rack server with an unnamed four-port WCH card, iDRAC's virtual keyboard and a "
        "mounted stick; XenServer 8, UEFI, master of three hosts.",
    )  # fmt: skip


ICH10 = """
00:00.0 8086:3403 060000 -                       |Intel Corporation|5500 I/O Hub to ESI Port
00:01.0 8086:3408 060400 pcieport bus=01         |Intel Corporation|5520/5500/X58 I/O Hub PCI Express Root Port 1
00:03.0 8086:340a 060400 pcieport bus=03         |Intel Corporation|5520/5500/X58 I/O Hub PCI Express Root Port 3
00:1a.0 8086:3a37 0c0300 uhci_hcd irq=16         |Intel Corporation|82801JI (ICH10 Family) USB UHCI Controller #4
00:1a.7 8086:3a3c 0c0320 ehci-pci irq=18         |Intel Corporation|82801JI (ICH10 Family) USB2 EHCI Controller #2
00:1d.0 8086:3a34 0c0300 uhci_hcd irq=23         |Intel Corporation|82801JI (ICH10 Family) USB UHCI Controller #1
00:1d.1 8086:3a35 0c0300 uhci_hcd irq=19         |Intel Corporation|82801JI (ICH10 Family) USB UHCI Controller #2
00:1d.2 8086:3a36 0c0300 uhci_hcd irq=18         |Intel Corporation|82801JI (ICH10 Family) USB UHCI Controller #3
00:1d.7 8086:3a3a 0c0320 ehci-pci irq=23         |Intel Corporation|82801JI (ICH10 Family) USB2 EHCI Controller #1
00:1e.0 8086:244e 060401 - bus=06 legacy         |Intel Corporation|82801 PCI Bridge
00:1f.0 8086:3a16 060100 -                       |Intel Corporation|82801JIR (ICH10R) LPC Interface Controller
00:1f.2 8086:3a22 010601 ahci irq=24             |Intel Corporation|82801JI (ICH10 Family) SATA AHCI Controller
01:00.0 8086:10d3 020000 e1000e irq=28           |Intel Corporation|82574L Gigabit Network Connection
03:00.0 12d8:e111 060400 - bus=04                |Pericom Semiconductor|PI7C9X111SL PCIe-to-PCI Reversible Bridge
04:00.0 1415:9501 070006 serial legacy irq=30 tty=ttyS4,ttyS5,ttyS6,ttyS7 noreset|Oxford Semiconductor Ltd|OX16PCI954 (Quad 16950 UART) function 0 (Uart)
04:00.1 1415:9511 070006 serial legacy irq=30 tty=ttyS8,ttyS9,ttyS10,ttyS11 noreset|Oxford Semiconductor Ltd|OX16PCI954 (Quad 16950 UART) function 1 (8bit bus)
04:00.2 1415:9510 068000 - legacy noreset        |Oxford Semiconductor Ltd|OX16PCI954 (Quad 16950 UART) function 1 (Disabled)
04:00.3 1415:9513 070103 parport_pc legacy irq=30 noreset|Oxford Semiconductor Ltd|OX16PCI954 (Quad 16950 UART) function 1 (parallel port)
04:01.0 10ec:8139 020000 8139too legacy irq=31   |Realtek Semiconductor Co., Ltd.|RTL-8100/8101L/8139 PCI Fast Ethernet Adapter
06:03.0 102b:0532 030000 - legacy vga irq=16     |Matrox Electronics Systems Ltd.|MGA G200eW WPCM450
"""


def oxford() -> Recording:
    """All functions of one card, and a stranger behind the same bridge."""
    site = Site("oxford-quad-bridge")
    here = "lab3"
    site.vm("terminal-server")
    site.vm("nameserver", PowerState.RUNNING, here)
    site.vm("fax-gateway", kind="pv")
    site.vm(HOSTILE_NAME)
    functions = pci(ICH10)
    devices = (usb("5-1", "04d9:1702", "00:1a.0", "Holtek Semiconductor, Inc.|Keyboard", KEYBOARD),)
    menu = replace(
        menu_8("XCP-ng", "4.13.5-9", "root-tzumqo", 2096, serial=False),
        hide="",
    )
    model = "ata-SAMPLE_DISK_1T_S0000003"
    return Recording(
        Inventory(
            hostname=f"{here}.example",
            kernel=menu.kernel,
            cmdline=menu.cmdline,
            boot_id=uid(site.name + " boot"),
            boot_time=1764320400,
            uefi=False,
            product=Product("XCP-ng", "8.2.1", site.host(here)),
            xen=Xen(menu.xen_version, menu.xen, iommu=True),
            pci=functions,
            usb=devices,
            ttys=(isa("ttyS0", 0x3F8, 4), *card_ttys(functions)),
            disks=(local_disk("00:1f.2", "sda", model, esp=False),),
            nics=(
                Nic("eth0", bdf("01:00.0"), up=True, mac=mac(0x50)),
                Nic("eth1", bdf("04:01.0"), up=False, mac=mac(0x51)),
            ),
            boot_files=(BootText(GRUB_BIOS, grub(menu)),),
            boot_stores=tuple(replace(item, layers=("LVM",)) for item in store(GRUB_BIOS)),
            pciback=PcibackForm.BUILTIN,
            pciback_registered=True,
        ),
        Pool(
            this_host=site.host(here),
            master=site.host(here),
            hosts=(host(here, site.name),),
            vms=tuple(site.vms),
            pifs=(Pif("eth0", management=True, mac=mac(0x50)),),
            srs=local_sr(site, model),
            name=here,
        ),
        note="An eight-port Oxford card of four functions and a network card behind one "
        "PCIe-PCI bridge; XCP-ng 8.2, BIOS.",
    )


def no_serial() -> Recording:
    """Nothing to give away, and no IOMMU either."""
    site = Site("no-serial")
    site.vm("wiki", PowerState.RUNNING, "xcp1")
    site.vm("test-pv", kind="pv")
    site.vm(HOSTILE_NAME)
    menu = menu_8("XCP-ng", "4.17.6", "root-ypcbsa", 1888, serial=False)
    made = c236(site, menu, "")
    if made.pool is None or made.inventory.xen is None:
        raise TypeError
    return replace(
        made,
        inventory=replace(made.inventory, ttys=(), xen=replace(made.inventory.xen, iommu=False)),
        pool=replace(made.pool, hosts=(host("xcp1", site.name, iommu=False),)),
        note="No serial card, no motherboard port, the IOMMU switched off; XCP-ng 8.3, BIOS.",
    )


def serial_is_console() -> Recording:
    """One card is dom0's console, one Xen's, the third is free but in use."""
    site = Site("serial-is-console")
    site.vm("ups-watch")
    site.vm("proxy", PowerState.RUNNING, "xcp1")
    site.vm("minitel", kind="pv")
    site.vm(HOSTILE_NAME)
    extra = """
01:00.0 1415:c158 070002 - irq=16                |Oxford Semiconductor Ltd|OXPCIe952 Dual Native 950 UART
02:00.0 125b:9100 070002 serial irq=16 tty=ttyS4 sub=a000:1000|Asix Electronics Corporation|AX99100 PCIe to Multi I/O Controller
02:00.1 125b:9100 070002 serial irq=17 tty=ttyS5 sub=a000:1000|Asix Electronics Corporation|AX99100 PCIe to Multi I/O Controller
05:00.0 1c00:3253 070005 serial irq=18 tty=ttyS6,ttyS7 noreset||
"""
    menu = menu_8("XCP-ng", "4.17.6", "root-mfvite", 2656, serial=False)
    menu = replace(
        menu,
        xen=f"{xen_8(2656)} com1=115200,8n1,pci,msi,01:00.0 console=com1,vga",
        dom0="nolvm hpet=disable console=hvc0 console=ttyS4,115200n8 quiet",
    )
    made = c236(site, menu, extra)
    holders = {
        "ttyS4": (Process(1984, "agetty"),),
        "ttyS6": (Process(2211, "apcupsd"),),
    }
    return replace(
        made,
        inventory=replace(
            made.inventory,
            ttys=tuple(
                replace(tty, console=tty.name == "ttyS4", holders=holders.get(tty.name, ()))
                for tty in made.inventory.ttys
            ),
        ),
        note="Three serial cards: 02:00 is dom0's console, 01:00 Xen's, 05:00 is free but a "
        "daemon holds one port; XCP-ng 8.3, BIOS.",
    )


def xenserver_9() -> Recording:
    """GRUB's own Xen loader, UEFI only; the release is not out, its details may differ."""
    site = Site("xenserver-9")
    here = "xs9"
    site.vm("alarm-receiver")
    site.vm("runner-pvh", PowerState.RUNNING, here, kind="pvh")
    site.vm("archive", PowerState.RUNNING, here)
    site.vm("museum", kind="pv")
    site.vm(HOSTILE_NAME)
    table = MATISSE.replace(
        "02:00.0 13a8:0354 070002 exar_serial irq=41 tty=ttyS4,ttyS5,ttyS6,ttyS7 sub=13a8:0354"
        "|Exar Corp.|",
        "02:00.0 1415:c158 070002 serial irq=41 tty=ttyS4,ttyS5 "
        "|Oxford Semiconductor Ltd|OXPCIe952 Dual Native 950 UART",
    )
    functions = pci(table)
    devices = (
        usb("1-2", "413c:2113", "08:00.3", "Dell Computer Corp.|KB216 Wired Keyboard", KEYBOARD),
    )
    menu = replace(
        menu_8("XenServer", "4.20.1", "root-jbnsyd", 4304, serial=False),
        kernel="6.6.98+0",
        dom0="nolvm console=hvc0 console=tty0 quiet vga=785 splash",
        vmlinuz="vmlinuz-6.6-xen",
        initrd="initrd-6.6-xen.img",
    )
    boot = grub(menu, ("xen_hypervisor", "xen_module"), "/boot/xen.efi", "/boot/xen-fallback.efi")
    memtest = (
        "menuentry 'Memtest86+' {\n"
        f"\tsearch --label --set root {menu.label}\n"
        "\tlinux /boot/memtest86+x64.efi\n}\n"
    )
    model = "nvme-SAMPLE_NVME_960G_S0000004"
    return Recording(
        Inventory(
            hostname=f"{here}.example",
            kernel=menu.kernel,
            cmdline=menu.cmdline,
            boot_id=uid(site.name + " boot"),
            boot_time=1764576000,
            uefi=True,
            product=Product("XenServer", "9.0.0", site.host(here)),
            xen=Xen(menu.xen_version, menu.xen, iommu=True),
            pci=functions,
            usb=devices,
            ttys=card_ttys(functions),
            disks=(local_disk("01:00.0", "nvme0n1", model, esp=True),),
            nics=(
                Nic("eth0", bdf("03:00.0"), up=True, mac=mac(0x60)),
                Nic("eth1", bdf("03:00.1"), up=False, mac=mac(0x61)),
            ),
            boot_files=(BootText(GRUB_UEFI, boot + memtest.encode()),),
            boot_stores=store(GRUB_UEFI),
            pciback=PcibackForm.BUILTIN,
            pciback_registered=True,
        ),
        Pool(
            this_host=site.host(here),
            master=site.host(here),
            hosts=(host(here, site.name),),
            vms=tuple(site.vms),
            pifs=(Pif("eth0", management=True, mac=mac(0x60)),),
            srs=local_sr(site, model),
            name=here,
        ),
        note="A two-port Oxford PCIe card; XenServer 9 with GRUB's xen_hypervisor entries, UEFI. "
        "The release is not out: kernel and versions are a guess.",
    )


def lookalikes() -> Recording:
    """Much that is called serial, and no card among it."""
    site = Site("lookalikes")
    here = "branch7"
    site.vm("till-server", PowerState.RUNNING, here)
    site.vm("phone-billing")
    site.vm("museum", kind="pv")
    site.vm(HOSTILE_NAME)
    table = (
        C204.replace("ehci_hcd", "ehci-pci")
        + """
00:16.3 8086:1c3d 070002 serial irq=17 tty=ttyS4 |Intel Corporation|6 Series/C200 Series Chipset Family KT Controller
00:1c.0 8086:1c10 060400 pcieport bus=02         |Intel Corporation|6 Series/C200 Series Chipset Family PCI Express Root Port 1
00:1f.2 8086:1c02 010601 ahci irq=24             |Intel Corporation|6 Series/C200 Series Chipset Family 6 port Desktop SATA AHCI Controller
01:00.0 103c:3306 088000 - irq=16                |Hewlett-Packard Company|Integrated Lights-Out Standard Slave Instrumentation & System Support
01:00.1 102b:0533 030000 - vga irq=16            |Matrox Electronics Systems Ltd.|MGA G200EH
01:00.2 103c:3307 088000 - irq=17                |Hewlett-Packard Company|Integrated Lights-Out Standard Management Processor Support and Messaging
01:00.4 103c:3300 0c0300 uhci_hcd irq=18         |Hewlett-Packard Company|Integrated Lights-Out Standard Virtual USB Controller
01:00.6 103c:3301 070002 serial irq=19 tty=ttyS5 |Hewlett-Packard Company|Integrated Lights-Out Standard Serial Port
02:00.0 8086:10d3 020000 e1000e irq=18           |Intel Corporation|82574L Gigabit Network Connection
"""
    )
    functions = pci(table)
    devices = (
        usb("1-1", "8087:0024", "00:1a.0", "Intel Corp.|Integrated Rate Matching Hub", HUB),
        usb("1-1.1", "03f0:0024", "00:1a.0", "HP, Inc|KU-0316 Keyboard", KEYBOARD),
        usb("2-1", "8087:0024", "00:1d.0", "Intel Corp.|Integrated Rate Matching Hub", HUB),
        usb("2-1.4", "0403:6001", "00:1d.0",
            "Future Technology Devices International, Ltd|FT232 Serial (UART) IC", FTDI,
            "ttyUSB0"),
        usb("2-1.5", "2341:0043", "00:1d.0", "Arduino SA|Uno R3 (CDC ACM)", CDC_ACM, "ttyACM0"),
        usb("3-1", "03f0:1027", "01:00.4", "HP, Inc|Virtual keyboard and mouse", KEYBOARD),
    )  # fmt: skip
    menu = menu_8("XCP-ng", "4.17.6", "root-oekdcg", 1888, serial=True)
    model = "ata-SAMPLE_DISK_1T_S0000005"
    return Recording(
        Inventory(
            hostname=f"{here}.example",
            kernel=menu.kernel,
            cmdline=menu.cmdline,
            boot_id=uid(site.name + " boot"),
            boot_time=1764230400,
            uefi=False,
            product=Product("XCP-ng", "8.3.0", site.host(here)),
            xen=Xen(menu.xen_version, menu.xen, iommu=True),
            pci=functions,
            usb=devices,
            ttys=(
                isa("ttyS0", 0x3F8, 4),
                isa("ttyS1", 0x2F8, 3),
                *card_ttys(functions),
                *usb_ttys(devices),
            ),
            disks=(local_disk("00:1f.2", "sda", model, esp=False),),
            nics=(Nic("eth0", bdf("02:00.0"), up=True, mac=mac(0x70)),),
            boot_files=(BootText(GRUB_BIOS, grub(menu)),),
            boot_stores=store(GRUB_BIOS),
            pciback=PcibackForm.BUILTIN,
            pciback_registered=True,
        ),
        Pool(
            this_host=site.host(here),
            master=site.host(here),
            hosts=(host(here, site.name),),
            vms=tuple(site.vms),
            pifs=(Pif("eth0", management=True, mac=mac(0x70)),),
            srs=local_sr(site, model),
            name=here,
        ),
        note="iLO, Intel AMT, motherboard ports and two USB adapters, but no serial card; "
        "XCP-ng 8.3, BIOS.",
    )


def debian_12() -> Recording:
    """Plain Xen: no XAPI, pciback as a module, a boot file that grub-mkconfig makes."""
    here = "kiln"
    site = Site("debian-12")
    folder = Path(__file__).parent
    functions = pci(
        C236
        + """
02:00.0 1c00:3253 070005 serial irq=16 tty=ttyS4,ttyS5 sub=1c00:3253 noreset|Nanjing Qinheng Microelectronics Co., Ltd.|PCIe 2-port serial adapter (CH382)
""".strip("\n")
    )
    guests = (
        ("pbx", "hvm", PowerState.HALTED),
        ("door-access", "hvm", PowerState.RUNNING),
        ("fax-gateway", "pv", PowerState.HALTED),
        ("build-runner", "pvh", PowerState.RUNNING),
    )
    grub_cfg = (folder / "debian-12.grub.cfg").read_bytes()
    return Recording(
        Inventory(
            hostname=here,
            kernel="6.1.0-28-amd64",
            cmdline="placeholder root=UUID=7d9e4f1c-3b60-4a52-8e0d-2c41f5a6b789 ro quiet",
            boot_id=uid(site.name + " boot"),
            boot_time=1764662400,
            uefi=False,
            xen=Xen("4.17.5", "placeholder", iommu=True),
            pci=functions,
            ttys=(isa("ttyS0", 0x3F8, 4), *card_ttys(functions)),
            disks=(local_disk("00:17.0", "sda", "ata-SAMPLE_SSD_480G_S0000012", esp=False),),
            nics=(Nic("enp3s0", bdf("03:00.0"), up=True, mac=mac(0x70)),),
            boot_files=(BootText(GRUB_BIOS, grub_cfg),),
            boot_stores=store(GRUB_BIOS),
            settings=(BootText("/etc/default/grub", DEBIAN_DEFAULTS),),
            setting_folders=("/etc/default/grub.d", "/etc/udev/rules.d"),
            pciback=PcibackForm.MODULE,
            pciback_registered=False,
        ),
        XlHost(
            this_host=here,
            master=here,
            hosts=(PoolHost(here, here),),
            vms=tuple(
                Guest(
                    uid(f"{site.name} {name}"),
                    name,
                    state,
                    kind,
                    number if state is PowerState.RUNNING else -1,
                    here if state is PowerState.RUNNING else "",
                    config=f"/etc/xen/{name}.cfg",
                )
                for number, (name, kind, state) in enumerate(guests, 1)
            ),
        ),
        note="Debian 12 with plain Xen: a two-port card, pciback as a module, grub-mkconfig, BIOS.",
    )


DEBIAN_DEFAULTS = b"""\
# If you change this file, run 'update-grub' afterwards.
GRUB_DEFAULT=0
GRUB_TIMEOUT=5
GRUB_CMDLINE_LINUX_DEFAULT="quiet"
GRUB_CMDLINE_LINUX=""
"""


BUILDERS = {
    "debian-12": debian_12,
    "xenserver-6.2-procedure": procedure,
    "xenserver-6.2-blanks": blanks,
    "xcp-ng-8.3-bios": xcp_ng_bios,
    "xcp-ng-8.3-uefi": xcp_ng_uefi,
    "xenserver-8": xenserver_8,
    "oxford-quad-bridge": oxford,
    "no-serial": no_serial,
    "serial-is-console": serial_is_console,
    "xenserver-9": xenserver_9,
    "lookalikes": lookalikes,
}


def text(recording: Recording) -> str:
    """The file's text: one fact a line, so that a change of a machine reads as a diff."""
    return json.dumps(encode(recording), indent=1) + "\n"


def main() -> None:
    MACHINES.mkdir(parents=True, exist_ok=True)
    for name, build in BUILDERS.items():
        (MACHINES / f"{name}.json").write_text(text(build()), encoding="utf-8")
        sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
