"""Coverage of the set of the peak and of the loss since it: `python -m benchmarks.coverage_overoptimisation`.

Runs whose gold reward follows the best-of-n or the RL form over √KL, with an intercept of .3 above the form, the peak
at d = 4 and the end at d = 6.4, and errors that are white, autoregressive, autoregressive beside white, moving averages
of ten, or of a size that grows. The KL grows quickly at first, evenly, or is known to 10 % only. What has to
hold is that the nominal 95 % cover at least 90 %. Beside it what other ways give on the same runs:
Fieller's set from Newey and West's errors with fixed-b quantiles (Kiefer and Vogelsang 2005, b = .1), and the
percentile interval of a moving-block bootstrap of residuals, on 200 of them. "Ended" is how often the set ends within
the data. Exits with 1 if a coverage of ours lies below 90 %.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from scipy.signal import lfilter

from benchmarks.covering import LEAST, cell, on_all_cores, tell
from engine.analysis.overoptimisation import forms
from engine.analysis.overoptimisation.found import Asked, found_of, pooled_of
from engine.analysis.overoptimisation.parameters import FORMS
from engine.analysis.overoptimisation.series import Course, Series, of_kl

RESULT = Path(__file__).parent / "results" / "coverage_overoptimisation.md"
PEAK, MOST, SIZE = 4.0, 6.4, 0.25
COLUMNS = ("set of the peak", "loss", "ended", "Newey-West, fixed b", "block bootstrap")
BANDWIDTH, DRAWS = 0.1, 200
OTHERS = 200
"""Simulations in which the other ways are tried."""


@dataclass(frozen=True)
class World:
    """A population of runs: its form, how many points a run has, its errors, how its KL grows, how many runs."""

    form: str
    points: int
    errors: str
    kl: str = "quick"
    runs: int = 1

    def __str__(self) -> str:
        kl = {"quick": "", "even": ", KL even", "noisy": ", KL ± 10 %"}[self.kl]
        return f"{f'{self.runs} runs × ' if self.runs > 1 else ''}{self.points} points, {self.form}, {self.errors}{kl}"


def autoregressive(generator: np.random.Generator, n: int, rho: float) -> np.ndarray:
    return np.asarray(lfilter([1], [1, -rho], generator.normal(size=n + 300))[300:] * np.sqrt(1 - rho**2))


def errors_of(world: World, generator: np.random.Generator) -> np.ndarray:
    n = world.points
    if world.errors == "moving average":
        return np.convolve(generator.normal(size=n + 9), np.ones(10), "valid") / np.sqrt(10)
    if world.errors == "AR .9 + white":
        return (autoregressive(generator, n, 0.9) + generator.normal(size=n)) / np.sqrt(2)
    if world.errors == "AR .5 growing":
        return autoregressive(generator, n, 0.5) * np.linspace(0.4, 1.6, n)
    return autoregressive(generator, n, {"white": 0.0, "AR .5": 0.5, "AR .9": 0.9}[world.errors])


def height(form: str, d: np.ndarray) -> np.ndarray:
    """The curve, 1.6 high at its peak."""
    x = d / PEAK
    return 1.6 * (x * (2 - x) if form == forms.BON else x - forms.bend(forms.RL, x))


def drawn(world: World, generator: np.random.Generator) -> Series:
    d = MOST * np.linspace(0, 1, world.points) ** (0.5 if world.kl == "even" else 0.6)
    gold = 0.3 + height(world.form, d) + SIZE * errors_of(world, generator)
    seen = d**2 * (1 + 0.1 * generator.normal(size=world.points)) if world.kl == "noisy" else d**2
    step = np.arange(float(world.points))
    return of_kl("one", Course(step, seen), {"gold": Course(step, gold)})


# ------------------------------------------------------------------ other ways


def newey_west(x: np.ndarray, y: np.ndarray, lags: int) -> tuple[np.ndarray, np.ndarray]:
    """Least squares with the covariance by Newey and West (1987), Bartlett weights up to so many lags."""
    beta = np.linalg.lstsq(x, y, rcond=None)[0]
    scores = x * (y - x @ beta)[:, None]
    middle = scores.T @ scores
    for lag in range(1, lags + 1):
        product = scores[lag:].T @ scores[:-lag]
        middle += (1 - lag / (lags + 1)) * (product + product.T)
    outside = np.linalg.inv(x.T @ x)
    return beta, outside @ middle @ outside


def by_newey_west(world: World, d: np.ndarray, y: np.ndarray) -> bool:
    beta, covariance = newey_west(forms.design(world.form, d), y, max(int(BANDWIDTH * len(d)) - 1, 0))
    row = forms.slopes(world.form, np.array([PEAK]))[0]
    quantile = 1.96 + 2.9694 * BANDWIDTH + 0.416 * BANDWIDTH**2 - 0.5324 * BANDWIDTH**3
    return bool(abs(row @ beta) <= quantile * np.sqrt(row @ covariance @ row))


def by_blocks(world: World, d: np.ndarray, y: np.ndarray, generator: np.random.Generator) -> bool:
    x = forms.design(world.form, d)
    solve = np.linalg.pinv(x)
    beta = solve @ y
    rest = y - x @ beta
    length = max(round(1.5 * len(d) ** (1 / 3)), 2)
    starts = generator.integers(0, len(d) - length + 1, (DRAWS, -(-len(d) // length)))
    places = (starts[:, :, None] + np.arange(length)).reshape(DRAWS, -1)[:, : len(d)]
    found = (x @ beta + rest[places]) @ solve.T
    peaks = [forms.peak(world.form, a, b) for _, a, b in found.tolist()]
    low, high = np.quantile(np.minimum(peaks, 1e9), [0.025, 0.975])
    return bool(low <= PEAK <= high)


# ------------------------------------------------------------------ running and telling


def cover(world: World, simulations: int) -> tuple[World, Mapping[str, float | None]]:
    """How often each covered."""
    asked = Asked(FORMS, 0.95, 0)
    hits: dict[str, list[bool]] = {name: [] for name in COLUMNS}
    for number in range(simulations):
        generator = np.random.default_rng([number, world.points, len(world.errors)])
        series = {str(place): drawn(world, generator) for place in range(world.runs)}
        one = series["0"]
        found = found_of(one, "gold", asked) if world.runs == 1 else pooled_of(series, "gold", asked)
        assert found is not None
        peak = found.peak
        hits[COLUMNS[0]].append(not peak.valley and peak.low <= PEAK and (peak.high is None or peak.high >= PEAK))
        lost, true = found.levels()["gold_lost"], 1.6 - float(height(world.form, np.array([found.now]))[0])
        hits[COLUMNS[1]].append(bool(lost.low is not None and lost.high is not None and lost.low <= true <= lost.high))
        hits[COLUMNS[2]].append(peak.high is not None)
        if world.runs == 1 and number < OTHERS:
            d, y = np.sqrt(one.kl.value), one.courses["gold"].value
            hits[COLUMNS[3]].append(by_newey_west(world, d, y))
            hits[COLUMNS[4]].append(by_blocks(world, d, y, generator))
    return world, {name: float(np.mean(each)) if each else None for name, each in hits.items()}


def worlds() -> list[World]:
    plain = [
        World(form, points, errors)
        for errors in ("AR .9", "AR .5", "white")
        for points, form in ((24, "bon"), (24, "rl"), (80, "bon"), (200, "rl"))
    ]
    mixed = ("AR .9 + white", "moving average", "AR .5 growing")
    others = [World("bon", 80, errors) for errors in mixed]
    kls = [World("rl", 80, "AR .9", kl) for kl in ("even", "noisy")]
    several = [World("bon", 12, "AR .9", runs=runs) for runs in (5, 8)]
    return [*plain, *others, *kls, *several]


def main() -> int:
    """Simulate, write the table, say what lies below."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=None)
    parser.add_argument("--result", type=Path, default=RESULT)
    chosen = parser.parse_args()
    started = time.perf_counter()
    lines, wrong = ["", f"| runs | {' | '.join(COLUMNS)} |", "|---|---:|---:|---:|---:|---:|"], []
    for world, shares in on_all_cores(partial(cover, simulations=chosen.simulations), worlds(), chosen.processes):
        ours = [cell(shares[name], right=(shares[name] or 0) >= LEAST) for name in COLUMNS[:2]]
        others = [cell(shares[name], right=True) for name in COLUMNS[2:]]
        lines.append(f"| {world} | {' | '.join([*ours, *others])} |")
        wrong += [f"{name} ({world}): {shares[name]:.1%}" for name in COLUMNS[:2] if (shares[name] or 0) < LEAST]
    told = f"{chosen.simulations:,} simulations a population, {time.perf_counter() - started:.0f} s. "
    told += f"Below 90 %: {len(wrong)}."
    return tell(chosen.result, "Coverage of over-optimisation", __doc__, told, lines, wrong)


if __name__ == "__main__":
    sys.exit(main())
