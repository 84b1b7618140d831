"""What is read from sysfs and /proc, on trees built here as the kernel lays them out."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.boot.locate import CANDIDATE_PATHS
from serialpass_tui.core.inventory import (
    BootText,
    Disk,
    Inventory,
    Nic,
    PcibackForm,
    Process,
    Product,
    Tty,
    TtyKind,
    UsbDevice,
    Xen,
)
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host import blocks, facts, firmware, pci, serial_lines, sysfs, system
from serialpass_tui.host.commands import Completed
from serialpass_tui.host.firmware import BootSource
from serialpass_tui.host.network import Interface
from serialpass_tui.host.sysfs import Device

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PORT = "pci0000:00/0000:00:1c.0"
CARD = f"{PORT}/0000:02:00.0"
HBA = "pci0000:00/0000:00:01.0/0000:01:00.0"


@dataclass
class Tree:
    """A root directory with the parts of sysfs and /proc that a test is about."""

    root: Path
    properties: dict[str, Mapping[str, str]] = field(default_factory=dict)
    mounted: list[tuple[str, str]] = field(default_factory=list)
    links: dict[str, Interface] = field(default_factory=dict)
    processes: list[int] = field(default_factory=list)
    ran: list[tuple[str, ...]] = field(default_factory=list)
    xl: Completed | Problem = field(default_factory=lambda: Completed((), 0, "", ""))

    def file(self, path: str, text: str | bytes = "") -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
        return place

    def link(self, path: str, target: str) -> None:
        """A relative link, as the kernel makes them."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(os.path.relpath(self.root / target, place.parent))

    def device(self, path: str, bus: str, **attributes: str | bytes) -> str:
        """A device below /sys/devices that a bus (`bus/pci/devices`) or class lists."""
        folder = f"sys/devices/{path}"
        (self.root / folder).mkdir(parents=True, exist_ok=True)
        for name, text in attributes.items():
            self.file(f"{folder}/{name}", text)
        self.link(f"sys/{bus}/{Path(path).name}", folder)
        return folder

    def pci(self, path: str, ids: str, class_code: str, driver: str = "", **more: str) -> str:
        vendor, device = ids.split(":")
        folder = self.device(
            path,
            "bus/pci/devices",
            vendor=f"0x{vendor}\n",
            device=f"0x{device}\n",
            **{"class": f"0x{class_code}\n"},
            **more,
        )
        if driver:
            (self.root / f"sys/bus/pci/drivers/{driver}").mkdir(parents=True, exist_ok=True)
            self.link(f"{folder}/driver", f"sys/bus/pci/drivers/{driver}")
        return folder

    def tty(self, parent: str, name: str, **attributes: str) -> str:
        folder = self.device(f"{parent}/tty/{name}", "class/tty", **attributes)
        self.link(f"{folder}/device", f"sys/devices/{parent}")
        return folder

    def disk(self, parent: str, name: str, *parts: str) -> None:
        folder = self.device(f"{parent}/block/{name}", "class/block")
        self.link(f"{folder}/device", f"sys/devices/{parent}")
        for number, part in enumerate(parts, 1):
            self.device(f"{parent}/block/{name}/{part}", "class/block", partition=f"{number}\n")

    def stacked(self, name: str, *below: str, **attributes: str) -> None:
        folder = self.device(f"virtual/block/{name}", "class/block", **attributes)
        for other in below:
            self.link(f"{folder}/slaves/{other}", f"sys/class/block/{other}")

    def devices(self, subsystem: str) -> list[Device]:
        return [
            Device(device.path, self.properties.get(device.name, {}))
            for device in sysfs.devices(self.root / "sys", subsystem)
        ]

    def mounts(self) -> list[tuple[str, str]]:
        return self.mounted

    def interfaces(self) -> Mapping[str, Interface]:
        return self.links

    def boot_time(self) -> int:
        return 1000

    def device_number(self, place: Path) -> str:
        return blocks.device_number(place)

    def pids(self) -> Sequence[int]:
        return self.processes

    def pid(self) -> int:
        return 4711

    def run(self, argv: Sequence[str]) -> Completed:
        self.ran.append(tuple(argv))
        if isinstance(self.xl, Problem):
            raise self.xl
        return self.xl

    def gather(self) -> Inventory:
        return facts.gather(self.root, self, self.run)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def bdf(text: str) -> Bdf:
    return Bdf.parse(text)


def test_an_empty_tree_is_an_empty_host(tree: Tree) -> None:
    inventory = tree.gather()
    assert (
        Inventory("", "", "", "", 1000, uefi=False, unread=("which disk carries /",)) == inventory
    )
    assert [] == tree.ran


