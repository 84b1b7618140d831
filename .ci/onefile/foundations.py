"""The compiler, and what CPython is linked with: zlib, OpenSSL and ncurses as static libraries."""

from __future__ import annotations

import os
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pins
import sources
import workshop

if TYPE_CHECKING:
    from pins import Debian, Target

_JOBS = os.environ.get("SERIALPASS_BUILD_JOBS", str(os.cpu_count() or 1))


def compiler(target: Target, folder: Path, *, scratch: Path | None = None) -> dict[str, str]:
    """Programs `cc`, `ar` and `ranlib` for a target in a folder; the environment that finds them.

    Paths below `scratch` are told to nobody: they differ from build to build.
    """
    folder.mkdir(exist_ok=True)
    zig = sources.zig()
    options = [
        *("-target", target.triple, f"-mcpu={target.cpu}", "-fno-sanitize=all"),
        *("-Wno-date-time", "-g0", "-Wno-unused-command-line-argument"),
    ]
    if scratch is not None:
        options.append(f"-ffile-prefix-map={scratch}=/build")
    for name, words in {"cc": ["cc", *options], "ar": ["ar"], "ranlib": ["ranlib"]}.items():
        program = folder / name
        # Configure scripts ask a compiler for its directory of libraries; zig has no word for it.
        program.write_text(
            "#!/bin/sh\n"
            'case "$1" in --print-multiarch) exit 0;; esac\n'
            f'exec {shlex.join([str(zig), *words])} "$@"\n',
            encoding="utf-8",
        )
        program.chmod(0o755)
    return {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "CC": "cc",
        "AR": "ar",
        "RANLIB": "ranlib",
        # A host's own libraries must not be found.
        "PKG_CONFIG": "/bin/false",
        "ZIG_GLOBAL_CACHE_DIR": str(workshop.cache() / "zig-cache"),
        "ZIG_LOCAL_CACHE_DIR": str(workshop.cache() / "zig-cache"),
    }


def foundations(target: Target) -> Path:
    """The directory of a target's libraries, built once for each state of their inputs."""
    built = (pins.OPENSSL, pins.ZLIB, pins.NCURSES, pins.ZIG, pins.TERMINALS, target)
    name = workshop.digest(repr(built), Path(__file__).read_bytes())
    place = workshop.cache() / f"foundations-{target.arch}-{name}"
    if not place.exists():
        with workshop.making(place) as scratch:
            _build(target, scratch)
            shutil.rmtree(scratch / "work")
    return place


def _build(target: Target, place: Path) -> None:
    work = place / "work"
    work.mkdir()
    tools = Tools(target, place, work, compiler(target, work / "bin", scratch=work))
    for build, source in (
        (_atomic, None),
        (_zlib, pins.ZLIB),
        (_openssl, pins.OPENSSL),
        (_ncurses, pins.NCURSES),
    ):
        workshop.say(f"{target.arch}: {source.name if source else 'what the compiler lacks'}")
        tree = sources.unpack(source, work) if source else work
        build(tools, tree)
        if source:
            keep_licences(source, tree, place)
            shutil.rmtree(tree)


def keep_licences(source: Debian, tree: Path, place: Path) -> None:
    """Put a package's licences beside what was built from it."""
    folder = place / "licences" / source.name
    folder.mkdir(parents=True)
    for name in source.licence_files:
        shutil.copyfile(tree / name, folder / name.replace("/", "-"))


@dataclass(frozen=True, slots=True)
class Tools:
    """A target's compiler at work, and where it puts what it makes."""

    target: Target
    place: Path
    work: Path
    environ: dict[str, str]

    def run(self, tree: Path, *argv: str, **more: str) -> None:
        """Run a step of a package's build in its tree."""
        log = workshop.cache() / f"{self.target.arch}.log"
        workshop.run(argv, cwd=tree, environ=self.environ | more, log=log)

    def make(self, tree: Path, *goals: str) -> None:
        """Have make build goals."""
        self.run(tree, "make", f"-j{_JOBS}", *goals)


