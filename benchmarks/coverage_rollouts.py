"""Coverage of the intervals of rollouts: `python -m benchmarks.coverage_rollouts`.

Populations: prompts with levels of their own, four answers at a step, at one random step or at both ends of the run;
rewards that rise or stay, that follow length within a prompt or do not, equal within a quarter of the prompts; answers
that are truncated in one prompt of five. Each nominal 95 % interval is held against the
truth of its population. Exits with 1 if a coverage lies outside 90 to 99 %.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.covering import cell, holds, outside, tell
from engine.analysis import Rollouts, RolloutsParameters
from engine.types import FINE_BUCKETS, Rows

RESULT = Path(__file__).parent / "results" / "coverage_rollouts.md"
ANALYSIS = Rollouts()
NAMES = ("reward_last", "reward_change", "length_slope", "zero_variance_last", "truncated_last")
EQUAL, CUT, ANSWERS = 0.25, 0.2, 4


@dataclass(frozen=True)
class World:
    """`prompts` at each of `steps` steps, or with `again` at every one; `rise` of the mean, `slope` for 100 tokens."""

    prompts: int
    steps: int
    rise: float
    slope: float
    again: bool = False

    def __str__(self) -> str:
        where = f"the same {self.prompts} prompts at each of" if self.again else f"{self.prompts} prompts over"
        return f"{where} {self.steps} steps, rise {self.rise:g}, slope {self.slope:g}"

    @property
    def truth(self) -> dict[str, float]:
        """The values that the intervals should hold."""
        return dict(zip(NAMES, (self.rise, self.rise, self.slope, EQUAL, CUT), strict=True))

    def draw(self, rng: np.random.Generator) -> Rows:
        """Rows of it; where all answers to a prompt get the same, length explains nothing: they are of one length."""
        step = np.tile(np.arange(self.steps), self.prompts) if self.again else rng.integers(0, self.steps, self.prompts)
        of = np.repeat(np.arange(self.prompts), self.steps) if self.again else np.arange(self.prompts)
        group = np.repeat(np.arange(len(step)), ANSWERS)
        equal = (rng.random(len(step)) < EQUAL)[group]
        own, prompt, at = rng.normal(0, 0.5, self.prompts), of[group], step[group]
        more = np.where(equal, 0.0, rng.normal(0, 40, len(group)))
        noise = np.where(equal, 0.0, rng.standard_t(4, len(group)) * 0.2)
        last = self.steps - 1
        reward = own[prompt] + self.rise * (at == last) + self.slope / 100 * more + noise
        hashes = rng.integers(0, 2**64, self.prompts, dtype=np.uint64)[prompt]
        columns = {
            "prompt_hash": hashes,
            "bucket": (hashes % np.uint64(FINE_BUCKETS)).astype(np.uint16),
            "row_hash": rng.integers(0, 2**64, len(group), dtype=np.uint64),
            "step": at.astype(np.int64),
            "reward": reward,
            "length": 300 + more,
            "truncated": (rng.random(self.prompts) < CUT)[prompt].astype(float),
        }
        return Rows("rollout", columns)


WORLDS = (
    World(120, 2, 0.0, 0.0),
    World(400, 2, 0.3, 0.1),
    World(2_000, 2, 0.3, -0.1),
    World(100, 2, 0.3, 0.1, again=True),
    World(600, 2, 0.0, 0.0, again=True),
)


def cover(world: World, draws: int) -> dict[str, float]:
    """The share of draws in which each interval holds its truth."""
    params, hits = RolloutsParameters(ends=1), dict.fromkeys(NAMES, 0)
    for seed in range(draws):
        rows = world.draw(np.random.default_rng([seed, world.prompts]))
        found = ANALYSIS.conclude(ANALYSIS.observe(rows, params), params).estimates
        for name, truth in world.truth.items():
            low, high = found[name].low, found[name].high
            hits[name] += low is not None and high is not None and low <= truth <= high
    return {name: count / draws for name, count in hits.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the table, say what does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=1_000)
    draws = parser.parse_args(arguments).draws
    found = {world: cover(world, draws) for world in WORLDS}
    head = ["", f"| population | {' | '.join(f'`{name}`' for name in NAMES)} |", "|---|" + "---|" * len(NAMES)]
    lines = [f"| {world} | {' | '.join(cell(share) for share in shares.values())} |" for world, shares in found.items()]
    right = sum(holds(share) for shares in found.values() for share in shares.values())
    told = f"{right} of {len(WORLDS) * len(NAMES)} coverages within 90 to 99 %, {draws:,} draws each."
    return tell(RESULT, "Coverage of rollouts", __doc__, told, [*head, *lines], outside(found))


if __name__ == "__main__":
    sys.exit(main())
