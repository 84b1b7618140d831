"""The kill table: what came of every fault at every system call that writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.crash.runs import OUTCOMES

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping
    from pathlib import Path

BEGIN, END = "<!-- kill table: python -m tests.crash --write -->\n", "<!-- end of it -->\n"


def markdown(rows: Mapping[str, tuple[int, Counter[str]]], every: int, seconds: float) -> str:
    """The table; each row has the calls of one job, its points and their outcomes."""
    how = "every call" if every == 1 else f"one call in {every} (`--every {every}`)"
    lines = [
        f"Faults at {how}, {seconds:.0f} s:",
        "",
        f"| job | calls that write | points | {' | '.join(OUTCOMES)} | lost |",
        f"|---|{'---|' * (len(OUTCOMES) + 3)}",
    ]
    total = [0] * (len(OUTCOMES) + 3)
    for name, (calls, counted) in rows.items():
        lost = counted["lost"]
        figures = [calls, sum(counted.values()), *(counted[each] for each in OUTCOMES), lost]
        total = [a + b for a, b in zip(total, figures, strict=True)]
        lines.append(f"| {name} | {' | '.join(map(str, figures))} |")
    lines.append(f"| all | {' | '.join(map(str, total))} |")
    return "\n".join(lines) + "\n"


def put_into(readme: Path, table: str) -> None:
    """Replace what stands between the two marks."""
    text = readme.read_text(encoding="utf-8")
    pattern = re.escape(BEGIN) + ".*?" + re.escape(END)
    new = re.sub(pattern, lambda _: BEGIN + table + END, text, flags=re.DOTALL)
    readme.write_text(new, encoding="utf-8")
