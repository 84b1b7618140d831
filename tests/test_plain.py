"""The subcommands over the simulated host: words, documents, questions and exit statuses."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from serialpass_tui import plain
from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.inventory import Process
from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.text import printable
from serialpass_tui.core.verify import Place
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host.journal import StateDirectory
from serialpass_tui.service import Service
from serialpass_tui.sim import machines

if TYPE_CHECKING:
    from collections.abc import Callable

    from serialpass_tui.core.job import Record
    from tests.conftest import Stage


def terminal(answer: str = "", **options: Any) -> plain.Terminal:
    """A terminal in memory at which somebody answers; no answer: nobody is there."""
    return plain.Terminal(io.StringIO(), lambda _: answer, interactive=bool(answer), **options)


def said(term: plain.Terminal) -> str:
    """What was printed."""
    assert isinstance(term.out, io.StringIO)
    return term.out.getvalue()


def document(term: plain.Terminal) -> Any:
    """The one JSON document that was printed."""
    parsed = json.loads(said(term))
    assert 1 == parsed["version"]
    return parsed


def card(stage: Stage) -> list[Bdf]:
    """The first card that can be chosen."""
    return list(next(c.bdfs for c in stage.service.scan().candidates if c.selectable))


def vm_name(stage: Stage) -> str:
    """A halted VM that can take a device."""
    pool = stage.toolstack.pool()
    return next(
        vm.name
        for vm in pool.vms
        if vm.power_state is PowerState.HALTED
        and vm.pci is None
        and not Service.vm_refusals(pool, vm)
    )


def test_scan_names_each_device_with_its_state(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    term = terminal()
    assert Exit.DONE == plain.scan(stage.service, term)
    for bdf in card(stage):
        assert f"{bdf}" in said(term)
    assert " free" in said(term)


def test_scan_document(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    term = terminal(json=True)
    plain.scan(stage.service, term)
    devices = document(term)["devices"]
    (first,) = [
        d for d in devices if d["functions"] and d["functions"][0]["bdf"] == str(card(stage)[0])
    ]
    assert "free" == first["functions"][0]["state"]
    assert first["selectable"]


def test_scan_of_a_host_without_serial_device(open_stage: Callable[..., Stage]) -> None:
    term = terminal()
    assert Exit.DONE == plain.scan(open_stage("no-serial").service, term)
    assert "serial card:" not in said(term)


@pytest.mark.parametrize(
    ("term", "status", "written"),
    [
        (terminal(), Exit.USAGE, False),
        (terminal("n"), Exit.DONE, False),
        (terminal("y"), Exit.DONE, True),
        (terminal(yes=True), Exit.DONE, True),
        (terminal(yes=True, dry_run=True), Exit.DONE, False),
        (terminal(json=True), Exit.USAGE, False),
        (terminal(json=True, yes=True), Exit.DONE, True),
    ],
    ids=["nobody", "no", "yes", "--yes", "--dry-run", "--json", "--json --yes"],
)
def test_hide_writes_only_when_told(
    open_stage: Callable[..., Stage], term: plain.Terminal, status: Exit, written: bool
) -> None:
    stage = open_stage()
    before = stage.boot_bytes()
    assert status == plain.hide(stage.service, term, card(stage))
    assert written == (before != stage.boot_bytes())
    assert written == bool(stage.service.jobs())
    if not term.json:
        assert "xen-pciback.hide=" in said(term)


def test_hide_twice_is_hide_once(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    plain.hide(stage.service, terminal(yes=True), card(stage))
    once = stage.boot_bytes()
    term = terminal(yes=True)
    assert Exit.DONE == plain.hide(stage.service, term, card(stage))
    assert "nothing to do" in said(term)
    assert once == stage.boot_bytes()
    assert 1 == len(stage.service.jobs())


def driver(stage: Stage) -> set[str]:
    """The drivers that have the card's functions."""
    return {stage.world.host.driver(bdf) for bdf in card(stage)}


