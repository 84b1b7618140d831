"""A dom0 below a scratch directory, behind a real sshd on the loopback.

Whoever logs in is confined to the directory (chroot(2)), where there is a shell and a few programs:
busybox alone, or bash with the GNU programs. /sys, /proc, /etc and /boot are files that a test puts
there; nothing of the machine's own is seen or written.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serialpass_tui.host.ssh.connection import Connection
from serialpass_tui.host.ssh.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

SHELLS = ("busybox", "gnu")
"""busybox's own shell and programs; GNU's programs with bash, as CentOS has them."""
GNU = (
    *("cat", "chmod", "cp", "date", "dd", "env", "head", "id", "ls", "mkdir", "mv", "od"),
    *("readlink", "rm", "rmdir", "sed", "sha1sum", "sleep", "stat", "sync", "tr", "wc", "cksum"),
)


def program(name: str) -> str:
    """Where a program of this machine lies; a test without it fails, it is not left out."""
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if found is None:
        pytest.fail(f"{name} is not installed; .ci/run names the packages")
    return found


def _copy(root: Path, source: str, name: str = "") -> None:
    """A program, and the libraries that it is linked with."""
    place = root / "bin" / (name or Path(source).name)
    shutil.copy(source, place)
    told = subprocess.run(["ldd", source], capture_output=True, text=True, check=False).stdout
    for word in told.split():
        if word.startswith("/") and Path(word).is_file():
            library = root / word.lstrip("/")
            library.parent.mkdir(parents=True, exist_ok=True)
            if not library.exists():
                shutil.copy(word, library)


def furnish(root: Path, shell: str) -> None:
    """Put a shell and its programs below a directory."""
    for folder in ("bin", "dev", "tmp", "etc", "proc", "sys", "boot", "var/lib", "root"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        os.mknod(root / "dev/null", 0o20666, os.makedev(1, 3))
    else:
        (root / "dev/null").touch()  # the machine's own is mounted over it
    _copy(root, program("flock"))
    if shell == "busybox":
        busybox = program("busybox")
        _copy(root, busybox)
        told = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
        for applet in told.stdout.split():
            if applet != "busybox":
                (root / "bin" / applet).symlink_to("busybox")
    else:
        _copy(root, program("bash"), "sh")
        for name in GNU:
            _copy(root, program(name))
    (root / "usr").mkdir(exist_ok=True)
    for name in ("usr/bin", "usr/sbin", "sbin"):
        (root / name).symlink_to("/bin")


@dataclass
class Dom0:
    """The host, and what this side knows of it."""

    base: Path
    root: Path
    port: int
    key: Path
    known_hosts: Path
    options: tuple[str, ...] = ()
    _sshd: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def target(self) -> Target:
        return Target("127.0.0.1", os.environ.get("USER", "root"), self.port, self.ssh_options)

    @property
    def ssh_options(self) -> tuple[str, ...]:
        return (
            f"IdentityFile={self.key}",
            "IdentitiesOnly=yes",
            f"UserKnownHostsFile={self.known_hosts}",
            "GlobalKnownHostsFile=/dev/null",
            *self.options,
        )

    @contextlib.contextmanager
    def connected(self) -> Iterator[Connection]:
        """A connection, as the command line makes it."""
        door = Connection(self.target)
        try:
            door.log_in()
            yield door
        finally:
            door.close()

    # --- sshd

    def start(self) -> None:
        """Start sshd, and wait until it listens."""
        with (self.base / "sshd.log").open("ab") as log:
            self._sshd = subprocess.Popen(
                [program("sshd"), "-D", "-e", "-f", self.base / "sshd_config"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            if self._sshd.poll() is not None:
                break
        pytest.fail(f"sshd does not start: {(self.base / 'sshd.log').read_text()}")

    def stop(self) -> None:
        """The host is down: no sshd, and no session of it."""
        if self._sshd is not None:
            self._sshd.kill()
            self._sshd.wait()
            self._sshd = None
        self.cut()

    def cut(self) -> None:
        """Cut every session as a broken line does: the shells there are not told."""
        for pid in self.open_sessions():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        (self.base / "sessions").write_text("")

    def open_sessions(self) -> list[int]:
        """The sessions that are not at their end; the list holds no others from now on.

        The number of one that ended may be that of a process of this machine by now.
        """
        noted = (self.base / "sessions").read_text().split()
        found = [int(pid) for pid in dict.fromkeys(noted) if _is_sshd(pid)]
        (self.base / "sessions").write_text("".join(f"{pid}\n" for pid in found))
        return found

    def sessions_at(self, place: Path) -> None:
        """Have the list of sessions lie where the host sees it too."""
        (self.base / "sessions").rename(place)
        (self.base / "sessions").symlink_to(place)

    def unconfine(self) -> None:
        """Let whoever logs in see this machine: for reading alone."""
        (self.base / "enter").write_text(
            f"#!/bin/sh\necho $PPID >>{self.base}/sessions\n"
            'exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"\n'
        )

    def new_host_key(self) -> None:
        """The host is installed anew."""
        for name in ("host_key", "host_key.pub"):
            (self.base / name).unlink()
        _make_key(self.base / "host_key")

    def know(self) -> None:
        """Have this side know the host's key."""
        kind, key = (self.base / "host_key.pub").read_text().split()[:2]
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {kind} {key}\n")


def _make_key(place: Path) -> None:
    argv = [program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(place)]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)


def _is_sshd(pid: str) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().startswith("sshd")
    return False


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def open_dom0(base: Path, shell: str, *, noise: str = "", extra: str = "") -> Iterator[Dom0]:
    """A host with that shell, its sshd running."""
    root = base / "root"
    root.mkdir(parents=True)
    furnish(root, shell)
    dom0 = Dom0(base, root, _free_port(), base / "key", base / "known_hosts")
    _make_key(dom0.key)
    _make_key(base / "host_key")
    (base / "authorized_keys").write_bytes((base / "key.pub").read_bytes())
    enter = "exec chroot"
    if os.geteuid() != 0:
        bind = 'mount --bind /dev/null "$0/dev/null"; exec chroot "$0" "$@"'
        enter = f"exec unshare -r -m sh -c '{bind}'"
    (base / "sessions").touch()
    (base / "enter").write_text(
        "#!/bin/sh\n"
        f"echo $PPID >>{base}/sessions\n"
        f"printf %s '{noise}'\n"
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"
        f'{enter} {root} /bin/sh -c "$SSH_ORIGINAL_COMMAND"\n'
    )
    (base / "enter").chmod(0o755)
    (base / "sshd_config").write_text(
        f"Port {dom0.port}\nListenAddress 127.0.0.1\nHostKey {base}/host_key\n"
        f"AuthorizedKeysFile {base}/authorized_keys\nPidFile none\nUsePAM no\nStrictModes no\n"
        f"PasswordAuthentication no\nPermitRootLogin yes\nForceCommand {base}/enter\n{extra}"
    )
    dom0.know()
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd(8) wants it to run as root
    dom0.start()
    try:
        yield dom0
    finally:
        dom0.stop()
