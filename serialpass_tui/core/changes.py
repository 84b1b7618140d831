"""The changes: everything that the tool does to a host.

A change is a place, what the place held when it was previewed, and what it shall hold. Undo swaps
the two. Whoever finds the place holding `before` may apply it, `after` means that it is done, and
anything else is a conflict: that one rule carries apply, resume after a crash, and rollback.
"""

from __future__ import annotations

from serialpass_tui.core.bdf import Bdf  # noqa: TC001 (the codec resolves these hints at run time)
from serialpass_tui.core.inventory import PCIBACK, HostFacts
from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.program import Link, ProgramCopy
from serialpass_tui.core.text import printable, shell_words
from serialpass_tui.lazy import frozen, replace

LOAD_PCIBACK = ("modprobe", "xen-pciback")


@frozen
class FileEdit:
    """The bytes of one file from which the next boot is made; None means that there is no file."""

    KIND = "edit-file"
    path: str
    before: bytes | None
    after: bytes | None
    own: bool = False
    """Whether it is part of this tool's installation, which `uninstall` takes away whole."""

    @property
    def place(self) -> tuple[str, ...]:
        """What it changes, to be compared with other changes."""
        return ("file", self.path)

    @property
    def backup_path(self) -> str:
        """Where the file as it was lies beside it, for an operator who has nothing but a shell.

        Empty where there was none, and for what this tool made itself and takes away: the state
        directory keeps that.
        """
        if self.before is None or self.after is None or self.own:
            return ""
        return f"{self.path}.serialpass-{backup_tag(self.before)}"

    def inverse(self) -> FileEdit:
        """The edit that puts the first bytes back."""
        return FileEdit(self.path, self.after, self.before, self.own)

    def describe(self) -> str:
        """What it does, in one line."""
        verb = "edit"
        if self.before is None or self.after is None:
            verb = "write" if self.before is None else "remove"
        return f"{verb} {self.path}"

    def preview(self) -> tuple[str, ...]:
        """The unified diff, a line each, controls made visible."""
        return unified_diff(self.path, self.before, self.after)


@frozen
class GuestEdit:
    """The bytes of the file that describes one guest of a host without XAPI.

    It acts on a file as `FileEdit` does, and means what `VmEdit` means: it needs no reboot, and its
    undo takes the devices from the guest.
    """

    KIND = "edit-guest"
    uuid: str
    name: str
    path: str
    before: bytes
    after: bytes

    @property
    def place(self) -> tuple[str, ...]:
        """What it changes, to be compared with other changes."""
        return ("file", self.path)

    @property
    def file(self) -> FileEdit:
        """The same as an edit of bytes."""
        return FileEdit(self.path, self.before, self.after)

    def inverse(self) -> GuestEdit:
        """The edit that puts the first bytes back."""
        return GuestEdit(self.uuid, self.name, self.path, self.after, self.before)

    def describe(self) -> str:
        """What it does, in one line."""
        return f"edit {self.path} of guest {printable(self.name)}"

    def preview(self) -> tuple[str, ...]:
        """The unified diff, a line each, controls made visible."""
        return self.file.preview()


@frozen
class VmEdit:
    """One key of one VM; None means that the key is absent.

    `key` is spelled as xe spells it: `other-config:pci`, `blocked-operations:suspend`, `affinity`.
    """

    KIND = "edit-vm"
    uuid: str
    name: str
    key: str
    before: str | None
    after: str | None

    @property
    def place(self) -> tuple[str, ...]:
        """What it changes, to be compared with other changes."""
        return ("key", self.uuid, self.key)

    def inverse(self) -> VmEdit:
        """The edit that puts the first value back."""
        return VmEdit(self.uuid, self.name, self.key, self.after, self.before)

    def describe(self) -> str:
        """What it does, in one line."""
        verb = "remove" if self.after is None else "set"
        return f"{verb} {self.key} of VM {printable(self.name)}"

    def preview(self) -> tuple[str, ...]:
        """Before and after, as a diff writes them."""
        lines = []
        if self.before is not None:
            lines.append(f"-{self.key}={printable(self.before)}")
        if self.after is not None:
            lines.append(f"+{self.key}={printable(self.after)}")
        return tuple(lines)

    def command(self) -> str:
        """The xe command that does the same by hand."""
        param, _, key = self.key.partition(":")
        if self.after is not None:
            return shell_words(
                ["xe", "vm-param-set", f"uuid={self.uuid}", f"{self.key}={self.after}"]
            )
        if not key:
            return shell_words(["xe", "vm-param-set", f"uuid={self.uuid}", f"{param}="])
        return shell_words(
            [
                "xe",
                "vm-param-remove",
                f"uuid={self.uuid}",
                f"param-name={param}",
                f"param-key={key}",
            ]
        )


