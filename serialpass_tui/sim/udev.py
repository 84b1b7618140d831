"""What udev's rules do at boot, as far as they give PCI functions to pciback.

A reading of its own: the product writes such a rule, and is checked here by what it does.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.inventory import Inventory, PciFunction

# udev(7): KEY, operator, "value"; a backslash at a line's end joins it to the next.
_TOKEN = re.compile(r'\s*([A-Z]+)(?:\{[^}]*\})?(==|!=|\+=|:=|=)"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
_BINDS = re.compile(r"\becho (\S+) >(?:/sys/bus/pci/drivers/pciback/)?bind\b")


def taken_by_rules(texts: Iterable[str], whole: Inventory, cmdline: str) -> frozenset[Bdf]:
    """The functions of `whole` that rules give to pciback when the devices are added at boot."""
    rules = [rule for text in texts for rule in _rules(text)]
    return frozenset(
        function.bdf
        for function in whole.pci
        if any(_gives(rule, function, cmdline) for rule in rules)
    )


def _rules(text: str) -> Iterable[list[tuple[str, str, str]]]:
    lines = [line for line in text.split("\n") if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").split("\n"):
        tokens, position = [], 0
        while position < len(line) and (match := _TOKEN.match(line, position)):
            tokens.append((match[1], match[2], match[3]))
            position = match.end()
        if tokens and not line[position:].strip():  # udev leaves out a line that it cannot read
            yield tokens


def _gives(rule: list[tuple[str, str, str]], function: PciFunction, cmdline: str) -> bool:
    """Whether every condition of a rule holds for a function, and what it runs binds it."""
    name = str(function.bdf)
    facts = {"ACTION": "add", "SUBSYSTEM": "pci", "KERNEL": name, "DRIVER": function.driver}
    given = False
    for key, operator, raw in rule:
        value = raw.replace("%k", name)
        if key == "RUN":
            target = _BINDS.search(value)
            given = given or (target is not None and target[1] == name)
        elif key == "PROGRAM":
            if _greps(value, cmdline) is not (operator == "=="):
                return False
        elif key not in facts or (facts[key] == value) is not (operator == "=="):
            return False
    return given


def _greps(program: str, cmdline: str) -> bool:
    """Whether `grep -Eq PATTERN /proc/cmdline` finds something; any other program fails."""
    words = shlex.split(program)
    match words:
        case ["/bin/grep", "-Eq", pattern, "/proc/cmdline"]:
            return re.search(pattern, cmdline) is not None
    return False
