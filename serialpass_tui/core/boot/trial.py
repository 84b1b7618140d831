"""The trial entry: a copy of the default entry with the new hide list, to be booted once.

The default entry stays as it was until the trial has shown that the host comes up. The copy stands
at the end of the file with everything that belongs to it, so that taking it away leaves the first
bytes.

For GRUB the variable `override_entry` in its environment block names the entry for a single boot,
as xenserver/python-libs xcp/bootloader.py has it. The lines in front of the copy take it out of the
block before they choose the copy, so that a hang, a panic or a power cut is followed by the
default. They are no part of the entry, as python-libs keeps what stands between entries, and not
the order of what stands in one. extlinux keeps the label for a single boot in its own data, and
takes it out itself (syslinux doc/extlinux.txt, --once).
"""

from __future__ import annotations

import re

from serialpass_tui.core.boot.arguments import appended, replaced, set_list
from serialpass_tui.core.boot.model import TRIAL_LABEL, BootFile, Entry
from serialpass_tui.core.boot.outlook import MARKER, trial_entry
from serialpass_tui.core.boot.parse import parse
from serialpass_tui.core.boot.rescue import cut, line_end_at, renaming
from serialpass_tui.core.kernel_args import MAX_CMDLINE
from serialpass_tui.errors import Exit, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.core.hide_list import Dialect, Group

TITLE_SUFFIX = " (serialpass-tui trial)"
_GRUB_HEAD = """\
# serialpass-tui: an entry that is booted once, to try its hide list
if [ -s $prefix/grubenv ]; then
\tload_env override_entry
fi
if [ "$override_entry" = serialpass-trial ]; then
\tunset override_entry
\tif save_env override_entry; then
\t\tset default=serialpass-trial
\telse
\t\tset default='{default}'
\tfi
fi
"""
"""What stands in front of GRUB's copy.

`save_env` fails where GRUB cannot write to the disk (grub-core/commands/loadenv.c): then the order
would stand at every boot, so that it is not followed at all.
"""


def with_trial(boot: BootFile, groups: tuple[Group, ...], dialect: Dialect) -> BootFile:
    """A boot file without a trial entry, with one that hides `groups`; its default stays.

    Raises:
        Problem: `no-trial` saying why there can be none in this file.
    """
    model = boot.default
    if model is None or not model.has_xen:
        raise no_trial("which Xen entry boots by default is not known from the boot file")
    if "'" in boot.chosen:
        raise no_trial("the name of the default entry holds a quote")
    text = f"{boot.text}{_chunk(boot, model, groups, dialect)}"
    after = parse(boot.path, text.encode("latin-1"))
    made = trial_entry(after)
    if made is None or after.default is None or (after.default.line != model.line):
        raise no_trial("an entry at the end of the boot file would not be read")
    if len(made.cmdline) > MAX_CMDLINE:
        raise no_trial(
            f"its dom0 command line would have {len(made.cmdline)} bytes; Xen cuts it off after "
            f"{MAX_CMDLINE}"
        )
    return after


def without_trial(boot: BootFile) -> BootFile:
    """The boot file as it is without any trial entry; itself where it has none."""
    text = boot.text
    for entry in reversed(boot.entries):
        if entry.is_trial:
            start = entry.span.start
            if head := _head_before(text[:start]):
                start = head.start()
            text = cut(text, start, entry.span.end)
    return boot if text == boot.text else parse(boot.path, text.encode("latin-1"))


def no_trial(why: str) -> Problem:
    """Why no trial boot is to be had here; `why` completes "a trial boot cannot be had: "."""
    return Problem(
        Exit.REFUSED,
        "no-trial",
        f"A trial boot cannot be had here: {why}.",
        remedy="Write the default entry at once; the rescue entry stays as the way back.",
    )


def _chunk(boot: BootFile, model: Entry, groups: tuple[Group, ...], dialect: Dialect) -> str:
    """The copy and what goes with it; where the file has no final line end, it has none either."""
    edits = [
        *set_list(boot, model, groups, dialect),
        appended(boot, model, MARKER, dialect),
        *renaming(boot, model, TRIAL_LABEL, TITLE_SUFFIX, grub_title=f"'{TRIAL_LABEL}'"),
    ]
    copy = replaced(boot.text, edits, model.span)
    line_end = line_end_at(boot.text, model.span.start)
    if boot.loader == "grub":
        copy = _GRUB_HEAD.replace("\n", line_end).format(default=boot.chosen) + copy
    return f"{copy}{line_end}" if boot.text.endswith("\n") else f"{line_end}{copy}"


def _head_before(text: str) -> re.Match[str] | None:
    """What stands in front of GRUB's copy at the end of `text`, whatever default it names."""
    first, last = map(re.escape, _GRUB_HEAD.split("{default}"))
    pattern = f"{first}[^'\n]*{last}".replace("\\\n", "\r?\n")
    return re.search(rf"{pattern}\Z", text)
