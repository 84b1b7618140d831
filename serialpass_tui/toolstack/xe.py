"""The VMs of a XenServer or XCP-ng host, through its `xe` command.

For a host on which nothing may be placed: xe is there, also on XenServer 6, and can be run from
afar. What it is asked and what comes out is what `xapi.py` asks over XML-RPC.
"""

from __future__ import annotations

import contextlib

from serialpass_tui.core.pool import PowerState
from serialpass_tui.core.text import printable
from serialpass_tui.errors import NOTHING_CHANGED, Exit, Problem
from serialpass_tui.toolstack import xe_records
from serialpass_tui.toolstack.answers import Refused, reading
from serialpass_tui.toolstack.failures import (
    bad_power_state,
    from_failure,
    ha_veto,
    host_unknown,
    task_timeout,
)
from serialpass_tui.toolstack.keys import bad_key, spelled
from serialpass_tui.toolstack.records import pool_of, vm_of
from serialpass_tui.toolstack.xe_calls import XeCalls
from serialpass_tui.toolstack.xe_output import column

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from serialpass_tui.core.pool import Pool, Vm
    from serialpass_tui.toolstack.xe_records import Records
    from serialpass_tui.toolstack.xl import Run

_NOWHERE = ("<not in database>", "OpaqueRef:NULL")
"""What xe prints for a reference to nothing (records.ml, get_uuid_from_ref and its variant)."""
_UNCHANGED = "The VM's configuration is unchanged."
_REBOOTING = (
    "The call was sent; whether it took effect is not known. If the host stays up: xe host-enable."
)


