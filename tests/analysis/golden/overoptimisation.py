"""Golden values of the fits over the KL, by statsmodels: `python tests/analysis/golden/overoptimisation.py`.

Needs statsmodels 0.14 or newer. Least squares by OLS, with known covariances by GLS, with Newey and West's errors by
`cov_type="HAC"`; the restricted likelihood by brute force: the density of the contrasts that the design leaves, by
scipy's multivariate normal, highest over the variance.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import statsmodels.api as sm
from scipy import linalg, optimize, stats

FILE = Path(__file__).with_suffix(".json")
LENGTHS = (1.0, 1.4236, 40.0)


def restricted(y: np.ndarray, x: np.ndarray, v: np.ndarray) -> float:
    """The highest log density of the contrasts over the variance."""
    contrasts = linalg.null_space(x.T)
    value, covariance = contrasts.T @ y, contrasts.T @ v @ contrasts

    def density(log_variance: float) -> float:
        return -float(stats.multivariate_normal.logpdf(value, cov=np.exp(log_variance) * covariance))

    found = optimize.minimize_scalar(density, bounds=(-20, 20), method="bounded", options={"xatol": 1e-12})
    return -float(found.fun)


def told(fitted: sm.regression.linear_model.RegressionResults, length: float, share: float, v: np.ndarray) -> dict:
    """One fit with a known covariance."""
    return {
        "length": length,
        "share": share,
        "params": fitted.params.tolist(),
        "cov": fitted.cov_params().tolist(),
        "restricted": restricted(fitted.model.endog, fitted.model.exog, v),
    }


def main() -> None:
    generator = np.random.default_rng(5)
    step = np.cumsum(generator.integers(1, 4, 40)).astype(float)
    d = np.sort(generator.uniform(0.1, 7, 40))
    noise = np.convolve(generator.normal(0, 0.3, 45), np.ones(6) / 6, "valid")
    y = 0.2 + d * (0.34 - 0.03 * d) + noise
    gap = np.abs(step[:, None] - step[None]) * 39 / (step[-1] - step[0])
    cases = []
    for form, bend in (("bon", d**2), ("rl", d * np.log(d))):
        x = np.stack([np.ones(40), d, -bend], axis=1)
        robust = sm.OLS(y, x).fit(cov_type="HAC", cov_kwds={"maxlags": 6, "use_correction": False})
        fits = [told(sm.OLS(y, x).fit(), 0.0, 1.0, np.eye(40))]
        for length in LENGTHS:
            for share in (0.0, 0.5):
                v = (1 - share) * np.exp(-gap / length) + share * np.eye(40)
                fits.append(told(sm.GLS(y, x, sigma=v).fit(), length, share, v))
        cases.append({"form": form, "fits": fits, "hac": robust.cov_params().tolist(), "maxlags": 6})
    held = {"step": step.tolist(), "d": d.tolist(), "y": y.tolist(), "cases": cases}
    FILE.write_text(json.dumps(held, indent=1) + "\n")


if __name__ == "__main__":
    main()
