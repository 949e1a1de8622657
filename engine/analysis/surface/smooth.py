"""The default: a penalised tensor-product spline, its two smoothing parameters chosen by cross-validation.

Eilers and Marx (1996, 2003): cubic B-splines, squared second differences of neighbouring coefficients as the penalty
along either axis. Whatever is linear along both axes costs nothing. The smoothing parameters minimise generalised
cross-validation (Craven and Wahba 1979), n · RSS / (n − 1.2 · edf)², where 1.2 guards small samples against following
the noise (Kim and Gu 2004). With several points a run, whole runs are left out instead. The surface is then smoothed by
half a power of ten less than is best for the mean squared error: smoothing flattens peaks, and it is peaks that are
looked for. Covariance: of the posterior (Wahba 1983, Nychka 1988), σ² (B'B + P)⁻¹; with several points a run its part
from noise is the sandwich of the sums by run instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from engine.analysis.arrays import Floats, Ints
from engine.analysis.surface.basis import Normal, local, normal, penalties
from engine.analysis.surface.tensor import Tensor

SIZE, SMALL_SIZE, SMALL = 24, 12, 300
"""Splines a side, and fewer for fewer points than that."""
GUARD = 1.2
LESS = 0.5
"""Powers of ten by which the surface is smoothed less than cross-validation chooses."""
LOWEST, HIGHEST = -4.0, 6.5
"""Powers of ten between which a smoothing parameter is looked for, relative to how much data a spline has."""
FEWEST_RUNS = 8
"""Below so many runs with several points each, the spread between runs says too little of itself."""
TURNS, NARROWEST = 8, 0.3
"""How often the search turns at most, and the width in powers of ten at which it ends."""
MOST_LEFT_OUT = 60
"""Runs that are left out in turn, evenly spread over all of them."""
_STEP = 1e-3
_EXACT = 1e-13


Score = Callable[[tuple[float, float]], float]
"""What two smoothing parameters, as powers of ten, are worth: less is better."""


@dataclass(frozen=True)
class Banded:
    """Normal equations and penalties as bands below the diagonal, shape (bands, size²)."""

    sums: Normal
    matrix: Floats
    across: Floats
    up: Floats
    scale: float

    @classmethod
    def of(cls, sums: Normal) -> Banded:
        """The bands of these sums."""
        across, up = (_bands(one, sums.size) for one in penalties(sums.size))
        return cls(sums, _bands(sums.matrix, sums.size), across, up, float(np.trace(sums.matrix)) / sums.size**2)

    def penalised(self, powers: tuple[float, float], more: float = 0.0) -> Floats:
        """The bands of the whole matrix; both parameters times exp(more)."""
        one, other = (self.scale * 10.0**power * np.exp(more) for power in powers)
        return np.asarray(self.matrix + one * self.across + other * self.up)

    def score(self, powers: tuple[float, float]) -> float:
        """Generalised cross-validation; infinite where the matrix is not definite or nothing is left of the points."""
        factor, failed = lapack.dpbtrf(self.penalised(powers), lower=1, overwrite_ab=1)
        if failed:
            return float("inf")
        found = lapack.dpbtrs(factor, self.sums.right, lower=1)[0]
        weights = [self.scale * 10.0**power for power in powers]
        left = self.sums.n - GUARD * self.freedom(powers)
        return self.sums.n * _residual(self.sums, found, weights) / left**2 if left > 0 else float("inf")

    def freedom(self, powers: tuple[float, float]) -> float:
        """Trace of the hat matrix: size² less the derivative of the log determinant by the log of the penalty."""
        ends = [self._log_determinant(powers, more) for more in (_STEP, -_STEP)]
        return float(self.sums.size**2 - (ends[0] - ends[1]) / (2 * _STEP))

    def _log_determinant(self, powers: tuple[float, float], more: float) -> float:
        factor, failed = lapack.dpbtrf(self.penalised(powers, more), lower=1, overwrite_ab=1)
        return float("nan") if failed else 2 * float(np.log(factor[0]).sum())


@dataclass(frozen=True)
class ByRun:
    """Cross-validation with whole runs left out: neighbouring points of a run would give each other away."""

    banded: Banded
    columns: Floats
    z: Floats
    parts: tuple[Ints, ...]

    @classmethod
    def of(cls, banded: Banded, u: Floats, v: Floats, z: Floats, run: Ints) -> ByRun:
        """Of these points; at most `MOST_LEFT_OUT` of the runs are left out."""
        numbers, values = local(u, v, banded.sums.size)
        columns = np.zeros((len(z), banded.sums.size**2))
        np.put_along_axis(columns, numbers, values, axis=1)
        runs = np.unique(run)
        chosen = runs[np.unique(np.linspace(0, len(runs) - 1, MOST_LEFT_OUT).round().astype(np.int64))]
        return cls(banded, columns, z - banded.sums.centre, tuple(np.flatnonzero(run == one) for one in chosen))

    def score(self, powers: tuple[float, float]) -> float:
        """Mean squared error of the points of runs that were left out, from the fit to all (Cook 1977)."""
        sums = self.banded.sums
        across, up = penalties(sums.size)
        one, other = (self.banded.scale * 10.0**power for power in powers)
        factor, failed = lapack.dpotrf((sums.matrix + one * across + other * up).T, lower=1, clean=1)
        if failed:
            return float("inf")
        half = lapack.dtrtrs(factor, self.columns.T, lower=1)[0]
        rest = self.z - self.columns @ lapack.dpotrs(factor, sums.right, lower=1)[0]
        squares = 0.0
        for part in self.parts:
            own = half[:, part]
            left = np.eye(len(part)) - own.T @ own
            squares += float(np.square(np.linalg.lstsq(left, rest[part], rcond=1e-10)[0]).sum())
        return squares / sum(map(len, self.parts))


def fit_smooth(u: Floats, v: Floats, z: Floats, run: Ints | None = None, size: int = 0) -> Tensor:
    """The smooth surface of points in the unit square.

    Args:
        u: places across, in [0, 1], shape (n,); the points do not lie on a line.
        v: places up, in [0, 1].
        z: values.
        run: numbers of the runs, where several points come from one; their noise need not be independent then.
        size: splines a side, 0 for the usual number.
    """
    few = len(z) < SMALL or run is not None
    sums = normal(u, v, z, size or (SMALL_SIZE if few else SIZE))
    banded = Banded.of(sums)
    one, other = search(banded.score if run is None else ByRun.of(banded, u, v, z, run).score)
    return _fitted(sums, (one - LESS, other - LESS), (u, v, z, run))


def search(score: Score) -> tuple[float, float]:
    """The powers of ten of the smoothing parameters with the least score.

    A common one first, on a wide grid; then along both and against each other, by parabolas through three scores that
    grow narrower once the least lies between them.
    """
    common = np.linspace(LOWEST, HIGHEST, 8).tolist()
    scores = [score((power, power)) for power in common]
    start = int(np.argmin(scores))
    at, least, width = (common[start], common[start]), scores[start], common[1] - common[0]
    for _ in range(TURNS):
        moved = 0.0
        for direction in ((1, 1), (1, -1)):
            step, at, least = _along(score, at, least, direction, width)
            moved = max(moved, abs(step))
        if moved < 0.9 * width:
            width /= 3
        if width < NARROWEST:
            break
    return at


def _along(
    score: Score, at: tuple[float, float], least: float, direction: tuple[int, int], width: float
) -> tuple[float, tuple[float, float], float]:
    """The best step of up to `width` along a direction, where it leads, and the score there."""

    def moved(step: float) -> tuple[float, float]:
        one, other = (min(max(a + b * step, LOWEST), HIGHEST) for a, b in zip(at, direction, strict=True))
        return one, other

    tried = {0.0: least, **{step: score(moved(step)) for step in (-width, width)}}
    before, after = tried[-width] - least, tried[width] - least
    if np.isfinite(before + after) and before + after > 0:
        lowest = float(np.clip(width / 2 * (before - after) / (before + after), -width, width))
        tried[lowest] = score(moved(lowest))
    step = min(tried, key=tried.__getitem__)
    return step, moved(step), tried[step]


def _fitted(sums: Normal, powers: tuple[float, float], points: tuple[Floats, Floats, Floats, Ints | None]) -> Tensor:
    """Coefficients, the exact trace and the covariance at these smoothing parameters."""
    across, up = penalties(sums.size)
    scale = float(np.trace(sums.matrix)) / sums.size**2
    one, other = (scale * 10.0**power for power in powers)
    whole = sums.matrix + one * across + other * up
    factor, failed = lapack.dpotrf(whole.T, lower=1, clean=1, overwrite_a=1)
    if failed:
        raise ArithmeticError("the penalised normal equations are not definite")
    lower, _ = lapack.dpotri(factor.copy(order="F"), lower=1, overwrite_c=1)
    inverse = lower + lower.T
    inverse[np.diag_indices_from(inverse)] /= 2
    found = np.asarray(lapack.dpotrs(factor, sums.right, lower=1)[0])
    freedom = float(np.sum(inverse * sums.matrix))
    left = max(sums.n - freedom, 1.0)
    variance = _residual(sums, found, [one, other]) / left
    covariance, df = variance * inverse, left
    if points[3] is not None:
        covariance, df = _by_run(inverse, variance, sums, found, points)
    coefficient = found.reshape(sums.size, sums.size) + sums.centre
    known = covariance if df > 0 else None
    return Tensor(coefficient, known, freedom, df, float(np.sqrt(variance)), (one, other))


def _by_run(
    inverse: Floats, variance: float, sums: Normal, found: Floats, points: tuple[Floats, Floats, Floats, Ints | None]
) -> tuple[Floats, float]:
    """The covariance with the noise as sums by run, and its degrees of freedom.

    The residuals of a run are those of the fit without it, as in a jackknife of runs (Liang and Zeger 1986; Bell and
    McCaffrey 2002): with few runs plain residuals are too small. Runs that the fit of their means uses up tell nothing
    of the spread between runs: the degrees of freedom are the runs less the trace of the hat matrix of those means.
    The part from smoothing is that of points that are worth less by the design effect (Kish 1965), the mean variance of
    the fit by runs beside that of independent points.
    """
    u, v, z, run = points
    assert run is not None
    runs = int(run.max()) + 1
    if runs < FEWEST_RUNS:
        return variance * inverse, 0.0
    numbers, values = local(u, v, sums.size)
    rest = z - sums.centre - np.einsum("ij,ij->i", values, found[numbers])
    half, between = np.zeros((runs, sums.size**2)), 0.0
    for one in range(runs):
        part = np.flatnonzero(run == one)
        columns = np.zeros((len(part), sums.size**2))
        np.put_along_axis(columns, numbers[part], values[part], axis=1)
        hat = columns @ inverse @ columns.T
        between += float(hat.sum()) / len(part)
        half[one] = np.linalg.lstsq(np.eye(len(part)) - hat, rest[part], rcond=1e-10)[0] @ columns
    half = half @ inverse
    noise, plain = (runs - 1) / runs * half.T @ half, variance * inverse @ sums.matrix @ inverse
    worth = max(float(np.sum(noise * sums.matrix) / max(np.sum(plain * sums.matrix), 1e-300)), 1.0)
    return noise + worth * (variance * inverse - plain), max(runs - between, 1.0)


def _residual(sums: Normal, found: Floats, weights: Sequence[float]) -> float:
    """Sum of squared residuals at the minimum, z'z − z'Bc − c'Pc; what rounding leaves of nothing is nothing."""
    square = found.reshape(sums.size, sums.size)
    rough = [float(np.square(np.diff(square, 2, axis=axis)).sum()) for axis in (0, 1)]
    left = sums.square - float(sums.right @ found) - float(np.dot(weights, rough))
    return max(left, _EXACT * sums.square, 1e-300)


def _bands(matrix: Floats, size: int) -> Floats:
    """The diagonal and what is below it, as LAPACK wants a banded matrix."""
    rows, bands = len(matrix), 3 * size + 4
    held = np.zeros((bands, rows), order="F")
    for band in range(bands):
        held[band, : rows - band] = np.diagonal(matrix, -band)
    return held
