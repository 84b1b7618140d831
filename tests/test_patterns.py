"""A pattern that is compiled at its first use is a pattern to all who use its methods."""

from __future__ import annotations

import re

import pytest

from serialpass_tui.lazy import pattern


@pytest.mark.parametrize("text", ["a(b+)c", "", "^é*$"])
@pytest.mark.parametrize("flags", [0, re.IGNORECASE | re.MULTILINE])
def test_it_finds_what_the_compiled_one_finds(text: str, flags: int) -> None:
    ours, theirs = pattern(text, flags), re.compile(text, flags)
    subject = "xABBc abc\né"
    assert theirs.findall(subject) == ours.findall(subject)
    assert theirs.sub("-", subject) == ours.sub("-", subject)
    assert theirs.sub("-", subject) == ours.sub("-", subject)
    assert (theirs.pattern, theirs.flags) == (ours.pattern, ours.flags)


def test_what_cannot_be_compiled_is_told_at_the_first_use() -> None:
    broken = pattern("(")
    with pytest.raises(re.error, match="unterminated"):
        broken.match("")
