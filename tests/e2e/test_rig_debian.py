"""A dom0 of the distribution: pciback as a module, a real udev, a real grub-mkconfig."""

from __future__ import annotations

import re

import pytest

from tests.e2e.rig import story
from tests.e2e.rig.dom0 import CARD, GUEST, TWIN, Dom0, dom0, scratch
from tests.e2e.rig.flavour import DEBIAN

pytestmark = pytest.mark.rig(150)

DROPIN = "/etc/default/grub.d/zz-serialpass-tui.cfg"
RULE = "/etc/udev/rules.d/60-serialpass-tui.rules"
XEN = "Debian GNU/Linux, with Xen hypervisor"
HIDE = f"xen-pciback.hide=({CARD})"
_ENTRY = re.compile(r"^\s*menuentry '([^']*)'.*?^\s*}", re.MULTILINE | re.DOTALL)


def update_grub(host: Dom0) -> None:
    """What the distribution does at each kernel update."""
    host.sh("grub-mkconfig -o /boot/grub/grub.cfg", seconds=60)


def hiding(host: Dom0) -> list[str]:
    """The titles of the entries on whose kernel line the card is named."""
    text = host.read(DEBIAN.boot_file).decode()
    return [found[1] for found in _ENTRY.finditer(text) if HIDE in found[0]]


def entry(data: bytes, title: str) -> str:
    """One entry of a boot file, as it stands there."""
    return next(found[0] for found in _ENTRY.finditer(data.decode()) if found[1] == title)


def test_a_kernel_update_keeps_the_card_hidden_and_an_undo_leaves_nothing() -> None:
    with scratch() as place:
        with dom0(place, DEBIAN) as host:
            assert "xen_pciback" not in host.sh("lsmod")
            update_grub(host)
            first = host.read(DEBIAN.boot_file)
            assert ("serial", 1) == (host.owner(CARD), len(host.ttys(CARD)))

            host.sh(f"serialpass-tui hide {CARD} --yes", seconds=60)
            assert [XEN] == hiding(host)
            ours = host.read(DEBIAN.boot_file)
            update_grub(host)
            titles = hiding(host)
            assert titles[0] == XEN
            assert [] == [title for title in titles if "recovery" in title or "Xen" not in title]
            assert entry(ours, XEN) == entry(host.read(DEBIAN.boot_file), XEN)
            host.shut_down()

        with dom0(place, DEBIAN) as host:
            assert HIDE in host.sh("cat /proc/cmdline")
            assert ("pciback", []) == (host.owner(CARD), host.ttys(CARD))
            assert "serial" == host.owner(TWIN)
            host.sh(f"serialpass-tui bind {GUEST} {CARD} --start --yes", seconds=90)
            story.bytes_come_and_go(host)
            host.sh(f"xl shutdown -w {GUEST}", seconds=60)

            # grub.cfg is another file than the job left, so that only `unhide` takes the list out.
            host.sh("serialpass-tui rollback 1 --yes", status=4, seconds=60)
            host.sh(f"serialpass-tui unbind {GUEST} --yes", seconds=60)
            host.sh(f"serialpass-tui unhide {CARD} --yes", seconds=60)
            host.sh(f"ls {DROPIN} {RULE}", status=2)
            update_grub(host)
            assert first == host.read(DEBIAN.boot_file)
