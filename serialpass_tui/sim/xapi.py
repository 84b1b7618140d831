"""The XAPI of a simulated host: methods, states and refusals as the real one has them."""

from __future__ import annotations

import inspect
import time
import uuid
import xmlrpc.client
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from serialpass_tui.core.pool import Pool, PowerState
from serialpass_tui.errors import Problem
from serialpass_tui.lazy import replace
from serialpass_tui.sim.passthrough import pci_of, refusal
from serialpass_tui.sim.records import NULL, database, ref
from serialpass_tui.sim.tasks import Refused, Task

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from serialpass_tui.core.pool import Vm
    from serialpass_tui.sim.host import SimHost
    from serialpass_tui.sim.records import Record

_MAPS = ("other_config", "blocked_operations")


class SimXapi:
    """Answers calls; what it knows lies in the host's state."""

    def __init__(self, host: SimHost, stopped: threading.Event, pace: float = 0.0) -> None:
        """Begin without sessions.

        Args:
            host: The host that it manages.
            stopped: Set when the server ends; waiting calls return then.
            pace: Seconds that each step of a task takes.
        """
        self._host = host
        self._stopped = stopped
        self._pace = pace
        self.sessions: set[str] = set()
        self.tasks: dict[str, Task] = {}
        self.actions: dict[str, Callable[..., object]] = {
            "session.get_this_host": self._get_this_host,
            "VM.start": self._start,
            "VM.start_on": self._start_on,
            "VM.clean_shutdown": self._clean_shutdown,
            "VM.hard_shutdown": self._hard_shutdown,
            "VM.set_affinity": self._set_affinity,
            "host.disable": self._disable,
            "host.enable": self._enable,
            "host.reboot": self._reboot,
            "event.from": self._event_from,
            "task.get_record": self._task_record,
            "task.get_all_records": self._task_records,
            "task.destroy": self._task_destroy,
            "task.cancel": self._task_cancel,
        }
        for name in _MAPS:
            self.actions[f"VM.add_to_{name}"] = self._adder(name)
            self.actions[f"VM.remove_from_{name}"] = self._remover(name)
            self.actions[f"VM.set_{name}"] = self._setter(name)

    def call(self, method: str, params: tuple[Any, ...]) -> dict[str, Any]:
        """The answer to one call.

        Raises:
            Problem: `sim-host-lost`; nobody is there to answer.
        """
        self._host.boot_id()
        try:
            return {"Status": "Success", "Value": self._value(method, params)}
        except Refused as refused:
            return {"Status": "Failure", "ErrorDescription": refused.details}

    # --- dispatch ---------------------------------------------------------------------------

    def _value(self, method: str, params: tuple[Any, ...]) -> object:
        if method == "session.login_with_password":
            return self._login(params)
        session = str(params[0]) if params else ""
        if session not in self.sessions:
            raise Refused("SESSION_INVALID", session)
        arguments = params[1:]
        if method == "session.logout":
            self.sessions.discard(session)
            return ""
        if method.startswith("Async."):
            return self._async(method, arguments)
        action = self.actions.get(method) or self._reader(method)
        _check_count(method, action, arguments)
        if method == "event.from":
            return action(*arguments)
        with self._host.store.lock:
            value = action(*arguments)
        return "" if value is None else value

    def _login(self, params: tuple[Any, ...]) -> str:
        if not 2 <= len(params) <= 4:
            raise _count("session.login_with_password", 4, len(params))
        session = f"OpaqueRef:{uuid.uuid4()}"
        self.sessions.add(session)
        return session

    def _async(self, method: str, arguments: tuple[Any, ...]) -> str:
        action = self.actions.get(method.removeprefix("Async."))
        if action is None or not method.startswith("Async.VM."):
            raise Refused("MESSAGE_METHOD_UNKNOWN", method)
        _check_count(method, action, arguments)

        def act() -> None:
            with self._host.store.lock:
                action(*arguments)

        task = Task(method, act)
        self.tasks[task.ref] = task
        return task.ref

    def _reader(self, method: str) -> Callable[..., object]:
        """What answers `CLASS.get_...`, for every class and field that there is."""
        kind, _, verb = method.partition(".")
        records = self._records(kind, method)
        if verb == "get_all":
            return lambda: list(records)
        if verb == "get_all_records":
            return lambda: records
        if verb == "get_record":
            return lambda reference: _known(kind, records, reference)
        if verb == "get_by_uuid":
            return lambda name: _by_uuid(kind, records, name)
        if verb == "get_by_name_label":
            return lambda name: [
                reference for reference, record in records.items() if record["name_label"] == name
            ]
        field = verb.removeprefix("get_")
        if not verb.startswith("get_") or not all(field in each for each in records.values()):
            raise Refused("MESSAGE_METHOD_UNKNOWN", method)
        return lambda reference: _known(kind, records, reference)[field]

    def _records(self, kind: str, method: str) -> dict[str, Record]:
        found = database(self._pool, self._host.inventory())
        if kind not in found:
            raise Refused("MESSAGE_METHOD_UNKNOWN", method)
        return found[kind]

    @property
    def _pool(self) -> Pool:
        return self._host.store.state.pool or Pool(this_host="", master="", hosts=())

    # --- VMs --------------------------------------------------------------------------------

    def _vm(self, reference: object, operation: str = "") -> Vm:
        """The VM of a reference, allowed to undergo `operation`."""
        record = _known("VM", self._records("VM", ""), reference)
        if operation and (record["is_a_template"] or record["is_default_template"]):
            raise Refused("VM_IS_TEMPLATE", str(reference), operation.removesuffix("_on"))
        blocked = record["blocked_operations"]
        if operation in blocked:
            raise Refused("OPERATION_BLOCKED", str(reference), blocked[operation])
        vm = self._pool.vm(record["uuid"])
        if vm is None:
            raise Refused("OPERATION_NOT_ALLOWED", "This is no VM of a user.")
        return vm

    def _change_vm(self, vm: Vm, **fields: Any) -> None:
        changed = replace(vm, **fields)
        vms = tuple(changed if each.uuid == vm.uuid else each for each in self._pool.vms)
        self._host.store.change(pool=replace(self._pool, vms=vms))

    def _adder(self, name: str) -> Callable[..., object]:
        def add(vm: object, key: object, value: object) -> None:
            found = self._vm(vm)
            pairs = dict(getattr(found, name))
            if key in pairs:
                raise Refused("MAP_DUPLICATE_KEY", "VM", name, str(vm), str(key))
            self._change_vm(found, **{name: _pairs({**pairs, str(key): str(value)})})

        return add

    def _remover(self, name: str) -> Callable[..., object]:
        def remove(vm: object, key: object) -> None:
            found = self._vm(vm)
            pairs = {k: v for k, v in getattr(found, name) if k != key}
            self._change_vm(found, **{name: _pairs(pairs)})

        return remove

    def _setter(self, name: str) -> Callable[..., object]:
        def assign(vm: object, value: dict[str, str]) -> None:
            self._change_vm(self._vm(vm), **{name: _pairs(value)})

        return assign

    def _set_affinity(self, vm: object, host: object) -> None:
        name = "" if host == NULL else _known("host", self._records("host", ""), host)["uuid"]
        self._change_vm(self._vm(vm), affinity=name)

    def _start(self, vm: object, paused: object, force: object) -> None:
        del paused, force
        found = self._vm(vm, "start")
        _demand(found, vm, PowerState.HALTED)
        able = [host.uuid for host in self._pool.hosts if host.enabled]
        for choice in (found.affinity, self._pool.this_host, *able):
            if choice in able:
                self._run(found, choice)
                return
        raise Refused("NO_HOSTS_AVAILABLE")

    def _start_on(self, vm: object, host: object, paused: object, force: object) -> None:
        del paused, force
        found = self._vm(vm, "start_on")
        _demand(found, vm, PowerState.HALTED)
        target = _known("host", self._records("host", ""), host)
        if not target["enabled"]:
            raise Refused("HOST_DISABLED", str(host))
        self._run(found, target["uuid"])

    def _run(self, vm: Vm, host: str) -> None:
        """Start a halted VM; on this host it gets its devices, elsewhere nobody looks."""
        state = self._host.store.state
        functions = pci_of(vm) if host == self._pool.this_host else ()
        backend = state.backend or {}
        why = refusal(
            functions,
            self._host.hardware(),
            registered=state.registered,
            assigned={bdf for given in backend.values() for bdf in given},
            fault=self._host.faults.start_fails,
        )
        if why:
            raise Refused("INTERNAL_ERROR", why)
        self._host.take(functions)
        domid = state.next_domid
        self._host.store.change(
            next_domid=domid + 1,
            backend={**backend, str(domid): functions} if functions else backend,
        )
        self._change_vm(vm, power_state=PowerState.RUNNING, domid=domid, resident_on=host)

    def _clean_shutdown(self, vm: object) -> None:
        found = self._vm(vm, "clean_shutdown")
        _demand(found, vm, PowerState.RUNNING)
        if self._host.faults.no_guest_tools:
            raise Refused("VM_LACKS_FEATURE", str(vm))
        self._halt(found)

    def _hard_shutdown(self, vm: object) -> None:
        found = self._vm(vm, "hard_shutdown")
        _demand(found, vm, PowerState.RUNNING)
        self._halt(found)

    def _halt(self, vm: Vm) -> None:
        """End a VM; its devices stay with pciback, as xenopsd leaves them."""
        backend = dict(self._host.store.state.backend or {})
        backend.pop(str(vm.domid), None)
        self._host.store.change(backend=backend)
        self._change_vm(vm, power_state=PowerState.HALTED, domid=-1, resident_on="")

    # --- hosts ------------------------------------------------------------------------------

    def _get_this_host(self, session: object) -> str:
        del session
        return ref("host", self._pool.this_host)

    def _disable(self, host: object) -> None:
        if self._host.faults.ha_vetoes:
            raise Refused("HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN")
        self._enabled(host, enabled=False)

    def _enable(self, host: object) -> None:
        self._enabled(host, enabled=True)

    def _enabled(self, host: object, *, enabled: bool) -> None:
        name = _known("host", self._records("host", ""), host)["uuid"]
        hosts = tuple(
            replace(each, enabled=enabled) if each.uuid == name else each
            for each in self._pool.hosts
        )
        self._host.store.change(pool=replace(self._pool, hosts=hosts))

    def _reboot(self, host: object) -> None:
        """Answer, then go down: whoever asked hears of success even where nothing comes back."""
        record = _known("host", self._records("host", ""), host)
        if record["enabled"]:
            raise Refused("HOST_NOT_DISABLED")
        if self._host.faults.reboot_fails:
            raise Refused("HA_HOST_CANNOT_ACCESS_STATEFILE")
        if record["uuid"] == self._pool.this_host:
            with suppress(Problem):
                self._host.reboot()
            self.sessions.clear()
            self.tasks.clear()

    # --- tasks and events -------------------------------------------------------------------

    def _task(self, reference: object) -> Task:
        task = self.tasks.get(str(reference))
        if task is None:
            raise Refused("HANDLE_INVALID", "task", str(reference))
        return task

    def _task_record(self, reference: object) -> Record:
        task = self._task(reference)
        record = task.record(self._when())
        if not task.watched:
            task.step()
        return record

    def _task_records(self) -> dict[str, Record]:
        return {name: task.record(self._when()) for name, task in self.tasks.items()}

    def _task_destroy(self, reference: object) -> None:
        del self.tasks[self._task(reference).ref]

    def _task_cancel(self, reference: object) -> None:
        self._task(reference).cancel()

    def _event_from(self, classes: list[str], token: str, timeout: float) -> Record:
        """The events of the tasks named, waiting for news as long as a step takes."""
        names = [each.removeprefix("task/") for each in classes if each.startswith("task/")]
        tasks = [self._task(name) for name in names]
        for task in tasks:
            task.watched = True
        if token:
            self._stopped.wait(min(self._pace, float(timeout)))
            for task in tasks:
                task.step()
        number = sum(task.steps for task in self.tasks.values())
        return {
            "events": [
                {
                    "id": str(number),
                    "timestamp": self._when(),
                    "class": "task",
                    "operation": "mod",
                    "ref": task.ref,
                    "snapshot": task.record(self._when()),
                }
                for task in tasks
            ],
            "valid_ref_counts": {"task": str(len(self.tasks))},
            "token": f"{number:020d},{number:020d}",
        }

    def _when(self) -> xmlrpc.client.DateTime:
        moment = time.gmtime(self._host.clock.now())
        return xmlrpc.client.DateTime(time.strftime("%Y%m%dT%H:%M:%SZ", moment))


def _count(method: str, expected: int, received: int) -> Refused:
    return Refused("MESSAGE_PARAMETER_COUNT_MISMATCH", method, str(expected), str(received))


def _check_count(method: str, action: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    expected = len(inspect.signature(action).parameters)
    if expected != len(arguments):
        raise _count(method, expected, len(arguments))


def _known(kind: str, records: dict[str, Record], reference: object) -> Record:
    record = records.get(str(reference))
    if record is None:
        raise Refused("HANDLE_INVALID", kind, str(reference))
    return record


def _by_uuid(kind: str, records: dict[str, Record], name: object) -> str:
    for reference, record in records.items():
        if record["uuid"] == name:
            return reference
    raise Refused("UUID_INVALID", kind, str(name))


def _demand(vm: Vm, reference: object, state: PowerState) -> None:
    if vm.power_state is not state:
        expected, actual = state.value.lower(), vm.power_state.value.lower()
        raise Refused("VM_BAD_POWER_STATE", str(reference), expected, actual)


def _pairs(mapping: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(mapping.items()))
