"""Coverage of the comparison's intervals, and ships that were wrong: `python -m benchmarks.coverage_compare`.

Populations: two judges right or wrong on independent pairs (few or many prompts on which they differ, equal or not),
several pairs a prompt with correlated outcomes, raw scores, four judges at once. Each is drawn 1,000 times; each
nominal 95 % interval is held against the truth (of four judges: all six intervals together). Then null projects: the
candidate is worse by exactly δ, somebody looks after every 50 labels and ships at the first "ship". Exits with 1 if a
coverage lies outside 90 to 99 % or if live intervals ship more often than 5 %.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.covering import LEAST, MOST, tell
from engine.analysis import Compare, CompareParameters
from engine.types import Result, Rows

RESULT = Path(__file__).parent / "results" / "coverage_compare.md"
LOOK, LOOKS, DELTA = 50, 20, 0.02
ANALYSIS = Compare()

Marks = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class World:
    """A population: who draws marks by system and the prompt of each, and the true mean of each system."""

    name: str
    draw: Callable[[np.random.Generator], tuple[Marks, np.ndarray]]
    means: Mapping[str, float]
    metric: str = "accuracy"


def independent(n: int, apart: float, better: float, base: float = 0.6) -> World:
    """Two judges that differ on a share `apart` of n prompts, the second better by `better`."""

    def draw(generator: np.random.Generator) -> tuple[Marks, np.ndarray]:
        first_only, second_only = (apart - better) / 2, (apart + better) / 2
        cells = generator.choice(4, n, p=[base - first_only, first_only, second_only, 1 - base - second_only])
        return {"first": (cells <= 1) * 1.0, "second": ((cells == 0) | (cells == 2)) * 1.0}, np.arange(n)

    name = f"{n:,} pairs, {apart:.0%} told differently, better by {better:g}"
    return World(name, draw, {"first": base, "second": base + better})


def clustered(prompts: int, answers: int, better: float) -> World:
    """Several pairs a prompt: the prompt moves both judges, and each of them apart."""

    def draw(generator: np.random.Generator) -> tuple[Marks, np.ndarray]:
        prompt = np.repeat(np.arange(prompts), answers)
        moved = generator.uniform(-0.25, 0.25, prompts)
        own = generator.uniform(-0.1, 0.1, (2, prompts))
        share = {"first": 0.6 + moved + own[0], "second": 0.6 + better + moved + own[1]}
        marks = {name: (generator.random(len(prompt)) < each[prompt]) * 1.0 for name, each in share.items()}
        return marks, prompt

    return World(f"{prompts:,} prompts × {answers}, better by {better:g}", draw, {"first": 0.6, "second": 0.6 + better})


def valued(prompts: int, answers: int) -> World:
    """Raw scores with a prompt's own level, skewed noise."""

    def draw(generator: np.random.Generator) -> tuple[Marks, np.ndarray]:
        prompt = np.repeat(np.arange(prompts), answers)
        level = generator.normal(3, 2, prompts)[prompt]
        own = generator.normal(0, 0.5, (2, prompts))[:, prompt]
        noise = generator.gamma(1.0, 1.0, (2, len(prompt)))
        return {"first": level + own[0] + noise[0], "second": level + own[1] + noise[1] + 0.2}, prompt

    return World(f"scores, {prompts:,} prompts × {answers}", draw, {"first": 4.0, "second": 4.2}, "value")


def four(n: int) -> World:
    """Four judges of whom two are equal."""
    means = {"a": 0.60, "b": 0.60, "c": 0.64, "d": 0.55}

    def draw(generator: np.random.Generator) -> tuple[Marks, np.ndarray]:
        alike, shared = generator.random(n) < 0.6, generator.random(n)
        marks = {name: (np.where(alike, shared, generator.random(n)) < share) * 1.0 for name, share in means.items()}
        return marks, np.arange(n)

    return World(f"four judges, {n:,} pairs", draw, means)


WORLDS = [
    independent(100, 0.3, 0.0),
    independent(350, 0.3, 0.0),
    independent(350, 0.3, 0.05),
    independent(350, 0.03, 0.0),
    independent(350, 0.03, 0.02),
    independent(2000, 0.2, 0.02),
    independent(2000, 0.01, 0.005, base=0.9),
    clustered(60, 8, 0.0),
    clustered(120, 24, 0.03),
    clustered(500, 4, 0.0),
    valued(60, 1),
    valued(350, 1),
    valued(120, 24),
    four(350),
    four(2000),
]


