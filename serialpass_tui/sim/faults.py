"""What may go wrong on a simulated host, as data."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, get_type_hints

from serialpass_tui.core.bdf import Bdf  # noqa: TC001 (the codec resolves this hint at run time)
from serialpass_tui.core.codec import decode
from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from serialpass_tui.core.codec import Json


@frozen
class Faults:
    """The troubles asked for; none by default. JSON: an object with these fields."""

    file_changed: bool = False
    """Another program adds a line to the boot file just before it is replaced."""
    disk_full: bool = False
    """Writing a boot file or its backup fails for want of space."""
    read_only: bool = False
    """Writing a boot file or its backup fails: the file system is read-only."""
    hide_ignored: bool = False
    """The kernel boots with the hide list and binds nothing to pciback."""
    moved: tuple[tuple[Bdf, Bdf], ...] = ()
    """At the next reboot the device at the first address is found at the second."""
    driver_refuses: bool = False
    """dom0's driver does not let go of a device while the host runs."""
    trial_panics: bool = False
    """The kernel of an entry that is booted once panics, and the host starts anew by itself."""
    grubenv_fails: bool = False
    """GRUB reads its environment block at boot and cannot write to it."""
    tty_held: bool = False
    """Until the first reboot a program holds the ttys of PCI cards open."""
    start_fails: str = ""
    """VM.start with a PCI device fails as: rmrr, no-iommu, busy or pciback; or with this text."""
    no_guest_tools: bool = False
    """VMs do not answer a shutdown request."""
    xapi_down: bool = False
    """There is no XAPI socket."""
    xapi_hangs: bool = False
    """XAPI takes calls and never answers."""
    ha_vetoes: bool = False
    """HA refuses to have the host disabled."""
    reboot_fails: bool = False
    """The host's reboot is refused after it was disabled."""


def faults_from(words: Iterable[str]) -> Faults:
    """The faults that a command line names: `disk-full`, `start-fails=rmrr`, `moved=A>B`.

    Raises:
        Problem: `bad-fault` (usage) for a word that names none.
    """
    hints = get_type_hints(Faults)
    given: dict[str, Json] = {}
    for word in words:
        name, has_value, value = word.partition("=")
        field = name.replace("-", "_")
        if field == "moved" and has_value:
            known = given.setdefault(field, [])
            if isinstance(known, list):
                known.append([end.strip() for end in value.split(">")])
        elif hints.get(field) is bool and not has_value:
            given[field] = True
        elif hints.get(field) is str and has_value:
            given[field] = value
        else:
            names = ", ".join(each.name.replace("_", "-") for each in fields(Faults))
            raise Problem(
                Exit.USAGE,
                "bad-fault",
                f"{printable(word)!r} names no fault of the simulated host.",
                remedy=f"The faults are: {names}; start-fails=TEXT and moved=BDF>BDF have values.",
            )
    return decode(Faults, given, "faults")