@frozen
class Reboot:
    """A restart of the host: done when the kernel's boot_id is no longer `before`."""

    KIND = "reboot"
    before: str
    toolstack: str = "xapi"
    """What owns the host's VMs, xapi or xl: it decides who is asked for the reboot."""

    @property
    def boot(self) -> str:
        """The boot that it was planned in."""
        return self.before

    def again(self, boot_id: str) -> Reboot:
        """The same of another boot."""
        return Reboot(boot_id, self.toolstack)

    def describe(self) -> str:
        """What it does, in one line."""
        return "reboot this host"

    def preview(self) -> tuple[str, ...]:
        """The commands that do the same by hand."""
        if self.toolstack == "xl":
            return ("shutdown -r now",)
        return ("xe host-disable", "xe host-reboot")


@frozen
class DriverChange:
    """The driver that has one PCI function in dom0, until the next boot."""

    KIND = "change-driver"
    bdf: Bdf
    before: str
    """Empty: none."""
    after: str
    boot: str = ""
    """The boot that it was planned in, which wipes it with its end; empty: not known."""
    load: bool = False
    """Whether pciback is a module that is loaded first."""

    def inverse(self) -> DriverChange:
        """The change that gives the function back to the driver it had."""
        return DriverChange(self.bdf, self.after, self.before, self.boot)

    def again(self, boot_id: str) -> DriverChange:
        """The same in another boot."""
        return replace(self, boot=boot_id)

    @property
    def place(self) -> tuple[str, ...]:
        """What it changes, to be compared with other changes."""
        return ("driver", str(self.bdf))

    def describe(self) -> str:
        """What it does, in one line."""
        if self.after:
            return f"give {self.bdf} to driver {self.after} now"
        return f"take {self.bdf} from driver {self.before} now"

    def preview(self) -> tuple[str, ...]:
        """The commands that do the same by hand; the writes in the order that xenopsd uses."""
        drivers = "/sys/bus/pci/drivers"
        lines = [shell_words(LOAD_PCIBACK)] if self.load else []
        if self.before:
            lines.append(f"echo {self.bdf} > {drivers}/{self.before}/unbind")
        if self.before == PCIBACK:
            lines.append(f"echo {self.bdf} > {drivers}/{PCIBACK}/remove_slot")
        if self.after == PCIBACK:
            lines.append(f"echo {self.bdf} > {drivers}/{PCIBACK}/new_slot")
        if self.after:
            lines.append(f"echo {self.bdf} > {drivers}/{self.after}/bind")
        return tuple(lines)


@frozen
class VmPower:
    """The power state of one VM: started on this host, or shut down."""

    KIND = "power-vm"
    uuid: str
    name: str
    host: str
    """Uuid of the host to start on: another host has another device at the same address."""
    before: PowerState
    after: PowerState
    config: str = ""
    """Path of the guest's file on a host without XAPI; empty: XAPI keeps the VM."""

    @property
    def place(self) -> tuple[str, ...]:
        """What it changes, to be compared with other changes."""
        return ("power", self.uuid)

    def inverse(self) -> VmPower:
        """The change that brings the first power state back."""
        return VmPower(self.uuid, self.name, self.host, self.after, self.before, self.config)

    def describe(self) -> str:
        """What it does, in one line."""
        verb = "start" if self.after is PowerState.RUNNING else "shut down"
        return f"{verb} VM {printable(self.name)}"

    def preview(self) -> tuple[str, ...]:
        """The command that does the same by hand."""
        return (self.command(),)

    def command(self) -> str:
        """The xe or xl command that does the same by hand."""
        if self.config:
            if self.after is PowerState.RUNNING:
                return shell_words(["xl", "create", "-f", self.config])
            return shell_words(["xl", "shutdown", "-F", "-w", "--", self.name])
        if self.after is PowerState.RUNNING:
            return shell_words(["xe", "vm-start", f"uuid={self.uuid}", f"on={self.host}"])
        return shell_words(["xe", "vm-shutdown", f"uuid={self.uuid}"])


