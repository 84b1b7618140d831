"""Giving a PCI function to pciback, and back to its driver, without a reboot."""

from __future__ import annotations

from pathlib import Path

from serialpass_tui.core.inventory import PCIBACK
from serialpass_tui.core.text import printable
from serialpass_tui.errors import NOTHING_CHANGED, Exit, Problem
from serialpass_tui.host.sysfs import link, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from serialpass_tui.core.bdf import Bdf


def _write(place: Path, value: str) -> None:
    place.write_text(value)


class Pciback:
    """The bind and unbind files of one kernel's PCI drivers.

    The order of writes is that of XAPI at a VM's start (xapi-project/xen-api
    ocaml/xenopsd/xc/device.ml): the driver lets go, then pciback learns the address, then it binds.
    """

    def __init__(
        self,
        root: Path = Path("/"),
        *,
        write: Callable[[Path, str], None] = _write,
        load: Callable[[], None] = lambda: None,
    ) -> None:
        """Remember where to write, and what loads pciback where it is a module."""
        self._pci = root / "sys/bus/pci"
        self._write = write
        self._load = load

    def driver(self, bdf: Bdf) -> str:
        """The driver bound to a function, empty where none is: what alone proves who has it."""
        return link(self._pci / "devices" / str(bdf) / "driver")

    def take(self, bdf: Bdf) -> str:
        """Bind a function to pciback until the next boot; the driver it had before, or empty.

        pciback takes a function while a program holds its tty open: look at that before. When
        pciback does not take it, the driver gets it back.

        Raises:
            Problem: `no-such-device`, `pciback-missing`, `driver-refused`.
        """
        before = self._look(bdf)
        if before == PCIBACK:
            return before
        stub = self._pci / "drivers" / PCIBACK
        try:
            self._unbind(bdf, before)
            # Older kernels keep an address twice when it is written twice.
            if str(bdf) not in text(stub / "slots").split():
                self._write(stub / "new_slot", str(bdf))
            self._write(stub / "bind", str(bdf))
        except OSError as error:
            self._failed(bdf, PCIBACK, before, str(error.strerror))
        if self.driver(bdf) != PCIBACK:
            self._failed(bdf, PCIBACK, before, "the kernel says nothing")
        return before

    def give_back(self, bdf: Bdf, driver: str) -> None:
        """Take a function from pciback; `driver` gets it, without one whichever wants it.

        Raises:
            Problem: `no-such-device`, `pciback-missing`, `driver-refused`.
        """
        before = self._look(bdf)
        stub = self._pci / "drivers" / PCIBACK
        if driver and before == driver:
            return
        try:
            self._unbind(bdf, before)
            if str(bdf) in text(stub / "slots").split():
                self._write(stub / "remove_slot", str(bdf))
            self._bind(bdf, driver)
        except OSError as error:
            self._failed(bdf, driver, before, str(error.strerror))
        if driver and self.driver(bdf) != driver:
            self._failed(bdf, driver, before, "the kernel says nothing")

    def _look(self, bdf: Bdf) -> str:
        if not (self._pci / "devices" / str(bdf)).exists():
            raise Problem(
                Exit.FAILED,
                "no-such-device",
                f"There is no PCI function at {bdf}.",
                remedy="Read the devices anew: addresses move when cards are put in or out.",
            )
        if not self._is_registered:
            self._load()
        if not self._is_registered:
            raise Problem(
                Exit.FAILED,
                "pciback-missing",
                "The driver pciback is not registered in this kernel.",
                remedy="See `dmesg | grep pciback`: a hide value on the kernel's command line that "
                "does not parse keeps it out. Correct the boot entry and reboot.",
            )
        return self.driver(bdf)

    @property
    def _is_registered(self) -> bool:
        return (self._pci / "drivers" / PCIBACK).is_dir()

    def _unbind(self, bdf: Bdf, driver: str) -> None:
        if driver:
            self._write(self._pci / "drivers" / driver / "unbind", str(bdf))

    def _bind(self, bdf: Bdf, driver: str) -> None:
        if driver:
            self._write(self._pci / "drivers" / driver / "bind", str(bdf))
        else:
            self._write(self._pci / "drivers_probe", str(bdf))

    def _failed(self, bdf: Bdf, wanted: str, before: str, why: str) -> NoReturn:
        """Put things back as they were and say which driver has the function now."""
        if before and self.driver(bdf) != before:
            try:
                if before == PCIBACK:
                    self._write(self._pci / "drivers" / PCIBACK / "new_slot", str(bdf))
                self._bind(bdf, before)
            except OSError:
                why += f"; {before} did not take it back"
        now = self.driver(bdf)
        state = f"{bdf} is without a driver now." if not now else f"{bdf} is with {now} now."
        raise Problem(
            Exit.FAILED,
            "driver-refused",
            f"{bdf} could not be given to {printable(wanted) or 'any driver'}: {why}.",
            state=NOTHING_CHANGED if now == before else state,
            remedy="See in dmesg what the driver says. "
            + (
                "At a boot that hides the device, pciback is asked before it."
                if wanted == PCIBACK
                else "Reboot, then go on: a boot that does not hide the device gives it back."
            ),
        )
