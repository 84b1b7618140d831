"""Every kind of job, as a child of the harness runs it. A new kind is one more line of the table."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from serialpass_tui import cli
from serialpass_tui.core.changes import DriverChange, VmPower
from serialpass_tui.core.inventory import DeviceId
from serialpass_tui.core.job import Goal
from serialpass_tui.core.pool import PowerState
from serialpass_tui.errors import Exit
from serialpass_tui.host.files import LocalFiles
from serialpass_tui.host.journal import StateDirectory
from serialpass_tui.service import Service
from serialpass_tui.sim import machines
from serialpass_tui.sim.world import open_world
from serialpass_tui.toolstack.xapi import Xapi
from serialpass_tui.toolstack.xl import Xl
from tests.installs import furnish, program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from serialpass_tui.core.changes import Change
    from serialpass_tui.core.inventory import Recording
    from serialpass_tui.core.ports import Toolstack
    from serialpass_tui.sim.world import SimWorld

Chosen = tuple[tuple[str, ...], str]

BIOS, DEBIAN, EXTLINUX = "xcp-ng-8.3-bios", "debian-12", "xenserver-6.2-procedure"


@dataclass(frozen=True)
class Dom0:
    """A simulated host that is switched on, and the program on it."""

    world: SimWorld
    toolstack: Toolstack
    card: tuple[str, ...]
    """The addresses of the first card that can be chosen."""
    vm: str
    """Uuid of a halted VM that can take it."""

    @property
    def service(self) -> Service:
        """As a program that has just started has it."""
        world = self.world
        files = world.files(LocalFiles(world.root))
        # By a name of the host's own, for the hint at a login holds it.
        state = StateDirectory(world.state_dir, world.root, shown=cli.options.STATE_DIR)
        return Service(
            world.host,
            files,
            self.toolstack,
            state,
            world.clock,
            running=lambda: program(world.root.parent, size=3000),
        )

    def command(self, *argv: str) -> int:
        """Run a subcommand as `main` does; its exit status."""
        cli.hosts.service = lambda args: self.service
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return cli.main(argv)

    def done(self, *argv: str) -> None:
        """The same of one that must succeed."""
        status = self.command(*argv)
        assert Exit.DONE == status, (argv, status)


def choice(service: Service) -> Chosen:
    """The first card that can be chosen, and a halted VM that can take it."""
    scan = service.scan()
    card = next(item.bdfs for item in scan.candidates if item.functions)
    pool = scan.require_pool()
    vm = next(
        vm.uuid
        for vm in sorted(pool.vms, key=lambda vm: vm.uuid)
        if vm.power_state is PowerState.HALTED and not Service.vm_refusals(pool, vm)
    )
    return tuple(map(str, card)), vm


@contextlib.contextmanager
def switched_on(
    recording: Recording, scratch: Path, chosen: Chosen | None = None
) -> Iterator[Dom0]:
    """The host that lives in `scratch`, or a new one there."""
    with open_world(recording, scratch) as world:
        toolstack: Toolstack = Xapi([world.socket_path], timeout=20.0)
        if world.xl is not None:
            files = world.files(LocalFiles(world.root))
            name = recording.inventory.hostname
            run = world.xl.run
            toolstack = Xl(run, files, world.root / "etc/xen", name, root=world.root, poll=0.01)
        card, vm = chosen or choice(Dom0(world, toolstack, (), "").service)
        yield Dom0(world, toolstack, card, vm)


def hide(dom0: Dom0) -> int:
    """The boot entry."""
    return dom0.command("hide", *dom0.card, "--yes")


def hide_trial(dom0: Dom0) -> int:
    """An entry of its own, to be booted once."""
    return dom0.command("hide", *dom0.card, "--trial", "--yes")


def hide_now(dom0: Dom0) -> int:
    """The boot entry, and the driver at once."""
    return dom0.command("hide", *dom0.card, "--now", "--yes")


def unhide(dom0: Dom0) -> int:
    """The boot entry's way back."""
    return dom0.command("unhide", *dom0.card, "--yes")


def bind(dom0: Dom0) -> int:
    """The VM's keys, or its file."""
    return dom0.command("bind", dom0.vm, *dom0.card, "--yes")


def unbind(dom0: Dom0) -> int:
    """Their way back."""
    return dom0.command("unbind", dom0.vm, *dom0.card, "--yes")


def rollback(dom0: Dom0) -> int:
    """The newest job taken back."""
    return dom0.command("rollback", "--yes")


def install(dom0: Dom0) -> int:
    """The tool itself, onto the host."""
    return dom0.command("install", "--yes")


def uninstall(dom0: Dom0) -> int:
    """Its way back."""
    return dom0.command("uninstall", "--yes")


def furnished(dom0: Dom0) -> int:
    """A host that has the folders of a dom0."""
    furnish(dom0.world.root)
    return Exit.DONE


def give(dom0: Dom0) -> int:
    """The wizard's job: boot entry, driver at once, keys, start."""
    service = dom0.service
    scan = service.scan()
    functions = [f for f in scan.inventory.pci if str(f.bdf) in dom0.card]
    bdfs = tuple(f.bdf for f in functions)
    changes: list[Change] = [*service.plan_hide(scan, add=bdfs).edits, scan.reboot()]
    devices = [DeviceId.of(f) for f in functions]
    job = service.run(service.open_job(Goal.GIVE, "give", devices, changes))
    taking: tuple[DriverChange, ...] = service.plan_take(service.scan(), bdfs)
    job = service.run(service.extend(job, taking))
    binding = service.plan_bind(service.scan(), dom0.vm, bdfs, start=True, job=job)
    assert any(isinstance(change, VmPower) for change in binding.changes)
    service.run(service.extend(job, binding.changes))
    return Exit.DONE


@dataclass(frozen=True)
class Errand:
    """One kind of job on one kind of host, after what was done before it."""

    name: str
    machine: str
    act: Callable[[Dom0], int]
    first: tuple[Callable[[Dom0], int], ...] = field(default=())
    back: Callable[[Dom0], int] | None = None
    """What takes it back, where that is no rollback."""


ERRANDS = (
    Errand("hide", BIOS, hide),
    Errand("hide, extlinux", EXTLINUX, hide),
    Errand("hide, module", DEBIAN, hide),
    Errand("hide --now", BIOS, hide_now),
    Errand("hide --trial", BIOS, hide_trial),
    Errand("hide --trial, extlinux", EXTLINUX, hide_trial),
    Errand("unhide", BIOS, unhide, (hide,)),
    Errand("unhide, module", DEBIAN, unhide, (hide,)),
    Errand("bind", BIOS, bind),
    Errand("bind, xl", DEBIAN, bind, (hide_now,)),
    Errand("unbind", BIOS, unbind, (bind,)),
    Errand("unbind, xl", DEBIAN, unbind, (hide_now, bind)),
    Errand("give", BIOS, give),
    Errand("rollback of hide", BIOS, rollback, (hide,)),
    Errand("rollback of hide --now", BIOS, rollback, (hide_now,)),
    Errand("rollback of hide --trial", BIOS, rollback, (hide_trial,)),
    Errand("rollback of give", BIOS, rollback, (give,)),
    Errand("rollback, module", DEBIAN, rollback, (hide,)),
    Errand("install", BIOS, install, (furnished,), uninstall),
    Errand("uninstall", BIOS, uninstall, (furnished, install), install),
)
RECORDINGS = {name: machines.load(name) for name in (BIOS, DEBIAN, EXTLINUX)}
