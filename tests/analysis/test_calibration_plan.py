"""How many prompts more: the number solves the equations that it stands for."""

from __future__ import annotations

import math

import pytest

from engine.analysis.calibration.error import CLOSE, CalibrationError
from engine.analysis.calibration.plan import more_prompts

PROMPTS = 1_000


def ends(error: CalibrationError, times: float) -> tuple[float, float]:
    """The interval of CE² with k times the prompts: noise falls by 1 / k², noise times gaps by 1 / k."""
    square = max(error.square, 0.0)
    low = error.square - error.reach * math.sqrt(error.noise) / times
    return low, square + error.reach * math.sqrt(error.noise / times**2 + error.slope * CLOSE**2 / times)


@pytest.mark.parametrize("reach", [1.3, 2.6])
@pytest.mark.parametrize("square", [-1e-4, 0.0, 1e-4, 3e-4])
@pytest.mark.parametrize("slope", [0.0, 2e-4])
def test_at_that_many_prompts_the_interval_has_just_left_zero_or_ends_close(reach, square, slope):
    error = CalibrationError(0.0, 0.0, 0.1, square, noise=1e-5, slope=slope, reach=reach)
    times = 1 + more_prompts(error, PROMPTS) / PROMPTS
    low, high = ends(error, times)
    assert low >= 0 or high <= CLOSE**2
    low, high = ends(error, 1 + (times - 1) * 0.85)  # the number is rounded up to two digits
    assert low < 0
    assert high > CLOSE**2