@frozen
class BootOnce:
    """The entry that the boot loader is to boot once; empty: none but the default.

    The boot loader clears it when it boots that entry: the change is then spent, not undone.
    """

    KIND = "boot-once"
    loader: str
    path: str
    """Where the loader keeps it: GRUB's grubenv, or extlinux's ldlinux.sys."""
    before: str
    after: str
    boot: str = ""
    """The boot in which it was planned."""
    host: HostFacts | None = None
    """How the host was then, to be compared after the trial."""

    @property
    def place(self) -> tuple[str, ...]:
        """What it changes, to be compared with other changes."""
        return ("once", self.path)

    @property
    def folder(self) -> str:
        """The directory in which the loader is installed."""
        return self.path.rpartition("/")[0] or "/"

    def inverse(self) -> BootOnce:
        """The change that takes the order back."""
        return BootOnce(self.loader, self.path, self.after, self.before, self.boot)

    def again(self, boot_id: str) -> BootOnce:
        """The same in another boot."""
        return replace(self, boot=boot_id)

    def describe(self) -> str:
        """What it does, in one line."""
        if self.after:
            return f"have {printable(self.after)} booted once, at the next boot"
        return f"do not have {printable(self.before)} booted once"

    def preview(self) -> tuple[str, ...]:
        """The command that does the same by hand."""
        if self.loader == "grub":
            task = ["set", f"override_entry={self.after}"]
            if not self.after:
                task = ["unset", "override_entry"]
            return (shell_words(["grub-editenv", self.path, *task]),)
        return (shell_words(extlinux_once(self.folder, self.after)),)


def extlinux_once(folder: str, label: str) -> tuple[str, ...]:
    """What has the extlinux in `folder` boot a label once; empty: no label (extlinux(1))."""
    return ("extlinux", f"--once={label}" if label else "--clear-once", folder)


Reversible = FileEdit | GuestEdit | VmEdit | VmPower | DriverChange | BootOnce | ProgramCopy | Link
Change = Reversible | Reboot


def is_own(change: Change) -> bool:
    """Whether a change is one of this tool's own installation."""
    return isinstance(change, FileEdit | ProgramCopy | Link) and change.own


def is_past(change: Change, boot_id: str) -> bool:
    """Whether a change was planned in an earlier boot, and meant that boot alone."""
    return isinstance(change, Reboot | DriverChange) and change.boot not in {"", boot_id}


def in_boot(change: Change, boot_id: str) -> Change:
    """The change as it is planned in another boot."""
    if isinstance(change, Reboot | DriverChange | BootOnce):
        return change.again(boot_id)
    return change


def backup_tag(data: bytes) -> str:
    """What tells backups of one file apart: the first digits of the content's SHA-256."""
    import hashlib

    return hashlib.sha256(data).hexdigest()[:8]


def unified_diff(
    path: str, before: bytes | None, after: bytes | None, context: int = 2
) -> tuple[str, ...]:
    """The unified diff of two versions of a file, safe to show, without line ends.

    None stands for no file, and is called /dev/null, as diff and patch call it.
    """
    import difflib

    old, new = (_lines(data or b"") for data in (before, after))
    old_name = "/dev/null" if before is None else f"a{path}"
    new_name = "/dev/null" if after is None else f"b{path}"
    diff = difflib.unified_diff(old, new, old_name, new_name, n=context, lineterm="")
    return tuple(diff)


def _lines(data: bytes) -> list[str]:
    """Lines cut at LF alone, so that a CR shows; tabs become blanks, as terminals draw them."""
    text = data.decode("utf-8", "backslashreplace")
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    else:
        lines[-1] += "\\ (no newline at end of file)"
    return [printable(line.expandtabs(4)) for line in lines]
