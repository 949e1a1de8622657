"""Coverage of every interval of the calibration analysis on simulated truth: `python -m benchmarks.coverage`.

Worlds: pairs (single labels, and five votes a pair) and scores; calibrated, over- and under-confident; 350, 2,000 and
20,000 independent rows, and prompts × answers with correlated outcomes (120 × 24, 500 × 24, 3,000 × 8). Each is drawn
1,000 times or more; each nominal 95 % interval is held against the truth of its population. Exits with 1 if a coverage
lies outside 90 to 99 %.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from scipy.special import expit, log_expit, logit, ndtri

from benchmarks.covering import cell, on_all_cores, outside, tell
from engine.analysis import Calibration, CalibrationParameters
from engine.analysis.calibration.error import calibration_error
from engine.analysis.calibration.estimates import with_intervals
from engine.analysis.calibration.recalibrate import recalibrator
from engine.analysis.calibration.view import View
from engine.analysis.links import fit_platt, fit_slope
from engine.analysis.metrics import equal_mass_groups
from engine.types import Rows

LEVEL = 0.95
KINDS = ("pairs", "voted pairs", "scores")
STRETCH = {"calibrated": 1.0, "over-confident": 1.7, "under-confident": 0.6}
DESIGNS = {
    "350": (350, 1),
    "2,000": (2_000, 1),
    "20,000": (20_000, 1),
    "120 × 24": (120, 24),
    "500 × 24": (500, 24),
    "3,000 × 8": (3_000, 8),
}
PROMPT_SPREAD = 1.0
VOTES = 5
BINS = 15
POPULATION = 60_000
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(41)
RESULT = Path(__file__).parent / "results" / "coverage.md"


@dataclass(frozen=True)
class World:
    """One population: how rows arise, and how the score distorts their probability."""

    kind: str
    model: str
    design: str

    def __str__(self) -> str:
        return f"{self.kind}, {self.model}, {self.design}"

    @property
    def prompts(self) -> int:
        return DESIGNS[self.design][0]

    @property
    def answers(self) -> int:
        return DESIGNS[self.design][1]

    @property
    def paired(self) -> bool:
        return self.kind != "scores"


@dataclass(frozen=True)
class Sample:
    """Rows: the logit that the model gives (pairs: to the answer it prefers), the true probability, the prompt."""

    margin: np.ndarray
    truth: np.ndarray
    prompt: np.ndarray


def draw(world: World, prompts: int, generator: np.random.Generator) -> Sample:
    """Rows of a world. With several answers a prompt, its own difficulty, unseen by the model, moves all of them."""
    prompt = np.repeat(np.arange(prompts), world.answers)
    x = generator.normal(0.6, 1.3, len(prompt))
    x = np.abs(x) if world.paired else x
    if world.answers == 1:
        return Sample(x * STRETCH[world.model], expit(x), prompt)
    unseen = generator.normal(0, PROMPT_SPREAD, prompts)[prompt]
    return Sample(logit(_marginal(x)) * STRETCH[world.model], expit(x + unseen), prompt)


GRID = np.linspace(-9, 9, 2001)
ON_GRID = expit(GRID[:, None] + PROMPT_SPREAD * NODES)


def _marginal(x: np.ndarray, power: int = 1) -> np.ndarray:
    """Mean of sigmoid(x + u) to a power over u ~ N(0, PROMPT_SPREAD²)."""
    return np.interp(x, GRID, ON_GRID**power @ (WEIGHTS / WEIGHTS.sum()))


# ------------------------------------------------------------------ one sample


def rows_of(world: World, sample: Sample, generator: np.random.Generator) -> Rows:
    """Canonical rows with labels drawn; pairs in random orientation and display order."""
    n = len(sample.prompt)
    hashes = generator.integers(0, 2**63, sample.prompt[-1] + 1, dtype=np.uint64)[sample.prompt]
    shared = {"bucket": (hashes % np.uint64(4096)).astype(np.uint16), "row_hash": hashes, "prompt_hash": hashes}
    votes = VOTES if world.kind == "voted pairs" else 1
    label = generator.binomial(votes, sample.truth) / votes
    if not world.paired:
        return Rows("score", {"value": expit(sample.margin), "truth": label, **shared})
    turned = generator.random(n) < 0.5
    columns = {
        "margin": np.where(turned, -sample.margin, sample.margin),
        "label": np.where(turned, 1 - label, label),
        "first": generator.integers(0, 2, n).astype(np.int8),
        "votes": np.full(n, votes, np.int32),
    }
    return Rows("comparison", {**columns, **shared})


def intervals(rows: Rows) -> dict[str, tuple[float, float]]:
    """The analysis' intervals on these rows; an open end is infinite."""
    view = View(Calibration().observe(rows, CalibrationParameters()), BINS)
    error = calibration_error(view.count_by_fifteen, view.by_bucket_and_bin(view.residual, view.fifteen), LEVEL)
    found = with_intervals(view, error, LEVEL)
    bounds = {
        name: (one.low, np.inf if one.high is None else one.high)
        for name, one in found.items()
        if one.low is not None and one.low != one.high
    }
    recalibrated = recalibrator("temperature", view, LEVEL)
    if recalibrated is not None:
        bounds["calibration_error_recalibrated"] = (recalibrated.error.low, recalibrated.error.high)
    return bounds


