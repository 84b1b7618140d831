"""What the real kernel makes of hide values: one boot for each, on the golden table's own PCI tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.e2e.rig.flavour import EXTLINUX
from tests.e2e.rig.image import image, put_file
from tests.e2e.rig.qemu import PATIENCE, Qemu

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TREE = (
    *("-device", "pcie-root-port,id=p1,bus=pcie.0,addr=03.0,chassis=1"),
    *("-device", "pci-bridge,id=p2,bus=pcie.0,addr=1c.0,chassis_nr=2,shpc=off"),
    *("-device", "pci-serial,chardev=c0,bus=p2,addr=00.0,multifunction=on"),
    *("-device", "pci-serial,chardev=c1,bus=p2,addr=00.1"),
    *("-device", "pci-serial,chardev=c2,bus=p2,addr=01.0"),
    *("-device", "piix3-usb-uhci,bus=pcie.0,addr=1d.0"),
    *("-device", "pcie-root-port,id=p3,bus=pcie.0,addr=1e.0,chassis=3,multifunction=on"),
    *("-device", "pcie-root-port,id=p4,bus=pcie.0,addr=1e.1,chassis=4"),
    *("-device", "pcie-root-port,id=p5,bus=pcie.0,addr=1e.2,chassis=5"),
    *("-device", "qemu-xhci,bus=p5"),
    *("-device", "pcie-root-port,id=p6,bus=pcie.0,addr=1e.3,chassis=6"),
    *("-device", "pci-serial,chardev=c3,bus=p6"),
)
"""QEMU's devices at the addresses of tests/golden/hide_values.json, the second domain excepted."""

_WIRES = ("c0", "c1", "c2", "c3")
BASE = "root=/dev/sda1 ro console=hvc0 console=tty0 panic=5 init=/rig/owners"
_ENTRY = """\
default row
prompt 0
timeout 1

label row
  kernel mboot.c32
  append /boot/xen.gz dom0_mem=752M,max:752M dom0_max_vcpus=1 iommu=no-intremap spec-ctrl=no \
com1=115200,8n1 console=com1 --- /boot/vmlinuz {base} {words} --- /boot/initrd.img
"""


@dataclass(frozen=True)
class Measured:
    """What one boot showed."""

    words: str
    """The end of the dom0 command line as it stood in the boot file."""
    cmdline: str
    """The whole line as the kernel got it (/proc/cmdline)."""
    owners: dict[str, str]
    """The driver of each PCI function, empty for none."""
    registered: bool
    ttys: tuple[str, ...]
    log: tuple[str, ...]


def measure(place: Path, words: str) -> Measured:
    """Boot once with `words` on the dom0 command line."""
    disk = place / "disk.raw"
    if not disk.exists():
        image().copy(disk)
    put_file(disk, EXTLINUX.boot_file, _ENTRY.format(base=BASE, words=words).encode())
    with Qemu(place, disk, extra=TREE, wires=_WIRES) as machine:
        machine.second_serial.expect("rig: owners\n", 15 * PATIENCE)
        said = machine.second_serial.expect("rig: end", 10 * PATIENCE).splitlines()
    return Measured(
        words,
        _after(said, "cmdline ")[0],
        dict(re.findall(r"^owner (\S+) (\S*)$", "\n".join(said), re.MULTILINE)),
        "registered" in said,
        tuple(_after(said, "tty ")),
        tuple(_after(said, "log ")),
    )


def _after(lines: Sequence[str], word: str) -> list[str]:
    return [line.removeprefix(word) for line in lines if line.startswith(word)]
