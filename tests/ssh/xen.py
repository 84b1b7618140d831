"""A dom0 in the manner of XenServer 6: sysfs, /proc, extlinux, and what a boot makes of its file.

Plain Xen owns the guests: `xl` is a script there. The boot is read here, by words, in the order in
which the loader and the kernel do it, so that the tool's own reading is checked by another.
"""

from __future__ import annotations

import contextlib
import re
import uuid
from typing import TYPE_CHECKING

from serialpass_tui import cli
from serialpass_tui.host.ssh.connection import PATIENCE, Answer, Connection
from tests.host.test_facts import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from serialpass_tui.service import Service
    from tests.ssh.dom0 import Dom0

RELEASE = "2.6.32.43-0.4.1.xs1.8.0.835.170778xen"
CARD = "0000:02:00.0"
PORT = "pci0000:00/0000:00:1c.0"
EXTLINUX = "boot/extlinux.conf"
CONF = b"""# location mbr
serial 0 115200
default xe
prompt 1
timeout 50

label xe
  # XenServer
  kernel mboot.c32
  append /boot/xen.gz dom0_mem=752M watchdog --- /boot/vmlinuz-2.6-xen root=LABEL=root-x ro \
console=hvc0 quiet --- /boot/initrd-2.6-xen.img

label fallback
  # XenServer (Xen 4.1.5 / Linux 2.6.32)
  kernel mboot.c32
  append /boot/xen-fallback.gz dom0_mem=752M --- /boot/vmlinuz-fallback root=LABEL=root-x ro \
--- /boot/initrd-fallback.img
"""

XL = """#!/bin/sh
case "$1" in
info) echo "xen_version            : 4.1.5"
  echo "xen_commandline        : dom0_mem=752M watchdog"
  echo "virt_caps              : hvm hvm_directio";;
list) [ "$2" = -l ] && echo "[]" && exit 0
  echo "Name                                        ID   Mem VCPUs      State   Time(s)"
  echo "Domain-0                                     0   752     2     r-----      10.0 \
00000000-0000-0000-0000-000000000000"
  [ -f /guest ] && cat /guest
  exit 0;;
create) echo "pbx                                          3   512     1     -b----       1.0 \
6f2c1d10-5b1e-4d8c-9d0e-000000000003" >/guest;;
*) echo "xl: no such command" >&2; exit 1;;
esac
"""

XENSTORE = """#!/bin/sh
echo 'dev-0 = "0000:02:00.0"'
"""

IP = """#!/bin/sh
echo "1: lo    inet 127.0.0.1/8 scope host lo"
echo "2: eth0    inet 192.0.2.10/24 brd 192.0.2.255 scope global eth0"
"""


def build(dom0: Dom0) -> XenHost:
    """Put the host's files there, and boot it."""
    host = XenHost(dom0)
    _sysfs(host.tree)
    _proc(host.tree)
    tree = host.tree
    tree.file(EXTLINUX, CONF)
    tree.file("boot/ldlinux.sys", b"\0" * 2048)
    tree.file(f"lib/modules/{RELEASE}/modules.builtin", "kernel/drivers/xen/pciback/pciback.ko\n")
    tree.file("etc/inittab", "1:2345:respawn:/sbin/mingetty tty1\n")
    tree.file("etc/xen/pbx.cfg", 'name = "pbx"\nbuilder = "hvm"\nmemory = 512\n')
    for name, text in {
        "xl": XL,
        "xenstore-ls": XENSTORE,
        "ip": IP,
        "shutdown": "#!/bin/sh\necho asked >/going-down\n",
    }.items():
        place = tree.root / "bin" / name
        place.unlink(missing_ok=True)  # busybox has some of these
        tree.file(f"bin/{name}", text).chmod(0o755)
    host.boot()
    return host


class XenHost:
    """The host's hardware and firmware."""

    def __init__(self, dom0: Dom0) -> None:
        self.dom0 = dom0
        self.tree = Tree(dom0.root)

    @property
    def boot_file(self) -> Path:
        return self.dom0.root / EXTLINUX

    def boot(self) -> None:
        """Boot what the boot file says."""
        arguments = kernel_arguments(self.boot_file.read_text())
        root = self.dom0.root
        (root / "going-down").unlink(missing_ok=True)
        self.tree.file("proc/cmdline", " ".join(arguments) + "\n")
        self.tree.file("proc/sys/kernel/random/boot_id", f"{uuid.uuid4()}\n")
        hidden = [a.partition("=")[2] for a in arguments if a.startswith("pciback.hide=")][-1:]
        driver = "pciback" if hidden and f"({CARD})" in hidden[0] else "serial"
        link = root / f"sys/devices/{PORT}/{CARD}/driver"
        link.unlink(missing_ok=True)
        self.tree.link(
            str(link.relative_to(root)),
            f"sys/bus/pci/drivers/{driver}",
        )

    def reboot(self) -> None:
        """Go down, lines and all, and come up again."""
        self.dom0.stop()
        self.boot()
        self.dom0.start()


class Kernel(Connection):
    """A connection to a host whose kernel acts on what is written to its drivers' files."""

    def __init__(self, host: XenHost, connection: Connection) -> None:
        vars(self).update(vars(connection))
        self._host = host
        self.written: list[str] = []
        self.refuses = ""

    def ask(self, script: str, *words: str, data: bytes = b"", timeout: float = PATIENCE) -> Answer:
        if script != "sp_put":
            return super().ask(script, *words, data=data, timeout=timeout)
        driver, name = words[0].split("/")[-2:]
        if self.refuses == f"{driver}/{name}":
            return Answer(1, b"", "sh: printf: write error: No such device")
        answer = super().ask(script, *words, data=data, timeout=timeout)
        self.written.append(f"{driver}/{name}")
        root = self._host.dom0.root
        link = root / f"sys/devices/{PORT}/{CARD}/driver"
        if name == "unbind":
            link.unlink()
        elif name == "bind":
            self._host.tree.link(str(link.relative_to(root)), f"sys/bus/pci/drivers/{driver}")
        return answer