# ------------------------------------------------------------------ the truth of a population


def truth(world: World) -> dict[str, float]:
    """Every estimate's value in the population: an even grid of its quantiles, prompts' own moves integrated out."""
    x = 0.6 + 1.3 * ndtri((np.arange(POPULATION) + 0.5) / POPULATION)
    x = np.sort(np.abs(x) if world.paired else x)
    clustered = world.answers > 1
    q = _marginal(x) if clustered else expit(x)
    q_square = _marginal(x, power=2) if clustered else np.square(q)
    margin = logit(q) * STRETCH[world.model]
    p = expit(margin)
    ones = np.ones((1, len(p)))
    slope = float(fit_slope(margin, ones, q[None])[0, 0])
    steeper = slope if world.paired else float(fit_platt(margin, ones, q[None])[0, 0])
    label_square = q_square + (q - q_square) / (VOTES if world.kind == "voted pairs" else 1)
    base = 0.5 if world.paired else float(q.mean())
    return {
        "accuracy": float(np.where(margin > 0, q, 1 - q).mean()),
        "base_rate": base,
        "mean_score": 0.5 if world.paired else float(p.mean()),
        "mean_confidence": float(np.maximum(p, 1 - p).mean()),
        "calibration_error": _error(p, q),
        "calibration_error_recalibrated": _error(expit(slope * margin), q),
        "brier": float(np.mean(np.square(p) - 2 * p * q + label_square)),
        "brier_resolution": _resolution(p, q, base),
        "brier_uncertainty": float(np.mean(label_square - 2 * base * q + base**2)),
        "nll": float(np.mean((1 - q) * margin - log_expit(margin))),
        "temperature": 1 / slope,
        "platt_slope": steeper,
        "position_bias": 0.0,
        "label_noise_ceiling": 0.5 + 0.5 * float(np.sqrt(1 - 4 * np.mean(q - q_square))),
    }


def _error(p: np.ndarray, q: np.ndarray) -> float:
    group = equal_mass_groups(np.ones(len(p)), BINS)
    gap = np.bincount(group, p - q) / np.bincount(group)
    return float(np.sqrt(np.mean(np.square(gap))))


def _resolution(p: np.ndarray, q: np.ndarray, base: float) -> float:
    group = np.minimum((p * BINS).astype(int), BINS - 1)
    count = np.maximum(np.bincount(group, minlength=BINS), 1)
    rate = np.bincount(group, q, minlength=BINS) / count
    return float(np.mean(np.square(rate[group] - base)))


# ------------------------------------------------------------------ running and telling


def cover(task: tuple[World, int, int]) -> tuple[World, Counter[str], Counter[str]]:
    """How often each interval of a world covered, and how often there was one."""
    world, simulations, seed = task
    expected = truth(world)
    covered: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    for number in range(simulations):
        generator = np.random.default_rng([seed, number])
        rows = rows_of(world, draw(world, world.prompts, generator), generator)
        for name, (low, high) in intervals(rows).items():
            tried[name] += 1
            covered[name] += low - 1e-9 <= expected[name] <= high + 1e-9
    return world, covered, tried


def table(results: dict[World, dict[str, float]]) -> list[str]:
    """One table per kind and model: a line an estimate, a column a design; outside values in bold."""
    lines = []
    for kind, model in product(KINDS, STRETCH):
        worlds = [world for world in results if (world.kind, world.model) == (kind, model)]
        if not worlds:
            continue
        lines += ["", f"## {kind}, {model}", "", "| estimate | " + " | ".join(world.design for world in worlds) + " |"]
        lines.append("|---|" + "---:|" * len(worlds))
        for name in dict.fromkeys(name for world in worlds for name in results[world]):
            shares = [results[world].get(name) for world in worlds]
            lines.append(f"| {name} | " + " | ".join(map(cell, shares)) + " |")
    return lines


def main() -> int:
    """Simulate all worlds on all cores, write the tables, say what lies outside."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--designs", nargs="*", default=list(DESIGNS))
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--result", type=Path, default=RESULT)
    chosen = parser.parse_args()
    started = time.perf_counter()
    worlds = [World(*key) for key in product(chosen.kinds, STRETCH, chosen.designs)]
    tasks = [(world, chosen.simulations, seed) for seed, world in enumerate(worlds)]
    done = on_all_cores(cover, tasks, os.cpu_count())
    results = {world: {name: covered[name] / tried[name] for name in tried} for world, covered, tried in done}
    wrong = outside(results)
    told = f"{chosen.simulations:,} simulations a world, {time.perf_counter() - started:.0f} s. "
    told += f"Outside 90–99 %: {len(wrong)} of {sum(map(len, results.values()))}."
    return tell(chosen.result, "Coverage of nominal 95 % intervals", __doc__, told, table(results), wrong)


if __name__ == "__main__":
    sys.exit(main())
