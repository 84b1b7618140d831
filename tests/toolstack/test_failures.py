from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit
from serialpass_tui.toolstack.failures import _CODES, from_failure, kebab


@pytest.mark.parametrize("code", sorted(_CODES))
def test_every_known_code_has_words_and_a_way_on(code: str) -> None:
    problem = from_failure([code, "OpaqueRef:x", "y"], "As before.")
    assert (Exit.FAILED, kebab(code), "As before.") == (
        problem.exit_status,
        problem.code,
        problem.state,
    )
    assert problem.summary.endswith(f" ({code}: OpaqueRef:x, y)")
    assert problem.remedy
    assert problem.summary.startswith(_CODES[code].summary)


@pytest.mark.parametrize(
    ("details", "code", "summary"),
    [
        ([], "xapi-failure", "XAPI refused. (FAILURE)"),
        (["NO_HOSTS_AVAILABLE"], "xapi-no-hosts-available", None),
        (["WHO_KNOWS", 1], "xapi-who-knows", "XAPI refused. (WHO_KNOWS: 1)"),
        (["\x1b[2J[b]x"], "xapi-2j-b-x", "XAPI refused. (\\x1b[2J[b]x)"),
        (["INTERNAL_ERROR"], "xapi-internal-error", "XAPI failed inside. (INTERNAL_ERROR)"),
    ],
)
def test_codes(details: list[object], code: str, summary: str | None) -> None:
    problem = from_failure(details)
    assert code == problem.code
    assert summary in {None, problem.summary}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('Cannot_add(0000:02:00.0, Unix_error(30, "1: Operation not permitted"))', "pci-rmrr"),
        ('Cannot_add(0000:02:00.0, Unix_error(30, "16: Device or resource busy"))', "pci-busy"),
        ("Device.PCI.Cannot_add(_, _)", "pci-no-iommu"),
        ("IOMMU unavailable", "pci-no-iommu"),
        ("xenopsd internal error: pciback has not loaded", "pciback-not-loaded"),
        ("Stack_overflow", "internal-error"),
    ],
)
def test_texts_of_internal_error(text: str, code: str) -> None:
    assert f"xapi-{code}" == from_failure(["INTERNAL_ERROR", text]).code


@given(st.lists(st.text(), max_size=4))
def test_whatever_xapi_says_is_safe_to_show(details: list[str]) -> None:
    problem = from_failure(details)
    assert printable(problem.summary) == problem.summary
    assert len(problem.summary) < 400
    assert problem.code == problem.code.lower()
    assert set(problem.code) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
