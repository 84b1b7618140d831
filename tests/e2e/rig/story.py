"""What an operator does at the console of a host, key by key, on the real wizard."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

from tests.e2e.rig.dom0 import CARD, GUEST, GUEST_FILE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.rig.dom0 import Dom0

    Shot = Callable[[str], None]
    """Keeps a picture of the console under a name."""

HOST = "dom0"
_FOCUSED = re.compile(r"\[>(.*?)<\]")
_STOPS = 12
"""More places for the focus than any screen has."""


def no_shot(name: str) -> None:
    """The pictures are for the eye; a test goes by the text."""


def start(dom0: Dom0, options: str = " --no-trial") -> None:
    """Call the wizard from root's shell on the VGA console; it tries nothing in a boot first."""
    dom0.see("bash")
    dom0.type(f"serialpass-tui{options}\n")


# --- the choices at the foot of a screen


def focused(shown: str) -> str:
    """The choice that Enter would take; empty where the focus is on no choice."""
    found = _FOCUSED.search(shown)
    return found[1] if found else ""


def choose(dom0: Dom0, words: str) -> None:
    """Go to a choice, wherever it stands among the others, and take it."""
    _tab_to(dom0, words)
    dom0.press("ret")


def _tab_to(dom0: Dom0, wanted: str) -> None:
    """Press Tab until the focus is on the choice of these words; none: on what is no choice."""
    for _ in range(_STOPS):
        now = focused(dom0.screen())
        if now == wanted:
            return
        dom0.press("tab")
        _wait_for_focus_off(dom0, now)
    raise AssertionError(f"no way by Tab to {wanted!r}:\n{dom0.screen()}")


def _wait_for_focus_off(dom0: Dom0, words: str) -> None:
    """Wait until the focus has moved and the screen rests: in the midst of it, it is nowhere."""
    before = ""

    def moved(shown: str) -> bool:
        nonlocal before
        rests, before = shown == before, shown
        return rests and focused(shown) != words

    dom0.see_that(moved, f"the focus off {words!r}")


def confirm_reboot(dom0: Dom0, shot: Shot = no_shot) -> float:
    """Type the host's name and Enter; how long the host was away."""
    _tab_to(dom0, "")
    dom0.type(HOST)
    dom0.see(f"type the host name ({HOST}): {HOST}")
    shot("reboot-typed")
    dom0.press("ret")
    return dom0.wait_until_up()


def leave(dom0: Dom0) -> None:
    """Quit the wizard, where a job stays open too."""
    prompt, again = "bash-", "<q> again quits"
    dom0.press("q")
    shown = dom0.see_that(lambda shown: prompt in shown or again in shown, "the wizard's end")
    if prompt not in shown:
        dom0.press("q")
        dom0.see(prompt)


# --- the way to the guest


def hide_the_card(dom0: Dom0, shot: Shot = no_shot) -> float:
    """Card, boot entry, reboot; how long the host was away."""
    write_the_entry(dom0, shot)
    return confirm_reboot(dom0, shot)


def write_the_entry(dom0: Dom0, shot: Shot = no_shot) -> None:
    """Card and boot entry, up to the question for the reboot."""
    start(dom0)
    dom0.see("Step 1 of 5: Devices", f"[ ] {CARD}", seconds=30)
    shot("devices")
    dom0.press("spc")
    dom0.see(f"[x] {CARD}")
    dom0.press("ret")
    dom0.see("Step 2 of 5: Boot entry", "Will hide 00:05.0", "[>Back<]")
    shot("boot-entry")
    dom0.press("c")
    dom0.see("The same by hand")
    shot("boot-entry-commands")
    dom0.press("c")
    dom0.see_that(lambda shown: "The same by hand" not in shown, "the edit again")
    choose(dom0, "Write the boot entry")
    dom0.see("Step 3 of 5: Reboot", f"{dom0.flavour.boot_file} is written and was read back.")
    shot("reboot")


