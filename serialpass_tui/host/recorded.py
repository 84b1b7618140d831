"""A recording in place of this host: everything can be looked at, nothing can be done."""

from __future__ import annotations

from contextlib import nullcontext

from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import NoReturn

    from serialpass_tui.core.bdf import Bdf
    from serialpass_tui.core.inventory import Inventory, Recording
    from serialpass_tui.core.job import LockFile, Record
    from serialpass_tui.core.pool import Pool, PowerState, Vm


class RecordedHost:
    """The host of a recording."""

    def __init__(self, recording: Recording) -> None:
        self._inventory = recording.inventory

    def inventory(self) -> Inventory:
        """The facts as they were recorded."""
        return self._inventory

    def boot_id(self) -> str:
        """The boot in which the recording was made."""
        return self._inventory.boot_id

    def reboot(self) -> None:
        """Refused.

        Raises:
            Problem: `recorded-host`.
        """
        _refuse("be rebooted")

    def driver(self, bdf: Bdf) -> str:
        """The driver that the function had."""
        function = self._inventory.function(bdf)
        return function.driver if function else ""

    def change_driver(self, bdf: Bdf, before: str, after: str) -> None:
        """Refused.

        Raises:
            Problem: `recorded-host`.
        """
        _refuse(f"have {bdf} taken from {before or 'no driver'} and given to {after or 'none'}")

    def boot_once(self, folder: str, label: str) -> None:
        """Refused.

        Raises:
            Problem: `recorded-host`.
        """
        _refuse(f"have {label or 'no label'} booted once by {folder}")

    def backend_devices(self, domid: int) -> tuple[Bdf, ...]:
        """Refused: xenstore is not part of a recording.

        Raises:
            Problem: `recorded-host`.
        """
        _refuse(f"be asked for what domain {domid} has now")


class RecordedJournal:
    """The journal of a recording: no job was ever done on it, and none can be."""

    def records(self) -> tuple[Record, ...]:
        """None."""
        return ()

    def append(self, record: Record) -> None:
        """Refused.

        Raises:
            Problem: `recorded-host`.
        """
        _refuse(f"be changed ({record.KIND})")

    def backup(self, data: bytes) -> str:
        """Refused.

        Raises:
            Problem: `recorded-host`.
        """
        _refuse(f"keep a backup of {len(data)} bytes")

    def backup_place(self, data: bytes) -> str:
        """Refused.

        Raises:
            Problem: `recorded-host`.
        """
        _refuse(f"keep a backup of {len(data)} bytes")

    def undo_place(self, job: str) -> str:
        """Where a host would have it: a recording may be planned for."""
        from serialpass_tui.core.undo_text import NAME

        return f"/var/lib/serialpass-tui/backups/job-{job}/{NAME}"

    def keep_undo(self, job: str, text: Callable[[str], bytes]) -> None:
        """Refused.

        Raises:
            Problem: `recorded-host`.
        """
        _refuse(f"keep the undo of job {job}, {len(text(self.undo_place(job)))} bytes")

    def host_name(self, name: str = "") -> str:
        """Where a host would have it."""
        return f"/var/lib/serialpass-tui/{name}".rstrip("/")

    def tell_open(self, words: str) -> None:
        """A recording has no open job to tell of."""

    def lock(self) -> AbstractContextManager[None]:
        """Nothing to lock: nobody else can change it either."""
        return nullcontext()

    def lock_file(self) -> LockFile | None:
        """None."""
        return None


