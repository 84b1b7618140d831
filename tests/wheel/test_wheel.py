"""The wheel, on the oldest and the newest Python that this machine has, by pip and by pipx."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest

from serialpass_tui import __version__
from tests.e2e.test_answers import ANSWERS, in_terminal

pytestmark = pytest.mark.wheel

ROOT = Path(__file__).parents[2]
STORY = ANSWERS / "bind-and-start.json"
FLOOR = (3, 11)


def pythons() -> dict[tuple[int, int], str]:
    """One interpreter of each release on the path or where pyenv keeps them."""
    places = chain(  # pyenv's own first: on the path it has words for those that are not chosen
        (Path.home() / ".pyenv" / "versions").glob("3.*/bin"),
        map(Path, os.environ.get("PATH", "").split(os.pathsep)),
    )
    found = {sys.version_info[:2]: sys.executable}
    for place in places:
        for program in place.glob("python3.*"):
            if named := re.fullmatch(r"python3\.(\d+)", program.name):
                found.setdefault((3, int(named[1])), str(program))
    return {release: found[release] for release in sorted(found) if works(found[release])}


def works(python: str) -> bool:
    """Whether it starts, and can make an environment."""
    return (
        0
        == subprocess.run(
            [python, "-c", "import venv"], capture_output=True, check=False
        ).returncode
    )


ALL = pythons()
SERVED = [release for release in ALL if release >= FLOOR]
ENDS = sorted({SERVED[0], SERVED[-1]})


def named(release: tuple[int, int]) -> str:
    return ".".join(map(str, release))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, for setuptools leaves its own things beside the sources."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "serialpass_tui", source / "serialpass_tui", ignore=ignored)
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", built, source)
    (found,) = built.iterdir()
    return found


def run(*argv: str | Path, env: dict[str, str] | None = None) -> str:
    """A command that must succeed; what it printed."""
    done = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **(env or {})},
        cwd="/",
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def it_works(program: Path, state: Path) -> None:
    """Its version, this machine's devices, and the whole story by keys in the demo."""
    assert f"serialpass-tui {__version__}\n" == run(program, "--version")
    assert 1 == json.loads(run(program, "--state-dir", state, "scan", "--json"))["version"]
    machine = json.loads(STORY.read_bytes())["machine"]
    status, text, _ = in_terminal([str(program), "--demo", machine, "--answers", str(STORY)])
    assert 0 == status, text


@pytest.mark.parametrize("release", ENDS, ids=named)
def test_pip_installs_it(release: tuple[int, int], wheel: Path, tmp_path: Path) -> None:
    run(ALL[release], "-m", "venv", tmp_path / "venv")
    run(tmp_path / "venv/bin/pip", "install", "-q", wheel)
    it_works(tmp_path / "venv/bin/serialpass-tui", tmp_path / "state")


def test_pipx_installs_it_and_takes_it_away(wheel: Path, tmp_path: Path) -> None:
    run(ALL[ENDS[-1]], "-m", "venv", tmp_path / "tool")
    run(tmp_path / "tool/bin/pip", "install", "-q", "pipx")
    places = {
        f"PIPX_{name}": str(tmp_path / name.lower()) for name in ("HOME", "BIN_DIR", "MAN_DIR")
    }
    pipx = tmp_path / "tool/bin/pipx"
    run(pipx, "install", wheel, env=places)
    it_works(tmp_path / "bin_dir/serialpass-tui", tmp_path / "state")
    run(pipx, "uninstall", "serialpass-tui", env=places)
    assert [] == list((tmp_path / "bin_dir").iterdir())


def test_an_older_python_is_refused_in_words(wheel: Path, tmp_path: Path) -> None:
    older = [release for release in ALL if release < FLOOR]
    if not older:
        pytest.skip(f"no Python before {named(FLOOR)} is here")
    run(ALL[older[-1]], "-m", "venv", tmp_path / "venv")
    done = subprocess.run(
        [tmp_path / "venv/bin/pip", "install", "--no-deps", wheel],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 1 == done.returncode
    assert f"requires a different Python: {named(older[-1])}" in done.stderr
    assert f"not in '>={named(FLOOR)}'" in done.stderr
