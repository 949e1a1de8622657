"""The difference of one number between rows and the rest of them."""

from __future__ import annotations

import math

from engine.types import Estimate

APART = "square-and-add of both intervals (Zou and Donner 2008); no prompt is in both"
SHARED = "no interval: prompts are in both, so that the two numbers move together"


def difference(these: Estimate, rest: Estimate, *, apart: bool) -> Estimate | None:
    """These less the rest; None where one of them is not known.

    Where no prompt is in both they are independent, and the interval follows from those of both: each end of it is as
    far away as the root of the squares of their distances (MOVER). Otherwise there is none.
    """
    if these.value is None or rest.value is None:
        return None
    value, n = these.value - rest.value, these.n + rest.n
    if not apart:
        return Estimate(value, level=these.level, method=SHARED, n=n)
    ends = these.low, these.high, rest.low, rest.high
    if these.level != rest.level or any(end is None or not math.isfinite(end) for end in ends):
        return Estimate(value, level=these.level, n=n)
    low, high, rest_low, rest_high = (float(end or 0.0) for end in ends)
    down = math.hypot(these.value - low, rest_high - rest.value)
    up = math.hypot(high - these.value, rest.value - rest_low)
    return Estimate(value, value - down, value + up, these.level, APART, n)
