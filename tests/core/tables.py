"""Tables as a firmware lays them out, for tests."""

from __future__ import annotations


def dmar(
    regions: list[tuple[int, list[tuple[int, list[tuple[int, int]]]]]], *, kind: int = 1
) -> bytes:
    """A DMAR table: a DRHD, then one RMRR a region with a base and scopes (start bus, path)."""
    scope = b"\x01\x08\0\0\0\0\x02\0"
    body = record(0, b"\x01\0\0\0" + bytes(8) + scope)
    for base, scopes in regions:
        ends = base.to_bytes(8, "little") + (base + 0xFFF).to_bytes(8, "little")
        body += record(kind, bytes(4) + ends + b"".join(map(_scope, scopes)))
    head = b"DMAR" + (48 + len(body)).to_bytes(4, "little") + bytes(40)
    return head + body


def record(kind: int, body: bytes) -> bytes:
    """A structure of the table: type and length, then `body`."""
    return kind.to_bytes(2, "little") + (4 + len(body)).to_bytes(2, "little") + body


def _scope(scope: tuple[int, list[tuple[int, int]]]) -> bytes:
    bus, path = scope
    steps = b"".join(bytes(step) for step in path)
    return bytes([1, 6 + len(steps), 0, 0, 0, bus]) + steps


def ivrs(*blocks: bytes) -> bytes:
    """An IVRS table: an IVHD block, then these."""
    ivhd = b"\x10\0\x20\0" + bytes(24) + b"\x02\x08\0\0"
    body = ivhd + b"".join(blocks)
    return b"IVRS" + (48 + len(body)).to_bytes(4, "little") + bytes(40) + body


def ivmd(
    kind: int, device: int = 0, last: int = 0, *, flags: int = 7, base: int = 0xB9F8F000
) -> bytes:
    """An IVMD block; a device is its bus, slot and function as one number."""
    ids = device.to_bytes(2, "little") + last.to_bytes(2, "little") + bytes(8)
    ends = base.to_bytes(8, "little") + (0x2000).to_bytes(8, "little")
    return bytes([kind, flags]) + (32).to_bytes(2, "little") + ids + ends
