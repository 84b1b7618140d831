"""Which profile a terminal gets, and that terminfo agrees with it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from serialpass_tui.errors import Problem
from serialpass_tui.term import terminfo
from serialpass_tui.term.glyphs import Glyphs
from serialpass_tui.term.line import Kind, Line
from serialpass_tui.term.profile import NAMES, Profile, choose

UTF8 = {"LANG": "en_US.UTF-8"}


def nobody(_name: str) -> None:
    return None


def chosen(term: str, *, line: Line | None = None, wanted: str = "auto", **environ: str) -> Profile:
    return choose({"TERM": term, **environ}, line or Line(), wanted, nobody)


@pytest.mark.parametrize(
    ("term", "name", "colours"),
    [
        ("linux", "linux", 8),
        ("linux-16color", "linux", 8),
        ("vt100", "vt100", 0),
        ("vt102", "vt100", 0),
        ("vt220", "vt220", 0),
        ("xterm", "xterm", 8),
        ("xterm-256color", "xterm", 8),
        ("rxvt-unicode", "xterm", 8),
        ("st-256color", "xterm", 8),
        ("screen.xterm-256color", "screen", 8),
        ("tmux-256color", "tmux", 8),
        ("sterm", "vt100", 0),
    ],
)
def test_profiles_by_name(term: str, name: str, colours: int) -> None:
    profile = chosen(term)
    assert (name, colours) == (profile.name, profile.colours)


@pytest.mark.parametrize(
    ("term", "line", "environ", "glyphs"),
    [
        ("linux", Line(Kind.VGA, utf8=True), {"LANG": "C"}, Glyphs.CP437),
        ("linux", Line(Kind.VGA, utf8=False), UTF8, Glyphs.ASCII),
        ("linux", Line(), UTF8, Glyphs.CP437),
        ("linux", Line(), {}, Glyphs.ASCII),
        ("vt100", Line(), UTF8, Glyphs.LINES),
        ("xterm", Line(), UTF8, Glyphs.UNICODE),
        ("xterm", Line(), {"LANG": "C.utf8"}, Glyphs.UNICODE),
        ("xterm", Line(), {**UTF8, "LC_ALL": "POSIX"}, Glyphs.LINES),
        ("xterm", Line(), {"LANG": "de_DE.ISO-8859-1"}, Glyphs.LINES),
    ],
)
def test_glyphs_by_line_and_locale(
    term: str, line: Line, environ: dict[str, str], glyphs: Glyphs
) -> None:
    assert glyphs == chosen(term, line=line, **environ).glyphs


def test_the_speed_is_the_lines_unless_one_is_named() -> None:
    serial = Line(Kind.SERIAL, 9600)
    assert 9600 == chosen("vt220", line=serial).speed
    assert 115200 == chosen("vt220", line=serial, wanted="auto@115200").speed
    named = chosen("xterm", line=serial, wanted="vt100@300")
    assert ("vt100", 300) == (named.name, named.speed)
    assert 0 == chosen("xterm").speed


def test_esc_is_quick_on_the_hosts_own_console() -> None:
    assert chosen("linux", line=Line(Kind.VGA)).escape_delay < chosen("linux").escape_delay


def test_no_color_and_tmux() -> None:
    assert 0 == chosen("linux", NO_COLOR="1").colours
    assert "tmux" == chosen("screen", TMUX="/tmp/tmux-0/default,1,0").name


@pytest.mark.parametrize(
    "wanted",
    ["vt101", "vt100@", "vt100@fast", "@9600x", "xterm@0", "auto@9", "vt100@-9600", "\x1b[2J"],
)
def test_what_names_no_terminal_is_refused(wanted: str) -> None:
    with pytest.raises(Problem) as caught:
        chosen("linux", wanted=wanted)
    assert "bad-terminal" == caught.value.code
    assert "\x1b" not in caught.value.summary
    assert all(name in caught.value.remedy for name in NAMES)


@pytest.mark.parametrize("term", ["", "dumb", "unknown"])
def test_no_terminal_is_refused_kindly(term: str) -> None:
    with pytest.raises(Problem) as caught:
        chosen(term)
    assert "no-terminal" == caught.value.code
    assert "scan, hide, bind, status" in caught.value.remedy
    assert "vt100" == chosen(term, wanted="vt100").name


def test_a_name_that_only_terminfo_knows() -> None:
    def ask(colours: int | None) -> Profile:
        return choose({"TERM": "pcansi"}, Line(), "auto", lambda _name: colours)

    assert ("pcansi", 8) == (ask(16).name, ask(16).colours)
    assert ("pcansi", 0) == (ask(0).name, ask(0).colours)
    assert "vt100" == ask(None).name
    with pytest.raises(Problem):
        ask(-1)


def entry(term: str) -> dict[str, str]:
    """terminfo's word, from a process of its own: a process sets up one terminal."""
    code = (
        "import curses,json,sys; curses.setupterm(sys.argv[1], 1);"
        "s={n:(curses.tigetstr(n) or b'').decode('latin-1') for n in sys.argv[2:]};"
        "s['colors']=str(curses.tigetnum('colors')); print(json.dumps(s))"
    )
    names = ["cup", "el", "ed", "csr", "ri", "cuf", "cr", "sgr0", "bold", "rev", "smul", "smcup"]
    done = subprocess.run(
        [sys.executable, "-c", code, term, *names], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"this machine's terminfo has no {term}")
    found: dict[str, str] = json.loads(done.stdout)
    return {name: text.partition("$<")[0] for name, text in found.items()}


@pytest.mark.parametrize("name", NAMES)
def test_terminfo_agrees_with_the_table(name: str) -> None:
    known = entry(name)
    assert "\x1b[%i%p1%d;%p2%dH" == known["cup"]
    assert ("\x1b[K", "\x1b[J", "\x1bM", "\r") == tuple(known[n] for n in ("el", "ed", "ri", "cr"))
    assert "\x1b[%i%p1%d;%p2%dr" == known["csr"]
    assert "\x1b[%p1%dC" == known["cuf"]
    assert ("\x1b[1m", "\x1b[7m", "\x1b[4m") == tuple(known[n] for n in ("bold", "rev", "smul"))
    profile = chosen(name)
    assert profile.colours == max(0, int(known["colors"]))
    assert profile.alternate == ("\x1b[?1049h" in known["smcup"])


def test_terminfo_is_asked_without_harm() -> None:
    assert terminfo.colours("no-such-terminal-at-all") is None
    assert terminfo.colours("vt100") in {0, None}
