"""Coverage of the intervals of best of n and of the audit: `python -m benchmarks.coverage_style`.

Populations: answers whose score follows a quality with noise, 16 a prompt, with levels of their own by prompt, the
truth rising with quality or falling beyond a point; pairs whose preference follows length and a second
feature, independent or several a prompt that lean the same way. Each is drawn 1,000 times; each nominal 95 % interval
is held against the truth of its population. Exits with 1 if a coverage lies outside 90 to 99 %.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import expit

from benchmarks.covering import holds, tell
from engine.analysis import Audit, AuditParameters, BestOfN, BestOfNParameters
from engine.types import Result, Rows

RESULT = Path(__file__).parent / "results" / "coverage_style.md"
POPULATION = 400_000
BEST, AUDIT = BestOfN(), Audit()


@dataclass(frozen=True)
class World:
    """A population: how to draw rows of it, conclude on them, and its true values."""

    name: str
    draw: Callable[[np.random.Generator], Rows]
    conclude: Callable[[Rows], Result]
    truth: dict[str, float]


def keys(prompt: np.ndarray, generator: np.random.Generator) -> dict[str, np.ndarray]:
    hashes = generator.integers(0, 2**63, prompt.max() + 1, dtype=np.uint64)[prompt]
    return {
        "prompt_hash": hashes,
        "bucket": (hashes % np.uint64(4096)).astype(np.uint16),
        "row_hash": generator.integers(0, 2**63, len(prompt), dtype=np.uint64),
    }


# ------------------------------------------------------------------ best of n


def answers(quality: np.ndarray, generator: np.random.Generator, tilt: float) -> tuple[np.ndarray, np.ndarray]:
    """Score and truth of answers of this quality."""
    score = quality + generator.normal(0, 0.7, quality.shape)
    share = np.clip(0.4 + 0.2 * np.minimum(quality, 0.5) - tilt * np.maximum(quality - 0.5, 0), 0, 1)
    return score, (generator.random(quality.shape) < share) * 1.0


def best_of(prompts: int, tilt: float) -> World:
    def draw(generator: np.random.Generator) -> Rows:
        prompt = np.repeat(np.arange(prompts), 16)
        quality = generator.normal(size=len(prompt)) + generator.normal(0, 0.5, prompts)[prompt]
        score, truth = answers(quality, generator, tilt)
        return Rows("score", {"value": score, "truth": truth, **keys(prompt, generator)})

    def conclude(rows: Rows) -> Result:
        return BEST.conclude(BEST.observe(rows, BestOfNParameters()), BestOfNParameters())

    return World(f"best of 16, {prompts} prompts, tilt {tilt:g}", draw, conclude, true_best(tilt))


def true_best(tilt: float) -> dict[str, float]:
    """Of best of 16, by drawing many prompts."""
    generator = np.random.default_rng(1)
    quality = generator.normal(size=(POPULATION // 4, 16)) + generator.normal(0, 0.5, (POPULATION // 4, 1))
    score, truth = answers(quality, generator, tilt)
    chosen = np.take_along_axis(truth, score.argmax(axis=1)[:, None], axis=1)
    return {
        "mean_value": 0.0,
        "best_of_n": float(score.max(axis=1).mean()),
        "worst_of_n": float(score.min(axis=1).mean()),
        "gain": float(score.max(axis=1).mean() - score.mean()),
        "mean_truth": float(truth.mean()),
        "gold_best_of_n": float(chosen.mean()),
        "gold_gain": float(chosen.mean() - truth.mean()),
        "oracle_best_of_n": float(truth.max(axis=1).mean()),
    }


# ------------------------------------------------------------------ the audit


def pairs(n: int, generator: np.random.Generator, prompts: int, bias: float) -> Rows:
    """Pairs with lengths, headers, labels that follow both, rewards that follow length and label."""
    prompt = np.arange(n) if prompts == n else np.repeat(np.arange(prompts), n // prompts)
    leaning = generator.normal(0, 0.6, prompts)[prompt] if prompts < n else np.zeros(n)
    a, b = generator.integers(20, 600, (2, n)).astype(float)
    first, second = generator.integers(0, 5, (2, n)).astype(float)
    x = a - b
    tilt = np.sign(x) * leaning
    label = (generator.random(n) < expit(bias * x + 0.3 * (first - second) + tilt)) * 1.0
    margin = 0.003 * x + 0.5 * (2 * label - 1) + generator.standard_t(5, n) + tilt
    shown = generator.integers(0, 2, n).astype(np.int8)
    styles = {"length": (a, b), "headers": (first, second)}
    columns = {"label": label, "margin": margin, "first": shown, **keys(prompt, generator)}
    return Rows("comparison", columns, styles=styles)


def audit(n: int, prompts: int, bias: float, truth: dict[str, float]) -> World:
    def conclude(rows: Rows) -> Result:
        return AUDIT.conclude(AUDIT.observe(rows, AuditParameters()), AuditParameters())

    design = f"{n:,} pairs" if prompts == n else f"{prompts} prompts × {n // prompts}"
    name = f"audit, {design}, {bias:g} a token"
    return World(name, lambda generator: pairs(n, generator, prompts, bias), conclude, truth)


def true_audit(clustered: bool, bias: float) -> dict[str, float]:
    """By drawing many pairs, the best model of style fitted to all of them."""
    rows = pairs(POPULATION, np.random.default_rng(2), POPULATION // (4 if clustered else 1), bias)
    state = AUDIT.observe(rows, AuditParameters())
    found = AUDIT.conclude(state, AuditParameters()).estimates
    x = rows.styles["length"][0] - rows.styles["length"][1]
    label, margin = rows.columns["label"], rows.columns["margin"]
    marks = np.where(x > 0, label, np.where(x < 0, 1 - label, 0.5))
    design = np.stack([x / 100, 2 * label - 1], axis=1)
    return {
        "ruler_accuracy": float(marks.mean()),
        "reward_slope": float((x / 100) @ margin / np.square(x / 100).sum()),
        "reward_slope_given_label": float(np.linalg.lstsq(design, margin, rcond=None)[0][0]),
        "reward_correlation": float(x @ margin / np.sqrt(x @ x * (margin @ margin))),
        "style_accuracy": float(found["style_accuracy"].value or 0.0),
        "style_auc": float(found["style_auc"].value or 0.0),
        "position_bias": 0.0,
    }


# ------------------------------------------------------------------ running and telling


def cover(world: World, simulations: int, seed: int) -> dict[str, float]:
    """How often each interval covered."""
    hits: dict[str, list[bool]] = {}
    for number in range(simulations):
        found = world.conclude(world.draw(np.random.default_rng([seed, number]))).estimates
        for name, truth in world.truth.items():
            one = found[name]
            if one.low is not None and one.high is not None:
                hits.setdefault(name, []).append(one.low <= truth <= one.high)
    return {name: float(np.mean(each)) for name, each in hits.items()}


def worlds() -> list[World]:
    free, leaning = true_audit(False, 0.004), true_audit(True, 0.004)
    return [
        best_of(60, 0.35),
        best_of(120, 0.35),
        best_of(500, -0.2),
        audit(350, 350, 0.004, free),
        audit(2000, 2000, 0.004, free),
        audit(480, 60, 0.004, leaning),
        audit(2000, 500, 0.004, leaning),
    ]


def main() -> int:
    """Simulate, write the table, say what lies outside."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--result", type=Path, default=RESULT)
    chosen = parser.parse_args()
    started = time.perf_counter()
    lines, wrong = ["", "| population | estimate | coverage |", "|---|---|---:|"], []
    for seed, world in enumerate(worlds()):
        for name, share in cover(world, chosen.simulations, seed).items():
            lines.append(f"| {world.name} | {name} | {share:.1%} |")
            if not holds(share):
                wrong.append(f"{world.name}, {name}: {share:.1%}")
        print(f"{time.perf_counter() - started:5.0f} s  {world.name}", flush=True)
    told = f"{chosen.simulations:,} simulations a population, {time.perf_counter() - started:.0f} s. "
    told += f"Outside 90–99 %: {len(wrong)}."
    return tell(chosen.result, "Coverage of best of n and of the audit", __doc__, told, lines, wrong)


if __name__ == "__main__":
    sys.exit(main())
