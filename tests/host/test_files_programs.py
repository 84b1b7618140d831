"""Programs and links are there whole or not at all, and lead where the host itself would go."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from serialpass_tui.core.program import Seal
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host import atomic
from serialpass_tui.host.files import LocalFiles

COPY = "/opt/serialpass-tui/serialpass-tui-1.0"
LINK = "/usr/local/bin/serialpass-tui"
DATA = b"a program\n" * 400_000
SEAL = Seal(hashlib.sha256(DATA).hexdigest(), len(DATA))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for folder in ("opt", "usr/local/bin"):
        (root / folder).mkdir(parents=True)
    return root


@pytest.fixture
def files(root: Path) -> LocalFiles:
    return LocalFiles(root)


@pytest.fixture
def source(tmp_path: Path) -> str:
    place = tmp_path / "source"
    place.write_bytes(DATA)
    return str(place)


def test_a_program_is_copied_and_anybody_may_run_it(
    files: LocalFiles, root: Path, source: str
) -> None:
    before = os.umask(0o077)
    try:
        files.place(COPY, None, SEAL, source)
    finally:
        os.umask(before)
    assert DATA == (root / COPY[1:]).read_bytes()
    assert 0o755 == (root / COPY[1:]).stat().st_mode & 0o7777
    assert SEAL == files.seal(COPY)
    files.place(COPY, None, SEAL, "/nowhere")  # done already: its source is not asked for
    files.place(COPY, SEAL, None, "")
    assert [] == list((root / "opt").iterdir())


def test_other_bytes_are_neither_copied_over_nor_taken_away(
    files: LocalFiles, root: Path, source: str
) -> None:
    (root / COPY[1:]).parent.mkdir()
    (root / COPY[1:]).write_bytes(b"theirs")
    for before, after in ((None, SEAL), (SEAL, None)):
        with pytest.raises(Problem) as caught:
            files.place(COPY, before, after, source)
        assert (Exit.CONFLICT, "file-changed") == (caught.value.exit_status, caught.value.code)
    assert ["serialpass-tui-1.0"] == [p.name for p in (root / COPY[1:]).parent.iterdir()]
    assert b"theirs" == (root / COPY[1:]).read_bytes()


@pytest.mark.parametrize("there", [b"another", None])
def test_a_source_with_other_bytes_leaves_no_trace(
    files: LocalFiles, root: Path, source: str, there: bytes | None
) -> None:
    Path(source).unlink()
    if there is not None:
        Path(source).write_bytes(there)
    with pytest.raises(Problem) as caught:
        files.place(COPY, None, SEAL, source)
    assert "source-changed" == caught.value.code
    assert [] == list((root / "opt").iterdir())


def test_a_source_that_changes_while_it_is_copied_gets_no_name(
    files: LocalFiles, root: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pour = atomic.pour

    def later(place: Path, handle: int | None = None) -> tuple[str, int]:
        if handle is not None:
            Path(source).write_bytes(b"another")
        return pour(place, handle)

    monkeypatch.setattr(atomic, "pour", later)
    with pytest.raises(Problem) as caught:
        files.place(COPY, None, SEAL, source)
    assert "source-changed" == caught.value.code
    assert [] == list((root / "opt").iterdir())


def test_a_full_disk_is_told_before_a_byte_is_written(
    files: LocalFiles, root: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.statvfs

    def full(place: Path) -> os.statvfs_result:
        held = list(real(place))
        held[4] = 10  # f_bavail
        return os.statvfs_result(held)

    monkeypatch.setattr(os, "statvfs", full)
    with pytest.raises(Problem) as caught:
        files.place(COPY, None, SEAL, source)
    assert "disk-full" == caught.value.code
    assert [] == list((root / "opt").iterdir())


def test_a_link_is_made_turned_and_taken_away(files: LocalFiles, root: Path) -> None:
    for before, after in ((None, "/opt/a"), ("/opt/a", "/opt/b"), ("/opt/b", None)):
        assert before == files.link(LINK)
        files.relink(LINK, before, after)
        assert after == files.link(LINK)
    assert [] == list((root / LINK[1:]).parent.iterdir())


@pytest.mark.parametrize("kind", ["file", "folder", "link elsewhere"])
def test_what_else_is_in_a_links_place_stays(files: LocalFiles, root: Path, kind: str) -> None:
    place = root / LINK[1:]
    if kind == "file":
        place.write_bytes(b"theirs")
    elif kind == "folder":
        place.mkdir()
    else:
        place.symlink_to("/opt/theirs")
    held = files.link(LINK)
    assert held is not None
    for before, after in ((None, "/opt/a"), ("/opt/a", None)):
        with pytest.raises(Problem) as caught:
            files.relink(LINK, before, after)
        assert "file-changed" == caught.value.code
    assert held == files.link(LINK)


def test_a_link_of_the_host_is_followed_on_its_own_disk(
    files: LocalFiles, root: Path, source: str
) -> None:
    """Where /opt leads to another folder of the mounted disk, that of this machine is left alone."""
    (root / "opt").rmdir()
    (root / "srv" / "opt").mkdir(parents=True)
    (root / "opt").symlink_to("/srv/opt")
    files.place(COPY, None, SEAL, source)
    assert DATA == (root / "srv" / COPY[1:]).read_bytes()
    files.relink(LINK, None, COPY)
    assert SEAL == files.seal(LINK)
