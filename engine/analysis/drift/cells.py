"""Cells: each window of a feature held against the reference."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtr

from engine.analysis.arrays import Flags, Floats, Ints, quotient
from engine.analysis.drift.buckets import dense
from engine.analysis.drift.distances import (
    chi_square,
    distances,
    jensen_shannon,
    psi,
    reference_edges,
    without_last_bit,
)
from engine.analysis.drift.features import Feature
from engine.analysis.drift.homogeneity import Shares, homogeneity
from engine.analysis.drift.windows import Windows
from engine.analysis.intervals import benjamini_hochberg, critical
from engine.analysis.records import Records
from engine.analysis.shapes import COARSE_BUCKETS

LEAST_PROMPTS = 30
LEAST_BUCKETS = 10
ROUNDING = 1e-12


@dataclass(frozen=True)
class Tallies:
    """One feature by window and filled bucket.

    `bin` is the bin or category of each row (−1 unknown), `count` rows by window, bucket and bin, `sums` those of the
    numbers and of their squares by window and bucket, after they were centred and scaled by `middle` and `spread`, mean
    and standard deviation of the reference; shape (2, windows, buckets), empty for names. `prompts` by window.
    """

    bin: Ints
    count: Floats
    sums: Floats
    prompts: Ints
    middle: float = 0.0
    spread: float = 1.0


@dataclass(frozen=True)
class Cell:
    """A window of a feature against the reference.

    `effect`: the difference of the means in standard deviations of both together, signed; for names Cramér's V.
    `cramers_v` is of the bins or categories, as if both windows had as many rows, what chance alone would give taken
    off. Each has an interval by bucket. `p_value` is of no difference, `q_value` the same adjusted over all cells.
    Kolmogorov-Smirnov, Wasserstein and energy only of numbers, chi-square only of names (None else). Where too few
    prompts are known, `known` is false and nothing else counts.
    """

    feature: str
    window: int
    known: bool
    rows: int = 0
    prompts: int = 0
    effect: float = 0.0
    low: float = 0.0
    high: float = 0.0
    cramers_v: float = 0.0
    v_low: float = 0.0
    v_high: float = 0.0
    p_value: float = 1.0
    psi: float = 0.0
    js: float = 0.0
    ks: float | None = None
    wasserstein: float | None = None
    energy: float | None = None
    chi_square: float | None = None
    named: bool = False
    q_value: float = 1.0
    drifted: bool = False

    @property
    def size(self) -> float:
        """How far it moved in standard deviations: Cramér's V counts twice, as both conventions of "small" have it."""
        return max(0.0 if self.named else abs(self.effect), 2 * self.cramers_v)


def tallies_of(state: Records, windows: Windows, feature: Feature) -> Tallies:
    """One pass over the rows."""
    if feature.named:
        return _tallied(state, windows, feature.codes, len(feature.words), None, (0.0, 1.0))
    values = without_last_bit(feature.values)
    reference = values[(windows.code == 0) & np.isfinite(values)]
    if not len(reference):
        return _tallied(state, windows, np.full(len(values), -1), 1, None, (0.0, 1.0))
    edges = reference_edges(reference)
    at = np.where(np.isfinite(values), np.searchsorted(edges, values, "right"), -1)
    spread = float(reference.std()) or float(np.nanstd(values)) or 1.0
    return _tallied(state, windows, at, len(edges) + 1, feature.values, (float(reference.mean()), spread))


def _tallied(
    state: Records, windows: Windows, at: Ints, bins: int, values: Floats | None, scale: tuple[float, float]
) -> Tallies:
    kept = (at >= 0) & (windows.code >= 0)
    folded = state.bucket % COARSE_BUCKETS if len(state.starts) > 2 * COARSE_BUCKETS else state.bucket
    groups, bucket = dense(folded)
    size = len(windows)
    pair = windows.code[kept] * groups + bucket[kept]
    count = np.bincount(pair * bins + at[kept], minlength=size * groups * bins).reshape(size, groups, bins)
    sums = np.zeros((2, size, groups))
    if values is not None:
        scaled = (values[kept] - scale[0]) / scale[1]
        for power, each in zip((scaled, np.square(scaled)), sums, strict=True):
            each[:] = np.bincount(pair, power, size * groups).reshape(size, groups)
    prompts = _prompts(state, windows, kept)
    return Tallies(at, count.astype(float), sums, prompts, *scale)


def _prompts(state: Records, windows: Windows, kept: Flags) -> Ints:
    """How many prompts each window has among these rows."""
    prompt = np.repeat(np.arange(len(state.starts)), state.sizes)
    seen = np.zeros((len(windows), len(state.starts)), np.bool_)
    seen[windows.code[kept], prompt[kept]] = True
    return np.asarray(seen.sum(axis=1), np.int64)


def cells_of(windows: Windows, feature: Feature, tallies: Tallies, level: float) -> list[Cell]:
    """Every later window of a feature."""
    filled = (tallies.count.sum(axis=2) > 0).sum(axis=1)
    enough = (tallies.prompts >= LEAST_PROMPTS) & (filled >= LEAST_BUCKETS)
    later = [window for window in range(1, len(windows)) if enough[0] and enough[window]]
    cells = [Cell(feature.name, window, known=False, named=feature.named) for window in range(1, len(windows))]
    if not later:
        return cells
    shares = homogeneity(tallies.count, later)
    value, error = _shifts(tallies, later)
    score = _scores(tallies, later)
    for place, window in enumerate(later):
        groups = int(min(filled[0], filled[window]))
        cell = _by_shares(cells[window - 1], tallies, shares, place, groups, level)
        if not feature.named:
            cell = _with_shift(cell, float(value[place]), float(error[place]), float(score[place]), groups, level)
            cell = _with_order(cell, windows, feature)
        cells[window - 1] = cell
    return cells


