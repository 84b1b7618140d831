"""The doctor over the simulated host: what it finds, repairs, and leaves alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.doctoring import MEANINGS
from serialpass_tui.core.job import Goal, Outcome
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.sim import machines
from tests.doctor_cases import (
    BAD,
    CARD,
    ILL,
    NEARLY,
    Case,
    all_of,
    arguments,
    hidden,
    hide,
    keys,
    moves,
)
from tests.test_service import Killed, KillingJournal
from tests.test_service_hazards import Counting

if TYPE_CHECKING:
    from collections.abc import Callable

    from serialpass_tui.core.changes import Change
    from serialpass_tui.core.doctoring import Diagnosis
    from serialpass_tui.core.job import Job
    from tests.conftest import Stage

NETWORK = Bdf.parse("0000:03:00.0")
"""The network card of xcp-ng-8.3-bios, which the management interface is on."""
REPAIRED = [case for case in ILL if case.repaired]


def name_of(case: Case) -> str:
    return f"{case.code}: {case.name}"


def stage_of(case: Case, open_stage: Callable[..., Stage]) -> Stage:
    stage = open_stage(case.machine)
    case.prepare(stage)
    return stage


def look(stage: Stage) -> Diagnosis:
    return stage.service.diagnose(stage.service.scan())


def codes(stage: Stage) -> set[str]:
    return {ailment.code for ailment in look(stage).ailments}


def repair(stage: Stage) -> Job | None:
    scan = stage.service.scan()
    return stage.service.repair(scan, stage.service.diagnose(scan))


def on_pciback(stage: Stage) -> set[Bdf]:
    return {f.bdf for f in stage.service.scan().inventory.pci if f.driver == "pciback"}


def assert_repaired(stage: Stage, case: Case) -> None:
    """Nothing is left to repair, and of the ailment itself nothing at all."""
    left = [ailment for ailment in look(stage).ailments if not ailment.reboot]
    assert [] == [one for one in left if one.cure is not None or one.code == case.code]


def tree(stage: Stage) -> dict[str, bytes]:
    """Every file of the host but the backups, and every VM's keys."""
    root = stage.world.root
    found = {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".serialpass-" not in path.name
    }
    for vm in stage.toolstack.pool().vms:
        kept = [sorted(vm.other_config), sorted(vm.blocked_operations), vm.affinity]
        found[vm.uuid] = repr(kept).encode()
    return found


def test_every_ailment_has_a_host_that_has_it_and_one_that_nearly_has() -> None:
    assert set(MEANINGS) == {case.code for case in ILL}
    assert set(MEANINGS) == {case.code for case in NEARLY}


@pytest.mark.parametrize("case", ILL, ids=name_of)
def test_an_ailment_is_found(case: Case, open_stage: Callable[..., Stage]) -> None:
    stage = stage_of(case, open_stage)
    before = tree(stage)
    found = [ailment for ailment in look(stage).ailments if ailment.code == case.code]
    assert found
    assert case.repaired is any(ailment.cure is not None for ailment in found)
    assert before == tree(stage)


@pytest.mark.parametrize("case", NEARLY, ids=name_of)
def test_a_host_that_nearly_has_it_has_it_not(case: Case, open_stage: Callable[..., Stage]) -> None:
    assert case.code not in codes(stage_of(case, open_stage))


@pytest.mark.parametrize("name", [n for n in machines.names() if n != "xenserver-6.2-blanks"])
def test_a_healthy_host_has_no_ailment(name: str, open_stage: Callable[..., Stage]) -> None:
    assert () == look(open_stage(name)).ailments


@pytest.mark.parametrize("case", REPAIRED, ids=name_of)
def test_a_repair_leaves_nothing_to_find_and_its_undo_the_first_bytes(
    case: Case, open_stage: Callable[..., Stage]
) -> None:
    stage = stage_of(case, open_stage)
    first = tree(stage)
    job = repair(stage)
    assert_repaired(stage, case)
    if job is None:
        return
    assert Goal.REPAIR is job.goal
    if job.awaits_reboot:
        assert first != tree(stage)
        job = stage.service.run(job, reboot=True)
        assert set(case.hides) == on_pciback(stage)
    assert Outcome.DONE is job.outcome
    assert_repaired(stage, case)
    if case.code == "install-lost":
        return  # the tool itself is taken away by `uninstall` alone

    undone = stage.service.rollback(stage.service.plan_rollback(job), reboot=False)
    assert first == tree(stage)
    assert Goal.ROLLBACK is undone.goal


# --- what it does not do


