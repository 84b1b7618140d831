"""What an operator does at the console of a host, key by key, on the real wizard."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.e2e.rig.dom0 import CARD

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.rig.dom0 import Dom0

    Shot = Callable[[str], None]
    """Keeps a picture of the console under a name."""

HOST = "dom0"


def start(dom0: Dom0) -> None:
    """Call the wizard from root's shell on the VGA console."""
    dom0.see("bash")
    dom0.type("serialpass-tui\n")


def choose(dom0: Dom0, words: str) -> None:
    """Move to the choice after the one with the focus and take it."""
    dom0.press("right")
    dom0.see(f"[>{words}<]")
    dom0.press("ret")


def confirm_reboot(dom0: Dom0, shot: Shot) -> float:
    """Type the host's name and Enter; how long the host was away."""
    dom0.press("tab")
    dom0.see("[>Later, by hand<]")
    dom0.press("tab")
    dom0.see("[ Back ]  [ Later, by hand ]")
    dom0.type(HOST)
    dom0.see(f"type the host name ({HOST}): {HOST}")
    shot("reboot-typed")
    dom0.press("ret")
    return dom0.wait_until_up()


def hide_the_card(dom0: Dom0, shot: Shot) -> float:
    """Card, boot entry, reboot; how long the host was away."""
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
    dom0.see("Will hide 00:05.0")
    choose(dom0, "Write the boot entry")
    dom0.see("Step 3 of 5: Reboot", "/boot/extlinux.conf is written and was read back.")
    shot("reboot")
    return confirm_reboot(dom0, shot)


def look_after_the_reboot(dom0: Dom0, shot: Shot) -> None:
    """The wizard takes the job up, and lists the guests that xl knows."""
    start(dom0)
    dom0.see("Step 3 of 5: After the reboot", "Hidden from dom0", "[>Next<]", seconds=30)
    shot("after-the-reboot")
    dom0.press("ret")
    dom0.see("Step 4 of 5: VM", "Which VM gets 0000:00:05.0?", "fax")
    shot("guests")
    dom0.press("esc")
    dom0.see("Step 3 of 5: After the reboot")
    dom0.press("f1")
    dom0.see("Help", "About:")
    shot("help")
    dom0.press("esc")
    dom0.see("Step 3 of 5: After the reboot")


def roll_back(dom0: Dom0, shot: Shot) -> float:
    """From the look after the reboot, take the whole job back; how long the host was away."""
    dom0.press("r")
    dom0.see("Which job shall be taken back?")
    shot("which-job")
    dom0.press("ret")
    dom0.see("Undo of job 1", "[>Back<]")
    shot("undo")
    dom0.press("right")
    dom0.see("[ Back ]")
    dom0.press("ret")
    dom0.see("Job 1 is rolled back. One reboot is still needed")
    shot("rolled-back")
    return confirm_reboot(dom0, lambda _: None)


def given_back(dom0: Dom0, shot: Shot) -> None:
    """The wizard after the last reboot."""
    start(dom0)
    dom0.see("serialpass-tui", "dom0 has it", seconds=30)
    shot("given-back")
    dom0.press("q")
    dom0.see("bash")


def status(dom0: Dom0) -> dict[str, Any]:
    """What `serialpass-tui status` says: the devices by address, and the open job."""
    document = json.loads(dom0.sh("serialpass-tui --json status", seconds=30))
    devices = {device["bdf"]: device for device in document["devices"]}
    return {"devices": devices, "job": document["job"]}
