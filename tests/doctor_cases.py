"""Each ailment of the doctor on a simulated host that has it, and on one that nearly has."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.boot.locate import UDEV_RULE
from serialpass_tui.core.inventory import DeviceId
from serialpass_tui.core.job import Goal, Job
from serialpass_tui.core.vm_edit import bind_edits
from serialpass_tui.host.journal import StateDirectory
from tests.installs import FEATURE, LINK, installed

if TYPE_CHECKING:
    from serialpass_tui.core.changes import Change
    from tests.conftest import Stage

CARD = (Bdf.parse("0000:02:00.0"), Bdf.parse("0000:02:00.1"))
"""The two functions of the card in xcp-ng-8.3-bios."""
MOVED = (Bdf.parse("0000:09:00.0"), Bdf.parse("0000:09:00.1"))
OTHER = Bdf.parse("0000:00:16.0")
"""The management engine of the same host: harmless, and no serial card."""
NOWHERE = Bdf.parse("0000:7e:00.0")
BOTH = "xen-pciback.hide=(0000:02:00.0)(0000:02:00.1)"
BAD = "xen-pciback.hide=(02.00.0),(02.00.1)"
OLD = "xenserver-6.2-procedure"
OLD_CARD = CARD[:1]
DEBIAN = "debian-12"
TWO_HOSTS = "xcp-ng-8.3-uefi"

Prepare = Callable[["Stage"], None]


@dataclass(frozen=True)
class Case:
    """A host with an ailment, or nearly."""

    code: str
    name: str
    prepare: Prepare
    machine: str = "xcp-ng-8.3-bios"
    repaired: bool = False
    """Whether the doctor repairs it."""
    hides: tuple[Bdf, ...] = ()
    """What is on pciback after the repair and a reboot."""


# --- making hosts ill


def boot_path(stage: Stage) -> str:
    return stage.service.scan().inventory.boot_files[0].path


def write(stage: Stage, path: str, data: bytes) -> None:
    """Somebody else writes a file of the host."""
    (stage.world.root / path.lstrip("/")).write_bytes(data)


def arguments(text: str, *entries: int, boots: bool = True) -> Prepare:
    """Somebody puts words on the kernel lines of entries, counted from 0; the host boots anew."""

    def prepare(stage: Stage) -> None:
        path = boot_path(stage)
        mark = b"root=UUID" if b"root=UUID" in stage.files.read(path) else b"root=LABEL"
        parts = stage.files.read(path).split(mark)
        chosen = entries or (0,)
        for number in chosen:
            parts[number] += text.encode() + b" "
        write(stage, path, mark.join(parts))
        if boots:
            stage.world.host.boot()

    return prepare


def hide(stage: Stage, bdfs: tuple[Bdf, ...] = CARD, goal: Goal = Goal.HIDE) -> Job:
    """This tool hides the card, and the host is rebooted."""
    service = stage.service
    scan = service.scan()
    plan = service.plan_hide(scan, add=bdfs)
    devices = [DeviceId.of(item) for item in scan.inventory.pci if item.bdf in bdfs]
    changes: list[Change] = [*plan.edits, scan.reboot()]
    return service.run(service.open_job(goal, "hide", devices, changes), reboot=True)


def keys(*values: str) -> Prepare:
    """Somebody writes other-config:pci of VMs, of as many as there are values."""

    def prepare(stage: Stage) -> None:
        for name, value in zip(("pbx", "win2019-till"), values, strict=False):
            stage.toolstack.write_key(stage.vm_uuid(name), "other-config:pci", value)

    return prepare


def all_of(*steps: Prepare) -> Prepare:
    def prepare(stage: Stage) -> None:
        for step in steps:
            step(stage)

    return prepare


def broken_file(stage: Stage) -> None:
    write(stage, boot_path(stage), b"no boot file at all\n")


def commented_file(stage: Stage) -> None:
    path = boot_path(stage)
    write(stage, path, b"# a comment\n" + stage.files.read(path))


def only_entry(stage: Stage) -> None:
    """Somebody takes all entries but the first one out."""
    path = boot_path(stage)
    parts = stage.files.read(path).split(b"menuentry")
    write(stage, path, b"menuentry".join(parts[:2]))


def list_lost(stage: Stage) -> None:
    """An upgrade writes the boot file anew, without the list."""
    path, first = boot_path(stage), stage.boot_bytes()
    hide(stage)
    write(stage, path, first)
    stage.world.host.boot()


def taken_back(stage: Stage) -> None:
    service = stage.service
    service.rollback(service.plan_rollback(hide(stage)), reboot=True)


def moves(*pairs: tuple[Bdf, Bdf]) -> Prepare:
    """Somebody plugs cards into other slots."""

    def prepare(stage: Stage) -> None:
        stage.world.host.store.change(moves=pairs)
        stage.world.host.boot()

    return prepare


def hidden(stage: Stage) -> None:
    hide(stage)


def hidden_one(stage: Stage) -> None:
    hide(stage, OLD_CARD)


def unhidden(stage: Stage) -> None:
    """This tool gives the card back to dom0."""
    service = stage.service
    scan = service.scan()
    plan = service.plan_hide(scan, remove=OLD_CARD)
    changes: list[Change] = [*plan.edits, scan.reboot()]
    service.run(service.open_job(Goal.UNHIDE, "unhide", [], changes), reboot=True)


def rule_lost(stage: Stage) -> None:
    """Somebody tidies /etc/udev/rules.d up."""
    hidden_one(stage)
    (stage.world.root / UDEV_RULE.lstrip("/")).unlink()
    stage.world.host.boot()


def bound(stage: Stage) -> None:
    """This tool gives the card to a VM."""
    service, pool = stage.service, stage.toolstack.pool()
    vm = stage.toolstack.vm(stage.vm_uuid("pbx"))
    scan = service.scan()
    devices = [DeviceId.of(item) for item in scan.inventory.pci if item.bdf in CARD]
    edits = bind_edits(vm, pool.this_host, CARD)
    service.run(service.open_job(Goal.BIND, "bind", devices, edits))


def guest_list(text: str) -> Prepare:
    """Somebody edits the file of a guest of xl."""

    def prepare(stage: Stage) -> None:
        path = "/etc/xen/pbx.cfg"
        write(stage, path, stage.files.read(path) + f"pci = [ {text} ]\n".encode())

    return prepare


def absent_on_another_host(stage: Stage) -> None:
    """A VM of another pool member names a device that this one does not have."""
    pool = stage.toolstack.pool()
    other = next(host.uuid for host in pool.hosts if host.uuid != pool.this_host)
    uuid = stage.vm_uuid("weighbridge")
    stage.toolstack.write_key(uuid, "affinity", other)
    stage.toolstack.write_key(uuid, "other-config:pci", f"0/{NOWHERE}")


def job_cut_off(stage: Stage) -> None:
    service, scan = stage.service, stage.service.scan()
    plan = service.plan_hide(scan, add=CARD)
    service.open_job(Goal.HIDE, "hide", [], [*plan.edits, scan.reboot()])


def another_run_at_work(stage: Stage) -> None:
    """A lock that is held; the file object that holds it lives as long as the stage."""
    lock = StateDirectory(stage.world.state_dir).lock()
    lock.__enter__()
    HELD.append(lock)


HELD: list[object] = []


def killed_at_work(stage: Stage) -> None:
    """A run that is killed while it holds the lock: nothing of it is tidied up."""
    child = os.fork()
    if child == 0:
        lock = StateDirectory(stage.world.state_dir).lock()
        lock.__enter__()
        os._exit(9)
    os.waitpid(child, 0)


def done_at_work(stage: Stage) -> None:
    with StateDirectory(stage.world.state_dir).lock():
        pass


def journal(end: bytes) -> Prepare:
    def prepare(stage: Stage) -> None:
        taken_back(stage)
        place = stage.world.state_dir / "journal"
        place.write_bytes(place.read_bytes() + end)

    return prepare


def install(stage: Stage) -> None:
    """This tool is installed, by the one file."""
    installed(stage)


def install_lost(stage: Stage) -> None:
    """An upgrade leaves no link."""
    install(stage)
    (stage.world.root / LINK.lstrip("/")).unlink()


def menu_lost(stage: Stage) -> None:
    """An upgrade leaves no xsconsole at all: then nothing of it is missing."""
    install(stage)
    shutil.rmtree((stage.world.root / FEATURE.lstrip("/")).parent)


def uninstalled(stage: Stage) -> None:
    install(stage)
    stage.service.install(Goal.UNINSTALL, stage.service.plan_uninstall())


def nothing(_stage: Stage) -> None:
    pass


ILL = (
    Case("boot-file", "no entry", broken_file),
    Case("hide-list-kernel", "dots for colons", arguments(BAD), repaired=True, hides=CARD),
    Case(
        "hide-list-kernel",
        "doubled colon, in the field in two reports",
        arguments("xen-pciback.hide=(0000:02:00.0)(02::00.1)"),
        repaired=True,
        hides=CARD,
    ),
    Case(
        "hide-list-kernel",
        "no closing parenthesis, which 2.6.32 takes for the end",
        arguments("pciback.hide=(02:00.0(00:1d.0)"),
        machine=OLD,
        repaired=True,
        hides=(*OLD_CARD, Bdf.parse("0000:00:1d.0")),
    ),
    Case(
        "hide-list-kernel",
        "the boot disk beside the card",
        arguments("xen-pciback.hide=(02:00.0),(00:17.0)"),
        repaired=True,
        hides=CARD[:1],
    ),
    Case(
        "hide-list-kernel",
        "beyond what Xen hands over",
        arguments("xen-pciback.hide=" + "".join(f"(0000:{n:02x}:00.0)" for n in range(2, 80))),
    ),
    Case(
        "hide-list-xapi",
        "short form",
        arguments("xen-pciback.hide=(02:00.0)(02:00.1)"),
        repaired=True,
        hides=CARD,
    ),
    Case(
        "hide-list-xapi",
        "wildcard",
        arguments("xen-pciback.hide=(0000:02:00.*)"),
        repaired=True,
        hides=CARD,
    ),
    Case("hide-list-xapi", "wildcard for nothing", arguments("xen-pciback.hide=(0000:7e:00.*)")),
    Case(
        "hide-list-blanks",
        "the procedure's third step",
        nothing,
        machine="xenserver-6.2-blanks",
        repaired=True,
        hides=(
            Bdf.parse("0000:05:00.0"),
            Bdf.parse("0000:02:00.0"),
            Bdf.parse("0000:00:1d.0"),
        ),
    ),
    Case(
        "hide-list-blanks",
        "on a new kernel",
        arguments("xen-pciback.hide=(0000:02:00.0) (0000:02:00.1)", 0, 1),
        repaired=True,
        hides=CARD,
    ),
    Case(
        "hide-list-twice",
        "one each",
        arguments("xen-pciback.hide=(0000:02:00.0) xen-pciback.hide=(0000:02:00.1)"),
        repaired=True,
        hides=CARD,
    ),
    Case(
        "hide-list-name",
        "the old name on a new kernel",
        arguments("pciback.hide=(02:00.0)(02:00.1)"),
        repaired=True,
        hides=CARD,
    ),
    Case(
        "hide-list-name",
        "the new name on an old kernel",
        arguments("xen-pciback.hide=(02:00.0)"),
        machine=OLD,
        repaired=True,
        hides=OLD_CARD,
    ),
    Case(
        "hide-copied",
        "every entry, as the installer does it",
        arguments(BOTH, 0, 1, 2, 3, 4),
        repaired=True,
        hides=CARD,
    ),
    Case(
        "hide-copied",
        "one way back is left",
        arguments(BOTH, 0, 1, 3),
        repaired=True,
        hides=CARD,
    ),
    Case(
        "no-rescue-entry",
        "one entry in all",
        all_of(only_entry, arguments(BOTH)),
        repaired=True,
        hides=CARD,
    ),
    Case("hide-lost", "file written anew", list_lost, repaired=True, hides=CARD),
    Case("settings-lost", "the rule", rule_lost, machine=DEBIAN, repaired=True, hides=OLD_CARD),
    Case(
        "device-moved",
        "to another slot",
        all_of(hidden, moves((CARD[0], MOVED[0]), (CARD[1], MOVED[1]))),
        repaired=True,
        hides=MOVED,
    ),
    Case(
        "device-moved",
        "another device is there",
        all_of(hidden, moves((CARD[0], OTHER))),
        repaired=True,
        hides=(OTHER, CARD[1]),
    ),
    Case(
        "device-moved",
        "lost and moved",
        all_of(list_lost, moves((CARD[0], MOVED[0]), (CARD[1], MOVED[1]))),
        repaired=True,
        hides=MOVED,
    ),
    Case(
        "device-moved",
        "and a VM names it",
        all_of(bound, moves((CARD[0], MOVED[0]), (CARD[1], MOVED[1]))),
        repaired=True,
    ),
    Case(
        "device-moved",
        "and a guest's file names it",
        all_of(hidden_one, guest_list("'02:00.0'"), moves((CARD[0], MOVED[0]))),
        machine=DEBIAN,
        repaired=True,
        hides=MOVED[:1],
    ),
    Case("device-absent", "named", arguments(f"xen-pciback.hide=({NOWHERE})")),
    Case("vm-pci-unread", "no domain", keys("0/02:00.0"), repaired=True),
    Case(
        "vm-pci-unread",
        "a blank",
        keys("0/0000:02:00.0, 0/0000:02:00.1"),
        repaired=True,
    ),
    Case("vm-pci-unread", "empty", keys(""), repaired=True),
    Case("vm-pci-unread", "no address", keys("0/0000:02:00.0,the card")),
    Case("vm-pci-unread", "the boot disk", keys("0/00:17.0")),
    Case("vm-pci-unread", "xl", guest_list("'02:00'"), machine=DEBIAN),
    Case(
        "vm-device-absent",
        "a file that xl does not read",
        guest_list(f"'{NOWHERE}' ]\n= ["),
        machine=DEBIAN,
    ),
    Case("vm-device-twice", "XAPI", keys("0/0000:02:00.0,1/0000:02:00.0"), repaired=True),
    Case("vm-device-twice", "xl", guest_list("'02:00.0', '0000:02:00.0'"), machine=DEBIAN),
    Case("vm-device-absent", "XAPI", keys(f"0/0000:02:00.0,0/{NOWHERE}"), repaired=True),
    Case(
        "vm-device-absent",
        "xl",
        guest_list(f"'02:00.0', '{NOWHERE}'"),
        machine=DEBIAN,
        repaired=True,
    ),
    Case("vm-device-shared", "two VMs", keys("0/0000:02:00.0", "0/0000:02:00.0")),
    Case("install-lost", "the link", install_lost, repaired=True),
    Case("job-open", "cut off", job_cut_off),
    Case("lock-held", "by another run", another_run_at_work),
    Case("lock-left", "killed", killed_at_work, repaired=True),
    Case("journal-damaged", "garbage", journal(b"garbage\n{}\n")),
    Case("pciback-missing", "refused list", arguments(BAD), repaired=False),
    Case(
        "pciback-missing",
        "module not loaded, and a guest names a device",
        guest_list("'02:00.0'"),
        machine=DEBIAN,
    ),
)
NEARLY = (
    Case("boot-file", "a comment more", commented_file),
    Case("hide-list-kernel", "canonical", arguments(BOTH)),
    Case("hide-list-kernel", "a long line, with the list before its end",
         arguments(BOTH + " x=" + "y" * 1000)),
    Case("hide-list-xapi", "2.6.32 has no such XAPI", arguments("pciback.hide=(02:00.0)"),
         machine=OLD),
    Case("hide-list-xapi", "no XAPI", arguments("xen-pciback.hide=(02:00.0)", 2), machine=DEBIAN),
    Case("hide-list-blanks", "in quotes", arguments('xen-pciback.hide="(02:00.0) (02:00.1)"', 2),
         machine=DEBIAN),
    Case("hide-list-twice", "another parameter", arguments(f"{BOTH} xen-pciback.permissive=1")),
    Case("hide-list-name", "underscore", arguments(BOTH.replace("-", "_"))),
    Case("hide-copied", "the entries that are edited", arguments(BOTH, 0, 1)),
    Case("no-rescue-entry", "fallback is clean", arguments(BOTH, 0, 1, 2)),
    Case("no-rescue-entry", "nothing is hidden", only_entry),
    Case("hide-lost", "taken back", taken_back),
    Case("hide-lost", "there, in another spelling",
         all_of(list_lost, arguments("xen-pciback.hide=(02:00.*)"))),
    Case("settings-lost", "there", hidden_one, machine=DEBIAN),
    Case("settings-lost", "the rule is gone, and so is the list", all_of(hidden_one, unhidden),
         machine=DEBIAN),
    Case("device-moved", "where it was", hidden),
    Case("device-moved", "another card moved", all_of(hidden, moves((OTHER, MOVED[0])))),
    Case("device-absent", "present", hidden),
    Case("vm-pci-unread", "three digits, as it is seen in the wild", keys("0/000:02:00.0")),
    Case("vm-device-twice", "both functions", keys("0/0000:02:00.0,0/0000:02:00.1")),
    Case("vm-device-absent", "another host's", absent_on_another_host, machine=TWO_HOSTS),
    Case("vm-device-absent", "all functions of a card with two", guest_list("'02:00.*'"),
         machine=DEBIAN),
    Case("vm-device-shared", "one each", keys("0/0000:02:00.0", "0/0000:02:00.1")),
    Case("install-lost", "without xsconsole", menu_lost),
    Case("install-lost", "taken away", uninstalled),
    Case("job-open", "done", hidden),
    Case("lock-held", "let go", done_at_work),
    Case("lock-left", "let go", done_at_work),
    Case("lock-left", "held", another_run_at_work),
    Case("journal-damaged", "torn last line", journal(b'{"v":1,"ki')),
    Case("pciback-missing", "module, and nothing needs it", nothing, machine=DEBIAN),
)  # fmt: skip
