"""The disk of the rig's dom0: Debian packages, the kernel, two boot loaders, what the program needs."""

from __future__ import annotations

import compileall
import re
import shlex
import shutil
import struct
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.rig import inputs
from tests.e2e.rig.kernel import Kernel, kernel
from tests.e2e.rig.qemu import Qemu

if TYPE_CHECKING:
    from collections.abc import Sequence

_SUITE = "bookworm"
_INCLUDE = (
    *("base-files", "bash", "busybox-static", "coreutils", "dash", "e2fsprogs", "extlinux", "grep"),
    *("kmod", "libc-bin", "libudev1", "mount", "ncurses-base", "ncurses-bin", "pciutils", "procps"),
    *("python3", "python3-minimal", "sed", "util-linux"),
    *("xen-hypervisor-4.17-amd64", "xen-utils-4.17", "xenstore-utils"),
    # What only the flavour of the distribution itself uses: its kernel, udev, grub-mkconfig.
    *("debianutils", "findutils", "gettext-base", "grub-common", "grub2-common", "mawk"),
    *("linux-image-amd64", "udev", "xen-hypervisor-common"),
)
_FILES = inputs.HERE / "files"
_SYSLINUX = Path("/usr/lib/syslinux/modules/bios")
_MBR = Path("/usr/lib/EXTLINUX/mbr.bin")
_GRUB = Path("/usr/lib/grub/i386-pc")
_GRUB_MODULES = (
    *("biosdisk", "part_msdos", "ext2", "normal", "multiboot2", "gzio", "search", "search_label"),
    *("search_fs_uuid", "configfile", "echo", "test", "loadenv", "reboot", "boot", "sleep"),
    *("serial", "terminal"),
)
_SECTOR = 512
_BOOT_CODE = 440
"""Bytes of the first sector before the disk's signature and the partition table."""
OFFSET = 1 << 20
_SIZE = 420 << 20
_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")


@dataclass(frozen=True)
class Image:
    """A finished disk, never written to: machines run on copies."""

    place: Path
    kernel: Kernel

    @property
    def disk(self) -> Path:
        return self.place / "disk.raw"

    def boot_with_grub(self, disk: Path) -> None:
        """Put GRUB where grub-install puts it: into the first sector, and between it and the root.

        The sectors of boot.img and of a core.img as grub-mkimage makes it name each other already.
        """
        with disk.open("r+b") as file:
            file.write((_GRUB / "boot.img").read_bytes()[:_BOOT_CODE])
            file.seek(_SECTOR)
            file.write((self.place / "core.img").read_bytes())

    def copy(self, where: Path) -> Path:
        """A disk of one's own."""
        return copy(self.disk, where)


def image() -> Image:
    """The disk, built once for each state of its inputs."""
    built = kernel()
    requirements = tomllib.loads((inputs.ROOT / "pyproject.toml").read_text())["project"][
        "dependencies"
    ]
    parts: dict[str, str | bytes] = {
        "kernel": built.place.name,
        "requirements": "\n".join(requirements),
        "packages": "\n".join(_INCLUDE),
        "recipe": Path(__file__).read_bytes(),
        **{path.name: path.read_bytes() for path in _FILES.iterdir()},
    }
    place = inputs.cache() / f"image-{inputs.digest(parts)}"
    if not place.exists():
        with inputs.making(place) as scratch:
            _build(scratch, built, requirements)
    return Image(place, built)


