"""This very machine, as it is: as the user of the tests, and as nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import pyudev

from serialpass_tui.core import codec
from serialpass_tui.core.inventory import Inventory, Recording
from serialpass_tui.host.probe import probe

AS_NOBODY = """\
import json, os
from serialpass_tui.core import codec
from serialpass_tui.host.probe import LibraryMachine, probe
import encodings.latin_1, encodings.idna
machine = LibraryMachine()  # its libraries may lie where nobody may look
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
print(json.dumps(codec.encode(probe(machine=machine))))
"""


@pytest.fixture(scope="module")
def inventory() -> Inventory:
    return probe()


def test_the_kernels_own_words(inventory: Inventory) -> None:
    assert os.uname().release == inventory.kernel
    assert os.uname().nodename == inventory.hostname
    assert Path("/proc/cmdline").read_text().strip() == inventory.cmdline
    assert Path("/proc/sys/kernel/random/boot_id").read_text().strip() == inventory.boot_id
    assert 0 < inventory.boot_time <= time.time()


def test_every_pci_function_is_there_with_its_ids(inventory: Inventory) -> None:
    listed = Path("/sys/bus/pci/devices")
    names = sorted(entry.name for entry in listed.iterdir()) if listed.is_dir() else []
    assert [name for name in names if len(name) == 12] == [str(f.bdf) for f in inventory.pci]
    for function in inventory.pci:
        assert f"0x{function.vendor:04x}" == (
            (listed / str(function.bdf) / "vendor").read_text().strip()
        )
        assert function.name.strip()


def test_root_is_on_a_disk_or_said_not_to_be(inventory: Inventory) -> None:
    on_disk = any("/" in disk.mounts for disk in inventory.disks)
    assert on_disk != any(fact.startswith("which disk carries /") for fact in inventory.unread)


def test_a_recording_of_it_comes_back(inventory: Inventory) -> None:
    recording = Recording(inventory)
    text = json.dumps(codec.encode(recording))
    assert recording == codec.decode(Recording, json.loads(text))


def test_as_nobody(inventory: Inventory) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY], capture_output=True, text=True, check=False, cwd="/"
    )
    assert 0 == done.returncode, done.stderr
    found = codec.decode(Inventory, json.loads(done.stdout))
    assert [f.bdf for f in inventory.pci] == [f.bdf for f in found.pci]
    assert [d.name for d in inventory.disks] == [d.name for d in found.disks]
    told = "processes that hold a tty open: only root sees those of others"
    if os.geteuid() == 0:
        assert (True, False) == (told in found.unread, told in inventory.unread)


def test_without_libudev_the_same_is_read_from_files(
    inventory: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise ImportError("No library named udev")

    monkeypatch.setattr(pyudev, "Context", missing)
    found = probe()
    for facts in ("pci", "usb", "disks", "nics", "boot_stores", "unread"):
        assert getattr(inventory, facts) == getattr(found, facts)
    assert [tty.name for tty in inventory.ttys] == [tty.name for tty in found.ttys]


def test_only_the_probe_brings_the_libraries_in() -> None:
    code = textwrap.dedent(
        """
        import sys
        import serialpass_tui.host.files, serialpass_tui.host.journal
        import serialpass_tui.host.recording, serialpass_tui.host.facts
        print(sorted({"pyudev", "psutil"} & set(sys.modules)))
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/"
    )
    assert "[]\n" == done.stdout
