"""Files that go with the boot entry on hosts where the entry alone does not do.

Where pciback is a module, the hide list acts too late: by the time the module is loaded, a driver
that is built in has the device (Linux drivers/xen/Kconfig, XEN_PCIDEV_BACKEND). A udev rule then
gives pciback, at each boot, what the kernel's command line names. It holds no addresses: the boot
entry stays the one place that decides, and an entry without a list still boots with nothing hidden.

Where grub-mkconfig made grub.cfg, each kernel update makes it anew (Debian's update-grub) from
/etc/default/grub. The list is therefore written there as well, for the entries that start Xen and
are not for recovery (GRUB util/grub.d/20_linux_xen.in, GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT).
"""

from __future__ import annotations

import re

from serialpass_tui.core.boot.edit import Companion
from serialpass_tui.core.boot.locate import (
    GRUB_DEFAULTS,
    GRUB_DROPIN,
    GRUB_DROPINS,
    UDEV_RULE,
    UDEV_RULES,
    is_generated,
)
from serialpass_tui.core.changes import FileEdit
from serialpass_tui.core.hide_list import canonical
from serialpass_tui.core.inventory import PcibackForm
from serialpass_tui.core.text import printable
from serialpass_tui.lazy import pattern, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from serialpass_tui.core.boot.edit import HidePlan
    from serialpass_tui.core.inventory import Inventory

_SIGN = b"# serialpass-tui: "
"""How every text of this tool begins in a file: what begins otherwise is somebody else's."""

RULE = _SIGN + (
    b"pciback is a module in this kernel, so that it comes after the drivers.\n"
    b"# At each boot it gets the functions that xen-pciback.hide= on the kernel's command line\n"
    b"# names, and no others. `serialpass-tui rollback` and `unhide` take this file away again.\n"
    b'ACTION=="add", SUBSYSTEM=="pci", DRIVER!="pciback", \\\n'
    b"  PROGRAM==\"/bin/grep -Eq '(^| )xen[-_]pciback[.]hide=[^ ]*[(]%k[)]' /proc/cmdline\", \\\n"
    b"  RUN+=\"/bin/sh -c 'modprobe xen-pciback; cd /sys/bus/pci/drivers/pciback || exit;"
    b" grep -qx %k slots || echo %k >new_slot;"
    b" test ! -e ../../devices/%k/driver || echo %k >../../devices/%k/driver/unbind;"
    b" echo %k >bind || echo %k >../../drivers_probe'\"\n"
)
"""The rule, by udev(7): %k is the function's address as sysfs spells it.

The writes are those of XAPI at a VM's start (xapi-project/xen-api ocaml/xenopsd/xc/device.ml); when
pciback does not take the function, the driver that wants it gets it back.
"""

_VARIABLE = "GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT"
_SETTING = pattern(rb"^# serialpass-tui: [^\n]*\n" + _VARIABLE.encode() + rb"=[^\n]*\n?", re.M)
_NO_RECOVERY = pattern(rb"^[ \t]*GRUB_DISABLE_RECOVERY=[\"']?true", re.MULTILINE)


def with_companions(plan: HidePlan, inventory: Inventory) -> HidePlan:
    """The plan with the edits of other files that this host needs beside the boot entry's."""
    found = (_rule(plan, inventory), _defaults(plan, inventory))
    companions = tuple(companion for companion in found if companion is not None)
    return replace(
        plan,
        companions=companions,
        warnings=(*plan.warnings, *_warnings(plan, inventory)),
        commands=(*plan.commands, *(_by_hand(companion.edit) for companion in companions)),
    )


