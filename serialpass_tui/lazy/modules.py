"""Modules that are loaded when something of theirs is asked for."""

from __future__ import annotations

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Module:
    """Stands for a module of that name until it is there, and passes on what it has.

    For one that most runs never come to: a local import at each place that uses it says the same
    as often as it is used. Type checkers are shown the import itself.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        """What the module has of that name; its first asking loads it."""
        # Not sys.modules: another thread may have the module half-loaded there.
        return getattr(importlib.import_module(self._name), name)
