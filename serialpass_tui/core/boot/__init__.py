"""Boot files: which is in force, what it boots, and the edit of its hide list."""

from __future__ import annotations

from serialpass_tui.core.boot.locate import CANDIDATE_PATHS, in_force
from serialpass_tui.core.boot.model import Argument, BootFile, Entry, Span
from serialpass_tui.core.boot.parse import parse
from serialpass_tui.lazy import exports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.core.boot.companions import with_companions
    from serialpass_tui.core.boot.edit import (
        Companion,
        HidePlan,
        TrialPlan,
        copies,
        plan_hide,
    )
    from serialpass_tui.core.boot.outlook import (
        default_reading,
        edited_entries,
        is_ordered,
        is_trial_boot,
        is_trying,
        next_trial,
        trial_entry,
    )
    from serialpass_tui.core.boot.rescue import clean_entries
    from serialpass_tui.core.boot.trying import clearing, with_trial_plan
    from serialpass_tui.core.boot.watch import MOTD, WATCH, line, starters, with_line

__all__ = [
    "CANDIDATE_PATHS",
    "MOTD",
    "WATCH",
    "Argument",
    "BootFile",
    "Companion",
    "Entry",
    "HidePlan",
    "Span",
    "TrialPlan",
    "clean_entries",
    "clearing",
    "copies",
    "default_reading",
    "edited_entries",
    "in_force",
    "is_ordered",
    "is_trial_boot",
    "is_trying",
    "line",
    "next_trial",
    "parse",
    "plan_hide",
    "starters",
    "trial_entry",
    "with_companions",
    "with_line",
    "with_trial_plan",
]

# What looks at a boot file needs nothing of what edits one.
__getattr__ = exports(
    __name__,
    {
        "companions": ("with_companions",),
        "edit": (
            "Companion",
            "HidePlan",
            "TrialPlan",
            "copies",
            "plan_hide",
        ),
        "outlook": (
            "default_reading",
            "edited_entries",
            "is_ordered",
            "is_trial_boot",
            "is_trying",
            "next_trial",
            "trial_entry",
        ),
        "rescue": ("clean_entries",),
        "trying": ("clearing", "with_trial_plan"),
        "watch": ("MOTD", "WATCH", "line", "starters", "with_line"),
    },
)
