"""The machine behind a tree of files that was fetched: what psutil and libudev say of one's own."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path, PurePosixPath

from serialpass_tui.host import rooted, sysfs, udev
from serialpass_tui.host.network import Interface
from serialpass_tui.host.sysfs import children, number, text
from serialpass_tui.lazy import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from serialpass_tui.host.ssh.tree import Told
    from serialpass_tui.host.sysfs import Device

# ip-address(8) with -o: one line for each address.
_ADDRESS = pattern(r"(?m)^\d+:\s+([^\s@]+)\S*\s+inet6?\s+([0-9a-fA-F.:]+)")
_FD_FOLDER = pattern(r"/proc/(\d+)/fd:")
_FD = pattern(r".*?\s(\d+) -> (/dev/tty[A-Za-z]\w*)")
_NAME = pattern(r".*?\s(\S+) -> (\S+)")
_UP = 0x1
_BY_ID = "dev/disk/by-id"


class FetchedMachine:
    """What the libraries would say on the host itself."""

    def __init__(self, root: Path, told: Told) -> None:
        self._root = root.resolve()
        self._told = told
        self._lay_links()

    def _lay_links(self) -> None:
        """The links that `ls` told, of open files and of disks: only their targets are read."""
        pid = ""
        for line in self._told.outputs.get("fd", "").splitlines():
            folder, opened = _FD_FOLDER.fullmatch(line), _FD.fullmatch(line)
            if folder is not None:
                pid = folder[1]
            elif opened is not None and pid:
                self._link(f"proc/{pid}/fd/{opened[1]}", opened[2])
        for line in self._told.outputs.get("by-id", "").splitlines():
            named = _NAME.fullmatch(line)
            if named is not None and "/" not in named[1]:
                self._link(f"{_BY_ID}/{named[1]}", f"../../{PurePosixPath(named[2]).name}")

    def _link(self, path: str, target: str) -> None:
        place = self._root / path
        with suppress(OSError):
            folder = rooted.resolve(self._root, str(PurePosixPath(path).parent))
            folder.mkdir(parents=True, exist_ok=True)
            (folder / place.name).symlink_to(target)

    def devices(self, subsystem: str) -> list[Device]:
        """All devices of a subsystem, with udev's properties."""
        return udev.devices(self._root, subsystem)

    def mounts(self) -> list[tuple[str, str]]:
        """Pairs of device and mount point of the file systems that lie on devices."""
        on_devices = {
            line.strip()
            for line in text(self._root / "proc/filesystems").splitlines()
            if not line.startswith("nodev")
        } | {"zfs"}
        return [
            (self._real(device), point)
            for device, point, kind in self._mounted()
            if kind in on_devices and device
        ]

    def _mounted(self) -> Iterator[tuple[str, str, str]]:
        for line in text(self._root / "proc/self/mounts").splitlines():
            words = line.split()
            if len(words) >= 3:
                yield (words[0].replace("\\040", " "), words[1].replace("\\040", " "), words[2])

    def _real(self, device: str) -> str:
        """What `/dev/root` stands for: no such file need exist (psutil does the same)."""
        if device not in {"/dev/root", "rootfs"}:
            return device
        wanted = self.device_number(self._root)
        for block in sysfs.devices(self._root / "sys", "block"):
            if wanted and block.text("dev") == wanted:
                return f"/dev/{block.name}"
        return device

    def interfaces(self) -> Mapping[str, Interface]:
        """Every network interface by name."""
        found: dict[str, list[str]] = {}
        for name, address in _ADDRESS.findall(self._told.outputs.get("ip", "")):
            found.setdefault(name, []).append(address)
        return {
            device.name: Interface(
                bool(device.number("flags") & _UP)
                and device.text("operstate") in {"up", "unknown", ""},
                tuple(found.get(device.name, ())),
                device.text("address"),
            )
            for device in sysfs.devices(self._root / "sys", "net")
        }

    def boot_time(self) -> int:
        """Seconds since the epoch (proc(5), /proc/stat)."""
        for line in text(self._root / "proc/stat").splitlines():
            if line.startswith("btime "):
                return number(line.split()[1], 10)
        return 0

    def pids(self) -> Sequence[int]:
        """All processes."""
        return sorted(int(p.name) for p in children(self._root / "proc") if p.name.isdecimal())

    def pid(self) -> int:
        """The shell at the host."""
        return number(self._told.outputs.get("pid", "").strip(), 10)

    def device_number(self, place: Path) -> str:
        """The number of the device that carries a place, by proc(5), /proc/self/mountinfo."""
        here = PurePosixPath(rooted.host_path(self._root, place))
        deepest, found = 0, ""
        for line in text(self._root / "proc/self/mountinfo").splitlines():
            words = line.split()
            if len(words) < 5:
                continue
            point = PurePosixPath(words[4].replace("\\040", " "))
            if (point == here or point in here.parents) and len(point.parts) >= deepest:
                deepest, found = len(point.parts), words[2]
        return found
