"""The guests of a host with plain Xen: files under /etc/xen, started and stopped by `xl`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from serialpass_tui.core.pool import PoolHost, PowerState, XlHost
from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.toolstack import xl_guests
from serialpass_tui.toolstack.xl_failures import from_xl

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from serialpass_tui.core.pool import Pool, Vm
    from serialpass_tui.core.ports import Files
    from serialpass_tui.toolstack.xl_failures import Completed

ROOT = Path("/")
_ASK = 30.0
"""Seconds that xl may take to answer a question, or to pass on a shutdown request."""


class Run(Protocol):
    """The door through which programs are run."""

    def __call__(self, argv: Sequence[str], *, timeout: float) -> Completed:
        """Run a program to its end. Raises Problem where it cannot be run or takes too long."""


class Xl:
    """Plain Xen as the toolstack.

    A guest is its file: what it is given is an edit of that file, made by whoever edits files, and
    this class reads, starts and shuts down. There is no pool and no HA.
    """

    def __init__(
        self,
        run: Run,
        files: Files,
        config_dir: Path,
        host_name: str,
        *,
        root: Path = ROOT,
        patience: float = 600.0,
        poll: float = 0.5,
    ) -> None:
        """Remember where to look.

        Args:
            run: Runs xl.
            files: Reads the guests' files.
            config_dir: The folder of the guests' files, /etc/xen.
            host_name: Name of this host; it stands for the uuid that such a host has not.
            root: Where the host's file system is mounted; paths are told as the host has them.
            patience: Seconds that a guest may take to start or to shut down.
            poll: Seconds between two looks at a guest that shuts down.
        """
        self._run = run
        self._files = files
        self._config_dir = config_dir
        self._host = host_name
        self._root = root
        self._patience = patience
        self._poll = poll

    def pool(self) -> Pool:
        """This host and its guests, running or not. Raises Problem."""
        running = self._domains()
        guests = xl_guests.guest_files(self._files, self._config_dir, self._root)
        known = {guest.name for guest in guests}
        details = {}
        if any(domain.name not in known for domain in running):
            details = xl_guests.details_of(self._ask("list", "-l").stdout)
        return XlHost(
            self._host,
            self._host,
            (PoolHost(self._host, self._host),),
            xl_guests.vms(guests, running, details, self._host),
        )

    def vm(self, uuid: str) -> Vm:
        """One guest, read anew.

        Raises:
            Problem: `no-vm` where there is none; xl's own.
        """
        found = self.pool().vm(uuid)
        if found is not None:
            return found
        raise Problem(
            Exit.FAILED,
            "no-vm",
            f"There is no guest {printable(uuid, 60)} on this host any more.",
            remedy="Read the list again and choose anew: a guest is known by its file.",
        )

    def read_key(self, uuid: str, key: str) -> str | None:
        """Refuse: a guest's file holds what XAPI keeps in keys. Raises Problem `xl-no-keys`."""
        raise _no_keys(uuid, key)

    def write_key(self, uuid: str, key: str, value: str | None) -> None:  # noqa: ARG002 (the port)
        """Refuse, as `read_key` does. Raises Problem `xl-no-keys`."""
        raise _no_keys(uuid, key)

    def set_power(
        self,
        uuid: str,
        host: str,  # noqa: ARG002 (the port's: here is one host alone)
        state: PowerState,
        progress: Callable[[float], None],
    ) -> None:
        """Create the guest from its file, or shut it down cleanly, and wait for the end.

        Raises:
            Problem: `xl-shutdown-timeout` when it takes longer than the patience given; what xl
                says, in words.
        """
        chosen = self.vm(uuid)
        if state is PowerState.RUNNING:
            self._create(chosen)
        elif state is PowerState.HALTED:
            self._shut_down(chosen, progress)
        else:
            raise Problem(
                Exit.USAGE,
                "bad-power-state",
                f"A guest is started or shut down here, not {state.value.lower()}.",
                remedy="Use xl for that.",
            )
        progress(1.0)

    def reboot_host(self) -> None:
        """Leave the reboot to the system: nobody here could veto it.

        Raises:
            Problem: always `xapi-unavailable`, on which the host is rebooted by its init system;
                that shuts the guests down or saves them, as its xendomains service says.
        """
        raise Problem(
            Exit.FAILED,
            "xapi-unavailable",
            "xl has no command that reboots the host.",
            remedy="Reboot it with the system's own command.",
        )

    def _create(self, chosen: Vm) -> None:
        """Start a guest from its file.

        The path is the value of an option, so that neither a dash nor an equals sign in it is
        taken for something else: a bare word with `=` is a setting (tools/xl/xl_vmcontrol.c).
        """
        if not chosen.config:
            raise Problem(
                Exit.REFUSED,
                "xl-no-config",
                f"No file under {self._config_dir} describes guest {printable(chosen.name, 60)}.",
                remedy="Put its file there, then try again.",
            )
        if chosen.power_state is not PowerState.HALTED:
            return
        argv = ["xl", "create", "-f", chosen.config]
        try:
            done = self._run(argv, timeout=self._patience)
        except Problem as problem:
            if problem.code != "command-timeout":
                raise
            raise problem.standing("The guest may be half built: see `xl list`.") from problem
        if done.status != 0:
            raise from_xl(done, "xl create", "The guest does not run; its file is unchanged.")

    def _shut_down(self, chosen: Vm, progress: Callable[[float], None]) -> None:
        """Ask a guest to shut down, and look until the domain is gone.

        `xl shutdown -w` returns when the guest has stopped; its devices come free a moment later,
        when the domain is destroyed, and a guest kept by on_poweroff=preserve never lets go.
        """
        if chosen.power_state is PowerState.HALTED:
            return
        done = self._run(["xl", "shutdown", "-F", str(chosen.domid)], timeout=_ASK)
        if done.status != 0:
            problem = from_xl(done, "xl shutdown", "The guest is as it was.")
            if problem.code != "no-vm":
                raise problem
        begin = time.monotonic()
        while any(domain.domid == chosen.domid for domain in self._domains()):
            spent = time.monotonic() - begin
            if spent >= self._patience:
                raise Problem(
                    Exit.FAILED,
                    "xl-shutdown-timeout",
                    f"Guest {printable(chosen.name, 60)} is still there after "
                    f"{self._patience:.0f} seconds.",
                    state="It was asked to shut down.",
                    remedy=f"Look at it: xl console {chosen.domid}; by force: "
                    f"xl destroy {chosen.domid}",
                )
            progress(spent / self._patience)
            time.sleep(self._poll)

    def _domains(self) -> tuple[xl_guests.Domain, ...]:
        return xl_guests.domains(self._ask("list", "-v").stdout)

    def _ask(self, *words: str) -> Completed:
        done = self._run(["xl", *words], timeout=_ASK)
        if done.status != 0:
            raise from_xl(done, " ".join(("xl", *words)))
        return done


def _no_keys(uuid: str, key: str) -> Problem:
    return Problem(
        Exit.USAGE,
        "xl-no-keys",
        f"Guest {printable(uuid, 60)} has no key {printable(key, 40)}: a host without XAPI keeps "
        "its guests in files.",
        remedy="Plan again on this host; the guest's file is what is edited.",
    )
