"""Where the rig keeps what is slow to make, and by which digest it is found again."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PACKAGES = (
    "bc",
    "bison",
    "cpio",
    "e2fsprogs",
    "extlinux",
    "flex",
    "gcc",
    "grub-common",
    "grub-pc-bin",
    "libc6-dev",
    "libelf-dev",
    "libssl-dev",
    "linux-source-6.1",
    "make",
    "mmdebstrap",
    "qemu-system-x86",
    "syslinux-common",
    "xz-utils",
)
"""What the rig needs of Debian 12; `.ci/rig` installs it."""

_PROGRAMS = (
    *("bc", "bison", "cpio", "debugfs", "flex", "gcc", "grub-mkimage", "make", "mke2fs"),
    *("mmdebstrap", "xz"),
)
_FILES = (
    Path("/usr/src/linux-source-6.1.tar.xz"),
    Path("/usr/lib/EXTLINUX/mbr.bin"),
    Path("/usr/lib/grub/i386-pc/boot.img"),
    Path("/usr/lib/syslinux/modules/bios/mboot.c32"),
)
SEARCH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
QEMU = "qemu-system-x86_64"


def missing() -> list[str]:
    """What of the rig's programs and files is not on this machine."""
    programs = [name for name in (QEMU, *_PROGRAMS) if shutil.which(name, path=SEARCH) is None]
    return programs + [str(path) for path in _FILES if not path.exists()]


def cache() -> Path:
    """The directory of finished kernels and images; it may be deleted at any time."""
    named = os.environ.get("SERIALPASS_RIG_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "serialpass-rig"


def digest(parts: Mapping[str, str | bytes]) -> str:
    """A name for inputs: any change of one gives another name."""
    state = hashlib.sha256()
    for name, part in sorted(parts.items()):
        data = part.encode() if isinstance(part, str) else part
        state.update(f"{name} {len(data)}\n".encode())
        state.update(data)
    return state.hexdigest()[:16]


@contextmanager
def making(place: Path) -> Iterator[Path]:
    """A scratch directory that becomes `place` when all went well, so no half image is ever used."""
    place.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    begun = time.monotonic()
    say(f"making {place.name}, once")
    try:
        yield scratch
        scratch.chmod(0o755)
        try:
            scratch.rename(place)
        except OSError:
            if not place.exists():  # another run has made the same in the meantime
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    say(f"{place.name} made in {time.monotonic() - begun:.0f} s")


def say(words: str) -> None:
    """Tell on the terminal, past pytest's capture, what takes minutes."""
    print(f"rig: {words}", file=sys.__stderr__, flush=True)


def run(argv: Sequence[str | Path], *, cwd: Path | None = None, stdin: str = "") -> str:
    """Run a tool that must succeed; its output."""
    done = subprocess.run(
        [str(word) for word in argv],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        errors="replace",
        env={**os.environ, "PATH": SEARCH, "LC_ALL": "C"},
        check=False,
    )
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-40:])
        raise RuntimeError(f"{argv[0]} failed with status {done.returncode}:\n{said}")
    return done.stdout
