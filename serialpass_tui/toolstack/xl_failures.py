"""What `xl` says on stderr, in an operator's words.

Texts: xen-project/xen tools/libs/light/{libxl,libxl_pci,libxl_create}.c, tools/libs/util/
libxlu_cfg.c, tools/xl/{xl,xl_parse,xl_vmcontrol}.c; the wrapper /usr/sbin/xl of Debian's
xen-utils-common. xl ends with status 1 for nearly all of them, so that only the words tell.
"""

from __future__ import annotations

import re
from typing import Protocol

from serialpass_tui.core.text import printable
from serialpass_tui.errors import NOTHING_CHANGED, Exit, Problem
from serialpass_tui.lazy import frozen

_DETAIL_LIMIT = 200


class Completed(Protocol):
    """What a program did."""

    @property
    def status(self) -> int:
        """Its exit status."""

    @property
    def stdout(self) -> str:
        """What it wrote."""

    @property
    def stderr(self) -> str:
        """What it complained of."""


@frozen
class _Words:
    """A text of xl's, and what it means."""

    text: str
    """A regular expression, matched without regard to case."""
    code: str
    summary: str
    remedy: str


# The first that fits decides: one cause brings several lines with it, and the cause comes first.
_KNOWN = (
    _Words(
        r"can't find hypervisor information|hypervisor is not xen"
        r"|privileged command interface.*no such (file|device)",
        "xl-no-xen",
        "This system does not run as dom0 under Xen.",
        "Boot the entry that starts Xen, then try again.",
    ),
    _Words(
        r"can't find version|unable to execute /usr/lib/xen",
        "xl-wrong-version",
        "The programs for the Xen that runs here are not installed.",
        "Reboot into the Xen that is installed, or install the xen-utils of the one that runs.",
    ),
    _Words(
        r"(privileged command interface|libxc handle|lockfile|/var/lock/xl).*permission denied",
        "xl-not-root",
        "xl may not talk to Xen: it needs root.",
        "Run the tool as root.",
    ),
    _Words(
        r"xenstore daemon running|(cannot|failed to|unable to|could not) (connect|open|talk)[^\n]*"
        r"xenstore|xenstore[^\n]*(connect|handle)",
        "xl-no-xenstored",
        "xenstored does not answer; without it xl manages no guest.",
        "Start it: systemctl start xenstored, or service xen start (Debian), "
        "rc-service xenstored start (Alpine).",
    ),
    _Words(
        r"pciback driver (is )?not loaded|can't access /sys/bus/pci/drivers/pciback"
        r"|failed to access pciback path",
        "xl-pciback-not-loaded",
        "The pciback driver is not there, so that no guest with a PCI device can start.",
        "modprobe xen-pciback; where it fails, look for 'Error parsing pci_devs_to_hide' in "
        "dmesg: a hide value that the kernel cannot read keeps the driver out.",
    ),
    _Words(
        r"pci device [^\n]* is not assignable",
        "xl-pci-not-assignable",
        "The device still belongs to a driver of dom0, or to another guest.",
        "See `xl pci-assignable-list` and `serialpass-tui status`; make it assignable: "
        "xl pci-assignable-add BDF",
    ),
    _Words(
        r"already assigned to a different guest|assign[^\n]*device or resource busy",
        "xl-pci-busy",
        "The device belongs to another running guest.",
        "Shut that guest down, or take the device out of its file.",
    ),
    _Words(
        r"no iommu|iommu required|iommu is not|passthrough not supported on this platform",
        "xl-no-iommu",
        "Xen has no IOMMU, so that it gives PCI devices to no guest.",
        "Switch VT-d or AMD-Vi on in the firmware setup, and see that the Xen command line has "
        "no iommu=off; then xl info must list hvm_directio.",
    ),
    _Words(
        r"assign[^\n]*operation not permitted",
        "xl-pci-rmrr",
        "Xen refuses the device: its firmware shares reserved memory with it (RMRR).",
        "Add rdm_policy=relaxed to the item, or switch legacy USB support or the remote "
        "management of that port off in the firmware setup.",
    ),
    _Words(
        r"not (yet )?supported for (x86 )?pvh guests",
        "xl-pvh",
        "The guest is of type PVH: Xen gives PCI devices to HVM and PV guests only.",
        'Set type = "hvm" (or "pv") in its file, or choose another guest.',
    ),
    _Words(
        r"unable to parse (pci_spec_string|pci bdf)",
        "xl-pci-unread",
        "xl cannot read an item of the pci list in the guest's file.",
        "Write it as xl-pci-configuration(5) says, for example '0000:02:00.0'.",
    ),
    _Words(
        r"failed to read config file|unable to open configuration file",
        "xl-config-missing",
        "xl cannot open the guest's file.",
        "Read the list of guests again; somebody may have moved the file.",
    ),
    _Words(
        r"config parsing error|failed to parse config|domain name must be specified",
        "xl-config-broken",
        "xl does not accept the guest's file.",
        "`xl create -n -f FILE` reads it without starting the guest and names the line.",
    ),
    _Words(
        r"domain with name [^\n]* already exists|already running",
        "xl-already-running",
        "A guest of that name runs already, or is still being taken down.",
        "See `xl list`; shut it down first: it gets the device only when it is created anew.",
    ),
    _Words(
        r"failed to free memory|out of memory|cannot allocate memory|not enough memory",
        "xl-no-memory",
        "The host has not enough free memory for this guest.",
        "Shut another guest down, or give this one less; see free_memory in `xl info`.",
    ),
    _Words(
        r"pv control interface not available|shutdown failed",
        "xl-no-shutdown",
        "The guest does not take a shutdown request: no Xen drivers run in it.",
        "Shut it down from inside: xl console; by force: xl destroy.",
    ),
    _Words(
        r"invalid domain identifier",
        "no-vm",
        "The guest does not run any more.",
        "Read the list of guests again: xl list",
    ),
)


def from_xl(done: Completed, what: str, state: str = NOTHING_CHANGED) -> Problem:
    """The problem that a failed run of xl is, with the line that says most at its end.

    Args:
        done: What xl did.
        what: The command, for the words where nothing in its output is known.
        state: What the failure leaves behind.
    """
    output = "\n".join((done.stderr, done.stdout))
    for known in _KNOWN:
        match = re.search(known.text, output, re.IGNORECASE)
        if match is not None:
            line = output[: match.end()].splitlines()[-1] + output[match.end() :].split("\n")[0]
            summary = f"{known.summary} ({printable(line.strip(), _DETAIL_LIMIT)})"
            return Problem(Exit.FAILED, known.code, summary, state=state, remedy=known.remedy)
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    said = next((line for line in lines if "error" in line.lower()), (lines or ["no word"])[-1])
    return Problem(
        Exit.FAILED,
        "xl-failed",
        f"{what} failed with status {done.status}: {printable(said, _DETAIL_LIMIT)}",
        state=state,
        remedy="Run it by hand to see all that it says; see also /var/log/xen/.",
    )
