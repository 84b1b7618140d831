"""A fake `xe`: it answers a command line out of a XAPI's records, asked over its socket.

What it prints has the form of the real one: fields and their marks as xapi-project/xen-api
ocaml/xapi-cli-server/records.ml and cli_operations.ml have them, the layout as cli_printer.ml,
arguments taken apart as ocaml/xe-cli/newcli.ml and cli_frontend.ml do it, complaints as
cli_util.ml words them. A field that the XAPI does not have is none of this xe's; where it has no
domain types, complaints say "host" where later ones say "server".

    python -m tests.toolstack.fake_xe SOCKET COMMAND...
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import re
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import XenAPI

from serialpass_tui.toolstack.wire import session_on
from tests.toolstack.fake_xe_facts import ERRORS, FIELDS, NID, Words, mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Record = dict[str, Any]
Params = list[tuple[str, str]]
NULL = "OpaqueRef:NULL"
ROOT = Path(__file__).parent.parent.parent
CLASSES = {
    "vm": "VM", "host": "host", "pool": "pool", "pif": "PIF", "sr": "SR", "pbd": "PBD", "pci": "PCI"
}  # fmt: skip
STANDARD = {"params", "server", "password", "port", "username", "minimal", "force", "multiple"}
STANDARD |= {"all", "message-priority"}


@dataclass
class Done:
    status: int
    stdout: str = ""
    stderr: str = ""


class Failed(Exception):
    """A failure with XAPI's code and parameters."""

    def __init__(self, *details: str) -> None:
        super().__init__(*details)
        self.details = details


class UnknownCommand(Exception):
    """No command of this xe."""


def failwith(message: str) -> Failed:
    return Failed("INTERNAL_ERROR", f"Failure: {message}")


class Xapi:
    """One session, and every record in it."""

    def __init__(self, socket: str) -> None:
        self._session = session_on(socket, 30.0)
        self.call("login_with_password", "root", "", "1.0", "cli")
        self._classes: dict[str, dict[str, Record]] = {}
        self._all: dict[str, Record] = {}

    def call(self, method: str, *params: object) -> Any:
        try:
            return self._session.xenapi_request(method, params)
        except XenAPI.Failure as failure:
            raise Failed(*map(str, failure.details)) from failure

    def records(self, kind: str) -> dict[str, Record]:
        if kind not in self._classes:
            self._classes[kind] = self.call(f"{kind}.get_all_records")
        return self._classes[kind]

    def find(self, ref: str) -> Record | None:
        if ref == NULL or not ref.startswith("OpaqueRef:"):
            return None
        if not self._all:
            for kind in FIELDS:
                self._all.update(self.records(kind))
        return self._all.get(ref)

    def uuid(self, ref: str) -> str:
        record = self.find(ref)
        return NID if record is None else str(record["uuid"])

    def shown(self, ref: str) -> str:
        """A parameter of a failure: a reference becomes `uuid (name-label)`."""
        record = self.find(ref)
        if record is None:
            return ref
        name = record.get("name_label")
        return str(record["uuid"]) + ("" if name is None else f" ({name})")