class TestPci:
    def test_a_function(self, tree: Tree) -> None:
        tree.pci(PORT, "8086:8c10", "060400", "pcieport", current_link_speed="5.0 GT/s PCIe")
        folder = tree.pci(
            CARD,
            "9710:9922",
            "070002",
            "serial",
            subsystem_vendor="0xa000\n",
            subsystem_device="0x1000\n",
            irq="17\n",
            reset="",
            boot_vga="0\n",
        )
        tree.tty(CARD, "ttyS4", type="4\n", irq="17\n")
        inventory = tree.gather()
        card = inventory.function(bdf("02:00.0"))
        assert card is not None
        assert ("9710:9922", 0x070002, "serial") == (card.ids, card.class_code, card.driver)
        assert (0xA000, 0x1000, 17) == (card.subvendor, card.subdevice, card.irq)
        assert (bdf("00:1c.0"),) == card.parents
        assert (("ttyS4",), True, False) == (card.ttys, card.can_reset, card.boot_vga)
        assert "Vendor 9710 Device 9710:9922" == card.name
        (tree.root / folder / "reset").unlink()
        (tree.root / folder / "boot_vga").write_text("1\n")
        card = tree.gather().function(bdf("02:00.0"))
        assert card is not None
        assert (False, True) == (card.can_reset, card.boot_vga)

    def test_parents_are_nearest_first(self, tree: Tree) -> None:
        tree.pci(f"{PORT}/0000:02:00.0/0000:03:04.0", "1415:9501", "070006")
        card = tree.gather().pci[0]
        assert (bdf("02:00.0"), bdf("00:1c.0")) == card.parents

    def test_functions_come_in_the_order_of_addresses(self, tree: Tree) -> None:
        for name in ("0000:00:1d.0", "0001:00:00.0", "0000:00:02.1", "0000:00:02.0"):
            tree.pci(f"pci{name[:7]}/{name}", "8086:1111", "0c0300")
        found = [str(function.bdf) for function in tree.gather().pci]
        assert ["0000:00:02.0", "0000:00:02.1", "0000:00:1d.0", "0001:00:00.0"] == found

    def test_a_domain_that_no_address_can_name_is_told(self, tree: Tree) -> None:
        tree.pci("pci0000:00/0000:00:0e.0", "8086:201d", "010400", "vmd")
        behind = "pci0000:00/0000:00:0e.0/pci10000:00/10000:00:02.0/10000:01:00.0"
        tree.pci(behind, "144d:a808", "010802", "nvme")
        tree.disk(f"{behind}/nvme/nvme0", "nvme0n1")
        inventory = tree.gather()
        assert [bdf("00:0e.0")] == [function.bdf for function in inventory.pci]
        assert bdf("00:0e.0") == inventory.disks[0].bdf
        assert any("10000:01:00.0" in fact for fact in inventory.unread)

    def test_names_are_udevs_else_the_hosts_list(self, tree: Tree) -> None:
        tree.pci("pci0000:00/0000:00:01.0", "9710:9922", "070002")
        tree.pci("pci0000:00/0000:00:02.0", "1415:9501", "070006")
        tree.pci("pci0000:00/0000:00:03.0", "9710:ffff", "070002")
        tree.properties["0000:00:02.0"] = {
            "ID_VENDOR_FROM_DATABASE": "Oxford",
            "ID_MODEL_FROM_DATABASE": "OX16PCI954",
        }
        tree.file("usr/share/misc/pci.ids", PCI_IDS)
        assert [
            "MosChip Semiconductor PCIe 9922 Serial",
            "Oxford OX16PCI954",
            "MosChip Semiconductor Device 9710:ffff",
        ] == [function.name for function in tree.gather().pci]


PCI_IDS = """\
# comment
1415  Oxford Semiconductor Ltd
\t9501  OX16PCI954 (Quad 16950 UART)
\t\t131f 2050  CyberPro (4-port)
# 9710  MosChip, as it once was
9710  MosChip Semiconductor
\t9710  a device whose number is a vendor's
\t9922  PCIe 9922 Serial
\t\ta000 1000  a subsystem
C 07  Communication controller
\t00  Serial controller
"""


def test_only_what_is_wanted_is_taken_from_the_list() -> None:
    vendors, models = pci.parse_ids(
        PCI_IDS.encode(), {(0x9710, 0x9922), (0x9710, 0x9501), (0xC070, 0)}
    )
    assert {0x9710: "MosChip Semiconductor"} == vendors
    assert {(0x9710, 0x9922): "PCIe 9922 Serial"} == models


def config(*capabilities: tuple[int, int], status: int = 0x10, size: int = 256) -> bytes:
    """A configuration space with capabilities at (offset, id), chained in that order."""
    space = bytearray(256)
    space[0x06] = status
    chain = [*capabilities, (0, 0)]
    space[0x34] = chain[0][0]
    for (at, kind), (following, _) in itertools.pairwise(chain):
        space[at], space[at + 1] = kind, following
    return bytes(space[:size])


