"""The shell commands that do by hand what a plan does."""

from __future__ import annotations

from serialpass_tui.core.boot.arguments import hide_words_of
from serialpass_tui.core.boot.model import RESCUE_LABEL
from serialpass_tui.core.boot.outlook import EDITED_LABELS
from serialpass_tui.core.hide_list import canonical
from serialpass_tui.core.text import printable, shell_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.core.boot.model import BootFile, Entry
    from serialpass_tui.core.boot.request import Request

XEN_CMDLINE = "/opt/xensource/libexec/xen-cmdline"


def commands(
    boot: BootFile,
    request: Request,
    edited: tuple[Entry, ...],
    counts: list[int],
    cleared: tuple[Entry, ...] = (),
) -> tuple[str, ...]:
    """The shell commands, and the edits by hand, that come to the same as the plan.

    `cleared` are the entries that lose their list whatever the others get.
    """
    path = shell_words([boot.path])
    backup = shell_words([f"{boot.path}.before-serialpass"])
    by_hand = _grub_commands if boot.loader == "grub" else _extlinux_commands
    lines = [f"cp -p {path} {backup}", *(by_hand(request, edited) if edited else ())]
    lines += [
        f"# take the hide list out of the kernel line of entry {entry.known_as}"
        for entry in cleared
    ]
    if counts[0] < counts[1]:
        lines.append(
            "# copy the default entry to the end of the file without the hide list, "
            f"as {RESCUE_LABEL}"
        )
    if counts[0] > counts[1]:
        lines.append(f"# remove the entry {RESCUE_LABEL} from the end of the file")
    changed = bool(edited or cleared) or counts[0] != counts[1]
    return tuple(printable(line) for line in lines) if changed else ()


def _argument(request: Request, entry: Entry) -> str:
    groups = request.groups(entry)
    name = request.parameter or request.dialect.value
    return f"{name}={canonical(groups)}" if groups else ""


def _grub_commands(request: Request, edited: tuple[Entry, ...]) -> list[str]:
    """xen-cmdline knows the exact name only, and edits both xe and xe-serial at once.

    It takes one key a call: with more it duplicates other arguments
    (xcp-ng/xcp-ng-release src/common/opt/xensource/libexec/xen-cmdline).
    """
    name = request.parameter or request.dialect.value
    known = [entry for entry in edited if entry.label in EDITED_LABELS]
    lines = []
    for argument in dict.fromkeys(_argument(request, entry) for entry in known):
        other = dict.fromkeys(
            word.name
            for entry in known
            for word in hide_words_of(entry, request.dialect, request.parameter).all
            if "(" not in word.name and word.name != name
        )
        lines += [f"{XEN_CMDLINE} --delete-dom0 {shell_words([key])}" for key in other]
        task = f'--set-dom0 "{argument}"' if argument else f"--delete-dom0 {name}"
        lines.append(f"{XEN_CMDLINE} {task}")
    for entry in edited:
        if entry not in known:
            lines.append(
                f"# xen-cmdline leaves the entry {printable(entry.title, 60)} alone; on its "
                f"kernel line write: {_argument(request, entry) or 'no ' + name}"
            )
    return lines


def _extlinux_commands(request: Request, edited: tuple[Entry, ...]) -> list[str]:
    name = request.parameter or request.dialect.value
    lines = []
    for entry in edited:
        argument = _argument(request, entry)
        task = f"write before the last ---: {argument}" if argument else f"take out {name}=..."
        lines.append(f"# edit the append line of label {printable(entry.label, 40)}: {task}")
    lines.append(
        "# extlinux -i /boot, which old instructions ask for, is not needed: the file is read at "
        "each boot, and -i rewrites the boot sector"
    )
    return lines
