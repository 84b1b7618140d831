"""The programs that are compared."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.scale import MACHINE

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAMS = "tests.bench.programs"
RECORDING = Path(__file__).parents[2] / "serialpass_tui" / "sim" / "machines" / f"{MACHINE}.json"


@dataclass(frozen=True)
class Contender:
    """A program: how it is run for the whole way, and for its first screen."""

    name: str
    path: Callable[[Path], tuple[str, ...]]
    start: Callable[[Path], tuple[str, ...]]
    needs: str = ""
    """The library that must be installed."""


def _wizard(folder: Path, module: str) -> tuple[str, ...]:
    """Over a simulated host of its own, which the way changes."""
    return ("-m", module, tempfile.mkdtemp(dir=folder), "1000")


def _recorded(module: str, *options: str) -> Callable[[Path], tuple[str, ...]]:
    """Over a recording: the simulated host is no part of what a dom0 starts."""
    return lambda _folder: ("-m", module, *options, str(RECORDING))


def _program(name: str, library: str = "") -> Contender:
    """One of `programs/`; like the wizard it starts with what the first screen needs."""
    module = f"{PROGRAMS}.with_{name}"

    def start(folder: Path) -> tuple[str, ...]:
        first = folder / "first.json"
        if not first.exists():
            first.write_text(json.dumps(json.loads((folder / "texts.json").read_text())[:1]))
        return ("-m", module, str(first))

    return Contender(
        name, lambda folder: ("-m", module, str(folder / "texts.json")), start, library
    )


STOCK = f"{PROGRAMS}.stock"

CONTENDERS = (
    Contender(
        "this tool",
        lambda folder: _wizard(folder, "tests.term.stage"),
        _recorded("serialpass_tui", "--machine"),
    ),
    Contender(
        "this tool on Textual's driver", lambda folder: _wizard(folder, STOCK), _recorded(STOCK)
    ),
    _program("curses"),
    _program("urwid", "urwid"),
    _program("prompt_toolkit", "prompt_toolkit"),
)