def rows_of(marks: Marks, prompt: np.ndarray, generator: np.random.Generator, metric: str) -> Rows:
    """Canonical rows: comparisons of several judges, or scores of several items."""
    names, n = sorted(marks), len(prompt)
    hashes = generator.integers(0, 2**63, prompt.max() + 1, dtype=np.uint64)[prompt]
    column = np.concatenate([marks[name] for name in names])
    shared = {"prompt_hash": np.tile(hashes, len(names)), "row_hash": np.arange(len(column), dtype=np.uint64)}
    shared["bucket"] = (shared["prompt_hash"] % np.uint64(4096)).astype(np.uint16)
    codes = (np.repeat(np.arange(len(names)), n).astype(np.int32), names)
    if metric == "value":
        return Rows("score", {"value": column, **shared}, {}, {"item": codes})
    label = np.ones(len(column))
    side = {"side_a": np.tile(np.arange(n, dtype=np.uint64), len(names)), "side_b": np.zeros(len(column), np.uint64)}
    return Rows("comparison", {"margin": 2 * column - 1, "label": label, **side, **shared}, {}, {"judge": codes})


def concluded(rows: Rows, **params: object) -> Result:
    """The whole way from rows to a result."""
    parameters = CompareParameters.parse(params)
    return ANALYSIS.conclude(ANALYSIS.observe(rows, parameters), parameters)


def cover(world: World, simulations: int, seed: int) -> dict[str, float]:
    """How often each interval covered."""
    hits: dict[str, list[bool]] = {}
    names = sorted(world.means)
    for number in range(simulations):
        generator = np.random.default_rng([seed, number])
        marks, prompt = world.draw(generator)
        result = concluded(rows_of(marks, prompt, generator, world.metric), seed=number)
        for item in result.items:
            truth = world.means[item["item"]]
            hits.setdefault(f"{world.metric} of {item['item']}", []).append(item["low"] <= truth <= item["high"])
        table = result.pictures["pairs"]
        place = {name: at for at, name in enumerate(table["systems"])}
        held = [
            table["low"][place[one]][place[two]]
            <= world.means[one] - world.means[two]
            <= table["high"][place[one]][place[two]]
            for one in names
            for two in names
            if one < two
        ]
        hits.setdefault("difference" if len(names) == 2 else "all six differences", []).append(all(held))
    return {name: float(np.mean(each)) for name, each in hits.items()}


def wrong_ships(projects: int, live: str, apart: float) -> float:
    """How often a candidate worse by exactly δ is shipped at some look."""
    shipped = 0
    world = independent(LOOK * LOOKS, apart, -DELTA)
    for number in range(projects):
        generator = np.random.default_rng([97, number])
        marks, prompt = world.draw(generator)
        rows = rows_of(marks, prompt, generator, "accuracy")
        order = np.argsort(prompt[np.arange(len(rows)) % len(prompt)], kind="stable")
        for look in range(1, LOOKS + 1):
            seen = np.sort(order[: 2 * LOOK * look])
            part = Rows(
                rows.kind,
                {name: column[seen] for name, column in rows.columns.items()},
                {},
                {name: (codes[seen], values) for name, (codes, values) in rows.names.items()},
            )
            if concluded(part, live=live, baseline="first", delta=DELTA).verdict == "ship":
                shipped += 1
                break
    return shipped / projects


def main() -> int:
    """Simulate, write the tables, say what lies outside."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--projects", type=int, default=1000)
    parser.add_argument("--result", type=Path, default=RESULT)
    chosen = parser.parse_args()
    started = time.perf_counter()
    lines, wrong = ["", "## Intervals", "", "| population | estimate | coverage |", "|---|---|---:|"], []
    for seed, world in enumerate(WORLDS):
        for name, share in cover(world, chosen.simulations, seed).items():
            lines.append(f"| {world.name} | {name} | {share:.1%} |")
            most = MOST if "six" not in name else 1.0
            if not LEAST <= share <= most:
                wrong.append(f"{world.name}, {name}: {share:.1%}")
        print(f"{time.perf_counter() - started:5.0f} s  {world.name}", flush=True)
    lines += ["", f"## Null projects looked at after every {LOOK} labels, {LOOKS} looks", ""]
    lines += ["| prompts told differently | intervals | shipped, though worse by δ |", "|---:|---|---:|"]
    for apart in (0.1, 0.3):
        for live, name in (("yes", "live: confidence sequence"), ("no", "fixed: one look")):
            share = wrong_ships(chosen.projects, live, apart)
            lines.append(f"| {apart:.0%} | {name} | {share:.1%} |")
            print(f"{time.perf_counter() - started:5.0f} s  {name}, {apart:.0%}: {share:.1%}", flush=True)
            if live == "yes" and share > 0.05:
                wrong.append(f"{name}, {apart:.0%}: {share:.1%}")
    told = f"{chosen.simulations:,} simulations a population, {chosen.projects:,} projects, "
    told += f"{time.perf_counter() - started:.0f} s. Outside: {len(wrong)}."
    return tell(chosen.result, "Coverage of the comparison", __doc__, told, lines, wrong)


if __name__ == "__main__":
    sys.exit(main())
