"""Hostile text and bytes: what a VM's owner, a USB device or a broken disk may put before us."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

TOKENS = (
    "[red]", "[/]", "[@click=app.quit]x[/]", "\x1b[31m", "\x1b]0;t\x07", "\x9b2J", "\x00", "\x7f",
    "\r", "\n", "\t", "\v", "\u0085", "\u2028", "\u2029", "\u202e", "\u2066", "\u200b", "\ufeff",
    "\u0301", "\u2764\ufe0f", "\u96fb", "\U0001f9d1\u200d\U0001f680", "\udc80", "\ud83d", "\ue000", "$(id)",
    "`id`", "'; id; '", '"', "\\", "%s", "{0}", "a b", "--", "~",
)  # fmt: skip
"""Markup, controls, marks that reorder or vanish, wide and broken characters, shell words."""

tokens = st.sampled_from(TOKENS)
KIB_64 = 1 << 16

texts = st.one_of(
    tokens,
    st.lists(st.one_of(tokens, st.text(max_size=4)), max_size=12).map("".join),
    st.text(max_size=40),
    st.builds(
        lambda part, tail: (part * (KIB_64 // len(part)))[: KIB_64 - len(tail)] + tail,
        st.sampled_from(["[red]", "a", "\u96fb", "\u202e"]),
        tokens,
    ),
)
"""Hostile texts, up to 64 KiB of them."""

scalars: st.SearchStrategy[Any] = st.one_of(
    texts,
    st.none(),
    st.booleans(),
    st.sampled_from([-1, 0, 1, 7, 8, 255, 1 << 31, 1 << 63, -(1 << 63), 10**400, 0.5, 1e308]),
    st.floats(),
    st.sampled_from([[], {}, [[]], {"kind": "x"}]),
)


@st.composite
def mutated(draw: st.DrawFn, originals: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """One of `originals` with some pieces cut out, doubled, moved, flipped, or `words` put in."""
    data = draw(st.sampled_from(originals))
    piece = st.one_of(st.sampled_from(words), st.binary(max_size=8))
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 80)))
        how = draw(st.integers(0, 5))
        if how == 0:
            data = data[:start] + data[end:]
        elif how == 1:
            data = data[:start] + draw(piece) + data[start:]
        elif how == 2:
            data = data[:start] + draw(piece) + data[end:]
        elif how == 3:
            data = data[:end] + data[start:]
        elif how == 4:
            data = data[:start]
        else:
            data = data[:start] + draw(piece) * draw(st.sampled_from([2, 9, 300])) + data[end:]
    return data


def garbage(words: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Structured garbage: the format's own words in any order."""
    return st.lists(st.one_of(st.sampled_from(words), st.binary(max_size=3)), max_size=40).map(
        b"".join
    )


def places(value: Any, *, only_text: bool = False) -> list[tuple[str | int, ...]]:
    """The way to every place in a JSON value."""
    found: list[tuple[str | int, ...]] = []
    if not only_text or isinstance(value, str):
        found.append(())
    pairs: Any = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    for key, item in pairs:
        found += [(key, *rest) for rest in places(item, only_text=only_text)]
    return found


def replaced(value: Any, place: tuple[str | int, ...], new: Any) -> Any:
    """A copy of a JSON value with another one at `place`; itself where there is no such place."""
    if not place:
        return new
    key, rest = place[0], place[1:]
    if isinstance(value, dict) and key in value:
        return {**value, key: replaced(value[key], rest, new)}
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return [*value[:key], replaced(value[key], rest, new), *value[key + 1 :]]
    return value


@st.composite
def changed_json(draw: st.DrawFn, originals: Sequence[str], *, only_text: bool) -> Any:
    """One of some JSON texts with one to four values changed."""
    value = json.loads(draw(st.sampled_from(originals)))
    known = places(value, only_text=only_text)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.sampled_from(known))
        value = replaced(value, place, draw(texts if only_text else scalars))
    return value
