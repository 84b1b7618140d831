"""A simulated dom0 whose guests belong to a fake xl, as a service over plain Xen sees it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.inventory import PCIBACK, DeviceId, Product
from serialpass_tui.core.job import Goal, Job
from serialpass_tui.host.files import LocalFiles
from serialpass_tui.host.journal import StateDirectory
from serialpass_tui.service import Service
from serialpass_tui.toolstack.xl import Xl
from tests.toolstack.test_xl import DOM0, PBX, UUID, Dom0

if TYPE_CHECKING:
    from serialpass_tui.core.inventory import Inventory
    from serialpass_tui.core.ports import Host
    from tests.conftest import Stage


class XlStage:
    """A simulated dom0 whose guests belong to xl: pbx, which has its uuid, and fax."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.root = stage.world.root
        self.dom0 = Dom0(self.root)
        self.dom0.change(root=str(self.root))
        self.dom0.write("pbx.cfg", PBX)
        self.dom0.write("fax.cfg", b"name = 'fax'\ntype = 'hvm'\npci = [ '0f:00.0' ]\n")
        standing = stage.service.scan().candidates
        self.bdfs = next(item.bdfs for item in standing if item.selectable)
        self.host = XlHost(stage.world.host, self.dom0)

    @property
    def service(self) -> Service:
        """A service as a newly started program has it."""
        return self.service_with(LocalFiles(self.root))

    def service_with(self, files: LocalFiles) -> Service:
        """A service with other files than the usual ones."""
        xl = Xl(self.dom0.run, files, self.dom0.config_dir, "kiln", root=self.root, poll=0.01)
        world = self.stage.world
        return Service(self.host, files, xl, StateDirectory(world.state_dir), world.clock)

    def on_pciback(self) -> None:
        """Let xl find the devices on pciback."""
        self.dom0.change(assignable=list(map(str, self.bdfs)))

    def devices(self, service: Service) -> list[DeviceId]:
        """The identities of the card's functions."""
        inventory = service.scan().inventory
        return [DeviceId.of(f) for f in inventory.pci if f.bdf in self.bdfs]

    def job(self, service: Service, *, start: bool) -> Job:
        """A job that gives the card to pbx."""
        plan = service.plan_bind(service.scan(), UUID, self.bdfs, start=start)
        return service.open_job(Goal.BIND, "bind", self.devices(service), plan.changes)

    def guest_bytes(self, name: str = "pbx.cfg") -> bytes:
        """A guest's file as it is now."""
        return (self.dom0.config_dir / name).read_bytes()


class XlHost:
    """The simulated host without XAPI's facts, with a xenstore that lists what xl gave."""

    def __init__(self, host: Host, dom0: Dom0) -> None:
        self._host, self._dom0 = host, dom0
        self.reboots = 0

    def inventory(self) -> Inventory:
        return replace(self._host.inventory(), product=Product())

    def boot_id(self) -> str:
        return self._host.boot_id()

    def reboot(self) -> None:
        self._host.reboot()
        self.reboots += 1
        self._dom0.change(domains=[DOM0])
        self._tell_xl()

    def driver(self, bdf: Bdf) -> str:
        return self._host.driver(bdf)

    def change_driver(self, bdf: Bdf, before: str, after: str) -> None:
        self._host.change_driver(bdf, before, after)
        self._tell_xl()

    def boot_once(self, folder: str, label: str) -> None:
        self._host.boot_once(folder, label)

    def _tell_xl(self) -> None:
        """xl finds what pciback has."""
        found = self._host.inventory().pci
        self._dom0.change(assignable=[str(f.bdf) for f in found if f.driver == PCIBACK])

    def backend_devices(self, domid: int) -> tuple[Bdf, ...]:
        domains = self._dom0.state["domains"]
        given = (domain.get("backend", []) for domain in domains if domain["domid"] == domid)
        return tuple(Bdf.parse(text) for texts in given for text in texts)
