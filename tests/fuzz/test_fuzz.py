"""A short run of every target, and every input that once failed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import TARGETS, Target


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_hostile_input(target: Target) -> None:
    checked = given(target.inputs)(target.check)
    settings(
        max_examples=target.examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )(checked)()


@pytest.mark.parametrize(
    ("target", "seed"),
    [(target, seed) for target in TARGETS for seed in SEEDS.get(target.name, ())],
    ids=lambda value: value.name if isinstance(value, Target) else "seed",
)
def test_what_once_failed(target: Target, seed: Any) -> None:
    target.check(seed)
