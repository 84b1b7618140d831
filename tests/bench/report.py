"""What is measured, as Markdown."""

from __future__ import annotations

import shutil
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.bench import scale
from tests.bench.contenders import CONTENDERS, PROGRAMS
from tests.bench.recorder import (
    FIRST_SCREEN,
    TO_THE_NAME,
    Recorder,
    SlowRecorder,
    Start,
    start,
    used,
    walk,
    way,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.contenders import Contender

TERMS = ("linux", "vt100")
BITS = 10
"""Bits on a serial line for each byte: one start and one stop bit (8N1)."""

HEADS = (
    "TERM", "program", "first screen", "device row", "next screen", "diff page", "VM row", "letter",
    "idle 2 s", "whole path", "first, s at 9600", "path, s at 9600", "first, s at 115200",
    "path, s at 115200", "start CPU s", "start wall s", "peak MiB",
)  # fmt: skip
KINDS = ("device row", "next screen", "page", "VM row", "letter")
SIZES = (512, 1024, 2048, 4096)
PICKER = 5000
CHOSEN = "guest-0777"


def comparison(
    contenders: Sequence[Contender],
    folder: Path,
    runs: int,
    *,
    terms: Sequence[str] = TERMS,
    chosen: str = CHOSEN,
) -> str:
    """The table: bytes for each key (means), seconds of line time, start and memory (medians)."""
    rows = [HEADS, ("---", "---", *["---:"] * (len(HEADS) - 2))]
    for term in terms:
        starts: dict[str, list[Start]] = {}
        for _ in range(runs):  # one after the other: what disturbs the machine disturbs all alike
            for one in contenders:
                starts.setdefault(one.name, []).append(start(one.start(folder), term))
        rows += [_row(one, term, folder, starts[one.name], chosen) for one in contenders]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(
    one: Contender, term: str, folder: Path, starts: list[Start], chosen: str
) -> tuple[str, ...]:
    with Recorder(one.path(folder), term) as seat:
        sent = walk(seat, way(chosen))
    return (
        term,
        one.name,
        str(sent.first),
        *(f"{sent.mean(kind):.0f}" for kind in KINDS),
        str(sent.idle),
        str(sent.whole),
        *(
            f"{count * BITS / baud:.1f}"
            for baud in (9600, 115_200)
            for count in (sent.first, sent.whole)
        ),
        f"{median(item.cpu for item in starts):.2f}",
        f"{median(item.wall for item in starts):.2f}",
        f"{median(item.peak for item in starts):.1f}",
    )


def _verdict(value: float, limit: float) -> str:
    return f"limit {limit:g}: {'kept' if value <= limit else 'MISSED'}"


def slow_line(_folder: Path, _runs: int) -> str:
    """A person's way to the reboot on a real line of 960 bytes a second."""
    with (
        tempfile.TemporaryDirectory() as name,
        SlowRecorder(("-m", "tests.term.stage", name, "0", "auto@9600"), "linux") as seat,
    ):
        seat.see(FIRST_SCREEN)
        for _, key, words in TO_THE_NAME:
            seat.press(key, *filter(None, [words]))
        count, wall = len(seat.received), seat.last - seat.begun
    line = count / seat.rate
    return (
        f"\nSelect, preview, confirm up to the host name, on a line throttled to 960 bytes/s: "
        f"{count} bytes, {line:.1f} s of line time ({_verdict(line, 20)}); {wall:.1f} s from exec "
        "to the last byte, with the waits for rest."
    )


def yardstick(folder: Path, runs: int) -> str:
    """The wizard's start beside that of the least Textual app with one table."""
    ours, least = [], []
    for _ in range(runs):
        ours.append(start(CONTENDERS[0].start(folder), "linux"))
        least.append(start(("-m", f"{PROGRAMS}.one_table"), "linux", "Serial controller"))
    cpu, cpu_least = (median(item.cpu for item in found) for found in (ours, least))
    peak, peak_least = (median(item.peak for item in found) for found in (ours, least))
    return (
        f"\nFirst screen beside a Textual app of one table: {cpu:.3f} s of CPU beside "
        f"{cpu_least:.3f}, factor {cpu / cpu_least:.2f} ({_verdict(cpu / cpu_least, 1.25)}); "
        f"{peak:.1f} MiB beside {peak_least:.1f}, {peak - peak_least:.1f} MiB above it "
        f"({_verdict(peak - peak_least, 12)})."
    )


def commands(folder: Path, runs: int) -> str:
    """`scan` and `status` on this very host beside the interpreter and lspci."""
    tool = (sys.executable, "-m", "serialpass_tui", "--state-dir", str(folder / "state"))
    asked: list[tuple[str, tuple[str, ...]]] = [
        ("scan", (*tool, "scan")),
        ("status", (*tool, "status")),
        ("python -c pass", (sys.executable, "-c", "pass")),
    ]
    if shutil.which("lspci"):
        asked.append(("lspci -D -nn -k", ("lspci", "-D", "-nn", "-k")))
    words = []
    for name, argv in asked:
        found = [used(argv) for _ in range(runs)]
        status = "" if found[0][1] == 0 else f" (exit status {found[0][1]})"
        words.append(f"`{name}` {median(seconds for seconds, _ in found):.3f} s{status}")
    if not shutil.which("lspci"):
        words.append("lspci is not installed")
    functions = len(list(Path("/sys/bus/pci/devices").glob("*")))
    return f"\nCPU on this host ({functions} PCI functions): {', '.join(words)}."


def many_vms(_folder: Path, _runs: int) -> str:
    """The picker with 5,000 VMs, without a terminal."""
    found = scale.picker(PICKER)
    return (
        f"\nPicker of {PICKER:,} VMs, headless, CPU: first rows {found.first:.0f} ms, "
        f"a move {found.move:.1f} ms ({_verdict(found.move, 5)}), "
        f"a letter {found.letter:.1f} ms ({_verdict(found.letter, 10)})."
    )


def many_functions(folder: Path, _runs: int) -> str:
    """`scan` of ever larger machines: a linear one takes twice as long for twice as many."""
    found = scale.scans(folder, SIZES)
    words = [f"{size:,}: {seconds:.2f} s" for size, seconds in found]
    pairs = pairwise(found)
    factors = [f"{after / before:.2f}" for (_, before), (_, after) in pairs]
    rest = SIZES[len(found) :]
    left = f" Left out, for the time they would take: {', '.join(map(str, rest))}." if rest else ""
    return (
        f"\n`scan` by PCI functions, CPU: {', '.join(words)}; factors for each doubling: "
        f"{', '.join(factors)}.{left}"
    )


FACTS: Sequence[Callable[[Path, int], str]] = (
    slow_line,
    yardstick,
    commands,
    many_vms,
    many_functions,
)
"""What else is measured, each with the folder for its files and how many runs to take."""
