"""The one file for dom0, where dom0 is poor. `.ci/prove` builds it and runs these."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from serialpass_tui import __version__
from tests.installs import FOLDERS, LINK
from tests.onefile.places import PATIENCE, PLACES, ROOT, Place, Started, built

pytestmark = pytest.mark.onefile

ARCHES = ("x86_64", "i686")
DEMO = "Which card shall go to a VM?"
STORY = ROOT / "serialpass_tui" / "sim" / "answers" / "bind-and-start.json"
POOREST = Place("all at once", old=True, memory=256 << 20, readonly=True)


@pytest.fixture(scope="module", params=ARCHES)
def file(request: pytest.FixtureRequest) -> Path:
    return built(request.param)


@pytest.fixture(params=PLACES, ids=lambda place: place.name)
def started(request: pytest.FixtureRequest, file: Path, tmp_path: Path) -> Started:
    place: Place = request.param
    return Started(place, file, tmp_path)


def test_version_tells_commit_and_parts(started: Started) -> None:
    done = started.run("--version")
    assert (0, "") == (done.returncode, done.stderr)
    first, commit, *parts = done.stdout.splitlines()
    assert f"serialpass-tui {__version__}" == first
    assert re.fullmatch(r"commit [0-9a-f]{40}( with changes)?", commit)
    named = {part.split()[0] for part in parts}
    assert {"CPython", "OpenSSL", "ncurses", "musl", "zlib", "psutil", "textual", "XenAPI"} <= named


def test_scan(started: Started) -> None:
    done = started.run("scan", "--json")
    assert (0, "") == (done.returncode, done.stderr)
    assert 1 == json.loads(done.stdout)["version"]


def test_doctor(started: Started) -> None:
    done = started.run("doctor", "--json")
    assert done.returncode in {0, 6}, done.stderr  # 6: something is wrong with this machine
    assert 1 == json.loads(done.stdout)["version"]


@pytest.mark.parametrize("terminal", ["linux", "vt100"])
def test_first_screen(started: Started, terminal: str) -> None:
    started.environ["TERM"] = terminal
    shown = started.screen("--demo", until=DEMO)
    assert DEMO in shown
    assert "0000:02:00.0-1" in shown


def test_the_whole_story(file: Path, tmp_path: Path) -> None:
    """From the choice of a card to the VM that runs with it, where everything is missing."""
    shutil.copy(STORY, tmp_path)
    told = ("--demo", json.loads(STORY.read_bytes())["machine"], "--answers", f"/{STORY.name}")
    started = Started(POOREST, file, tmp_path)
    shown = started.screen(*told, patience=4 * PATIENCE)
    assert 0 == started.status, shown


def test_the_same_devices_as_the_installed_tool(file: Path, tmp_path: Path) -> None:
    here = Started(PLACES[0], file, tmp_path).run("scan", "--json")
    installed = subprocess.run(
        [sys.executable, "-m", "serialpass_tui", "scan", "--json"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert json.loads(installed.stdout) == json.loads(here.stdout)


def test_a_description_that_the_host_has_is_found(file: Path, tmp_path: Path) -> None:
    """The table of profiles does not know a VT52, terminfo does: it is no VT100's kin."""
    started = Started(PLACES[0], file, tmp_path, {"LANG": "C", "TERM": "vt52"})
    shown = started.screen("--demo", until="driven otherwise")
    assert "TERM is 'vt52', which is driven otherwise than a VT100." in " ".join(shown.split())


PARTS = """\
import curses, pathlib, psutil, socket, ssl, sys, threading, XenAPI, xmlrpc.client

for name in sys.argv[2:]:
    curses.setupterm(name, 1)
    assert curses.tigetstr("cup"), name
assert psutil.boot_time() > 0 and psutil.net_if_addrs() and psutil.pids()
assert XenAPI.xapi_local() is not None

def serve(end):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1])
    with context.wrap_socket(end, server_side=True) as tls:
        tls.sendall(tls.recv(100).upper())

ours, theirs = socket.socketpair()
thread = threading.Thread(target=serve, args=(theirs,))
thread.start()
context = ssl.create_default_context(cafile=sys.argv[1])
with context.wrap_socket(ours, server_hostname="dom0.example") as tls:
    tls.sendall(b"hello")
    print(tls.version(), tls.recv(100).decode())
thread.join()
"""
TERMINALS = ("vt100", "vt220", "linux", "xterm", "screen", "tmux")


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_its_parts_work(file: Path, tmp_path: Path, place: Place) -> None:
    """The interpreter cut off from its archive, with the archive as its library."""
    with zipfile.ZipFile(file) as archive:
        length = min(entry.header_offset for entry in archive.infolist())
    root = tmp_path / "root"
    root.mkdir()
    python = root / "python"
    python.write_bytes(file.read_bytes()[:length])
    python.chmod(0o755)
    library = shutil.copy(file, root / "library")
    pem, key = root / "dom0.pem", tmp_path / "key"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
            ),
            *("-nodes", "-subj", "/CN=dom0.example", "-addext", "subjectAltName=DNS:dom0.example"),
            *("-keyout", key, "-out", pem),
        ],
        check=True,
        capture_output=True,
    )
    pem.write_bytes(pem.read_bytes() + key.read_bytes())
    inside = Path("/") if place.empty else root
    environ = {"LANG": "C", "PYTHONHOME": "/", "PYTHONPATH": str(inside / Path(library).name)}
    started = Started(place, python, root, environ)
    done = started.run("-S", "-c", PARTS, str(inside / pem.name), *TERMINALS)
    assert 0 == done.returncode, done.stderr
    assert "TLSv1.3 HELLO\n" == done.stdout


