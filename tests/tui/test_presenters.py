"""What the screens say, as text: pure functions over what was read."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.changes import FileEdit, Reboot, VmEdit
from serialpass_tui.core.job import Goal, Job, Outcome, Progress
from serialpass_tui.core.pool import Pool, PoolHost, PowerState, Vm
from serialpass_tui.core.rules.finding import Rule, Severity
from serialpass_tui.core.verify import Check, Place, Standing
from serialpass_tui.core.wizard import Step
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.service import BindPlan, RollbackPlan
from serialpass_tui.tui.flow import without_job
from serialpass_tui.tui.lines import Ink, Line
from serialpass_tui.tui.screens import (
    bind,
    boot_entry,
    check,
    devices,
    guide,
    hidden,
    problem,
    reboot,
    rollback,
    vms,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.conftest import Stage

    Open = Callable[..., Stage]

A, B = Bdf.parse("0000:02:00.0"), Bdf.parse("0000:02:00.1")
EVIL = "[bold]pbx[/] \x1b[31m\u202eevil\n"
SHOWN = "[bold]pbx[/] \\x1b[31m\\u202eevil\\x0a"


def text(lines: Iterable[Line]) -> str:
    return "\n".join(line.text for line in lines)


def vm(name: str = "pbx", **fields: object) -> Vm:
    return replace(Vm("u-" + name, name, PowerState.HALTED), **fields)  # type: ignore[arg-type]


def pool(*of: Vm, hosts: int = 1, **fields: object) -> Pool:
    names = tuple(PoolHost(f"h{n}", f"host{n}") for n in range(hosts))
    return replace(Pool("h0", "h0", names, of), **fields)  # type: ignore[arg-type]


# --- devices


@pytest.mark.parametrize(
    ("bdfs", "shown"),
    [
        ((), "-"),
        ((A,), "0000:02:00.0"),
        ((A, B), "0000:02:00.0-1"),
        ((A, Bdf.parse("0000:02:00.2")), "0000:02:00.0+1"),
        ((A, Bdf.parse("0000:03:00.1")), "0000:02:00.0+1"),
    ],
)
def test_one_address_for_a_card(bdfs: tuple[Bdf, ...], shown: str) -> None:
    assert shown == devices.address(bdfs)


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ([], "-"),
        (["ttyS4"], "ttyS4"),
        (["ttyS4", "ttyS5", "ttyS6"], "ttyS4-6"),
        (["ttyS9", "ttyS10"], "ttyS9-10"),
        (["ttyS4", "ttyS6"], "ttyS4+1"),
        (["ttyS4", "ttyUSB5"], "ttyS4+1"),
        (["modem", "modem2"], "modem+1"),
    ],
)
def test_ports_in_few_columns(names: list[str], shown: str) -> None:
    assert shown == devices.ports(names)


def test_rows_of_a_host(open_stage: Open) -> None:
    found = devices.cards(open_stage().service.scan())
    rows = [devices.row(card, ticked=False).cells for card in found]
    assert (
        "[ ]",
        "0000:02:00.0-1",
        "9710:9922",
        "MosChip/ASIX PCIe",
        "ttyS4-5",
        "free",
    ) == rows[0]
    assert {"[ ]", " - "} == {row[0] for row in rows}
    assert "[x]" == devices.row(found[0], ticked=True).cells[0]
    assert {"free", "refused", "USB adapter", "motherboard port"} == {row[5] for row in rows}


@pytest.mark.parametrize(
    ("place", "vms_named", "words"),
    [
        (Place.FREE, (), "free"),
        (Place.FREE, ("pbx",), "not hidden"),
        (Place.PENDING, (), "reboot pending"),
        (Place.PENDING, ("pbx",), "reboot pending"),
        (Place.HIDDEN, (), "hidden"),
        (Place.LEAVING, (), "back at reboot"),
        (Place.ASSIGNED, ("pbx",), "used by VM pbx"),
        (Place.ASSIGNED, ("pbx", "fax"), "used by VM pbx, fax"),
    ],
)
def test_the_state_is_a_word(
    open_stage: Open, place: Place, vms_named: tuple[str, ...], words: str
) -> None:
    card = devices.cards(open_stage().service.scan())[0]
    assert card.standing is not None
    standing = replace(card.standing, place=place, vms=vms_named)
    assert words == devices.state(replace(card, standing=standing))[0]


@pytest.mark.parametrize(
    "machine", ["xcp-ng-8.3-bios", "serial-is-console", "oxford-quad-bridge", "lookalikes"]
)
def test_details_tell_route_and_refusals(open_stage: Open, machine: str) -> None:
    for card in devices.cards(open_stage(machine).service.scan()):
        told = text(devices.details(card))
        assert card.candidate.name in told
        assert card.candidate.route in told
        for finding in card.findings:
            assert finding.reason in told
            assert finding.remedy in told
        for function in card.candidate.functions[1:]:
            assert str(function.bdf) in told


def test_a_host_without_a_device_says_what_to_do(open_stage: Open) -> None:
    scan = replace(open_stage("no-serial").service.scan(), candidates=())
    told = text(devices.nothing_found(scan))
    assert "No device with a serial port was found" in told
    assert "lspci" in told
    assert "<l> to look again" in told
    assert devices.headline(()).startswith("No serial card is seen")


def test_what_could_not_be_read_is_told(open_stage: Open) -> None:
    scan = open_stage().service.scan()
    down = Problem(Exit.FAILED, "xapi-unavailable", "XAPI is down.", remedy="Start it.")
    inventory = replace(scan.inventory, unread=("No root: disks\x1b[2J",))
    notes = devices.host_notes(replace(scan, pool_problem=down, inventory=inventory))
    assert ("XAPI is down. Start it.", "No root: disks\\x1b[2J") == notes[:1] + notes[-1:]


def test_what_cannot_be_read_is_said_at_the_top(open_stage: Open) -> None:
    scan = open_stage().service.scan()
    gone = Problem(Exit.FAILED, "x", "It is gone.", remedy="Fetch it.")
    assert "" == devices.warning(scan)
    assert devices.warning(scan, 1).startswith("1 thing to repair")
    assert devices.warning(scan, 2).startswith("2 things to repair")
    assert "VMs cannot be read" in devices.warning(replace(scan, pool_problem=gone))
    both = replace(scan, pool_problem=gone, boot_problem=gone)
    assert "No boot entry can be edited" in devices.warning(both)


# --- boot entry, reboot


def test_the_overview_of_the_edit(open_stage: Open) -> None:
    service = open_stage("xenserver-6.2-blanks").service
    scan = service.scan()
    plan = replace(service.plan_hide(scan, add=[A]), trial=None)
    told = text(boot_entry.overview(plan, scan.findings([A])))
    assert "File      /boot/extlinux.conf" in told
    assert "Entries   xe, xe-serial; every other byte" in told
    assert "Hides     only 05:00.0: the blanks cut the rest off" in told
    assert "Will hide 05:00.0 and 02:00.0" in told
    assert plan.rescue_how.rstrip(".") in told
    assert "boots without hiding" in told
    diff = [line.text for line in boot_entry.diff(plan)]
    assert ["@", "-", "+", "@", "-", "+"] == [line[0] for line in diff]
    by_hand = text(boot_entry.commands(plan))
    assert all(command in by_hand for command in plan.commands)


def test_nothing_to_write_says_so(open_stage: Open) -> None:
    service = open_stage().service
    made = service.plan_hide(service.scan(), add=[A, B])
    plan = replace(made, after=b"", before=b"", trial=None)
    assert "nothing has to be written" in text(boot_entry.overview(plan))
    assert () == boot_entry.diff(plan)


@pytest.mark.parametrize(
    ("of", "hosts", "shown"),
    [
        ({}, 1, "shut down, cut off after 60 s"),
        ({"ha_restart_priority": "restart"}, 2, "unless HA restarts it"),
        ({}, 2, "moved to another host if it can"),
        ({"other_config": (("pci", "0/0000:02:00.0"),)}, 2, "shut down, cut off after 60 s"),
        ({"power_state": PowerState.SUSPENDED}, 1, "stays suspended"),
    ],
)
def test_what_becomes_of_a_vm(of: dict[str, Any], hosts: int, shown: str) -> None:
    running = replace(vm(power_state=PowerState.RUNNING, resident_on="h0"), **of)
    told = reboot.fate(pool(running, hosts=hosts), running)
    assert told.startswith(shown) or shown in told


def test_the_reboot_names_vms_pool_ha_and_the_way_back(open_stage: Open) -> None:
    service = open_stage().service
    scan = service.scan()
    here = {"power_state": PowerState.RUNNING, "resident_on": "h0"}
    both = pool(vm(EVIL, **here), vm("fax", **here), vm("off"), hosts=2, ha_enabled=True)
    plan = service.plan_hide(scan, add=[A, B])
    edit = FileEdit(plan.path, plan.before, plan.after)
    job = Job("4", 0, Goal.GIVE, "t", (), changes=(edit,), progress=(Progress.APPLIED,))
    told = text(reboot.consequences(replace(scan, pool=both), plan, job))
    assert "2 run on this host" in told
    assert f"{SHOWN}, fax: moved" in told
    assert "off" not in told.split("Rescue")[0].split("cut off")[0]
    assert "High availability is on" in told
    assert "pool master" in told
    digest = hashlib.sha256(plan.before).hexdigest()
    assert f"/boot/grub/grub.cfg.serialpass-{digest[:8]}" in told
    assert "serialpass-tui rollback 4" in told
    alone = text(reboot.consequences(replace(scan, pool=pool(vm("till", **here))), plan, job))
    assert "1 runs on this host" in alone
    quiet = text(reboot.consequences(replace(scan, pool=pool(vm())), plan, job))
    assert "No VM runs on this host." in quiet
    assert "pool master" not in quiet
    unknown = text(reboot.consequences(replace(scan, pool=None), None, None))
    assert "nobody knows which VMs run" in unknown


# --- after the reboot


def standing(bdf: Bdf, place: Place, *, bound: bool) -> Standing:
    driver = "pciback" if bound else "serial"
    return Standing(bdf, "card", True, True, bound, driver, (), place, f"why {place.value}", "do")


@pytest.mark.parametrize(
    ("places", "giving", "shown"),
    [
        ([Place.HIDDEN, Place.HIDDEN], True, "Hidden from dom0, and ready for a VM"),
        ([Place.HIDDEN, Place.NOT_TAKEN], True, "Not everything is hidden as asked"),
        ([Place.FREE], False, "dom0 has it back"),
        ([Place.HIDDEN], False, "Not everything is back in dom0"),
    ],
)
def test_the_verdict(places: list[Place], giving: bool, shown: str) -> None:
    items = tuple(standing(A, place, bound=place is Place.HIDDEN) for place in places)
    assert shown == hidden.verdict(items, giving=giving)


def test_reasons_are_told_once_for_what_has_the_same() -> None:
    items = (
        standing(A, Place.HIDDEN, bound=True),
        standing(B, Place.HIDDEN, bound=True),
        standing(Bdf.parse("0000:05:00.0"), Place.NOT_TAKEN, bound=False),
    )
    told = text(hidden.reasons(items, giving=True))
    assert "Address   0000:02:00.0, 0000:02:00.1" in told
    assert 1 == told.count("why hidden")
    assert "Address   0000:05:00.0" in told
    cells = hidden.row(items[2], giving=True).cells
    assert ("0000:05:00.0", "hides it", "hides it", "serial", "not hidden") == cells


# --- VMs


def test_rows_of_vms_show_names_literally() -> None:
    evil = vm(EVIL, other_config=(("pci", "0/0000:02:00.0,0/0000:02:00.1"),), affinity="h0")
    row = vms.row(pool(evil), evil, ())
    assert (SHOWN, "Halted", "hvm", "host0", "02:00.0+1", "yes") == row.cells
    assert SHOWN in text(vms.details(evil, ()))


@pytest.mark.parametrize(
    ("severities", "word"),
    [
        ((), "yes"),
        ((Severity.NOTE,), "yes"),
        ((Severity.WARN,), "yes, but"),
        ((Severity.WARN, Severity.REFUSE), "refused"),
    ],
)
def test_a_vm_takes_it_or_not(severities: tuple[Severity, ...], word: str) -> None:
    found = [
        Rule("x", tuple(Severity), "").finding(A, "Why.", "Do.", severity)
        for severity in severities
    ]
    assert word == vms.row(pool(vm()), vm(), found).cells[-1]


@pytest.mark.parametrize(
    ("letters", "found"),
    [
        ("", ["fax", "PBX", "pbx-test"]),
        ("pbx", ["PBX", "pbx-test"]),
        ("PBX-", ["pbx-test"]),
        ("u-fax", ["fax"]),
        ("nobody", []),
        ("[", []),
    ],
)
def test_searching(letters: str, found: list[str]) -> None:
    everyone = vms.in_order(pool(vm("pbx-test"), vm("PBX"), vm("fax")))
    assert found == [item.name for item in vms.matching(everyone, letters)]


def test_the_vm_that_the_open_job_gave_it_to_is_no_obstacle() -> None:
    value = "0/0000:02:00.0"
    edit = VmEdit("u-pbx", "pbx", "other-config:pci", None, value)
    held = pool(vm("pbx", other_config=(("pci", value), ("mac_seed", "x"))), vm("fax"))
    job = Job("1", 0, Goal.GIVE, "t", (), changes=(edit,), progress=(Progress.APPLIED,))
    assert [None, None] == [item.pci for item in without_job(held, job).vms]
    assert (("mac_seed", "x"),) == without_job(held, job).vms[0].other_config
    assert held == without_job(held, replace(job, outcome=Outcome.DONE))
    assert held == without_job(held, None)


def test_the_preview_of_a_bind() -> None:
    edits = (
        VmEdit("u-fax", "fax", "other-config:pci", "0/0000:02:00.0", None),
        VmEdit("u-pbx", EVIL, "affinity", None, "h0"),
        VmEdit("u-pbx", EVIL, "other-config:pci", None, "0/0000:02:00.0"),
    )
    running = vm("pbx", power_state=PowerState.RUNNING)
    plan = BindPlan(running, (A,), edits, (), ("No live migration.",))
    told = text(bind.preview(plan))
    assert "Restart   The VM is running: it gets the device when" in told
    assert "It loses  No live migration." in told
    assert f"Keys of VM {SHOWN}" in told
    order = [told.index(word) for word in ("-other-config:pci", "+other-config:pci", "+affinity")]
    assert sorted(order) == order
    assert "xe vm-param-set uuid=u-pbx affinity=h0" in told
    assert "By shell  /x/UNDO.txt undoes it." in text(bind.preview(plan, "/x/UNDO.txt"))
    nothing = text(bind.preview(replace(plan, changes=()), "/x/UNDO.txt"))
    assert "UNDO.txt" not in nothing
    assert "nothing has to be written" in nothing
    assert "by hand" not in nothing


# --- check


@pytest.mark.parametrize(
    ("state", "passed", "word"),
    [
        (PowerState.RUNNING, True, "OK"),
        (PowerState.RUNNING, False, "FAIL"),
        (PowerState.HALTED, False, "todo"),
        (PowerState.HALTED, True, "OK"),
    ],
)
def test_a_check_is_a_word(state: PowerState, passed: bool, word: str) -> None:
    row = check.row(vm(power_state=state), Check("VM runs", "Running", "x", passed))
    assert (word, "VM runs", "x") == row.cells


def test_a_failed_check_says_what_was_expected_and_what_next() -> None:
    failed = Check("Device in the VM's backend", "02:00.0", "none", passed=False, next="Restart.")
    told = text(check.advice(vm(power_state=PowerState.RUNNING), (failed,)))
    assert "FAIL      Device in the VM's backend: expected 02:00.0. Restart." in told
    for hint in ("dmesg | grep tty", "setserial -g", "lspci -nn", "Ports (COM & LPT)"):
        assert hint in told
    assert "FAIL" not in text(check.advice(vm(), (failed,)))
    assert "The VM is gone" == check.headline(None, ())


# --- rollback, problem, help


def test_jobs_in_words() -> None:
    job = Job(
        "3",
        0,
        Goal.GIVE,
        EVIL,
        (),
        changes=(FileEdit("/a", b"", b"x"), FileEdit("/b", b"", b"x"), Reboot("i")),
        progress=(Progress.DROPPED, Progress.APPLIED, Progress.WAITING),
        reasons=((0, "disk\x1bfull"),),
    )
    assert ("3", SHOWN, "reboot pending") == tuple(rollback.row(job).cells[i] for i in (0, 2, 3))
    assert "1970-01-01 00:00" == rollback.when(0, UTC)
    told = text(rollback.story(job))
    assert "Done      edit /b" in told
    assert "Left      reboot this host" in told
    assert "Dropped   edit /a: disk\\x1bfull" in told
    assert ("rolled back", Ink.PLAIN) == rollback.state(replace(job, outcome=Outcome.ROLLED_BACK))


def test_the_undo_says_whether_it_needs_a_reboot() -> None:
    job = Job("3", 0, Goal.GIVE, "t", ())
    edit = FileEdit("/boot/x", b"new\n", b"old\n")
    told = text(rollback.undo_preview(RollbackPlan(job, (edit, Reboot("i")), None)))
    assert "the undo needs a reboot" in told
    assert "+old" in told
    assert "reboot" not in text(rollback.undo_preview(RollbackPlan(job, (edit,), None))).lower()
    clash = Problem(Exit.CONFLICT, "changed-since-preview", "Changed.", remedy="Look.")
    told = text(rollback.undo_preview(RollbackPlan(job, (edit,), None), "/x/UNDO.txt"))
    assert told.startswith("By shell  /x/UNDO.txt does the same.")
    told = text(rollback.undo_preview(RollbackPlan(job, (edit,), clash), "/x/UNDO.txt"))
    assert "UNDO.txt" not in told
    assert told.startswith("Conflict  Changed.\n          Look.")
    told = text(rollback.undo_preview(RollbackPlan(job, (edit,), clash.showing(("+\x1btheirs",)))))
    assert "Nothing is rolled back.\n\n+\\x1btheirs\n\nIt would have been:" in told
    assert "nothing to undo" in text(
        rollback.undo_preview(RollbackPlan(job, (), None), "/x/UNDO.txt")
    )
    gone = RollbackPlan(job, (edit,), None, ("VM pbx\x1b is gone, and its keys with it.",))
    assert text(rollback.undo_preview(gone)).startswith("VM pbx\\x1b is gone")


def test_a_problem_tells_all_of_it() -> None:
    told = text(
        problem.lines(
            Problem(Exit.FAILED, "some-code", "It\x1b broke.", state="Half.", remedy="Do this.")
        )
    )
    assert [
        "It\\x1b broke.",
        "",
        "Host      Half.",
        "Next      Do this.",
        "Code      some-code",
    ] == (told.split("\n"))


def test_a_bug_is_told_without_its_text() -> None:
    found = problem.bug(ValueError("secret of the host"))
    assert (Exit.BUG, "bug") == (found.exit_status, found.code)
    assert "secret" not in text(problem.lines(found))


@pytest.mark.parametrize("step", [*Step, None])
def test_help_is_there_for_every_step_and_names_the_keys(step: Step | None) -> None:
    told = text(guide.lines(step))
    for key in ("Enter", "Esc", "Tab", "PgUp PgDn", "Ctrl-L", "rollback", "quit"):
        assert key in told
    assert told.isascii()
