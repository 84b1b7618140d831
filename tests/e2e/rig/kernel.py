"""The dom0 kernel: small, with pciback and the serial driver built in, as on XenServer."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.e2e.rig import inputs

if TYPE_CHECKING:
    from pathlib import Path

_SOURCE = "linux-source-6.1"


@dataclass(frozen=True)
class Kernel:
    """A built kernel and what a distribution ships beside it."""

    place: Path

    @property
    def image(self) -> Path:
        return self.place / "vmlinuz"

    @property
    def release(self) -> str:
        return (self.place / "release").read_text().strip()


def kernel() -> Kernel:
    """The kernel, built once for each configuration and each version of Debian's source."""
    if lacking := inputs.missing():
        raise RuntimeError(f"the rig lacks {', '.join(lacking)}; as root, .ci/rig installs them")
    config = inputs.HERE / "kernel.config"
    version = inputs.run(["dpkg-query", "-W", "-f", "${Version}", _SOURCE])
    name = inputs.digest({"config": config.read_bytes(), "source": version})
    place = inputs.cache() / f"kernel-{name}"
    if not place.exists():
        with inputs.making(place) as scratch:
            _build(config, scratch)
    return Kernel(place)


def _build(config: Path, scratch: Path) -> None:
    inputs.run(["tar", "-xf", f"/usr/src/{_SOURCE}.tar.xz", "-C", scratch])
    tree = scratch / _SOURCE
    inputs.run(["make", f"KCONFIG_ALLCONFIG={config}", "allnoconfig"], cwd=tree)
    have = set((tree / ".config").read_text().splitlines())
    wanted = {line for line in config.read_text().splitlines() if line.startswith("CONFIG_")}
    if wanted - have:
        raise RuntimeError(f"the kernel's configuration lost {sorted(wanted - have)}")
    jobs = len(os.sched_getaffinity(0))
    inputs.run(["make", f"-j{jobs}", "bzImage", "modules.builtin"], cwd=tree)
    release = inputs.run(["make", "-s", "kernelrelease"], cwd=tree)
    (scratch / "release").write_text(release)
    shutil.copy(tree / "arch/x86/boot/bzImage", scratch / "vmlinuz")
    shutil.copy(tree / ".config", scratch / "config")
    shutil.copy(tree / "modules.builtin", scratch / "modules.builtin")
    shutil.rmtree(tree)