def _rule(plan: HidePlan, inventory: Inventory) -> Companion | None:
    """The udev rule where it is needed and missing, or there without need."""
    before = _held(inventory, UDEV_RULE)
    needed = _is_late(inventory) and bool(plan.future.groups)
    after = RULE if needed else None
    others = before is not None and not before.startswith(_SIGN)
    if before == after or others or UDEV_RULES not in inventory.setting_folders:
        return None
    why = "Nothing is hidden any more, so that the rule has nothing to do."
    if needed:
        why = (
            "pciback is a module in this kernel and comes after the drivers: this rule of udev "
            "gives it, at each boot, what the boot entry names."
        )
    return Companion(FileEdit(UDEV_RULE, before, after), why)


def _defaults(plan: HidePlan, inventory: Inventory) -> Companion | None:
    """What grub-mkconfig makes the next grub.cfg from."""
    path = _defaults_path(inventory)
    if not path or not is_generated(plan.before):
        return None
    before = _held(inventory, path)
    argument = f"{plan.dialect.value}={canonical(plan.future.groups)}" if plan.future.groups else ""
    after = with_setting(before or b"", argument)
    if before == after or (before is None and not after):
        return None
    kept: bytes | None = after
    if path == GRUB_DROPIN and not after:
        kept = None
    return Companion(
        FileEdit(path, before, kept),
        f"grub-mkconfig (update-grub) writes {plan.path} anew at each kernel update, from this "
        "file among others.",
    )


def with_setting(data: bytes, argument: str) -> bytes:
    """GRUB's defaults with `argument` added for entries of Xen; empty takes it out again.

    Whatever the host already adds there stays in front of it.
    """
    match = _SETTING.search(data)
    if match is not None:
        start = match.start()
        if not match[0].endswith(b"\n") and start:
            start -= 1  # the line end that was added with it
        data = data[:start] + data[match.end() :]
    if not argument:
        return data
    lines = (
        _SIGN.decode() + "devices hidden from dom0, as in grub.cfg\n"
        f'{_VARIABLE}="${{{_VARIABLE}:-$GRUB_CMDLINE_LINUX_DEFAULT}} {argument}"\n'
    ).encode()
    if data and not data.endswith(b"\n"):
        return data + b"\n" + lines[:-1]
    return data + lines


def _defaults_path(inventory: Inventory) -> str:
    """Debian's grub-mkconfig reads drop-ins too, in order of their names; others one file alone."""
    if GRUB_DROPINS in inventory.setting_folders:
        return GRUB_DROPIN
    return GRUB_DEFAULTS if _held(inventory, GRUB_DEFAULTS) is not None else ""


def _warnings(plan: HidePlan, inventory: Inventory) -> Iterator[str]:
    """What stays to be done by hand, a sentence each."""
    hides = bool(plan.future.groups)
    if hides and _is_late(inventory) and UDEV_RULES not in inventory.setting_folders:
        yield (
            "pciback is a module in this kernel and comes after the drivers, and this host has no "
            "udev that could give it the devices: after each boot run `serialpass-tui hide ... "
            "--now` before the guests start"
        )
    if not is_generated(plan.before):
        return
    path = _defaults_path(inventory)
    if hides and not path:
        yield (
            f"{printable(plan.path)} was made by grub-mkconfig, and {GRUB_DEFAULTS} is not there: "
            "the next kernel update writes it without the list"
        )
    for file in inventory.settings:
        rest = _SETTING.sub(b"", file.data) if file.path == path else file.data
        if file.path != UDEV_RULE and b"pciback.hide" in rest:
            yield (
                f"{printable(file.path)} names pciback.hide too: the next update-grub puts that "
                "back; take it out there"
            )
        if hides and _NO_RECOVERY.search(file.data):
            yield (
                f"{printable(file.path)} switches the recovery entries off: after the next "
                "update-grub only entries without Xen boot with nothing hidden"
            )


def _by_hand(edit: FileEdit) -> str:
    if edit.after is None:
        return f"rm {edit.path}"
    return f"# write {edit.path} as the diff shows"


def _is_late(inventory: Inventory) -> bool:
    return inventory.pciback is PcibackForm.MODULE


def _held(inventory: Inventory, path: str) -> bytes | None:
    return next((file.data for file in inventory.settings if file.path == path), None)
