"""The commands from afar, as an operator types them: from the scan to the bytes as they were."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from serialpass_tui import cli
from serialpass_tui.errors import Exit
from serialpass_tui.host import commands
from serialpass_tui.host.commands import Completed
from serialpass_tui.host.files import LocalFiles
from serialpass_tui.host.journal import StateDirectory
from serialpass_tui.host.ssh.connection import Connection
from serialpass_tui.host.ssh.target import Target
from tests.ssh import xen
from tests.ssh.dom0 import SHELLS, open_dom0
from tests.ssh.xen import CARD, CONF, command_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.ssh.xen import XenHost

STATE = "var/lib/serialpass-tui"


@pytest.fixture
def shell() -> str:
    return "busybox"


@pytest.fixture
def host(tmp_path: Path, shell: str) -> Iterator[XenHost]:
    with open_dom0(tmp_path / "host", shell) as dom0:
        yield xen.build(dom0)


def run(host: XenHost, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capsys.readouterr()
    status = cli.main(command_line(host.dom0, *words))
    out, err = capsys.readouterr()
    return status, out + err


def state_of(host: XenHost, capsys: pytest.CaptureFixture[str]) -> str:
    status, said = run(host, capsys, "status", "--json")
    assert Exit.DONE == status, said
    (device,) = json.loads(said)["devices"]
    return str(device["state"])


@pytest.mark.parametrize("shell", SHELLS)
def test_a_card_is_hidden_given_to_a_guest_and_given_back(
    host: XenHost, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = run(host, capsys, "scan")
    assert (Exit.DONE, True) == (status, f"{CARD} 9710:9835 free ttyS4" in said), said
    assert not (host.dom0.root / STATE).exists()

    status, said = run(host, capsys, "hide", CARD, "--yes")
    assert Exit.DONE == status, said
    hidden = host.boot_file.read_bytes()
    assert CONF.replace(b" quiet ", b" quiet pciback.hide=(0000:02:00.0) ", 1) == hidden
    assert "reboot pending" == state_of(host, capsys)
    undo = host.dom0.root / STATE / "backups/job-1/UNDO.txt"
    assert "/boot/extlinux.conf" in undo.read_text()

    host.reboot()
    assert "hidden" == state_of(host, capsys)
    status, said = run(host, capsys, "bind", "pbx", CARD, "--start", "--yes")
    assert Exit.DONE == status, said
    (host.dom0.root / "guest").unlink()  # it was shut down from inside
    status, said = run(host, capsys, "rollback", "--all", "--yes")
    assert Exit.DONE == status, said
    assert CONF == host.boot_file.read_bytes()
    assert "pci" not in (host.dom0.root / "etc/xen/pbx.cfg").read_text()

    # What lies there now is what a run on the host leaves and reads.
    outcomes = [record.KIND for record in StateDirectory(host.dom0.root / STATE).records()]
    assert "closed" == outcomes[-1]
    at_host = LocalFiles(host.dom0.root)
    kept = sorted(host.boot_file.parent.glob("extlinux.conf.serialpass-*"))
    assert CONF in [at_host.read(f"/boot/{backup.name}") for backup in kept]


def test_a_job_begun_there_is_undone_from_afar(
    host: XenHost, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Exit.DONE == run(host, capsys, "hide", CARD, "--yes")[0]
    root = ["--host-root", str(host.dom0.root)]
    assert Exit.DONE == cli.main([*root, "rollback", "--last", "--yes"])
    assert CONF == host.boot_file.read_bytes()
    assert "free" == state_of(host, capsys)
    with StateDirectory(host.dom0.root / STATE).lock():
        status, said = run(host, capsys, "hide", CARD, "--yes")
    assert Exit.CONFLICT == status
    assert str(os.getpid()) in said
    assert CONF == host.boot_file.read_bytes()


@pytest.mark.parametrize("shell", ["gnu"])
def test_the_branch_that_one_sits_on_is_not_sawn_off(
    host: XenHost, capsys: pytest.CaptureFixture[str]
) -> None:
    """The interface by which this very connection comes in stays with dom0."""
    host.tree.file("bin/ip", "#!/bin/sh\necho '2: eth0    inet 127.0.0.1/8 scope global eth0'\n")
    status, said = run(host, capsys, "hide", "0000:00:19.0", "--yes")
    assert Exit.REFUSED == status, said
    assert "(ssh-session)" in said
    assert CONF == host.boot_file.read_bytes()


def test_nothing_is_installed_from_afar(host: XenHost, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = run(host, capsys, "install", "--yes")
    assert (Exit.USAGE, True) == (status, "(not-running)" in said), said
    status, said = run(host, capsys, "uninstall", "--yes")
    assert Exit.DONE == status, said
    assert not list(host.dom0.root.rglob("*serialpass*"))


def test_the_doctor_looks_from_afar(host: XenHost, capsys: pytest.CaptureFixture[str]) -> None:
    bad = CONF.replace(b" quiet ", b" quiet xen-pciback.hide=(0000:02:00.0) ", 1)
    host.boot_file.write_bytes(bad)
    status, said = run(host, capsys, "doctor", "--dry-run")
    assert Exit.UNCONFIRMED == status, said
    assert "hide-list-name" in said
    status, said = run(host, capsys, "doctor", "--yes")
    assert b" pciback.hide=(0000:02:00.0)" in host.boot_file.read_bytes(), said
    run(host, capsys, "rollback", "--last", "--yes")
    assert bad == host.boot_file.read_bytes()


def test_a_recording_of_the_host_is_written_here(
    host: XenHost, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "xs62.json"
    assert Exit.DONE == run(host, capsys, "record", str(place))[0]
    assert Exit.DONE == cli.main(["--machine", str(place), "scan"])
    assert "0000:02:00.0 9710:9835 free ttyS4" in capsys.readouterr().out


def test_a_preview_reads_the_file_there(host: XenHost, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["preview", "--file", "/boot/extlinux.conf", "--hide", CARD, "--param", "pciback.hide"]
    status, said = run(host, capsys, *words)
    assert Exit.DONE == status, said
    assert "pciback.hide=(0000:02:00.0)" in said
    assert CONF == host.boot_file.read_bytes()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--ssh", "h", "--machine", "x", "scan"], "ssh-and-other"),
        (["--ssh", "h", "--host-root", "/", "scan"], "ssh-and-other"),
        (["--ssh", "h", "--demo"], "ssh-and-other"),
        (["--ssh", "h", "--xapi-socket", "/x", "scan"], "ssh-and-other"),
        (["--ssh-option", "Port=22", "scan"], "option-needs-ssh"),
        (["--ssh", "-oProxyCommand=x", "scan"], "usage"),
        (["--ssh=-oProxyCommand=x", "scan"], "ssh-target"),
    ],
)
def test_what_makes_no_sense_together_is_refused(
    words: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Exit.USAGE == cli.main(words)
    assert f"({code})" in capsys.readouterr().err


def test_settings_that_take_any_host_key_are_overruled(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def ssh(argv: list[str], *, timeout: float = 0) -> Completed:
        ran.append(list(argv))
        return Completed(tuple(argv), 255, "user root\nstricthostkeychecking false\n", "")

    monkeypatch.setattr(commands, "run_on_terminal", ssh)
    connection = Connection(Target("h"))
    with pytest.raises(Exception, match="ssh to root@h failed"):
        connection.log_in()
    connection.close()
    assert "StrictHostKeyChecking=ask" in ran[-1]
