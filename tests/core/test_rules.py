"""Every rule on a recorded machine, one fact of it changed, that trips it, and one that just does
not.

The README's table names these tests by code and severity: `pytest -k root-disk-refuse`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from serialpass_tui.core import safety
from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.boot import parse, plan_hide
from serialpass_tui.core.changes import DriverChange
from serialpass_tui.core.hide_list import dialect_for
from serialpass_tui.core.inventory import (
    BootText,
    DeviceId,
    Disk,
    Inventory,
    PciFunction,
    Process,
    Recording,
    Tty,
    UsbDevice,
)
from serialpass_tui.core.pool import Guest, Pif, PoolPci, PowerState, StorageRepository
from serialpass_tui.core.rules import catalogue
from serialpass_tui.core.safety import vm_findings
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.service.safeguards import refuse_unsafe
from serialpass_tui.sim import machines
from tests.core.judged import (
    BIOS,
    CARD,
    LOOKALIKES,
    NIC,
    NOTE,
    OXFORD,
    QUAD,
    REFUSE,
    SATA,
    STRANGER,
    UEFI,
    USB_CARD,
    WARN,
    codes,
    judge,
    usb_disk,
    usb_nic,
    vm_of,
    with_facts,
    with_pool,
)
from tests.core.tables import dmar, ivmd, ivrs

if TYPE_CHECKING:
    from collections.abc import Callable

    from serialpass_tui.core.rules.finding import Rule, Severity

    Found = list[tuple[str, Severity]]


@dataclass(frozen=True)
class Case:
    """One severity of one rule, and the two machines between which it decides."""

    rule: Rule
    severity: Severity
    trips: Callable[[], Found]
    does_not: Callable[[], Found]
    variant: str = ""

    @property
    def name(self) -> str:
        parts = (self.rule.code, self.severity.value, self.variant)
        return "-".join(part for part in parts if part)


# One fact changed -------------------------------------------------------------------------------


def of_disk(*bdfs: Bdf, **facts: Any) -> Found:
    """The default machine with a disk on its USB card."""
    return codes(judge(usb_disk(**facts), *(bdfs or (USB_CARD,))))


def of_uefi_disk(mounted: tuple[str, ...] | None = None, **facts: Any) -> Found:
    """A UEFI host with a disk on its USB card; `mounted` is on its system disk."""
    extra = replace(Disk("sdb", Bdf(0, 5, 0, 0), esp=True), **facts)
    disks = UEFI.inventory.disks
    if mounted is not None:
        disks = tuple(replace(disk, mounts=mounted) for disk in disks)
    return codes(judge(with_facts(UEFI, disks=(*disks, extra)), "05:00.0"))


def of_sr(device: str) -> Found:
    disk = usb_disk(ids=("/dev/disk/by-id/scsi-36001", "/dev/disk/by-id/scsi-36001-part3"))
    return codes(
        judge(with_pool(disk, srs=(StorageRepository("u", "v", "lvm", device),)), USB_CARD)
    )


def of_session(*interfaces: str, carries: tuple[str, ...] = ("bond0", "xenbr0")) -> Found:
    """A host whose SSH session comes in by these interfaces, and one NIC with what it carries."""
    return codes(judge(with_facts(usb_nic(carries=carries), ssh_interfaces=interfaces), USB_CARD))


def of_nic(*, pool: bool = True, **facts: Any) -> Found:
    return codes(judge(usb_nic(**facts), USB_CARD, pool=pool))


def of_pif(*, pif: str) -> Found:
    assert BIOS.pool is not None
    return codes(judge(with_pool(usb_nic(), pifs=(*BIOS.pool.pifs, Pif(pif))), USB_CARD))


def of_keyboards(*places: str, chosen: tuple[str, ...] = ("00:14.0",)) -> Found:
    """The default machine with one keyboard on each of these controllers."""
    (keyboard,) = (item for item in BIOS.inventory.usb if item.is_keyboard)
    boards = tuple(
        replace(keyboard, path=f"{number}-1", controller=Bdf.parse(place))
        for number, place in enumerate(places, 1)
    )
    return codes(judge(with_facts(BIOS, usb=boards), *chosen))


def of_usb(ids: str) -> Found:
    vendor, product = (int(part, 16) for part in ids.split(":"))
    device = UsbDevice("9-1", vendor, product, USB_CARD, interfaces=(0x030101,))
    spare = UsbDevice("8-1", 0x046D, 0xC31C, SATA, interfaces=(0x030101,))
    return codes(judge(with_facts(BIOS, usb=(device, spare)), USB_CARD))


def of_entry(words: bytes) -> Found:
    """The default machine with one more entry in its boot file."""
    boot = BIOS.inventory.boot_files[0]
    entry = b"menuentry 'x' {\n\tmultiboot2 /xen.gz com1=115200,8n1 %s\n}\n" % words
    changed = with_facts(BIOS, boot_files=(BootText(boot.path, boot.data + entry),))
    return codes(judge(changed, *CARD))


def of_tty(*, now: bool = False, name: str = "ttyS4", **facts: Any) -> Found:
    """The default machine; its card carries ttyS4 and ttyS5, its motherboard ttyS0 and ttyS1."""

    def changed(ttys: tuple[Tty, ...]) -> tuple[Tty, ...]:
        return tuple(replace(tty, **facts) if tty.name == name else tty for tty in ttys)

    return codes(judge(with_facts(BIOS, ttys=changed), *CARD, now=now))


def of_function(recording: Recording, bdf: Bdf, *chosen: Bdf, **facts: Any) -> Found:
    """A machine with one function changed."""

    def changed(functions: tuple[PciFunction, ...]) -> tuple[PciFunction, ...]:
        return tuple(replace(f, **facts) if f.bdf == bdf else f for f in functions)

    return codes(judge(with_facts(recording, pci=changed), *(chosen or (bdf,))))


def of_line(*chosen: Bdf, busy: tuple[int, ...] = (16,), msi: str = "", spare: str = "") -> Found:
    """The default machine, its card and its SMBus controller on line 16."""

    def changed(functions: tuple[PciFunction, ...]) -> tuple[PciFunction, ...]:
        return tuple(
            replace(
                item,
                intx=item.irq == 16 and item.bdf.short != msi,
                driver="pciback" if item.bdf.short in spare.split() else item.driver,
            )
            for item in functions
        )

    return codes(judge(with_facts(BIOS, pci=changed, busy_irqs=busy), *(chosen or CARD)))


def of_dmar(*areas: list[tuple[int, list[tuple[int, int]]]]) -> Found:
    """The default machine's USB card, and areas of memory, each for devices by their paths."""
    table = dmar([(0x7BA77000 + 0x1000 * number, area) for number, area in enumerate(areas)])
    return codes(judge(with_facts(BIOS, dmar=table), USB_CARD))


