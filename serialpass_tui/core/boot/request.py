"""What is asked of every entry of a boot file."""

from __future__ import annotations

from serialpass_tui.core.boot.arguments import Replacement, hide_words_of, set_list
from serialpass_tui.core.boot.wanted import wanted_groups
from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.boot.model import BootFile, Entry
    from serialpass_tui.core.hide_list import Dialect, Group, Reading
    from serialpass_tui.core.inventory import PciFunction

"""The entries that xen-cmdline edits; the default entry is edited besides, whatever its label."""


@frozen
class Request:
    """What is asked of every entry."""

    dialect: Dialect
    add: tuple[Bdf, ...]
    remove: tuple[Bdf, ...]
    functions: tuple[PciFunction, ...] | None
    parameter: str | None

    def groups(self, entry: Entry) -> tuple[Group, ...]:
        """The list that the entry shall have."""
        return wanted_groups(self.reading(entry), self.add, self.remove, self.functions)

    def reading(self, entry: Entry) -> Reading:
        """What the kernel makes of the entry today."""
        return entry.reading(self.dialect, self.parameter)

    def carries(self, entry: Entry) -> bool:
        """Whether any hide parameter is on the entry's line, under whatever name."""
        return bool(hide_words_of(entry, self.dialect, self.parameter).all)

    def edits(self, boot: BootFile, entry: Entry) -> tuple[Replacement, ...]:
        """The replacements that give the entry its list."""
        return set_list(boot, entry, self.groups(entry), self.dialect, self.parameter)
