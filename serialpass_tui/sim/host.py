"""A simulated dom0: real boot files in a scratch directory, all else as facts."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import TYPE_CHECKING, NoReturn

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.codec import encode
from serialpass_tui.core.inventory import BootText, PcibackForm, Process
from serialpass_tui.core.pool import PowerState, XlHost
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import replace
from serialpass_tui.sim.devices import (
    PCIBACK,
    held_open,
    relocated,
    root_functions,
    unhidden,
    without,
)
from serialpass_tui.sim.faults import Faults
from serialpass_tui.sim.firmware import boot, can_load, in_force, owners, registers
from serialpass_tui.sim.kernel import hidden_by
from serialpass_tui.sim.loader import BootFailure
from serialpass_tui.sim.memory import Memory
from serialpass_tui.sim.passthrough import pci_of
from serialpass_tui.sim.state import State, Store, VirtualClock
from serialpass_tui.sim.udev import taken_by_rules
from serialpass_tui.sim.xl import guest_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from serialpass_tui.core.inventory import BootStore, Inventory, Recording
    from serialpass_tui.core.pool import Pool
    from serialpass_tui.sim.firmware import Booted

_BOOT_SECONDS = 180
_UPTIME = 86_400
_SETTINGS = (".cfg", ".rules")
_HOLDER = Process(4711, "minicom")
_INTRUDER = b"# touched by another program\n"


class SimHost:
    """The dom0 of a recording, alive: it can be edited, rebooted, and lost."""

    def __init__(
        self,
        recording: Recording,
        scratch: Path,
        clock: VirtualClock | None = None,
        *,
        faults: Faults | None = None,
    ) -> None:
        """Lay the host out in `scratch`, or go on with the one that lives there.

        Raises:
            Problem: `sim-other-machine` when another one lives there.
        """
        self.faults = faults or Faults()
        self.clock = clock or VirtualClock()
        self.root = scratch / "root"
        self._recorded = recording.inventory
        pool = recording.pool
        self._guests = pool.vms if isinstance(pool, XlHost) else ()
        self._whole = unhidden(recording.inventory)
        fresh = not (scratch / "sim.json").exists()
        scratch.mkdir(parents=True, exist_ok=True)
        if fresh:
            self._lay_out()
        self.store = Store(scratch / "sim.json", _first(recording))
        self.clock.advance(self.store.state.now - self.clock.now())

    # --- the port ---------------------------------------------------------------------------

    def inventory(self) -> Inventory:
        """The recording's facts as the last boot and the present files make them."""
        state = self._alive()
        facts = without(self.hardware(), frozenset(state.taken))
        if self.faults.tty_held and not state.boots:
            facts = held_open(facts, _HOLDER)
        return replace(
            facts,
            cmdline=state.cmdline,
            boot_id=state.boot_id,
            boot_time=state.boot_time,
            pciback_registered=state.registered,
            boot_files=tuple(self._boot_files()),
            boot_stores=self._stores(),
            settings=self._settings(),
        )

    def boot_id(self) -> str:
        """The id of this boot."""
        return self._alive().boot_id

    def reboot(self) -> None:
        """Restart the host with the default entry of the boot file in force.

        Raises:
            Problem: `sim-host-lost` when it does not come up again.
        """
        self._alive()
        self.boot()

    def driver(self, bdf: Bdf) -> str:
        """The driver bound to a function; empty: none."""
        function = self.inventory().function(bdf)
        return function.driver if function else ""

    def change_driver(self, bdf: Bdf, before: str, after: str) -> None:
        """Give a function to pciback, or back to the driver that the kernel has for it.

        Raises:
            Problem: `pciback-missing`, `driver-refused`, `sim-host-lost`.
        """
        state, whole = self._alive(), self.hardware()
        if not state.registered and whole.pciback is PcibackForm.MODULE:
            loads = not hidden_by(state.cmdline, whole.kernel).error
            state = self.store.change(registered=loads)
        if not state.registered:
            raise Problem(
                Exit.FAILED,
                "pciback-missing",
                "The driver pciback is not registered in this kernel.",
                remedy="Correct the hide value on the kernel's command line and reboot.",
            )
        if self.faults.driver_refuses and after == PCIBACK:
            raise Problem(
                Exit.FAILED,
                "driver-refused",
                f"{bdf} could not be given to {PCIBACK}: Device or resource busy.",
                remedy="See in dmesg what the driver says. At a boot that hides the device, "
                "pciback is asked before it.",
            )
        native = next((each.driver for each in whole.pci if each.bdf == bdf), None)
        if native is None or after not in {PCIBACK, native}:
            raise Problem(
                Exit.FAILED,
                "driver-refused",
                f"{bdf} could not be given from {before or 'no driver'} to {after or 'none'}.",
                remedy="Hide the device at boot instead.",
            )
        if after == PCIBACK:
            self.take([bdf])
        else:
            left = (each for each in self.store.state.taken if each != bdf)
            self.store.change(taken=tuple(left))

    def backend_devices(self, domid: int) -> tuple[Bdf, ...]:
        """The functions that the simulated xenstore lists for a domain."""
        return (self._alive().backend or {}).get(str(domid), ())

    # --- the machine ------------------------------------------------------------------------

    def boot_once(self, folder: str, label: str) -> None:
        """What `extlinux --once` does to the loader in `folder`."""
        self._alive()
        for store in self._stores():
            if store.tool and store.path.startswith(f"{folder}/"):
                memory = Memory(self._on_disk(store.path).read_bytes())
                memory.set_once(label)
                self._remember(store.path, memory)

    def boot(self, entry: str = "") -> None:
        """Switch the host off and on; `entry` is chosen in the loader's menu, a lost host's rescue.

        A kernel that was started by an order for one boot and panics is followed by the default, as
        Xen restarts the machine.

        Raises:
            Problem: `sim-host-lost` when it does not come up.
        """
        with self.store.lock:
            state = self.store.state
            moves = state.moves or self.faults.moved
            self.store.change(moves=moves, boots=state.boots + 1, backend={}, lost="")
            file = in_force(self._boot_files(), uefi=self._recorded.uefi)
            if file is None:
                self.lose("The boot loader found no configuration file.")
            whole = self.hardware()
            try:
                booted = self._start(file, entry)
            except BootFailure as failure:
                self.lose(f"The boot loader started nothing: {failure}.")
            taken, by_rule = frozenset[Bdf](), frozenset[Bdf]()
            if not self.faults.hide_ignored:
                if can_load(whole, booted):
                    by_rule = taken_by_rules(self._rules(), whole, booted.cmdline)
                taken = owners(whole, booted) | by_rule
            self._check_root(taken)
            self.clock.advance(_BOOT_SECONDS)
            self.store.change(
                now=self.clock.now(),
                boot_id=_boot_id(state.machine, state.boots + 1),
                boot_time=self.clock.now(),
                cmdline=booted.cmdline,
                registered=registers(whole, booted) or bool(by_rule),
                taken=tuple(sorted(taken)),
                pool=_after_boot(state.pool),
            )

    def _start(self, file: BootText, entry: str) -> Booted:
        """What the loader starts, and comes up. Raises BootFailure."""
        kernel = self.hardware().kernel
        store = next((each for each in self._stores() if each.boot_file == file.path), None)
        kept = store.data if store is not None else None
        memory = Memory(kept, writable=not self.faults.grubenv_fails)
        booted = boot(file.data, file.path, kernel, entry, memory)
        if store is None or memory.data == kept:
            return booted
        self._remember(store.path, memory)
        if self.faults.trial_panics or self._panics(booted):
            return boot(file.data, file.path, kernel)
        return booted

    def _panics(self, booted: Booted) -> bool:
        """Whether a kernel finds its root disk hidden."""
        whole = self.hardware()
        return bool(owners(whole, booted) & root_functions(whole))

    def take(self, functions: Iterable[Bdf]) -> None:
        """Unbind functions from dom0's drivers and bind them to pciback, as a VM's start does.

        Raises:
            Problem: `sim-host-lost` when the root disk was among them.
        """
        taken = frozenset(self.store.state.taken) | frozenset(functions)
        self._check_root(taken)
        self.store.change(taken=tuple(sorted(taken)))

    def hardware(self) -> Inventory:
        """The host with all devices in dom0's hands, at their present addresses."""
        return relocated(self._whole, self.store.state.moves)

    def lose(self, why: str) -> NoReturn:
        """The host is gone.

        Raises:
            Problem: `sim-host-lost`, always.
        """
        self.store.change(lost=why)
        raise self._gone()

    def _gone(self) -> Problem:
        return Problem(
            Exit.FAILED,
            "sim-host-lost",
            f"The simulated host {self._recorded.hostname} is lost. {self.store.state.lost}",
            state="A real host would now need somebody at its console.",
            remedy="Choose another boot entry at its menu, or start the demo anew.",
        )

    def _alive(self) -> State:
        state = self.store.state
        if state.lost:
            raise self._gone()
        return state

    def _check_root(self, taken: frozenset[Bdf]) -> None:
        lost = sorted(taken & root_functions(self.hardware()))
        if lost:
            self.lose(f"The kernel cannot mount its root: {lost[0]} is held by pciback; panic.")

    # --- the files --------------------------------------------------------------------------

    def _on_disk(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def _lay_out(self) -> None:
        for folder in self._recorded.setting_folders:
            self._on_disk(folder).mkdir(parents=True, exist_ok=True)
        for file in (*self._recorded.boot_files, *self._recorded.settings):
            place = self._on_disk(file.path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.data)
        for store in self._recorded.boot_stores:
            if store.data is not None:
                self._on_disk(store.path).write_bytes(store.data)
        for guest in self._guests:
            place = self._on_disk(guest.config)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(guest_file(guest))

    def _boot_files(self) -> list[BootText]:
        """The boot files of the recording that exist now, with what they hold now."""
        paths = ((file.path, self._on_disk(file.path)) for file in self._recorded.boot_files)
        return [BootText(path, place.read_bytes()) for path, place in paths if place.is_file()]

    def _stores(self) -> tuple[BootStore, ...]:
        """Where the loaders keep what they boot once, with what they keep there now."""
        places = ((store, self._on_disk(store.path)) for store in self._recorded.boot_stores)
        return tuple(
            replace(store, data=place.read_bytes() if place.is_file() else None)
            for store, place in places
        )

    def _remember(self, path: str, memory: Memory) -> None:
        if memory.data is not None:
            self._on_disk(path).write_bytes(memory.data)

    def _settings(self) -> tuple[BootText, ...]:
        """The recording's settings that exist now, and whatever was put into their folders."""
        known = [file.path for file in self._recorded.settings]
        added = [
            f"{folder}/{place.name}"
            for folder in self._recorded.setting_folders
            for place in sorted(self._on_disk(folder).iterdir())
        ]
        paths = dict.fromkeys([*known, *(path for path in added if path.endswith(_SETTINGS))])
        places = ((path, self._on_disk(path)) for path in paths)
        return tuple(
            BootText(path, place.read_bytes()) for path, place in places if place.is_file()
        )

    def _rules(self) -> Iterator[str]:
        """The texts of the host's own rules for udev, in the order in which it reads them."""
        folder = self._on_disk("/etc/udev/rules.d")
        for place in sorted(folder.glob("*.rules")):
            yield place.read_text()

    def intrude(self, path: str) -> None:
        """Let another program add a line to the file at `path`, once in the host's life."""
        if not self.store.state.file_changed:
            self.store.change(file_changed=True)
            place = self._on_disk(path)
            place.write_bytes(place.read_bytes() + _INTRUDER)


def _first(recording: Recording) -> State:
    """The state of a host as it was recorded."""
    facts = recording.inventory
    digest = hashlib.sha256(json.dumps(encode(recording), sort_keys=True).encode()).hexdigest()
    vms = recording.pool.vms if recording.pool else ()
    here = recording.pool.this_host if recording.pool else ""
    return State(
        machine=digest,
        now=facts.boot_time + _UPTIME,
        boots=0,
        boot_id=facts.boot_id,
        boot_time=facts.boot_time,
        cmdline=facts.cmdline,
        registered=facts.pciback_registered,
        taken=tuple(function.bdf for function in facts.pci if function.driver == PCIBACK),
        pool=recording.pool,
        backend={
            str(vm.domid): pci_of(vm)
            for vm in vms
            if vm.power_state is PowerState.RUNNING and vm.resident_on == here
        },
        next_domid=max([0, *(vm.domid for vm in vms)]) + 1,
    )


def _boot_id(machine: str, boots: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{machine} {boots}"))


def _after_boot(pool: Pool | None) -> Pool | None:
    """The pool once this host is back: its VMs are halted and it is enabled again."""
    if pool is None:
        return None
    here = pool.this_host
    vms = tuple(
        replace(vm, power_state=PowerState.HALTED, domid=-1, resident_on="")
        if vm.resident_on == here
        else vm
        for vm in pool.vms
    )
    hosts = tuple(replace(host, enabled=True) if host.uuid == here else host for host in pool.hosts)
    return replace(pool, vms=vms, hosts=hosts)
