"""This tool on a host: its places, and what it writes there beside its own program.

Each program has a name with its version and digest, and a link chooses one: an upgrade never puts
other bytes under the name from which a running copy still loads its parts, and the undo of an
upgrade needs no copy of the old bytes. The link lies in /usr/local/bin, which is on root's path at
a login and where sshd runs a command; /usr/local/sbin is not in every release (openssh.spec of
Fedora and RHEL, --with-superuser-path).
"""

from __future__ import annotations

from serialpass_tui.core.boot.watch import line
from serialpass_tui.core.changes import FileEdit, is_own
from serialpass_tui.core.program import Link, ProgramCopy
from serialpass_tui.core.text import printable, shell_words
from serialpass_tui.core.trial import Stage
from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from serialpass_tui.core.job import Job
    from serialpass_tui.core.program import Seal

NAME = "serialpass-tui"
HOME = f"/opt/{NAME}"
LINK_FOLDERS = ("/usr/local/bin", "/usr/bin")
HINT = f"/etc/profile.d/{NAME}.sh"
PLUGIN = "XSFeatureSerialPass.py"
PLUGIN_FOLDERS = (
    "/usr/lib64/xsconsole/plugins-extras",
    "/usr/lib/xsconsole/plugins-extras",
    "/usr/lib64/xsconsole/plugins-base",
    "/usr/lib/xsconsole/plugins-base",
)
"""Where xsconsole looks for features (xapi-project/xsconsole XSConsole.py and Makefile)."""

Own = FileEdit | ProgramCopy | Link


@frozen
class Program:
    """The program that runs."""

    path: str
    """Where it lies; empty where a Python runs it that needs to be told how."""
    version: str
    seal: Seal | None
    """None: it is not the one file, and lies where pip has put it."""

    @property
    def home(self) -> str:
        """Where it lies when it is installed."""
        if self.seal is None:
            return self.path
        return f"{HOME}/{NAME}-{self.version}-{self.seal.sha256[:8]}"


def standing(jobs: Iterable[Job]) -> Mapping[str, Own]:
    """What the jobs have installed and not taken away again: the last change of each place."""
    found: dict[str, Own] = {}
    for job in jobs:
        for change in job.applied:
            if isinstance(change, FileEdit | ProgramCopy | Link) and is_own(change):
                found.pop(change.path, None)
                if change.after is not None:
                    found[change.path] = change
    return found


def hint(told: str) -> bytes:
    """What a login shell of sh's kin runs: `told` is the file that is there while jobs are open.

    Only an interactive one says anything: what a program reads over ssh must not change.
    """
    file = shell_words([told])
    return (
        f"# {NAME}: tells at a login of a job that is open; nothing where none is\n"
        "case $- in\n"
        "*i*)\n"
        f"    if [ -s {file} ]; then\n"
        f"        cat {file}\n"
        "    fi\n"
        "    ;;\n"
        "esac\n"
    ).encode()


def plugin(program: str, told: str) -> bytes:
    """The feature of xsconsole that starts `program`, for Python 2.4 to 3.

    xsconsole leaves its screen for a command that a feature names, and comes back after it
    (xapi-project/xsconsole plugins-base/XSFeatureLocalShell.py, XSConsoleTerm.py). It loads each
    file by `imp`, which leaves a compiled one beside it; that would stay when this file is taken
    away, so that the feature removes it. `told` is the file that is there while jobs are open.
    """
    command = (
        f"{shell_words([program])} || {{ echo; echo 'Press Enter to go back.'; read answer; }}"
    )
    return _PLUGIN.format(name=NAME, command=ascii(command), told=ascii(told)).encode("ascii")


_PLUGIN = """\
# {name}: its entry in the menu of xsconsole; `{name} uninstall` takes this file away.
# It is read by the host's own Python, from 2.4 to 3.

if __name__ == "__main__":
    raise Exception("This is a feature of xsconsole, which loads it.")

import os

from XSConsoleStandard import *

COMMAND = {command}
OPEN_JOBS = {told}


def forget_compiled():
    # What Python has compiled from this file would outlive it.
    base = os.path.splitext(__file__)[0]
    cached = globals().get("__cached__")
    for path in (base + ".pyc", base + ".pyo", cached):
        try:
            if path:
                os.unlink(path)
        except OSError:
            pass
    try:
        if cached:
            os.rmdir(os.path.dirname(cached))
    except OSError:
        pass


def open_jobs():
    try:
        told = open(OPEN_JOBS)
    except (IOError, OSError):
        return ""
    try:
        return told.read().strip()
    finally:
        told.close()


def describe(pane):
    pane.AddTitleField(Lang("Serial Ports for VMs"))
    pane.AddWrappedTextField(Lang(
        "Press <Enter> to give a serial card of this host to a Virtual Machine, to see where "
        "the cards are, or to take one back."))
    told = open_jobs()
    if told:
        pane.NewLine()
        pane.AddWrappedTextField(told)


def start():
    Layout.Inst().SubshellCommandSet(COMMAND)


def activate():
    DialogueUtils.AuthenticatedOnly(start)


forget_compiled()
Importer.RegisterNamedPlugIn(None, "SERIALPASS_TUI", {{
    "menuname": "MENU_ROOT",
    "menupriority": 1450,
    "menutext": Lang("Serial Ports for VMs"),
    "statusupdatehandler": describe,
    "activatehandler": activate,
}})
"""


def login_words(jobs: Iterable[Job]) -> str:
    """What a login says of open jobs, a line each; empty where there is none.

    One about the tool itself is not among them: what it would have to name may not be there.
    """
    return "".join(f"{_login_line(job)}\n" for job in jobs if not job.goal.is_own)


def _login_line(job: Job) -> str:
    """A trial that was looked at tells what came of it; any other job that it is open."""
    if job.boots:
        seen = job.boots[-1]
        stage = Stage.RUNNING if seen.trial else Stage.RETURNED
        return line(stage, seen.hidden, len(job.devices))
    return f"{NAME}: job {printable(job.id, 20)}, {printable(job.title, 60)}, is open: run {NAME}"
