"""Who does not get in is told why, and which option of ssh to give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serialpass_tui.errors import NOTHING_CHANGED, Exit, Problem
from serialpass_tui.host.ssh import refusals
from serialpass_tui.host.ssh.connection import Connection
from serialpass_tui.host.ssh.target import Target, parse
from tests.ssh.dom0 import open_dom0

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ssh.dom0 import Dom0

OLD_KEX = "KexAlgorithms diffie-hellman-group14-sha1\n"


def refusal(dom0: Dom0) -> Problem:
    connection = Connection(dom0.target)
    try:
        with pytest.raises(Problem) as caught:
            connection.log_in()
        assert Exit.FAILED == caught.value.exit_status
        assert NOTHING_CHANGED == caught.value.state
        return caught.value
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("spelled", "target"),
    [
        ("dom0", Target("dom0")),
        ("root@dom0.example:2222", Target("dom0.example", "root", 2222)),
        ("admin@192.0.2.1", Target("192.0.2.1", "admin")),
        ("root@[2001:db8::1]:22", Target("2001:db8::1", "root", 22)),
    ],
)
def test_a_host_is_named_as_for_ssh(spelled: str, target: Target) -> None:
    assert target == parse(spelled)


@pytest.mark.parametrize(
    "spelled",
    [
        "",
        "-oProxyCommand=x",
        "root@-oProxyCommand=x",
        "-l@h",
        "a b",
        "h:99999",
        "h:",
        "a@b@c",
        "h/x",
    ],
)
def test_what_ssh_could_take_for_an_option_is_no_host(spelled: str) -> None:
    with pytest.raises(Problem) as caught:
        parse(spelled)
    assert (Exit.USAGE, "ssh-target") == (caught.value.exit_status, caught.value.code)


@pytest.mark.parametrize(
    "option",
    [
        "StrictHostKeyChecking=no",
        "stricthostkeychecking=accept-new",
        "ControlMaster=no",
        "BatchMode=no",
        "Port",
        "Port 22",
        "",
    ],
)
def test_the_host_key_stays_checked(option: str) -> None:
    with pytest.raises(Problem) as caught:
        parse("root@h", [option])
    assert (Exit.USAGE, "ssh-option") == (caught.value.exit_status, caught.value.code)


@pytest.mark.parametrize("option", ["StrictHostKeyChecking=yes", "Port=22", "ProxyJump=gate"])
def test_options_are_handed_on(option: str) -> None:
    assert ["-o", option, "-l", "root", "--", "h"] == parse("root@h", [option]).arguments()


def test_another_host_key_is_refused(tmp_path: Path) -> None:
    with open_dom0(tmp_path / "host", "busybox") as dom0:
        dom0.stop()
        dom0.new_host_key()
        dom0.start()
        problem = refusal(dom0)
    assert "ssh-host-key" == problem.code
    assert "not the one that you know" in problem.summary
    assert "ssh-keygen -R" in problem.remedy


def test_an_unknown_host_key_is_not_taken_without_a_person(tmp_path: Path) -> None:
    with open_dom0(tmp_path / "host", "busybox") as dom0:
        dom0.known_hosts.write_text("")
        problem = refusal(dom0)
        assert "" == dom0.known_hosts.read_text()
    assert "ssh-host-key" == problem.code
    assert "not known here" in problem.summary


def test_a_key_that_the_host_does_not_know_is_told(tmp_path: Path) -> None:
    with open_dom0(tmp_path / "host", "busybox") as dom0:
        (dom0.base / "authorized_keys").write_text("")
        problem = refusal(dom0)
    assert "ssh-denied" == problem.code
    assert "PubkeyAcceptedAlgorithms=+ssh-rsa" in problem.remedy


def test_a_host_that_is_down_is_told(tmp_path: Path) -> None:
    with open_dom0(tmp_path / "host", "busybox") as dom0:
        dom0.stop()
        assert "ssh-unreachable" == refusal(dom0).code


def test_an_old_sshd_is_entered_with_the_option_that_was_named(tmp_path: Path) -> None:
    with open_dom0(tmp_path / "host", "busybox", extra=OLD_KEX) as dom0:
        dom0.options = ("KexAlgorithms=-diffie-hellman-group14-sha1",)
        problem = refusal(dom0)
        assert "ssh-old-algorithms" == problem.code
        assert "key exchange method" in problem.summary
        named = "KexAlgorithms=+diffie-hellman-group14-sha1"
        assert problem.remedy.endswith(f"--ssh-option {named}")
        dom0.options = (named,)
        with dom0.connected() as connection:
            assert connection.uid >= 0


@pytest.mark.parametrize(
    ("said", "option"),
    [
        (
            (
                "Unable to negotiate with 192.0.2.1 port 22: no matching key exchange method found. "
                "Their offer: diffie-hellman-group-exchange-sha1,diffie-hellman-group14-sha1,"
                "diffie-hellman-group1-sha1"
            ),
            "KexAlgorithms=+diffie-hellman-group14-sha1",
        ),
        (
            (
                "Unable to negotiate with 192.0.2.1 port 22: no matching host key type found. "
                "Their offer: ssh-rsa,ssh-dss\r\n"
            ),
            "HostKeyAlgorithms=+ssh-rsa",
        ),
        (
            (
                "Unable to negotiate with 192.0.2.1 port 22: no matching cipher found. "
                "Their offer: aes128-cbc,3des-cbc"
            ),
            "Ciphers=+aes128-cbc",
        ),
        (
            (
                "Unable to negotiate with 192.0.2.1 port 22: no matching MAC found. "
                "Their offer: hmac-md5,hmac-sha1"
            ),
            "MACs=+hmac-sha1",
        ),
    ],
)
def test_each_old_algorithm_has_its_option(said: str, option: str) -> None:
    problem = refusals.refused(Target("h"), said)
    assert problem.remedy.endswith(f"--ssh-option {option}")


def test_what_ssh_says_is_no_escape_sequence() -> None:
    problem = refusals.refused(Target("h"), "Permission denied \x1b[31m\x07")
    assert "\x1b" not in problem.summary + problem.remedy


def test_a_shell_that_lacks_something_is_told(tmp_path: Path) -> None:
    with open_dom0(tmp_path / "host", "gnu") as dom0:
        (dom0.root / "bin/od").unlink()
        for name in ("sha1sum", "cksum"):
            (dom0.root / "bin" / name).unlink()
        problem = refusal(dom0)
    assert "ssh-host-lacks" == problem.code
    assert "od, sha256sum or sha1sum or cksum" in problem.summary


def test_a_host_with_cksum_alone_will_do(tmp_path: Path) -> None:
    from serialpass_tui.host.ssh.files import RemoteFiles

    with open_dom0(tmp_path / "host", "gnu") as dom0:
        (dom0.root / "bin/sha1sum").unlink()
        (dom0.root / "boot/x").write_bytes(b"old\n")
        with dom0.connected() as connection:
            assert "cksum" == connection.sums
            RemoteFiles(connection).replace("/boot/x", b"old\n", b"new\n")
        assert b"new\n" == (dom0.root / "boot/x").read_bytes()


def test_one_connection_serves_all_and_nothing_is_left(tmp_path: Path) -> None:
    with open_dom0(tmp_path / "host", "busybox") as dom0:
        with dom0.connected() as connection:
            for _ in range(3):
                assert 0 == connection.ask("cat /etc/../dev/null").status
            folder = connection._folder
        log = (dom0.base / "sshd.log").read_text()
        assert not folder.exists()
    assert 1 == log.count("Accepted publickey")


def test_a_request_that_takes_too_long_is_told(tmp_path: Path) -> None:
    with open_dom0(tmp_path / "host", "busybox") as dom0, dom0.connected() as connection:
        with pytest.raises(Problem) as caught:
            connection.run(["sh", "-c", "echo $$ >/tmp/pid; while :; do :; done"], timeout=0.5)
        assert "command-timeout" == caught.value.code
        assert 0 == connection.run(["true"]).status  # by another shell
        gone = 'while kill -0 "$(cat /tmp/pid)" 2>/dev/null; do :; done'
        assert 0 == connection.run(["sh", "-c", gone]).status
