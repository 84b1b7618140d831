"""The use cases that leave no trace on a host: a look needs nothing of what changes one."""

from __future__ import annotations

from functools import cached_property

from serialpass_tui.service.scanning import read_scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.core.job import Job, LockFile
    from serialpass_tui.core.ports import Clock, Files, Host, Journal, Toolstack
    from serialpass_tui.service.changing import Changer
    from serialpass_tui.service.ledger import Ledger
    from serialpass_tui.service.scanning import Scan


class Looker:
    """The use cases that only read, over one host."""

    def __init__(
        self, host: Host, files: Files, toolstack: Toolstack, journal: Journal, clock: Clock
    ) -> None:
        self._host = host
        self._files = files
        self._toolstack = toolstack
        self._journal = journal
        self._clock = clock

    @cached_property
    def _changer(self) -> Changer:
        from serialpass_tui.service.changing import Changer

        return Changer(self._host, self._files, self._toolstack)

    @cached_property
    def _ledger(self) -> Ledger:
        from serialpass_tui.service.ledger import Ledger

        return Ledger(self._journal, self._clock, self._changer)

    def scan(self) -> Scan:
        """Read host, toolstack and boot files anew. Raises Problem if the host is unreadable."""
        return read_scan(self._host, self._toolstack)

    def jobs(self) -> tuple[Job, ...]:
        """All jobs of the journal, oldest first."""
        records = self._journal.records()
        if not records:
            return ()
        from serialpass_tui.core.job import fold  # a host without jobs needs nothing of them

        return fold(records)

    def jobs_as_found(self) -> tuple[Job, ...]:
        """All jobs as the host shows them to stand now, which the journal may not say yet.

        Looking leaves no trace: the reboot that happened since is noted by the next writer.
        """
        records = self._journal.records()
        return self._ledger.as_found(records) if records else ()

    def lock_file(self) -> LockFile | None:
        """Who holds the lock, or was killed with it: what another operator is told."""
        return self._journal.lock_file()
