"""Coverage of the intervals of agreement and judges on simulated truth: `python -m benchmarks.coverage_agreement`.

Crowds: six annotators who are right with probability .94 to .55, or six alike (.8); two or three of them a unit; 100,
300 and 1,000 units, with and without true ties, one prompt a unit or five units a prompt. `uneven`: prompts differ in
difficulty, which moves everybody on all five units of a prompt, so that words on a unit depend on each other.
`quality`, `agreement with the rest` and `position bias of each` are shares over all annotators of all crowds; the model
behind `quality` takes words to be independent given the truth, so it is left out of the uneven crowds; it is fitted to
250 draws, which makes 1,500 intervals of quality and 250 of `consensus_accuracy`. The simulator's
votes are those that the product's own simulator writes, all six annotators on each item.

Judges: "new" against "old" under a judge who leans to "new": 300 and 2,000 independent pairs, 120 × 24 and 500 × 8
pairs of prompts of their own difficulty, one to three in ten labelled at random. Each world is drawn 1,000 times or
more; the truth is exact for win rates and qualities, else the same statistic of a population of its own. Exits with 1
if a coverage lies outside 90 to 99 %.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.covering import cell, on_all_cores, outside, tell
from engine.analysis.agreement.estimates import coefficients, habits
from engine.analysis.agreement.kappas import cohen, rater_pairs
from engine.analysis.agreement.raters import table as table_of_raters
from engine.analysis.agreement.view import View
from engine.types import Estimate, Result, Rows
from jobs.simulator import training
from jobs.simulator.truth import Truth
from tests.analysis import crowds, judges

POPULATION = 60_000
QUALITIES = {"unequal": (0.94, 0.90, 0.86, 0.80, 0.75, 0.55), "alike": (0.8,) * 6}
MODELS = 250
"""Draws of a crowd to which Dawid and Skene's model is fitted."""

CROWDS = {
    "100, two words": {"units": 100, "per_unit": 2},
    "300": {"units": 300},
    "300, ties": {"units": 300, "ties": 0.3},
    "1,000, ties": {"units": 1000, "ties": 0.3},
    "60 × 5": {"units": 300, "prompts": 60},
    "60 × 5, uneven": {"units": 300, "prompts": 60, "uneven": True},
}
FOR_ALIKE = ("300, ties", "60 × 5, uneven")
JUDGES = {"300": (300, 1, 0.3), "2,000": (2000, 1, 0.1), "120 × 24": (120, 24, 0.1), "500 × 8": (500, 8, 0.2)}
SPREAD = {"unequal": 1.0, "alike": 0.0}
TICKS = 400
SIMULATOR = "simulator"
RESULT = Path(__file__).parent / "results" / "coverage_agreement.md"

Bounds = list[tuple[str, float, float, float]]
"""Name, low, high and truth of each interval."""


@dataclass(frozen=True)
class World:
    """One population: `kind` crowd, judge or simulator, which annotators (or how unlike prompts), which design."""

    kind: str
    who: str
    design: str

    def __str__(self) -> str:
        return f"{self.kind}, {self.who}, {self.design}"


def worlds() -> list[World]:
    """All of them."""
    found = [World("crowd", *key) for key in product(QUALITIES, CROWDS)]
    found = [one for one in found if one.who == "unequal" or one.design in FOR_ALIKE]
    found += [World("judge", *key) for key in product(SPREAD, JUDGES)]
    return [*found, World(SIMULATOR, "votes", f"{TICKS} ticks")]


# ------------------------------------------------------------------ one draw


def bounds(world: World, seed: int, *, whole: bool) -> Bounds:
    """Every interval of one draw beside its truth; where not `whole`, all but those of Dawid and Skene's model."""
    if world.kind == "judge":
        return _of_judge(world, seed)
    if world.kind == SIMULATOR:
        right = simulated_quality()
        return [
            ("quality", line["low"], line["high"], right[line["item"]]) for line in crowds.conclude(votes(seed)).items
        ]
    return _of_crowd(world, seed, whole=whole)


def _of_crowd(world: World, seed: int, *, whole: bool) -> Bounds:
    quality, population = QUALITIES[world.who], truth(world)
    estimates, items = _told(_crowd(world, seed), whole=whole)
    agreement = {line["item"]: line["agreement"] for line in population.items}
    found = _estimates(estimates, {name: one.value for name, one in population.estimates.items()})
    for line in items:
        right = quality[int(line["item"][-2:])]
        for name, key, expected in (
            ("quality", "", right),
            ("agreement with the rest", "agreement", agreement[line["item"]]),
            ("position bias of each", "position_bias", 0.0),
        ):
            low, high = (line["low"], line["high"]) if not key else (line[f"{key}_low"], line[f"{key}_high"])
            if low is not None and not (name == "quality" and "uneven" in world.design):
                found.append((name, low, high, expected))
    return found