def test_hide_now_needs_no_reboot_and_rolls_back_at_once(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    before, bdfs = stage.boot_bytes(), card(stage)
    assert {"serial"} == driver(stage)
    term = terminal(yes=True)
    assert Exit.DONE == plain.hide(stage.service, term, bdfs, now=True)
    assert f"echo {bdfs[0]} > /sys/bus/pci/drivers/pciback/new_slot" in said(term)
    assert {"pciback"} == driver(stage)
    assert {Place.HIDDEN} == {s.place for s in stage.service.scan().standings(bdfs)}
    assert stage.service.resume() is None
    plain.bind(stage.service, terminal(yes=True), vm_name(stage), bdfs, start=True)
    assert Exit.DONE == plain.rollback(stage.service, terminal(yes=True), None, every=True)
    assert {"serial"} == driver(stage)
    assert before == stage.boot_bytes()


def test_hide_now_of_what_is_hidden_at_the_next_boot_only_takes_it(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    plain.hide(stage.service, terminal(yes=True), card(stage))
    written = stage.boot_bytes()
    assert Exit.DONE == plain.hide(stage.service, terminal(yes=True), card(stage), now=True)
    assert {"pciback"} == driver(stage)
    assert written == stage.boot_bytes()
    term = terminal(yes=True)
    assert Exit.DONE == plain.hide(stage.service, term, card(stage), now=True)
    assert "nothing to do" in said(term)


def test_hide_now_is_refused_while_a_program_holds_the_tty(
    open_stage: Callable[..., Stage],
) -> None:
    held = Process(4711, "ser2net")
    recording = machines.load("xcp-ng-8.3-bios")
    ttys = tuple(
        replace(tty, holders=(held,)) if tty.bdf == Bdf(0, 2, 0, 0) else tty
        for tty in recording.inventory.ttys
    )
    inventory = replace(recording.inventory, ttys=ttys)
    stage = open_stage(recording=replace(recording, inventory=inventory))
    before = stage.boot_bytes()
    with pytest.raises(Problem) as caught:
        plain.hide(stage.service, terminal(yes=True), card(stage), now=True)
    assert (Exit.REFUSED, "tty-in-use") == (caught.value.exit_status, caught.value.code)
    assert "ser2net" in caught.value.summary
    assert before == stage.boot_bytes()
    assert {"serial"} == driver(stage)


def test_hide_now_without_pciback_in_the_kernel_is_refused(
    open_stage: Callable[..., Stage],
) -> None:
    recording = machines.load("xcp-ng-8.3-bios")
    inventory = replace(recording.inventory, pciback_registered=False)
    stage = open_stage(recording=replace(recording, inventory=inventory))
    with pytest.raises(Problem) as caught:
        plain.hide(stage.service, terminal(yes=True), card(stage), now=True)
    assert "pciback-missing" == caught.value.code
    assert [] == list(stage.service.jobs())


def test_hide_then_unhide_gives_the_first_bytes(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    before = stage.boot_bytes()
    plain.hide(stage.service, terminal(yes=True), card(stage))
    plain.unhide(stage.service, terminal(yes=True), card(stage))
    assert before == stage.boot_bytes()


def test_hide_of_the_boot_disk_is_refused_even_with_yes(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    before = stage.boot_bytes()
    disks = stage.service.scan().inventory.disks
    (root,) = [disk.bdf for disk in disks if "/" in disk.mounts]
    assert root is not None
    with pytest.raises(Problem) as caught:
        plain.hide(stage.service, terminal(yes=True), [root])
    assert Exit.REFUSED is caught.value.exit_status
    assert before == stage.boot_bytes()


def test_rollback_of_the_newest_job(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    before = stage.boot_bytes()
    plain.hide(stage.service, terminal(yes=True), card(stage))
    term = terminal(yes=True, json=True)
    assert Exit.DONE == plain.rollback(stage.service, term, None, every=False)
    (entry,) = document(term)["rollback"]
    assert entry["applied"]
    assert before == stage.boot_bytes()
    term = terminal(yes=True)
    assert Exit.DONE == plain.rollback(stage.service, term, None, every=False)
    assert "nothing to roll back" in said(term)


def test_rollback_of_all_jobs(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    before = stage.boot_bytes()
    name = vm_name(stage)
    plain.hide(stage.service, terminal(yes=True), card(stage))
    plain.bind(stage.service, terminal(yes=True), name, card(stage), start=False)
    assert Exit.DONE == plain.rollback(stage.service, terminal(yes=True), None, every=True)
    assert before == stage.boot_bytes()
    assert stage.toolstack.vm(stage.vm_uuid(name)).pci is None


def test_rollback_dry_run_changes_nothing(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    plain.hide(stage.service, terminal(yes=True), card(stage))
    hidden = stage.boot_bytes()
    term = terminal(dry_run=True)
    assert Exit.DONE == plain.rollback(stage.service, term, None, every=True)
    assert hidden == stage.boot_bytes()
    assert "-" in said(term)


def test_bind_and_unbind_leave_the_vm_as_it_was(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    name = vm_name(stage)
    before = stage.toolstack.vm(stage.vm_uuid(name))
    assert Exit.DONE == plain.bind(
        stage.service, terminal(yes=True), name, card(stage), start=False
    )
    expected = ",".join(f"0/{bdf}" for bdf in card(stage))
    assert expected == stage.toolstack.vm(before.uuid).pci
    plain.unbind(stage.service, terminal(yes=True), before.uuid, [])
    after = stage.toolstack.vm(before.uuid)
    assert before.other_config == after.other_config
    assert before.blocked_operations == after.blocked_operations


def test_bind_of_a_device_that_another_vm_names_is_refused_with_its_name(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    name = vm_name(stage)
    plain.bind(stage.service, terminal(yes=True), name, card(stage), start=False)
    other = next(
        vm
        for vm in stage.toolstack.pool().vms
        if vm.name != name and vm.power_state is PowerState.HALTED and vm.domain_type == "hvm"
    )
    with pytest.raises(Problem) as caught:
        plain.bind(stage.service, terminal(yes=True), other.uuid, card(stage), start=False)
    assert Exit.REFUSED is caught.value.exit_status
    assert printable(name) in caught.value.summary


def test_bind_of_an_absent_device_is_refused(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    with pytest.raises(Problem) as caught:
        plain.bind(
            stage.service, terminal(yes=True), vm_name(stage), [Bdf(0, 0x7F, 0, 0)], start=False
        )
    assert "no-such-device" == caught.value.code


@pytest.mark.parametrize("wanted", ["no such vm", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_vm_is_a_usage_problem(open_stage: Callable[..., Stage], wanted: str) -> None:
    pool = open_stage().toolstack.pool()
    with pytest.raises(Problem) as caught:
        plain.find_vm(pool, wanted)
    assert (Exit.USAGE, "no-such-vm") == (caught.value.exit_status, caught.value.code)


def test_bind_and_start_after_the_reboot(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    plain.hide(stage.service, terminal(yes=True), card(stage))
    stage.world.host.reboot()
    name = vm_name(stage)
    assert Exit.DONE == plain.bind(stage.service, terminal(yes=True), name, card(stage), start=True)
    assert PowerState.RUNNING is stage.toolstack.vm(stage.vm_uuid(name)).power_state


def test_status_follows_the_four_states(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    first = str(card(stage)[0])

    def state() -> str:
        term = terminal(json=True)
        plain.status(stage.service, term)
        found = {device["bdf"]: device["state"] for device in document(term)["devices"]}
        return str(found[first])

    assert "free" == state()
    plain.hide(stage.service, terminal(yes=True), card(stage))
    assert "reboot pending" == state()
    stage.world.host.reboot()
    assert "hidden" == state()
    plain.bind(stage.service, terminal(yes=True), vm_name(stage), card(stage), start=False)
    assert "used by VM" == state()


def test_history_lists_the_newest_first(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    term = terminal()
    plain.history(stage.service, term)
    assert "No job was done" in said(term)
    plain.hide(stage.service, terminal(yes=True), card(stage))
    plain.unhide(stage.service, terminal(yes=True), card(stage))
    term = terminal(json=True)
    plain.history(stage.service, term)
    assert ["unhide", "hide"] == [job["goal"] for job in document(term)["jobs"]]


def test_a_vm_name_cannot_drive_the_terminal(open_stage: Callable[..., Stage]) -> None:
    term = terminal()
    plain.vms(open_stage().service, term)
    assert not {c for c in said(term) if ord(c) < 32 or 0x7F <= ord(c) < 0xA0} - {"\n"}


def test_vms_without_xapi_is_a_problem_with_a_remedy(open_stage: Callable[..., Stage]) -> None:
    from serialpass_tui.sim.faults import Faults

    service = open_stage(faults=Faults(xapi_down=True)).service
    with pytest.raises(Problem) as caught:
        plain.vms(service, terminal())
    assert (Exit.FAILED, "xapi-unavailable") == (caught.value.exit_status, caught.value.code)


EXTLINUX = b"""default xe
prompt 1
timeout 50
label xe
  # XenServer
  kernel mboot.c32
  append /boot/xen.gz dom0_mem=752M --- /boot/vmlinuz-2.6-xen root=LABEL=root-x ro splash pciback.hide=(05:00.0) (02:00.0) (00:1d.0) --- /boot/initrd-2.6-xen.img
label safe
  # XenServer in Safe Mode
  kernel mboot.c32
  append /boot/xen.gz nosmp --- /boot/vmlinuz-2.6-xen root=LABEL=root-x ro --- /boot/initrd-2.6-xen.img
"""


def test_preview_says_what_the_blanks_cut_off() -> None:
    term = terminal()
    status = plain.preview(
        term, "/boot/extlinux.conf", EXTLINUX, hide=[Bdf(0, 2, 0, 0)], unhide=[], parameter=None
    )
    assert Exit.DONE == status
    assert "only 05:00.0: the blanks cut the rest off" in said(term)
    assert "pciback.hide=(0000:05:00.0)(0000:02:00.0)" in said(term)


def test_preview_document_names_the_rescue_entry() -> None:
    term = terminal(json=True)
    plain.preview(
        term, "/boot/extlinux.conf", EXTLINUX, hide=[Bdf(0, 2, 0, 0)], unhide=[], parameter=None
    )
    plan = document(term)["plan"]
    assert "safe" == plan["rescue_entry"]
    assert plan["changed"]
    assert ["xe"] == plan["entries"]


def test_no_line_drives_the_terminal_or_breaks_in_two() -> None:
    term = terminal()
    path = "/tmp/gr\x1b[31mub\n.cfg\udcff"
    plain.preview(term, path, EXTLINUX, hide=[Bdf(0, 2, 0, 0)], unhide=[], parameter=None)
    assert r"--- a/tmp/gr\x1b[31mub\x0a.cfg\udcff" in said(term).splitlines()
    assert not {c for c in said(term) if ord(c) < 32} - {"\n"}
    said(term).encode()


@pytest.mark.parametrize("how", [EOFError, KeyboardInterrupt])
@pytest.mark.parametrize("command", [plain.hide, plain.unhide])
def test_a_question_that_nobody_answers_changes_nothing(
    open_stage: Callable[..., Stage], how: type[BaseException], command: Callable[..., int]
) -> None:
    stage = open_stage()
    if command is plain.unhide:
        plain.hide(stage.service, terminal(yes=True), card(stage))

    def nobody(_question: str) -> str:
        raise how

    before = stage.boot_bytes()
    term = plain.Terminal(io.StringIO(), nobody, interactive=True)
    assert Exit.USAGE == command(stage.service, term, card(stage))
    assert "Nothing was changed." in said(term)
    assert before == stage.boot_bytes()


def test_a_change_is_announced_once(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    term = terminal(yes=True)
    plain.bind(stage.service, term, vm_name(stage), card(stage), start=True)
    announced = [line for line in said(term).splitlines() if line.startswith("... ")]
    assert 1 == sum("start VM" in line for line in announced)
    assert len(set(announced)) == len(announced)


class Deaf(io.StringIO):
    """A pipe whose reader went away."""

    def write(self, text: str) -> int:
        """Refuse."""
        raise BrokenPipeError

    def fileno(self) -> int:
        """There is no descriptor behind it."""
        raise io.UnsupportedOperation


def test_work_goes_on_when_nobody_reads_any_more(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    before = stage.boot_bytes()
    term = plain.Terminal(Deaf(), lambda _: "", interactive=False, yes=True)
    assert Exit.DONE == plain.hide(stage.service, term, card(stage))
    assert before != stage.boot_bytes()


def test_a_finding_about_a_vm_names_no_device(open_stage: Callable[..., Stage]) -> None:
    service = open_stage("xcp-ng-8.3-uefi").service
    words, json_term = terminal(), terminal(json=True)
    plain.vms(service, words)
    plain.vms(service, json_term)
    reasons = [reason for vm in document(json_term)["vms"] for reason in vm["refused"]]
    assert reasons
    assert {None} == {reason["bdf"] for reason in reasons}
    assert "0000:00:00.0" not in said(words)


def test_unhide_warns_of_the_vm_that_would_take_the_device_back(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    plain.hide(stage.service, terminal(yes=True), card(stage))
    plain.bind(stage.service, terminal(yes=True), vm_name(stage), card(stage), start=False)
    term, json_term = terminal(yes=True, dry_run=True), terminal(json=True)
    plain.unhide(stage.service, term, card(stage))
    plain.unhide(stage.service, json_term, card(stage))
    assert f"VM {printable(vm_of(stage).name)} names" in said(term)
    assert "device-of-vm" in {finding["code"] for finding in document(json_term)["findings"]}


def vm_of(stage: Stage) -> Any:
    """The VM that has the card."""
    (vm,) = [vm for vm in stage.toolstack.pool().vms if vm.pci is not None]
    return vm


def test_the_backup_beside_the_file_is_shown_before_it_is_written(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    term = terminal(yes=True)
    plain.hide(stage.service, term, card(stage))
    folder = (stage.world.root / "boot/grub").iterdir()
    (backup,) = [path.name for path in folder if "serialpass" in path.name]
    assert f"/boot/grub/{backup}" in said(term).partition("is written")[0]


def test_bind_says_where_the_device_stands(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    term = terminal()
    assert Exit.USAGE == plain.bind(stage.service, term, vm_name(stage), card(stage), start=False)
    assert "dom0 has it" in said(term)


def test_a_rollback_in_conflict_is_exit_4_even_when_dry(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    plain.hide(stage.service, terminal(yes=True), card(stage))
    boot = stage.service.scan().boot
    assert boot is not None
    stage.files.replace(boot.path, boot.data, boot.data + b"# somebody else\n")
    with pytest.raises(Problem) as caught:
        plain.rollback(stage.service, terminal(dry_run=True), None, every=False)
    assert Exit.CONFLICT is caught.value.exit_status


def test_a_dry_rollback_of_all_jobs_foresees_each(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage("xenserver-6.2-procedure")
    for bdf in (Bdf(0, 2, 0, 0), Bdf(0, 5, 0, 0)):
        plain.hide(stage.service, terminal(yes=True), [bdf])
    journal = stage.world.state_dir / "journal"
    before = (stage.boot_bytes(), journal.read_bytes())
    term = terminal(json=True, dry_run=True)
    assert Exit.DONE == plain.rollback(stage.service, term, None, every=True)
    assert ["2", "1"] == [undo["job"] for undo in document(term)["rollback"]]
    assert before == (stage.boot_bytes(), journal.read_bytes())


def test_a_rollback_that_nobody_confirms_writes_no_journal(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    plain.hide(stage.service, terminal(yes=True), card(stage))
    stage.world.host.reboot()
    journal = stage.world.state_dir / "journal"
    before = journal.read_bytes()
    term = terminal()
    assert Exit.USAGE == plain.rollback(stage.service, term, None, every=False)
    assert "reboot this host" in said(term)
    undo = stage.world.state_dir / "backups/job-1/UNDO.txt"
    assert f"The same with a shell alone: {undo}\n" in said(term)
    assert undo.is_file()
    assert before == journal.read_bytes()


def test_after_the_reboot_no_job_is_open(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    plain.hide(stage.service, terminal(yes=True), card(stage))
    term = terminal()
    plain.status(stage.service, term)
    assert "`serialpass-tui rollback 1`" in said(term)
    stage.world.host.reboot()
    for command in (plain.status, plain.history):
        term = terminal()
        command(stage.service, term)
        assert "open" not in said(term).lower()


def test_a_job_that_is_rolled_back_already_has_nothing_to_undo(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    plain.hide(stage.service, terminal(yes=True), card(stage))
    plain.rollback(stage.service, terminal(yes=True), "1", every=False)
    term = terminal(yes=True)
    assert Exit.DONE == plain.rollback(stage.service, term, "1", every=False)
    assert "nothing to undo" in said(term)
    assert 2 == len(stage.service.jobs())


def test_status_shows_the_devices_to_whoever_may_not_read_the_journal(
    open_stage: Callable[..., Stage],
) -> None:
    class Closed(StateDirectory):
        def records(self) -> tuple[Record, ...]:
            raise Problem(Exit.FAILED, "state-unreadable", "Not yours.", remedy="Run this as root.")

    stage = open_stage()
    service = stage.service_with(Closed(stage.world.state_dir))
    term, json_term = terminal(), terminal(json=True)
    assert Exit.DONE == plain.status(service, term)
    assert str(card(stage)[0]) in said(term)
    assert "Not yours. Run this as root." in said(term)
    plain.status(service, json_term)
    assert "state-unreadable" == document(json_term)["job_problem"]["code"]
