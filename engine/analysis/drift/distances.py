"""Distances between two samples of numbers, all of them from one sort, and between two sets of shares.

Which sample a number comes from is written into the last bit of its mantissa, both samples are sorted together once,
and the counts of either up to each number follow from a running sum of these bits. Numbers that differ in that bit
alone (by 2⁻⁵² of their size) are taken to be equal; what was a float32 differs in none.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats, Ints

BINS = 10
_BLOCK = 1 << 15
"""Numbers of a pass: what it makes on its way stays in the cache."""

_LAST_BIT = np.uint64(1)


@dataclass(frozen=True)
class Distances:
    """Of sample b against the reference a.

    `ks`: the largest difference of the two distribution functions, in [0, 1] (Smirnov 1948). `wasserstein`: the area
    between them, in units of the numbers. `energy`: √(2 ∫ (F − G)²) (Székely 2003). `psi` and `js` over the bins of
    `reference_edges`: the population stability index in nats (Siddiqi 2006), and the Jensen–Shannon distance, the
    root of the divergence in bits, in [0, 1] (Lin 1991; Endres and Schindelin 2003).
    """

    ks: float
    wasserstein: float
    energy: float
    psi: float
    js: float


def distances(a: Floats, b: Floats, bins: int = BINS) -> Distances:
    """All of them, of finite numbers a, shape (n,), and b, shape (m,), n and m ≥ 1; they are not changed.

    Raises ValueError for an empty sample or a number that is not finite.
    """
    first, second = len(a), len(b)
    if not first or not second:
        raise ValueError("a distance needs two samples")
    values, later = _sorted_together(a, b)
    ks, wasserstein, squares = _areas(values, later, first, second)
    p, q = _shares(values, later, first, second, bins)
    return Distances(ks, wasserstein, float(np.sqrt(2 * squares)), psi(p, q, first, second), jensen_shannon(p, q))


def _sorted_together(a: Floats, b: Floats) -> tuple[Floats, Ints]:
    """Both samples in order, without their last bit, and how many of b there are up to each place, it included."""
    both = np.concatenate([a, b]).astype(np.float64, copy=False)
    both += 0.0  # a negative zero would be sorted apart from zero by its bit
    bits = both.view(np.uint64)
    bits &= ~_LAST_BIT
    bits[len(a) :] |= _LAST_BIT
    both.sort()
    if not (np.isfinite(both[0]) and np.isfinite(both[-1])):
        raise ValueError("a distance needs finite numbers")
    later = np.empty(len(both), np.int64)
    carried = 0
    for start in range(0, len(both), _BLOCK):
        block, tally = bits[start : start + _BLOCK], later[start : start + _BLOCK]
        np.cumsum(block & _LAST_BIT, out=tally)
        tally += carried
        carried = int(tally[-1])
        block &= ~_LAST_BIT
    return both, later


def _areas(values: Floats, later: Ints, first: int, second: int) -> tuple[float, float, float]:
    """The largest distance of the two distribution functions, the area between them, and that of its square.

    Distances are counted in units of 1 / (first · second), whole numbers, so that equal functions are exactly equal.
    """
    largest = area = squares = 0.0
    whole = float(first) * second
    counted = np.arange(1.0, _BLOCK + 1) * second
    room = np.empty((2, _BLOCK))
    for start in range(0, len(values) - 1, _BLOCK):
        end = min(start + _BLOCK, len(values) - 1)
        gap, apart = room[:, : end - start]
        np.subtract(values[start + 1 : end + 1], values[start:end], out=gap)
        np.multiply(later[start:end], float(first + second), out=apart)
        apart -= counted[: end - start]
        apart -= float(start) * second
        np.abs(apart, out=apart)
        area += float(apart @ gap)
        ends = apart if gap.all() else apart[gap > 0]  # among equal numbers the functions have not yet arrived
        largest = max(largest, float(ends.max(initial=0.0)))
        np.square(apart, out=apart)
        squares += float(apart @ gap)
    return largest / whole, area / whole, squares / whole / whole


def _shares(values: Floats, later: Ints, first: int, second: int, bins: int) -> tuple[Floats, Floats]:
    """Shares of a and b in the bins of a's quantiles, from both in order."""
    edges = _apart(_quantiles(lambda rank: float(values[_place_of(later, rank)]), first, bins))
    below = np.searchsorted(values, edges)
    counted = np.where(below > 0, later[below - 1], 0)
    return _between(below - counted, first), _between(counted, second)


