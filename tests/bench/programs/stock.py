"""The wizard on Textual's own driver: `-m tests.bench.programs.stock FOLDER VMS`, or `... FILE`.

With a folder it runs over the simulated host of `tests.term.stage`, with a file over a recording,
as `--machine FILE` does.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from serialpass_tui import cli
from serialpass_tui.tui.app import WizardApp

if TYPE_CHECKING:
    from serialpass_tui.service import Service


def run(service: Service, demo: str = "") -> int:
    """Run the wizard as `run_wizard` does, but for the driver."""
    return WizardApp(service, demo=demo, trying=False).run(mouse=False) or 0


def main(place: str, count: str = "") -> int:
    """Run it."""
    if not count:
        return run(cli.hosts.service(cli.options.build_parser().parse_args(["--machine", place])))
    from tests.term.stage import staged

    with staged(Path(place), int(count)) as service:
        return run(service, "stage")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