@dataclass
class FakeXe:
    """Runs `xe` against the XAPI on a socket."""

    socket: str
    unknown: frozenset[str] = frozenset()
    """Classes that this xe has no commands for."""
    calls: list[list[str]] = field(default_factory=list)
    before: Callable[[list[str]], None] = lambda words: None
    """Called before each command, with its words."""

    def run(self, argv: Sequence[str], *, timeout: float) -> Done:
        self.calls.append(list(argv))
        program, command, *words = argv
        assert program == "xe"
        self.before([command, *words])
        if words[:1] == ["-s"]:
            assert words[1] == "127.0.0.1"
            words = words[2:]
        # The client sends its words as lines, and the server takes each line for a word.
        params = params_of([line.removesuffix("\r") for line in "\n".join(words).split("\n")])
        try:
            xapi = Xapi(self.socket)
        except OSError as error:
            return Done(1, "", f"Error: {error.strerror} (calling connect )\n")
        try:
            return Done(0, self._do(xapi, command, params))
        except (OSError, http.client.HTTPException):
            return Done(1, "", "Lost connection to the server.\n")
        except Failed as failed:
            typed = any("domain_type" in vm for vm in xapi.records("VM").values())
            shown = [xapi.shown(param) for param in failed.details[1:]]
            return Done(1, "", complaint(failed.details[0], shown, old=not typed))
        except UnknownCommand:
            return Done(1, "", f"Unknown command: {command}\nFor usage run: 'xe help'\n")
        finally:
            with contextlib.suppress(Failed, OSError, http.client.HTTPException):
                xapi.call("logout")

    def _do(self, xapi: Xapi, command: str, params: Params) -> str:
        given = dict(params)
        kind, _, verb = command.partition("-")
        if kind not in CLASSES or kind in self.unknown:
            raise UnknownCommand(command)
        if verb == "list":
            return self._list(xapi, CLASSES[kind], params)
        if verb.startswith("param-"):
            name = CLASSES[kind]
            return self._param(xapi, name, verb.removeprefix("param-"), given, params)
        match command:
            case "vm-start":
                vm, host = self._selected(xapi, "VM", params, {"on"}), given.get("on")
                if host is None:
                    self._task(xapi, "Async.VM.start", vm, False, False)
                else:
                    on = [ref for ref, held in xapi.records("host").items()
                          if host in {held["uuid"], held["name_label"]}]  # fmt: skip
                    if not on:
                        raise failwith(f"Host {host} not found")
                    self._task(xapi, "Async.VM.start_on", vm, on[0], False, False)
            case "vm-shutdown":
                self._task(xapi, "Async.VM.clean_shutdown", self._selected(xapi, "VM", params))
            case "host-disable" | "host-enable" | "host-reboot":
                xapi.call(command.replace("-", "."), self._selected(xapi, "host", params))
            case _:
                raise UnknownCommand(command)
        return ""

    def _selected(
        self,
        xapi: Xapi,
        kind: str,
        params: Params,
        own: set[str] = frozenset(),  # type: ignore[assignment]
    ) -> str:
        found = self._filtered(xapi, kind, [p for p in params if p[0] not in own])
        if len(found) != 1:
            raise failwith("No matching VMs found" if not found else "Multiple matches")
        return next(iter(found))

    def _task(self, xapi: Xapi, method: str, *params: object) -> None:
        task = xapi.call(method, *params)
        while (record := xapi.call("task.get_record", task))["status"] == "pending":
            pass
        xapi.call("task.destroy", task)
        if record["status"] != "success":
            raise Failed(*(record["error_info"] or ["TASK_CANCELLED", task]))

    def _fields(self, xapi: Xapi, kind: str) -> list[tuple[str, str, str, Words]]:
        first = next(iter(xapi.records(kind).values()), {})
        return [each for each in FIELDS[kind] if each[2] in first]

    def _filtered(self, xapi: Xapi, kind: str, params: Params) -> dict[str, Record]:
        fields = {name: (wire, words) for name, _, wire, words in self._fields(xapi, kind)}
        found = xapi.records(kind)
        for key, wanted in params:
            name, _, inner = key.partition(":")
            if key in STANDARD or not found:
                continue
            if name not in fields or (inner and fields[name][1] is not mapping):
                raise failwith(f"Unknown field '{key}'")
            wire, words = fields[name]
            found = {
                ref: record
                for ref, record in found.items()
                if (record[wire].get(inner) if inner else words(xapi.uuid, record[wire])) == wanted
            }
        return found

    def _list(self, xapi: Xapi, kind: str, params: Params) -> str:
        given = dict(params)
        default = [("is-a-template", "false")] if kind == "VM" else []
        found = self._filtered(xapi, kind, default + params)
        wanted = given["params"].split(",")
        fields = [each for each in self._fields(xapi, kind) if each[0] in wanted]
        table = [
            [
                (f"{name} {mark}", words(xapi.uuid, record[wire]))
                for name, mark, wire, words in fields
            ]
            for record in found.values()
        ]
        if given.get("minimal") == "true":
            first = [row[0][1] for row in table if row]
            return ",".join(re.sub(r"([,\\])", r"\\\1", value) for value in first) + "\n"
        return "".join(block(row) + "\n\n" for row in table)

    def _param(
        self, xapi: Xapi, kind: str, verb: str, given: dict[str, str], params: Params
    ) -> str:
        ref = xapi.call(f"{kind}.get_by_uuid", given["uuid"])
        record = xapi.records(kind)[ref]
        fields = {name: (wire, words) for name, _, wire, words in self._fields(xapi, kind)}
        if verb == "set":
            for key, value in params:
                if key != "uuid" and key not in STANDARD:
                    self._set(xapi, ref, record, key, value)
            return ""
        if given["param-name"] not in fields:
            raise Failed("Missing parameter", given["param-name"])
        wire, words = fields[given["param-name"]]
        inner = given.get("param-key")
        if verb == "get":
            if inner is None or words is not mapping:
                return words(xapi.uuid, record[wire]) + "\n"
            if inner not in record[wire]:
                raise failwith(f"Key {inner} not found in map")
            return f"{record[wire][inner]}\n"
        if verb == "remove":
            if inner not in record[wire]:
                raise failwith(f"Key {inner} is not in map")
            xapi.call(f"{kind}.remove_from_{wire}", ref, inner)
            return ""
        raise UnknownCommand(verb)

    def _set(self, xapi: Xapi, ref: str, held: Record, key: str, value: str) -> None:
        name, _, inner = key.partition(":")
        if name == "affinity":
            host = xapi.call("host.get_by_uuid", value) if value else NULL
            xapi.call("VM.set_affinity", ref, host)
        elif inner and name in {"other-config", "blocked-operations"}:
            wire = name.replace("-", "_")
            if inner in held[wire]:
                xapi.call(f"VM.remove_from_{wire}", ref, inner)
            xapi.call(f"VM.add_to_{wire}", ref, inner, value)
        else:
            raise failwith(f"Unknown field '{key}'")


