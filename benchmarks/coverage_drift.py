"""Coverage of the intervals of drift, its false discoveries, its change points: `python -m benchmarks.coverage_drift`.

Populations: answers of prompts in two windows whose lengths are normal or heavy-tailed, alone or several a prompt that
go together, of other prompts in the second window or of the same ones; there the mean moves, or the mix of a topic
whose answers are longer, or both. Each is drawn 1,000 times; each nominal 95 % interval is held against the truth of
its population, which numpy finds in a large draw. Below, how often anything is discovered where nothing moved (five
windows, five features, at 5 % false discoveries), and how often the set of a change of a mean holds it, in lines of
white noise and of autoregressions. Exits with 1 if a coverage lies outside 90 to 99 %, or more is discovered than 5 %
and what chance allows.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.covering import holds, tell
from engine.analysis import Drift, DriftParameters
from engine.analysis.drift.change import changes_of
from engine.types import Rows

RESULT = Path(__file__).parent / "results" / "coverage_drift.md"
POPULATION = 400_000
DRIFT = Drift()
TOPICS = ["chat", "code", "law"]
LONGER = np.array([1.0, 0.0, -0.3])
MIX = np.array([[0.3, 0.4, 0.3], [0.5, 0.3, 0.2]])
CELLS, PLACE = 200, 120


@dataclass(frozen=True)
class World:
    """Two windows: prompts in each, answers a prompt, how alike those are, whether prompts stay, what moves."""

    prompts: int
    answers: int
    together: float
    same: bool
    moved: float
    mixed: bool
    heavy: bool = False

    @property
    def name(self) -> str:
        """In words."""
        prompts = f"{self.prompts} × {self.answers} {'the same' if self.same else 'other'} prompts"
        what = f"moved by {self.moved:g}" + (", another mix" if self.mixed else "") + (", heavy tails" * self.heavy)
        return f"{prompts}, {self.together:g} alike, {what}"

    def draw(self, generator: np.random.Generator, prompts: int) -> tuple[np.ndarray, ...]:
        """Length, topic, window and prompt of each answer."""
        window = np.repeat([0, 1], prompts * self.answers)
        first = np.repeat(np.arange(prompts), self.answers)
        prompt = np.concatenate([first, first if self.same else first + prompts])
        chance = generator.random(prompt.max() + 1)
        mix = MIX[window * self.mixed].cumsum(axis=1)
        topic = (chance[prompt][:, None] > mix[:, :-1]).sum(axis=1)
        shared = self._noise(generator, prompt.max() + 1)[prompt]
        own = self._noise(generator, len(prompt))
        length = np.sqrt(self.together) * shared + np.sqrt(1 - self.together) * own
        return length + LONGER[topic] + self.moved * window, topic, window, prompt

    def _noise(self, generator: np.random.Generator, size: int) -> np.ndarray:
        return generator.standard_t(5, size) if self.heavy else generator.normal(size=size)

    def rows(self, generator: np.random.Generator) -> Rows:
        """A sample as the analysis reads it."""
        length, topic, window, prompt = self.draw(generator, self.prompts)
        hashes = generator.integers(0, 2**63, prompt.max() + 1, dtype=np.uint64)[prompt]
        columns = {
            "reward": generator.normal(size=len(prompt)),
            "length": length,
            "step": window.astype(float),
            "prompt_hash": hashes,
            "bucket": (hashes % np.uint64(4096)).astype(np.uint16),
            "row_hash": generator.integers(0, 2**63, len(prompt), dtype=np.uint64),
        }
        return Rows("rollout", columns, {"topic": (topic.astype(np.int32), TOPICS)})

    def truth(self) -> dict[str, float]:
        """Of a large draw, by plain sums."""
        length, topic, window, _ = self.draw(np.random.default_rng(1), POPULATION // self.answers)
        one, two = length[window == 0], length[window == 1]
        edges = np.quantile(one, np.linspace(0, 1, 11)[1:-1])
        p, q = (np.bincount(np.searchsorted(edges, side), minlength=10) / len(side) for side in (one, two))
        ranks = np.searchsorted(np.sort(one), two) / len(one)
        shares = [np.bincount(topic[window == side], minlength=3) / len(one) for side in (0, 1)]
        means = [
            np.bincount(topic[window == side], length[window == side], 3) / (share * len(one))
            for side, share in enumerate(shares)
        ]
        found = {
            "effect": float((two.mean() - one.mean()) / np.sqrt((one.var() + two.var()) / 2)),
            "cliffs_delta": float(2 * ranks.mean() - 1),
            "mean_change": float(two.mean() - one.mean()),
            "composition": float((shares[1] - shares[0]) @ (means[0] + means[1]) / 2),
            "within": float((shares[0] + shares[1]) / 2 @ (means[1] - means[0])),
            "window_mean": float(two.mean()),
        }
        if self.same and not self.mixed:  # each prompt keeps its topic: exactly nothing is composition
            del found["composition"]
        if self.moved or self.mixed:  # the interval of a distance of nought begins there, and nearly always holds it
            found["cramers_v"] = float(np.sqrt((np.square(q - p) / (2 * (p + q))).sum()))
        return found


WORLDS = (
    World(60, 1, 0.0, False, 0.6, False),
    World(60, 8, 0.6, False, 0.6, True),
    World(200, 4, 0.6, False, 0.4, True),
    World(200, 4, 0.6, False, 0.0, True),
    World(200, 4, 0.6, True, 0.4, False),
    World(200, 4, 0.6, False, 0.0, False),
    World(1000, 2, 0.3, False, 0.3, True, heavy=True),
)


def cover(world: World, simulations: int, seed: int) -> dict[str, float]:
    """How often each interval covered."""
    truth = world.truth()
    hits: dict[str, list[bool]] = {name: [] for name in truth}
    params = DriftParameters(windows=2, feature="length")
    for number in range(simulations):
        state = DRIFT.observe(world.rows(np.random.default_rng([seed, number])), params)
        found = DRIFT.conclude(state, params).estimates
        for name, value in truth.items():
            one = found[name]
            if one.low is not None and one.high is not None:
                hits[name].append(one.low <= value <= one.high)
    return {name: float(np.mean(each)) for name, each in hits.items()}


# ------------------------------------------------------------------ false discoveries


def still(prompts: int, answers: int, generator: np.random.Generator) -> Rows:
    """Five features over steps, none of which moves; answers of a prompt go together."""
    prompt = np.repeat(np.arange(prompts), answers)

    def noise() -> np.ndarray:
        return np.sqrt(0.6) * generator.normal(size=prompts)[prompt] + np.sqrt(0.4) * generator.normal(size=len(prompt))

    hashes = generator.integers(0, 2**63, prompts, dtype=np.uint64)[prompt]
    columns = {
        "reward": noise(),
        "length": np.floor(np.exp(5 + 0.5 * noise())),
        "entropy": noise() ** 3,
        "truncated": (noise() > 1.2) * 1.0,
        "step": prompt.astype(float),
        "prompt_hash": hashes,
        "bucket": (hashes % np.uint64(4096)).astype(np.uint16),
        "row_hash": generator.integers(0, 2**63, len(prompt), dtype=np.uint64),
    }
    return Rows("rollout", columns, {"topic": (generator.integers(0, 3, prompts).astype(np.int32)[prompt], TOPICS)})


def discovered(prompts: int, answers: int, simulations: int) -> float:
    """How often anything differs at 5 % false discoveries, whatever its size."""
    params = DriftParameters(windows=5, effect=0.0)
    found = 0
    for number in range(simulations):
        state = DRIFT.observe(still(prompts, answers, np.random.default_rng([77, prompts, number])), params)
        found += DRIFT.conclude(state, params).verdict == "drifted"
    return found / simulations


# ------------------------------------------------------------------ change points


def line(correlation: float, generator: np.random.Generator) -> np.ndarray:
    """A stationary autoregression of variance 1."""
    value = generator.normal(size=CELLS) * np.sqrt(1 - correlation**2)
    value[0] = generator.normal()
    for place in range(1, CELLS):
        value[place] += correlation * value[place - 1]
    return value


def changes(correlation: float, jump: float, simulations: int) -> tuple[float, float, float]:
    """Of lines without a change the share with one found; of those with one the share found; of sets, that hold it."""
    false = found = held = 0
    for number in range(simulations):
        value = line(correlation, np.random.default_rng([55, number]))
        false += bool(changes_of(value, 0.95))
        told = changes_of(value + jump * (np.arange(CELLS) >= PLACE), 0.95)
        if told:
            most = max(told, key=lambda one: abs(one.after - one.before))
            found, held = found + 1, held + (most.low <= PLACE <= most.high)
    return false / simulations, found / simulations, held / max(found, 1)


def main() -> int:
    """Simulate, write the tables, say what lies outside."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--result", type=Path, default=RESULT)
    chosen = parser.parse_args()
    started, count = time.perf_counter(), chosen.simulations
    lines, wrong = ["", "| population | estimate | coverage |", "|---|---|---:|"], []
    for seed, world in enumerate(WORLDS):
        for name, share in cover(world, count, seed).items():
            lines.append(f"| {world.name} | {name} | {share:.1%} |")
            if not holds(share):
                wrong.append(f"{world.name}, {name}: {share:.1%}")
        print(f"{time.perf_counter() - started:5.0f} s  {world.name}", flush=True)
    lines += ["", "| nothing moves | anything discovered at 5 % |", "|---|---:|"]
    for prompts, answers in ((300, 1), (500, 6), (2000, 2)):
        share = discovered(prompts, answers, count)
        lines.append(f"| {prompts} × {answers} | {share:.1%} |")
        if share > 0.05 + 3 * np.sqrt(0.05 * 0.95 / count):
            wrong.append(f"discoveries of nothing, {prompts} × {answers}: {share:.1%}")
    print(f"{time.perf_counter() - started:5.0f} s  nothing moves", flush=True)
    lines += ["", "| line of 200 | found without a change | found | set holds it |", "|---|---:|---:|---:|"]
    for correlation, jump in ((0.0, 0.7), (0.0, 1.5), (0.5, 1.5), (0.5, 3.0)):
        false, found, held = changes(correlation, jump, count)
        lines.append(f"| correlation {correlation:g}, moved by {jump:g} sd | {false:.1%} | {found:.1%} | {held:.1%} |")
        if false > 0.05 or held < 0.9:
            wrong.append(f"change points, correlation {correlation:g}, {jump:g} sd: {false:.1%} false, {held:.1%} hold")
    told = f"{count:,} simulations a population, {time.perf_counter() - started:.0f} s. Outside: {len(wrong)}."
    return tell(chosen.result, "Coverage of drift", __doc__, told, lines, wrong)


if __name__ == "__main__":
    sys.exit(main())
