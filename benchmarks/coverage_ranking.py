"""Coverage of every interval of the ranking analysis on simulated truth: `python -m benchmarks.coverage_ranking`.

Worlds: eight items spread out, eight of which three share the lead, six that are equal; every pair as likely, or some
items in few battles (popularity falling as 1 / rank); 400 and 3,000 independent battles, and prompts × battles whose
taste moves all battles of a prompt (100 × 12, 400 × 10). A quarter of even battles are ties. Each world is drawn 1,000
times or more. The truth is the fit to the population: what infinitely many battles of the same schedule would give.

`strengths` is the share of all items' intervals that cover (nominal 95 %), `rarest item` that of the item with the
fewest battles; `davidson`, `bootstrap` and `length held equal` are the same for these parameters. `top gap` is of the
two items that came out first and second, whichever they were. `ranks, all items` is how often the true rank of every
item lay within its rank_low and rank_high, and `possible firsts` how often every true first was among them: 95 % or
more is right. `top gap` covers more than 99 % where several share the lead: it allows for the choice of the two, and
the gap of two that are nearly equal is small. Exits with 1 if another coverage lies outside 90 to 99 %, or ranks hold
in less than 95 % by more than two standard errors.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
from scipy.special import expit, softmax

from benchmarks.covering import LEAST, cell, holds, on_all_cores, tell
from engine.analysis import Ranking, RankingParameters
from engine.analysis.elo import ELO
from engine.analysis.ranking import bradley_terry, davidson
from engine.analysis.ranking.bradley_terry import Duels
from engine.analysis.ranking.conclude import Ranked, rank
from engine.analysis.ranking.estimates import rates
from engine.analysis.ranking.ranks import gap_width
from engine.analysis.ranking.state import RankingState
from engine.analysis.ranking.table import Standing, gap
from engine.errors import NotEnoughData
from engine.types import Rows

LEVEL = 0.95
ITEMS = {
    "spread": (0.9, 0.6, 0.35, 0.1, -0.15, -0.4, -0.6, -0.8),
    "shared lead": (0.5, 0.5, 0.5, 0.2, -0.1, -0.3, -0.5, -0.8),
    "equal": (0.0,) * 6,
}
SCHEDULES = ("even", "unequal")
DESIGNS = {"400": (400, 1), "3,000": (3_000, 1), "100 × 12": (100, 12), "400 × 10": (400, 10)}
TASTE = 0.7
NU = 2 / 3
LENGTH = 0.4
BIAS = 0.05
JOINT = ("ranks, all items", "possible firsts", "ranks, length held equal")
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(41)
DRAWS = 200
RESULT = Path(__file__).parent / "results" / "coverage_ranking.md"


@dataclass(frozen=True)
class World:
    """One population: the strengths, who meets whom, and how battles share prompts."""

    items: str
    schedule: str
    design: str

    def __str__(self) -> str:
        return f"{self.items}, {self.schedule}, {self.design}"

    @property
    def strengths(self) -> np.ndarray:
        return np.array(ITEMS[self.items])

    @property
    def popularity(self) -> np.ndarray:
        """How often each item is drawn; the weakest and the strongest are not the rarest."""
        size = len(self.strengths)
        share = np.ones(size) if self.schedule == "even" else 1 / (1.0 + np.roll(np.arange(size), 3))
        return share / share.sum()

    @property
    def taste(self) -> float:
        return TASTE if DESIGNS[self.design][1] > 1 else 0.0

    @property
    def meeting(self) -> np.ndarray:
        """The probability of each pair i < j, shape (items, items)."""
        share = self.popularity
        both = share[:, None] * share[None, :] / (1 - share[:, None])
        both = both + both.T
        return np.triu(both, 1)


def outcome_odds(distance: np.ndarray, nu: float = NU) -> np.ndarray:
    """P(win), P(loss) and P(tie) of Davidson's model."""
    return softmax(np.stack([distance / 2, -distance / 2, np.full_like(distance, np.log(nu))]), axis=0)


def draw(world: World, generator: np.random.Generator) -> Rows:
    """Battles with ties, in random order of showing, the first shown a little preferred."""
    prompts, battles = DESIGNS[world.design]
    n, size = prompts * battles, len(world.strengths)
    prompt = np.repeat(np.arange(prompts), battles)
    a = generator.choice(size, n, p=world.popularity)
    b = np.array([0])
    shares = world.popularity[None, :].repeat(size, axis=0)
    np.fill_diagonal(shares, 0)
    edges = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)
    b = np.minimum((generator.random(n)[:, None] > edges[a]).sum(axis=1), size - 1)
    taste = generator.normal(0, world.taste, (prompts, size))
    distance = world.strengths[a] - world.strengths[b] + taste[prompt, a] - taste[prompt, b]
    win, loss, _ = outcome_odds(distance)
    chance = generator.random(n)
    label = np.where(chance < win, 1.0, np.where(chance < win + loss, 0.0, 0.5))
    return rows_of(a, b, label, prompt, generator, size)


