"""The steps, one after the other and back, as an operator goes through them."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from textual.events import Key

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.job import Goal, Outcome
from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.verify import Place
from serialpass_tui.core.wizard import Step
from serialpass_tui.host.journal import StateDirectory
from serialpass_tui.sim import machines
from serialpass_tui.sim.faults import Faults
from serialpass_tui.tui.screens.base import WizardScreen
from serialpass_tui.tui.screens.problem import ProblemScreen

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.conftest import Stage
    from tests.tui.conftest import Operator

    Sit = Callable[..., AbstractAsyncContextManager[Operator]]
    Open = Callable[..., Stage]

CARD = (Bdf.parse("0000:02:00.0"), Bdf.parse("0000:02:00.1"))


def places(stage: Stage) -> set[Place]:
    return {standing.place for standing in stage.service.scan().standings(CARD)}


async def test_from_the_card_to_the_running_vm(open_stage: Open, sit_down: Sit) -> None:
    stage = open_stage()
    panes = []
    async with sit_down(stage.service) as operator:
        panes.append(operator.pane)
        await operator.press("space")
        assert operator.sees("[x] 0000:02:00.0-1")
        await operator.press("enter")
        panes.append(operator.pane)
        assert operator.sees("Will hide 02:00.0 and 02:00.1")
        await operator.press("right", "enter")
        panes.append(operator.pane)
        assert {Place.PENDING} == places(stage)
        await operator.reboot()
        panes.append(operator.pane)
        assert operator.sees("Hidden from dom0, and ready for a VM")
        await operator.press("enter")
        panes.append(operator.pane)
        await operator.choose_vm("pbx")
        panes.append(operator.pane)
        assert operator.sees("VM pbx gets 0000:02:00.0-1")
        await operator.press("right", "enter")
        panes.append(operator.pane)
        assert operator.sees("todo VM runs")
        await operator.press("right", "enter")
        panes.append(operator.pane)
        assert operator.sees("VM pbx runs and has the device")
        await operator.press("enter")
        assert not operator.app.is_running
    assert 0 == operator.app.return_value
    (job,) = stage.service.jobs()
    assert (Goal.GIVE, Outcome.DONE) == (job.goal, job.outcome)
    vm = stage.toolstack.vm(stage.vm_uuid("pbx"))
    assert (PowerState.RUNNING, "0/0000:02:00.0,0/0000:02:00.1") == (vm.power_state, vm.pci)
    for pane in panes:
        lines = pane.split("\n")
        assert 24 == len(lines)
        assert lines[0].endswith("host xcp1.example  DEMO")
        assert lines[0].startswith(" serialpass-tui  Step ")
        assert lines[-1].endswith("<q> quit")
        assert pane.isascii()
        assert all(len(line) <= 80 for line in lines)


async def test_everything_back_again(open_stage: Open, sit_down: Sit) -> None:
    stage = open_stage()
    before = stage.boot_bytes()
    async with sit_down(stage.service) as operator:
        await operator.to_check()
        await operator.press("right", "enter")
        assert operator.sees("runs and has the device")
        await operator.press("r")
        assert operator.sees("Which job shall be taken back?")
        await operator.press("enter")
        assert operator.sees("Undo of job 1")
        assert operator.sees("Shut down VM pbx")
        await operator.press("right", "enter")
        assert operator.sees("Job 1 is rolled back. One reboot is still needed")
        await operator.reboot()
        assert operator.sees("dom0 has it back")
        await operator.press("enter")
        assert operator.sees("Step 1 of 5")
    assert before == stage.boot_bytes()
    assert {Place.FREE} == places(stage)
    vm = stage.toolstack.vm(stage.vm_uuid("pbx"))
    assert (PowerState.HALTED, None, ()) == (vm.power_state, vm.pci, vm.blocked_operations)
    assert [Outcome.ROLLED_BACK, Outcome.DONE] == [job.outcome for job in stage.service.jobs()]


async def test_back_keeps_what_was_chosen(open_stage: Open, sit_down: Sit) -> None:
    stage = open_stage()
    async with sit_down(stage.service) as operator:
        await operator.to_boot_entry()
        await operator.press("escape")
        assert operator.sees("[x] 0000:02:00.0-1")
        await operator.press("enter", "right", "enter", "escape")
        assert operator.sees("The boot entry is ready")
        assert operator.sees("nothing has to be written")
        await operator.press("right", "enter")
        assert operator.sees("Step 3 of 5: Reboot")
        await operator.reboot()
        await operator.press("enter")
        await operator.choose_vm("pbx")
        await operator.press("escape")
        assert operator.sees("Which VM gets")
        await operator.press("escape", "enter", "right", "enter")
        assert operator.sees("VM pbx is bound")
        await operator.press("escape")
        assert operator.sees("Which VM gets")
        await operator.press("enter")
        assert operator.sees("VM pbx gets")
        assert operator.sees("nothing has to be written")


async def test_another_vm_after_all(open_stage: Open, sit_down: Sit) -> None:
    stage = open_stage()
    async with sit_down(stage.service) as operator:
        await operator.to_check("pbx")
        await operator.press("escape")
        await operator.choose_vm("fileserver")
        assert operator.sees("VM fileserver gets"), operator.pane
        assert operator.sees("Keys of VM pbx")
        await operator.press("right", "enter")
        assert operator.sees("VM fileserver is bound")
    keys = {name: stage.toolstack.vm(stage.vm_uuid(name)).pci for name in ("pbx", "fileserver")}
    assert {"pbx": None, "fileserver": "0/0000:02:00.0,0/0000:02:00.1"} == keys


async def test_a_hidden_card_goes_straight_to_the_vm(open_stage: Open, sit_down: Sit) -> None:
    stage = open_stage()
    async with sit_down(stage.service) as operator:
        await operator.to_reboot()
        await operator.reboot()
        await operator.press("x", "x")
        assert operator.sees("Step 1 of 5")
        assert operator.sees("hidden")
        await operator.press("space", "enter")
        assert operator.sees("Step 4 of 5")
        assert operator.sees("Steps 2 and 3 have nothing to do")
        await operator.choose_vm("pbx")
        await operator.press("right", "enter")
        assert operator.sees("VM pbx is bound")
    first, second = stage.service.jobs()
    assert [Outcome.DONE, None] == [first.outcome, second.outcome]


@pytest.mark.parametrize(
    ("way", "shown"),
    [
        ("to_reboot", "Step 3 of 5: Reboot"),
        ("to_vm", "Step 3 of 5: After the reboot"),
        ("to_check", "Step 5 of 5: Check"),
    ],
)
async def test_the_next_start_stands_where_the_work_stands(
    open_stage: Open, sit_down: Sit, way: str, shown: str
) -> None:
    stage = open_stage()
    async with sit_down(stage.service) as operator:
        await getattr(operator, way)()
    async with sit_down(stage.service) as operator:
        assert operator.sees(shown), operator.pane
        assert operator.sees("Job 1 goes on where it stands. <r> rolls it back, <x> closes it.")
        await operator.press("escape")
        assert operator.sees("Step 1 of 5" if way != "to_check" else "Step 4 of 5")


async def test_an_open_job_is_closed_by_a_key_pressed_twice(
    open_stage: Open, sit_down: Sit
) -> None:
    stage = open_stage()
    async with sit_down(stage.service) as operator:
        await operator.to_reboot()
        await operator.press("x")
        assert operator.sees("<x> again closes it")
        assert stage.service.job("1").is_open
        await operator.press("x")
        assert operator.sees("Step 1 of 5")
    assert Outcome.DONE is stage.service.job("1").outcome


async def test_quitting_with_an_open_job_is_told_first(open_stage: Open, sit_down: Sit) -> None:
    stage = open_stage()
    async with sit_down(stage.service) as operator:
        await operator.to_reboot()
        await operator.press("q")
        assert operator.app.is_running
        assert operator.sees("the next start takes it up")
        await operator.press("q")
        assert not operator.app.is_running
    assert 0 == operator.app.return_value


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_quitting_without_a_job_is_at_once(open_stage: Open, sit_down: Sit, key: str) -> None:
    async with sit_down(open_stage().service) as operator:
        await operator.press(key)
        assert not operator.app.is_running
    assert 0 == operator.app.return_value


async def test_xon_does_not_quit(open_stage: Open, sit_down: Sit) -> None:
    async with sit_down(open_stage().service) as operator:
        await operator.press("ctrl+q", "ctrl+p", "ctrl+l")
        assert operator.app.is_running
        assert operator.sees("Step 1 of 5")


@pytest.mark.parametrize("typed", ["", "xcp1", "XCP1.EXAMPLE", "yes"])
async def test_enter_alone_reboots_nothing(open_stage: Open, sit_down: Sit, typed: str) -> None:
    stage = open_stage()
    boot = stage.world.host.boot_id()
    async with sit_down(stage.service) as operator:
        await operator.to_reboot()
        await operator.reboot(typed)
        assert operator.sees("Not this host's name. Type xcp1.example, or <Esc> goes back.")
        await operator.press("escape", "enter")
        assert operator.sees("Step 2 of 5")
    assert boot == stage.world.host.boot_id()


async def test_later_leaves_and_says_how_it_goes_on(open_stage: Open, sit_down: Sit) -> None:
    stage = open_stage()
    async with sit_down(stage.service) as operator:
        await operator.to_reboot()
        await operator.press("right", "enter")
        assert not operator.app.is_running
    assert 0 == operator.app.return_value
    assert stage.service.job("1").awaits_reboot


async def test_a_host_that_goes_down_under_the_tool(
    open_stage: Open, sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = open_stage()
    asked = []
    monkeypatch.setattr(stage.toolstack, "reboot_host", lambda: asked.append(1))
    async with sit_down(stage.service) as operator:
        await operator.to_reboot()
        await operator.reboot()
        assert operator.sees("The host goes down now")
        assert operator.sees("log in and start serialpass-tui")
    assert [1] == asked


async def test_a_refused_card_is_not_ticked(open_stage: Open, sit_down: Sit) -> None:
    async with sit_down(open_stage().service) as operator:
        await operator.press("down", "space")
        assert operator.sees("It cannot be chosen; below the list stands why.")
        assert operator.sees("Refused 00:14.0")
        assert not operator.sees("[x]")
        await operator.press("enter")
        assert operator.sees("Choose a card with <Space> first.")


async def test_page_down_reads_what_is_below_a_list_that_is_seen_whole(
    open_stage: Open, sit_down: Sit
) -> None:
    async with sit_down(open_stage().service) as operator:
        await operator.press("down", "space")
        assert operator.sees("-- lines 1 to 7 of 12, <PgDn> for more --")
        assert operator.sees("Refused 00:14.0")
        await operator.press("pagedown")
        assert operator.sees("-- lines 6 to 12 of 12, <PgUp> for more --")
        assert operator.sees("Refused 00:14.0") is False


async def test_an_arrow_key_leaves_the_text_that_was_asked_for(
    open_stage: Open, sit_down: Sit
) -> None:
    async with sit_down(open_stage().service) as operator:
        assert operator.sees("Nothing is written before that.")
        await operator.press("space", "down")
        assert operator.sees("MosChip Semiconductor Technology Ltd.")
        assert operator.sees("Refused: it has the only keyboard on it")
        await operator.press("up")
        assert operator.sees("dom0 has it (driver serial). Choose it to hide it.")


async def test_page_down_turns_the_pages_of_a_longer_list(open_stage: Open, sit_down: Sit) -> None:
    async with sit_down(open_stage("lookalikes").service) as operator:
        await operator.press("space")
        assert operator.sees("7 of 9 seen")
        assert operator.sees("-- lines 1 to 6 of 12, <Tab> <PgDn> for more --")
        await operator.press("tab", "pagedown")
        assert operator.sees("PgUp/PgDn> for more --")


async def test_hosts_that_cannot_be_read_whole_say_so_at_the_top(
    open_stage: Open, sit_down: Sit
) -> None:
    stage = open_stage(faults=Faults(xapi_down=True))
    async with sit_down(stage.service) as operator:
        assert operator.sees("The VMs cannot be read; the last lines below the list say why.")
        await operator.press("pagedown")
        assert operator.sees("XAPI cannot be reached")


async def test_a_name_that_the_question_has_no_room_for_is_told_in_full(
    open_stage: Open, sit_down: Sit
) -> None:
    name = "virtualisation-host-17.plant-2.customer.example"
    host = machines.load("xcp-ng-8.3-bios")
    renamed = replace(host, inventory=replace(host.inventory, hostname=name))
    async with sit_down(open_stage(recording=renamed).service) as operator:
        await operator.to_reboot()
        assert operator.sees(f"Host {name}")
        await operator.reboot("wrong")
        assert operator.sees("Type the name after Host above, or <Esc> goes back.")
        await operator.press("escape")
        await operator.reboot(name)
        assert operator.sees("Hidden from dom0"), operator.pane


async def test_help_on_every_step(open_stage: Open, sit_down: Sit) -> None:
    async with sit_down(open_stage().service) as operator:
        seen = []

        async def help_here() -> None:
            for key in ("question_mark", "f1"):
                await operator.press(key)
                assert operator.sees("DEMO")
                seen.append(operator.pane.split("\n")[2].strip())
                await operator.press("escape")

        await help_here()
        await operator.press("space", "enter")
        await help_here()
        await operator.press("right", "enter")
        await help_here()
        await operator.reboot()
        await help_here()
        await operator.press("enter")
        await help_here()
        await operator.choose_vm("pbx")
        await operator.press("right", "enter")
        await help_here()
    assert [f"About: {step.value}" for step in Step for _ in range(2)] == seen


async def test_commands_take_the_place_of_the_diff(open_stage: Open, sit_down: Sit) -> None:
    async with sit_down(open_stage().service) as operator:
        await operator.to_boot_entry()
        assert operator.sees("@@ -16 +16 @@")
        await operator.press("c")
        assert operator.sees("The same by hand")
        assert not operator.sees("@@ -16 +16 @@")
        await operator.press("c", "pagedown")
        assert operator.sees("xen-pciback.hide=(0000:02:00.0)(0000:02:00.1)")


async def test_looking_again_keeps_ticks(open_stage: Open, sit_down: Sit) -> None:
    async with sit_down(open_stage().service) as operator:
        await operator.press("space", "l")
        assert operator.sees("[x] 0000:02:00.0-1")


@pytest.mark.parametrize(
    ("machine", "shown"),
    [
        ("no-serial", "No serial card is seen on this host"),
        ("serial-is-console", "is Xen's console"),
        ("xenserver-6.2-procedure", "0000:02:00.0"),
        ("oxford-quad-bridge", "0000:04:00.0-3"),
        ("lookalikes", "not a serial card"),
        ("xcp-ng-8.3-uefi", "Which card"),
        ("xenserver-8", "Which card"),
        ("xenserver-9", "Which card"),
        ("xenserver-6.2-blanks", "Which card"),
    ],
)
async def test_every_machine_shows_its_first_screen(
    open_stage: Open, sit_down: Sit, machine: str, shown: str
) -> None:
    async with sit_down(open_stage(machine).service) as operator:
        assert operator.sees(shown), operator.pane


async def test_the_procedure_of_old_says_what_its_blanks_do(
    open_stage: Open, sit_down: Sit
) -> None:
    async with sit_down(open_stage("xenserver-6.2-blanks").service) as operator:
        await operator.to_boot_entry()
        assert operator.sees("only 05:00.0: the blanks cut the rest off")


async def test_the_first_screen_names_the_doctor_where_there_is_something_to_repair(
    open_stage: Open, sit_down: Sit
) -> None:
    async with sit_down(open_stage("xenserver-6.2-blanks").service) as operator:
        assert operator.sees("1 thing to repair on this host: `serialpass-tui doctor`")
    async with sit_down(open_stage("xenserver-6.2-procedure").service) as operator:
        assert not operator.sees("to repair")


# --- sizes


async def test_too_small_says_so_and_recovers(open_stage: Open, sit_down: Sit) -> None:
    async with sit_down(open_stage().service) as operator:
        await operator.to_boot_entry()
        await operator.press("right")
        await operator.pilot.resize_terminal(60, 20)
        await operator.rest()
        assert operator.sees("80 columns and 24 lines are needed")
        assert not operator.sees("Step 2")
        await operator.press("enter", "escape", "r", "c", "down")
        await operator.pilot.resize_terminal(80, 24)
        await operator.rest()
        assert operator.sees("[>Write the boot entry<]"), operator.pane


@pytest.mark.parametrize("size", [(80, 25), (132, 50), (300, 100)])
async def test_larger_uses_the_room(open_stage: Open, sit_down: Sit, size: tuple[int, int]) -> None:
    async with sit_down(open_stage().service, size=size) as operator:
        await operator.to_boot_entry()
        lines = operator.pane.split("\n")
        assert size[1] == len(lines)
        assert lines[0].endswith("DEMO")
        assert len(lines[0]) == size[0] - 1
        assert lines[-1].endswith("<q> quit")


# --- trouble


async def trouble_at_start(_operator: Operator) -> None:
    pass


async def trouble_when_writing(operator: Operator) -> None:
    await operator.press("space", "enter", "right", "enter")


async def trouble_when_rebooting(operator: Operator) -> None:
    await operator.to_reboot()
    await operator.reboot()


async def trouble_when_starting(operator: Operator) -> None:
    await operator.to_check()
    await operator.press("right", "enter")


@pytest.mark.parametrize(
    ("fault", "way", "step"),
    [
        ({"file_changed": True}, trouble_when_writing, "Step 2"),
        ({"disk_full": True}, trouble_when_writing, "Step 2"),
        ({"read_only": True}, trouble_when_writing, "Step 2"),
        ({"ha_vetoes": True}, trouble_when_rebooting, "Step 3"),
        ({"reboot_fails": True}, trouble_when_rebooting, "Step 3"),
        ({"start_fails": "rmrr"}, trouble_when_starting, "Step 5"),
        ({"start_fails": "busy"}, trouble_when_starting, "Step 5"),
    ],
)
async def test_a_problem_is_a_screen_and_esc_leads_back(
    open_stage: Open,
    sit_down: Sit,
    fault: dict[str, object],
    way: Callable[[Operator], object],
    step: str,
) -> None:
    stage = open_stage(faults=Faults(**fault))  # type: ignore[arg-type] # a table of keywords
    async with sit_down(stage.service) as operator:
        await way(operator)  # type: ignore[misc] # each way is a coroutine function
        screen = operator.app.screen
        assert isinstance(screen, ProblemScreen), operator.pane
        assert operator.sees("DEMO")
        for words in (screen.problem.summary, screen.problem.state, screen.problem.remedy):
            assert operator.sees(words), operator.pane
        assert operator.sees(f"Code {screen.problem.code}")
        await operator.press("question_mark", "escape", "escape")
        assert operator.sees(step), operator.pane
        await operator.press("q", "q")
    assert 0 == operator.app.return_value


async def test_a_file_that_somebody_changed_is_read_as_two_edits_and_planned_anew(
    open_stage: Open, sit_down: Sit
) -> None:
    stage = open_stage()
    async with sit_down(stage.service) as operator:
        await operator.to_boot_entry()
        boot = stage.service.scan().require_boot()
        theirs = boot.data + b"# \x1b[31m somebody else\n"
        stage.files.replace(boot.path, boot.data, theirs)
        await operator.press("right", "enter")
        assert operator.sees("Somebody else came in between"), operator.pane
        read = operator.pane
        while "PgDn" in operator.pane.partition("-- lines")[2]:
            before = operator.pane
            await operator.press("pagedown")
            assert before != operator.pane
            read += operator.pane
        assert "What somebody else did" in read
        assert r"+# \x1b[31m somebody else" in read
        assert "What was not written" in read
        assert "hide=(0000:02:00.0)" in read.partition("What was not written")[2]
        assert theirs == stage.boot_bytes()
        await operator.press("escape")
        assert operator.sees("Step 2 of 5"), operator.pane
        await operator.press("right", "enter")
        assert operator.sees("Step 3 of 5: Reboot"), operator.pane
    assert stage.boot_bytes().endswith(b"somebody else\n")
    assert b"hide=(0000:02:00.0)" in stage.boot_bytes()


async def test_without_xapi_the_boot_half_works(open_stage: Open, sit_down: Sit) -> None:
    stage = open_stage(faults=Faults(xapi_down=True))
    async with sit_down(stage.service) as operator:
        assert operator.sees("Step 1 of 5")
        await operator.to_reboot()
        assert operator.sees("XAPI does not answer")
        await operator.reboot()
        assert operator.sees("Hidden from dom0"), operator.pane
        await operator.press("enter")
        assert isinstance(operator.app.screen, ProblemScreen)
        await operator.press("escape")
        assert operator.sees("Step 3 of 5: After the reboot")


async def test_a_hide_list_that_the_kernel_ignores(open_stage: Open, sit_down: Sit) -> None:
    stage = open_stage(faults=Faults(hide_ignored=True))
    async with sit_down(stage.service) as operator:
        await operator.to_reboot()
        await operator.reboot()
        assert operator.sees("Not everything is hidden as asked")
        assert operator.sees("Why Booted with")
        await operator.press("tab", "enter")
        assert operator.sees("Not everything is hidden as asked")


async def test_a_card_that_moved_stops_the_way(open_stage: Open, sit_down: Sit) -> None:
    moved = ((CARD[0], Bdf.parse("0000:07:00.0")), (CARD[1], Bdf.parse("0000:07:00.1")))
    stage = open_stage(faults=Faults(moved=moved))
    async with sit_down(stage.service) as operator:
        await operator.to_reboot()
        await operator.reboot()
        assert operator.sees("Not everything is hidden as asked"), operator.pane
        assert operator.sees("0000:02:00.0 hides it hides it none absent")
        assert operator.sees("[ Roll back ]")
        assert not operator.sees("Go on")
        await operator.press("tab", "tab", "enter")
        assert operator.sees("Which job shall be taken back?")


async def test_a_conflict_stops_the_rollback(open_stage: Open, sit_down: Sit) -> None:
    stage = open_stage()
    async with sit_down(stage.service) as operator:
        await operator.to_reboot()
        scan = stage.service.scan()
        assert scan.boot is not None
        path = stage.world.root / scan.boot.path.lstrip("/")
        path.write_bytes(path.read_bytes() + b"# another hand\n")
        await operator.press("r", "enter")
        assert operator.sees("Conflict")
        assert operator.sees("Nothing is rolled back")
        assert not operator.sees("[ Roll back ]")
        await operator.press("enter", "escape")
        assert operator.sees("Step 3 of 5")


async def test_a_bug_is_a_screen_too(
    open_stage: Open, sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = open_stage()
    service = stage.service
    async with sit_down(service) as operator:
        monkeypatch.setattr(service, "jobs", lambda: 1 / 0)
        await operator.press("r")
        assert operator.sees("serialpass-tui made a mistake")
        assert operator.sees("ZeroDivisionError")
        assert "Traceback" not in operator.pane
        monkeypatch.undo()
        await operator.press("escape")
        assert operator.sees("Step 1 of 5")
        await operator.press("q")
    assert 1 == operator.app.return_value


async def test_a_host_that_cannot_be_read(
    open_stage: Open, sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = open_stage()
    service = stage.service
    with monkeypatch.context() as patch:
        patch.setattr(service, "scan", lambda: 1 / 0)
        async with sit_down(service) as operator:
            assert operator.sees("serialpass-tui made a mistake")
            await operator.press("escape")
            assert operator.sees("serialpass-tui made a mistake")
            patch.undo()
            await operator.press("escape")
            assert operator.sees("Step 1 of 5")
            await operator.to_boot_entry()


async def test_another_run_that_holds_the_lock_is_named(open_stage: Open, sit_down: Sit) -> None:
    stage = open_stage()
    with StateDirectory(stage.world.state_dir).lock():
        async with sit_down(stage.service) as operator:
            await operator.press("space", "enter", "right", "enter")
            assert operator.sees("Code locked"), operator.pane
            assert operator.sees("Nothing was changed.")
            await operator.press("q")
    assert 0 == operator.app.return_value


async def test_a_hang_up_waits_for_nothing_when_nothing_is_applied(
    open_stage: Open, sit_down: Sit
) -> None:
    async with sit_down(open_stage().service) as operator:
        operator.app._hang_up(129)
        await operator.rest()
        assert not operator.app.is_running
    assert 129 == operator.app.return_value


async def test_quitting_waits_for_the_change(
    open_stage: Open, sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = open_stage()
    reached, go_on = threading.Event(), threading.Event()
    replace = stage.files.replace

    def slow(path: str, before: bytes, after: bytes) -> None:
        reached.set()
        assert go_on.wait(20)
        replace(path, before, after)

    async with sit_down(stage.service) as operator:
        await operator.to_boot_entry()
        monkeypatch.setattr(type(stage.files), "replace", lambda _self, *a: slow(*a))
        await operator.press("right")
        await operator.pilot.press("enter")
        await operator.pilot.pause()
        assert reached.wait(20)
        await operator.pilot.press("q", "escape", "enter", "r")
        assert operator.app.is_running
        assert operator.sees("the tool quits when it is whole"), operator.pane
        go_on.set()
        await operator.rest()
        assert not operator.app.is_running
    assert 0 == operator.app.return_value
    assert {Place.PENDING} == places(stage)


# --- text from outside


async def test_names_are_shown_literally(open_stage: Open, sit_down: Sit) -> None:
    async with sit_down(open_stage().service) as operator:
        await operator.to_vm()
        assert operator.sees("[bold red]fax[/]")
        await operator.choose_vm("fax")
        assert operator.sees("VM [bold red]fax[/]")
        assert operator.sees("\\u202e")
        assert "\u202e" not in operator.pane
        assert "\x1b" not in operator.pane
        assert isinstance(operator.app.screen, WizardScreen)


async def test_letters_typed_ahead_belong_to_the_field_behind_the_tab(
    open_stage: Open, sit_down: Sit
) -> None:
    stage = open_stage()
    async with sit_down(stage.service) as operator:
        await operator.to_reboot()
        for name, letter in (*(("tab", "\t"),) * 3, ("x", "x"), ("l", "l"), ("r", "r")):
            operator.app.post_message(Key(name, letter))
        await operator.rest()
        assert operator.sees("type the host name (xcp1.example): xlr")


async def test_letters_typed_ahead_belong_to_the_search_field(
    open_stage: Open, sit_down: Sit
) -> None:
    async with sit_down(open_stage().service) as operator:
        await operator.to_vm()
        keys = (("slash", "/"), ("f", "f"), ("a", "a"), ("x", "x"), ("x", "x"), ("slash", "/"))
        for name, letter in keys:
            operator.app.post_message(Key(name, letter))
        await operator.rest()
        assert operator.sees("Search: faxx/"), operator.pane


async def test_the_word_after_a_rollback_is_read_to_its_end(
    open_stage: Open, sit_down: Sit
) -> None:
    async with sit_down(open_stage().service) as operator:
        await operator.to_check()
        await operator.press("r", "enter", "right", "enter")
        words = "Job 1 is rolled back. One reboot is still needed: then dom0 has it again."
        assert operator.sees(words), operator.pane
