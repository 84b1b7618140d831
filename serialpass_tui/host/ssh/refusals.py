"""What ssh says when it does not get in, and what the operator can do about it."""

from __future__ import annotations

from serialpass_tui.core.text import printable
from serialpass_tui.errors import NOTHING_CHANGED, Exit, Problem
from serialpass_tui.lazy import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.host.ssh.target import Target

# OpenSSH kex.c and sshconnect2.c: "no matching %s found. Their offer: %s"
_NO_MATCH = pattern(r"no matching ([a-zA-Z ]+) found\. Their offer: ([\w@.,+-]+)")
_OPTIONS = {
    "key exchange method": "KexAlgorithms",
    "host key type": "HostKeyAlgorithms",
    "cipher": "Ciphers",
    "MAC": "MACs",
}
_BEST_FIRST = (
    "diffie-hellman-group14-sha1",
    "diffie-hellman-group-exchange-sha1",
    "diffie-hellman-group1-sha1",
    "rsa-sha2-512",
    "ssh-rsa",
    "ssh-dss",
    "aes256-cbc",
    "aes128-cbc",
    "3des-cbc",
    "hmac-sha1",
)
"""What OpenSSH still has for old servers and does not offer by itself, the least weak first."""
_UNREACHABLE = (
    "connection refused",
    "connection timed out",
    "operation timed out",
    "no route to host",
    "network is unreachable",
    "could not resolve hostname",
    "connection closed by",
    "connection reset by",
    "kex_exchange_identification",
    "banner exchange",
)

LOST = "ssh-lost"
DENIED = "ssh-denied"
UNREACHABLE = "ssh-unreachable"


def refused(target: Target, said: str) -> Problem:
    """The problem of an ssh that did not get in, by its own words."""
    old = _NO_MATCH.search(said)
    if old is not None and old[1] in _OPTIONS:
        return _old(target, old[1], old[2].split(","))
    lowered = said.lower()
    if "host identification has changed" in lowered or "host key verification failed" in lowered:
        return _host_key(target, changed="has changed" in lowered)
    last = _last_line(said)
    if "permission denied" in lowered or "too many authentication" in lowered:
        return _problem(
            DENIED,
            f"{target.shown} does not let you log in: {last}",
            f"Log in by hand first: {target.by_hand}. An old sshd takes an RSA key only with "
            "--ssh-option PubkeyAcceptedAlgorithms=+ssh-rsa.",
        )
    if any(words in lowered for words in _UNREACHABLE):
        return _problem(
            UNREACHABLE,
            f"{target.shown} cannot be reached: {last}",
            "Check its name, that it is up, and that sshd runs there.",
        )
    return _problem(
        "ssh-failed",
        f"ssh to {target.shown} failed: {last}",
        f"Try it by hand: {target.by_hand}",
    )


def lost(target: Target, said: str) -> Problem:
    """The problem of a connection that broke while the host was to do something."""
    last = _last_line(said, "")
    return Problem(
        Exit.FAILED,
        LOST,
        f"The connection to {target.shown} was lost" + (f": {last}" if last else "."),
        state="What was asked of the host last may have been done or not; a file is wholly as it "
        "was or wholly as previewed, and the journal lies on the host.",
        remedy="Start again with the same command: it looks and goes on from there.",
    )


def _old(target: Target, what: str, offer: list[str]) -> Problem:
    option = _OPTIONS[what]
    best = next((name for name in _BEST_FIRST if name in offer), offer[0])
    return _problem(
        "ssh-old-algorithms",
        f"{target.shown} is an old host: it has no {what} that your ssh trusts, only "
        f"{printable(', '.join(offer), 120)}.",
        f"Allow it for this host: --ssh-option {option}=+{best}",
    )


def _host_key(target: Target, *, changed: bool) -> Problem:
    if changed:
        return _problem(
            "ssh-host-key",
            f"The host key of {target.shown} is not the one that you know: the host was installed "
            "anew, or somebody stands between.",
            "Compare it at the host's console (ssh-keygen -lf /etc/ssh/ssh_host_rsa_key.pub); if "
            f"it is right: ssh-keygen -R {printable(target.host, 60)}",
        )
    return _problem(
        "ssh-host-key",
        f"The host key of {target.shown} is not known here.",
        f"Log in once by hand and compare the fingerprint before you accept it: {target.by_hand}",
    )


def _problem(code: str, summary: str, remedy: str) -> Problem:
    summary = summary if summary.endswith(".") else f"{summary}."
    return Problem(Exit.FAILED, code, summary, state=NOTHING_CHANGED, remedy=remedy)


def _last_line(said: str, otherwise: str = "it says nothing") -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return printable(lines[-1], 160) if lines else otherwise
