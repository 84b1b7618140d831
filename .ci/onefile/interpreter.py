"""The program in front of the archive: CPython and psutil's C in one static executable."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import foundations
import libraries
import sources
import workshop

if TYPE_CHECKING:
    from pins import Target

MAIN = workshop.HERE / "main.c"


def interpreter(target: Target) -> Path:
    """The executable of a target, linked once for each state of its inputs."""
    parts = libraries.libraries(target)
    name = workshop.digest(
        parts.place.name,
        MAIN.read_bytes(),
        Path(__file__).read_bytes(),
        sources.REQUIREMENTS.read_bytes(),
    )
    place = workshop.cache() / f"interpreter-{target.arch}-{name}"
    if not place.exists():
        with workshop.making(place) as scratch:
            _link(parts, scratch)
            shutil.rmtree(scratch / "work")
    return place / "python"


def _link(parts: libraries.Libraries, place: Path) -> None:
    work = place / "work"
    work.mkdir()
    environ = foundations.compiler(parts.target, work / "bin", scratch=work)
    psutil = sources.unpacked_sdist("psutil", work)
    version = psutil.name.partition("-")[2].replace(".", "")
    code = [
        *sorted((psutil / "psutil" / "arch" / "all").glob("*.c")),
        *sorted((psutil / "psutil" / "arch" / "posix").glob("*.c")),
        *sorted((psutil / "psutil" / "arch" / "linux").glob("*.c")),
        psutil / "psutil" / "_psutil_linux.c",
    ]
    # As psutil's setup.py defines them for Linux.
    macros = ["PSUTIL_POSIX=1", "PSUTIL_LINUX=1", "PSUTIL_SIZEOF_PID_T=4"]
    macros.append(f"PSUTIL_VERSION={version}")
    include = f"-I{parts.include}"
    workshop.run(
        ["cc", "-O2", "-c", include, *(f"-D{macro}" for macro in macros), *code],
        cwd=work,
        environ=environ,
    )
    workshop.run(["cc", "-O2", "-Wall", "-c", include, MAIN], cwd=work, environ=environ)
    objects = sorted(work.glob("*.o"))
    workshop.run(
        ["cc", "-static", "-s", "-o", place / "python", *objects, *parts.archives],
        cwd=work,
        environ=environ,
    )
