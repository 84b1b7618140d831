"""Digests as the host's own programs tell them."""

from __future__ import annotations

import hashlib

_POLYNOMIAL = 0x04C11DB7
_NONE = "-"


def digest(data: bytes | None, program: str) -> str:
    """What `program` says of these bytes, as the host's shell hands it on; `-` for no file."""
    if data is None:
        return _NONE
    if program == "cksum":
        return f"{cksum(data)}-{len(data)}"
    name = program.removesuffix("sum")
    return hashlib.new(name, data, usedforsecurity=False).hexdigest()


def cksum(data: bytes) -> int:
    """POSIX's CRC, as its cksum has it: the data, then its length, least significant byte first."""
    crc, length = 0, len(data)
    for byte in data:
        crc = _step(crc, byte)
    while length:
        crc = _step(crc, length & 0xFF)
        length >>= 8
    return crc ^ 0xFFFFFFFF


def _step(crc: int, byte: int) -> int:
    return ((crc << 8) & 0xFFFFFFFF) ^ _TABLE[(crc >> 24) ^ byte]


def _entry(index: int) -> int:
    value = index << 24
    for _ in range(8):
        value = (value << 1) ^ (_POLYNOMIAL if value & 0x80000000 else 0)
    return value & 0xFFFFFFFF


_TABLE = tuple(map(_entry, range(256)))
