"""A running dom0 as its operator and its test see it."""

from __future__ import annotations

import base64
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.rig.image import image, project_disk
from tests.e2e.rig.qemu import PATIENCE, Qemu, Timeout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.e2e.rig.qemu import Wire

CONF = "/boot/extlinux.conf"
CARD, TWIN = "0000:00:05.0", "0000:00:06.0"
CARDS = (
    *("-device", "pci-serial,chardev=card,bus=pcie.0,addr=05.0"),
    *("-device", "pci-serial-2x,chardev1=twin0,chardev2=twin1,bus=pcie.0,addr=06.0"),
)
WIRES = ("card", "twin0", "twin1")
_BOOT = 20 * PATIENCE

_SHIFTED = dict(zip('~!@#$%^&*()_+{}|:"<>?', "`1234567890-=[]\\;',./", strict=True))
_NAMES = (
    *("spc", "minus", "equal", "slash", "dot", "comma", "semicolon", "apostrophe"),
    *("bracket_left", "bracket_right", "backslash", "grave_accent", "ret", "tab"),
)
_QCODES = dict(zip(" -=/.,;'[]\\`\n\t", _NAMES, strict=True))


class Dom0:
    """A dom0 that is up, with a shell on its second serial port and its VGA console."""

    def __init__(self, machine: Qemu) -> None:
        self.machine = machine
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

    def screen(self) -> str:
        """The text on the VGA console, line by line, glyphs by the kernel's default font."""
        cells = base64.b64decode(self.sh("base64 -w0 /dev/vcs1"))
        lines = [cells[at : at + 80].decode("cp437") for at in range(0, len(cells), 80)]
        return "\n".join(line.rstrip() for line in lines)

    def see(self, *words: str, seconds: float = 15) -> str:
        """Wait until the VGA console shows all of `words`; the whole screen."""
        return self.see_that(
            lambda shown: all(word in shown for word in words), repr(words), seconds
        )

    def see_that(self, holds: Callable[[str], bool], what: str, seconds: float = 15) -> str:
        """Wait until what the VGA console shows satisfies `holds`."""
        deadline = time.monotonic() + seconds * PATIENCE
        while not holds(shown := self.screen()):
            if time.monotonic() > deadline:
                raise Timeout(f"the console does not show {what}:\n{shown}")
            time.sleep(0.2)
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
def dom0(place: Path, disk: Path | None = None, cards: Sequence[str] = CARDS) -> Iterator[Dom0]:
    """A machine with the cards, from power on to the shell, on a disk of its own in `place`."""
    used = disk or image().copy(place / "disk.raw")
    program = place / "program.raw"
    if not program.exists():
        project_disk(program)
    extra = [
        *("-drive", f"file={program},format=raw,if=none,id=d1"),
        *("-device", "ide-hd,drive=d1,bus=ide.1"),
        *cards,
    ]
    with Qemu(place, used, extra=extra, wires=WIRES) as machine:
        running = Dom0(machine)
        running.wait_until_up()
        yield running