_ATOMIC = """\
#include <stdbool.h>
#include <stddef.h>
/* A 32-bit target asks for these of a library that this compiler does not bring. */
bool is_lock_free(size_t size, const volatile void *where) __asm__("__atomic_is_lock_free");
bool is_lock_free(size_t size, const volatile void *where)
{
    (void)where;
    return size <= sizeof(void *);
}
"""


def _atomic(tools: Tools, tree: Path) -> None:
    # zig takes the name `atomic` for a library of its own, which lacks this one function.
    library = tools.place / "lib" / "liblockfree.a"
    library.parent.mkdir()
    (tree / "atomic.c").write_text(_ATOMIC, encoding="utf-8")
    tools.run(tree, "cc", "-O2", "-c", "atomic.c")
    tools.run(tree, "ar", "rcs", str(library), "atomic.o")


def _zlib(tools: Tools, tree: Path) -> None:
    tools.run(tree, "./configure", "--static", f"--prefix={tools.place}", CFLAGS="-O3")
    tools.make(tree, "libz.a")
    (tools.place / "include").mkdir(exist_ok=True)
    for name in ("zlib.h", "zconf.h"):
        shutil.copyfile(tree / name, tools.place / "include" / name)
    shutil.copyfile(tree / "libz.a", tools.place / "lib" / "libz.a")


def _openssl(tools: Tools, tree: Path) -> None:
    """As a TLS client needs it; certificates are looked for where dom0 has them."""
    tools.run(
        tree,
        *("perl", "./Configure", tools.target.openssl, "--prefix=/usr", "--libdir=lib"),
        "--openssldir=/etc/pki/tls",
        *("no-shared", "no-pic", "no-dso", "no-module", "no-engine", "no-async", "no-afalgeng"),
        *("no-apps", "no-docs", "no-tests", "no-legacy", "no-quic", "no-cmp", "no-cms", "no-ct"),
        *("no-srp", "no-gost", "no-idea", "no-camellia", "no-seed", "no-rc2", "no-rc4", "no-md4"),
        *("no-mdc2", "no-whirlpool", "no-bf", "no-cast", "no-aria", "no-sm2", "no-sm3", "no-sm4"),
        *("no-dtls", "no-ssl3", "no-ml-dsa", "no-slh-dsa", "no-ui-console"),
        # On a kernel before 4.8 OpenSSL would wait for /dev/random at every start.
        *("-O2", "-DOPENSSL_RAND_SEED_DEVRANDOM_SHM_ID=-1"),
    )
    tools.make(tree, "build_libs")
    for name in ("libssl.a", "libcrypto.a"):
        shutil.copyfile(tree / name, tools.place / "lib" / name)
    shutil.copytree(tree / "include" / "openssl", tools.place / "include" / "openssl")


def _ncurses(tools: Tools, tree: Path) -> None:
    tools.run(
        tree,
        *("./configure", f"--build={tools.target.build}", "--prefix=/usr", "--enable-widec"),
        *("--without-shared", "--without-debug", "--without-ada", "--without-cxx"),
        *("--without-cxx-binding", "--without-manpages", "--without-progs", "--without-tests"),
        *("--without-gpm", "--without-dlsym", "--disable-db-install", "--disable-stripping"),
        "--with-default-terminfo-dir=/usr/share/terminfo",
        "--with-terminfo-dirs=/etc/terminfo:/lib/terminfo:/usr/share/terminfo",
        f"--with-fallbacks={','.join(pins.TERMINALS)}",
        CFLAGS="-O2",
    )
    tools.make(tree, "libs")
    shutil.copyfile(tree / "lib" / "libncursesw.a", tools.place / "lib" / "libncursesw.a")
    shutil.copytree(
        tree / "include", tools.place / "include", dirs_exist_ok=True, ignore=_only_headers
    )


def _only_headers(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".h")]