def try_the_card(dom0: Dom0, shot: Shot = no_shot) -> float:
    """Card, trial entry, reboot into it; how long the host was away."""
    start(dom0, "")
    dom0.see("Step 1 of 5: Devices", f"[ ] {CARD}", seconds=30)
    dom0.press("spc")
    dom0.see(f"[x] {CARD}")
    dom0.press("ret")
    dom0.see("This is tried in one boot", "Entry serialpass-trial", "[>Back<]")
    shot("trial-entry")
    choose(dom0, "Write the trial entry")
    dom0.see("Step 3 of 5: Reboot", "The trial entry is written", "The next boot is the trial")
    return confirm_reboot(dom0, shot)


def keep_the_trial(dom0: Dom0, shot: Shot = no_shot) -> None:
    """The wizard in the trial boot takes the job up by itself; the operator keeps the change."""
    start(dom0, "")
    dom0.see("The trial boot: the device is hidden, and the host is well", seconds=30)
    dom0.see(f"OK        {CARD} hidden: driver pciback", "xl answers: yes", "[>Look again<]")
    shot("trial-boot")
    choose(dom0, "Keep it")
    dom0.see("Step 4 of 5: VM", "The default boot entry hides it from now on.", seconds=40)
    shot("trial-kept")
    leave(dom0)


def take_without_a_reboot(dom0: Dom0, shot: Shot = no_shot) -> None:
    """From the question for the reboot: give the card to pciback at once."""
    choose(dom0, "Without a reboot")
    dom0.see("pciback can take 0000:00:05.0 at once", "dom0 loses ttyS4", "[>Back<]")
    shot("without-a-reboot")
    choose(dom0, "Take it now")
    dom0.see("Step 4 of 5: VM", f"Which VM gets {CARD}?")


def look_after_the_reboot(dom0: Dom0, shot: Shot = no_shot) -> None:
    """The wizard takes the job up by itself, and goes on to the list of guests."""
    start(dom0)
    dom0.see("Step 3 of 5: After the reboot", "Hidden from dom0", "[>Next<]", seconds=30)
    shot("after-the-reboot")
    dom0.press("f1")
    dom0.see("Help", "About:")
    shot("help")
    dom0.press("esc")
    dom0.see("Step 3 of 5: After the reboot")
    choose(dom0, "Next")


def give_it_to_the_guest(dom0: Dom0, shot: Shot = no_shot) -> None:
    """From the list of guests: pick one by search, bind, start, check."""
    dom0.see("Step 4 of 5: VM", f"Which VM gets {CARD}?", GUEST, "pbx")
    shot("guests")
    dom0.press("slash")
    dom0.type(GUEST)
    dom0.see_that(lambda shown: "pbx" not in shown and f" {GUEST} " in shown, "fax alone")
    dom0.press("ret")
    dom0.see(f" {GUEST}\n", lit=True)  # the cursor covers the name alone
    shot("guest-found")
    dom0.press("ret")
    dom0.see(f"VM {GUEST} gets {CARD}", f"Edit {GUEST_FILE} of guest {GUEST}", "[>Back<]")
    shot("guest-file")
    choose(dom0, "Bind")
    dom0.see(f"VM {GUEST} is bound; start it", "The VM's file is written, and read back.")
    shot("bound")
    choose(dom0, f"Start VM {GUEST}")
    dom0.see(f"VM {GUEST} runs and has the device", "[>Finish<]", seconds=60)
    shot("guest-started")


def checks(dom0: Dom0) -> dict[str, str]:
    """The rows of the Check screen: what was checked, and OK or not."""
    rows = re.findall(r"^ *(OK|FAIL|todo) +(.*?)  ", dom0.screen(), re.MULTILINE)
    return {name: word for word, name in rows}


