"""What the one file is made of: every source by version and digest, and the machines it is for."""

from __future__ import annotations

from dataclasses import dataclass

SUITES = ("trixie", "trixie-security")
"""Debian's suites whose source packages are taken; the newest ones that are supported."""

EPOCH = 1_700_000_000
"""The time that every built thing bears (SOURCE_DATE_EPOCH), so that two builds are one."""


@dataclass(frozen=True, slots=True)
class Debian:
    """A source package of Debian: the upstream source, and Debian's patches to it."""

    package: str
    name: str
    version: str
    """Debian's version, by which apt names it."""
    upstream: str
    orig: tuple[str, str]
    """File and SHA-256 of the upstream source."""
    patches: tuple[str, str]
    """File and SHA-256 of Debian's part."""
    wanted: str
    """Which of Debian's patches are applied, as a pattern for their names."""
    licence: str
    """SPDX."""
    licence_files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """A machine that a file is for."""

    arch: str
    triple: str
    """What `zig cc -target` calls it."""
    cpu: str
    openssl: str
    """What OpenSSL's Configure calls it."""
    build: str
    """What configure scripts call it: as the build machine itself, for it runs what is built."""


PYTHON = Debian(
    package="python3.13",
    name="CPython",
    version="3.13.5-2+deb13u5",
    upstream="3.13.5",
    orig=(
        "python3.13_3.13.5.orig.tar.xz",
        "93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640",
    ),
    patches=(
        "python3.13_3.13.5-2+deb13u5.debian.tar.xz",
        "a51f456e654ce2c9b40cc1db8005e5041cdb0b2c3aa96ab0871c49fe95280366",
    ),
    wanted=r"CVE-.*|ssl-.*|dict-.*|traverse-.*",
    licence="PSF-2.0",
    licence_files=("LICENSE", "Modules/expat/COPYING"),
)
OPENSSL = Debian(
    package="openssl",
    name="OpenSSL",
    version="3.5.7-1~deb13u2",
    upstream="3.5.7",
    orig=(
        "openssl_3.5.7.orig.tar.gz",
        "a8c0d28a529ca480f9f36cf5792e2cd21984552a3c8e4aa11a24aa31aeac98e8",
    ),
    patches=(
        "openssl_3.5.7-1~deb13u2.debian.tar.xz",
        "593a47654ead460a3b609503733f80bef552ff0802799d3b47784faacc50809f",
    ),
    wanted=r".*",
    licence="Apache-2.0",
    licence_files=("LICENSE.txt",),
)
ZLIB = Debian(
    package="zlib",
    name="zlib",
    version="1:1.3.dfsg+really1.3.1-1",
    upstream="1.3.1",
    orig=(
        "zlib_1.3.dfsg+really1.3.1.orig.tar.gz",
        "60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb",
    ),
    patches=(
        "zlib_1.3.dfsg+really1.3.1-1.debian.tar.xz",
        "9ed525955ce9fb0c1b39be8ff98f73450dbfc6305a9a27e6149c8972d38a0a9e",
    ),
    wanted=r".*",
    licence="Zlib",
    licence_files=("LICENSE",),
)
NCURSES = Debian(
    package="ncurses",
    name="ncurses",
    version="6.5+20250216-2",
    upstream="6.5+20250216",
    orig=(
        "ncurses_6.5+20250216.orig.tar.gz",
        "b37baafa436e7133bb12a185cb8f60e1599b1947e9f0181c76f3190acf28b6eb",
    ),
    patches=(
        "ncurses_6.5+20250216-2.debian.tar.xz",
        "546930a8992ae3325d8c38378f290265d969cf6333cfae9648ac6d69e1e8a8a6",
    ),
    wanted=r"CVE-.*",
    licence="X11-distribute-modifications-variant",
    licence_files=("COPYING",),
)
SOURCES = (PYTHON, OPENSSL, ZLIB, NCURSES)

ZIG = "0.15.2"
"""The compiler, from PyPI; its hash is in requirements.txt, with those of the Python packages."""

MUSL = "1.2.5"
"""The C library that this zig brings and links in (MIT)."""

TERMINALS = (
    *("linux", "vt100", "vt102", "vt220", "xterm", "xterm-256color"),
    *("screen", "screen-256color", "tmux", "tmux-256color"),
)
"""Descriptions compiled in, for a host that has none."""

TARGETS = {
    "x86_64": Target("x86_64", "x86_64-linux-musl", "x86_64", "linux-x86_64", "x86_64-pc-linux"),
    "i686": Target("i686", "x86-linux-musl", "pentium4", "linux-x86", "i686-pc-linux"),
}
