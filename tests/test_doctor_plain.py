"""`doctor` as the operator and a script meet it: words, document, status, a mounted disk."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from serialpass_tui import cli, plain
from serialpass_tui.core.doctoring import MEANINGS
from serialpass_tui.errors import Exit
from serialpass_tui.sim import machines
from tests.doctor_cases import (
    BAD,
    BOTH,
    CARD,
    ILL,
    Prepare,
    all_of,
    arguments,
    boot_path,
    job_cut_off,
    keys,
    killed_at_work,
    list_lost,
    nothing,
    write,
)
from tests.test_plain import document, said, terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Stage

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("code", "meaning"), MEANINGS.items())
def test_the_readme_has_every_code(code: str, meaning: str) -> None:
    assert f"| `{code}` | {meaning} |" in README


def test_the_readme_says_which_ones_are_repaired() -> None:
    told = dict(re.findall(r"^\| `([a-z-]+)` \| [^|]+ \| (yes|by hand) \|", README, re.MULTILINE))
    repaired = {case.code for case in ILL if case.repaired}
    assert {code: "yes" if code in repaired else "by hand" for code in MEANINGS} == told


def test_the_readme_has_no_other_code() -> None:
    table = README.split("| code | what is wrong | repairs it |")[1].split("\n\n")[0]
    assert [*MEANINGS] == re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)


@pytest.mark.parametrize(
    ("prepare", "options", "status"),
    [
        (nothing, {}, Exit.DONE),
        (nothing, {"yes": True}, Exit.DONE),
        (nothing, {"dry_run": True}, Exit.DONE),
        (arguments(BAD), {}, Exit.USAGE),
        (arguments(BAD), {"json": True}, Exit.USAGE),
        (arguments(BAD), {"dry_run": True}, Exit.UNCONFIRMED),
        (arguments(BAD), {"yes": True}, Exit.DONE),
        (keys("0/0000:02:00.0", "0/0000:02:00.0"), {}, Exit.UNCONFIRMED),
        (keys("0/0000:02:00.0", "0/0000:02:00.0"), {"yes": True}, Exit.UNCONFIRMED),
        (
            all_of(arguments(BAD), keys("0/0000:02:00.0", "0/0000:02:00.0")),
            {"yes": True},
            Exit.UNCONFIRMED,
        ),
        (killed_at_work, {"yes": True}, Exit.DONE),
        (job_cut_off, {}, Exit.UNCONFIRMED),
    ],
)
def test_the_exit_status_tells_whether_something_is_wrong(
    open_stage: Callable[..., Stage], prepare: Prepare, options: dict[str, Any], status: Exit
) -> None:
    stage = open_stage()
    prepare(stage)
    first = stage.boot_bytes()
    assert status == plain.doctor(stage.service, terminal(**options))
    if not options.get("yes"):
        assert first == stage.boot_bytes()


def test_the_operator_is_asked_and_may_decline(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    arguments(BAD)(stage)
    first = stage.boot_bytes()
    assert Exit.UNCONFIRMED == plain.doctor(stage.service, terminal("n"))
    assert first == stage.boot_bytes()
    term = terminal("y")
    assert Exit.DONE == plain.doctor(stage.service, term)
    assert first != stage.boot_bytes()
    assert "reboot this host" in said(term)
    assert "serialpass-tui rollback 1" in said(term)


def test_document(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    arguments(BAD)(stage)
    term = terminal(json=True, yes=True)
    plain.doctor(stage.service, term)
    told = document(term)
    assert {
        "version", "ailments", "unseen", "plan", "changes", "findings", "applied", "job", "left",
    } == set(told)  # fmt: skip
    first = told["ailments"][0]
    assert {
        "code", "what", "why", "remedy", "repair", "reboot", "devices", "entries", "vms",
    } == set(first)  # fmt: skip
    assert "hide-list-kernel" == first["code"]
    assert first["repair"] is True
    assert [str(bdf) for bdf in CARD] == first["devices"]
    assert ["edit-file"] == [change["kind"] for change in told["changes"]]
    assert (True, "1") == (told["applied"], told["job"])
    assert ["pciback-missing", "job-open"] == told["left"]


def test_the_document_of_a_healthy_host(open_stage: Callable[..., Stage]) -> None:
    term = terminal(json=True)
    assert Exit.DONE == plain.doctor(open_stage().service, term)
    told = document(term)
    assert ([], None, False, []) == (
        told["ailments"], told["plan"], told["applied"], told["left"],
    )  # fmt: skip


def test_names_from_outside_drive_no_terminal(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage()
    uuid = next(vm.uuid for vm in stage.toolstack.pool().vms if "[bold red]fax" in vm.name)
    stage.toolstack.write_key(uuid, "other-config:pci", "0/0000:02:00.0,\u202e[red],0/02:00.1")
    path = boot_path(stage)
    data = stage.files.read(path).replace(
        b"root=LABEL", b"xen-pciback.hide=(02:00.0)\x1b[31m root=LABEL", 1
    )
    write(stage, path, data)
    keys("0/0000:02:00.0")(stage)
    term = terminal()
    plain.doctor(stage.service, term)
    assert {"vm-pci-unread", "vm-device-shared", "hide-list-kernel"} <= set(
        re.findall(r"^([a-z-]+): ", said(term), re.MULTILINE)
    )
    assert not set("\x1b\x07\u202e\u202c") & set(said(term))
    assert "[bold red]fax[/]" in said(term)
    assert "\\u202e[red]" in said(term)
    assert "\\x1b[31m" in said(term)


# --- a disk mounted somewhere


def mounted(stage: Stage, tmp_path: Path) -> Path:
    """The disk of a simulated host, its state with it, mounted at a directory."""
    root = tmp_path / "mnt"
    shutil.copytree(stage.world.root, root)
    state = root / "var/lib/serialpass-tui"
    shutil.copytree(stage.world.state_dir, state)
    state.chmod(0o700)
    kernel = stage.world.host.inventory().kernel
    (root / "lib/modules" / kernel).mkdir(parents=True)
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc/xensource-inventory").write_text("PRODUCT_BRAND='XCP-ng'\n")
    return root


def doctor(root: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, Any]:
    """The status and the document of `doctor --host-root`."""
    capsys.readouterr()
    status = cli.main(["doctor", "--json", "--host-root", str(root), *options])
    return status, json.loads(capsys.readouterr().out)


def test_a_mounted_disk_is_repaired_and_what_was_not_looked_at_is_told(
    open_stage: Callable[..., Stage], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = open_stage()
    path = boot_path(stage)
    arguments(BAD)(stage)
    root = mounted(stage, tmp_path)
    first = (root / path.lstrip("/")).read_bytes()

    status, told = doctor(root, capsys)
    assert Exit.USAGE == status
    assert ["hide-list-kernel"] == [one["code"] for one in told["ailments"]]
    assert "its devices and drivers" in told["unseen"][0]

    status, told = doctor(root, capsys, "--yes")
    assert Exit.DONE == status
    # Which card is at an address there nobody can tell: nothing is hidden anew.
    assert b"pciback.hide" not in (root / path.lstrip("/")).read_bytes()
    assert Exit.DONE == cli.main(["rollback", "--yes", "--host-root", str(root)])
    assert first == (root / path.lstrip("/")).read_bytes()


def test_a_copied_list_is_taken_from_the_ways_back_of_a_mounted_disk(
    open_stage: Callable[..., Stage], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = open_stage()
    arguments(BOTH, 0, 1, 2, 3, 4)(stage)
    root = mounted(stage, tmp_path)
    status, told = doctor(root, capsys, "--yes")
    assert (Exit.DONE, ["hide-copied"]) == (status, [one["code"] for one in told["ailments"]])
    after = (root / boot_path(stage).lstrip("/")).read_bytes()
    assert 2 == after.count(BOTH.encode())


def test_what_only_the_running_host_can_tell_is_not_judged_on_a_mounted_disk(
    open_stage: Callable[..., Stage], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = open_stage()
    list_lost(stage)
    keys("0/0000:7e:00.0")(stage)
    root = mounted(stage, tmp_path)
    status, told = doctor(root, capsys, "--yes")
    (first, second) = told["ailments"]
    assert ("hide-lost", False) == (first["code"], first["repair"])
    assert "serialpass-tui doctor" in first["remedy"]
    assert (Exit.UNCONFIRMED, False) == (status, told["applied"])
    assert second["devices"] == [str(CARD[1])]


@pytest.mark.parametrize("modules", [True, False], ids=["by /lib/modules", "by the entry"])
def test_a_mounted_disk_of_a_2_6_32_host_is_judged_by_its_kernel(
    open_stage: Callable[..., Stage],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    modules: bool,
) -> None:
    stage = open_stage("xenserver-6.2-blanks")
    root = mounted(stage, tmp_path)
    if not modules:
        shutil.rmtree(root / "lib")
    _, told = doctor(root, capsys)
    assert ["hide-list-blanks"] == [one["code"] for one in told["ailments"]]
    assert ["pciback.hide=(0000:05:00.0)"] == [
        word
        for line in told["plan"]["diff"]
        if line.startswith("+ ")
        for word in line.split()
        if "hide" in word
    ]


def test_a_recording_is_looked_at_and_not_repaired(capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(machines.__file__).parent / "machines"
    file = ["--machine", str(folder / "xenserver-6.2-blanks.json")]
    assert Exit.USAGE == cli.main(["doctor", *file])
    assert "hide-list-blanks: Entry xe" in capsys.readouterr().out
    assert Exit.USAGE == cli.main(["doctor", "--yes", *file])
    assert "recorded-host" in capsys.readouterr().err