def test_a_state_directory_that_cannot_be_written_is_told(file: Path, tmp_path: Path) -> None:
    boot = tmp_path / "disk" / "boot" / "grub"
    boot.mkdir(parents=True)
    golden = ROOT / "tests" / "golden" / "boot" / "xcpng83-uefi.cfg"
    shutil.copy(golden, boot / "grub.cfg")
    place = next(place for place in PLACES if place.readonly)
    started = Started(place, file, tmp_path)
    done = started.run("--host-root", "/disk", "unhide", "0000:05:00.0", "--yes")
    assert 5 == done.returncode, done.stdout + done.stderr
    assert "/var/lib/serialpass-tui/lock cannot be written: Read-only file system" in done.stderr
    assert "Nothing was changed." in done.stderr
    assert "Traceback" not in done.stderr
    assert golden.read_bytes() == (boot / "grub.cfg").read_bytes()


@pytest.mark.parametrize("options", [("--yes",), ("--yes", "--json")], ids=" ".join)
def test_it_installs_itself_starts_by_its_link_and_goes_to_the_byte(
    file: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """An operator copies it, installs it, deletes the copy, and has the installed one uninstall."""
    place = Place("dom0", old=True, memory=256 << 20, dom0=True)
    started = Started(place, file, tmp_path)
    for folder in (*FOLDERS, "/var/lib"):
        (tmp_path / folder.lstrip("/")).mkdir(parents=True)
    assert 0 == started.run("--version").returncode  # which makes the place
    (tmp_path / file.name).unlink()
    first = tree(tmp_path)
    shutil.copy2(file, tmp_path)
    done = started.run("install", "--yes")
    assert (0, "") == (done.returncode, done.stderr)
    (tmp_path / file.name).unlink()

    started.name = LINK
    assert 0 == started.run("--version").returncode
    assert "nothing to do" in started.run("install", "--yes").stdout
    assert "install-lost" not in started.run("doctor").stdout
    assert DEMO in started.screen("--demo", until=DEMO)
    done = started.run("uninstall", *options)
    assert (0, "") == (done.returncode, done.stderr)
    assert "/var/lib/serialpass-tui" in done.stdout
    state = tmp_path / "var/lib/serialpass-tui"
    assert file.stat().st_size // 100 > sum(p.stat().st_size for p in state.rglob("*"))
    shutil.rmtree(state)
    assert first == tree(tmp_path)


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a root, its kind and mode, and what it holds."""
    return {
        str(place.relative_to(root)): (
            place.lstat().st_mode,
            place.read_bytes() if place.is_file() else b"",
        )
        for place in root.rglob("*")
    }


def test_no_variable_of_another_python_reaches_it(file: Path, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('not this one')\n")
    started = Started(PLACES[0], file, tmp_path)
    started.environ |= {"PYTHONPATH": str(tmp_path), "PYTHONHOME": "/nowhere"}
    assert 0 == started.run("--version").returncode


def test_the_bill_names_every_part_and_its_licence_is_inside(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        bill = json.loads(archive.read("bom.json"))
        told = json.loads(archive.read("serialpass_tui/build.json"))
    assert ("CycloneDX", "1.5") == (bill["bomFormat"], bill["specVersion"])
    components = {part["name"]: part["version"] for part in bill["components"]}
    assert told["parts"] == components
    licensed = {name.split("/")[1] for name in names if name.startswith("licences/")}
    assert {*components, "serialpass-tui"} == licensed
    assert all(part["licenses"][0]["expression"] != "NOASSERTION" for part in bill["components"])
    modules = {name.partition("/")[0] for name in names}
    assert not modules & {"tests", "test", "pytest", "pyudev", "setuptools"}


def test_built_again_it_is_the_same(file: Path, tmp_path: Path) -> None:
    arch = file.name.rpartition("-")[2]
    built = subprocess.run(
        [ROOT / ".ci" / "build", arch, "--output", tmp_path], capture_output=True, check=False
    )
    assert 0 == built.returncode, built.stderr
    again = tmp_path / file.name
    assert hashlib.sha256(file.read_bytes()).digest() == (
        hashlib.sha256(again.read_bytes()).digest()
    )
