"""A long run: `python -m tests.fuzz [--minutes N] [--seed N] [TARGET ...]`."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
import traceback
from collections import Counter
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from tests.fuzz.targets import Target

_ROUND = 100


def run(target: Target, number: int) -> tuple[int, str]:
    """One round from one seed: how many inputs were checked, and the failure, shrunk."""
    count = 0

    def check(value: Any) -> None:
        nonlocal count
        count += 1
        target.check(value)

    checked = settings(
        max_examples=_ROUND,
        deadline=None,
        database=None,
        print_blob=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )(seed(number)(given(target.inputs)(check)))
    try:
        checked()
    except Exception:
        return count, traceback.format_exc(limit=-6)
    return count, ""


def main() -> int:
    """Go round the targets until the time is over; 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="of the first round")
    known = {target.name: target for target in TARGETS}
    parser.add_argument("target", nargs="*", choices=[[], *known])
    options = parser.parse_args()
    chosen = [known[name] for name in options.target] or list(TARGETS)
    end = time.monotonic() + options.minutes * 60
    counted: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    number = options.seed
    sys.stdout.write(f"seed {number}\n")
    while time.monotonic() < end:
        for target in chosen:
            count, failure = run(target, number)
            counted[target.name] += count
            if failure:
                failed[target.name] += 1  # what is wrong comes first, the input may be long
                chosen = [one for one in chosen if one is not target]
                sys.stdout.write(f"FAILED {target.name}, --seed {number}\n{failure[:5000]}\n")
                sys.stdout.flush()
            if time.monotonic() >= end:
                break
        number += 1
        if not chosen:
            break
    for name in known:
        if counted[name]:
            sys.stdout.write(f"{name:<18} {counted[name]:>9} inputs, {failed[name]} failed\n")
    sys.stdout.write(f"{'in all':<18} {counted.total():>9} inputs\n")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