def _told(rows: Rows, *, whole: bool) -> tuple[Mapping[str, Estimate], list[dict[str, Any]]]:
    """The estimates and the lines of the annotators."""
    if whole:
        result = crowds.conclude(rows)
        return result.estimates, result.items
    view = View(crowds.ANALYSIS.observe(rows, crowds.DEFAULTS))
    level = crowds.DEFAULTS.level
    found = coefficients(view, level) | cohen(view, rater_pairs(view), level) | habits(view, level)
    return found, table_of_raters(view, None, level, crowds.DEFAULTS.false_discovery).items


def _crowd(world: World, seed: int, units: int | None = None) -> Rows:
    design = dict(CROWDS[world.design])
    if units is not None:
        each = design["units"] // design.get("prompts", design["units"])
        design |= {"units": units, "prompts": units // each}
    return crowds.crowd(quality=QUALITIES[world.who], seed=seed, **design)


def _of_judge(world: World, seed: int) -> Bounds:
    prompts, answers, labelled = JUDGES[world.design]
    rows = judges.world(prompts, answers, labelled=labelled, spread=SPREAD[world.who], seed=seed)
    exact = judges.true_win_rate(SPREAD[world.who])
    expected = {name: one.value for name, one in truth(world).estimates.items()}
    return _estimates(judges.conclude(rows).estimates, expected | {"win_rate_human": exact, "win_rate_ppi": exact})


def _estimates(found: Mapping[str, Estimate], expected: dict[str, float | None]) -> Bounds:
    """What has an interval, but for shares that are 0 or 1 for certain."""
    told = []
    for name, one in found.items():
        right = expected.get(name)
        if one.low is not None and one.high is not None and right not in (None, 0.0, 1.0):
            told.append((name, one.low, one.high, right))
    return told


@lru_cache(maxsize=64)
def truth(world: World) -> Result:
    """The answer on a large population of the same world."""
    if world.kind == "judge":
        _, answers, _ = JUDGES[world.design]
        rows = judges.world(POPULATION // answers, answers, labelled=1, spread=SPREAD[world.who], seed=10**6)
        return judges.conclude(rows)
    return crowds.conclude(_crowd(world, 10**6, POPULATION))


# ------------------------------------------------------------------ the simulator


def votes(seed: int) -> Rows:
    """The simulator's votes: everybody on every item, answers called a and b."""
    told = Truth(seed=seed)
    lines = [line for tick in range(TICKS) for line in training.lines(told, tick).get("votes.jsonl", [])]
    found = [json.loads(line) for line in lines]
    names = sorted({one["annotator"] for one in found})
    unit = np.unique([one["item"] for one in found], return_inverse=True)[1]
    rater = np.array([names.index(one["annotator"]) for one in found])
    side = np.zeros(len(found), np.uint64)
    label = np.array([one["label"] == "a" for one in found], float)
    return crowds.rows_of(unit + 10_000 * seed, rater, label, names, sides=(side + np.uint64(3), side + np.uint64(7)))


def simulated_quality() -> dict[str, float]:
    """How often each of the simulator's annotators is right."""
    people = Truth().annotators
    return {
        name: people.prevalence * sensitivity + (1 - people.prevalence) * specificity
        for name, (sensitivity, specificity) in people.quality.items()
    }


# ------------------------------------------------------------------ running and telling


def cover(task: tuple[World, int, int]) -> tuple[World, Counter[str], Counter[str]]:
    """How often each interval of a world covered, and how often there was one."""
    world, simulations, seed = task
    covered: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    for number in range(simulations):
        for name, low, high, right in bounds(world, seed + number, whole=number < MODELS):
            tried[name] += 1
            covered[name] += low <= right <= high
    return world, covered, tried


def table(results: dict[World, dict[str, float]]) -> list[str]:
    """One table for each kind and who, a column a design; what lies outside in bold."""
    lines: list[str] = []
    for (kind, who), group in groupby(results, key=lambda world: (world.kind, world.who)):
        columns = list(group)
        lines += ["", f"## {kind}, {who}", "", "| estimate | " + " | ".join(one.design for one in columns) + " |"]
        lines.append("|---|" + "---:|" * len(columns))
        for name in dict.fromkeys(name for one in columns for name in results[one]):
            lines.append(f"| {name} | " + " | ".join(cell(results[one].get(name)) for one in columns) + " |")
    return lines


def main() -> int:
    """Simulate all worlds, write the tables, say what lies outside."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--result", type=Path, default=RESULT)
    chosen = parser.parse_args()
    started = time.perf_counter()
    tasks = [(world, chosen.simulations if world.kind != SIMULATOR else 100, 1) for world in worlds()]
    done = on_all_cores(cover, tasks, chosen.processes)
    results = {world: {name: covered[name] / tried[name] for name in tried} for world, covered, tried in done}
    wrong = outside(results)
    told = f"{chosen.simulations:,} simulations a world (100 of the simulator), {time.perf_counter() - started:.0f} s. "
    told += f"Outside 90–99 %: {len(wrong)} of {sum(map(len, results.values()))}."
    title = "Coverage of the intervals of agreement and judges"
    return tell(chosen.result, title, __doc__, told, table(results), wrong)


if __name__ == "__main__":
    sys.exit(main())
