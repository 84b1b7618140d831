"""The kernel's own list of the calls that write is the one that the layer counts."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys

import pytest

from tests.crash.errands import ERRANDS
from tests.crash.runs import scratch

TRACED = (
    "open,openat,openat2,creat,write,writev,pwrite64,pwritev,pwritev2,ftruncate,truncate,fallocate,"
    "fsync,fdatasync,sync,syncfs,sync_file_range,rename,renameat,renameat2,unlink,unlinkat,rmdir,"
    "mkdir,mkdirat,mknod,mknodat,link,linkat,symlink,symlinkat,chmod,fchmod,fchmodat,chown,fchown,"
    "lchown,fchownat,setxattr,lsetxattr,fsetxattr,removexattr,fremovexattr,utimensat,flock,"
    "copy_file_range,sendfile"
)
NAMES = {
    "openat": "open",
    "pwrite64": "pwrite",
    "fsetxattr": "setxattr",
    "mkdirat": "mkdir",
    "unlinkat": "unlink",
    "renameat": "rename",
    "symlinkat": "symlink",
    "renameat2": "rename",
}
_CALL = re.compile(r"^(\w+)\(")
_MAKES = re.compile(r"O_CREAT|O_WRONLY|O_RDWR")
NOT_OF_THE_DISK = {"sysfs", "xapi"}


def traced(lines: list[str], folder: str) -> list[str]:
    """The calls that write below the host's root or the state directory, between the marks."""
    marks = [number for number, line in enumerate(lines) if f'{folder}/begin"' in line]
    ends = [number for number, line in enumerate(lines) if f'{folder}/end"' in line]
    found = []
    for line in lines[marks[0] + 1 : ends[0]]:
        match = _CALL.match(line)
        if match is None or not (f"{folder}/root" in line or f"{folder}/state" in line):
            continue
        name = match[1]
        if name.startswith("open") and not _MAKES.search(line):
            continue
        found.append(NAMES.get(name, name))
    return found


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize(
    "name",
    [
        *("hide", "unhide, module", "bind, xl", "give", "rollback, module"),
        *("install", "uninstall"),
    ],
)
def test_the_layer_counts_what_the_kernel_sees(name: str) -> None:
    assert name in {errand.name for errand in ERRANDS}
    with scratch() as folder:
        trace = folder / "trace"
        # Without -f: the product's thread alone, as the layer counts; the other is the simulator's.
        strace = ["strace", "-y", "-s", "64", "-e", f"trace={TRACED}", "-o", str(trace)]
        program = [sys.executable, "-m", "tests.crash.alone", name, str(folder)]
        subprocess.run([*strace, *program], check=True, capture_output=True)
        counted = json.loads((folder / "calls.json").read_text())
        seen = traced(trace.read_text(errors="replace").splitlines(), str(folder))
    assert [call for call in counted if call not in NOT_OF_THE_DISK] == seen