THE_CARD = (0, [(0x1D, 0), (0, 0)])
"""05:00.0 behind the root port 00:1d.0."""
ANOTHER = (0, [(0x14, 0)])


def of_ivrs(*blocks: bytes) -> Found:
    """The USB card of a recorded AMD machine, and memory reserved by these blocks."""
    return codes(judge(with_facts(UEFI, ivrs=ivrs(*blocks)), USB_CARD))


def of_card(ids: str) -> Found:
    vendor, device = (int(part, 16) for part in ids.split(":"))
    card = PciFunction(Bdf(0, 9, 0, 0), vendor, device, 0x070002, parents=(Bdf(0, 0, 0x1C, 0),))
    return codes(judge(with_facts(BIOS, pci=(*BIOS.inventory.pci, card)), card.bdf))


def of_iommu(known: bool | None, words: str = "") -> Found:
    assert BIOS.pool is not None
    silent = with_pool(BIOS, hosts=tuple(replace(h, iommu=None) for h in BIOS.pool.hosts))
    return codes(
        judge(with_facts(silent, xen=lambda xen: replace(xen, iommu=known, cmdline=words)), *CARD)
    )


def refused(act: Callable[[], object]) -> Found:
    """What a plan is refused by, as a finding."""
    try:
        act()
    except Problem as problem:
        return [(problem.code, REFUSE)] if problem.exit_status is Exit.REFUSED else []
    return []


