"""One thing that is wrong, and what of its cure the tool can do."""

from __future__ import annotations

from serialpass_tui.lazy import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.core.bdf import Bdf

MEANINGS = {
    "boot-file": "the boot file cannot be read, or there is none",
    "hide-list-kernel": "the kernel refuses the hide list, or stops reading it: a typing error",
    "hide-list-xapi": "the kernel reads the hide list, XAPI does not",
    "hide-list-blanks": "blanks between groups cut the hide list off",
    "hide-list-twice": "the parameter is there more than once: only the last one counts",
    "hide-list-name": "the parameter has a name, or a place, that this kernel does not know",
    "hide-copied": "the ways back (fallback, safe) carry the hide list too, as after an upgrade",
    "no-rescue-entry": "no boot entry without the hidden devices is left",
    "hide-lost": "this tool hid a device, and the boot entry no longer does, as after an upgrade",
    "settings-lost": "a file of this tool's that keeps the hide list beside the boot entry is gone",
    "device-moved": "at a hidden or assigned address is another device than the one chosen",
    "device-absent": "the boot entry hides an address at which no device answers",
    "vm-pci-unread": "a VM's device list has items that XAPI or xl passes over",
    "vm-device-twice": "a VM's device list names a device more than once",
    "vm-device-absent": "a VM's device list names a device that this host does not have",
    "vm-device-shared": "two VMs name one device: only one of them can start",
    "install-lost": "files of this tool's own installation are gone or changed",
    "job-open": "a job has not come to its end",
    "lock-held": "another run of this tool is at work, or hangs",
    "lock-left": "a run of this tool was killed while it was at work",
    "journal-damaged": "the journal of jobs cannot be read",
    "pciback-missing": "the driver pciback is not there in this boot, and devices need it",
}
"""Every code and what it stands for; the README lists them."""


@frozen
class Cure:
    """What the tool can do about an ailment; the plan of all cures together is one job."""

    boot: bool = False
    """The boot entry's list is written anew."""
    add: tuple[Bdf, ...] = ()
    """Devices that the entry shall hide."""
    remove: tuple[Bdf, ...] = ()
    """Addresses that the entry shall no longer hide."""
    clear_copies: bool = False
    """The ways back lose their list; where there is none, one is added."""
    vm: str = ""
    """Uuid of the VM whose device list is written anew."""
    install: bool = False
    """This tool is installed again."""


@frozen
class Ailment:
    """One thing that is wrong."""

    code: str
    what: str
    """A sentence that names the device, file, entry or VM; safe to show."""
    why: str
    """Why it matters."""
    remedy: str
    cure: Cure | None = None
    """None where the operator has to decide or to act."""
    bdfs: tuple[Bdf, ...] = ()
    entries: tuple[str, ...] = ()
    """Labels of the boot entries concerned."""
    vms: tuple[str, ...] = ()
    """Uuids of the VMs concerned."""
    reboot: bool = False
    """Whether only the host's reboot is still missing."""

    def incurable(self, why: str) -> Ailment:
        """The same where the tool can do nothing about it, with the reason before the remedy."""
        return replace(self, cure=None, remedy=f"{why} {self.remedy}")
