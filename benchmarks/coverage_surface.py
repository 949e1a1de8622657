"""Coverage of the intervals of surfaces and sweeps: `python -m benchmarks.coverage_surface`.

Populations: trials scattered over two parameters with independent noise, on a hill, on a ridge that rises to the edge,
on nothing, on Franke's function (1979) where there are trials enough to see its peaks; runs of 20 points each whose
height moves as a whole, over a parameter and the step; settings repeated with three seeds. Held against the truth: the
band at all places of the hull (mean share), the height at the best point, where the best lies (the region), the range
of the main effects, and of a sweep the mean of a setting and whether the truly best is among those not told apart.
Exits with 1 if one covers less than 90 %. Region and main effects are bounds for all places at once, so that more than
99 % is not held against them.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.covering import tell
from engine.analysis import ANALYSES, SurfaceParameters
from engine.analysis.surface import surface_of
from engine.analysis.surface.decide import ENOUGH, decide
from engine.analysis.surface.pictures import spread_of
from engine.types import Rows
from tests.analysis.trialing import franke, hill, places, rows

RESULT = Path(__file__).parent / "results" / "coverage_surface.md"
AT = np.linspace(0, 1, 61)
Truth = Callable[[np.ndarray, np.ndarray], np.ndarray]


def ridge(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Highest at the edge of v."""
    return 0.4 * v - (u - 0.4) ** 2


def level(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The same everywhere."""
    return 0 * (u + v)


@dataclass(frozen=True)
class World:
    """A surface, how many trials there are on it, and how noisy they are; of runs every point has its step."""

    name: str
    truth: Truth
    trials: int
    noise: float
    steps: int = 1

    def draw(self, generator: np.random.Generator) -> Rows:
        if self.steps == 1:
            u, v = places(self.trials, int(generator.integers(2**31)))
            return rows(self.truth(u, v) + generator.normal(0, self.noise, self.trials), {"a": u, "b": v})
        u = np.repeat(np.linspace(0, 1, self.trials), self.steps)
        step = np.tile(np.arange(self.steps), self.trials)
        own = np.repeat(generator.normal(0, self.noise, self.trials), self.steps)
        z = self.truth(u, step / (self.steps - 1)) + own + generator.normal(0, self.noise / 2, len(u))
        return rows(z, {"a": u}, [f"r{run:02}" for run in range(self.trials) for _ in range(self.steps)], step)


def surfaces(world: World, generator: np.random.Generator) -> dict[str, float]:
    """Whether each interval of one draw covers; of the band the share of places."""
    params = SurfaceParameters(log_x="off", log_y="off")
    state = ANALYSES["surface"].observe(world.draw(generator), params)
    _, points, surface = surface_of(state, params)
    decision = decide(surface, points, False, params.level)
    across, up = points.x.value(AT), points.y.value(AT) / (world.steps - 1 if world.steps > 1 else 1)
    inside = surface.hull.inside(AT, AT)
    truth = np.where(inside, world.truth(*np.meshgrid(across, up)), np.nan)
    error = surface.errors(AT, AT)
    assert error is not None
    assert decision.spans is not None
    held = np.abs(surface.values(AT, AT) - truth) <= spread_of(surface, params.level) * error
    found = {"band": float(held[inside].mean())}
    place = tuple(int(np.argmin(np.abs(AT - one))) for one in reversed(decision.best))
    value = decision.value
    found["best_value"] = float((value.low or 0) <= truth[place] <= (value.high or 0))
    top = np.unravel_index(int(np.nanargmax(truth)), truth.shape)
    found["region"] = float(decision.region[top])
    for axis, (name, curve) in enumerate(zip(("effect_x", "effect_y"), decision.effects, strict=True)):
        count = inside.sum(axis=axis)
        mean = np.nansum(truth, axis=axis)[count >= ENOUGH * count.max()] / count[count >= ENOUGH * count.max()]
        found[name] = float((curve.span.low or 0) <= mean.max() - mean.min() <= (curve.span.high or 0))
    return found


def sweeps(means: np.ndarray, generator: np.random.Generator) -> dict[str, float]:
    """Three seeds of each setting."""
    z = np.repeat(means, 3) + generator.normal(0, 0.05, 3 * len(means))
    given = rows(z, {"a": np.repeat(np.arange(len(means)), 3), "seed": np.tile(np.arange(3), len(means))})
    analysis = ANALYSES["sweep"]
    result = analysis.conclude(analysis.observe(given, analysis.parameters()), analysis.parameters())
    told = {round(row["config"]["a"]): row for row in result.pictures["trials"]["rows"]}
    one = told[0]
    best = int(np.argmax(means))
    return {"setting": float(one["low"] <= means[0] <= one["high"]), "truly best": float(told[best]["not_apart"])}


WORLDS = [
    World("hill, 30 trials", hill, 30, 0.03),
    World("hill, 80 trials", hill, 80, 0.03),
    World("hill, 250 trials", hill, 250, 0.1),
    World("ridge, 40 trials", ridge, 40, 0.03),
    World("no difference, 40 trials", level, 40, 0.1),
    World("Franke, 250 trials", franke, 250, 0.05),
    World("Franke, 1,000 trials", franke, 1000, 0.05),
    World("hill, 24 runs × 20 steps", hill, 24, 0.03, 20),
]
SWEEPS = {"sweep, 12 near each other": np.append(np.zeros(11), 0.02), "sweep, 6 apart": np.arange(6) / 10}


def main() -> int:
    """Simulate, write the table, say what lies outside."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--result", type=Path, default=RESULT)
    chosen = parser.parse_args()
    started = time.perf_counter()
    lines, wrong = ["", "| population | estimate | coverage |", "|---|---|---:|"], []
    cases: list[tuple[str, Callable[[np.random.Generator], dict[str, float]]]] = [
        *((world.name, partial(surfaces, world)) for world in WORLDS),
        *((name, partial(sweeps, means)) for name, means in SWEEPS.items()),
    ]
    for seed, (name, cover) in enumerate(cases):
        found: dict[str, list[float]] = {}
        for number in range(chosen.simulations):
            for estimate, held in cover(np.random.default_rng([seed, number])).items():
                found.setdefault(estimate, []).append(held)
        for estimate, each in found.items():
            share = float(np.mean(each))
            lines.append(f"| {name} | {estimate} | {share:.1%} |")
            if share < 0.9:
                wrong.append(f"{name}, {estimate}: {share:.1%}")
        print(f"{time.perf_counter() - started:5.0f} s  {name}", flush=True)
    told = f"{chosen.simulations:,} simulations a population, {time.perf_counter() - started:.0f} s. "
    told += f"Below 90 %: {len(wrong)}."
    return tell(chosen.result, "Coverage of surfaces and sweeps", __doc__, told, lines, wrong)


if __name__ == "__main__":
    sys.exit(main())
