"""A short run of every target, and every input that once failed."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import TARGETS, Target

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_hostile_input(target: Target) -> None:
    def check(value: Any) -> None:
        target.check(value)

    settings(
        max_examples=target.examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )(given(target.inputs)(check))()


@pytest.mark.parametrize(
    ("target", "seed"),
    [(target, seed) for target in TARGETS for seed in SEEDS.get(target.name, ())],
    ids=lambda value: value.name if isinstance(value, Target) else "seed",
)
def test_what_once_failed(target: Target, seed: Any) -> None:
    target.check(seed)


def _run(_: Path) -> None:
    subprocess.run(["true"], check=True)


def _run_and_hide_it(_: Path) -> None:
    with suppress(BaseException):
        os.system("true")  # noqa: S605


def _fork(_: Path) -> None:
    if not os.fork():
        os._exit(0)


def _reach_out(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as out:
        out.connect(str(place))


def _link_out(place: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / "x"
        link.symlink_to(place)
        link.write_bytes(b"")


def _write_up(place: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / os.path.relpath(place, folder)).write_bytes(b"")


def _rename_out(place: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "x").write_bytes(b"")
        (Path(folder) / "x").rename(place)


FORBIDDEN = (
    _run, _run_and_hide_it, _fork, _reach_out, _link_out, _write_up, _rename_out, Path.touch,
    Path.mkdir,
)  # fmt: skip


@pytest.mark.parametrize("act", FORBIDDEN, ids=lambda act: act.__name__)
def test_a_check_that_does_what_it_must_not_is_told(
    tmp_path: Path, act: Callable[[Path], None]
) -> None:
    place = tmp_path / "made"
    with pytest.raises(AssertionError):
        Target("bad", st.none(), act).check(place)
    assert not place.exists()


def test_a_check_may_write_in_a_folder_of_its_own(tmp_path: Path) -> None:
    def write(_: None) -> None:
        with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
            (Path(folder) / "deep").mkdir()
            (Path(folder) / "deep" / "x").write_bytes(b"")
            (Path(folder) / "deep" / "x").rename(Path(folder) / "y")
            Path(os.devnull).read_bytes()

    Target("good", st.none(), write).check(None)
    assert [] == list(tmp_path.iterdir())
