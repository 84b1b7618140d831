"""Where dom0 and Xen write their consoles: what the command lines and boot files ask for.

A boot entry that is not the default counts as well: it is the one that the operator falls back to.
"""

from __future__ import annotations

import re

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.errors import Problem
from serialpass_tui.lazy import frozen, pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from serialpass_tui.core.inventory import Inventory, PciFunction, Tty

_TTY = pattern(r"tty[A-Za-z]+[0-9]+")
_DOM0_KEYS = {"console", "earlyprintk", "kgdboc"}
_COM_PORTS = {"com1": 0x3F8, "com2": 0x2F8}
_ISA_PORTS = {0x3F8, 0x2F8, 0x3E8, 0x2E8}


@frozen
class Console:
    """One argument that makes a serial line somebody's console."""

    owner: str
    """`dom0` or `Xen`."""
    word: str
    """The argument as it is written."""
    where: str
    """Where it is written, in words."""
    tty: str = ""
    """The tty that dom0's argument names."""
    port: int = 0
    """The I/O port of Xen's line where it is one."""
    bdf: Bdf | None = None
    """The PCI function of Xen's line where it is named."""
    com: str = ""
    """`com1` or `com2` where the argument only picks that line as it is set elsewhere."""
    search: str = ""
    """`pci` or `amt` where Xen is to look for a PCI function by itself."""

    def is_on(self, function: PciFunction, ttys: frozenset[str]) -> bool:
        """Whether this line is, or may be, that PCI function, which carries `ttys`.

        An I/O port that no motherboard uses belongs to some PCI card, and sysfs does not say here
        to which: every serial function is taken for it, for a wrong guess costs the console.
        """
        if self.owner == "dom0":
            return self.tty in ttys
        if self.bdf is not None:
            return self.bdf == function.bdf
        if function.base_class != 0x07:
            return False
        return bool(self.search) or (self.port != 0 and self.port not in _ISA_PORTS)

    def is_isa(self, tty: Tty) -> bool:
        """Whether this line is that motherboard port."""
        return self.tty == tty.name or (self.port != 0 and self.port == tty.port)


def consoles(inventory: Inventory) -> tuple[Console, ...]:
    """Every serial console that this boot or any boot entry of this host asks for."""
    found: list[Console] = []
    for where, line in _lines(inventory):
        words = line.replace('"', " ").replace("'", " ").split()
        keys = {word.partition("=")[0] for word in words}
        for word in words:
            # console=com1 alone means the motherboard's port; com1=... beside it says which.
            found.extend(item for item in _read(word, where) if item.com not in keys)
    return tuple(found)


def _lines(inventory: Inventory) -> Iterator[tuple[str, str]]:
    yield "dom0's command line of this boot", inventory.cmdline
    if inventory.xen is not None:
        yield "Xen's command line of this boot", inventory.xen.cmdline
    for file in inventory.boot_files:
        text = file.data.decode("latin-1")
        for number, line in enumerate(text.split("\n"), 1):
            if not line.lstrip().startswith("#"):
                yield f"{file.path} line {number}", line


def _read(word: str, where: str) -> Iterator[Console]:
    key, _, value = word.partition("=")
    if key in _COM_PORTS:
        yield _xen_line(key, value, word, where)
    elif key in _DOM0_KEYS:
        for item in value.split(","):
            if _TTY.fullmatch(item):
                yield Console("dom0", word, where, tty=item)
            elif key == "console" and item[:4] in _COM_PORTS:
                yield Console("Xen", word, where, port=_COM_PORTS[item[:4]], com=item[:4])


def _xen_line(key: str, value: str, word: str, where: str) -> Console:
    """Xen's com1=, positional or with names (xen-project/xen docs/misc/xen-command-line)."""
    items = [item.partition("=")[2] or item for item in value.split(",")]
    names = {item.partition("=")[0]: item.partition("=")[2] for item in value.split(",")}
    position = items[2] if len(items) > 2 else ""
    search = next((item for item in items if item in {"pci", "amt"}), "")
    # The second address of the positional form is the bridge's, which carries no port.
    addresses = [bdf for bdf in map(_bdf, items) if bdf is not None]
    named = _bdf(names.get("port", ""))
    if named is not None or addresses:
        return Console("Xen", word, where, bdf=named or addresses[0])
    if search:
        return Console("Xen", word, where, search=search)
    base = names.get("io-base", position)
    port = int(base, 16) if re.fullmatch(r"0[xX][0-9a-fA-F]{1,8}", base) else _COM_PORTS[key]
    return Console("Xen", word, where, port=port)


def _bdf(text: str) -> Bdf | None:
    try:
        return Bdf.parse(text)
    except Problem:
        return None
