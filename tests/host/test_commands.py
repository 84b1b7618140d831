"""Programs are run without a shell, a terminal, an environment or an end that never comes."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host import commands


@pytest.fixture
def bin_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def program(folder: Path, name: str, body: str) -> None:
    place = folder / name
    place.write_text(f"#!{sys.executable}\n{body}\n")
    place.chmod(0o755)


def test_arguments_reach_the_program_as_they_are(bin_dir: Path) -> None:
    program(bin_dir, "show", "import sys; print(sys.argv[1:])")
    awkward = ["(0000:02:00.0)", "$(id)", "a b", "*", "; reboot"]
    done = commands.run(["show", *awkward], search=[str(bin_dir)])
    assert (f"{awkward}\n", 0) == (done.stdout, done.status)


def test_nothing_of_our_environment_is_inherited(
    bin_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", "/nowhere")
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    program(bin_dir, "env", "import os; print(sorted(os.environ))\nprint(os.environ['LC_ALL'])")
    done = commands.run(["env"], search=[str(bin_dir)])
    names, language = done.stdout.splitlines()
    assert "LD_LIBRARY_PATH" not in names
    assert "LANG'" not in names
    assert "C" == language


def test_there_is_no_terminal_and_no_input(bin_dir: Path) -> None:
    program(bin_dir, "ask", "import sys; print(repr(sys.stdin.read()), sys.stdin.isatty())")
    assert "'' False\n" == commands.run(["ask"], search=[str(bin_dir)]).stdout


def test_both_streams_and_the_status_come_back(bin_dir: Path) -> None:
    program(bin_dir, "both", "import sys; print('o'); print('e', file=sys.stderr); sys.exit(7)")
    done = commands.run(["both", "x"], search=[str(bin_dir)])
    assert commands.Completed(("both", "x"), 7, "o\n", "e\n") == done


def test_a_signal_is_a_negative_status(bin_dir: Path) -> None:
    program(bin_dir, "die", "import os; os.kill(os.getpid(), 9)")
    assert -9 == commands.run(["die"], search=[str(bin_dir)]).status


def test_output_beyond_the_limit_is_read_and_dropped(
    bin_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "OUTPUT_LIMIT", 1000)
    program(bin_dir, "flood", "import sys; sys.stdout.write('x' * 3_000_000)")
    done = commands.run(["flood"], search=[str(bin_dir)])
    assert (1000, 0) == (len(done.stdout), done.status)


def test_bytes_that_are_no_text_are_shown_escaped(bin_dir: Path) -> None:
    program(bin_dir, "raw", r"import sys; sys.stdout.buffer.write(b'a\xff')")
    assert "a\\xff" == commands.run(["raw"], search=[str(bin_dir)]).stdout


@pytest.mark.parametrize("name", ["absent", "./relative", "/nowhere/absent", "folder"])
def test_a_missing_program_is_named(bin_dir: Path, name: str) -> None:
    (bin_dir / "folder").mkdir()
    with pytest.raises(Problem) as caught:
        commands.run([name], search=[str(bin_dir)])
    assert "command-missing" == caught.value.code
    assert name in caught.value.summary


def test_a_file_that_is_no_program_is_a_missing_program(bin_dir: Path) -> None:
    (bin_dir / "junk").write_bytes(b"\x7fnot a program")
    (bin_dir / "junk").chmod(0o755)
    with pytest.raises(Problem) as caught:
        commands.run(["junk"], search=[str(bin_dir)])
    assert "command-missing" == caught.value.code


def test_the_callers_path_is_not_searched(bin_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(bin_dir, "only-here", "print('fooled')")
    monkeypatch.setenv("PATH", str(bin_dir))
    with pytest.raises(Problem):
        commands.run(["only-here"])


def test_a_program_that_hangs_is_killed_with_its_children(bin_dir: Path, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    program(
        bin_dir,
        "hang",
        "import subprocess, time\n"
        "child = subprocess.Popen(['/bin/sleep', '60'])\n"
        f"open({str(pid_file)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)",
    )
    begin = time.monotonic()
    with pytest.raises(Problem) as caught:
        commands.run(["hang"], timeout=1.0, search=[str(bin_dir)])
    assert ("command-timeout", Exit.FAILED) == (caught.value.code, caught.value.exit_status)
    assert time.monotonic() - begin < 10
    assert ended(int(pid_file.read_text()))


def test_a_daemon_that_keeps_the_pipe_open_is_not_waited_for(bin_dir: Path) -> None:
    program(
        bin_dir,
        "leave",
        "import subprocess\nsubprocess.Popen(['/bin/sleep', '5'])\nprint('done')",
    )
    begin = time.monotonic()
    done = commands.run(["leave"], timeout=20.0, search=[str(bin_dir)])
    assert ("done\n", 0) == (done.stdout, done.status)
    assert time.monotonic() - begin < 4


def test_a_failure_that_must_not_be_tells_the_last_words(bin_dir: Path) -> None:
    program(
        bin_dir,
        "fail",
        r"import sys; print('first\n\x1b[31mlast', file=sys.stderr); sys.exit(3)",
    )
    with pytest.raises(Problem) as caught:
        commands.run_checked(["fail", "a b"], search=[str(bin_dir)])
    assert "command-failed" == caught.value.code
    assert r"fail 'a b' failed (status 3): \x1b[31mlast" == caught.value.summary


def test_success_is_handed_through(bin_dir: Path) -> None:
    program(bin_dir, "fine", "print('fine')")
    assert "fine\n" == commands.run_checked(["fine"], search=[str(bin_dir)]).stdout


def ended(pid: int) -> bool:
    """Whether a process is gone, or a zombie that nobody has reaped yet."""
    for _ in range(1000):
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
    return False
