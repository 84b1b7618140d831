"""The bill of materials: what is in the file, as people and as scanners read it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pins

if TYPE_CHECKING:
    from collections.abc import Iterable

KNOWN_LICENCES = {
    "linkify-it-py": "MIT",
    "markdown-it-py": "MIT",
    "mdit-py-plugins": "MIT",
    "mdurl": "MIT",
    "psutil": "BSD-3-Clause",
    "rich": "MIT",
    "textual": "MIT",
}
"""SPDX names for packages whose own description has none, from the licence files in them."""

COMPILER_LICENCES = {"musl": "lib/libc/musl/COPYRIGHT", "zig": "LICENSE"}
"""Where the compiler's package has the licences of what it links in."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that somebody else made."""

    name: str
    version: str
    licence: str
    """SPDX expression."""
    purl: str
    """Package URL, which scanners look vulnerabilities up by."""


def parts(packages: Iterable[Part]) -> list[Part]:
    """Everything in the file, the interpreter's parts first."""
    linked = [
        Part(
            source.name,
            source.upstream,
            source.licence,
            f"pkg:deb/debian/{source.package}@{source.version.replace('+', '%2B')}?arch=source",
        )
        for source in pins.SOURCES
    ]
    musl = Part("musl", pins.MUSL, "MIT", f"pkg:generic/musl@{pins.MUSL}")
    zig = Part("zig", pins.ZIG, "MIT", f"pkg:pypi/ziglang@{pins.ZIG}")
    return [*linked, musl, zig, *packages]


def cyclonedx(version: str, commit: str, everything: Iterable[Part]) -> str:
    """The bill as CycloneDX 1.5 (ECMA-424), without time or serial number: two builds are one."""
    own = {
        "type": "application",
        "bom-ref": "serialpass-tui",
        "name": "serialpass-tui",
        "version": version,
        "licenses": [{"license": {"id": "MIT"}}],
        "properties": [{"name": "commit", "value": commit}],
    }
    components = [
        {
            "type": "library",
            "bom-ref": part.purl,
            "name": part.name,
            "version": part.version,
            "licenses": [{"expression": part.licence}],
            "purl": part.purl,
        }
        for part in everything
    ]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": own},
        "components": components,
        "dependencies": [
            {"ref": "serialpass-tui", "dependsOn": [part["bom-ref"] for part in components]}
        ],
    }
    return json.dumps(document, indent=1) + "\n"