def project_disk(where: Path) -> Path:
    """A small disk with the program as it is in this checkout, for /opt/serialpass."""
    tree = where.with_suffix(".tree")
    library = tree / "lib"
    shutil.copytree(
        inputs.ROOT / "serialpass_tui",
        library / "serialpass_tui",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    if sys.version_info[:2] == (3, 11):  # the dom0's own; another Python's byte code is no use
        compileall.compile_dir(library, quiet=2, stripdir=str(tree), prependdir="/opt/serialpass")
    _start_in(tree).write_text(
        "#!/usr/bin/python3\nimport sys\nsys.path.insert(0, '/opt/serialpass/lib')\n"
        "from serialpass_tui.cli import main\nsys.exit(main())\n"
    )
    return _program_disk(where, tree)


def onefile_disk(where: Path, file: Path) -> Path:
    """A small disk with the one file in place of the checkout."""
    tree = where.with_suffix(".tree")
    shutil.copy(file, _start_in(tree))
    return _program_disk(where, tree)


def _start_in(tree: Path) -> Path:
    """What is started, in a tree for /opt/serialpass."""
    start = tree / "bin" / "serialpass-tui"
    start.parent.mkdir(parents=True)
    return start


def _program_disk(where: Path, tree: Path) -> Path:
    (tree / "bin" / "serialpass-tui").chmod(0o755)
    options = ["-q", "-F", "-t", "ext4", "-O", "^has_journal", "-E", "root_owner=0:0"]
    inputs.run(["mke2fs", *options, "-d", tree, where, "32M"])
    shutil.rmtree(tree)
    return where


def copy(disk: Path, where: Path) -> Path:
    """Copy a disk, holes kept."""
    inputs.run(["cp", "--sparse=always", "--reflink=auto", disk, where])
    return where


def put_file(disk: Path, path: str, data: bytes) -> None:
    """Replace a file on a disk that no machine runs on."""
    source = disk.with_suffix(".put")
    source.write_bytes(data)
    _debugfs(disk, f"rm {path}\nwrite {source} {path}\n", write=True)
    source.unlink()
    if get_file(disk, path) != data:
        raise RuntimeError(f"{path} could not be written to {disk}")


def get_file(disk: Path, path: str) -> bytes:
    """A file of a disk, as the boot loader sees it: the journal is not replayed."""
    target = disk.with_suffix(".got")
    target.unlink(missing_ok=True)
    _debugfs(disk, f"dump {path} {target}\n")
    data = target.read_bytes()
    target.unlink()
    return data


def sector_of(disk: Path, path: str) -> int:
    """The first sector of the disk that holds a file."""
    block = int(_debugfs(disk, f"bmap {path} 0\n").splitlines()[-1])
    size = next(line for line in _debugfs(disk, "stats -h\n").splitlines() if "Block size" in line)
    return (OFFSET + block * int(size.rpartition(":")[2])) // _SECTOR


def _debugfs(disk: Path, commands: str, *, write: bool = False) -> str:
    mode = ["-w"] if write else []
    return inputs.run(["debugfs", *mode, "-f", "-", f"{disk}?offset={OFFSET}"], stdin=commands)


def _build(scratch: Path, built: Kernel, requirements: Sequence[str]) -> None:
    site, disk = scratch / "site", scratch / "disk.raw"
    inputs.run(
        [
            *(sys.executable, "-m", "pip", "install", "-q", "--no-compile", "--target", site),
            *("--only-binary=:all:", "--implementation=cp", "--python-version=3.11"),
            *(f"--platform={name}" for name in _PLATFORMS),
            *requirements,
        ]
    )
    with disk.open("wb") as file:
        file.write(_partitioned())
        file.truncate(_SIZE)
    names = {
        "RIG_SITE": site,
        "RIG_DOM0": _FILES,
        "RIG_KERNEL": built.place,
        "RIG_RELEASE": built.release,
        "RIG_SYSLINUX": _SYSLINUX,
        "RIG_OFFSET": OFFSET,
        "RIG_DISK": disk,
        "RIG_BLOCKS": f"{(_SIZE - OFFSET) // 1024}k",
    }
    settings = " ".join(f"{name}={shlex.quote(str(value))}" for name, value in names.items())
    inputs.run(
        [
            *("mmdebstrap", "--variant=extract", "--format=null", "--skip=chroot/mount"),
            f"--include={','.join(_INCLUDE)}",
            f'--extract-hook={settings} sh {shlex.quote(str(_FILES / "finish"))} "$1"',
            *(_SUITE, "-", *_sources()),
        ]
    )
    shutil.rmtree(site)
    _install_extlinux(scratch, disk, built)
    _make_grub(scratch / "core.img")


def _sources() -> list[str]:
    """The machine's own apt sources of that Debian; mmdebstrap's default where there are none."""
    places = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]
    found = []
    for place in places:
        text = place.read_text(errors="replace") if place.is_file() else ""
        suites = re.search(rf"^(Suites: |deb .*\s){_SUITE}\b", text, re.MULTILINE)
        if suites and re.search(r"^(Components: .*|deb .*\s)main\b", text, re.MULTILINE):
            found.append(place)
    return [str(place) for place in found if "debian" in place.read_text(errors="replace")]


def _partitioned() -> bytes:
    """A first sector with the boot code of extlinux and one active Linux partition."""
    start, sectors = OFFSET // _SECTOR, (_SIZE - OFFSET) // _SECTOR
    entry = struct.pack("<B3sB3sII", 0x80, b"\xfe\xff\xff", 0x83, b"\xfe\xff\xff", start, sectors)
    code = _MBR.read_bytes()[:_BOOT_CODE].ljust(_BOOT_CODE, b"\0")
    return code + b"rig0\0\0" + entry.ljust(64, b"\0") + b"\x55\xaa"


def _make_grub(core: Path) -> None:
    """GRUB with all that it needs in one piece, which must fit in front of the partition."""
    prefix = "(hd0,msdos1)/boot/grub"
    inputs.run(["grub-mkimage", "-O", "i386-pc", "-p", prefix, "-o", core, *_GRUB_MODULES])
    if _SECTOR + core.stat().st_size > OFFSET:
        raise RuntimeError(f"{core} reaches into the partition")


def _install_extlinux(scratch: Path, disk: Path, built: Kernel) -> None:
    """Let the dom0 kernel, on the bare machine, install extlinux on its own disk."""
    with Qemu(
        scratch,
        disk,
        extra=[
            *("-kernel", str(built.image), "-no-reboot"),
            *("-append", "root=/dev/sda1 ro console=ttyS0 panic=-1 init=/rig/install"),
        ],
    ) as machine:
        machine.first_serial.expect("rig: installed", 120)
        machine.wait_for_end(60)


if __name__ == "__main__":
    if lacking := inputs.missing():
        sys.exit(f"the rig lacks {', '.join(lacking)}; as root, .ci/rig installs them")
    inputs.say(f"the dom0 is {image().disk}")
