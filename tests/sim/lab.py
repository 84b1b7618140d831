"""A small host and its pool, for the tests of the simulator and of the XAPI adapter."""

from __future__ import annotations

from dataclasses import replace

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.inventory import (
    BootText,
    Disk,
    Inventory,
    Nic,
    PcibackForm,
    PciFunction,
    Product,
    Recording,
    Tty,
    TtyKind,
    UsbDevice,
    Xen,
)
from serialpass_tui.core.pool import (
    Pif,
    Pool,
    PoolHost,
    PoolPci,
    PowerState,
    StorageRepository,
    Vm,
)

HOST = "8f3c2b1a-4d5e-4f60-8a7b-9c0d1e2f3a4b"
OTHER_HOST = "8f3c2b1a-4d5e-4f60-8a7b-9c0d1e2f3a4c"
PBX = "1f0a8a8d-d293-ac5e-91bd-b260217712dc"
FAX = "2f0a8a8d-d293-ac5e-91bd-b260217712dc"
FAR = "3f0a8a8d-d293-ac5e-91bd-b260217712dc"
CARD = Bdf.parse("0000:02:00.0")
RAID = Bdf.parse("0000:01:00.0")
USB = Bdf.parse("0000:00:1d.0")
EXTLINUX = "/boot/extlinux.conf"
CONF = b"""# location mbr
default xe
prompt 1
timeout 50

label xe
  # XenServer
  kernel mboot.c32
  append /boot/xen.gz dom0_mem=752M --- /boot/vmlinuz root=LABEL=r ro quiet --- /boot/initrd

label fallback
  kernel mboot.c32
  append /boot/xen.gz dom0_mem=752M --- /boot/vmlinuz-fallback root=LABEL=r ro --- /boot/initrd
"""
NAME = "pbx [b]<&>\x1b[31m\x9b \u202e\u0085\t\u00e9"


def recording(pool: Pool | None = None, **facts: object) -> Recording:
    inventory = Inventory(
        hostname="xen1",
        kernel="4.19.0+1",
        cmdline="root=LABEL=r ro quiet",
        boot_id="b0",
        boot_time=1_700_000_000,
        uefi=False,
        product=Product("XCP-ng", "8.3.0", HOST),
        xen=Xen("4.17", iommu=True),
        pci=(
            PciFunction(Bdf.parse("0000:00:01.0"), 0x8086, 1, 0x060400, driver="pcieport"),
            PciFunction(USB, 0x8086, 2, 0x0C0320, driver="ehci-pci"),
            PciFunction(
                RAID, 0x1000, 3, 0x010400, driver="megaraid_sas",
                parents=(Bdf.parse("0000:00:01.0"),),
            ),
            PciFunction(
                CARD, 0x9710, 0x9922, 0x070002, driver="serial", ttys=("ttyS4",), irq=17
            ),
            PciFunction(Bdf.parse("0000:03:00.0"), 0x8086, 4, 0x020000, driver="igb"),
        ),
        usb=(UsbDevice("2-1", 0x0403, 0x6001, USB, ttys=("ttyUSB0",)),),
        ttys=(
            Tty("ttyS0", TtyKind.ISA, port=0x3F8, irq=4),
            Tty("ttyS4", TtyKind.PCI, CARD),
            Tty("ttyUSB0", TtyKind.USB, USB, usb="2-1"),
        ),
        disks=(Disk("sda", RAID, mounts=("/", "/boot")),),
        nics=(Nic("eth0", Bdf.parse("0000:03:00.0"), up=True),),
        boot_files=(BootText(EXTLINUX, CONF),),
        pciback=PcibackForm.BUILTIN,
        pciback_registered=True,
    )  # fmt: skip
    return Recording(replace(inventory, **facts), pool or POOL)  # type: ignore[arg-type]  # by name


POOL = Pool(
    this_host=HOST,
    master=HOST,
    hosts=(PoolHost(HOST, "xen1", iommu=True),),
    vms=(
        Vm(
            FAX, "fax", PowerState.RUNNING, domid=4, resident_on=HOST, ha_restart_priority="restart"
        ),
        Vm(
            PBX,
            NAME,
            PowerState.HALTED,
            other_config=(("base_template_name", "Debian"), ("mac_seed", "bde0")),
        ),
    ),
    pifs=(Pif("eth0", management=True, mac="52:54:00:12:34:56"), Pif("eth1")),
    srs=(
        StorageRepository("5c", "Array", "lvmohba", "36001"),
        StorageRepository("5a", "Local storage", "lvm", "/dev/disk/by-id/scsi-1"),
        StorageRepository("5b", "NFS", "nfs"),
    ),
    name="lab",
)
TWO = replace(
    POOL,
    master=OTHER_HOST,
    hosts=(*POOL.hosts, PoolHost(OTHER_HOST, "xen2", enabled=False)),
    vms=(*POOL.vms, Vm(FAR, "far", PowerState.RUNNING, domid=9, resident_on=OTHER_HOST)),
    ha_enabled=True,
    other_pci=(
        PoolPci(OTHER_HOST, Bdf(0, 2, 0, 0), "LSI MegaRAID SAS 2108 [Liberator]"),
        PoolPci(OTHER_HOST, Bdf(0, 3, 0, 0), "Intel 82574L Gigabit Network Connection"),
    ),
)