def of_length(spare: int) -> Found:
    """Hiding two functions by a boot entry that has as many bytes left for it."""
    hiding = " xen-pciback.hide=" + "".join(f"({bdf})" for bdf in CARD)
    line = b"a" * (1023 - len(hiding) - spare)
    text = (
        b"menuentry 'XCP-ng' {\n\tmultiboot2 /xen.gz\n\tmodule2 /vmlinuz %s\n}\n"
        b"menuentry 'old' {\n\tmultiboot2 /xen.gz\n\tmodule2 /vmlinuz a\n}\n" % line
    )
    boot = parse("/boot/grub/grub.cfg", text)
    return refused(lambda: plan_hide(boot, dialect_for(BIOS.inventory.kernel), add=CARD))


def of_rescue(default: int) -> Found:
    """A boot file whose one entry, or none, is the default: a copy of it may become that."""
    text = (
        b"set default=%d\nmenuentry XCP-ng {\nmultiboot2 /xen.gz\nmodule2 /vmlinuz\n}\n" % default
    )
    boot = parse("/boot/grub/grub.cfg", text)
    return refused(lambda: plan_hide(boot, dialect_for(BIOS.inventory.kernel), add=CARD))


def of_moved(**facts: Any) -> Found:
    """A job that takes a device which has changed since it was noted."""
    noted = DeviceId.of(next(item for item in BIOS.inventory.pci if item.bdf == CARD[0]))
    change = DriverChange(CARD[0], "serial", "pciback", BIOS.inventory.boot_id)

    def changed(functions: tuple[PciFunction, ...]) -> tuple[PciFunction, ...]:
        return tuple(replace(f, **facts) if f.bdf == CARD[0] else f for f in functions)

    now = with_facts(BIOS, pci=changed)
    return refused(lambda: refuse_unsafe(now.inventory, now.pool, [noted], [change]))


def of_vm(recording: Recording = BIOS, name: str = "pbx", **facts: Any) -> Found:
    pool, vm = vm_of(recording, name)
    return codes(vm_findings(pool, replace(vm, **facts), CARD))


def of_guest(refusal: str) -> Found:
    pool, vm = vm_of(BIOS, "pbx")
    guest = Guest(vm.uuid, vm.name, vm.power_state, config_refusal=refusal)
    return codes(vm_findings(pool, guest, CARD))


def of_other_vm(pci: str, *, unhide: bool = False) -> Found:
    """Another VM's other-config:pci; asked for a VM, or for giving the card back to dom0."""
    pool, vm = vm_of(BIOS, "pbx")
    other = replace(vm, uuid="u", name="fax", other_config=(("pci", pci),))
    pool = replace(pool, vms=(vm, other))
    return codes(safety.unhide_findings(pool, CARD) if unhide else vm_findings(pool, vm, CARD))


def of_pool_host(bdf: str, name: str = "weighbridge") -> Found:
    """A pool whose other host has a RAID controller at that address."""
    pool, vm = vm_of(UEFI, name)
    other = next(host.uuid for host in pool.hosts if host.uuid != pool.this_host)
    raid = PoolPci(other, Bdf.parse(bdf), "LSI MegaRAID SAS 2108")
    return codes(vm_findings(replace(pool, other_pci=(raid,)), vm, CARD))


GETTY = (Process(7, "agetty"),)
EMPTY = Inventory("h", "k", "", "b", 0, uefi=False)
LOST = with_facts(BIOS, disks=lambda disks: tuple(replace(disk, bdf=None) for disk in disks))

# The table --------------------------------------------------------------------------------------

