"""Where a boot loader keeps what it is to boot once: GRUB's environment block, extlinux's data.

GRUB: 1024 bytes, a line of its own, then `name=value` lines, then `#` up to the end; at boot it can
be written on a plain disk only, in a file system without checksums (GRUB manual, "The GRUB
environment block"; grub-core/lib/envblk.c for the form).

extlinux: the auxiliary data vector, twice 512 bytes at the end of ldlinux.sys: two magic numbers
around a checksum and tagged strings, of which number 1 is the label to boot once (syslinux
libinstaller/setadv.c, com32/include/syslinux/adv.h).
"""

from __future__ import annotations

import struct

from serialpass_tui.core.boot.model import TRIAL_LABEL
from serialpass_tui.core.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.core.boot.model import BootFile
    from serialpass_tui.core.inventory import BootStore

OVERRIDE = "override_entry"
"""The variable by which XenServer's grub.cfg boots an entry once."""
ADV_BYTES = 1024

_HEAD = b"# GRUB Environment Block\n"
_BLOCK = 1024
_ADV = 512
_MAGICS = (0x5A2D2FA5, 0xA3041767, 0xDD28BF64)
_BOOT_ONCE = 1
_UNWRITABLE = {"btrfs", "zfs", "bcachefs", "f2fs", "squashfs", "iso9660", "overlay", "tmpfs"}
EMPTY_BLOCK = _HEAD.ljust(_BLOCK, b"#")


def armed(loader: str, data: bytes | None) -> str:
    """The entry that is to be booted once; empty: none, or nothing readable is there."""
    if data is None:
        return ""
    if loader == "grub":
        return _variables(data).get(OVERRIDE, "")
    return _label_of(data[-ADV_BYTES:])


def with_override(block: bytes, entry: str) -> bytes:
    """GRUB's environment block with the entry to boot once, or none where `entry` is empty.

    Every other line stays, in its place; GRUB itself takes its line out in the same way, so that
    the block is then as it was.

    Raises:
        ValueError: there is no room.
    """
    mark = f"{OVERRIDE}=".encode()
    lines = [line for line in _lines(block) if not line.startswith(mark)]
    if entry:
        lines.append(mark + entry.encode())
    body = _HEAD + b"".join(line + b"\n" for line in lines)
    if len(body) > len(block):
        raise ValueError("no room in the environment block")
    return body.ljust(len(block), b"#")


def obstacle(boot: BootFile, store: BootStore | None) -> str:
    """Why this loader cannot boot an entry once; empty: it can.

    It completes the sentence "a trial boot cannot be had: ".
    """
    if store is None:
        return "where the boot loader keeps what it boots once is not known"
    path = printable(store.path)
    if not store.writable:
        return f"the file system of {path} is read-only"
    if boot.loader == "extlinux":
        return _extlinux_obstacle(store, path)
    if store.layers:
        return f"{path} lies on {' on '.join(store.layers)}, where GRUB cannot write at boot"
    if store.filesystem.partition(".")[0] in _UNWRITABLE:
        return f"{path} lies on {printable(store.filesystem)}, where GRUB cannot write at boot"
    if not store.filesystem:
        return f"which file system {path} lies on is not known"
    return _block_obstacle(store.data, path)


def _extlinux_obstacle(store: BootStore, path: str) -> str:
    if not store.tool:
        return "the program extlinux, which says what is booted once, is not installed"
    if any("which is not there" in layer for layer in store.layers):
        return f"extlinux cannot open the device of {path}: it is {printable(store.layers[0])}"
    data = store.data or b""
    if len(data) < ADV_BYTES or not _is_adv(data[-ADV_BYTES:][:_ADV]):
        return f"{path} holds none of extlinux's data: it is not the loader that is installed"
    other = armed("extlinux", data)
    if other not in {"", TRIAL_LABEL}:
        return f"somebody has asked for {printable(other, 40)} at the next boot already"
    return ""


def _block_obstacle(data: bytes | None, path: str) -> str:
    if data is None:
        return ""  # it is made
    if len(data) != _BLOCK or not data.startswith(_HEAD):
        return f"{path} is no environment block of {_BLOCK} bytes"
    other = armed("grub", data)
    if other not in {"", TRIAL_LABEL}:
        return f"somebody has asked for {printable(other, 40)} at the next boot already"
    try:
        exact = with_override(with_override(data, TRIAL_LABEL), "") == with_override(data, "")
    except ValueError:
        exact = False
    return "" if exact else f"{path} has no room left"


def _lines(block: bytes) -> list[bytes]:
    """The lines of a block; a backslash takes the character behind it along, a line end too."""
    found, line, position = [], b"", len(_HEAD)
    while position < len(block):
        byte = block[position : position + 1]
        if byte == b"\\":
            line += block[position : position + 2]
            position += 1
        elif byte == b"\n":
            found.append(line)
            line = b""
        elif byte == b"#" and not line:
            break
        else:
            line += byte
        position += 1
    return found


def _variables(block: bytes) -> dict[str, str]:
    pairs = (line.decode("latin-1").partition("=") for line in _lines(block))
    return {name: value for name, equals, value in pairs if equals}


def _is_adv(copy: bytes) -> bool:
    if len(copy) != _ADV:
        return False
    words = struct.unpack(f"<{_ADV // 4}I", copy)
    if (words[0], words[-1]) != (_MAGICS[0], _MAGICS[2]):
        return False
    total: int = words[1] + sum(words[2:-1])
    return total & 0xFFFFFFFF == _MAGICS[1]


def _label_of(adv: bytes) -> str:
    copies = (adv[:_ADV], adv[_ADV:])
    data = next((copy[8:-4] for copy in copies if _is_adv(copy)), b"")
    position = 0
    while position + 2 <= len(data) and data[position]:
        tag, size = data[position], data[position + 1]
        if tag == _BOOT_ONCE:
            return data[position + 2 : position + 2 + size].decode("latin-1").strip("\0")
        position += 2 + size
    return ""
