"""Golden values of the comparison, made by packages and by brute force, never by the engine.

In an environment of its own with numpy 2.4, scipy 1.17 and statsmodels 0.15 (which the product does not need):
`python tests/analysis/golden/compare.py` writes compare.json beside this file.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

FILE = Path(__file__).with_suffix(".json")
DISCORDANT = [(12, 25), (25, 12), (0, 0), (1, 7), (3, 3), (0, 9), (140, 171)]
SHARES = [(90, 100), (0, 40), (40, 40), (199, 350), (1, 1000)]


def exact_flips(sums: list[float]) -> float:
    """Two-sided p-value over every pattern of signs."""
    values = np.array(sums)
    reached = [abs(float(np.dot(signs, values))) for signs in product((-1, 1), repeat=len(values))]
    return float(np.mean(np.array(reached) >= abs(values.sum()) - 1e-9))


def paired_interval(table: list[int], level: float) -> list[float]:
    """Bonett and Price 2012, equation 3: (p12 + 1/(n+2)) and (p21 + 1/(n+2)), z and the multinomial variance."""
    both, first, second, neither = table
    n = both + first + second + neither
    one, two = (first + 1) / (n + 2), (second + 1) / (n + 2)
    spread = stats.norm.ppf(0.5 + level / 2) * np.sqrt((one + two - (one - two) ** 2) / (n + 2))
    return [float(one - two - spread), float(one - two + spread)]


def binomial_wealth(ones: int, count: int, mean: float, bets: list[float]) -> float:
    """The wealth of constant bets on zeros and ones is a mean of likelihood ratios of binomial distributions."""
    ratios = [
        stats.binom.pmf(ones, count, mean + bet * (1 - mean)) / stats.binom.pmf(ones, count, mean) for bet in bets
    ]
    return float(np.mean(ratios))


def main() -> None:
    generator = np.random.default_rng(11)
    p_values = (generator.random(12) ** 3).round(6).tolist()
    sums = generator.normal(0.4, 1, 12).round(3).tolist()
    bets = [0.96 * 2 ** -(power / 2) for power in range(18)]
    golden = {
        "mcnemar": [
            [first, second, float(mcnemar([[50, first], [second, 40]], exact=True).pvalue)]
            for first, second in DISCORDANT
        ],
        "wilson": [[hits, n, *map(float, proportion_confint(hits, n, method="wilson"))] for hits, n in SHARES],
        "p_values": p_values,
        "holm": multipletests(p_values, method="holm")[1].tolist(),
        "bh": multipletests(p_values, method="fdr_bh")[1].tolist(),
        "sums": sums,
        "flips": exact_flips(sums),
        "tables": [[table, paired_interval(table, 0.95)] for table in ([150, 58, 38, 104], [300, 2, 1, 97])],
        "wealth": [
            [ones, count, mean, binomial_wealth(ones, count, mean, bets)]
            for ones, count, mean in ((30, 40, 0.5), (200, 350, 0.55), (3, 90, 0.01))
        ],
    }
    FILE.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
