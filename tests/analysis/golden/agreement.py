"""Writes agreement.json: who said what, and what other people's packages make of it.

    python -m tests.analysis.golden.agreement

Needs krippendorff 0.9.0, irrCAC 0.4.4, statsmodels 0.15.0, scikit-learn 1.9.1, crowd-kit 1.4.2 and ppi-python 0.2.3 in
an environment of its own.

- `textbook`: Krippendorff's example of 15 units, 3 raters and gaps (Krippendorff 2011).
- `whole`: 200 units, each rated 1 to 4 by three raters. `gaps`: the same with three in ten ratings left out.
  `alpha` (krippendorff), `fleiss` (statsmodels), `kappa` and `quadratic` of raters 0 and 1 (scikit-learn), `ac1`
  (irrCAC).
- `crowd`: 600 units judged 0 or 1 by four raters (crowd-kit): consensus, confusion (true, said) and shares.
- `verdicts`: 300 labels and verdicts (0, ½, 1): kappa of both orientations of each pair (scikit-learn).
- `judge`: 60 labels beside 540 verdicts alone (ppi-python): mean and standard error at fixed weights, the tuned weight.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import krippendorff
import numpy as np
import pandas as pd
from crowdkit.aggregation import DawidSkene
from irrCAC.raw import CAC
from ppi_py import ppi_mean_ci, ppi_mean_pointestimate
from scipy.stats import norm
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

TEXTBOOK = [
    [None, None, None, None, None, 3, 4, 1, 2, 1, 1, 3, 3, None, 3],
    [1, None, 2, 1, 3, 3, 4, 3, None, None, None, None, None, None, None],
    [None, None, 2, 1, 3, 4, 4, None, 2, 1, 1, 3, 3, None, 4],
]
SCALES = ("nominal", "ordinal", "interval")


def ratings() -> np.ndarray:
    generator = np.random.default_rng(20261129)
    truth = generator.integers(1, 5, 200)
    moved = generator.choice([-1, 0, 0, 0, 1], (3, 200))
    return np.clip(truth + moved, 1, 4)


def alphas(table: list[list[Any]]) -> dict[str, float]:
    values = np.array([[np.nan if one is None else one for one in row] for row in table], float)
    return {scale: float(krippendorff.alpha(reliability_data=values, level_of_measurement=scale)) for scale in SCALES}


def ac1(table: list[list[Any]]) -> float:
    frame = pd.DataFrame(np.array(table, object).T).astype(float)
    return float(CAC(frame, digits=12).gwet()["est"]["coefficient_value"])


def agreement() -> dict[str, Any]:
    whole = ratings()
    missing = np.random.default_rng(5).random(whole.shape) < 0.3
    gaps = [
        [None if gone else int(one) for one, gone in zip(row, out, strict=True)]
        for row, out in zip(whole, missing, strict=True)
    ]
    told = whole.tolist()
    return {
        "textbook": {"ratings": TEXTBOOK, "alpha": alphas(TEXTBOOK)},
        "gaps": {"ratings": gaps, "alpha": alphas(gaps), "ac1": ac1(gaps)},
        "whole": {
            "ratings": told,
            "alpha": alphas(told),
            "ac1": ac1(told),
            "fleiss": float(fleiss_kappa(aggregate_raters(whole.T)[0])),
            "kappa": float(cohen_kappa_score(whole[0], whole[1])),
            "quadratic": float(cohen_kappa_score(whole[0], whole[1], weights="quadratic")),
        },
    }


def crowd() -> dict[str, Any]:
    generator = np.random.default_rng(7)
    truth = generator.integers(0, 2, 600)
    right = generator.random((600, 4)) < [0.9, 0.8, 0.65, 0.55]
    said = np.where(right, truth[:, None], 1 - truth[:, None])
    names = [(f"{unit:03}", f"{rater}", int(said[unit, rater])) for unit in range(600) for rater in range(4)]
    model = DawidSkene(n_iter=5000, tol=1e-13)
    consensus = model.fit_predict(pd.DataFrame(names, columns=["task", "worker", "label"])).sort_index()
    confusion = [
        [[float(model.errors_.loc[(f"{rater}", heard), true]) for heard in (0, 1)] for true in (0, 1)]
        for rater in range(4)
    ]
    return {
        "said": said.tolist(),
        "truth": truth.tolist(),
        "accuracy": float((consensus.to_numpy() == truth).mean()),
        "majority": float((np.where(said.mean(axis=1) == 0.5, said[:, 0], said.mean(axis=1).round()) == truth).mean()),
        "confusion": confusion,
        "shares": [float(model.priors_[true]) for true in (0, 1)],
    }


def verdicts() -> dict[str, Any]:
    generator = np.random.default_rng(13)
    label = generator.choice([0, 1, 2], 300, p=[0.3, 0.2, 0.5])
    verdict = np.where(generator.random(300) < 0.6, label, generator.choice([0, 1, 2], 300))
    both = np.concatenate([label, 2 - label]), np.concatenate([verdict, 2 - verdict])
    kappa = float(cohen_kappa_score(*both))
    return {"label": (label / 2).tolist(), "verdict": (verdict / 2).tolist(), "kappa": kappa}


def judge() -> dict[str, Any]:
    generator = np.random.default_rng(11)
    label = (generator.random(600) < 0.6).astype(float)
    verdict = np.where(generator.random(600) < 0.8, label, (generator.random(600) < 0.7).astype(float))
    known = np.arange(600) < 60
    mine = label[known], verdict[known], verdict[~known]
    fixed = {}
    for weight in (0.0, 0.5, 1.0):
        low, high = (float(end[0]) for end in ppi_mean_ci(*mine, alpha=0.05, lam=weight))
        mean = float(np.ravel(ppi_mean_pointestimate(*mine, lam=weight))[0])
        fixed[str(weight)] = {"mean": mean, "error": (high - low) / 2 / float(norm.ppf(0.975))}
    tuned = float(np.ravel(ppi_mean_pointestimate(*mine))[0])
    return {"label": label.tolist(), "verdict": verdict.tolist(), "labelled": 60, "fixed": fixed, "tuned": tuned}


if __name__ == "__main__":
    told = agreement() | {"crowd": crowd(), "verdicts": verdicts(), "judge": judge()}
    Path(__file__).with_suffix(".json").write_text(json.dumps(told) + "\n")
