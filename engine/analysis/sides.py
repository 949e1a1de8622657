"""Units of comparisons: what was compared, whatever the order in which the two answers stand."""

from __future__ import annotations

import numpy as np

from engine.analysis.arrays import Flags, Hashes


def unit_of(prompt: Hashes, a: Hashes, b: Hashes) -> tuple[Hashes, Flags]:
    """The hash of each row's prompt and unordered sides, and the rows whose side a is the high one."""
    return mixed(mixed(prompt, np.minimum(a, b)), np.maximum(a, b)), a > b


def mixed(one: Hashes, other: Hashes) -> Hashes:
    """One hash of two, in their order (the finaliser of splitmix64, Steele, Lea and Flood 2014)."""
    found = one * np.uint64(0x9E3779B97F4A7C15) + other
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        found = (found ^ (found >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(found ^ (found >> np.uint64(31)))
