"""Which host, and how it is reached: the words after `--ssh` and `--ssh-option` as ssh's own."""

from __future__ import annotations

from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import frozen, pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_TARGET = pattern(
    r"(?:(?P<user>[^@:/\s-][^@:/\s]*)@)?"
    r"(?:\[(?P<literal>[0-9A-Fa-f:.%\w]+)\]|(?P<host>[^@:/\s\[\]-][^@:/\s\[\]]*))"
    r"(?::(?P<port>\d{1,5}))?"
)
_OPTION = pattern(r"([A-Za-z0-9]+)=(\S[^\r\n]*)")
_OURS = {
    "controlmaster",
    "controlpath",
    "controlpersist",
    "batchmode",
    "requesttty",
    "remotecommand",
    "permitlocalcommand",
}
_CHECKS = "stricthostkeychecking"


@frozen
class Target:
    """A host as the operator named it."""

    host: str
    user: str = "root"
    port: int = 0
    """0: what ssh's own settings say."""
    options: tuple[str, ...] = ()
    """`Name=value`, as ssh's -o takes them."""

    @property
    def shown(self) -> str:
        """The host as a person says it."""
        return printable(f"{self.user}@{self.host}" + (f":{self.port}" if self.port else ""), 60)

    @property
    def by_hand(self) -> str:
        """The command that logs in there."""
        port = f"-p {self.port} " if self.port else ""
        options = "".join(f"-o {option} " for option in self.options)
        return printable(f"ssh {options}{port}{self.user}@{self.host}", 160)

    def arguments(self) -> list[str]:
        """What names the host on ssh's command line; a name cannot be taken for an option."""
        port = ["-p", str(self.port)] if self.port else []
        options = [word for option in self.options for word in ("-o", option)]
        return [*options, *port, "-l", self.user, "--", self.host]


def parse(spelled: str, options: Sequence[str] = ()) -> Target:
    """The host of `[USER@]HOST[:PORT]`, reached with these options of ssh.

    Raises:
        Problem: `ssh-target`, `ssh-option`.
    """
    match = _TARGET.fullmatch(spelled)
    port = int(match["port"] or 0) if match else 0
    if match is None or port > 65535:
        raise Problem(
            Exit.USAGE,
            "ssh-target",
            f"--ssh: {printable(spelled, 60)} names no host.",
            remedy="Give it as root@HOST or root@HOST:PORT; an IPv6 address in brackets.",
        )
    for option in options:
        _check_option(option)
    return Target(match["literal"] or match["host"], match["user"] or "root", port, tuple(options))


def _check_option(option: str) -> None:
    match = _OPTION.fullmatch(option)
    name = match[1].lower() if match else ""
    if match is None or name in _OURS:
        raise Problem(
            Exit.USAGE,
            "ssh-option",
            f"--ssh-option: {printable(option, 60)} is "
            + ("set by this tool itself." if match else "not of the form Name=value."),
            remedy="Give one of ssh_config(5), for example Port=2222, IdentityFile=~/.ssh/dom0 or "
            "KexAlgorithms=+diffie-hellman-group14-sha1.",
        )
    if name == _CHECKS and match[2].strip().lower() not in {"yes", "ask"}:
        raise Problem(
            Exit.USAGE,
            "ssh-option",
            "--ssh-option: the host's key is always checked.",
            remedy="Log in once with ssh, compare the key's fingerprint with the one that "
            "ssh-keygen -lf shows at the host's console, and accept it.",
        )
