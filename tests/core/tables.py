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
