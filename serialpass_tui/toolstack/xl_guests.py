"""The guests of a plain Xen host: their files under /etc/xen, and what `xl list` says of them."""

from __future__ import annotations

import json
import uuid

from serialpass_tui.core import xl_config
from serialpass_tui.core.bdf import Bdf
from serialpass_tui.core.pool import Guest, PowerState
from serialpass_tui.errors import Problem
from serialpass_tui.lazy import frozen, pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from serialpass_tui.core.ports import Files

# tools/xl/xl_info.c list_domains(): "%-40s %5d %5lu %5d     %c%c%c%c%c%c  %8.1f", and with -v the
# uuid. The name may hold anything, blanks too, so that the row is read from its fixed right part.
_ROW = pattern(
    r"(?P<name>.*?) +(?P<domid>\d+) +\d+ +\d+ +[-r][-b](?P<paused>[-p])(?P<down>[-s])[-rscwS?][-d]"
    r" +[0-9.]+ +(?P<uuid>[0-9a-f]{8}-[0-9a-f-]{27})\b.*"
)
_LEFTOVER = pattern(r"^\.|~$|\.(bak|orig|rej|sav|save|old|xml|rpm\w+|dpkg-\w+)$|\.serialpass-")
_AUTO = "auto"
_ALL_FILES_IN = (_AUTO, "vm")
"""Folders where a guest's file need not end in .cfg: what xendomains starts, and openSUSE's."""


@frozen
class Domain:
    """A domain that Xen knows now; dom0 is left out."""

    domid: int
    name: str
    uuid: str
    power_state: PowerState
    """A domain that has shut down and is still there counts as running: it holds its devices."""


def domains(listing: str) -> tuple[Domain, ...]:
    """The rows of `xl list -v`; lines that are none are passed over."""
    rows = (_ROW.fullmatch(line.rstrip()) for line in listing.splitlines())
    return tuple(
        Domain(
            int(row["domid"]),
            row["name"],
            row["uuid"],
            PowerState.PAUSED if row["paused"] == "p" else PowerState.RUNNING,
        )
        for row in rows
        if row is not None and row["domid"] != "0"
    )


@frozen
class GuestFile:
    """One guest's file."""

    path: str
    config: xl_config.XlConfig
    refusal: str

    @property
    def name(self) -> str:
        """The guest's name; the file's where that cannot be read."""
        return self.config.name or self.path.rpartition("/")[2].removesuffix(".cfg")


def guest_files(files: Files, folder: Path, root: Path) -> tuple[GuestFile, ...]:
    """The guests' files in a folder such as /etc/xen, by path; what names no guest is left out.

    A file that cannot be read is kept with the reason: whoever misses a guest looks for why.
    """
    found = []
    for path in sorted(_paths(folder, root.resolve())):
        try:
            config = xl_config.read(files.read(path))
        except Problem as problem:
            found.append(GuestFile(path, xl_config.read(b""), problem.summary))
            continue
        refusal = f"xl does not read {path}: {config.error}." if config.error else ""
        if f"/{_AUTO}/" in path:
            refusal = refusal or (
                f"{path} lies itself where every file is started at boot; a backup beside it "
                "would be started too. Move it one folder up and leave a link in its place."
            )
        if config.name or refusal:
            found.append(GuestFile(path, config, refusal))
    return tuple(found)


def _paths(folder: Path, root: Path) -> set[str]:
    """What may be a guest's file, links followed: one in auto/ is the same guest."""
    places = [*folder.glob("*.cfg")]
    for name in _ALL_FILES_IN:
        places += (folder / name).glob("*")
    real = [p.resolve() for p in places if not _LEFTOVER.search(p.name) and p.is_file()]
    return {f"/{path.relative_to(root)}" for path in real if path.is_relative_to(root)}


def vms(
    guests: Sequence[GuestFile],
    running: Sequence[Domain],
    details: Mapping[int, Mapping[str, Any]],
    host: str,
) -> tuple[Guest, ...]:
    """The guests with their power states, and the domains whose file is elsewhere.

    The devices stand in the form that XAPI gives them, so that every rule holds for these guests
    too. `details` is needed for strangers only: what they hold is written nowhere else.
    """
    left = list(running)
    found = []
    taken: set[str] = set()
    for guest in guests:
        identity = guest.config.uuid
        if not identity or identity in taken:
            identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"file://{guest.path}"))
        taken.add(identity)
        domain = next((d for d in left if _is_of(d, guest)), None)
        if domain is not None:
            left.remove(domain)
        found.append(
            Guest(
                identity,
                guest.name,
                domain.power_state if domain else PowerState.HALTED,
                guest.config.domain_type,
                domain.domid if domain else -1,
                host if domain else "",
                other_config=_pci(guest.config.devices),
                config=guest.path,
                config_refusal=guest.refusal,
            )
        )
    for domain in left:
        config = details.get(domain.domid, {})
        found.append(
            Guest(
                domain.uuid,
                domain.name,
                domain.power_state,
                str(_map(config, "c_info").get("type", "hvm")),
                domain.domid,
                host,
                other_config=_pci(_held(config)),
                config_refusal="It was started from a file that is not under /etc/xen.",
            )
        )
    return tuple(found)


def _is_of(domain: Domain, guest: GuestFile) -> bool:
    """Whether a domain was started from a file: names are unique while guests run."""
    return domain.name == guest.name or (
        bool(guest.config.uuid) and domain.uuid == guest.config.uuid
    )


def _pci(devices: Iterable[Bdf]) -> tuple[tuple[str, str], ...]:
    value = ",".join(f"0/{bdf}" for bdf in devices)
    return (("pci", value),) if value else ()


def details_of(listing: str) -> dict[int, Mapping[str, Any]]:
    """The configurations in the JSON of `xl list -l`, by domid; nothing where it is none.

    The listing of Xen 4.1 and older is an S-expression; it only adds what strangers hold.
    """
    try:
        entries = json.loads(listing)
    except ValueError:
        return {}
    found: dict[int, Mapping[str, Any]] = {}
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("domid"), int):
            found[entry["domid"]] = _map(entry, "config")
    return found


def _held(config: Mapping[str, Any]) -> Iterator[Bdf]:
    """The devices of a running domain; libxl leaves out fields that are zero."""
    entries = config.get("pcidevs")
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict):
            continue
        numbers = [entry.get(key, 0) for key in ("domain", "bus", "dev", "func")]
        if all(isinstance(number, int) for number in numbers):
            yield Bdf(*numbers)


def _map(of: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = of.get(key)
    return value if isinstance(value, dict) else {}