def test_what_costs_the_host_is_left_out_of_a_repair_and_named(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    arguments("xen-pciback.hide=(02:00.0),(00:17.0)")(stage)
    (ailment,) = [one for one in look(stage).ailments if one.code == "hide-list-kernel"]
    assert "Not hidden: 00:17.0" in ailment.remedy
    assert "(0000:00:17.0)" not in ailment.remedy


def test_of_two_equal_cards_none_is_taken_for_the_one_that_moved(
    open_stage: Callable[..., Stage],
) -> None:
    case = next(case for case in ILL if case.name == "another device is there")
    stage = stage_of(case, open_stage)
    (ailment,) = [one for one in look(stage).ailments if one.code == "device-moved"]
    assert ailment.cure is not None
    # 02:00.1 has the same ids, and is where it was: it is not taken for the other function.
    assert CARD[1] not in ailment.cure.add


def test_two_vms_are_left_to_the_operator_with_the_commands(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    keys("0/0000:02:00.0", "0/0000:02:00.0")(stage)
    found = look(stage)
    (ailment,) = found.ailments
    assert () == found.changes
    for name in ("pbx", "win2019-till"):
        assert f"serialpass-tui unbind {stage.vm_uuid(name)} 0000:02:00.0" in ailment.remedy


def test_a_repair_is_refused_where_the_boot_file_changed_since_it_was_shown(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    arguments(BAD)(stage)
    scan = stage.service.scan()
    shown = stage.service.diagnose(scan)
    arguments("quiet", 1, boots=False)(stage)
    with pytest.raises(Problem) as caught:
        stage.service.repair(scan, shown)
    assert "changed-since-preview" == caught.value.code


def test_before_the_reboot_the_missing_driver_waits_for_it_alone(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    arguments(BAD)(stage)
    repair(stage)
    assert {"pciback-missing", "job-open"} == codes(stage)
    assert all(ailment.reboot for ailment in look(stage).ailments)


def test_a_card_that_changed_places_with_a_network_card_is_found_and_its_undo_refused(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    all_of(hidden, moves((CARD[0], NETWORK)))(stage)
    assert CARD[0] in on_pciback(stage)  # which is the network card now
    job = repair(stage)
    assert job is not None
    stage.service.run(job, reboot=True)
    assert {NETWORK, CARD[1]} == on_pciback(stage)
    assert () == look(stage).ailments
    conflict = stage.service.plan_rollback(job).conflict
    assert conflict is not None
    assert (Exit.REFUSED, "pif") == (conflict.exit_status, conflict.code)


def test_two_cards_that_changed_places_stay_hidden_and_their_vms_follow(
    open_stage: Callable[..., Stage],
) -> None:
    stage = open_stage()
    usb = Bdf.parse("0000:05:00.0")
    hide(stage, (*CARD, usb))
    keys("0/0000:02:00.0", "0/0000:05:00.0")(stage)
    moves((CARD[0], usb))(stage)
    found = look(stage)
    assert {"device-moved"} == {ailment.code for ailment in found.ailments}
    assert found.plan is None
    repair(stage)
    assert () == look(stage).ailments
    assert ["0/0000:05:00.0", "0/0000:02:00.0"] == [
        stage.toolstack.vm(stage.vm_uuid(name)).pci for name in ("pbx", "win2019-till")
    ]


def test_a_running_vm_is_told_to_be_started_anew(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    stage.toolstack.write_key(stage.vm_uuid("door-access"), "other-config:pci", "0/02:00.0")
    (ailment,) = look(stage).ailments
    assert ailment.cure is not None
    assert "It runs now" in ailment.remedy


# --- killed


def ill_stage(open_stage: Callable[..., Stage]) -> Stage:
    """A boot entry, a VM's key and two blocks to repair."""
    stage = open_stage()
    arguments(BAD)(stage)
    keys("0/02:00.0")(stage)
    return stage


def changes_of_the_repair(stage: Stage) -> tuple[Change, ...]:
    return look(stage).changes


RECORDS = 19
"""Opened, planned; began and applied for the file, the affinity, four blocks and the key; the
reboot begun and applied, and the close."""


def run_repair(stage: Stage, journal: KillingJournal | Counting) -> None:
    service = stage.service_with(journal)
    scan = service.scan()
    job = service.repair(scan, service.diagnose(scan))
    assert job is not None
    service.run(job, reboot=True)


def test_the_repair_has_as_many_records_as_the_kills_below_assume(
    open_stage: Callable[..., Stage],
) -> None:
    stage = ill_stage(open_stage)
    counting = Counting(stage)
    run_repair(stage, counting)
    assert RECORDS == counting.count


@pytest.mark.parametrize("back", [False, True], ids=["resumed", "rolled back"])
@pytest.mark.parametrize("at", range(RECORDS))
def test_a_repair_killed_at_any_record_gets_to_its_end(
    open_stage: Callable[..., Stage], at: int, back: bool
) -> None:
    stage = ill_stage(open_stage)
    first = tree(stage)
    with pytest.raises(Killed):
        run_repair(stage, KillingJournal(stage.world, at, after=True))
    service = stage.service
    left = service.resume()
    if back:
        for job in service.undoable():
            service.rollback(service.plan_rollback(job), reboot=True)
        assert first == tree(stage)
        return
    if left is not None and left.changes:
        service.run(left, reboot=True)
    # Killed before anything was planned, the host is as ill as before and is repaired anew.
    again = repair(stage)
    if again is not None:
        service.run(again, reboot=True)
    assert () == look(stage).ailments
    assert set(CARD) == on_pciback(stage)
