"""A dom0 behind ssh as the host that the ports speak of."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.boot.locate import SYSTEMD
from serialpass_tui.core.changes import LOAD_PCIBACK
from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host import facts
from serialpass_tui.host.local import LocalHost, restart_command
from serialpass_tui.host.pci import IDS_FILES
from serialpass_tui.host.pciback import Pciback
from serialpass_tui.host.ssh import reading, tree
from serialpass_tui.host.ssh.files import error_of
from serialpass_tui.host.ssh.machine import FetchedMachine
from serialpass_tui.host.sysfs import children, text
from serialpass_tui.lazy import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.core.inventory import Inventory
    from serialpass_tui.host.ssh.connection import Answer, Connection

_READING = 120.0


class RemoteHost(LocalHost):
    """The machine at the other end; what is read there is laid below a private directory first."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._scratch = Path(tempfile.mkdtemp(prefix="spt-host-")).resolve()
        self.root = self._scratch / "host"
        """Where the files lie that the last reading brought."""
        self._lasting: dict[Path, bytes] = {}
        """What stays as it is for a boot, by its place; empty: nothing was read yet."""
        self._epoch: tuple[str, frozenset[Path]] = ("", frozenset())
        self._function = self._scratch / "function"
        self._looked_at = Bdf(0, 0, 0, 0)
        super().__init__(self.root, read=self._read, run=connection.run)
        self._pciback = Pciback(self._function, write=self._write, load=self._load_pciback)

    def close(self) -> None:
        """Leave nothing of the host here."""
        shutil.rmtree(self._scratch, ignore_errors=True)

    def hostname(self) -> str:
        """The host's name for itself, as last read."""
        return text(self.root / "proc/sys/kernel/hostname")

    # --- facts

    def fetch(self) -> tree.Told:
        """Bring the host's files here anew. Raises Problem."""
        if self._lasting:
            told = self._fetch(first=False)
            if self._epoch == self._epoch_now():
                for place, data in self._lasting.items():
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(data)
                return told
        told = self._fetch(first=True)
        self._epoch = self._epoch_now()
        places = [folder / "config" for folder in self._epoch[1]]
        places += [self.root / name for name in IDS_FILES]
        self._lasting = {place: place.read_bytes() for place in places if place.is_file()}
        return told

    def _epoch_now(self) -> tuple[str, frozenset[Path]]:
        """The boot and the functions that were read: of others, nothing is remembered."""
        functions = children(self.root / "sys/bus/pci/devices")
        return facts.boot_id(self.root), frozenset(folder.resolve() for folder in functions)

    def _fetch(self, *, first: bool) -> tree.Told:
        answer = self._connection.ask(reading.script(first=first), timeout=_READING)
        if answer.status != 0:
            raise Problem(
                Exit.FAILED,
                "ssh-unreadable",
                f"{self._connection.target.shown} shows no /proc: it is no Linux host, or your "
                "login there is confined.",
                remedy="Log in as root of dom0.",
            )
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir()
        return tree.unpack(self.root, answer.out, self._connection.mark)

    def _read(self, _root: Path) -> Inventory:
        told = self.fetch()
        found = facts.gather(self.root, FetchedMachine(self.root, told), self._run)
        unread = [f"{printable(path)} cannot be read: only root may" for path in told.unread]
        if "ip" not in told.outputs:
            unread.append("the addresses of network interfaces: there is no program ip")
        return replace(found, unread=(*found.unread, *unread))

    def boot_id(self) -> str:
        """The kernel's id of this boot, asked for now."""
        answer = self._connection.ask("cat", "/proc/sys/kernel/random/boot_id")
        return answer.out.decode("ascii", "replace").strip() if answer.status == 0 else ""

    # --- reboot

    def reboot(self) -> None:
        """Have the host restart in a few seconds, so that this connection ends in order.

        Raises:
            Problem: `reboot-failed`, `ssh-lost`.
        """
        argv = restart_command(systemd=self._connection.ask(f"[ -d {SYSTEMD} ]").status == 0)
        answer = self._connection.ask("sp_later", *argv)
        if answer.status != 0:
            raise Problem(
                Exit.FAILED,
                "reboot-failed",
                f"{argv[0]} is not on {self._connection.target.shown}.",
                state="The host was not restarted.",
                remedy="Log in as root, or restart the host by hand.",
            )

    # --- drivers

    def driver(self, bdf: Bdf) -> str:
        """The driver bound to a PCI function, asked for now; empty: none."""
        self._look_at(bdf)
        return self._pciback.driver(bdf)

    def change_driver(self, bdf: Bdf, before: str, after: str) -> None:
        """Take a function from driver `before` and give it to `after`, until the next boot.

        Raises:
            Problem: `no-such-device`, `pciback-missing`, `driver-refused`, `ssh-lost`.
        """
        self._looked_at = bdf
        self._look_at(bdf)
        super().change_driver(bdf, before, after)

    def _load_pciback(self) -> None:
        self._run(LOAD_PCIBACK)
        self._look_at(self._looked_at)

    def _write(self, place: Path, value: str) -> None:
        """Write a file of sysfs at the host, and look what became of the function."""
        path = "/" + place.relative_to(self._function).as_posix()
        answer = self._connection.ask("sp_put", path, value)
        self._look_at(self._looked_at)
        if answer.status != 0:
            raise _refused(answer)

    def _look_at(self, bdf: Bdf) -> None:
        """Have the driver of a function, and pciback's list, here as they are now."""
        answer = self._connection.ask(reading.of_function(bdf))
        shutil.rmtree(self._function, ignore_errors=True)
        self._function.mkdir()
        if answer.status == 0:
            tree.unpack(self._function, answer.out, self._connection.mark)


def _refused(answer: Answer) -> OSError:
    """What the kernel said to a write, in its own words."""
    error = error_of(answer)
    said = answer.err.strip().rpartition(": ")[2]
    known = {os.strerror(number): number for number in range(1, 134)}
    return OSError(known.get(said, error.errno or 0), said or str(error.strerror))
