"""Where the build works and keeps what is slow to make, and how it runs tools."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pins

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROGRAMS = ("apt-get", "infocmp", "make", "patch", "perl", "tic")


def cache() -> Path:
    """The directory of fetched sources and finished parts; it may be deleted at any time."""
    named = os.environ.get("SERIALPASS_BUILD_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "serialpass-build"


def digest(*parts: bytes | str) -> str:
    """A name for inputs: any change of one gives another name."""
    state = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        state.update(b"%d\n" % len(data))
        state.update(data)
    return state.hexdigest()[:16]


@contextmanager
def making(place: Path) -> Iterator[Path]:
    """A scratch directory that becomes `place` when all went well: half a build is never used."""
    place.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    begun = time.monotonic()
    say(f"making {place.name}, once")
    try:
        yield scratch
        scratch.chmod(0o755)
        scratch.rename(place)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    say(f"{place.name} made in {time.monotonic() - begun:.0f} s")


def say(words: str) -> None:
    """Tell what takes minutes."""
    sys.stderr.write(f"onefile: {words}\n")
    sys.stderr.flush()


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> str:
    """Run a tool that must succeed; its output, which a log may get instead.

    Only PATH and HOME come from outside: what a shell exports must not change what is built.
    """
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    clean |= {"LC_ALL": "C", "TZ": "UTC", "SOURCE_DATE_EPOCH": str(pins.EPOCH)}
    done = subprocess.run(  # noqa: S603
        [str(word) for word in argv],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if log else subprocess.PIPE,
        text=True,
        errors="replace",
        env=clean | dict(environ or {}),
        check=False,
    )
    if log is not None:
        with log.open("a", encoding="utf-8") as file:
            file.write(done.stdout)
    if done.returncode != 0:
        said = "\n".join((done.stdout + (done.stderr or "")).splitlines()[-40:])
        sys.exit(f"{argv[0]} failed with status {done.returncode}:\n{said}")
    return done.stdout


def missing() -> list[str]:
    """Which programs the build needs and this machine lacks."""
    return [name for name in PROGRAMS if shutil.which(name) is None]
