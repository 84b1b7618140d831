"""What a simulated boot loader remembers from boot to boot; read apart from the product's reader.

GRUB: grub-core/lib/envblk.c. extlinux: syslinux libinstaller/setadv.c and core/adv.inc.
"""

from __future__ import annotations

from dataclasses import dataclass

_GRUB_SIGN = "# GRUB Environment Block\n"
_HALF = 512
_HEAD, _SUM, _TAIL = 0x5A2D2FA5, 0xA3041767, 0xDD28BF64


@dataclass(slots=True)
class Memory:
    """The bytes of the loader's file; None where it has none, and then it remembers nothing."""

    data: bytes | None = None
    writable: bool = True
    """Whether the loader can write to the disk that holds it."""

    # --- GRUB

    def variables(self) -> dict[str, str]:
        """What `load_env` reads."""
        text = (self.data or b"").decode("latin-1")
        if not text.startswith(_GRUB_SIGN):
            return {}
        lines = text.removeprefix(_GRUB_SIGN).rstrip("#").split("\n")
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def save(self, name: str, value: str | None) -> bool:
        """What `save_env` writes, into the blocks that the file has; it makes no file."""
        if self.data is None or not self.data.startswith(_GRUB_SIGN.encode()) or not self.writable:
            return False
        kept = self.variables()
        if value is None:
            kept.pop(name, None)
        else:
            kept[name] = value
        text = _GRUB_SIGN + "".join(f"{key}={held}\n" for key, held in kept.items())
        if len(text) > len(self.data):
            return False
        self.data = text.ljust(len(self.data), "#").encode("latin-1")
        return True

    # --- extlinux

    def take_once(self) -> str:
        """The label to boot once, which is forgotten with this."""
        label = _once(self.data or b"")
        if label:
            self.set_once("")
        return label

    def set_once(self, label: str) -> None:
        """What `extlinux --once` and `--clear-once` write behind the loader's own code."""
        code = (self.data or b"")[: -2 * _HALF]
        self.data = code + _vector(label) * 2


def fresh(loader: str) -> bytes:
    """What a boot loader remembers that was just installed."""
    if loader == "grub":
        return _GRUB_SIGN.ljust(2 * _HALF, "#").encode()
    return _vector("") * 2


def _vector(label: str) -> bytes:
    content = bytes([1, len(label)]) + label.encode() if label else b""
    body = content.ljust(_HALF - 12, b"\0")
    cells = [int.from_bytes(body[at : at + 4], "little") for at in range(0, len(body), 4)]
    check = (_SUM - sum(cells)) % 2**32
    words = [number.to_bytes(4, "little") for number in (_HEAD, check, _TAIL)]
    return words[0] + words[1] + body + words[2]


def _once(data: bytes) -> str:
    vector = data[-2 * _HALF : -_HALF]
    if vector[:4] != _HEAD.to_bytes(4, "little") or vector[-4:] != _TAIL.to_bytes(4, "little"):
        return ""
    at, end = 8, _HALF - 4
    while at < end and vector[at] != 0:
        tag, size = vector[at], vector[at + 1]
        if tag == 1:
            return vector[at + 2 : at + 2 + size].decode("latin-1")
        at += 2 + size
    return ""
