"""This dom0: the real host behind the ports."""

from __future__ import annotations

import re
from pathlib import Path

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.boot.locate import SYSTEMD
from serialpass_tui.core.inventory import PCIBACK
from serialpass_tui.core.text import printable
from serialpass_tui.errors import NOTHING_CHANGED, Exit, Problem
from serialpass_tui.host import commands, facts
from serialpass_tui.host.pciback import Pciback
from serialpass_tui.host.probe import probe
from serialpass_tui.lazy import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from serialpass_tui.core.inventory import Inventory
    from serialpass_tui.host.commands import Completed

_DEVICE = pattern(r'^dev-(\d+) = "([0-9a-fA-F:.]+)"$', re.MULTILINE)


class LocalHost:
    """The machine that this process runs on."""

    def __init__(
        self,
        root: Path = Path("/"),
        *,
        read: Callable[[Path], Inventory] = probe,
        run: Callable[[Sequence[str]], Completed] = commands.run,
    ) -> None:
        self._root = root
        self._read = read
        self._run = run
        self._pciback = Pciback(root, load=self._load_pciback)

    def inventory(self) -> Inventory:
        """All facts, read anew.

        Raises:
            Problem: when the host cannot be read at all.
        """
        return self._read(self._root)

    def boot_id(self) -> str:
        """The kernel's id of this boot."""
        return facts.boot_id(self._root)

    def reboot(self) -> None:
        """Restart the host without XAPI, as its own init system does it.

        Raises:
            Problem: `reboot-failed`, `command-missing`, `command-timeout`.
        """
        systemd = (self._root / SYSTEMD.lstrip("/")).is_dir()
        done = self._run(restart_command(systemd=systemd))
        if done.status != 0:
            remedy = "Run this as root, or restart the host by hand."
            raise _failed("reboot-failed", done, remedy, "The host was not restarted.")

    def driver(self, bdf: Bdf) -> str:
        """The driver bound to a PCI function; empty: none."""
        return self._pciback.driver(bdf)

    def change_driver(self, bdf: Bdf, before: str, after: str) -> None:
        """Take a function from driver `before` and give it to `after`, until the next boot.

        Raises:
            Problem: `no-such-device`, `pciback-missing`, `driver-refused`.
        """
        if after == PCIBACK:
            self._pciback.take(bdf)
        elif before == PCIBACK:
            self._pciback.give_back(bdf, after)

    def _load_pciback(self) -> None:
        """Load the module; whether the driver is there then is looked at, not told by modprobe."""
        from serialpass_tui.core.changes import LOAD_PCIBACK

        self._run(LOAD_PCIBACK)

    def boot_once(self, folder: str, label: str) -> None:
        """Have the extlinux in `folder` boot a label once; empty: no label.

        Raises:
            Problem: `extlinux-failed`, `command-missing`, `command-timeout`.
        """
        from serialpass_tui.core.changes import extlinux_once

        done = self._run(extlinux_once(folder, label))
        if done.status != 0:
            remedy = "Write the default entry at once instead, without a trial boot."
            raise _failed("extlinux-failed", done, remedy)

    def backend_devices(self, domid: int) -> tuple[Bdf, ...]:
        """The PCI functions that xenstore's backend lists for a domain, in its order.

        It is the toolstack's own test of a plugged device (xapi-project/xen-api
        ocaml/xenopsd/xc/device.ml); `xl pci-list` knows nothing of XAPI's HVM guests.

        Raises:
            Problem: `xenstore-failed`, `command-missing`, `command-timeout`.
        """
        done = self._run(["xenstore-ls", f"/local/domain/0/backend/pci/{domid}/0"])
        if done.status == 0:
            return backend_entries(done.stdout)
        if "xs_directory" in done.stderr and "No such file" in done.stderr:
            return ()  # the domain has no PCI backend: nothing was ever plugged
        remedy = "Run this as root in dom0, and check that xenstored runs."
        raise _failed("xenstore-failed", done, remedy)


def restart_command(*, systemd: bool) -> tuple[str, ...]:
    """What restarts a host by its own init system."""
    return ("systemctl", "reboot") if systemd else ("/sbin/shutdown", "-r", "now")


def backend_entries(listing: str) -> tuple[Bdf, ...]:
    """The `dev-N` entries of a xenstore listing, by number."""
    entries = sorted((int(number), bdf) for number, bdf in _DEVICE.findall(listing))
    return tuple(Bdf.parse(bdf) for _, bdf in entries)


def _failed(code: str, done: Completed, remedy: str, state: str = NOTHING_CHANGED) -> Problem:
    """The problem of a program that said no, with its last word."""
    summary = f"{' '.join(done.argv)} failed: {_last_line(done)}"
    return Problem(Exit.FAILED, code, summary, state=state, remedy=remedy)


def _last_line(done: Completed) -> str:
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return printable(said[-1], 200) if said else f"status {done.status}"