CASES = (
    Case(
        catalogue.ROOT_DISK,
        REFUSE,
        lambda: of_disk(mounts=("/",)),
        lambda: of_disk(mounts=("/root",)),
    ),
    Case(
        catalogue.ROOT_DISK,
        REFUSE,
        lambda: codes(judge(machines.load("xenserver-6.2-procedure"), "00:01.0")),
        lambda: codes(judge(machines.load("xenserver-6.2-procedure"), "00:1c.0")),
        "behind-a-bridge",
    ),
    Case(
        catalogue.BOOT_DISK,
        REFUSE,
        lambda: of_disk(mounts=("/boot",)),
        lambda: of_disk(mounts=("/bootstrap",)),
    ),
    Case(
        catalogue.BOOT_DISK,
        REFUSE,
        lambda: of_disk(mounts=("/boot/efi",)),
        lambda: of_disk(mounts=("/mnt/boot/efi",)),
        "esp",
    ),
    Case(
        catalogue.BOOTED_DISK,
        REFUSE,
        lambda: of_disk(booted=True),
        lambda: of_disk(booted=False),
    ),
    Case(
        catalogue.ESP_DISK,
        REFUSE,
        lambda: of_uefi_disk(mounted=("/",)),
        lambda: of_uefi_disk(mounted=("/", "/boot/efi")),
    ),
    Case(
        catalogue.ESP_DISK,
        REFUSE,
        lambda: of_uefi_disk(mounted=("/",)),
        lambda: of_uefi_disk(mounted=("/",), esp=False),
        "none",
    ),
    Case(
        catalogue.SR_DISK,
        REFUSE,
        lambda: of_sr("/dev/disk/by-id/scsi-36001-part3"),
        lambda: of_sr("/dev/disk/by-id/scsi-360012-part3"),
    ),
    Case(catalogue.SR_DISK, REFUSE, lambda: of_sr("36001"), lambda: of_sr("6001"), "scsi-id"),
    Case(
        catalogue.SR_DISK,
        REFUSE,
        lambda: of_disk(mounts=("/run/sr-mount/5ea1",)),
        lambda: of_disk(mounts=("/run/sr/5ea1",)),
        "mounted",
    ),
    Case(
        catalogue.DISK_MEMBER,
        REFUSE,
        lambda: of_disk(signatures=("LVM2_member",)),
        lambda: of_disk(signatures=("ext4",)),
    ),
    Case(
        catalogue.DISK_MEMBER,
        REFUSE,
        lambda: of_disk(signatures=("linux_raid_member",)),
        lambda: of_disk(signatures=("swap",)),
        "md",
    ),
    Case(
        catalogue.DISK_MEMBER,
        REFUSE,
        lambda: of_disk(holders=("multipath",)),
        lambda: of_disk(holders=()),
        "multipath",
    ),
    Case(
        catalogue.MOUNTED_DISK,
        REFUSE,
        lambda: of_disk(mounts=("/mnt/x",)),
        lambda: of_disk(mounts=()),
    ),
    Case(
        catalogue.SWAP_DISK,
        REFUSE,
        lambda: of_disk(swap=True),
        lambda: of_disk(signatures=("swap",)),
    ),
    Case(
        catalogue.ROOT_UNPLACED,
        REFUSE,
        lambda: codes(judge(LOST, SATA)),
        lambda: codes(judge(LOST, *CARD)),
    ),
    Case(catalogue.DISK, WARN, of_disk, lambda: codes(judge(BIOS, USB_CARD))),
    Case(
        catalogue.SSH_SESSION,
        REFUSE,
        lambda: of_session("xenbr0"),
        lambda: of_session("xenbr1"),
    ),
    Case(
        catalogue.SSH_SESSION,
        REFUSE,
        lambda: of_session("eth9", carries=()),
        lambda: of_session("eth8", carries=()),
        "straight",
    ),
    Case(catalogue.PIF, REFUSE, lambda: of_pif(pif="eth9"), lambda: of_pif(pif="eth8")),
    Case(
        catalogue.PIF,
        REFUSE,
        lambda: codes(judge(BIOS, NIC)),
        lambda: codes(judge(BIOS, NIC, pool=False)),
        "management",
    ),
    Case(
        catalogue.INTERFACE,
        REFUSE,
        lambda: of_nic(addresses=("192.0.2.9",)),
        lambda: of_nic(up=True),
    ),
    Case(
        catalogue.INTERFACE,
        REFUSE,
        lambda: of_nic(pool=False, up=True),
        lambda: of_nic(pool=False),
        "up-without-xapi",
    ),
    Case(
        catalogue.INTERFACE,
        WARN,
        of_nic,
        lambda: codes(judge(BIOS, USB_CARD)),
    ),
    Case(
        catalogue.VGA_CONSOLE,
        REFUSE,
        lambda: codes(judge(BIOS, "06:00.0")),
        lambda: of_function(BIOS, Bdf(0, 6, 0, 0), boot_vga=False),
    ),
    Case(
        catalogue.KEYBOARD,
        REFUSE,
        lambda: of_keyboards("00:14.0"),
        lambda: of_keyboards("00:14.0", "05:00.0"),
    ),
    Case(
        catalogue.KEYBOARD,
        REFUSE,
        lambda: of_keyboards("00:14.0", "05:00.0", chosen=("00:14.0", "05:00.0")),
        lambda: of_keyboards("00:14.0", "05:00.0", chosen=("02:00.0", "05:00.0")),
        "both-chosen",
    ),
    Case(
        catalogue.KEYBOARD,
        WARN,
        lambda: of_keyboards("00:14.0", "05:00.0"),
        lambda: of_keyboards("05:00.0"),
    ),
    Case(catalogue.BMC_USB, REFUSE, lambda: of_usb("0624:0249"), lambda: of_usb("0624:0014")),
    Case(
        catalogue.BMC_USB,
        REFUSE,
        lambda: of_usb("0624:0251"),
        lambda: of_usb("0781:5567"),
        "media",
    ),
    Case(
        catalogue.REMOTE_CONSOLE,
        REFUSE,
        lambda: codes(judge(LOOKALIKES, "00:16.3")),
        lambda: of_function(LOOKALIKES, Bdf(0, 0, 0x16, 3), vendor=0x1022),
        "amt-sol",
    ),
    Case(
        catalogue.REMOTE_CONSOLE,
        REFUSE,
        lambda: codes(judge(LOOKALIKES, "01:00.4")),
        lambda: of_function(LOOKALIKES, Bdf(0, 1, 0, 4), vendor=0x1022),
    ),
    Case(
        catalogue.CONSOLE_DOM0,
        REFUSE,
        lambda: of_entry(b"\n\tmodule2 /vmlinuz console=ttyS5"),
        lambda: of_entry(b"\n\tmodule2 /vmlinuz console=ttyS50"),
    ),
    Case(
        catalogue.CONSOLE_DOM0,
        REFUSE,
        lambda: of_tty(console=True),
        lambda: of_tty(name="ttyS0", console=True),
        "active",
    ),
    Case(
        catalogue.CONSOLE_XEN,
        REFUSE,
        lambda: of_entry(b"com2=115200,8n1,pci,0,02:00.0"),
        lambda: of_entry(b"com2=115200,8n1,pci,0,05:00.0"),
    ),
    Case(
        catalogue.CONSOLE_XEN,
        REFUSE,
        lambda: of_entry(b"com2=115200,8n1,0xe010,17"),
        lambda: of_entry(b"com2=115200,8n1,0x2f8,3"),
        "by-port",
    ),
    Case(
        catalogue.CONSOLE_XEN,
        REFUSE,
        lambda: of_entry(b"com2=115200,8n1,amt"),
        lambda: of_entry(b"com2=115200,8n1"),
        "amt-sol",
    ),
    Case(
        catalogue.TTY_IN_USE,
        REFUSE,
        lambda: of_tty(now=True, holders=(Process(7, "minicom"),)),
        lambda: of_tty(holders=(Process(7, "minicom"),)),
    ),
    Case(
        catalogue.TTY_IN_USE,
        WARN,
        lambda: of_tty(holders=GETTY),
        lambda: of_tty(name="ttyS0", holders=GETTY),
    ),
    Case(
        catalogue.GETTY,
        WARN,
        lambda: of_tty(login="serial-getty@ttyS4.service"),
        lambda: of_tty(name="ttyS0", login="serial-getty@ttyS0.service"),
    ),
    Case(
        catalogue.GETTY,
        WARN,
        lambda: of_tty(login="/etc/inittab"),
        lambda: of_tty(login="/etc/inittab", holders=GETTY),
        "running",
    ),
    Case(
        catalogue.NO_SUCH_DEVICE,
        REFUSE,
        lambda: codes(judge(BIOS, "09:00.0")),
        lambda: codes(judge(BIOS, "05:00.0")),
    ),
    Case(
        catalogue.DEVICE_MOVED,
        REFUSE,
        lambda: of_moved(subdevice=0x1001),
        lambda: of_moved(irq=99),
    ),
    Case(
        catalogue.BRIDGE,
        REFUSE,
        lambda: codes(judge(BIOS, "00:1c.0")),
        lambda: of_function(OXFORD, Bdf(0, 4, 0, 2)),
    ),
    Case(
        catalogue.BRIDGE_SHARED_HOST,
        REFUSE,
        lambda: codes(
            judge(
                with_facts(
                    OXFORD,
                    nics=lambda nics: tuple(
                        replace(n, addresses=("192.0.2.1",)) if n.bdf == STRANGER else n
                        for n in nics
                    ),
                ),
                *QUAD,
            )
        ),
        lambda: codes(judge(OXFORD, *QUAD)),
    ),
    Case(
        catalogue.BRIDGE_SHARED,
        WARN,
        lambda: codes(judge(OXFORD, *QUAD)),
        lambda: codes(judge(OXFORD, *QUAD, STRANGER)),
    ),
    Case(
        catalogue.SIBLINGS_LEFT,
        WARN,
        lambda: codes(judge(BIOS, CARD[0])),
        lambda: codes(judge(BIOS, *CARD)),
    ),
    Case(catalogue.SHARED_IRQ, NOTE, of_line, lambda: of_line(busy=(17,))),
    Case(
        catalogue.SHARED_IRQ,
        NOTE,
        of_line,
        lambda: of_line(msi="02:00.0"),
        "msi",
    ),
    Case(
        catalogue.SHARED_IRQ,
        NOTE,
        lambda: of_line(*CARD, spare="05:00.0"),
        lambda: of_line(*CARD, spare="05:00.0 00:1f.4"),
        "others-hidden",
    ),
    Case(catalogue.IOMMU_OFF, WARN, lambda: of_iommu(False), lambda: of_iommu(True)),
    Case(
        catalogue.IOMMU_OFF,
        WARN,
        lambda: of_iommu(True, "iommu=off"),
        lambda: of_iommu(True, "iommu=no-intremap"),
        "by-the-entry",
    ),
    Case(catalogue.IOMMU_UNKNOWN, NOTE, lambda: of_iommu(None), lambda: of_iommu(True)),
    Case(
        catalogue.RMRR_SHARED,
        WARN,
        lambda: of_dmar([THE_CARD, ANOTHER]),
        lambda: of_dmar([THE_CARD]),
    ),
    Case(
        catalogue.RMRR_SHARED,
        WARN,
        lambda: of_dmar([THE_CARD], [THE_CARD, ANOTHER]),
        lambda: of_dmar([THE_CARD], [ANOTHER, ANOTHER]),
        "own-first",
    ),
    Case(catalogue.RMRR, NOTE, lambda: of_dmar([THE_CARD]), lambda: of_dmar([ANOTHER])),
    Case(
        catalogue.IVMD,
        NOTE,
        lambda: of_ivrs(ivmd(0x21, 0x0500)),
        lambda: of_ivrs(ivmd(0x21, 0x0501)),
    ),
    Case(
        catalogue.IVMD,
        NOTE,
        lambda: of_ivrs(ivmd(0x22, 0x0401, 0x0500)),
        lambda: of_ivrs(ivmd(0x22, 0x0401, 0x04FF)),
        "range",
    ),
    Case(
        catalogue.PRIVATE_CONFIG,
        WARN,
        lambda: of_card("131f:2000"),
        lambda: of_card("131f:1000"),
    ),
    Case(
        catalogue.PRIVATE_CONFIG,
        WARN,
        lambda: of_card("1c29:1112"),
        lambda: of_card("9710:9835"),
        "fintek",
    ),
    Case(
        catalogue.NOT_SERIAL,
        WARN,
        lambda: codes(judge(BIOS, "00:14.2")),
        lambda: of_function(BIOS, Bdf(0, 0, 0x14, 2), class_code=0x070002),
    ),
    Case(
        catalogue.FACTS_UNREAD,
        WARN,
        lambda: codes(judge(with_facts(BIOS, unread=("something",)), *CARD)),
        lambda: codes(judge(with_facts(BIOS, unread=()), *CARD)),
    ),
    Case(catalogue.COMMAND_LINE_TOO_LONG, REFUSE, lambda: of_length(-1), lambda: of_length(0)),
    Case(catalogue.NO_RESCUE_ENTRY, REFUSE, lambda: of_rescue(1), lambda: of_rescue(0)),
    Case(
        catalogue.VM_HA,
        REFUSE,
        lambda: of_vm(ha_restart_priority="restart"),
        lambda: of_vm(ha_restart_priority=""),
    ),
    Case(
        catalogue.VM_SUSPENDED,
        REFUSE,
        lambda: of_vm(power_state=PowerState.SUSPENDED),
        lambda: of_vm(power_state=PowerState.PAUSED),
    ),
    Case(
        catalogue.VM_TYPE,
        REFUSE,
        lambda: of_vm(domain_type="pvh"),
        lambda: of_vm(domain_type="pv"),
    ),
    Case(
        catalogue.VM_TYPE, WARN, lambda: of_vm(domain_type="pv"), lambda: of_vm(domain_type="hvm")
    ),
    Case(catalogue.VM_FILE, REFUSE, lambda: of_guest("It is a link."), lambda: of_guest("")),
    Case(
        catalogue.DEVICE_TAKEN,
        REFUSE,
        lambda: of_other_vm("0/0000:02:00.1"),
        lambda: of_other_vm("0/0000:02:00.2"),
    ),
    Case(
        catalogue.VM_RUNNING,
        WARN,
        lambda: of_vm(power_state=PowerState.RUNNING),
        lambda: of_vm(power_state=PowerState.HALTED),
    ),
    Case(
        catalogue.VM_PCI_UNREAD,
        WARN,
        lambda: of_vm(other_config=(("pci", "0/0000:02:00.0, 0/0000:02:00.1"),)),
        lambda: of_vm(other_config=(("pci", "0/0000:02:00.0,0/0000:02:00.1"),)),
    ),
    Case(
        catalogue.DEVICE_OF_VM,
        WARN,
        lambda: of_other_vm("0/0000:02:00.1", unhide=True),
        lambda: of_other_vm("0/0000:05:00.0", unhide=True),
    ),
    Case(
        catalogue.POOL_ADDRESS,
        WARN,
        lambda: of_pool_host("02:00.0"),
        lambda: of_pool_host("02:01.0"),
    ),
    Case(
        catalogue.VM_POOL,
        NOTE,
        lambda: of_vm(UEFI, "weighbridge"),
        lambda: of_vm(BIOS, "pbx"),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_trips(case: Case) -> None:
    assert (case.rule.code, case.severity) in case.trips()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_just_does_not(case: Case) -> None:
    assert (case.rule.code, case.severity) not in case.does_not()


def test_every_severity_of_every_rule_has_its_two_tests() -> None:
    declared = {
        (rule, severity) for rule in catalogue.RULES.values() for severity in rule.severities
    }
    assert declared == {(case.rule, case.severity) for case in CASES if not case.variant}


def test_no_two_tests_have_one_name() -> None:
    assert [] == [name for name, count in Counter(case.name for case in CASES).items() if count > 1]


@pytest.mark.parametrize("code", catalogue.RULES)
def test_a_rule_is_declared_well(code: str) -> None:
    rule = catalogue.RULES[code]
    assert code == rule.code
    assert rule.meaning.endswith(".")
    assert rule.meaning.isprintable()
    assert list(rule.severities) == sorted(set(rule.severities), key=lambda item: item.rank)


def test_a_finding_weighs_what_its_rule_may() -> None:
    with pytest.raises(ValueError, match="root-disk is never note"):
        catalogue.ROOT_DISK.finding(SATA, "Why.", "Do.", NOTE)


def test_a_code_is_declared_once() -> None:
    with pytest.raises(ValueError, match="root-disk is declared twice"):
        catalogue._rule("root-disk", REFUSE, "Again.")
