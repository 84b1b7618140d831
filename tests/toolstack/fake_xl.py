"""A fake `xl`: it lists, creates and shuts down domains that live in a JSON file beside it.

What it prints has the form of the real one: rows as tools/xl/xl_info.c list_domains() formats
them, JSON as list_domains_details() nests it, complaints as libxl and libxlu word them
(xen-project/xen, 4.17).
"""

import json
import re
import sys
from pathlib import Path
from typing import Any, NoReturn

STATE = Path(__file__).with_name("state.json")
HEAD = "Name                                        ID   Mem VCPUs\tState\tTime(s)"
VERBOSE = "   UUID                            Reason-Code\tSecurity Label"


def main(words: list[str]) -> None:
    state = json.loads(STATE.read_text())
    state["calls"].append(words)
    STATE.write_text(json.dumps(state))
    for command, complaint in state["faults"].items():
        if words[: len(command.split())] == command.split():
            fail(complaint)
    match words:
        case ["list", "-v"]:
            list_verbose(state)
        case ["list", "-l"]:
            entries = [{"domid": d["domid"], "config": d["config"]} for d in state["domains"]]
            say(json.dumps(entries))
        case ["create", "-f", path]:
            create(state, Path(state["root"] + path))
        case ["shutdown", "-F", domid]:
            shut_down(state, domid)
        case _:
            fail("unknown command", 2)
    STATE.write_text(json.dumps(state))


def list_verbose(state: dict[str, Any]) -> None:
    say(HEAD + VERBOSE)
    for domain in state["domains"]:
        row = f"{domain['name']:<40} {domain['domid']:>5} {512:>5} {1:>5}     {domain['state']}"
        row += f"  {12.3:>8.1f}"
        say(f"{row} {domain['uuid']} {'-':>8} {'-':>16}")
    for domain in list(state["domains"]):
        if domain["state"] == "---s--":
            domain["looks"] -= 1
            if domain["looks"] <= 0:
                state["domains"].remove(domain)


def create(state: dict[str, Any], path: Path) -> None:
    text = path.read_text()
    name = re.search(r"^name *= *['\"](.*)['\"]", text, re.MULTILINE)
    if name is None:
        fail("Domain name must be specified.")
    say(f"Parsing config from {path}")
    if name[1] in [domain["name"] for domain in state["domains"]]:
        fail(
            f'libxl: error: libxl_create.c:119:libxl__domain_rename: Domain with name "{name[1]}" '
            "already exists."
        )
    listed = re.search(r"^pci *= *\[(.*?)\]", text, re.MULTILINE | re.DOTALL)
    given_devices = re.findall(r"['\"]([^'\"]*)['\"]", listed[1]) if listed else []
    for bdf in given_devices:
        if bdf not in state["assignable"]:
            bus, slot, function = (int(part, 16) for part in re.split("[:.]", bdf)[-3:])
            fail(
                "libxl: error: libxl_pci.c:1677:libxl__device_pci_add: Domain 9:PCI device "
                f"0:{bus:x}:{slot:x}.{function:x} is not assignable\n"
                "libxl: error: libxl_create.c:1985:domcreate_attach_devices: Domain 9:unable to "
                "add pci devices"
            )
    given = re.search(r"^uuid *= *['\"](.*)['\"]", text, re.MULTILINE)
    number = len(state["calls"])
    state["domains"].append(
        {
            "domid": number,
            "name": name[1],
            "uuid": given[1] if given else f"00000000-0000-4000-8000-{number:012x}",
            "state": "-b----",
            "config": {},
            "backend": given_devices,
        }
    )


def shut_down(state: dict[str, Any], domid: str) -> None:
    for domain in state["domains"]:
        if str(domain["domid"]) == domid:
            sys.stderr.write(f"Shutting down domain {domid}\n")
            domain.update(state="---s--", looks=state["looks"])
            return
    fail(f"{domid} is an invalid domain identifier (rc=-6)")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def fail(complaint: str, status: int = 1) -> NoReturn:
    sys.stderr.write(f"{complaint}\n")
    raise SystemExit(status)


if __name__ == "__main__":
    main(sys.argv[1:])
