"""The machines that ship with the tool: recordings of hosts, redacted."""

from __future__ import annotations

import json
from importlib import resources

from serialpass_tui.core.codec import decode
from serialpass_tui.core.inventory import Recording
from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem

_SUFFIX = ".json"


def names() -> tuple[str, ...]:
    """The names of the machines, sorted."""
    found = (entry.name for entry in _folder().iterdir() if entry.name.endswith(_SUFFIX))
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in found))


def load(name: str) -> Recording:
    """The recording of the machine `name`.

    Raises:
        Problem: `no-such-machine` (usage), naming those that exist.
    """
    if name not in names():
        raise Problem(
            Exit.USAGE,
            "no-such-machine",
            f"There is no simulated host {printable(name)!r}.",
            remedy=f"Choose one of: {', '.join(names())}",
        )
    text = _folder().joinpath(name + _SUFFIX).read_text(encoding="utf-8")
    return decode(Recording, json.loads(text), name)


def _folder() -> resources.abc.Traversable:
    return resources.files("serialpass_tui.sim").joinpath("machines")
