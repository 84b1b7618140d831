"""XAPI's tasks: what an Async call leaves behind, moving on each time somebody looks."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from serialpass_tui.sim.records import NULL, ref

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = 4
"""Looks that a task takes from its start to its end."""


class Refused(Exception):
    """XAPI's refusal: a code and its parameters."""

    def __init__(self, *details: str) -> None:
        super().__init__(*details)
        self.details = list(details)


@dataclass(slots=True)
class Task:
    """One Async call."""

    name: str
    action: Callable[[], object]
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    steps: int = 0
    status: str = "pending"
    error_info: list[str] = field(default_factory=list)
    watched: bool = False
    """Whether somebody waits for its events; then plain looks do not move it."""

    @property
    def ref(self) -> str:
        """Its reference."""
        return ref("task", self.uuid)

    @property
    def pending(self) -> bool:
        """Whether it is under way."""
        return self.status == "pending"

    def step(self) -> None:
        """Move on; at the last step, do what was asked for."""
        if not self.pending:
            return
        self.steps += 1
        if self.steps < STEPS:
            return
        try:
            self.action()
            self.status = "success"
        except Refused as refused:
            self.status = "failure"
            self.error_info = refused.details

    def cancel(self) -> None:
        """End it without doing what was asked for."""
        if self.pending:
            self.status = "cancelled"
            self.error_info = ["TASK_CANCELLED", self.ref]

    def record(self, when: object) -> dict[str, Any]:
        """Its record."""
        return {
            "uuid": self.uuid,
            "name_label": self.name,
            "name_description": "",
            "allowed_operations": ["cancel"] if self.pending else [],
            "current_operations": {},
            "created": when,
            "finished": when,
            "status": self.status,
            "resident_on": NULL,
            "progress": min(1.0, self.steps / STEPS) if self.pending else 1.0,
            "type": "<none/>",
            "result": "",
            "error_info": self.error_info,
            "other_config": {},
            "subtask_of": NULL,
            "subtasks": [],
            "backtrace": "()",
        }
