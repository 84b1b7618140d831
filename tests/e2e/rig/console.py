"""Pictures of the wizard on a host's VGA console: `python -m tests.e2e.rig.console [DIR]`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.e2e.rig import inputs, story
from tests.e2e.rig.dom0 import dom0, scratch


def main(argv: list[str]) -> None:
    """Go through the story and keep each picture."""
    folder = Path(argv[0]) if argv else inputs.ROOT / "screenshots" / "console"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    with scratch() as place, dom0(place) as host:
        taken = 0

        def shot(name: str) -> None:
            nonlocal taken
            taken += 1
            time.sleep(0.5)  # QEMU draws the screen some milliseconds after the text is there
            host.machine.screenshot((folder / f"{taken:02}-{name}.png").absolute())

        story.hide_the_card(host, shot)
        story.look_after_the_reboot(host, shot)
        story.roll_back(host, shot)
        story.given_back(host, shot)
        shot("left")


if __name__ == "__main__":
    main(sys.argv[1:])