def kernel_arguments(conf: str) -> list[str]:
    """What dom0's kernel gets from the default label."""
    default = re.findall(r"(?m)^default (\S+)", conf)[-1]
    block = conf.partition(f"label {default}\n")[2].partition("\nlabel ")[0]
    append = re.findall(r"(?m)^\s*append (.*)$", block)[-1]
    return list(append.split(" --- ")[1].split()[1:])


def _sysfs(tree: Tree) -> None:
    for name in ("serial", "pciback", "ata_piix", "e1000e"):
        (tree.root / f"sys/bus/pci/drivers/{name}").mkdir(parents=True)
    bridge = bytearray(64)
    bridge[0x06], bridge[0x34] = 0x10, 0x40
    config = bytes(bridge) + b"\x10\x00" + bytes(190)
    plain = bytes(60) + b"\x0b\x01\0\0"
    tree.pci(PORT, "8086:2940", "060400", irq="16\n")
    card = tree.pci(f"{PORT}/{CARD}", "9710:9835", "070002", "serial", irq="18\n", reset="")
    tree.tty(card.removeprefix("sys/devices/"), "ttyS4", type="4\n", irq="18\n")
    tree.pci("pci0000:00/0000:00:1f.2", "8086:2922", "010601", "ata_piix", irq="19\n")
    tree.pci("pci0000:00/0000:00:19.0", "8086:10bd", "020000", "e1000e", irq="20\n")
    tree.file(f"sys/devices/{PORT}/config", config)
    for name in (f"{PORT}/{CARD}", "pci0000:00/0000:00:1f.2", "pci0000:00/0000:00:19.0"):
        tree.file(f"sys/devices/{name}/config", plain)
    tree.disk("pci0000:00/0000:00:1f.2/host0/target0:0:0/0:0:0:0", "sda", "sda1", "sda2")
    block = "sys/devices/pci0000:00/0000:00:1f.2/host0/target0:0:0/0:0:0:0/block/sda"
    tree.file(f"{block}/dev", "8:0\n")
    tree.file(f"{block}/sda1/dev", "8:1\n")
    tree.file(f"{block}/sda2/dev", "8:2\n")
    tree.file("run/udev/data/b8:1", "E:ID_FS_TYPE=ext3\nE:ID_PART_ENTRY_TYPE=0x83\n")
    net = tree.device(
        "pci0000:00/0000:00:19.0/net/eth0",
        "class/net",
        ifindex="2\n",
        address="00:00:5e:00:53:01\n",
        flags="0x1003\n",
        operstate="up\n",
    )
    tree.link(f"{net}/device", "sys/devices/pci0000:00/0000:00:19.0")
    bridge_port = tree.device("virtual/net/xenbr0", "class/net", ifindex="3\n", flags="0x1003\n")
    tree.link(f"{net}/master", bridge_port)
    tree.link(f"{net}/brport/bridge", bridge_port)
    tree.file("sys/hypervisor/type", "xen\n")
    for part, text in {"major": "4", "minor": "1", "extra": ".5"}.items():
        tree.file(f"sys/hypervisor/version/{part}", f"{text}\n")
    tree.file("usr/share/hwdata/pci.ids", "9710  MosChip\n\t9835  PCI 9835 Multi-I/O\n")
    for name in ("sda", "sda1", "sda2"):
        tree.file(f"dev/{name}")
    tree.file("dev/disk/by-id/.keep").unlink()
    tree.link("dev/disk/by-id/ata-DISK_1", "dev/sda")


def _proc(tree: Tree) -> None:
    tree.file("proc/sys/kernel/osrelease", f"{RELEASE}\n")
    tree.file("proc/sys/kernel/hostname", "xs62\n")
    tree.file("proc/xen/capabilities", "control_d\n")
    tree.file("proc/self/mounts", "rootfs / rootfs rw 0 0\n/dev/sda1 / ext3 rw 0 0\n")
    tree.file("proc/self/mountinfo", "1 0 8:1 / / rw - ext3 /dev/sda1 rw\n")
    tree.file("proc/filesystems", "nodev\tsysfs\n\text3\n\text4\n")
    tree.file("proc/stat", "cpu 1 2\nbtime 1353000000\n")
    tree.file("proc/swaps", "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -1\n")
    tree.file("proc/interrupts", "  CPU0\n 19:  7  Phys-irq-level  ata_piix\n")
    tree.file("proc/1/comm", "init\n")
    tree.file("proc/77/comm", "mgetty\n")
    for pid, target in (("1", "/dev/console"), ("77", "/dev/ttyS4")):
        (tree.root / f"proc/{pid}/fd").mkdir()
        (tree.root / f"proc/{pid}/fd/0").symlink_to(target)


def command_line(dom0: Dom0, *words: str) -> list[str]:
    """What an operator types to work on that host."""
    user = dom0.target.user
    options = [word for option in dom0.ssh_options for word in ("--ssh-option", option)]
    return ["--ssh", f"{user}@127.0.0.1:{dom0.port}", *options, *words]


@contextlib.contextmanager
def service_over(dom0: Dom0) -> Iterator[Service]:
    """A service as a run with that command line has it."""
    args = cli.options.build_parser().parse_args(command_line(dom0))
    with contextlib.ExitStack() as args.ending:
        yield cli.hosts.service(args)
