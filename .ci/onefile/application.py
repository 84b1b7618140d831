"""The archive behind the interpreter: the application, what it imports, its licences and parts."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

import bill
import sources
import workshop

if TYPE_CHECKING:
    from collections.abc import Iterable

_STDLIB_LEFT_OUT = re.compile(
    r"(?:__phello__|_pyrepl|ctypes|curses/(?!__init__\.py)|dbm|ensurepip|idlelib|lib2to3"
    r"|multiprocessing|pydoc_data|sqlite3|test|tkinter|turtledemo|unittest|venv|wsgiref|xml/dom"
    r"|xml/sax|xml/etree|sysconfig|_sysconfigdata|encodings/(?!__init__|aliases|ascii|cp437|idna"
    r"|latin_1|iso8859_1\.|utf_8\.|punycode|unicode_escape|raw_unicode_escape|charmap|cp1252\."
    r"|utf_16))|(?:turtle|pydoc|pdb|doctest|antigravity|this|webbrowser|imaplib|mailbox|ftplib"
    r"|poplib|smtplib|pickletools|_pydatetime|_pylong|_pyio|_osx_support|_aix_support"
    r"|_ios_support|_android_support|tabnanny|trace|cProfile|profile|pstats|compileall"
    r"|nturl2path|modulefinder|zipapp|bdb|cmd|code|codeop)\.py$"
)
"""Parts of the standard library that nothing in the file asks for."""

_PACKAGES_LEFT_OUT = re.compile(
    r"textual/(?:demo|tree-sitter)/"
    r"|pygments/lexers/(?!__init__|_mapping|python\.|special\.|css\.|_css_)"
    r"|pygments/formatters/(?!__init__|_mapping|terminal)"
    r"|pygments/styles/(?!__init__|_mapping|monokai|default|native)"
    r"|[^/]+\.data/|.*\.pyi$|.*/py\.typed$"
)
"""Parts of the packages: Textual shows a fault in Python with pygments, and nothing else by it."""

_SCRIPT = workshop.HERE / "pack.py"


def archive(interpreter: Path, stdlib: Path, licences: Iterable[Path], place: Path) -> Path:
    """Write the archive; its path, below `place`.

    Compiled and packed by the interpreter that it is for: what the build machine's Python and
    zlib would make of it differs from release to release.
    """
    stage = place / "stage"
    stage.mkdir()
    _copy(stdlib, stage, _STDLIB_LEFT_OUT)
    for folder in licences:
        shutil.copytree(folder, stage / "licences", dirs_exist_ok=True)
    for part, file in bill.COMPILER_LICENCES.items():
        _put(
            stage / "licences" / part / Path(file).name, (sources.zig().parent / file).read_bytes()
        )
    found = [_install(file, stage, place) for file in sources.packages()]
    commit = _application(stage)
    parts = bill.parts(found)
    version = _version()
    (stage / "serialpass_tui" / "build.json").write_text(
        json.dumps({"commit": commit, "parts": {part.name: part.version for part in parts}}),
        encoding="utf-8",
    )
    (stage / "bom.json").write_text(bill.cyclonedx(version, commit, parts), encoding="utf-8")
    target = place / "application.zip"
    workshop.run(
        [interpreter, "-S", "-B", _SCRIPT, stage, target],
        environ={"PYTHONHOME": str(stdlib), "PYTHONPATH": str(stdlib), "PYTHONHASHSEED": "0"},
    )
    return target


def _copy(tree: Path, stage: Path, left_out: re.Pattern[str]) -> None:
    for file in sorted(tree.rglob("*")):
        name = file.relative_to(tree).as_posix()
        if file.is_file() and "__pycache__" not in file.parts and not left_out.match(name):
            _put(stage / name, file.read_bytes())


def _put(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


def _install(file: Path, stage: Path, place: Path) -> bill.Part:
    """Put a package's modules, its description and its licence into the archive."""
    files = _of_wheel(file) if file.suffix == ".whl" else _of_sdist(file, place)
    name = next(name for name in files if name.endswith((".dist-info/METADATA", "PKG-INFO")))
    told = HeaderParser().parsestr(files[name].decode("utf-8"))
    title, version = told["Name"], told["Version"]
    for path, data in files.items():
        part = Path(path)
        if re.match(r"(?i)(licen[cs]e|copying|notice|authors)", part.name):
            _put(stage / "licences" / title / part.name, data)
        elif (
            ".dist-info/" not in path and path != "PKG-INFO" and not _PACKAGES_LEFT_OUT.match(path)
        ):
            _put(stage / path, data)
    if not (stage / "licences" / title).exists():  # XenAPI's description is all that says it
        _put(stage / "licences" / title / "METADATA", files[name])
    info = f"{title.replace('-', '_')}-{version}.dist-info"
    _put(stage / info / "METADATA", files[name])
    licence = told["License-Expression"] or bill.KNOWN_LICENCES.get(title, "") or told["License"]
    return bill.Part(
        title, version, licence or "NOASSERTION", f"pkg:pypi/{title.lower()}@{version}"
    )


def _of_wheel(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as wheel:
        return {name: wheel.read(name) for name in wheel.namelist() if not name.endswith("/")}


def _of_sdist(file: Path, place: Path) -> dict[str, bytes]:
    """The modules of a package whose C is in the interpreter."""
    name = file.name.partition("-")[0]
    tree = sources.unpacked_sdist(name, place)
    found = {
        path.relative_to(tree).as_posix(): path.read_bytes() for path in (tree / name).glob("*.py")
    }
    return found | {name: (tree / name).read_bytes() for name in ("PKG-INFO", "LICENSE")}


def _application(stage: Path) -> str:
    """Put the application in, as git knows its files; the commit, marked where it is not that."""
    git = ["git", "-C", str(workshop.ROOT)]
    wanted = ["serialpass_tui", "LICENSE"]
    for name in workshop.run([*git, "ls-files", "-z", *wanted]).split("\0"):
        if name == "LICENSE":
            target = stage / "licences" / "serialpass-tui" / name
            _put(target, (workshop.ROOT / name).read_bytes())
        elif name and not name.endswith("py.typed"):
            _put(stage / name, (workshop.ROOT / name).read_bytes())
    commit = workshop.run([*git, "rev-parse", "HEAD"]).strip()
    changed = workshop.run([*git, "status", "--porcelain", "--", *wanted, ".ci/onefile"]).strip()
    return f"{commit} with changes" if changed else commit


def _version() -> str:
    text = (workshop.ROOT / "serialpass_tui" / "__init__.py").read_text(encoding="utf-8")
    match = re.search(r'__version__ = "([^"]+)"', text)
    if match is None:
        raise SystemExit("serialpass_tui/__init__.py names no version")
    return match[1]


def name_for(arch: str) -> str:
    """What the finished file is called."""
    return f"serialpass-tui-{_version()}-{arch}"
