"""Whether style alone predicts the preference: a logistic model of all features, judged on held-out prompts."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from engine.analysis.arrays import Flags, Floats, Ints, sum_by
from engine.analysis.audit.rulers import WILSON, Pairs
from engine.analysis.intervals import critical
from engine.analysis.paired import wilson_by_bucket
from engine.types import Estimate

FOLDS = 5
RIDGE = 1e-3
"""Of each coefficient of a standardised feature, a row: keeps fits finite where style decides everything."""

STEPS = 30
DELONG = "DeLong's, by bucket (Obuchowski 1997)"


def predicted(pairs: Pairs, prompts: int, level: float) -> dict[str, Estimate]:
    """`style_accuracy` and `style_auc`, of rows in the fifth of the buckets that their model has not seen."""
    balance = np.stack([np.nan_to_num(values) for values in pairs.balance.values()], axis=1)
    known = np.any([np.isfinite(values) for values in pairs.balance.values()], axis=0)
    balance, label, bucket = balance[known], pairs.label[known], pairs.bucket[known]
    fold = bucket % FOLDS
    if len(np.unique(fold)) < 2 or not np.any(balance):
        nothing = Estimate(None, level=level, method="needs differences of style")
        return {"style_accuracy": nothing, "style_auc": nothing}
    score = np.zeros(len(label))
    for each in np.unique(fold).tolist():
        held = fold == each
        score[held] = balance[held] @ _fit(balance[~held], label[~held])
    return {
        "style_accuracy": _accuracy(score, label, bucket, prompts, level),
        "style_auc": _auc(score, label, bucket, level),
    }


def _fit(balance: Floats, label: Floats) -> Floats:
    """Coefficients of the preference's logit on the features' balance, without intercept: order does not count."""
    scale = np.sqrt(np.square(balance).mean(axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    x, ridge = balance / scale, RIDGE * len(label) * np.eye(balance.shape[1])
    theta = np.zeros(balance.shape[1])
    for _ in range(STEPS):
        p = expit(x @ theta)
        gradient = x.T @ (label - p) - ridge @ theta
        step = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + ridge, gradient)
        theta = theta + step
        if np.abs(step).max() < 1e-10:
            break
    return np.asarray(theta / scale)


def _accuracy(score: Floats, label: Floats, bucket: Ints, prompts: int, level: float) -> Estimate:
    marks = np.where(score > 0, label, np.where(score < 0, 1 - label, 0.5))
    filled, place = np.unique(bucket, return_inverse=True)
    sums, counts = (sum_by(place, each, len(filled)) for each in (marks, np.ones(len(place))))
    value, low, high, _ = wilson_by_bucket(sums, counts, prompts, level)
    return Estimate(value, low, high, level, f"{FOLDS} folds by bucket; {WILSON}", len(label))


def _auc(score: Floats, label: Floats, bucket: Ints, level: float) -> Estimate:
    """Area under the curve of both orders of each pair, so that it does not depend on which answer is called a."""
    scores, labels = np.concatenate([score, -score]), np.concatenate([label, 1 - label])
    filled, place = np.unique(bucket, return_inverse=True)
    area, influence = auc(scores, labels)
    by_bucket = np.bincount(np.tile(place, 2), influence, len(filled))
    groups = len(filled)
    spread = critical(level, groups) * float(np.sqrt(groups / (groups - 1) * np.square(by_bucket).sum()))
    method = f"{FOLDS} folds by bucket; {DELONG}"
    return Estimate(area, max(area - spread, 0.0), min(area + spread, 1.0), level, method, len(label))


def auc(score: Floats, label: Floats) -> tuple[float, Floats]:
    """Area under the curve of scores against labels in [0, 1], ties half, and each row's influence on it."""
    order = np.argsort(score, kind="stable")
    ranked = score[order]
    new: Flags = np.append(True, ranked[1:] != ranked[:-1])
    tie = np.cumsum(new) - 1
    ones, zeros = label[order], 1 - label[order]
    below, above = _beaten(zeros, tie), 1 - _beaten(ones, tie)
    area = float(ones @ below / ones.sum())
    influence = np.empty(len(score))
    influence[order] = ones * (below - area) / ones.sum() + zeros * (above - area) / zeros.sum()
    return area, influence


def _beaten(weight: Floats, tie: Ints) -> Floats:
    """By row the share of the weight that lies below it, half of what is equal to it counted."""
    groups = np.bincount(tie, weight)
    before = np.cumsum(groups) - groups
    return np.asarray((before + groups / 2)[tie] / weight.sum())
