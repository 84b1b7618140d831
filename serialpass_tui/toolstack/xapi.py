"""The VMs of a XenServer or XCP-ng host, through XAPI's local Unix socket."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.text import printable
from serialpass_tui.errors import NOTHING_CHANGED
from serialpass_tui.toolstack.answers import Refused, reading, unavailable
from serialpass_tui.toolstack.failures import (
    bad_power_state,
    from_failure,
    ha_veto,
    host_unknown,
    task_timeout,
)
from serialpass_tui.toolstack.keys import spelled
from serialpass_tui.toolstack.records import NULL, pool_of, vm_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from serialpass_tui.core.pool import Pool, Vm
    from serialpass_tui.toolstack.session import Session

SOCKETS = ("/var/lib/xcp/xapi", "/var/xapi/xapi")
"""Where XAPI listens: the second is XenServer 6's place."""

_WAKE = 2.0  # seconds for which XAPI may hold an event.from call without news
_UNKNOWN = "The call was sent; whether it took effect is not known."


class Xapi:
    """XAPI as the toolstack.

    Each operation opens a session and closes it: nothing is left behind when the tool is killed,
    and a restart of XAPI between two operations goes unnoticed.
    """

    def __init__(
        self,
        sockets: Sequence[str] = SOCKETS,
        host_uuid: str = "",
        timeout: float = 30.0,
        *,
        patience: float = 600.0,
        poll: float = 0.5,
    ) -> None:
        """Remember where to ask.

        Args:
            sockets: Socket files; the first that exists is used.
            host_uuid: INSTALLATION_UUID of the host that the tool runs on; empty: unknown.
            timeout: Seconds that one call may take.
            patience: Seconds that a VM may take to start or to shut down.
            poll: Seconds between two looks at a task where XAPI tells no events.
        """
        self._sockets = tuple(sockets)
        self._host_uuid = host_uuid
        self._timeout = timeout
        self._patience = patience
        self._poll = poll

    def pool(self) -> Pool:
        """Hosts, VMs, PIFs, SRs and PCI functions, each class read in one call. Raises Problem."""
        with self._session() as session:
            hosts = session.call("host.get_all_records")
            this_host = self._this_host(session, hosts)
            pools, vms, pifs, srs, pbds, pcis = (
                session.call(f"{kind}.get_all_records")
                for kind in ("pool", "VM", "PIF", "SR", "PBD", "PCI")
            )
            with reading():
                pool: dict[str, Any] = next(iter(pools.values()), {})
                return pool_of(
                    this_host,
                    pool,
                    hosts=hosts,
                    vms=vms,
                    pifs=pifs,
                    srs=srs,
                    pbds=pbds,
                    pcis=pcis,
                )

    def vm(self, uuid: str) -> Vm:
        """One VM, read anew. Raises Problem."""
        with self._session() as session:
            hosts = session.call("host.get_all_records")
            record = session.call("VM.get_record", session.call("VM.get_by_uuid", uuid))
            with reading():
                return vm_of(record, {ref: host["uuid"] for ref, host in hosts.items()})

    def read_key(self, uuid: str, key: str) -> str | None:
        """The value of `other-config:K`, `blocked-operations:OP` or `affinity` (a host's uuid).

        Raises:
            Problem: `bad-vm-key` (usage) for any other key; the toolstack's failures.
        """
        field, name = _spelled(key)
        with self._session() as session:
            return _read(session, session.call("VM.get_by_uuid", uuid), field, name)

    def write_key(self, uuid: str, key: str, value: str | None) -> None:
        """Set or remove one key and leave all others.

        VM.set_other_config would replace the whole map, mac_seed with it, and
        VM.add_to_other_config refuses a key that exists: hence removing first.

        Raises:
            Problem: as `read_key`; `state` says what the key holds when it failed half-way.
        """
        field, name = _spelled(key)
        with self._session(f"Whether {key} of the VM has changed is not known.") as session:
            vm = session.call("VM.get_by_uuid", uuid)
            if not name:
                ref = session.call("host.get_by_uuid", value) if value else NULL
                session.call("VM.set_affinity", vm, ref)
                return
            before = _read(session, vm, field, name)
            if before == value:
                return
            session.call(f"VM.remove_from_{field}", vm, name)
            if value is None:
                return
            try:
                session.call(f"VM.add_to_{field}", vm, name, value)
            except Refused as failure:
                state = _put_back(session, vm, field, name, before)
                raise from_failure(failure.details, f"{key}: {state}") from failure

    def set_power(
        self, uuid: str, host: str, state: PowerState, progress: Callable[[float], None]
    ) -> None:
        """Start the VM on `host` and no other, or shut it down cleanly, and wait for the end.

        Another host of the pool may have its RAID controller at the address of this one's card,
        and XAPI does not look: hence VM.start_on.

        Raises:
            Problem: `xapi-task-timeout` when it takes longer than the patience given; the
                toolstack's failures.
        """
        with self._session("Whether the VM changed its power state is not known.") as session:
            vm = session.call("VM.get_by_uuid", uuid)
            if state is PowerState.RUNNING:
                on = session.call("host.get_by_uuid", host)
                start_paused = force = False
                task = session.call("Async.VM.start_on", vm, on, start_paused, force)
            elif state is PowerState.HALTED:
                task = session.call("Async.VM.clean_shutdown", vm)
            else:
                raise bad_power_state(state)
            self._follow(session, task, progress)

    def reboot_host(self) -> None:
        """Disable this host, then reboot it.

        XAPI reboots only a disabled host, and disabling is where HA may say no. The call returns
        before the host goes down.

        Raises:
            Problem: `ha-veto` and the toolstack's failures, with the host as it was; or a lost
                answer, with `state` saying that the host may go down or stay disabled.
        """
        with self._session(f"{_UNKNOWN} If the host stays up: xe host-enable.") as session:
            hosts = session.call("host.get_all_records")
            ref = self._this_host(session, hosts)
            try:
                session.call("host.disable", ref)
            except Refused as failure:
                raise ha_veto(from_failure(failure.details)) from failure
            try:
                session.call("host.reboot", ref)
            except Refused as failure:
                was_enabled = bool(hosts[ref]["enabled"])
                state = _enable_again(session, ref) if was_enabled else NOTHING_CHANGED
                raise from_failure(failure.details, state) from failure

    def _this_host(self, session: Session, hosts: dict[str, dict[str, Any]]) -> str:
        """The reference of the host that the tool runs on, never a guess among several."""
        with reading():
            for ref, record in hosts.items():
                if self._host_uuid and record["uuid"] == self._host_uuid:
                    return ref
        if len(hosts) == 1:
            return next(iter(hosts))
        if self._host_uuid:
            raise host_unknown(self._host_uuid)
        return str(session.call("session.get_this_host", session.handle))

    def _follow(self, session: Session, task: str, progress: Callable[[float], None]) -> None:
        """Wait for a task's end, told by XAPI's events; where it has none, by looking."""
        deadline = time.monotonic() + self._patience
        token: str | None = ""
        while True:
            record = session.call("task.get_record", task)
            progress(min(1.0, max(0.0, float(record["progress"]))))
            if record["status"] not in {"pending", "cancelling"}:
                break
            if time.monotonic() >= deadline:
                raise task_timeout(self._patience, f" uuid={printable(str(record['uuid']))}")
            token = self._await_news(session, task, token)
        with contextlib.suppress(Refused):
            session.call("task.destroy", task)
        if record["status"] != "success":
            details = record["error_info"] or ["TASK_CANCELLED", task]
            raise from_failure(details, "The VM's configuration is unchanged.")

    def _await_news(self, session: Session, task: str, token: str | None) -> str | None:
        """Wait until something may have happened to `task`; the token for the next time."""
        if token is not None:
            try:
                wait = min(_WAKE, self._timeout / 2)
                return str(session.call("event.from", [f"task/{task}"], token, wait)["token"])
            except Refused:
                pass  # this XAPI has no event.from, or lost its events: look instead
        time.sleep(self._poll)
        return None

    @contextlib.contextmanager
    def _session(self, doubt: str = NOTHING_CHANGED) -> Iterator[Session]:
        """An open session, closed at the end; what XAPI refuses in it becomes a Problem."""
        path = next((socket for socket in self._sockets if _exists(socket)), "")
        if not path:
            raise unavailable(f"no socket {' or '.join(self._sockets)}")
        from serialpass_tui.toolstack.session import Session  # XML-RPC, for who has XAPI

        try:
            session = Session(path, self._timeout, doubt)
            try:
                yield session
            finally:
                session.close()
        except Refused as failure:
            raise from_failure(failure.details) from failure


def _exists(path: str) -> bool:
    """Whether the socket file is there; one that may not be looked at counts as being there."""
    try:
        return Path(path).exists()
    except PermissionError:
        return True


def _spelled(key: str) -> tuple[str, str]:
    """The field as the wire names it, and the key within it."""
    field, name = spelled(key)
    return field.replace("-", "_"), name


def _read(session: Session, vm: str, field: str, name: str) -> str | None:
    value = session.call(f"VM.get_{field}", vm)
    if name:
        return dict(value).get(name)
    return None if value == NULL else str(session.call("host.get_uuid", value))


def _put_back(session: Session, vm: str, field: str, name: str, before: str | None) -> str:
    """Give a key its former value again; what the key holds now, in words."""
    if before is None:
        return "not set, as before."
    try:
        session.call(f"VM.add_to_{field}", vm, name, before)
    except Refused:
        return f"removed; it was {printable(before)}"
    return "holds its former value again."


def _enable_again(session: Session, ref: str) -> str:
    try:
        session.call("host.enable", ref)
    except Refused:
        return "The host did not reboot and is still disabled: xe host-enable."
    return "The host did not reboot; it is enabled again."
