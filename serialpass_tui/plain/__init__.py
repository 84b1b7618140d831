"""Line-mode front end: the subcommands, for people and for scripts, over the service.

Importing it loads no Textual: the subcommands start fast and need no terminal. Each loads its own
module, when it is asked for.
"""

from __future__ import annotations

from serialpass_tui.lazy import exports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.plain.binding import bind, find_vm, unbind, vms
    from serialpass_tui.plain.boot_entry import confirm, hide, preview, unhide
    from serialpass_tui.plain.devices import scan, status
    from serialpass_tui.plain.doctoring import doctor
    from serialpass_tui.plain.installing import install, uninstall
    from serialpass_tui.plain.jobs import history, rollback
    from serialpass_tui.plain.terminal import Terminal, report_problem

__all__ = [
    "Terminal",
    "bind",
    "confirm",
    "doctor",
    "find_vm",
    "hide",
    "history",
    "install",
    "preview",
    "report_problem",
    "rollback",
    "scan",
    "status",
    "unbind",
    "unhide",
    "uninstall",
    "vms",
]

__getattr__ = exports(
    __name__,
    {
        "binding": ("bind", "find_vm", "unbind", "vms"),
        "boot_entry": ("confirm", "hide", "preview", "unhide"),
        "devices": ("scan", "status"),
        "doctoring": ("doctor",),
        "installing": ("install", "uninstall"),
        "jobs": ("history", "rollback"),
        "terminal": ("Terminal", "report_problem"),
    },
)
