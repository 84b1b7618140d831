"""Both readings of udev's account held against each other: libudev's, and that of its files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from serialpass_tui.host import sysfs, udev

SUBSYSTEMS = ("pci", "tty", "usb", "block", "net")

# Run in a mount namespace of its own, where /run is a scratch file system.
COMPARE = """\
import json, sys
from pathlib import Path
import pyudev
from serialpass_tui.host import udev
from tests.host.test_udev import SUBSYSTEMS, write_database

written = {name: write_database(Path("/run/udev/data"), name) for name in SUBSYSTEMS}
context = pyudev.Context()
found = {}
for subsystem in SUBSYSTEMS:
    ours = {str(d.path): dict(d.properties) for d in udev.devices(Path("/"), subsystem)}
    theirs = {d.sys_path: dict(d.properties) for d in context.list_devices(subsystem=subsystem)}
    known = {path: {key: value for key, value in told.items() if key.startswith("ID_")}
             for path, told in theirs.items()}
    found[subsystem] = [written[subsystem], known, ours]
print(json.dumps(found))
"""


def write_database(folder: Path, subsystem: str) -> int:
    """Write a database as udev does, for each device that sysfs has here; how many."""
    folder.mkdir(parents=True, exist_ok=True)
    devices = sysfs.devices(Path("/sys"), subsystem)
    for number, device in enumerate(devices):
        lines = [
            f"I:{1000 + number}",
            f"E:ID_VENDOR_FROM_DATABASE=Maker {number} of {subsystem}",
            f"E:ID_MODEL_FROM_DATABASE=Port=fast {device.name}",
            "E:ID_FS_TYPE=ext4" if number % 2 else "E:ID_EMPTY=",
            "G:systemd",
            "V:1",
        ]
        numbers = device.text("dev")
        name = f"+{subsystem}:{device.name}"
        if numbers:
            name = ("b" if subsystem == "block" else "c") + numbers
        elif subsystem == "net":
            name = "n" + device.text("ifindex")
        (folder / name).write_text("\n".join(lines) + "\n")
    return len(devices)


def in_namespace(*argv: str) -> subprocess.CompletedProcess[str]:
    script = 'mount -t tmpfs none /run && exec "$@"'
    return subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", *argv],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )


def test_libudev_and_its_files_say_the_same() -> None:
    if in_namespace("true").returncode != 0:
        pytest.skip("only root gets a mount namespace of its own")
    done = in_namespace(sys.executable, "-c", COMPARE)
    assert 0 == done.returncode, done.stderr
    found = json.loads(done.stdout)
    assert any(written for written, _, _ in found.values())
    for subsystem, (written, theirs, ours) in found.items():
        # libudev leaves properties without a value out.
        told = {
            path: {name: value for name, value in facts.items() if value}
            for path, facts in ours.items()
        }
        assert theirs == told, subsystem
        assert written == len(ours)


def test_the_kernels_own_words_without_a_database(tmp_path: Path) -> None:
    device = tmp_path / "sys/devices/pci0000:00/0000:00:1f.0"
    device.mkdir(parents=True)
    listed = tmp_path / "sys/bus/pci/devices"
    listed.mkdir(parents=True)
    (listed / device.name).symlink_to(device)
    assert [({}, device)] == [(d.properties, d.path) for d in udev.devices(tmp_path, "pci")]


@pytest.mark.parametrize(
    ("subsystem", "attributes", "name"),
    [
        ("pci", {}, "+pci:thing"),
        ("tty", {"dev": "4:64\n"}, "c4:64"),
        ("block", {"dev": "8:1\n"}, "b8:1"),
        ("net", {"ifindex": "3\n"}, "n3"),
    ],
)
def test_where_udev_keeps_a_device(
    tmp_path: Path, subsystem: str, attributes: dict[str, str], name: str
) -> None:
    device = tmp_path / f"sys/class/{subsystem}/thing"
    device.mkdir(parents=True)
    for attribute, text in attributes.items():
        (device / attribute).write_text(text)
    database = tmp_path / "run/udev/data" / name
    database.parent.mkdir(parents=True)
    database.write_text(
        "S:disk/by-id/x\nE:ID_MODEL=A=B\nnot a line of its form\nE:DEVLINKS=/a /b\n"
    )
    (found,) = udev.devices(tmp_path, subsystem)
    assert {"ID_MODEL": "A=B", "DEVLINKS": "/a /b"} == found.properties