def _place_of(later: Ints, rank: int) -> int:
    """Where the number of a stands that has so many of a below it."""
    return bisect_left(range(len(later)), rank + 1, key=lambda place: place + 1 - int(later[place]))


def _between(below: Ints, size: int) -> Floats:
    return np.diff(below, prepend=0, append=size) / size


def without_last_bit(values: Floats) -> Floats:
    """The numbers as they are compared here: no negative zero, the last bit of the mantissa cleared."""
    copied = np.asarray(values, np.float64) + 0.0
    bits = copied.view(np.uint64)
    bits &= ~_LAST_BIT
    return copied


def reference_edges(reference: Floats, bins: int = BINS) -> Floats:
    """Inner edges of the bins: the reference's quantiles (linear, as numpy's), equal ones once; a bin holds its lower.

    A number that several quantiles fall on (which holds at least about 1 / `bins` of the reference) has a bin of its
    own. `reference`: from `without_last_bit`, at least one.
    """
    ordered = np.sort(reference)
    return _apart(_quantiles(lambda rank: float(ordered[rank]), len(ordered), bins))


def _quantiles(of_rank: Callable[[int], float], size: int, bins: int) -> Floats:
    """The inner quantiles of numbers, of which the one of each rank can be asked for, to the bit as numpy's."""
    place = np.linspace(0, 1, bins + 1)[1:-1] * (size - 1)
    floor = np.floor(place).astype(np.int64)
    ranks = (floor, np.minimum(floor + 1, size - 1))
    low, high = (np.array([of_rank(rank) for rank in each.tolist()]) for each in ranks)
    part, gap = place - floor, high - low
    return np.asarray(np.where(part < 0.5, low + gap * part, high - gap * (1 - part)))


def _apart(quantiles: Floats) -> Floats:
    edges, times = np.unique(quantiles, return_counts=True)
    return np.union1d(edges, np.nextafter(edges[times > 1], np.inf))


# ------------------------------------------------------------------ of shares


def psi(p: Floats, q: Floats, first: float, second: float) -> float:
    """Σ (q − p) ln (q / p) of shares p of `first` rows and q of `second`, in nats.

    A bin that is empty on one side counts as half a row there; one that is empty on both counts nothing.
    """
    kept = (p > 0) | (q > 0)
    p = np.where(p > 0, p, 0.5 / first)[kept]
    q = np.where(q > 0, q, 0.5 / second)[kept]
    return float((q - p) @ np.log(q / p))


def psi_sturges(a: Floats, b: Floats) -> float:
    """The index as Evidently 0.7 makes it: Sturges' bins of both samples together, 1e-4 for an empty bin."""
    p, q = (np.where(share > 0, share, 1e-4) for share in sturges_shares(a, b))
    return float((q - p) @ np.log(q / p))


def sturges_shares(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Shares of either sample in Sturges' bins of both together."""
    edges = np.histogram_bin_edges(np.concatenate([a, b]), "sturges")
    return np.histogram(a, edges)[0] / len(a), np.histogram(b, edges)[0] / len(b)


def jensen_shannon(p: Floats, q: Floats, base: float = 2.0) -> float:
    """The Jensen–Shannon distance of two sets of shares, normalised to 1: the root of the divergence in this base."""
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    halves = [float(share[share > 0] @ np.log(share[share > 0] / middle[share > 0])) / 2 for share in (p, q)]
    return float(np.sqrt(max(sum(halves), 0.0) / np.log(base)))


def chi_square(one: Floats, two: Floats) -> float:
    """Pearson's statistic of two sets of counts of the same categories, without a correction."""
    kept = one + two > 0
    table = np.stack([one[kept], two[kept]])
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    return float((np.square(table - expected) / expected).sum())


def cliffs_delta(a: Floats, b: Floats) -> tuple[float, Floats, Floats]:
    """P(b > a) − P(b < a) in [−1, 1] (Cliff 1993), and what each of a and of b contributes: their means are it."""
    ordered_a, ordered_b = np.sort(a), np.sort(b)
    of_b = (np.searchsorted(ordered_a, b) + np.searchsorted(ordered_a, b, "right")) / len(a) - 1
    of_a = 1 - (np.searchsorted(ordered_b, a) + np.searchsorted(ordered_b, a, "right")) / len(b)
    return float(of_b.mean()), np.asarray(of_a), np.asarray(of_b)
