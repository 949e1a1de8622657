"""Golden values of best of n, by every choice of n answers: `python tests/analysis/golden/bestofn.py`.

Needs numpy alone. `published` repeats the numbers that the reference for best of n in docs/analyses/bestofn.md used.
"""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_suffix(".json")


def every_choice(score: np.ndarray, truth: np.ndarray, n: int) -> dict[str, float]:
    """Means over all choices of n answers; among equal scores the choice is by chance."""
    best, worst, gold, oracle = [], [], [], []
    for chosen in combinations(range(len(score)), n):
        picked = list(chosen)
        highest = score[picked] == score[picked].max()
        best.append(score[picked].max())
        worst.append(score[picked].min())
        gold.append(truth[picked][highest].mean())
        oracle.append(truth[picked].max())
    return {
        name: float(np.mean(each))
        for name, each in zip(("best", "worst", "gold", "oracle"), (best, worst, gold, oracle), strict=True)
    }


def published() -> np.ndarray:
    """64 normal numbers, after the draws that come before them in the script that first made them."""
    generator = np.random.default_rng(7)
    generator.integers(0, 6, 3000)
    generator.integers(1, 6, 3000)
    generator.normal(0, 1, 3000)
    generator.random(3000)
    generator.integers(0, 2, 600)
    generator.random(2400)
    return np.sort(generator.normal(0, 1, 64))


def main() -> None:
    generator = np.random.default_rng(3)
    cases = []
    for answers, ties in ((5, False), (8, True), (12, True)):
        score = generator.normal(0, 1, answers)
        score = score.round(0) if ties else score
        truth = generator.random(answers).round(3)
        given = {"score": score.tolist(), "truth": truth.tolist()}
        cases += [{**given, "n": n, **every_choice(score, truth, n)} for n in (1, 2, 3, answers)]
    FILE.write_text(json.dumps({"cases": cases, "published": published().tolist()}, indent=1) + "\n")


if __name__ == "__main__":
    main()
