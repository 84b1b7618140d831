"""Run a program in a place that is poorer than this machine: `launcher.py JSON PROGRAM ARGUMENT...`

Started by `unshare --mount`, so that nothing it mounts is seen by anybody else.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import struct
import subprocess
import sys
from pathlib import Path

_UNAME26 = 0x0020000
"""personality(2)."""
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
"""prctl(2)."""
_LOAD, _EQUAL, _NOT_BELOW, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ENOSYS = 0x7FFF0000, 0x00050000 | 38
"""seccomp(2): the action, and the error number that it answers."""
_NEWER = {0xC000003E: 299, 0x40000003: 337}
"""The first system call after Linux 2.6.32's last, by architecture: the tables syscall_64.tbl and
syscall_32.tbl of Linux, where 298 and 336 are perf_event_open, of 2.6.31."""


def main() -> None:
    """Make the place, enter it, and become the program."""
    place, argv = json.loads(sys.argv[1]), sys.argv[2:]
    root = place.get("root")
    if root:
        if place.get("below"):
            lay_over(place["below"], root)
        for name in ("proc", "sys", "dev", "tmp"):
            target = Path(root) / name
            target.mkdir(exist_ok=True)
            if name == "tmp":
                mount("-t", "tmpfs", "none", target)
            elif name == "sys" and place.get("dom0"):
                (target / "hypervisor").mkdir(exist_ok=True)
                (target / "hypervisor" / "type").write_text("xen\n")
            else:
                mount("--rbind", f"/{name}", target)
        if place.get("readonly"):
            mount("--bind", root, root)
            mount("-o", "remount,bind,ro", root)
            # The mounts below lie under the new one: they are shown again in it.
            for name in ("proc", "sys", "dev"):
                mount("--rbind", f"/{name}", Path(root) / name)
            mount("-t", "tmpfs", "none", Path(root) / "tmp")
        os.chroot(root)
        os.chdir("/")
    if place.get("memory"):
        resource.setrlimit(resource.RLIMIT_AS, (place["memory"], place["memory"]))
    if place.get("old"):
        forget_new_calls()
    os.execve(argv[0], argv, place["environ"])  # noqa: S606


def lay_over(below: str, root: str) -> None:
    """Show what is in `root` over the tree `below`; what is written goes with the mount."""
    work = Path("/mnt")  # only here: the mounts are this process's own
    mount("-t", "tmpfs", "none", work)
    for name in ("upper", "work"):
        (work / name).mkdir()
    options = f"lowerdir={root}:{below},upperdir={work}/upper,workdir={work}/work"
    mount("-t", "overlay", "none", "-o", options, root)


def mount(*arguments: str | Path) -> None:
    """As mount(8)."""
    subprocess.run(["mount", *map(str, arguments)], check=True)


def forget_new_calls() -> None:
    """Have the kernel say that it is 2.6, and answer ENOSYS to what 2.6.32 did not have."""
    libc = ctypes.CDLL(None, use_errno=True)
    (x64, newer64), (x32, newer32) = _NEWER.items()
    code = [
        (_LOAD, 0, 0, 4),  # the architecture
        (_EQUAL, 0, 2, x64),
        (_LOAD, 0, 0, 0),  # the number
        (_NOT_BELOW, 4, 3, newer64),
        (_EQUAL, 0, 2, x32),
        (_LOAD, 0, 0, 0),
        (_NOT_BELOW, 1, 0, newer32),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ENOSYS),
    ]
    packed = b"".join(struct.pack("HBBI", *line) for line in code)
    lines = ctypes.create_string_buffer(packed, len(packed))
    program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(lines))
    if libc.personality(_UNAME26) < 0 or libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        sys.exit(f"not allowed: {os.strerror(ctypes.get_errno())}")
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, program, 0, 0) != 0:
        sys.exit(f"no filter: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main()