class Xe:
    """XAPI as the toolstack, asked through xe.

    Each call of xe opens a session and closes it: nothing is left behind when the tool is killed
    or the line to the host breaks.
    """

    def __init__(
        self,
        run: Run,
        host_uuid: str = "",
        timeout: float = 30.0,
        *,
        patience: float = 600.0,
    ) -> None:
        """Remember whom to ask.

        Args:
            run: Runs xe on the host.
            host_uuid: INSTALLATION_UUID of that host; empty: unknown.
            timeout: Seconds that one call may take.
            patience: Seconds that a VM may take to start or to shut down.
        """
        self._xe = XeCalls(run, timeout)
        self._host_uuid = host_uuid
        self._patience = patience

    def pool(self) -> Pool:
        """Hosts, VMs, PIFs, SRs and PCI functions; how many calls, the VMs do not decide.

        xe lists PCI functions from XCP-ng 8.3 and XenServer 8 on; before, those of the other hosts
        are not known here.

        Raises:
            Problem: the toolstack's failures; as `XeCalls.rows`.
        """
        with _in_words(), reading():
            hosts = xe_records.hosts(self._xe)
            here = self._this_host(hosts)
            return pool_of(
                here,
                xe_records.pool(self._xe),
                hosts=hosts,
                vms=xe_records.vms(self._xe),
                pifs=xe_records.pifs(self._xe, here),
                srs=xe_records.srs(self._xe),
                pbds=xe_records.pbds(self._xe, here),
                pcis=self._pcis() if len(hosts) > 1 else {},
            )

    def vm(self, uuid: str) -> Vm:
        """One VM, read anew. Raises Problem."""
        with _in_words(), reading():
            record = xe_records.vms(self._xe, uuid).get(uuid)
            if record is None:
                raise Refused(["UUID_INVALID", "VM", uuid])
            places = (record["resident_on"], record["affinity"])
            return vm_of(record, {place: place for place in places if place not in _NOWHERE})

    def read_key(self, uuid: str, key: str) -> str | None:
        """The value of `other-config:K`, `blocked-operations:OP` or `affinity` (a host's uuid).

        Raises:
            Problem: `bad-vm-key` (usage) for any other key; the toolstack's failures.
        """
        field, name = spelled(key)
        with _in_words():
            return self._read(uuid, field, name)

    def write_key(self, uuid: str, key: str, value: str | None) -> None:
        """Set or remove one key and leave all others.

        vm-param-clear would empty the whole map, mac_seed with it. vm-param-set on a key of a map
        removes the key and adds it again (cli_operations.ml), so that it may fail in between.

        Raises:
            Problem: as `read_key`; `xe-line-break`; `state` says what the key holds when it failed
                half-way.
        """
        field, name = spelled(key)
        if "=" in name:  # xe would end the key there, and set another one
            raise bad_key(key)
        doubt = f"Whether {key} of the VM has changed is not known."
        with _in_words():
            if not name:
                self._xe.ask("vm-param-set", f"uuid={uuid}", f"{field}={value or ''}", doubt=doubt)
                return
            before = self._read(uuid, field, name)
            if before == value:
                return
            if value is None:
                words = (f"uuid={uuid}", f"param-name={field}", f"param-key={name}")
                self._xe.ask("vm-param-remove", *words, doubt=doubt)
                return
            try:
                self._set(uuid, field, name, value, doubt)
            except Refused as failure:
                state = self._put_back(uuid, field, name, before)
                raise from_failure(failure.details, f"{key}: {state}") from failure

    def set_power(
        self, uuid: str, host: str, state: PowerState, progress: Callable[[float], None]
    ) -> None:
        """Start the VM on `host` and no other, or shut it down cleanly, and wait for the end.

        Another host of the pool may have its RAID controller at the address of this one's card,
        and XAPI does not look: hence `on=`. xe tells nothing before the end, so that `progress`
        hears of the beginning and of the end.

        Raises:
            Problem: `xapi-task-timeout` when it takes longer than the patience given;
                `xe-host-name`; the toolstack's failures.
        """
        if state is PowerState.RUNNING:
            command, words = "vm-start", [f"uuid={uuid}", f"on={host}"]
        elif state is PowerState.HALTED:
            command, words = "vm-shutdown", [f"uuid={uuid}"]
        else:
            raise bad_power_state(state)
        with _in_words():
            self._xe.value("vm", uuid, "uuid")  # one that is gone is refused as such
            if state is PowerState.RUNNING:
                self._only_host(host)
        progress(0.0)
        with _in_words(_UNCHANGED):
            doubt = "Whether the VM changed its power state is not known."
            try:
                self._xe.ask(command, *words, doubt=doubt, timeout=self._patience)
            except Problem as problem:
                if problem.code != "xapi-timeout":
                    raise
                raise task_timeout(self._patience) from problem
        progress(1.0)

    def reboot_host(self) -> None:
        """Disable this host, then reboot it.

        XAPI reboots only a disabled host, and disabling is where HA may say no. The call returns
        before the host goes down.

        Raises:
            Problem: `ha-veto` and the toolstack's failures, with the host as it was; or a lost
                answer, with `state` saying that the host may go down or stay disabled.
        """
        with _in_words():
            with reading():
                hosts = xe_records.hosts(self._xe)
                here = self._this_host(hosts)
            this = f"uuid={here}"
            try:
                self._xe.ask("host-disable", this, doubt=_REBOOTING)
            except Refused as failure:
                raise ha_veto(from_failure(failure.details)) from failure
            try:
                self._xe.ask("host-reboot", this, doubt=_REBOOTING)
            except Refused as failure:
                state = self._enable_again(this) if hosts[here]["enabled"] else NOTHING_CHANGED
                raise from_failure(failure.details, state) from failure

    def _this_host(self, hosts: Records) -> str:
        """The uuid of the host that the tool acts on, never a guess among several."""
        if self._host_uuid in hosts:
            return self._host_uuid
        if len(hosts) == 1:
            return next(iter(hosts))
        raise host_unknown(self._host_uuid)

    def _only_host(self, uuid: str) -> None:
        """Make sure that `on=` finds that host.

        It takes the first host whose uuid or whose name it is (cli_operations.ml,
        get_host_by_name_or_id): a host may be named like the uuid of another.
        """
        self._xe.value("host", uuid, "uuid")
        named = self._xe.ask("host-list", f"name-label={uuid}", "params=uuid", "--minimal")
        if {*column(named)} - {uuid}:
            raise Problem(
                Exit.REFUSED,
                "xe-host-name",
                f"A host of the pool has this host's uuid {printable(uuid, 40)} for its name, and "
                "xe might start the VM there.",
                remedy="Rename that host: xe host-list params=uuid,name-label; "
                "xe host-param-set uuid=UUID name-label=NAME",
            )

    def _pcis(self) -> Records:
        try:
            return xe_records.pcis(self._xe)
        except Refused as refused:
            if refused.details[0] == "MESSAGE_METHOD_UNKNOWN":
                return {}
            raise

    def _read(self, uuid: str, field: str, name: str) -> str | None:
        value = self._xe.value("vm", uuid, field, name)
        return None if not name and value in _NOWHERE else value

    def _set(self, uuid: str, field: str, name: str, value: str, doubt: str) -> None:
        self._xe.ask("vm-param-set", f"uuid={uuid}", f"{field}:{name}={value}", doubt=doubt)

    def _put_back(self, uuid: str, field: str, name: str, before: str | None) -> str:
        """Give a key its former value again; what the key holds now, in words."""
        if before is None:
            return "not set, as before."
        try:
            if self._read(uuid, field, name) != before:
                self._set(uuid, field, name, before, NOTHING_CHANGED)
        except (Refused, Problem):
            return f"removed; it was {printable(before)}"
        return "holds its former value again."

    def _enable_again(self, this: str) -> str:
        try:
            self._xe.ask("host-enable", this)
        except (Refused, Problem):
            return "The host did not reboot and is still disabled: xe host-enable."
        return "The host did not reboot; it is enabled again."


@contextlib.contextmanager
def _in_words(state: str = NOTHING_CHANGED) -> Iterator[None]:
    """What XAPI refuses becomes a Problem."""
    try:
        yield
    except Refused as failure:
        raise from_failure(failure.details, state) from failure