def draw_with_lengths(world: World, generator: np.random.Generator) -> Rows:
    """Battles without ties whose lengths matter, stronger items being longer: the controlled model is true here."""
    prompts, battles = DESIGNS[world.design]
    n, size = prompts * battles, len(world.strengths)
    prompt = np.repeat(np.arange(prompts), battles)
    a = generator.integers(0, size, n)
    b = (a + generator.integers(1, size, n)) % size
    sides = [np.exp(5 + 0.3 * world.strengths[side] + generator.normal(0, 0.5, n)) for side in (a, b)]
    difference = (sides[0] - sides[1]) / (sides[0] + sides[1])
    chance = expit(world.strengths[a] - world.strengths[b] + LENGTH * difference / RMS[world.items])
    label = (generator.random(n) < chance).astype(float)
    rows = rows_of(a, b, label, prompt, generator, size)
    return replace(rows, styles={"length": (sides[0], sides[1])})


def _rms(strengths: tuple[float, ...]) -> float:
    """Root mean square of the difference of lengths in the population, by integration."""
    true, squares = np.array(strengths), []
    for i, j in product(range(len(true)), repeat=2):
        if i != j:
            log_ratio = 0.3 * (true[i] - true[j]) + 0.5 * np.sqrt(2) * NODES
            squares.append(np.square(np.tanh(log_ratio / 2)) @ WEIGHTS / WEIGHTS.sum())
    return float(np.sqrt(np.mean(squares)))


RMS = {name: _rms(strengths) for name, strengths in ITEMS.items()}


def rows_of(
    a: np.ndarray, b: np.ndarray, label: np.ndarray, prompt: np.ndarray, generator: np.random.Generator, size: int
) -> Rows:
    hashes = generator.integers(0, 2**63, prompt[-1] + 1, dtype=np.uint64)[prompt]
    chosen = np.where(label == 0.5, 0.5, np.where(generator.random(len(label)) < 0.5 + BIAS, label, 1 - label))
    columns = {
        "label": label,
        "first": np.where(chosen == 0.5, generator.integers(0, 2, len(label)), chosen).astype(np.int8),
        "bucket": (hashes % np.uint64(4096)).astype(np.uint16),
        "row_hash": hashes,
        "prompt_hash": hashes,
    }
    names = [f"item {place}" for place in range(size)]
    return Rows("comparison", columns, names={"item_a": (a, names), "item_b": (b, names)})


# ------------------------------------------------------------------ the truth of a population


@dataclass(frozen=True)
class Truth:
    """Strengths in Elo less 1000, by Bradley and Terry's model and by Davidson's; ν, ties, bias."""

    plain: np.ndarray
    davidson: np.ndarray
    nu: float
    tie_rate: float
    position_bias: float


def truth(world: World) -> Truth:
    """The fits to the probabilities themselves, tastes integrated out."""
    low, high = np.nonzero(world.meeting)
    share = world.meeting[low, high]
    share = share / share.sum() * 1e6
    spread = world.taste * np.sqrt(2)
    distance = (world.strengths[low] - world.strengths[high])[:, None] + spread * NODES
    win, _, tie = outcome_odds(distance) @ WEIGHTS / WEIGHTS.sum()
    duels = Duels(len(world.strengths), low, high, share, share * (win + tie / 2), share * tie)
    ties = davidson.fit(duels)
    rate = float(duels.ties.sum() / duels.count.sum())
    plain = bradley_terry.fit(duels)
    return Truth(ELO * plain, ELO * ties.strengths, float(np.exp(ties.log_nu)), rate, BIAS * (1 - rate))


# ------------------------------------------------------------------ one sample


Found = Iterator[tuple[str, float]]
"""Name of an interval and whether (or for which share of items) it covered."""


def covered(world: World, expected: Truth, generator: np.random.Generator) -> Found:
    """What each interval of one sample covered."""
    state = Ranking().observe(draw(world, generator), RankingParameters())
    found = rank(state, RankingParameters())
    yield from _strengths("strengths", found.standing, expected.plain)
    rarest = int(np.argmin(world.popularity))
    standing = found.standing
    if world.schedule == "unequal" and len(standing.names) == len(expected.plain):
        yield "rarest item", float(_inside(standing, expected.plain)[rarest])
    yield from _ranks("ranks, all items", standing, expected.plain)
    yield "possible firsts", float((standing.ranks.low[_firsts(expected.plain)] == 1).all())
    yield "top gap", _gap(found, expected.plain)
    for name, estimate in rates(state.pairs, state.shown, LEVEL).items():
        yield name.replace("_", " "), float(estimate.low <= getattr(expected, name) <= estimate.high)
    yield from _others(state, expected)
    yield from _with_lengths(world, generator)


