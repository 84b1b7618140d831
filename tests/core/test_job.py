"""Jobs: folding the journal, net effect, undo lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.changes import Change, DriverChange, FileEdit, Reboot, VmEdit, VmPower
from serialpass_tui.core.inventory import PCIBACK, DeviceId
from serialpass_tui.core.job import (
    Applied,
    Began,
    Closed,
    Dropped,
    Goal,
    NotMade,
    Opened,
    Outcome,
    Planned,
    Progress,
    Record,
    booted_since,
    fold,
    net_effect,
    undo_list,
)
from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.program import Link, ProgramCopy, Seal

CARD = DeviceId(Bdf(0, 2, 0, 0), 0x9710, 0x9922, 0xA000, 0x1000)
EDIT = FileEdit("/boot/extlinux.conf", b"old\n", b"new\n")
REBOOT = Reboot("boot-1")
KEY = VmEdit("u1", "pbx", "other-config:pci", None, "0/0000:02:00.0")
TAKE = DriverChange(CARD.bdf, "serial", PCIBACK, "boot-1")
START = VmPower("u1", "pbx", "h1", PowerState.HALTED, PowerState.RUNNING)
OPENED = Opened("1", 10, Goal.GIVE, "give 0000:02:00.0", (CARD,))


def test_fold_follows_a_job_from_opening_to_its_end() -> None:
    records: list[Record] = [
        OPENED,
        Planned("1", 10, (EDIT, REBOOT)),
        Began("1", 11, 0),
        Applied("1", 11, 0),
    ]
    (job,) = fold(records)
    assert (Progress.APPLIED, Progress.WAITING) == job.progress
    assert (1,) == job.remaining
    assert (EDIT,) == job.applied
    assert job.awaits_reboot
    assert job.is_open

    (job,) = fold([*records, Applied("1", 20, 1), Planned("1", 21, (KEY, START))])
    assert (EDIT, REBOOT, KEY, START) == job.changes
    assert (2, 3) == job.remaining
    assert not job.awaits_reboot

    (job,) = fold([*records, Closed("1", 30, Outcome.DONE)])
    assert Outcome.DONE == job.outcome
    assert not job.is_open


def test_dropped_change_is_neither_remaining_nor_applied() -> None:
    (job,) = fold([OPENED, Planned("1", 10, (EDIT,)), Dropped("1", 11, 0, "disk-full")])
    assert () == job.remaining
    assert () == job.applied
    assert ((0, "disk-full"),) == job.reasons


def test_a_change_that_was_begun_and_not_made_waits_again() -> None:
    (job,) = fold([OPENED, Planned("1", 10, (EDIT,)), Began("1", 11, 0), NotMade("1", 12, 0)])
    assert (Progress.WAITING,) == job.progress
    assert (0,) == job.remaining


def test_records_of_an_unknown_job_or_index_are_passed_over() -> None:
    (job,) = fold([OPENED, Applied("1", 11, 7), Applied("2", 11, 0)])
    assert () == job.changes


def test_undo_list_is_newest_first_and_asks_for_the_reboot_that_was_done() -> None:
    records: list[Record] = [OPENED, Planned("1", 10, (EDIT, REBOOT, KEY, START))]
    records += [Applied("1", 11, index) for index in range(4)]
    (job,) = fold(records)
    expected = (START.inverse(), KEY.inverse(), EDIT.inverse(), Reboot("boot-2"))
    assert expected == undo_list(job, "boot-2")


def test_undo_list_of_an_edit_that_was_never_booted_needs_no_reboot() -> None:
    (job,) = fold([OPENED, Planned("1", 10, (EDIT, REBOOT)), Applied("1", 11, 0)])
    assert (EDIT.inverse(),) == undo_list(job, "boot-1")


def taken_at_once() -> list[Record]:
    """The card is taken in boot-1, the reboot dropped."""
    begin: list[Record] = [OPENED, Planned("1", 10, (EDIT, REBOOT, TAKE, KEY, START))]
    applied = [Applied("1", 11, index) for index in (0, 2, 3, 4)]
    return [*begin, *applied, Dropped("1", 11, 1, "not needed")]


def test_what_was_taken_at_once_is_given_back_last_and_without_a_reboot() -> None:
    (job,) = fold(taken_at_once())
    expected = (START.inverse(), KEY.inverse(), EDIT.inverse(), TAKE.inverse())
    assert expected == undo_list(job, "boot-1")


def test_a_boot_wipes_what_was_taken_at_once_and_its_undo_needs_another() -> None:
    (job,) = fold(taken_at_once())
    expected = (START.inverse(), KEY.inverse(), EDIT.inverse(), Reboot("boot-2"))
    assert expected == undo_list(job, "boot-2")


def test_the_tools_own_files_are_no_part_of_an_undo() -> None:
    own = (
        FileEdit("/etc/profile.d/x.sh", None, b"x", own=True),
        ProgramCopy("/opt/x", None, Seal("00", 1), "/root/x"),
        Link("/usr/local/bin/x", None, "/opt/x"),
    )
    applied = [Applied("1", 11, index) for index in range(4)]
    (job,) = fold([OPENED, Planned("1", 10, (*own, KEY)), *applied])
    assert (KEY.inverse(),) == undo_list(job, "boot-1")


@pytest.mark.parametrize(
    ("changes", "applied", "boot", "expected"),
    [
        ((EDIT, REBOOT), [0], "boot-1", False),
        ((EDIT, REBOOT), [0], "boot-2", True),
        ((EDIT, REBOOT), [], "boot-2", False),
        ((EDIT, TAKE), [0, 1], "boot-2", True),
        ((REBOOT, EDIT, REBOOT.again("boot-2")), [1], "boot-2", False),
        ((REBOOT,), [0], "boot-2", True),
        ((TAKE,), [0], "boot-1", False),
        ((KEY,), [0], "boot-2", False),
    ],
)
def test_whether_the_host_was_started_anew_since_the_edit(
    changes: tuple[Change, ...], applied: list[int], boot: str, expected: bool
) -> None:
    done: list[Record] = [Applied("1", 11, index) for index in applied]
    (job,) = fold([OPENED, Planned("1", 10, changes), *done])
    assert expected is booted_since(job, boot)


def test_net_effect_drops_a_value_that_was_set_and_taken_back() -> None:
    other = VmEdit("u2", "fax", "other-config:pci", None, "0/0000:02:00.0")
    assert (other,) == net_effect([KEY, REBOOT, KEY.inverse(), other])


def test_net_effect_joins_edits_of_one_place() -> None:
    second = FileEdit(EDIT.path, b"new\n", b"newer\n")
    assert (FileEdit(EDIT.path, b"old\n", b"newer\n"),) == net_effect([EDIT, second])


@given(st.lists(st.sampled_from([b"a", b"b", b"c"]), min_size=1, max_size=8))
def test_undoing_the_net_effect_restores_the_first_value(values: list[bytes]) -> None:
    edits = [
        FileEdit("/boot/x", before, after)
        for before, after in zip([b"first", *values], values, strict=False)
    ]
    held: bytes | None = values[-1]
    for change in net_effect(edits):
        assert isinstance(change, FileEdit)
        assert held == change.after
        held = change.inverse().after
    assert b"first" == held
