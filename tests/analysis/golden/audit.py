"""Golden values of the audit, by statsmodels and scipy: `python tests/analysis/golden/audit.py` writes audit.json.

In an environment of its own with numpy 2.4, scipy 1.17 and statsmodels 0.15.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import statsmodels.api as sm
from scipy.optimize import minimize
from scipy.stats import mannwhitneyu

FILE = Path(__file__).with_suffix(".json")


def penalised(x: np.ndarray, y: np.ndarray, ridge: float) -> list[float]:
    """Coefficients of a logistic model of standardised features (about zero) with a ridge of n · ridge / 2."""
    scale = np.sqrt((x**2).mean(axis=0))
    z = x / scale

    def loss(theta: np.ndarray) -> float:
        score = z @ theta
        return float((np.logaddexp(0, score) - y * score).sum() + ridge * len(y) / 2 * (theta**2).sum())

    return (minimize(loss, np.zeros(x.shape[1]), method="BFGS", options={"gtol": 1e-9}).x / scale).tolist()


def main() -> None:
    generator = np.random.default_rng(9)
    n = 60
    a, b = generator.integers(20, 400, (2, n)).astype(float)
    label = (generator.random(n) < 1 / (1 + np.exp(-(a - b) / 150))).astype(float)
    margin = (0.004 * (a - b) + 0.8 * (2 * label - 1) + generator.normal(0, 1, n)).round(4)
    x, y = (a - b) / 100, 2 * label - 1
    features = np.stack([(a - b) / (a + b), generator.normal(0, 1, n)], axis=1).round(5)
    score = generator.normal(0, 1, n).round(1)
    ones, zeros = score[label == 1], score[label == 0]
    golden = {
        "a": a.tolist(),
        "b": b.tolist(),
        "label": label.tolist(),
        "margin": margin.tolist(),
        "slope": float(sm.OLS(margin, x).fit().params[0]),
        "partial": float(sm.OLS(margin, np.stack([x, y], axis=1)).fit().params[0]),
        "features": features.tolist(),
        "coefficients": penalised(features, label, 1e-3),
        "score": score.tolist(),
        "auc": float(mannwhitneyu(ones, zeros).statistic / len(ones) / len(zeros)),
    }
    FILE.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
