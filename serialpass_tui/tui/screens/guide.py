"""Help: the step at hand, then what holds everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serialpass_tui.core.wizard import Step
from serialpass_tui.tui.lines import Ink, Line, fact
from serialpass_tui.tui.screens.base import Frame, Keys, WizardScreen
from serialpass_tui.tui.widgets.pager import Pager

if TYPE_CHECKING:
    from textual.app import ComposeResult

_STEPS = {
    Step.DEVICES: (
        (
            "Tick the card with <Space>, then <Enter>. All ports of one card go together, because"
            " its functions share one reset."
        ),
        (
            "Free: dom0 has it. Hidden: the host was booted with it kept away from dom0, a VM can"
            " take it. Not hidden: a VM or the boot entry names it, and dom0 has it all the same."
            " Refused: this host itself needs it; the line below the list says what for, and"
            " <Space> tells all."
        ),
        (
            "Motherboard ports and USB adapters are listed because people look for them: their "
            "way to a VM is another one, which is named."
        ),
        (
            "A card is missing? `lspci -nn` shows what the host sees. Shut the host down and "
            "seat it, try another slot, look into the BIOS whether the slot is on."
        ),
    ),
    Step.BOOT: (
        (
            "dom0 must not touch the card. xen-pciback holds it from boot on, when the boot entry"
            " says so. Only that one word of the boot file changes; what you read is what is "
            "written."
        ),
        (
            "Other devices in the list stay in it. A backup lies beside the file before the first"
            " byte changes, and one boot entry stays as it was: the rescue entry."
        ),
        (
            "Where the boot loader can boot an entry once, the change is tried first: a copy of "
            "the default entry with the list is booted once, and the default stays as it is. After "
            "a hang or a panic, or if you do not keep it, the host boots as before. <t> leads to "
            "the way without a trial and back."
        ),
        (
            "<c> shows the commands that do the same by hand. `extlinux -i /boot`, which old "
            "procedures ask for, is not needed: it reinstalls the loader, not its configuration."
        ),
    ),
    Step.REBOOT: (
        (
            "The boot entry takes effect at the next boot. The reboot cannot be taken back, so it"
            " is asked for by the host's name."
        ),
        ("XAPI is asked to disable the host first, so that HA can say no; then the host reboots."),
        (
            "Without a reboot: pciback takes the card from dom0's driver at once. What that does "
            "is shown first."
        ),
        ("Later: leave, reboot when it suits, and start serialpass-tui again. It knows the job."),
    ),
    Step.HIDDEN: (
        (
            "In a trial boot: what the host had before it, beside what it has now. Keep it, and "
            "the default boot entry says the same from then on; the trial entry goes. Some things "
            "come late after a boot: <l> looks again."
        ),
        (
            "Four looks at each card: what the boot file says, what this boot was started with, "
            "which driver holds it, and what follows. Only the driver pciback proves that it is "
            "hidden."
        ),
        (
            "Where dom0's own driver was faster, pciback can take the card from it now; XAPI does "
            "the same when the VM starts."
        ),
    ),
    Step.VM: (
        (
            "</> goes to the search field; it searches names and uuids. <Down> or <Enter> goes to"
            " the list, <Esc> clears the search. <Space> tells all about a VM."
        ),
        (
            "The VM is told by other-config:pci. It then belongs to this host: it starts here "
            "only, and cannot be migrated, suspended or snapshotted with its memory."
        ),
        (
            "A VM of another host, one that HA restarts, or one of an unfit type is refused with "
            "the reason."
        ),
    ),
    Step.CHECK: (
        "A VM gets the device when it is started, not when it reboots itself.",
        (
            "The checks ask other places than those written: the driver in sysfs, XAPI's record, "
            "and the backend in xenstore. Nothing tells the host that the guest's driver is "
            "happy: look inside the guest, as described."
        ),
    ),
}

TAKING = "Without a reboot"
"""The heading of the help on taking devices at once."""

_TAKING = (
    (
        "pciback can take a card from dom0's driver while the host runs. The writes to sysfs are "
        "those that are shown; afterwards the driver's link in sysfs is read back. A USB "
        "controller takes all its devices along."
    ),
    (
        "It is refused while a program holds a tty of the card open, and for whatever the host "
        "itself needs."
    ),
    (
        "It lasts until the next boot. From then on the boot entry does the same, if dom0's "
        "pciback is built into its kernel; where it is a module, look again after each boot."
    ),
    (
        "Reboot instead where the driver refuses or hangs, where a program used the port, and for "
        "devices that keep a state: after a boot no driver of dom0 has touched the card."
    ),
    (
        "The undo gives the card back to its driver at once. Once this host has booted with the "
        "entry, it takes a reboot."
    ),
)

_XL_STEPS = {
    **_STEPS,
    Step.REBOOT: (
        _STEPS[Step.REBOOT][0],
        (
            "The host is rebooted by its own init system. What becomes of running guests is up to "
            "the xendomains service, where it is on."
        ),
        *_STEPS[Step.REBOOT][2:],
    ),
    Step.HIDDEN: (
        *_STEPS[Step.HIDDEN][:2],
        (
            "Where dom0's own driver was faster, xl does not take the card from it: have pciback "
            "take it now, before the guest starts. The next boot may need the same again."
        ),
    ),
    Step.VM: (
        _STEPS[Step.VM][0],
        (
            "A guest is its file under /etc/xen; the pci list in it names the card. The guest then"
            " cannot be migrated or saved. Every other byte of the file stays, and a backup lies "
            "beside it."
        ),
        (
            "A file that xl itself would not read is refused with the line, a guest of an unfit "
            "type with the reason. A guest that runs from a file elsewhere cannot be edited."
        ),
    ),
    Step.CHECK: (
        "A guest gets the device when it is created anew, not when it reboots itself.",
        (
            "The checks ask other places than those written: the driver in sysfs, the list of "
            "`xl`, and the backend in xenstore. Nothing tells the host that the guest's driver is "
            "happy: look inside the guest, as described."
        ),
    ),
}

_JOBS = (
    (
        "All that was done for one goal is a job. The journal in /var/lib/serialpass-tui knows "
        "of each change whether it was made, even if the tool or the host was cut off in the "
        "middle."
    ),
    (
        "The undo of a job is shown before it is done: the first bytes of the boot file, the "
        "first keys of the VM. Where somebody else changed one of them since, nothing is "
        "overwritten: it stops there and says so."
    ),
    (
        "Several jobs are undone newest first. A device comes back to dom0 with the next reboot; "
        "at once where it was taken without one."
    ),
)

_LOOK = fact("l", "look again: read host and XAPI anew")
_GENERAL = (
    fact("Enter", "go on, or take the choice with the focus"),
    fact("Esc", "back one step; nothing is undone by that"),
    fact("Tab", "to the next field; arrows move in lists and between choices"),
    fact("PgUp PgDn", "read on in long texts"),
    fact("r", "rollback: every job, and the preview of its undo"),
    _LOOK,
    fact("x", "close an open job as it is; it can still be rolled back"),
    fact("Ctrl-L", "paint the screen anew, when kernel messages scribbled over it"),
    fact("q", "quit; an open job is taken up at the next start"),
)

_XL_JOBS = (
    _JOBS[0],
    (
        "The undo of a job is shown before it is done: the first bytes of the boot file and of the"
        " guest's file. Where somebody else changed one of them since, nothing is overwritten: it "
        "stops there and says so."
    ),
    *_JOBS[2:],
)

_XL_GENERAL = tuple(
    fact("l", "look again: read host and guests anew") if item is _LOOK else item
    for item in _GENERAL
)


def lines(step: Step | None, toolstack: str = "xapi", topic: str = "") -> tuple[Line, ...]:
    """The help of one step or of the topic that it has beside, and what holds everywhere."""
    own: list[Line] = []
    xl = toolstack == "xl"
    steps, jobs = (_XL_STEPS, _XL_JOBS) if xl else (_STEPS, _JOBS)
    texts = _TAKING if topic else steps[step] if step is not None else jobs
    for text in texts:
        own += [Line(text), Line()]
    return (*own, Line("Keys", Ink.STRONG), *(_XL_GENERAL if xl else _GENERAL))


class HelpScreen(WizardScreen):
    """What the keys do and what the step is about."""

    def __init__(self, frame: Frame, step: Step | None, topic: str = "") -> None:
        about = topic or (step.value if step is not None else "jobs and their undo")
        super().__init__(frame, "Help", f"About: {about}")
        self._step, self._topic = step, topic

    def body(self) -> ComposeResult:
        """The text."""
        yield Pager(lines(self._step, self.frame.toolstack, self._topic))

    def keys(self) -> Keys:
        """Read and go back."""
        return (("PgDn", "read"), ("Esc", "back"), ("q", "quit"))
