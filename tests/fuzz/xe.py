"""Targets: what the `xe` command prints, of hostile records and of nothing that makes sense."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from serialpass_tui.core.pool import PowerState
from serialpass_tui.errors import Problem
from serialpass_tui.toolstack.xe import Xe
from serialpass_tui.toolstack.xe_output import claims, column, pairs
from tests.fuzz.hostile import texts
from tests.toolstack.fake_xe import Done, block

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

UUID = "1f0a8a8d-d293-ac5e-91bd-b260217712dc"
PIECES = ["pci", "suspend", ": ", "; ", ";", ":", " ", ",", "\\", "\n", "0/0000:02:00.0", "x", ""]
pieces = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
KEYS = ("pci", "suspend")
columns = st.lists(st.one_of(pieces, texts), max_size=6)
maps = st.dictionaries(st.one_of(st.sampled_from([*KEYS, "mac_seed"]), pieces), pieces, max_size=6)

LINES = [
    block([("uuid ( RO)", UUID), ("name-label ( RW)", "x")]),
    f"uuid ( RO) : {UUID}\n",
    "    enabled ( RO): true\n",
    f"{UUID},{UUID}\n",
    "Error code: X\n",
    "Error parameters: a, b\n",
    "message: Failure: Key pci not found in map\n",
    "\n",
    "\\",
    "true",
]
answers = st.lists(
    st.builds(
        Done,
        st.integers(0, 1),
        st.one_of(st.lists(st.sampled_from(LINES), max_size=6).map("".join), texts),
        st.one_of(st.lists(st.sampled_from(LINES), max_size=6).map("".join), texts),
    ),
    min_size=1,
    max_size=12,
)


def check_column(values: list[str]) -> None:
    """The values of one field come out as they went in, however many they are."""
    printed = ",".join(re.sub(r"([,\\])", r"\\\1", value) for value in values) + "\n"
    assert values == column(printed) or values in ([], [""])


def check_map(held: dict[str, str]) -> None:
    """No key and no value of a map passes for a key that matters, and none of those is missed."""
    printed = "; ".join(f"{key}: {value}" for key, value in held.items())
    claimed = {key for key, _ in claims(printed, KEYS)}
    assert claimed >= held.keys() & set(KEYS)
    found = pairs(printed, {key: held.get(key) for key in claimed})
    for key in KEYS:
        assert held.get(key) == found.get(key)


def check_nonsense(said: list[Done]) -> None:
    """Whatever xe prints, the operator hears a problem of it or gets facts, and nothing breaks."""
    left: list[Done] = []

    def run(argv: Sequence[str], *, timeout: float) -> Done:
        if not left:
            left.extend(said)
        return left.pop(0)

    xe = Xe(run, UUID)
    operations: list[Callable[[], object]] = [
        xe.pool,
        xe.reboot_host,
        lambda: xe.vm(UUID),
        lambda: xe.read_key(UUID, "other-config:pci"),
        lambda: xe.write_key(UUID, "other-config:pci", "x"),
        lambda: xe.set_power(UUID, UUID, PowerState.HALTED, lambda _: None),
    ]
    for operation in operations:
        with contextlib.suppress(Problem):
            operation()
