"""The screens: one file a step, each with a pure presenter that has its words.

The screens that come later are loaded when the first of their names is asked for: the first screen
need not wait for classes of which a run may show none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from serialpass_tui.lazy import exports

if TYPE_CHECKING:
    from serialpass_tui.tui.screens.bind import BindScreen
    from serialpass_tui.tui.screens.boot_entry import BootEntryScreen, written_words
    from serialpass_tui.tui.screens.check import CheckScreen
    from serialpass_tui.tui.screens.guide import HelpScreen
    from serialpass_tui.tui.screens.hidden import HiddenScreen, is_giving
    from serialpass_tui.tui.screens.reboot import RebootScreen
    from serialpass_tui.tui.screens.rollback import HistoryScreen, UndoScreen, UnfinishedScreen
    from serialpass_tui.tui.screens.take import TakeScreen
    from serialpass_tui.tui.screens.trial import ReturnedScreen, TrialScreen
    from serialpass_tui.tui.screens.vms import VmScreen

__all__ = [
    "BindScreen",
    "BootEntryScreen",
    "CheckScreen",
    "HelpScreen",
    "HiddenScreen",
    "HistoryScreen",
    "RebootScreen",
    "ReturnedScreen",
    "TakeScreen",
    "TrialScreen",
    "UndoScreen",
    "UnfinishedScreen",
    "VmScreen",
    "is_giving",
    "written_words",
]

__getattr__ = exports(
    __name__,
    {
        "bind": ("BindScreen",),
        "boot_entry": (
            "BootEntryScreen",
            "written_words",
        ),
        "check": ("CheckScreen",),
        "guide": ("HelpScreen",),
        "hidden": (
            "HiddenScreen",
            "is_giving",
        ),
        "reboot": ("RebootScreen",),
        "rollback": (
            "HistoryScreen",
            "UndoScreen",
            "UnfinishedScreen",
        ),
        "take": ("TakeScreen",),
        "trial": ("ReturnedScreen", "TrialScreen"),
        "vms": ("VmScreen",),
    },
)
