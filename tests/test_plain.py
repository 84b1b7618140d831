"""The subcommands over the simulated host: words, documents, questions and exit statuses."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from serialpass_tui import plain
from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Stage


def terminal(answer: str = "", **options: bool) -> plain.Terminal:
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
