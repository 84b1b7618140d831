"""Builds the tool as one executable file for a dom0: `.ci/build [ARCH...] [--output DIR]`."""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import time
from pathlib import Path

import application
import interpreter
import libraries
import workshop
from pins import TARGETS


def main() -> None:
    """Build one file for each architecture asked for."""
    parser = argparse.ArgumentParser(prog=".ci/build", description=__doc__)
    parser.add_argument("arch", nargs="*", metavar="ARCH", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--output", type=Path, default=workshop.ROOT / "dist", metavar="DIR")
    args = parser.parse_args()
    wanted = args.arch or list(TARGETS)
    if unknown := sorted(set(wanted) - set(TARGETS)):
        sys.exit(f"No such architecture: {', '.join(unknown)}; known are {', '.join(TARGETS)}")
    if absent := workshop.missing():
        sys.exit(f"The build needs {', '.join(absent)}")
    args.output.mkdir(parents=True, exist_ok=True)
    for arch in wanted:
        begun = time.monotonic()
        built = build(arch, args.output)
        data = built.read_bytes()
        sys.stdout.write(
            f"{built}: {len(data):,} bytes, {time.monotonic() - begun:.0f} s, "
            f"sha256 {hashlib.sha256(data).hexdigest()}\n"
        )


def build(arch: str, output: Path) -> Path:
    """Join interpreter and archive."""
    target = TARGETS[arch]
    parts = libraries.libraries(target)
    program = interpreter.interpreter(target)
    with tempfile.TemporaryDirectory(prefix="onefile-") as scratch:
        packed = application.archive(program, parts.stdlib, parts.licences, Path(scratch))
        whole = program.read_bytes() + packed.read_bytes()
    built = output / application.name_for(arch)
    fresh = built.with_name(f".{built.name}")
    fresh.write_bytes(whole)
    fresh.chmod(0o755)
    fresh.replace(built)
    return built


if __name__ == "__main__":
    main()