def params_of(words: list[str]) -> Params:
    found: Params = []
    while words:
        word = words.pop(0)
        if word.startswith("--"):
            found.append((word[2:], "true"))
        elif word.startswith("-"):
            found.append((word[1:], words.pop(0)))
        else:
            name, _, value = word.partition("=")
            found.append((name, value))
    return found


def complaint(code: str, params: list[str], *, old: bool) -> str:
    """What is printed of a failure: its description, or its code where it has none."""
    if code not in ERRORS:
        return f"Error code: {code}\nError parameters: {', '.join(params)}\n"
    description, names = ERRORS[code]
    if old:
        for part in ("specified server", "servers available", "server memory"):
            description = description.replace(part, part.replace("server", "host"))
    lines = [description]
    for name, value in itertools.zip_longest(names, params):
        lines.append(f"{name or '<extra>'}: {'<unknown>' if value is None else value}")
    return "\n".join(lines) + "\n"


def block(row: list[tuple[str, str]]) -> str:
    """A record on lines of its own: the first name at the left, the others at the right."""
    width = 4 + max((len(name) for name, _ in row), default=0)
    names = [
        name.ljust(width) if number == 0 else name.rjust(width)
        for number, (name, _) in enumerate(row)
    ]
    return "\n".join(f"{name}: {value}" for name, (_, value) in zip(names, row, strict=True)) + "\n"


def main(socket: str, *words: str) -> int:
    done = FakeXe(socket).run(["xe", *words], timeout=30.0)
    sys.stdout.buffer.write(done.stdout.encode())
    sys.stderr.buffer.write(done.stderr.encode())
    return done.status


def install(folder: Path, socket: str) -> None:
    """Put an `xe` into a folder that is a program of its own."""
    words = shlex.join([sys.executable, "-m", "tests.toolstack.fake_xe", socket])
    place = folder / "xe"
    place.write_text(f'#!/bin/sh\ncd {shlex.quote(str(ROOT))} && exec {words} "$@"\n')
    place.chmod(0o755)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
