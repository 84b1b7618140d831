"""The host as a whole: product, hypervisor, kernel, pciback, boot files."""

from __future__ import annotations

from serialpass_tui.core.boot.locate import (
    CANDIDATE_PATHS,
    GRUB_DEFAULTS,
    GRUB_DROPINS,
    SETTING_FOLDERS,
    UDEV_RULE,
)
from serialpass_tui.core.inventory import BootText, PcibackForm, Product, Xen
from serialpass_tui.errors import Problem
from serialpass_tui.host.files import LocalFiles
from serialpass_tui.host.sysfs import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from serialpass_tui.host.commands import Completed

    Run = Callable[[Sequence[str]], Completed]

_DOM0_UUID = "00000000-0000-0000-0000-000000000000"


def product(root: Path) -> Product:
    """What /etc/xensource-inventory says: lines of KEY='value'."""
    values: dict[str, str] = {}
    for line in text(root / "etc/xensource-inventory").splitlines():
        key, equals, value = line.partition("=")
        if equals:
            values[key.strip()] = value.strip().strip("'\"")
    return Product(
        brand=values.get("PRODUCT_BRAND", ""),
        version=values.get("PRODUCT_VERSION", "") or values.get("PRODUCT_VERSION_TEXT", ""),
        host_uuid=values.get("INSTALLATION_UUID", ""),
    )


def xen(root: Path, run: Run, unread: list[str]) -> Xen | None:
    """The hypervisor, None where this is not its dom0.

    Its own command line and whether it can pass devices through are known to `xl info` alone.
    """
    if not is_dom0(root):
        return None
    folder = root / "sys/hypervisor"
    major, minor, extra = (text(folder / "version" / part) for part in ("major", "minor", "extra"))
    version = f"{major}.{minor}{extra}" if major else ""
    try:
        done = run(["xl", "info"])
        if done.status != 0:
            unread.append(
                "Xen's command line and IOMMU: xl info fails, most often for want of root"
            )
            return Xen(version)
    except Problem as problem:
        unread.append(f"Xen's command line and IOMMU: {problem.summary}")
        return Xen(version)
    facts = xl_info(done.stdout)
    capabilities = facts.get("virt_caps")
    return Xen(
        version or facts.get("xen_version", ""),
        facts.get("xen_commandline", ""),
        None if capabilities is None else "hvm_directio" in capabilities.split(),
    )


def xl_info(output: str) -> dict[str, str]:
    """The `name : value` lines of `xl info`."""
    pairs = (line.partition(":") for line in output.splitlines())
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}


def is_dom0(root: Path) -> bool:
    """Whether a running Xen has this system as its dom0.

    By xenfs; where that is not mounted, by the uuid that Xen gives to dom0 alone.
    """
    if text(root / "sys/hypervisor/type") != "xen":
        return False
    capabilities = root / "proc/xen/capabilities"
    if capabilities.exists():
        return "control_d" in text(capabilities).split()
    return text(root / "sys/hypervisor/uuid") in {_DOM0_UUID, ""}


def pciback_form(root: Path, release: str) -> PcibackForm:
    """How this kernel carries xen-pciback: built in, it reads its hide list before any driver.

    Asked in order: a loaded module, the list of what is built in (since Linux 2.6.33), the list
    of modules, the kernel's configuration (CONFIG_XEN_PCIDEV_BACKEND).
    """
    module = root / "sys/module/xen_pciback"
    if (module / "initstate").exists():
        return PcibackForm.MODULE
    folder = root / "lib/modules" / release
    if "pciback.ko" in text(folder / "modules.builtin"):
        return PcibackForm.BUILTIN
    modules = text(folder / "modules.dep")
    if "pciback.ko" in modules:
        return PcibackForm.MODULE
    config = text(root / "boot" / f"config-{release}").splitlines()
    if "CONFIG_XEN_PCIDEV_BACKEND=y" in config or module.exists():
        return PcibackForm.BUILTIN
    if "CONFIG_XEN_PCIDEV_BACKEND=m" in config:
        return PcibackForm.MODULE
    return PcibackForm.ABSENT if modules or config else PcibackForm.UNKNOWN


def boot_files(root: Path, unread: list[str]) -> tuple[BootText, ...]:
    """The boot loaders' files that exist, in the order in which their tools look for them."""
    return _texts(root, CANDIDATE_PATHS, unread)


def settings(root: Path, unread: list[str]) -> tuple[BootText, ...]:
    """What grub-mkconfig makes grub.cfg from, in the order in which it reads it, and our rule."""
    folder = root / GRUB_DROPINS.lstrip("/")
    dropins = sorted(f"{GRUB_DROPINS}/{place.name}" for place in folder.glob("*.cfg"))
    return _texts(root, (GRUB_DEFAULTS, *dropins, UDEV_RULE), unread)


def setting_folders(root: Path) -> tuple[str, ...]:
    """Which of the folders exist that files for the next boot are put into."""
    return tuple(path for path in SETTING_FOLDERS if (root / path.lstrip("/")).is_dir())


def _texts(root: Path, paths: Iterable[str], unread: list[str]) -> tuple[BootText, ...]:
    files = LocalFiles(root)
    found = []
    for path in paths:
        try:
            found.append(BootText(path, files.read(path)))
        except Problem as problem:
            if problem.code != "file-missing":
                unread.append(problem.summary.rstrip("."))
    return tuple(found)
