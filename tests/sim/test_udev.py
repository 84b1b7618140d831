"""The simulator's reading of udev rules, and what the product's own rule does there."""

from __future__ import annotations

import pytest

from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.boot.companions import RULE
from serialpass_tui.core.inventory import Inventory, PciFunction
from serialpass_tui.sim.udev import taken_by_rules

CARD, TWIN = Bdf.parse("0000:02:00.0"), Bdf.parse("0000:02:00.1")
HOST = Inventory(
    "h",
    "6.1.0",
    "",
    "b",
    0,
    uefi=False,
    pci=(
        PciFunction(CARD, 0x9710, 0x9922, 0x070002, driver="serial"),
        PciFunction(TWIN, 0x9710, 0x9922, 0x070002, driver="serial"),
    ),
)
OWN = RULE.decode()


@pytest.mark.parametrize(
    ("cmdline", "taken"),
    [
        ("ro xen-pciback.hide=(0000:02:00.0)", {CARD}),
        ("xen-pciback.hide=(0000:02:00.0)(0000:02:00.1) quiet", {CARD, TWIN}),
        ("ro xen_pciback.hide=(0000:02:00.1)", {TWIN}),
        ("ro quiet", set()),
        ("ro xen-pciback.permissive=(0000:02:00.0)", set()),
        ("ro not-xen-pciback.hide=(0000:02:00.0)", set()),
        ("ro xen-pciback.hide=(0000:05:00.0) (0000:02:00.0)", set()),
        ("ro xen-pciback.hide=(0000:02:00.00)", set()),
    ],
)
def test_the_rule_takes_what_the_command_line_names(cmdline: str, taken: set[Bdf]) -> None:
    assert taken == taken_by_rules([OWN], HOST, cmdline)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"add"', '"remove"'),
        ('"pci"', '"usb"'),
        ("/bin/grep", "/bin/false"),
        (">bind", ">/dev/null"),
        ('DRIVER!="pciback", \\', 'DRIVER!="pciback" oops \\'),
    ],
)
def test_a_rule_that_says_otherwise_takes_nothing(old: str, new: str) -> None:
    assert old in OWN
    taken = taken_by_rules([OWN.replace(old, new)], HOST, "x xen-pciback.hide=(0000:02:00.0)")
    assert frozenset() == taken


def test_a_function_that_pciback_has_is_left_to_it() -> None:
    (card, twin) = HOST.pci
    host = Inventory(
        "h",
        "6.1.0",
        "",
        "b",
        0,
        uefi=False,
        pci=(
            PciFunction(card.bdf, card.vendor, card.device, card.class_code, driver="pciback"),
            twin,
        ),
    )
    taken = taken_by_rules([OWN], host, "xen-pciback.hide=(0000:02:00.0)(0000:02:00.1)")
    assert {TWIN} == taken
