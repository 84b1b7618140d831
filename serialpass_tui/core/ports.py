"""The doors to the world that the service needs; adapters implement them, core only names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.inventory import Inventory
    from serialpass_tui.core.job import LockFile, Record
    from serialpass_tui.core.pool import Pool, PowerState, Vm
    from serialpass_tui.core.program import Seal


class Host(Protocol):
    """The dom0 that the tool acts on."""

    def inventory(self) -> Inventory:
        """All facts, read anew. Raises Problem when the host cannot be read at all."""

    def boot_id(self) -> str:
        """The kernel's id of this boot (/proc/sys/kernel/random/boot_id)."""

    def reboot(self) -> None:
        """Restart the host without XAPI. Raises Problem."""

    def driver(self, bdf: Bdf) -> str:
        """The driver bound to a PCI function; empty: none. Raises Problem."""

    def change_driver(self, bdf: Bdf, before: str, after: str) -> None:
        """Take a function from driver `before` and give it to `after`, until the next boot.

        Raises:
            Problem: the kernel refused; the function is given back to `before`.
        """

    def boot_once(self, folder: str, label: str) -> None:
        """Have the extlinux in `folder` boot a label once; empty: no label. Raises Problem."""

    def backend_devices(self, domid: int) -> tuple[Bdf, ...]:
        """The PCI functions that xenstore's backend lists for a domain. Raises Problem."""


class Files(Protocol):
    """Reading and replacing files."""

    def read(self, path: str) -> bytes:
        """The file's bytes. Raises Problem."""

    def keep(self, path: str, data: bytes, tag: str) -> str:
        """Write a backup beside the file, named with `tag`; its path. Raises Problem."""

    def replace(self, path: str, before: bytes | None, after: bytes | None) -> None:
        """Replace the file atomically if it still holds `before`, keeping owner, mode and label.

        None stands for no file: one is made, or taken away.

        Raises:
            Problem: `file-changed` (conflict) when it holds something else; `write-failed`.
        """

    def is_folder(self, path: str) -> bool:
        """Whether a folder is there."""

    def seal(self, path: str) -> Seal | None:
        """Digest and size of a file; None: there is none. Raises Problem."""

    def place(self, path: str, before: Seal | None, after: Seal | None, source: str) -> None:
        """Copy the program at `source`, a file of this machine, or take the copy away.

        Raises:
            Problem: as `replace`; `source-changed` where `source` is not what `after` says.
        """

    def link(self, path: str) -> str | None:
        """Where a symbolic link leads; None: nothing is there; empty: it is something else."""

    def relink(self, path: str, before: str | None, after: str | None) -> None:
        """Have a symbolic link lead elsewhere, make it or take it away. Raises Problem."""


class Toolstack(Protocol):
    """What owns the VMs. Every method raises Problem when the toolstack cannot be reached."""

    def pool(self) -> Pool:
        """Hosts, VMs, PIFs and SRs."""

    def vm(self, uuid: str) -> Vm:
        """One VM, read anew."""

    def read_key(self, uuid: str, key: str) -> str | None:
        """The value of a VM's key as `VmEdit.key` spells it; None when absent."""

    def write_key(self, uuid: str, key: str, value: str | None) -> None:
        """Set or remove one key of a VM, leaving all others."""

    def set_power(
        self, uuid: str, host: str, state: PowerState, progress: Callable[[float], None]
    ) -> None:
        """Start the VM on `host`, or shut it down cleanly; `progress` gets 0.0 to 1.0."""

    def reboot_host(self) -> None:
        """Disable this host, so that HA may veto, then reboot it; enabled again if that fails."""


class Journal(Protocol):
    """The state directory."""

    def records(self) -> tuple[Record, ...]:
        """All records, oldest first; a torn last line is left out."""

    def append(self, record: Record) -> None:
        """Add one record and have it on the disk before returning. Raises Problem."""

    def backup(self, data: bytes) -> str:
        """Keep bytes under their digest; the path. Raises Problem."""

    def backup_place(self, data: bytes) -> str:
        """Where `backup` keeps these bytes, as a shell at the host's root names it."""

    def undo_place(self, job: str) -> str:
        """Where the shell's way back of a job lies, as this system names it. Raises Problem."""

    def keep_undo(self, job: str, text: Callable[[str], bytes]) -> None:
        """Write that file; `text` makes it of its name at the host's root. Raises Problem."""

    def host_name(self, name: str = "") -> str:
        """How a shell at the host's root names the directory, or a file of it."""

    def tell_open(self, words: str) -> None:
        """Keep what a login says of open jobs; empty: there is none. Raises Problem."""

    def lock(self) -> AbstractContextManager[None]:
        """Hold the state directory for one writer. Raises Problem `locked`, naming the holder."""

    def lock_file(self) -> LockFile | None:
        """What the lock says, held or left behind; None where it says nothing. Waits for none."""


class Clock(Protocol):
    """The time of day."""

    def now(self) -> int:
        """Seconds since the epoch."""
