"""A running dom0 as its operator and its test see it."""

from __future__ import annotations

import base64
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.rig.flavour import EXTLINUX, Flavour
from tests.e2e.rig.image import project_disk
from tests.e2e.rig.qemu import PATIENCE, Qemu, Timeout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.e2e.rig.qemu import Wire

GUEST, GUEST_FILE = "fax", "/etc/xen/fax.cfg"
CARD, TWIN = "0000:00:05.0", "0000:00:06.0"
CARDS = (
    *("-device", "pci-serial,chardev=card,bus=pcie.0,addr=05.0"),
    *("-device", "pci-serial-2x,chardev1=twin0,chardev2=twin1,bus=pcie.0,addr=06.0"),
)
WIRES = ("card", "twin0", "twin1")
DISK = "disk.raw"
"""The dom0's disk in its scratch directory; there from the first boot on."""
PROGRAM = "program.raw"
"""The disk with the program there."""
_BOOT = 60 * PATIENCE

_SHIFTED = dict(zip('~!@#$%^&*()_+{}|:"<>?', "`1234567890-=[]\\;',./", strict=True))
_NAMES = (
    *("spc", "minus", "equal", "slash", "dot", "comma", "semicolon", "apostrophe"),
    *("bracket_left", "bracket_right", "backslash", "grave_accent", "ret", "tab"),
)
_QCODES = dict(zip(" -=/.,;'[]\\`\n\t", _NAMES, strict=True))


def naming(guest: bytes, bdf: str) -> bytes:
    """The guest's file when it names a PCI function: it had neither a list nor a last line end."""
    return guest + f"\npci = [ '{bdf}' ]".encode()


class Dom0:
    """A dom0 that is up, with a shell on its second serial port and its VGA console."""

    def __init__(self, machine: Qemu, flavour: Flavour) -> None:
        self.machine = machine
        self.flavour = flavour
        self._commands = 0

    @property
    def card(self) -> Wire:
        """What is plugged into the one-port card."""
        return self.machine.wires["card"]

    # --- boots

    def wait_until_up(self) -> float:
        """Wait for the next time that dom0 comes up; how long it took."""
        begun = time.monotonic()
        self.machine.second_serial.expect("rig: dom0 is up", _BOOT)
        return time.monotonic() - begun

    def restart(self) -> float:
        """An orderly restart by hand."""
        self.machine.second_serial.send("/sbin/shutdown -r now\n")
        return self.wait_until_up()

    def shut_down(self) -> None:
        """An orderly end, after which the power may be cut; the next boot is another machine's.

        QEMU without KVM takes minutes for a second boot of a large kernel in the same memory.
        """
        self.machine.second_serial.send("/sbin/shutdown -r now\n")
        self.machine.first_serial.expect("reboot: Restarting system", _BOOT)

    # --- the test's own shell

    def sh(self, command: str, *, status: int = 0, seconds: float = 20) -> str:
        """Run a command; what it printed, on either stream. It must end with `status`."""
        self._commands += 1
        mark = f"rig-{self._commands}-"
        wire = self.machine.second_serial
        wire.send(f"{{ {command}\n}} </dev/null 2>&1; printf '\\n{mark}%s\\n' $?\n")
        said = wire.expect(f"\n{mark}", seconds * PATIENCE).removesuffix(f"\n{mark}")
        ended = int(wire.expect("\n", 10))
        if ended != status:
            raise AssertionError(f"{command} ended with {ended}, not {status}:\n{said}")
        return said.strip("\n")

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        return base64.b64decode(self.sh(f"base64 -w0 {path}"))

    def owner(self, bdf: str) -> str:
        """The driver that has a PCI function, empty for none."""
        return Path(self.sh(f"readlink /sys/bus/pci/devices/{bdf}/driver || :")).name

    def ttys(self, bdf: str) -> list[str]:
        """The serial lines that dom0 has on a PCI function."""
        return self.sh(f"ls /sys/bus/pci/devices/{bdf}/tty 2>/dev/null || :").split()

    # --- the operator at the VGA console

    def type(self, text: str) -> None:
        """Type on the machine's keyboard."""
        for char in text:
            shifted = char.isupper() or char in _SHIFTED
            plain = _SHIFTED.get(char, char.lower())
            code = _QCODES.get(plain, plain)
            self.machine.press(*(["shift", code] if shifted else [code]))

    def press(self, *names: str) -> None:
        """Press keys one after the other, by QEMU's names for them."""
        for name in names:
            self.machine.press(name)

    def screen(self, *, lit: bool = False) -> str:
        """What the VGA console shows; with `lit` only what stands out from its background."""
        return self.machine.screen(lit=lit)

    def see(self, *words: str, seconds: float = 15, lit: bool = False) -> str:
        """Wait until the VGA console shows all of `words`; the whole screen."""

        def holds(shown: str) -> bool:
            return all(word in shown for word in words)

        return self.see_that(holds, repr(words), seconds, lit=lit)

    def see_that(
        self, holds: Callable[[str], bool], what: str, seconds: float = 15, *, lit: bool = False
    ) -> str:
        """Wait until what the VGA console shows satisfies `holds`."""
        deadline = time.monotonic() + seconds * PATIENCE
        while not holds(shown := self.screen(lit=lit)):
            if time.monotonic() > deadline:
                raise Timeout(f"the console does not show {what}:\n{self.screen()}")
            time.sleep(0.1)
        return shown


@contextmanager
def scratch() -> Iterator[Path]:
    """A short-named directory for sockets and disks, gone afterwards."""
    place = Path(tempfile.mkdtemp(prefix="rig-"))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def dom0(
    place: Path,
    flavour: Flavour = EXTLINUX,
    cards: Sequence[str] = CARDS,
    *,
    unwritable: int | None = None,
) -> Iterator[Dom0]:
    """A machine with the cards, from power on to the shell, on the disk in `place`.

    `unwritable` is a sector of that disk that takes no write.
    """
    used = place / DISK
    if not used.exists():
        flavour.disk(used)
    program = place / PROGRAM
    if not program.exists():
        project_disk(program)
    extra = [
        *("-drive", f"file={program},format=raw,if=none,id=d1"),
        *("-device", "ide-hd,drive=d1,bus=ide.1"),
        *cards,
    ]
    with Qemu(place, used, extra=extra, wires=WIRES, unwritable=unwritable) as machine:
        running = Dom0(machine, flavour)
        running.wait_until_up()
        yield running
