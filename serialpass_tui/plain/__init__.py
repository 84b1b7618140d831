"""Line-mode front end: the subcommands, for people and for scripts, over the service.

Importing it loads no Textual: the subcommands start fast and need no terminal.
"""

from serialpass_tui.plain.boot_entry import confirm, hide, preview, unhide
from serialpass_tui.plain.devices import scan, status
from serialpass_tui.plain.doctor import doctor
from serialpass_tui.plain.jobs import history, rollback
from serialpass_tui.plain.terminal import Terminal, report_problem
from serialpass_tui.plain.vms import bind, find_vm, unbind, vms

__all__ = [
    "Terminal",
    "bind",
    "confirm",
    "doctor",
    "find_vm",
    "hide",
    "history",
    "preview",
    "report_problem",
    "rollback",
    "scan",
    "status",
    "unbind",
    "unhide",
    "vms",
]
