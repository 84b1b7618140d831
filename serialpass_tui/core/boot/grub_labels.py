"""GRUB titles to the labels of xenserver/python-libs (xcp/bootloader.py)."""

from __future__ import annotations

from serialpass_tui.core.boot.model import RESCUE_LABEL, RESCUE_SUFFIX, TRIAL_LABEL
from serialpass_tui.lazy import pattern

_BRANDS = {"XenServer", "XCP-ng", "Citrix Hypervisor", "Citrix XenServer"}
_DERIVED = pattern(r" (?:in Safe Mode|\(Serial\)|\((?:Serial, )?Xen [^()]* / Linux [^()]*\))$")


def labels_of(titles: list[str]) -> list[str]:
    """The label of each menu entry, by its title: xe, xe-serial, safe, fallback, labelN.

    xen-cmdline and XAPI edit by these labels; a host's brand is its entry `xe`'s whole title, and
    one that is not known here shows in the titles that the installer made from it.
    """
    brands = _BRANDS | {_stem(title) for title in titles if _stem(title) != title}
    count = 0
    labels = []
    for title in titles:
        label = _label(title, brands)
        if not label:
            count += 1
            label = f"label{count}"
        labels.append(label)
    return labels


def _label(title: str, brands: set[str]) -> str:
    endings = {
        RESCUE_SUFFIX: RESCUE_LABEL,
        "(Serial) (Trusted Boot)": "xe-serial-tboot",
        "(Trusted Boot)": "xe-tboot",
        "(Serial)": "xe-serial",
        "Safe Mode": "safe",
        "upgrade": "upgrade",
    }
    if title == TRIAL_LABEL:
        return TRIAL_LABEL
    if title in brands:
        return "xe"
    label = next((label for ending, label in endings.items() if title.endswith(ending)), "")
    if label or " / " not in title:
        return label
    return "fallback-serial" if "(Serial," in title else "fallback"


def _stem(title: str) -> str:
    """The brand in a title that the installer made from one, whatever number of times."""
    shorter = _DERIVED.sub("", title)
    return title if shorter == title else _stem(shorter)
