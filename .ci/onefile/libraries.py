"""CPython as a static library for one target, with all that an interpreter is linked from."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import foundations
import pins
import sources
import workshop

if TYPE_CHECKING:
    from pins import Target

_ARCHIVES = (
    "libpython3.13.a",
    "Modules/_decimal/libmpdec/libmpdec.a",
    "Modules/_hacl/libHacl_Hash_SHA2.a",
    "Modules/expat/libexpat.a",
)
"""What its build makes of it: the libraries that it brings are not in the first."""

_LEFT_OUT = (
    *("_bz2", "_codecs_cn", "_codecs_hk", "_codecs_iso2022", "_codecs_jp", "_codecs_kr"),
    *("_codecs_tw", "_ctypes", "_curses_panel", "_dbm", "_gdbm", "_interpchannels"),
    *("_interpqueues", "_interpreters", "_lsprof", "_lzma", "_multibytecodec"),
    *("_multiprocessing", "_posixshmem", "_sqlite3", "_tkinter", "_uuid", "nis", "readline"),
    *("xxlimited", "xxlimited_35", "xxsubtype"),
)
"""Modules of the standard library in C that nothing in the file asks for.

`_ctypes` could load nothing: a static program has no dynamic loader.
"""

_REQUIRED = ("_asyncio", "_curses", "_hashlib", "_socket", "_ssl", "pyexpat", "termios", "zlib")
"""Modules that CPython's build leaves out with no more than a line in its output."""


@dataclass(frozen=True, slots=True)
class Libraries:
    """What a target's interpreter is linked from, and what compiles the application for it."""

    place: Path
    foundations: Path
    target: Target

    @property
    def include(self) -> Path:
        """The directory of CPython's headers."""
        return self.place / "include"

    @property
    def archives(self) -> list[Path]:
        """The libraries, in the order in which a linker wants them."""
        own = [self.place / "lib" / Path(name).name for name in _ARCHIVES]
        names = ("ssl", "crypto", "ncursesw", "z", "lockfree")
        return own + [self.foundations / "lib" / f"lib{name}.a" for name in names]

    @property
    def stdlib(self) -> Path:
        """The standard library's modules in Python."""
        return self.place / "stdlib"

    @property
    def licences(self) -> tuple[Path, ...]:
        """Where the licences of what was built are: a folder for each."""
        return (self.foundations / "licences", self.place / "licences")


def libraries(target: Target) -> Libraries:
    """The libraries of a target, built once for each state of their inputs."""
    base = foundations.foundations(target)
    name = workshop.digest(base.name, repr(pins.PYTHON), Path(__file__).read_bytes())
    place = workshop.cache() / f"cpython-{target.arch}-{name}"
    if not place.exists():
        with workshop.making(place) as scratch:
            work = scratch / "work"
            work.mkdir()
            environ = foundations.compiler(target, work / "bin", scratch=work)
            tree = sources.unpack(pins.PYTHON, work)
            _build(foundations.Tools(target, scratch, work, environ), tree)
            foundations.keep_licences(pins.PYTHON, tree, scratch)
            shutil.rmtree(work)
    return Libraries(place, base, target)


def _build(tools: foundations.Tools, tree: Path) -> None:
    base = foundations.foundations(tools.target)
    include, lib = base / "include", base / "lib"
    curses = f"-DHAVE_NCURSESW=1 -D_XOPEN_SOURCE_EXTENDED=1 -I{include}"
    tools.run(
        tree,
        *("./configure", f"--build={tools.target.build}", "--prefix=/usr", "--disable-shared"),
        *("--without-ensurepip", "--without-readline", "--without-mimalloc"),
        *("--without-doc-strings", "--disable-test-modules", "--with-pkg-config=no"),
        f"--with-openssl={base}",
        *(f"py_cv_module_{name}=n/a" for name in _LEFT_OUT),
        "ac_cv_broken_nice=no",  # it is tried out, and a build that is niced itself finds it broken
        MODULE_BUILDTYPE="static",
        CFLAGS=f"-ffile-prefix-map={base}=/build",
        OPT="-DNDEBUG -fwrapv -O3",
        ZLIB_CFLAGS=f"-I{include}",
        ZLIB_LIBS=f"-L{lib} -lz",
        CURSES_CFLAGS=curses,
        CURSES_LIBS=f"-L{lib} -lncursesw",
        LIBS=f"-L{lib} -llockfree",
    )
    tools.make(tree, *_ARCHIVES)
    built = (tree / "Modules" / "config.c").read_text(encoding="utf-8")
    absent = [name for name in _REQUIRED if f'"{name}"' not in built]
    if absent:
        raise SystemExit(f"CPython was built without {', '.join(absent)}: see the log")
    (tools.place / "lib").mkdir()
    for name in _ARCHIVES:
        shutil.copyfile(tree / name, tools.place / "lib" / Path(name).name)
    shutil.copytree(tree / "Include", tools.place / "include")
    shutil.copyfile(tree / "pyconfig.h", tools.place / "include" / "pyconfig.h")
    shutil.copytree(tree / "Lib", tools.place / "stdlib")
