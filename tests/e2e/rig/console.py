"""Pictures of the wizard on a host's VGA console: `python -m tests.e2e.rig.console [DIR]`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.rig import inputs, story
from tests.e2e.rig.dom0 import dom0, scratch
from tests.e2e.rig.flavour import EXTLINUX, FLAVOURS, GRUB

if TYPE_CHECKING:
    from tests.e2e.rig.dom0 import Dom0


class Album:
    """The pictures, numbered in the order in which they are taken."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.png"):
            old.unlink()
        self._folder = folder.absolute()
        self._taken = 0

    def of(self, host: Dom0) -> story.Shot:
        """What takes a picture of a host's console."""

        def shot(name: str) -> None:
            self._taken += 1
            time.sleep(0.5)  # QEMU draws the screen some milliseconds after the text is there
            host.machine.screenshot(self._folder / f"{self._taken:02}-{name}.png")

        return shot


def main(argv: list[str]) -> None:
    """The story, the ways home and without a reboot, and the trial boot with both boot loaders."""
    album = Album(Path(argv[0]) if argv else inputs.ROOT / "screenshots" / "console")
    with scratch() as place, dom0(place, EXTLINUX) as host:
        shot = album.of(host)
        story.hide_the_card(host, shot)
        story.look_after_the_reboot(host, shot)
        story.give_it_to_the_guest(host, shot)
        story.finish(host)
        story.roll_back(host, shot)
        story.given_back(host, shot)
        shot("left")
    with scratch() as place, dom0(place, GRUB) as host:
        story.hide_the_card(host)
        story.take_the_rescue_entry(host, album.of(host))
        story.roll_back_from_rescue(host, album.of(host))
    with scratch() as place, dom0(place, EXTLINUX) as host:
        story.write_the_entry(host)
        story.take_without_a_reboot(host, album.of(host))
    for flavour in FLAVOURS:
        with scratch() as place, dom0(place, flavour) as host:
            story.try_the_card(host, album.of(host))
            story.keep_the_trial(host, album.of(host))


if __name__ == "__main__":
    main(sys.argv[1:])
