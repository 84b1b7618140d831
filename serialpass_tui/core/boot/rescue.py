"""The boot entry that hides nothing: the way back into a host that does not come up."""

from __future__ import annotations

from serialpass_tui.core.boot import extlinux
from serialpass_tui.core.boot.arguments import Replacement, hide_words_of, replaced, set_list
from serialpass_tui.core.boot.model import RESCUE_LABEL, RESCUE_SUFFIX, BootFile, Entry, Span
from serialpass_tui.core.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.core.hide_list import Dialect

# The installer's own ways back come first; trusted boot needs hardware that may not be there.
_ORDER = (
    "fallback", "safe", RESCUE_LABEL, "fallback-serial", "xe", "xe-serial", "xe-tboot",
    "xe-serial-tboot",
)  # fmt: skip
WAYS_BACK = frozenset({"fallback", "fallback-serial", "safe", RESCUE_LABEL})
"""The entries that are made for the case that the default one does not come up."""
_NO_WAY_BACK = {"upgrade"}


def clean_entries(boot: BootFile, dialect: Dialect, parameter: str | None = None) -> list[Entry]:
    """The entries that boot dom0 without any hide list, the best way back first.

    An entry that goes by the same name as one with a list is none: nobody can tell them apart at
    the console.
    """
    bootable = [entry for entry in boot.entries if entry.has_xen]
    listed = {
        _name(boot, entry) for entry in bootable if hide_words_of(entry, dialect, parameter).all
    }
    clean = [
        entry
        for entry in bootable
        if entry.label not in _NO_WAY_BACK and _name(boot, entry) not in listed
    ]
    return sorted(clean, key=_rank)


def _name(boot: BootFile, entry: Entry) -> str:
    """What the operator goes by: titles stand in a menu, labels are typed at boot:."""
    return entry.title if boot.has_menu else entry.label


def _rank(entry: Entry) -> tuple[bool, int, int]:
    place = _ORDER.index(entry.label) if entry.label in _ORDER else len(_ORDER)
    return entry.is_default, len(entry.submenus), place


def with_rescue(
    boot: BootFile, model: Entry, after: str, dialect: Dialect, parameter: str | None
) -> str:
    """`after` with a copy of the entry `model` of `boot` at its end, without any hide list.

    Where the file has no final line end, the copy has none either: that is how `without_rescue`
    knows which bytes were there before.
    """
    title = _grub_title(boot.text, model.name) if boot.loader == "grub" else ""
    edits = [
        *set_list(boot, model, (), dialect, parameter),
        *renaming(boot, model, RESCUE_LABEL, RESCUE_SUFFIX, grub_title=title),
    ]
    copy = replaced(boot.text, edits, model.span)
    line_end = line_end_at(boot.text, model.span.start)
    return f"{after}{copy}{line_end}" if after.endswith("\n") else f"{after}{line_end}{copy}"


def without_rescue(text: str, entry: Entry) -> str:
    """`text` without the rescue entry and the line end that came with it."""
    return cut(text, entry.span.start, entry.span.end)


def cut(text: str, start: int, end: int) -> str:
    """`text` without what was added from `start` to `end`, and the line end that came with it."""
    for line_end in ("\r\n", "\n"):
        if text.startswith(line_end, end):
            return text[:start] + text[end + len(line_end) :]
    before = text[:start]
    line_end = "\r\n" if before.endswith("\r\n") else "\n"
    return before.removesuffix(line_end) + text[end:]


def line_end_at(text: str, position: int) -> str:
    """How the line of a position ends."""
    end = text.find("\n", position)
    return "\r\n" if end > 0 and text[end - 1] == "\r" else "\n"


def renaming(
    boot: BootFile, model: Entry, label: str, suffix: str, *, grub_title: str
) -> list[Replacement]:
    """The replacements that give a copy of `model` a name, and nothing of what is the default's.

    extlinux goes by the label, and the titles get the suffix; GRUB goes by the title alone.
    """
    if boot.loader == "grub":
        return [Replacement(model.name.start, model.name.end, grub_title)]
    edits = [Replacement(model.name.start, model.name.end, label)]
    titled = False
    for line in extlinux.lines(boot.text, model.span.start, model.span.end):
        words = line.of(boot.text).lower().split()
        is_title = line.keyword == "menu" and words[:1] == ["label"]
        if line.is_global or extlinux.is_menu_default(line, boot.text):
            edits.append(Replacement(line.start, min(line.end + 1, model.span.end), ""))
        elif is_title or (line.keyword == "#" and words and not titled):
            titled = titled or line.keyword == "#"
            edits.append(Replacement(line.argument.end, line.argument.end, suffix))
    return edits


def _grub_title(text: str, name: Span) -> str:
    """The copy's title: never one that python-libs counts among its own labels.

    " / " in a title makes it `fallback` there, and of two entries with one label it loses one.
    """
    raw = text[name.start : name.end].replace(" / ", "/")
    quote = raw[0]
    simple = len(raw) > 1 and quote in "'\"" and raw[-1] == quote and quote not in raw[1:-1]
    return f"{raw[:-1]}{RESCUE_SUFFIX}{quote}" if simple else f"{raw}'{RESCUE_SUFFIX}'"


def how_to_choose(boot: BootFile, entry: Entry) -> str:
    """How the operator gets to `entry` at the console, in words."""
    name = printable(_name(boot, entry))
    limit = f" within {boot.timeout_s:g} s" if boot.timeout_s else ""
    if not boot.has_menu:
        wake = "Hold Shift while the host starts until boot: shows; " if boot.menu_hidden else ""
        how = f"{wake}{'at' if wake else 'At'} the boot: prompt type {name} and press Enter{limit}."
    else:
        menu = "GRUB's menu" if boot.loader == "grub" else "the boot menu"
        path = "".join(f"open {printable(title)!r}, then " for title in entry.submenus)
        wake = (
            f"Hold Shift (BIOS) or press Esc (UEFI) while the host starts until {menu} shows; "
            if boot.menu_hidden
            else f"In {menu} press an arrow key{limit}; "
        )
        how = f"{wake}{path}choose {name!r} and press Enter."
    return how + _iommu_note(boot, entry)


def _iommu_note(boot: BootFile, entry: Entry) -> str:
    span = entry.xen_args or Span(0, 0)
    if "iommu=off" not in boot.text[span.start : span.end].split():
        return ""
    return (
        " VMs with passed-through devices do not start there (iommu=off); for a rescue it will do."
    )