@pytest.mark.parametrize(
    ("space", "expected"),
    [
        (config((0x40, 0x01), (0x78, 0x10)), True),
        (config((0x40, 0x01), (0x50, 0x05)), False),
        (config(), False),
        (config((0x40, 0x10), status=0), False),
        (config((0x40, 0x10), size=64), None),
        (config(status=0, size=64), False),
        (config((0x40, 0x01), (0x50, 0x05), (0x40, 0x01)), False),
        (b"", None),
    ],
    ids=["express", "legacy", "empty", "no-list", "user", "user-no-list", "loop", "unreadable"],
)
def test_the_express_capability(tree: Tree, space: bytes, expected: bool | None) -> None:
    place = tree.file("function/config", space)
    assert expected is pci.has_pcie_capability(Device(place.parent, {}))


def test_a_user_learns_it_from_the_link_attribute(tree: Tree) -> None:
    place = tree.file("function/config", config((0x40, 0x10), size=64))
    tree.file("function/current_link_speed", "2.5 GT/s PCIe")
    assert pci.has_pcie_capability(Device(place.parent, {}))


def test_what_a_user_cannot_learn_is_told(tree: Tree) -> None:
    tree.pci(PORT, "8086:8c10", "060400")
    inventory = tree.gather()
    assert inventory.pci[0].pcie
    assert any("PCI Express" in fact and "00:1c.0" in fact for fact in inventory.unread)


def pin(number: int) -> bytes:
    """A configuration space of a function with that interrupt pin."""
    space = bytearray(config())
    space[0x3D] = number
    return bytes(space)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"config": pin(1), "irq": b"17\n"}, True),
        ({"config": pin(1)[:64], "irq": b"17\n"}, True),
        ({"config": pin(0), "irq": b"17\n"}, False),
        ({"config": pin(1), "irq": b"0\n"}, False),
        ({"config": pin(1), "irq": b"17\n", "msi_irqs/41": b"msi\n"}, False),
        ({"irq": b"17\n"}, None),
    ],
)
def test_whether_a_function_raises_its_line(
    tree: Tree, files: dict[str, bytes], expected: bool | None
) -> None:
    for name, data in files.items():
        tree.file(f"function/{name}", data)
    assert expected is pci.raises_line(Device(tree.root / "function", {}))


def test_the_lines_that_somebody_listens_on(tree: Tree) -> None:
    tree.file(
        "proc/interrupts",
        "           CPU0       CPU1\n"
        "  8:          1          0  xen-pirq    -ioapic-edge  rtc0\n"
        " 16:      12345          0  xen-pirq    -ioapic-level  ehci_hcd:usb1, i801_smbus\n"
        " 17:          5          0  xen-pirq    -ioapic-level\n"
        " 18:          7          0  IO-APIC   18-fasteoi   ata_piix\n"
        " 19:          7          0  IO-APIC   19-fasteoi\n"
        "NMI:          0          0  Non-maskable interrupts\n",
    )
    assert (8, 16, 18) == tree.gather().busy_irqs