class RecordedFiles:
    """The boot files of a recording."""

    def __init__(self, recording: Recording) -> None:
        self._files = {file.path: file.data for file in recording.inventory.boot_files}

    def read(self, path: str) -> bytes:
        """The file's bytes as they were recorded.

        Raises:
            Problem: `file-missing`.
        """
        if path not in self._files:
            raise Problem(
                Exit.FAILED,
                "file-missing",
                f"{printable(path)} is not in the recording.",
                remedy="Name one of: "
                + (", ".join(map(printable, self._files)) or "none was recorded"),
            )
        return self._files[path]

    def keep(self, path: str, data: bytes, tag: str) -> str:  # noqa: ARG002 (the port's signature)
        """Refused.

        Raises:
            Problem: `recorded-host`.
        """
        _refuse(f"keep a backup of {printable(path)}")

    def replace(
        self,
        path: str,
        before: bytes | None,  # noqa: ARG002 (the port's signature)
        after: bytes | None,  # noqa: ARG002 (the port's signature)
    ) -> None:
        """Refused.

        Raises:
            Problem: `recorded-host`.
        """
        _refuse(f"have its {printable(path)} edited")

    def is_folder(self, path: str) -> bool:  # noqa: ARG002 (the port's signature)
        """No folder is recorded."""
        return False

    def seal(self, path: str) -> None:
        """No program is recorded."""

    def place(self, path: str, before: object, after: object, source: str) -> None:  # noqa: ARG002
        """Refused.

        Raises:
            Problem: `recorded-host`.
        """
        _refuse(f"have a program at {printable(path)}")

    def link(self, path: str) -> None:
        """No link is recorded."""

    def relink(self, path: str, before: str | None, after: str | None) -> None:  # noqa: ARG002
        """Refused.

        Raises:
            Problem: `recorded-host`.
        """
        _refuse(f"have a link {printable(path)}")


class RecordedToolstack:
    """The pool of a recording."""

    def __init__(self, recording: Recording) -> None:
        self._pool = recording.pool

    def pool(self) -> Pool:
        """Hosts, VMs, PIFs and SRs as they were recorded.

        Raises:
            Problem: `xapi-unavailable` where the recording has no pool.
        """
        if self._pool is None:
            raise Problem(
                Exit.FAILED,
                "xapi-unavailable",
                "This recording was made without XAPI: it knows no VMs.",
                remedy="Record again as root on the dom0 while xapi runs.",
            )
        return self._pool

    def vm(self, uuid: str) -> Vm:
        """One VM as it was recorded.

        Raises:
            Problem: `no-vm`, `xapi-unavailable`.
        """
        vm = self.pool().vm(uuid)
        if vm is None:
            raise Problem(
                Exit.FAILED,
                "no-vm",
                f"The recording has no VM {printable(uuid)}.",
                remedy="Choose one that the list of VMs shows.",
            )
        return vm

    def read_key(self, uuid: str, key: str) -> str | None:
        """The value of `other-config:K`, `blocked-operations:OP` or `affinity`.

        Raises:
            Problem: `bad-vm-key` (usage) for any other key; as `vm`.
        """
        vm = self.vm(uuid)
        field, _, name = key.partition(":")
        if field == "other-config":
            return dict(vm.other_config).get(name)
        if field == "blocked-operations":
            return dict(vm.blocked_operations).get(name)
        if key == "affinity":
            return vm.affinity or None
        raise Problem(
            Exit.USAGE,
            "bad-vm-key",
            f"{printable(key)} is no key that a recording has.",
            remedy="Use other-config:KEY, blocked-operations:OPERATION or affinity.",
        )

    def write_key(self, uuid: str, key: str, value: str | None) -> None:  # noqa: ARG002 (the port's)
        """Refused.

        Raises:
            Problem: `recorded-host`.
        """
        _refuse(f"have {printable(key)} of a VM changed")

    def set_power(
        self,
        uuid: str,  # noqa: ARG002 (the port's signature)
        host: str,  # noqa: ARG002 (the port's signature)
        state: PowerState,
        progress: Callable[[float], None],  # noqa: ARG002 (the port's signature)
    ) -> None:
        """Refused.

        Raises:
            Problem: `recorded-host`.
        """
        _refuse(f"have a VM {state.value.lower()}")

    def reboot_host(self) -> None:
        """Refused.

        Raises:
            Problem: `recorded-host`.
        """
        _refuse("be rebooted")


def _refuse(what: str) -> NoReturn:
    raise Problem(
        Exit.USAGE,
        "recorded-host",
        f"This is a recording of a host, not a host: it cannot {what}.",
        remedy="Run without --machine on the dom0 itself, or try a --demo.",
    )
