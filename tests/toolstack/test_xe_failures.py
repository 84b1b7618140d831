"""What xe complains of: the codes that XML-RPC would have told, and the same words."""

from __future__ import annotations

import pytest

from serialpass_tui.errors import NOTHING_CHANGED, Problem
from serialpass_tui.toolstack import failures
from serialpass_tui.toolstack.answers import Refused
from serialpass_tui.toolstack.xe_failures import failure
from tests.toolstack.fake_xe import Done, complaint
from tests.toolstack.fake_xe_facts import ERRORS

DOUBT = "Nobody knows."
# xe tells two of them in words of its own; of the third no public description was found.
UNDESCRIBED = {"SESSION_AUTHENTICATION_FAILED", "BOOT_DEVICE_PASSTHROUGH_DISALLOWED"}


def details(stderr: str) -> tuple[str, ...]:
    refused = failure(Done(1, "", stderr), DOUBT)
    assert isinstance(refused, Refused)
    return tuple(refused.details)


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("code", sorted(ERRORS))
def test_a_described_failure(code: str, *, old: bool) -> None:
    values = [f"value {number}: of many, \\" for number, _ in enumerate(ERRORS[code][1])]
    said = complaint(code, values, old=old)
    assert (code, *values) == details(said) if values else code == details(said)[0]
    banner = f"Warning: Permanently added the host key.\n{said}"
    assert code == details(banner)[0]


def test_every_failure_with_words_is_known() -> None:
    assert set(failures._CODES) - UNDESCRIBED - {"INTERNAL_ERROR"} <= set(ERRORS)


@pytest.mark.parametrize(
    ("stderr", "expected"),
    [
        ("Error code: BOOT_DEVICE_PASSTHROUGH_DISALLOWED\nError parameters: a, b\n",
         ("BOOT_DEVICE_PASSTHROUGH_DISALLOWED", "a", "b")),
        ("Authentication failed\nFor usage run: 'xe help'\n",
         ("SESSION_AUTHENTICATION_FAILED", "Authentication failed")),
        ("Unknown command: pci-list\nFor usage run: 'xe help'\n",
         ("MESSAGE_METHOD_UNKNOWN", "Unknown command: pci-list")),
        ("Error: Something of its own\n", ("FAILURE", "Error: Something of its own")),
        ("", ("FAILURE", "xe ended with status 1")),
        (f"{ERRORS['INTERNAL_ERROR'][0]}\nmessage: two\nlines\n", ("INTERNAL_ERROR", "two\nlines")),
    ],
)  # fmt: skip
def test_what_xe_says_otherwise(stderr: str, expected: tuple[str, ...]) -> None:
    assert expected == details(stderr)


@pytest.mark.parametrize(
    ("stderr", "state"),
    [
        ("Error: Connection refused (calling connect )\n", NOTHING_CHANGED),
        ("Unable to contact server. Please check server and port settings.\n", NOTHING_CHANGED),
        ("Lost connection to the server.\n", DOUBT),
        ("Error: Connection reset by peer (calling read )\n", DOUBT),
    ],
)
def test_xapi_that_does_not_answer(stderr: str, state: str) -> None:
    lost = failure(Done(1, "", stderr), DOUBT)
    assert isinstance(lost, Problem)
    assert ("xapi-unavailable", state) == (lost.code, lost.state)


def test_a_name_is_no_complaint() -> None:
    """Parameters name VMs, and a VM may be named like a complaint: the description comes first."""
    said = complaint("VM_BAD_POWER_STATE", [f"u (x\n{ERRORS['UUID_INVALID'][0]})"], old=False)
    assert "VM_BAD_POWER_STATE" == details(said)[0]
