"""What this copy of the tool was built from, where a build has put that beside it."""

from __future__ import annotations

import json
from pkgutil import get_data

from serialpass_tui import __version__


def is_one_file() -> bool:
    """Whether the program is the one file for dom0, which then is `sys.executable`."""
    try:
        return get_data("serialpass_tui", "build.json") is not None
    except OSError:
        return False


def version() -> str:
    """The words of `--version`: of the one file for dom0 also its commit and its parts."""
    words = f"serialpass-tui {__version__}"
    try:
        data = get_data("serialpass_tui", "build.json")
    except OSError:  # installed by pip, which knows the rest
        return words
    told = json.loads(data or b"{}")
    parts = (f"{name} {number}" for name, number in told["parts"].items())
    return "\n".join([words, f"commit {told['commit']}", *parts])
