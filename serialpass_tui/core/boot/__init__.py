"""Boot files: which is in force, what it boots, and the edit of its hide list."""

from __future__ import annotations

from serialpass_tui.core.boot.companions import with_companions
from serialpass_tui.core.boot.edit import (
    Companion,
    HidePlan,
    copies,
    default_reading,
    edited_entries,
    plan_hide,
)
from serialpass_tui.core.boot.locate import CANDIDATE_PATHS, in_force
from serialpass_tui.core.boot.model import Argument, BootFile, Entry, Span
from serialpass_tui.core.boot.parse import parse
from serialpass_tui.core.boot.rescue import clean_entries

__all__ = [
    "CANDIDATE_PATHS",
    "Argument",
    "BootFile",
    "Companion",
    "Entry",
    "HidePlan",
    "Span",
    "clean_entries",
    "copies",
    "default_reading",
    "edited_entries",
    "in_force",
    "parse",
    "plan_hide",
    "with_companions",
]
