"""The README's figures of the one file: `python -m tests.onefile.measure FILE...` prints its rows."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.onefile.places import PLACES, Place, Started

if TYPE_CHECKING:
    from collections.abc import Callable

_RUNS = 5
_SHOWN = "Which card shall go to a VM?"


def main() -> None:
    """Measure the installed tool beside the files named, in each place."""
    installed = Started(
        Place("pip install", empty=False), Path(sys.executable).with_name("serialpass-tui"), Path()
    )
    rows = [("pip install", installed)]
    with tempfile.TemporaryDirectory() as scratch:
        for name in sys.argv[1:]:
            file = Path(name).absolute()
            for place in PLACES:
                root = Path(scratch) / f"{file.name}-{place.name}".replace(" ", "-")
                root.mkdir()
                rows.append(
                    (f"{file.name.rpartition('-')[2]}, {place.name}", Started(place, file, root))
                )
        bare_place = installed.argv()[:5]
        bare = median(lambda: subprocess.run([*bare_place, "/bin/true"], check=True))
        for title, started in rows:
            version = median(partial(started.run, "--version")) - bare
            screen = median(partial(started.screen, "--demo", until=_SHOWN)) - bare
            peak = started.peak / (1 << 20)
            row = f"| {title} | {version:.2f} s | {screen:.2f} s | {peak:.0f} MiB |"
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()


def median(act: Callable[[], object]) -> float:
    """Seconds that something takes, of some runs."""
    taken = []
    for _ in range(_RUNS):
        begun = time.perf_counter()
        act()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
