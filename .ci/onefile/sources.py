"""Fetching the pinned sources: Debian's by apt-get, PyPI's by pip, each held to its digest."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

import workshop
from pins import SOURCES, SUITES, ZIG, Debian

if TYPE_CHECKING:
    from pathlib import Path

REQUIREMENTS = workshop.HERE / "requirements.txt"
_BUILT_HERE = ("psutil",)
"""Taken as source: their C is linked in."""


def fetch() -> Path:
    """The directory of all sources, fetched where they are not there yet."""
    place = workshop.cache() / "sources"
    place.mkdir(parents=True, exist_ok=True)
    _fetch_debian(place)
    _fetch_pypi(place)
    return place


def _fetch_debian(place: Path) -> None:
    wanted = [s for s in SOURCES if not all(_is_right(place / f, d) for f, d in _files(s))]
    if not wanted:
        return
    with workshop.making(place / "apt") as scratch:
        for folder in ("lists/partial", "archives/partial"):
            (scratch / folder).mkdir(parents=True)
        (scratch / "sources.list").write_text("".join(_deb_src()), encoding="utf-8")
        (scratch / "apt.conf").write_text(
            f'Dir::Etc::SourceList "{scratch}/sources.list";\n'
            'Dir::Etc::SourceParts "/dev/null";\n'
            f'Dir::State::Lists "{scratch}/lists";\n'
            f'Dir::Cache "{scratch}";\n'
            'APT::Sandbox::User "root";\n',
            encoding="utf-8",
        )
        environ = {"APT_CONFIG": str(scratch / "apt.conf")}
        workshop.run(["apt-get", "update", "-q"], environ=environ)
        for source in wanted:
            name = f"{source.package}={source.version}"
            workshop.run(
                ["apt-get", "source", "--download-only", "-q", name], cwd=scratch, environ=environ
            )
            for file, digest in _files(source):
                if not _is_right(scratch / file, digest):
                    sys.exit(f"{file} is not the file that pins.py names")
                shutil.move(scratch / file, place / file)
    shutil.rmtree(place / "apt")


def _deb_src() -> list[str]:
    """Lines for apt: the source packages of the pinned suites, at this machine's own mirrors."""
    form = "$(ORIGIN) $(REPO_URI) $(CODENAME)"
    told = workshop.run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"])
    mirrors = {}
    for line in told.splitlines():
        origin, uri, codename = line.split(" ")
        if origin == "Debian" and re.fullmatch(r"[a-z]+(-security)?", codename):
            mirrors["-security" if codename.endswith("-security") else ""] = uri
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    return [
        f"deb-src [signed-by={keyring}] {mirrors[''.join(re.findall('-.*', suite))]} {suite} main\n"
        for suite in SUITES
    ]


def _fetch_pypi(place: Path) -> None:
    """All that requirements.txt pins: wheels, but the source of what has C in it."""
    wanted = place / workshop.digest(REQUIREMENTS.read_bytes())
    if wanted.exists():
        return
    with workshop.making(wanted) as scratch:
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--require-hashes"]
        pip += ["--only-binary", ":all:", *(f"--no-binary={name}" for name in _BUILT_HERE)]
        # pip is set up by variables on some machines.
        environ = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        workshop.run([*pip, "-d", scratch, "-r", REQUIREMENTS], environ=environ)


def packages() -> list[Path]:
    """The files of the Python packages, the compiler's left out, in the order of their names."""
    place = fetch() / workshop.digest(REQUIREMENTS.read_bytes())
    return sorted(file for file in place.iterdir() if not file.name.startswith("ziglang"))


def unpack(source: Debian, scratch: Path) -> Path:
    """The source tree of a package with the wanted patches, below a directory."""
    place = fetch()
    before = set(scratch.iterdir())
    with tarfile.open(place / source.orig[0]) as archive:
        archive.extractall(scratch, filter="tar")
    (tree,) = set(scratch.iterdir()) - before
    patches = scratch / f"{source.package}-patches"
    with tarfile.open(place / source.patches[0]) as archive:
        archive.extractall(patches, filter="tar")
    folder = patches / "debian" / "patches"
    series = folder / "series"
    names = series.read_text(encoding="utf-8").split("\n") if series.exists() else []
    for line in names:
        name = line.partition("#")[0].strip()
        if name and re.fullmatch(source.wanted, name):
            workshop.run(["patch", "-p1", "-s", "-f", "-i", folder / name], cwd=tree)
    return tree


def unpacked_sdist(name: str, scratch: Path) -> Path:
    """The source tree of a Python package that has C in it."""
    (file,) = (path for path in packages() if path.name.startswith(f"{name}-"))
    with tarfile.open(file) as archive:
        archive.extractall(scratch, filter="tar")
    return scratch / file.name.removesuffix(".tar.gz")


def zig() -> Path:
    """The compiler's program."""
    place = workshop.cache() / f"zig-{ZIG}"
    if not place.exists():
        folder = fetch() / workshop.digest(REQUIREMENTS.read_bytes())
        (wheel,) = folder.glob(f"ziglang-{ZIG}-*.whl")
        with workshop.making(place) as scratch:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(scratch)  # noqa: S202 - its digest was checked
            (scratch / "ziglang" / "zig").chmod(0o755)
    return place / "ziglang" / "zig"


def _files(source: Debian) -> tuple[tuple[str, str], ...]:
    return (source.orig, source.patches)


def _is_right(file: Path, digest: str) -> bool:
    return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == digest
