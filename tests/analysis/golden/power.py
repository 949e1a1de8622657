"""Golden values of planning, by statsmodels: `python tests/analysis/golden/power.py` writes power.json.

In an environment of its own with numpy 2.4, scipy 1.17, pandas and statsmodels 0.15.
"""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.formula.api import ols
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.power import NormalIndPower, TTestPower
from statsmodels.stats.proportion import samplesize_confint_proportion

FILE = Path(__file__).with_suffix(".json")


def kappa_variance(kappa: float, share: float, n: float) -> float:
    """n · variance of kappa for the table of two raters with this kappa and base rate."""
    both = share**2 + kappa * share * (1 - share)
    table = np.array([[both, share - both], [share - both, 1 - 2 * share + both]]) * n
    return float(cohens_kappa(table).var_kappa * n)


def ranking_error(models: int, each: int) -> float:
    """Standard error, in Elo, of the difference of two of so many equal models after `each` comparisons a pair."""
    pairs = list(combinations(range(models), 2))
    design = np.zeros((len(pairs), models - 1))
    for line, (one, other) in enumerate(pairs):
        if one:
            design[line, one - 1] = 1
        design[line, other - 1] = -1
    wins = np.full((len(pairs), 2), each / 2)
    fit = sm.GLM(wins, design, family=sm.families.Binomial()).fit()
    return float(fit.bse[0] * 400 / np.log(10))


def intraclass(prompt: list[int], value: list[float]) -> float:
    """From the mean squares of a one-way analysis of variance."""
    frame = pd.DataFrame({"prompt": prompt, "value": value})
    squares = sm.stats.anova_lm(ols("value ~ C(prompt)", frame).fit())["mean_sq"]
    between, within = float(squares.iloc[0]), float(squares.iloc[1])
    count = frame.groupby("prompt").size().to_numpy()
    size = (len(frame) - (count**2).sum() / len(frame)) / (len(count) - 1)
    return (between - within) / (between + (size - 1) * within)


def main() -> None:
    generator = np.random.default_rng(5)
    prompt = np.repeat(np.arange(20), generator.integers(1, 6, 20)).tolist()
    value = (generator.normal(size=20)[prompt] + generator.normal(size=len(prompt))).round(4).tolist()
    golden = {
        "half_width": [
            [share, half, float(samplesize_confint_proportion(share, half, 0.05))]
            for share, half in ((0.7, 0.03), (0.9, 0.01), (0.5, 0.05))
        ],
        "detect": [
            [effect, power, float(NormalIndPower(ddof=0).solve_power(effect, None, 0.05, power, ratio=0))]
            for effect, power in ((0.1, 0.8), (0.05, 0.9), (0.3, 0.8))
        ],
        "paired_t": [[effect, float(TTestPower().solve_power(effect, None, 0.05, 0.8))] for effect in (0.05, 0.1, 0.2)],
        "kappa": [
            [kappa, share, kappa_variance(kappa, share, 1000)] for kappa, share in ((0.5, 0.7), (0.2, 0.5), (0.8, 0.9))
        ],
        "ranking": [[models, each, ranking_error(models, each)] for models, each in ((2, 100), (5, 40), (10, 200))],
        "prompt": prompt,
        "value": value,
        "intraclass": intraclass(prompt, value),
    }
    FILE.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