class TestTtys:
    def test_what_has_hardware_and_what_it_hangs_on(self, tree: Tree) -> None:
        tree.pci("pci0000:00/0000:00:1f.0", "8086:8c50", "060100")
        tree.pci(CARD, "9710:9922", "070002")
        tree.device("virtual/tty/tty1", "class/tty")
        tree.device("virtual/tty/ptmx", "class/tty")
        tree.tty("pnp0/00:05/00:05:0/00:05:0.0", "ttyS0", type="4\n", port="0x3F8\n", irq="4\n")
        tree.tty("platform/serial8250", "ttyS1", type="0\n", port="0x2F8\n", irq="3\n")
        tree.tty("platform/serial8250", "ttyS2", type="4\n", port="0x3E8\n", irq="4\n")
        tree.tty("pci0000:00/0000:00:1f.0/PNP0501:00", "ttyS3", type="4", port="0x2E8", irq="5")
        tree.tty(f"{CARD}/0000:02:00.0:0/0000:02:00.0:0.0", "ttyS10", port="0xD000\n", irq="17\n")
        tree.tty(CARD, "ttyS4", port="0xD008\n", irq="17\n")
        usb = "pci0000:00/0000:00:14.0/usb1/1-4/1-4.2/1-4.2:1.0/ttyUSB0"
        tree.tty(usb, "ttyUSB0")
        tree.tty("platform/soc/uart", "ttyAMA0", irq="33\n")
        assert (
            Tty("ttyAMA0", TtyKind.OTHER, irq=33),
            Tty("ttyS0", TtyKind.ISA, port=0x3F8, irq=4),
            Tty("ttyS2", TtyKind.ISA, port=0x3E8, irq=4),
            Tty("ttyS3", TtyKind.ISA, port=0x2E8, irq=5),
            Tty("ttyS4", TtyKind.PCI, bdf("02:00.0"), irq=17),
            Tty("ttyS10", TtyKind.PCI, bdf("02:00.0"), irq=17),
            Tty("ttyUSB0", TtyKind.USB, bdf("00:14.0"), "1-4.2"),
        ) == tree.gather().ttys

    def test_an_old_kernel_tells_it_in_the_drivers_table(self, tree: Tree) -> None:
        tree.file(
            "proc/tty/driver/serial",
            "serinfo:1.0 driver revision:\n"
            "0: uart:16550A port:000003F8 irq:4 tx:11 rx:0 RTS|CTS|DTR|DSR|CD\n"
            "1: uart:unknown port:000002F8 irq:3\n",
        )
        tree.tty("platform/serial8250", "ttyS0")
        tree.tty("platform/serial8250", "ttyS1")
        assert (Tty("ttyS0", TtyKind.ISA, port=0x3F8, irq=4),) == tree.gather().ttys

    def test_a_slot_that_may_not_be_looked_into_is_told(self, tree: Tree) -> None:
        tree.tty("platform/serial8250", "ttyS1")
        inventory = tree.gather()
        assert () == inventory.ttys
        assert any("ttyS1" in fact and "only root" in fact for fact in inventory.unread)

    def test_the_console_is_marked(self, tree: Tree) -> None:
        tree.tty("pnp0/00:05", "ttyS0", port="0x3F8")
        tree.tty("pnp0/00:06", "ttyS1", port="0x2F8")
        tree.file("sys/class/tty/console/active", "tty0 ttyS0\n")
        tree.file("proc/cmdline", "console=ttyS1,115200n8")
        assert [True, False] == [tty.console for tty in tree.gather().ttys]

    def test_an_old_layout_of_sysfs(self, tree: Tree) -> None:
        """Classes hold directories, and only `device` leads to the hardware."""
        (tree.root / "sys/devices" / CARD).mkdir(parents=True)
        tree.file("sys/class/tty/ttyS4/dev", "4:68\n")
        tree.link("sys/class/tty/ttyS4/device", f"sys/devices/{CARD}")
        assert (Tty("ttyS4", TtyKind.PCI, bdf("02:00.0")),) == tree.gather().ttys

    def test_an_old_kernel_tells_its_console_on_the_command_line(self, tree: Tree) -> None:
        cmdline = "root=/dev/sda1 xencons=hvc console=hvc0 console=ttyS1,115200n8 netconsole=ttyS9"
        assert {"ttyS1"} == serial_lines.consoles(tree.root, cmdline)

    def test_who_holds_it_open(self, tree: Tree) -> None:
        tree.tty(CARD, "ttyS4")
        for pid, name, target in (
            (7, "agetty", "/dev/ttyS4"),
            (8, "bash", "/dev/pts/0"),
            (9, "minicom", "/dev/ttyS4"),
        ):
            tree.file(f"proc/{pid}/comm", f"{name}\n")
            (tree.root / f"proc/{pid}/fd").mkdir()
            for handle in (0, 1):
                (tree.root / f"proc/{pid}/fd/{handle}").symlink_to(target)
        tree.processes = [7, 8, 9, 10]
        (tty,) = tree.gather().ttys
        assert (Process(7, "agetty"), Process(9, "minicom")) == tty.holders

    def test_logins_that_are_configured(self, tree: Tree) -> None:
        for number in range(4, 8):
            tree.tty(f"{CARD}/{number}", f"ttyS{number}")
        tree.file(
            "etc/inittab",
            "# s6:2345:respawn:/sbin/agetty ttyS6\n"
            "s5:2345:respawn:/sbin/mgetty -D /dev/ttyS5\n"
            "1:2345:respawn:/sbin/mingetty tty1\n",
        )
        tree.file("etc/systemd/system/getty.target.wants/serial-getty@ttyS4.service")
        tree.file("etc/systemd/system/serial-getty@ttyS7.service.d/override.conf")
        assert ["serial-getty@ttyS4.service", "/etc/inittab", "", ""] == [
            tty.login for tty in tree.gather().ttys
        ]

    def test_who_may_not_be_asked_is_told(
        self, tree: Tree, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def deny(place: str) -> list[str]:
            raise PermissionError

        unread: list[str] = []
        monkeypatch.setattr(os, "listdir", deny)
        assert {} == serial_lines.holders(tree.root, [1, 2], unread)
        assert ["processes that hold a tty open: only root sees those of others"] == unread

    def test_processes_hidden_by_the_mount_of_proc_are_told(self, tree: Tree) -> None:
        unread: list[str] = []
        assert {} == serial_lines.holders(tree.root, [4711], unread)
        assert ["processes that hold a tty open: only root sees those of others"] == unread


def test_usb_devices(tree: Tree) -> None:
    bus = "pci0000:00/0000:00:14.0/usb1"
    tree.device(bus, "bus/usb/devices", idVendor="1d6b\n", idProduct="0002\n")
    tree.device(
        f"{bus}/1-4", "bus/usb/devices", idVendor="05e3\n", idProduct="0610\n", product="Hub\n"
    )
    tree.device(
        f"{bus}/1-4/1-4.2",
        "bus/usb/devices",
        idVendor="0403\n",
        idProduct="6001\n",
        manufacturer="FTDI\n",
        product="FT232R\n",
    )
    tree.properties["1-4.2"] = {"ID_VENDOR_FROM_DATABASE": "Future Technology"}
    tree.device(
        f"{bus}/1-4/1-4.2/1-4.2:1.0",
        "bus/usb/devices",
        bInterfaceClass="ff\n",
        bInterfaceSubClass="ff\n",
        bInterfaceProtocol="ff\n",
    )
    tree.device(
        f"{bus}/1-4/1-4:1.0",
        "bus/usb/devices",
        bInterfaceClass="03\n",
        bInterfaceSubClass="01\n",
        bInterfaceProtocol="01\n",
    )
    tree.tty(f"{bus}/1-4/1-4.2/1-4.2:1.0/ttyUSB0", "ttyUSB0")
    controller = bdf("00:14.0")
    found = tree.gather().usb
    assert (
        UsbDevice("1-4", 0x05E3, 0x0610, controller, "", "Hub", (0x030101,)),
        UsbDevice(
            "1-4.2",
            0x0403,
            0x6001,
            controller,
            "Future Technology",
            "FT232R",
            (0xFFFFFF,),
            ("ttyUSB0",),
        ),
    ) == found
    assert [True, False] == [device.is_keyboard for device in found]


class TestDisks:
    def test_what_lies_between_a_file_system_and_its_disk(self, tree: Tree) -> None:
        tree.disk(f"{HBA}/host0/target0:0:0/0:0:0:0", "sda", "sda1", "sda2")
        tree.stacked("md0", "sda1", "sda2")
        tree.file("sys/devices/virtual/block/md0/md/level", "raid1")
        tree.stacked("dm-0", "md0")
        tree.file("sys/devices/virtual/block/dm-0/dm/uuid", "LVM-abc")
        tree.stacked("dm-1", "dm-0")
        tree.file("sys/devices/virtual/block/dm-1/dm/uuid", "CRYPT-LUKS2-abc")
        found = blocks.BlockDevices(tree.devices("block"), tree.root)
        assert ("encryption", "LVM", "RAID") == found.layers_of("dm-1")
        assert () == found.layers_of("sda2")
        assert () == found.layers_of("nothing")

    def test_mounts_swap_signatures_and_names(self, tree: Tree) -> None:
        tree.disk(f"{HBA}/host0/target0:0:0/0:0:0:0", "sda", "sda1", "sda2", "sda3")
        tree.device("virtual/block/loop0", "class/block")
        tree.mounted = [("/dev/sda1", "/"), ("/dev/sda1", "/boot")]
        tree.file("proc/swaps", "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n")
        tree.properties |= {
            "sda1": {"ID_FS_TYPE": "ext3"},
            "sda2": {"ID_FS_TYPE": "swap"},
            "sda3": {"ID_FS_TYPE": "LVM2_member"},
        }
        tree.file("dev/sda")
        for name, target in (("scsi-3600", "sda"), ("scsi-3600-part3", "sda3")):
            tree.link(f"dev/disk/by-id/{name}", f"dev/{target}")
        assert (
            Disk(
                "sda",
                bdf("01:00.0"),
                ("/", "/boot"),
                swap=True,
                signatures=("ext3", "swap", "LVM2_member"),
                ids=(
                    "/dev/disk/by-id/scsi-3600",
                    "/dev/disk/by-id/scsi-3600-part3",
                    "sda1",
                    "sda2",
                    "sda3",
                ),
            ),
        ) == tree.gather().disks

    @pytest.mark.parametrize(
        ("holder", "attributes", "kind"),
        [
            ("dm-0", {"dm/uuid": "mpath-36001\n"}, "multipath"),
            ("dm-0", {"dm/uuid": "part1-mpath-36001\n"}, "multipath"),
            ("dm-0", {"dm/uuid": "LVM-abc\n"}, "LVM"),
            ("dm-0", {"dm/uuid": "CRYPT-LUKS1-abc\n"}, "crypt"),
            ("dm-0", {"dm/uuid": "other\n"}, "device-mapper"),
            ("dm-0", {}, "device-mapper"),
            ("md127", {}, "RAID"),
            ("loop0", {}, ""),
        ],
    )
    @pytest.mark.parametrize("place", ["sda", "sda/sda1"])
    def test_what_is_stacked_on_it(
        self, tree: Tree, holder: str, attributes: dict[str, str], kind: str, place: str
    ) -> None:
        tree.disk(f"{HBA}/host0/0:0:0:0", "sda", "sda1")
        tree.stacked(holder, **attributes)
        tree.link(
            f"sys/devices/{HBA}/host0/0:0:0:0/block/{place}/holders/{holder}",
            f"sys/class/block/{holder}",
        )
        assert ((kind,) if kind else ()) == tree.gather().disks[0].holders

    def booted(self, tree: Tree) -> list[bool]:
        return [disk.booted for disk in tree.gather().disks]

    def test_what_the_firmware_booted(self, tree: Tree) -> None:
        tree.disk(f"{HBA}/host0/0:0:0:0", "sda", "sda1")
        tree.disk("pci0000:00/0000:00:1d.0/usb1/1-1/host1/1:0:0:0", "sdb", "sdb1")
        tree.properties |= {
            "sda1": {"ID_PART_ENTRY_TYPE": "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"},
            "sdb": {"ID_PART_TABLE_UUID": "0a1b2c3d"},
            "sdb1": {"ID_PART_ENTRY_TYPE": "0xc", "ID_PART_TABLE_UUID": "0a1b2c3d"},
        }
        assert [False, False] == self.booted(tree)
        assert [True, False] == [disk.esp for disk in tree.gather().disks]
        tree.file("sys/firmware/edd/int13_dev80/mbr_signature", "0x0a1b2c3d\n")
        assert [False, True] == self.booted(tree)
        tree.file("sys/firmware/edd/int13_dev80/mbr_signature", "0x0\n")
        (tree.root / "sys/firmware/edd/int13_dev80/pci_dev").symlink_to("../0000:01:00.0")
        assert [True, False] == self.booted(tree)

    def test_the_partition_that_uefi_booted(
        self, tree: Tree, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tree.disk(f"{HBA}/host0/0:0:0:0", "sda", "sda1")
        tree.disk("pci0000:00/0000:00:1d.0/usb1/1-1/host1/1:0:0:0", "sdb", "sdb1")
        tree.properties |= {
            "sda1": {"ID_PART_ENTRY_UUID": "a"},
            "sdb1": {"ID_PART_ENTRY_UUID": "b"},
        }
        monkeypatch.setattr(firmware, "boot_source", lambda *_: BootSource(partition="b"))
        assert [False, True] == self.booted(tree)

    def test_lvm_on_raid_on_partitions_of_two_disks(self, tree: Tree) -> None:
        tree.disk(f"{HBA}/host0/0:0:0:0", "sda", "sda1")
        tree.disk("pci0000:00/0000:00:1f.2/ata1/host1/1:0:0:0", "sdb", "sdb1")
        tree.disk("pci0000:00/0000:00:1f.2/ata2/host2/2:0:0:0", "sdc")
        tree.stacked("md0", "sda1", "sdb1")
        tree.stacked("dm-3", "md0", **{"dm/name": "VG-root\n"})
        tree.mounted = [("/dev/mapper/VG-root", "/")]
        found = [(disk.name, str(disk.bdf), disk.mounts) for disk in tree.gather().disks]
        assert [
            ("sda", "0000:01:00.0", ("/",)),
            ("sdb", "0000:00:1f.2", ("/",)),
            ("sdc", "0000:00:1f.2", ()),
        ] == found

    def test_a_volume_by_its_link_as_udev_makes_it(self, tree: Tree) -> None:
        tree.disk(f"{HBA}/host0/0:0:0:0", "sda")
        tree.stacked("dm-0", "sda")
        tree.file("dev/dm-0")
        (tree.root / "dev/VG").mkdir()
        (tree.root / "dev/VG/root").symlink_to("/dev/dm-0")
        tree.mounted = [("/dev/VG/root", "/")]
        assert ("/",) == tree.gather().disks[0].mounts

    def test_a_raid_controller_with_a_slash_in_its_names(self, tree: Tree) -> None:
        tree.disk(f"{HBA}/cciss0", "cciss!c0d0", "cciss!c0d0p1")
        tree.mounted = [("/dev/cciss/c0d0p1", "/")]
        assert ("/",) == tree.gather().disks[0].mounts

    def test_multipath_counts_for_every_path(self, tree: Tree) -> None:
        tree.disk(f"{HBA}/host0/0:0:0:0", "sda")
        tree.disk("pci0000:00/0000:00:02.0/host1/1:0:0:0", "sdb")
        tree.stacked("dm-0", "sda", "sdb", **{"dm/name": "mpatha"})
        tree.stacked("dm-1", "dm-0", **{"dm/name": "mpatha1"})
        tree.mounted = [("/dev/mapper/mpatha1", "/")]
        assert [("/",), ("/",)] == [disk.mounts for disk in tree.gather().disks]

    def test_native_nvme_multipath_is_no_virtual_disk(self, tree: Tree) -> None:
        """The namespace lies below /sys/devices/virtual, its controllers below their functions."""
        subsystem = "virtual/nvme-subsystem/nvme-subsys0"
        tree.device(f"{subsystem}/nvme0n1", "class/block")
        tree.device(f"{subsystem}/nvme0n1/nvme0n1p1", "class/block", partition="1\n")
        for number, function in enumerate((HBA, CARD)):
            controller = f"sys/devices/{function}/nvme/nvme{number}"
            (tree.root / controller).mkdir(parents=True)
            tree.link(f"sys/devices/{subsystem}/nvme{number}", controller)
        tree.mounted = [("/dev/nvme0n1p1", "/")]
        inventory = tree.gather()
        assert [("nvme0n1", bdf("01:00.0"), ("/",)), ("nvme0n1", bdf("02:00.0"), ("/",))] == [
            (disk.name, disk.bdf, disk.mounts) for disk in inventory.disks
        ]
        assert () == inventory.unread

    def test_a_file_in_a_loop_device_lies_on_its_file_systems_disk(self, tree: Tree) -> None:
        tree.disk(f"{HBA}/host0/0:0:0:0", "sda")
        number = tree.root.stat().st_dev
        tree.file(
            f"sys/devices/{HBA}/host0/0:0:0:0/block/sda/dev",
            f"{os.major(number)}:{os.minor(number)}\n",
        )
        tree.file("images/disk.img")
        tree.stacked("loop0", **{"loop/backing_file": "/images/disk.img"})
        tree.mounted = [("/dev/loop0", "/mnt")]
        assert ("/mnt",) == tree.gather().disks[0].mounts

    def test_a_disk_without_a_pci_function(self, tree: Tree) -> None:
        tree.disk("vbd-51712", "xvda")
        assert (Disk("xvda", None),) == tree.gather().disks

    def test_what_no_disk_is_known_for_is_told(self, tree: Tree) -> None:
        tree.mounted = [("/dev/gone", "/"), ("/dev/mapper/gone", "/srv")]
        tree.file("proc/swaps", "Filename\n/dev/gone2 partition\n/swapfile file\n")
        assert (
            "which disk carries / (mounted from /dev/gone)",
            "which disk carries /srv (mounted from /dev/mapper/gone)",
            "which disk carries the swap space /dev/gone2",
        ) == tree.gather().unread

    def test_a_loop_of_stacked_devices_ends(self, tree: Tree) -> None:
        tree.stacked("dm-0", "dm-1")
        tree.stacked("dm-1", "dm-0")
        tree.mounted = [("/dev/dm-0", "/")]
        assert () == tree.gather().disks


def test_nics_with_the_addresses_of_their_bond_and_bridge(tree: Tree) -> None:
    for name, parent in (("eth0", "pci0000:00/0000:00:19.0"), ("eth1", CARD)):
        folder = tree.device(f"{parent}/net/{name}", "class/net")
        tree.link(f"{folder}/device", f"sys/devices/{parent}")
    for name in ("bond0", "xenbr0", "lo"):
        tree.device(f"virtual/net/{name}", "class/net")
    tree.link("sys/devices/pci0000:00/0000:00:19.0/net/eth0/master", "sys/class/net/bond0")
    tree.link("sys/devices/virtual/net/bond0/brport/bridge", "sys/class/net/xenbr0")
    tree.links = {
        "eth0": Interface(up=True, mac="00:11:22:33:44:55"),
        "xenbr0": Interface(up=True, addresses=("10.0.0.5",)),
        "lo": Interface(up=True, addresses=("127.0.0.1",)),
    }
    assert (
        Nic(
            "eth0",
            bdf("00:19.0"),
            True,
            ("10.0.0.5",),
            "00:11:22:33:44:55",
            ("bond0", "xenbr0"),
        ),
        Nic("eth1", bdf("02:00.0")),
    ) == tree.gather().nics


class TestSystem:
    def test_kernel_and_product(self, tree: Tree) -> None:
        tree.file("proc/sys/kernel/hostname", "xen1\n")
        tree.file("proc/sys/kernel/osrelease", "4.19.0+1\n")
        tree.file("proc/sys/kernel/random/boot_id", "abc\n")
        tree.file("proc/cmdline", "root=LABEL=root-x ro\n")
        (tree.root / "sys/firmware/efi").mkdir(parents=True)
        (tree.root / "sys/bus/pci/drivers/pciback").mkdir(parents=True)
        tree.file(
            "etc/xensource-inventory",
            "PRODUCT_BRAND='XCP-ng'\nPRODUCT_VERSION='8.3.0'\n\nINSTALLATION_UUID='u-u'\n",
        )
        inventory = tree.gather()
        assert ("xen1", "4.19.0+1", "abc", "root=LABEL=root-x ro") == (
            inventory.hostname,
            inventory.kernel,
            inventory.boot_id,
            inventory.cmdline,
        )
        assert (True, True) == (inventory.uefi, inventory.pciback_registered)
        assert Product("XCP-ng", "8.3.0", "u-u") == inventory.product

    def hypervisor(self, tree: Tree, capabilities: str | None = "control_d\n") -> None:
        tree.file("sys/hypervisor/type", "xen\n")
        for part, text in (("major", "4"), ("minor", "17"), ("extra", ".6-1")):
            tree.file(f"sys/hypervisor/version/{part}", f"{text}\n")
        if capabilities is not None:
            tree.file("proc/xen/capabilities", capabilities)

    @pytest.mark.parametrize(
        ("line", "iommu"),
        [
            ("virt_caps              : pv hvm hvm_directio pv_directio\n", True),
            ("virt_caps              : pv hvm\n", False),
            ("", None),
        ],
    )
    def test_xen(self, tree: Tree, line: str, iommu: bool | None) -> None:
        self.hypervisor(tree)
        output = f"{line}xen_commandline        : dom0_mem=4096M com1=115200,8n1 a:b\n"
        tree.xl = Completed(("xl", "info"), 0, output, "")
        assert Xen("4.17.6-1", "dom0_mem=4096M com1=115200,8n1 a:b", iommu) == tree.gather().xen
        assert [("xl", "info")] == tree.ran

    @pytest.mark.parametrize(
        "answer",
        [
            Completed(("xl", "info"), 1, "", "xencall: error: Could not obtain handle"),
            Problem(Exit.FAILED, "command-missing", "The program xl is not there.", remedy="-"),
        ],
    )
    def test_xen_without_xl(self, tree: Tree, answer: Completed | Problem) -> None:
        self.hypervisor(tree)
        tree.xl = answer
        inventory = tree.gather()
        assert Xen("4.17.6-1") == inventory.xen
        assert inventory.unread[-1].startswith("Xen's command line and IOMMU: ")

    @pytest.mark.parametrize(
        ("capabilities", "uuid", "is_dom0"),
        [
            ("control_d\n", "", True),
            ("\n", "", False),
            (None, "00000000-0000-0000-0000-000000000000", True),
            (None, "5b8ce3a6-0000-0000-0000-000000000001", False),
            (None, "", True),
        ],
    )
    def test_a_guest_is_no_dom0(
        self, tree: Tree, capabilities: str | None, uuid: str, is_dom0: bool
    ) -> None:
        self.hypervisor(tree, capabilities)
        tree.file("sys/hypervisor/uuid", f"{uuid}\n")
        assert is_dom0 == (tree.gather().xen is not None)

    @pytest.mark.parametrize(
        ("files", "expected"),
        [
            ({}, PcibackForm.UNKNOWN),
            (
                {"lib/modules/1/modules.builtin": "kernel/drivers/xen/xen-pciback/xen-pciback.ko"},
                PcibackForm.BUILTIN,
            ),
            ({"lib/modules/1/modules.dep": "a/xen-pciback.ko.xz: b.ko"}, PcibackForm.MODULE),
            ({"lib/modules/1/modules.dep": "a/other.ko:"}, PcibackForm.ABSENT),
            ({"sys/module/xen_pciback/initstate": "live"}, PcibackForm.MODULE),
            ({"sys/module/xen_pciback/parameters/hide": ""}, PcibackForm.BUILTIN),
            ({"boot/config-1": "CONFIG_XEN_PCIDEV_BACKEND=y\n"}, PcibackForm.BUILTIN),
            ({"boot/config-1": "CONFIG_XEN_PCIDEV_BACKEND=m\n"}, PcibackForm.MODULE),
            (
                {"boot/config-1": "# CONFIG_XEN_PCIDEV_BACKEND is not set\n"},
                PcibackForm.ABSENT,
            ),
        ],
    )
    def test_how_the_kernel_carries_pciback(
        self, tree: Tree, files: dict[str, str], expected: PcibackForm
    ) -> None:
        for path, text in files.items():
            tree.file(path, text)
        assert expected is system.pciback_form(tree.root, "1")

    def test_boot_files_in_the_order_of_the_search(self, tree: Tree) -> None:
        for path in reversed(CANDIDATE_PATHS):
            tree.file(path.lstrip("/"), path)
        expected = tuple(BootText(path, path.encode()) for path in CANDIDATE_PATHS)
        assert expected == tree.gather().boot_files

    def test_a_boot_file_that_may_not_be_read_is_told(self, tree: Tree) -> None:
        (tree.root / CANDIDATE_PATHS[0].lstrip("/")).mkdir(parents=True)
        inventory = tree.gather()
        assert () == inventory.boot_files
        words = f"{CANDIDATE_PATHS[0]} cannot be read"
        assert [True] == [fact.startswith(words) for fact in inventory.unread if words in fact]

    def test_what_grub_cfg_is_made_from_and_where_such_files_go(self, tree: Tree) -> None:
        assert ((), ()) == (tree.gather().settings, tree.gather().setting_folders)
        names = ["etc/default/grub.d/xen.cfg", "etc/default/grub.d/a.cfg", "etc/default/grub"]
        for path in ("etc/udev/rules.d/60-serialpass-tui.rules", *names):
            tree.file(path, path)
        tree.file("etc/default/grub.d/xen.cfg.dpkg-old")
        tree.file("etc/udev/rules.d/70-persistent-net.rules")
        found = tree.gather()
        assert [
            "/etc/default/grub",
            "/etc/default/grub.d/a.cfg",
            "/etc/default/grub.d/xen.cfg",
            "/etc/udev/rules.d/60-serialpass-tui.rules",
        ] == [text.path for text in found.settings]
        assert [text.path.lstrip("/").encode() for text in found.settings] == [
            text.data for text in found.settings
        ]
        assert ("/etc/default/grub.d", "/etc/udev/rules.d") == found.setting_folders