def _by_shares(cell: Cell, tallies: Tallies, shares: Shares, place: int, groups: int, level: float) -> Cell:
    one, two = tallies.count[0].sum(axis=0), tallies.count[cell.window].sum(axis=0)
    first, second = float(one.sum()), float(two.sum())
    p, q = one / first, two / second
    low, value, high = shares.cramers_v(place, critical(level, groups))
    return replace(
        cell,
        known=True,
        rows=int(second),
        prompts=int(tallies.prompts[cell.window]),
        effect=value,
        low=low,
        high=high,
        cramers_v=value,
        v_low=low,
        v_high=high,
        p_value=shares.p_value(place, groups),
        psi=psi(p, q, first, second),
        js=jensen_shannon(p, q),
        chi_square=chi_square(one, two) if cell.named else None,
    )


def _shifts(tallies: Tallies, later: list[int]) -> tuple[Floats, Floats]:
    """Standardised mean difference of each later window, and its standard error: delete-one-bucket jackknife.

    The standard deviation is the root of the mean of both variances (Cohen's d as if both had as many rows).
    """
    fields = np.concatenate([tallies.count.sum(axis=2)[None], tallies.sums])
    whole = fields.sum(axis=2)
    value = _standardised(whole[:, [0]], whole[:, later])
    without = whole[:, :, None] - fields
    kept = (fields[0, 0] > 0) | (fields[0, later] > 0)
    replicates = _standardised(without[:, [0]], without[:, later])
    groups = kept.sum(axis=1)
    middle = np.where(kept, replicates, 0).sum(axis=1) / groups
    off = np.where(kept, replicates - middle[:, None], 0)
    return value, np.sqrt((groups - 1) / groups * np.square(off).sum(axis=1))


def _standardised(one: Floats, two: Floats) -> Floats:
    """0 where neither side varies."""
    means, variances = zip(*(_moments(side) for side in (one, two)), strict=True)
    return quotient(means[1] - means[0], np.sqrt((variances[0] + variances[1]) / 2), 0.0)


def _moments(sums: Floats) -> tuple[Floats, Floats]:
    """Mean and variance; what is left of a difference of squares that are equal but for rounding is no variance."""
    mean, square = sums[1:] / sums[0]
    variance = square - mean**2
    return mean, np.where(variance > ROUNDING * square, variance, 0.0)


def _scores(tallies: Tallies, later: list[int]) -> Floats:
    """Difference of the means over its standard error by bucket, as it would be if both windows had one mean.

    Residuals from the mean of both: an outlier then widens the error of the window that it is in as much as it moves
    its mean, and a window that has none of the rare ones is not taken to be sure of that.
    """
    places = [0, *later]
    count, total = tallies.count.sum(axis=2)[places], tallies.sums[0][places]
    rows, whole = count.sum(axis=1), total[1:].sum(axis=1)
    both = whole / (rows[1:] + rows[0])  # numbers are centred on the reference: its own sum is 0
    own = (total[1:] - both[:, None] * count[1:]) / rows[1:, None]
    other = (total[[0]] - both[:, None] * count[[0]]) / rows[0]
    groups = ((count[1:] > 0) | (count[[0]] > 0)).sum(axis=1)
    error = np.sqrt(np.square(own - other).sum(axis=1) * groups / (groups - 1))
    return quotient(whole / rows[1:], error, 0.0)


def _with_shift(cell: Cell, value: float, error: float, score: float, groups: int, level: float) -> Cell:
    """The effect is that of the mean; p-value: twice the smaller of those of the mean and of the bins."""
    spread = critical(level, groups) * error
    p_mean = 2 * float(stdtr(groups - 1, -abs(score)))
    p_value = min(1.0, 2 * min(p_mean, cell.p_value))
    return replace(cell, effect=value, low=value - spread, high=value + spread, p_value=p_value)


def _with_order(cell: Cell, windows: Windows, feature: Feature) -> Cell:
    """The distances that need the numbers themselves."""
    known = np.isfinite(feature.values)
    sides = [feature.values[known & (windows.code == window)] for window in (0, cell.window)]
    found = distances(*sides)
    return replace(cell, ks=found.ks, wasserstein=found.wasserstein, energy=found.energy)


def judged(cells: list[Cell], alpha: float, effect: float) -> list[Cell]:
    """The same with q-values over all known cells (Benjamini and Hochberg), and which of them drifted.

    Drifted: q ≤ alpha, and the means lie `effect` standard deviations apart or Cramér's V reaches half of that.
    """
    known = [place for place, cell in enumerate(cells) if cell.known]
    adjusted = benjamini_hochberg(np.array([cells[place].p_value for place in known]))
    told = list(cells)
    for place, q_value in zip(known, adjusted.tolist(), strict=True):
        drifted = q_value <= alpha and cells[place].size >= effect
        told[place] = replace(cells[place], q_value=q_value, drifted=drifted)
    return told
