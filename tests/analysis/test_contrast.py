"""The difference of two numbers: independent where no prompt is in both, without an interval otherwise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.analysis.contrast import difference
from engine.types import Estimate


def wilson(wins: int, n: int) -> Estimate:
    z, share = 1.959963984540054, wins / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Estimate(share, middle - half, middle + half, n=n)


def test_newcombe_1998() -> None:
    """Method 10 of Newcombe (1998), his example (a): 56/70 less 48/80 is 0.2, from 0.0524 to 0.3339."""
    found = difference(wilson(56, 70), wilson(48, 80), apart=True)
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert found.n == 150


def test_of_normal_means_it_is_the_usual_interval_and_covers() -> None:
    draw = np.random.default_rng(0)
    inside = 0
    for _ in range(2_000):
        one, two = draw.normal(1.0, 1.0), draw.normal(0.4, 2.0)
        found = difference(Estimate(one, one - 1.96, one + 1.96), Estimate(two, two - 3.92, two + 3.92), apart=True)
        assert found is not None
        assert found.low == pytest.approx(one - two - 1.96 * math.sqrt(5))
        assert found.low is not None
        assert found.high is not None
        inside += found.low <= 0.6 <= found.high
    assert 0.935 < inside / 2_000 < 0.965


def test_without_an_interval() -> None:
    known, no_interval = Estimate(0.5, 0.4, 0.6), Estimate(0.25)
    for one, other, apart in ((known, no_interval, True), (no_interval, known, True), (known, known, False)):
        found = difference(one, other, apart=apart)
        assert found is not None
        assert (found.low, found.high) == (None, None)
    assert difference(known, Estimate(0.2, 0.1, math.inf), apart=True).low is None  # type: ignore[union-attr]
    assert difference(known, Estimate(0.2, 0.1, 0.3, level=0.9), apart=True).low is None  # type: ignore[union-attr]
    assert difference(Estimate(None), known, apart=True) is None
