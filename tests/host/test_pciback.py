"""Binding and unbinding, on a tree whose links a small kernel moves when its files are written."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.errors import NOTHING_CHANGED, Problem
from serialpass_tui.host.pciback import Pciback

if TYPE_CHECKING:
    from pathlib import Path

CARD = Bdf(0, 2, 0, 0)


@dataclass
class Kernel:
    """What the kernel does at a write into the drivers' files."""

    root: Path
    log: list[str] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    ignores: set[str] = field(default_factory=set)
    slots: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.root / "sys/bus/pci/devices" / str(CARD)).mkdir(parents=True)
        for driver in ("serial", "pciback"):
            (self.root / "sys/bus/pci/drivers" / driver).mkdir(parents=True)
        self.bind("serial")
        self.save_slots()

    @property
    def link(self) -> Path:
        return self.root / "sys/bus/pci/devices" / str(CARD) / "driver"

    def bind(self, driver: str) -> None:
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(f"../../drivers/{driver}")

    def save_slots(self) -> None:
        (self.root / "sys/bus/pci/drivers/pciback/slots").write_text(
            "".join(f"{slot}\n" for slot in self.slots)
        )

    def write(self, place: Path, value: str) -> None:
        name = f"{place.parent.name}/{place.name}"
        self.log.append(name)
        assert str(CARD) == value
        if name in self.refuses:
            raise OSError(errno.EBUSY, "Device or resource busy")
        if name in self.ignores:
            return
        match place.name:
            case "unbind":
                self.link.unlink()
            case "new_slot":
                self.slots.append(value)
            case "remove_slot":
                self.slots.remove(value)
            case "drivers_probe":
                self.bind("serial")
            case "bind":
                if place.parent.name == "pciback" and value not in self.slots:
                    raise OSError(errno.ENODEV, "No such device")
                self.bind(place.parent.name)
        self.save_slots()


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return Kernel(tmp_path)


@pytest.fixture
def pciback(kernel: Kernel) -> Pciback:
    return Pciback(kernel.root, write=kernel.write)


def test_taken_and_given_back(kernel: Kernel, pciback: Pciback) -> None:
    assert "serial" == pciback.take(CARD)
    assert ["serial/unbind", "pciback/new_slot", "pciback/bind"] == kernel.log
    assert "pciback" == pciback.driver(CARD)
    kernel.log.clear()
    pciback.give_back(CARD, "serial")
    assert ["pciback/unbind", "pciback/remove_slot", "serial/bind"] == kernel.log
    assert "serial" == pciback.driver(CARD)
    assert [] == kernel.slots


def test_twice_is_once(kernel: Kernel, pciback: Pciback) -> None:
    pciback.take(CARD)
    kernel.log.clear()
    assert "pciback" == pciback.take(CARD)
    assert [] == kernel.log
    pciback.give_back(CARD, "serial")
    kernel.log.clear()
    pciback.give_back(CARD, "serial")
    assert [] == kernel.log


def test_an_address_that_pciback_knows_is_not_written_again(
    kernel: Kernel, pciback: Pciback
) -> None:
    kernel.slots.append(str(CARD))
    kernel.save_slots()
    pciback.take(CARD)
    assert "pciback/new_slot" not in kernel.log


def test_a_function_without_a_driver(kernel: Kernel, pciback: Pciback) -> None:
    kernel.link.unlink()
    assert "" == pciback.take(CARD)
    assert "pciback" == pciback.driver(CARD)
    pciback.give_back(CARD, "")
    assert "pci/drivers_probe" == kernel.log[-1]
    assert "serial" == pciback.driver(CARD)


@pytest.mark.parametrize("step", ["serial/unbind", "pciback/new_slot", "pciback/bind"])
def test_what_pciback_does_not_take_its_driver_keeps(
    kernel: Kernel, pciback: Pciback, step: str
) -> None:
    kernel.refuses.add(step)
    with pytest.raises(Problem) as caught:
        pciback.take(CARD)
    assert ("driver-refused", NOTHING_CHANGED) == (caught.value.code, caught.value.state)
    assert "Device or resource busy" in caught.value.summary
    assert "serial" == pciback.driver(CARD)


def test_silence_is_no_success(kernel: Kernel, pciback: Pciback) -> None:
    kernel.ignores.add("pciback/bind")
    with pytest.raises(Problem):
        pciback.take(CARD)
    assert "serial" == pciback.driver(CARD)


def test_a_driver_that_does_not_want_it_back_leaves_it_with_pciback(
    kernel: Kernel, pciback: Pciback
) -> None:
    pciback.take(CARD)
    kernel.refuses.add("serial/bind")
    with pytest.raises(Problem):
        pciback.give_back(CARD, "serial")
    assert "pciback" == pciback.driver(CARD)


def test_the_worst_case_is_told_as_it_is(kernel: Kernel, pciback: Pciback) -> None:
    kernel.refuses |= {"pciback/bind", "serial/bind"}
    with pytest.raises(Problem) as caught:
        pciback.take(CARD)
    assert f"{CARD} is without a driver now." == caught.value.state
    assert "serial did not take it back" in caught.value.summary


def test_what_is_not_there(kernel: Kernel, pciback: Pciback) -> None:
    with pytest.raises(Problem) as caught:
        pciback.take(Bdf(0, 9, 0, 0))
    assert "no-such-device" == caught.value.code
    (kernel.root / "sys/bus/pci/drivers/pciback/slots").unlink()
    (kernel.root / "sys/bus/pci/drivers/pciback").rmdir()
    with pytest.raises(Problem) as caught:
        pciback.take(CARD)
    assert "pciback-missing" == caught.value.code
    assert [] == kernel.log


def test_a_module_is_loaded_first(kernel: Kernel) -> None:
    place = kernel.root / "sys/bus/pci/drivers/pciback"
    (place / "slots").unlink()
    place.rmdir()

    def load() -> None:
        kernel.log.append("modprobe")
        place.mkdir()
        kernel.save_slots()

    Pciback(kernel.root, write=kernel.write, load=load).take(CARD)
    assert ["modprobe", "serial/unbind", "pciback/new_slot", "pciback/bind"] == kernel.log


def test_the_files_are_written_as_the_kernel_reads_them(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    with pytest.raises(Problem):
        Pciback(tmp_path).take(CARD)
    assert str(CARD) == (tmp_path / "sys/bus/pci/drivers/serial/unbind").read_text()
    assert [] == kernel.log
