"""Boot files: which is in force, what it boots, and the edit of its hide list."""

from __future__ import annotations

from serialpass_tui.core.boot.companions import with_companions
from serialpass_tui.core.boot.edit import Companion, HidePlan, default_reading, plan_hide
from serialpass_tui.core.boot.locate import CANDIDATE_PATHS, in_force
from serialpass_tui.core.boot.model import Argument, BootFile, Entry, Span
from serialpass_tui.core.boot.parse import parse

__all__ = [
    "CANDIDATE_PATHS",
    "Argument",
    "BootFile",
    "Companion",
    "Entry",
    "HidePlan",
    "Span",
    "default_reading",
    "in_force",
    "parse",
    "plan_hide",
    "with_companions",
]