def finish(dom0: Dom0) -> None:
    """Leave the wizard at its end."""
    choose(dom0, "Finish")
    dom0.see("Done. `serialpass-tui status` looks again")


# --- and back


def roll_back(dom0: Dom0, shot: Shot = no_shot) -> float:
    """Take the whole job back, guest and all; how long the host was away."""
    _undo_from_the_start(dom0, shot)
    dom0.see("Job 1 is rolled back. One reboot is still needed", seconds=60)
    shot("rolled-back")
    return confirm_reboot(dom0)


def roll_back_at_once(dom0: Dom0, shot: Shot = no_shot) -> None:
    """The same where the host never booted with the edit: there is no reboot to be asked for."""
    _undo_from_the_start(dom0, shot)
    _see_it_undone(dom0)


def _undo_from_the_start(dom0: Dom0, shot: Shot) -> None:
    start(dom0)
    dom0.see("Step 1 of 5: Devices", CARD, "used by VM fax", seconds=30)
    shot("devices-used")
    _undo(dom0, shot, f"Shut down VM {GUEST}")


def _see_it_undone(dom0: Dom0) -> None:
    shown = dom0.see("Step 1 of 5: Devices", "Job 1 is rolled back.", seconds=60)
    assert "reboot" not in shown
    leave(dom0)


def take_the_rescue_entry(dom0: Dom0, shot: Shot = no_shot) -> float:
    """Restart the host and choose at its boot loader what the wizard said; how long it took."""
    begun = time.monotonic()
    dom0.machine.second_serial.send("/sbin/shutdown -r now\n")
    if dom0.flavour.has_menu:
        # An arrow key stops the clock; the last entry is the one.
        dom0.see(dom0.flavour.rescue, seconds=30)
        dom0.press("down", "down", "down")
        dom0.see(dom0.flavour.rescue, lit=True)
    else:
        dom0.see_that(lambda shown: shown.rstrip().endswith("boot:"), "the boot prompt", 30)
        dom0.type(dom0.flavour.rescue)
        dom0.see(f"boot: {dom0.flavour.rescue}")
    shot("rescue-entry")
    dom0.press("ret")
    dom0.wait_until_up()
    return time.monotonic() - begun


def roll_back_from_rescue(dom0: Dom0, shot: Shot = no_shot) -> None:
    """The wizard in the rescue entry's boot says that nothing is hidden, and takes the job back."""
    start(dom0)
    dom0.see("Step 3 of 5: After the reboot", "Not everything is hidden as asked", seconds=30)
    shot("rescue-booted")
    _undo(dom0, shot, f"Edit {dom0.flavour.boot_file}")
    _see_it_undone(dom0)


def _undo(dom0: Dom0, shot: Shot, words: str) -> None:
    dom0.press("r")
    dom0.see("Which job shall be taken back?")
    shot("which-job")
    dom0.press("ret")
    dom0.see("Undo of job 1", words, "[>Back<]")
    shot("undo")
    choose(dom0, "Roll back")


def given_back(dom0: Dom0, shot: Shot = no_shot) -> None:
    """The wizard after the last reboot."""
    start(dom0)
    dom0.see("serialpass-tui", "dom0 has it", seconds=30)
    shot("given-back")
    leave(dom0)


# --- by the subcommands


def status(dom0: Dom0) -> dict[str, Any]:
    """What `serialpass-tui status` says: the devices by address, and the open job."""
    document = json.loads(dom0.sh("serialpass-tui --json status", seconds=30))
    devices = {device["bdf"]: device for device in document["devices"]}
    return {"devices": devices, "job": document["job"]}


def bytes_come_and_go(dom0: Dom0) -> None:
    """What the guest writes comes out of the card's plug, and what goes in reaches the guest."""
    dom0.card.expect("guest: this is ttyS", 60)
    dom0.card.send("two bytes and more: \x01\x7f\n")
    dom0.card.expect("guest: heard two bytes and more: \x01\x7f\n", 30)