def _others(state: RankingState, expected: Truth) -> Found:
    found = rank(state, RankingParameters(model="davidson")).standing
    yield from _strengths("davidson", found, expected.davidson)
    value, influence = found.fitted.others["log_nu"]
    low, high = found.fitted.interval(value, influence, LEVEL)
    yield "nu", float(np.exp(low) <= expected.nu <= np.exp(high))
    params = RankingParameters(interval="bootstrap", draws=DRAWS)
    found = rank(state, params).standing
    yield from _strengths("bootstrap", found, expected.plain)


def _with_lengths(world: World, generator: np.random.Generator) -> Found:
    if world.schedule != "even":
        return
    state = Ranking().observe(draw_with_lengths(world, generator), RankingParameters())
    found = rank(state, RankingParameters(controls="length")).standing
    true = ELO * (world.strengths - world.strengths.mean())
    yield from _strengths("length held equal", found, true)
    yield from _ranks("ranks, length held equal", found, true)
    low, high = found.fitted.interval(*found.fitted.others["coefficient_length"], LEVEL)
    yield "coefficient of length", float(low <= LENGTH <= high)


def _inside(found: Standing, true: np.ndarray) -> np.ndarray:
    return (ELO * found.low <= true) & (true <= ELO * found.high)


def _strengths(name: str, found: Standing, true: np.ndarray) -> Found:
    if len(found.names) == len(true):
        yield name, float(_inside(found, true).mean())


def _ranks(name: str, found: Standing, true: np.ndarray) -> Found:
    if len(found.names) == len(true):
        apart = np.round(true[:, None] - true[None, :], 6)
        least, most = 1 + (apart < 0).sum(axis=1), len(true) - (apart > 0).sum(axis=1)
        yield name, float(((found.ranks.low <= least) & (most <= found.ranks.high)).all())


def _firsts(true: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.round(true, 6) == np.round(true.max(), 6))


def _gap(found: Ranked, true: np.ndarray) -> float:
    first, second = found.standing.order[:2]
    width = gap_width(found.standing.fitted, found.standing.ranks, LEVEL, 0)
    _, low, high = gap(found.standing, width)
    return float(low <= true[first] - true[second] <= high)


# ------------------------------------------------------------------ running and telling


def cover(task: tuple[World, int, int]) -> tuple[World, dict[str, float], int]:
    """The coverage of each interval of a world, and how many samples were refused (an item won or lost everything)."""
    world, simulations, seed = task
    expected = truth(world)
    sums: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    refused = 0
    for number in range(simulations):
        try:
            for name, share in covered(world, expected, np.random.default_rng([seed, number])):
                tried[name] += 1
                sums[name] += share
        except NotEnoughData:
            refused += 1
    return world, {name: sums[name] / tried[name] for name in tried}, refused


def wrong(name: str, share: float, simulations: int) -> bool:
    """Whether a coverage is not as it should be."""
    if name in JOINT:
        return share < LEVEL - 2 * np.sqrt(LEVEL * (1 - LEVEL) / simulations)
    if name == "top gap":
        return share < LEAST
    return not holds(share)


def table(results: dict[World, dict[str, float]], simulations: int) -> list[str]:
    """One table per items and schedule: a line an interval, a column a design; wrong values in bold."""
    lines = []
    for items, schedule in product(ITEMS, SCHEDULES):
        worlds = [world for world in results if (world.items, world.schedule) == (items, schedule)]
        if not worlds:
            continue
        lines += ["", f"## {items}, {schedule} schedule", ""]
        lines.append("| interval | " + " | ".join(world.design for world in worlds) + " |")
        lines.append("|---|" + "---:|" * len(worlds))
        for name in dict.fromkeys(name for world in worlds for name in results[world]):
            shares = [results[world].get(name) for world in worlds]
            cells = [cell(each, right=each is not None and not wrong(name, each, simulations)) for each in shares]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def main() -> int:
    """Simulate all worlds, write the tables, say what lies outside."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--designs", nargs="*", default=list(DESIGNS))
    parser.add_argument("--items", nargs="*", default=list(ITEMS))
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--result", type=Path, default=RESULT)
    chosen = parser.parse_args()
    started, simulations = time.perf_counter(), chosen.simulations
    worlds = [World(*key) for key in product(chosen.items, SCHEDULES, chosen.designs)]
    tasks = [(world, simulations, seed) for seed, world in enumerate(worlds)]
    results: dict[World, dict[str, float]] = {}
    refusals = 0
    for world, shares, refused in on_all_cores(cover, tasks, chosen.processes):
        results[world] = shares
        refusals += refused
    amiss = [
        f"{name} ({world}): {share:.1%}"
        for world, shares in results.items()
        for name, share in shares.items()
        if wrong(name, share, simulations)
    ]
    told = f"{simulations:,} simulations a world, {time.perf_counter() - started:.0f} s. "
    told += f"Not as it should be: {len(amiss)} of {sum(map(len, results.values()))}."
    told += f" Refused, since an item won or lost everything: {refusals:,} samples."
    return tell(chosen.result, "Coverage of the ranking's intervals", __doc__, told, table(results, simulations), amiss)


if __name__ == "__main__":
    sys.exit(main())
