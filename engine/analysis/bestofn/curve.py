"""Unbiased curves of best and worst of n, from N answers a prompt."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats, Ints
from engine.analysis.records import Records

CURVES = ("best", "worst", "gold", "oracle")
"""By n: the highest value of n answers, the lowest, the truth of the answer with the highest value, the highest truth.

Answers of equal value share their truth: the choice among them is by chance.
"""


def weights(answers: int, n: int) -> Floats:
    """The chance C(i − 1, n − 1) / C(N, n) that the i-th lowest of N answers is the highest of n drawn without return.

    (Nakano et al. 2021, appendix I; Chen et al. 2021 for the same algebra.)
    """
    found = np.zeros(answers)
    chance = n / answers
    for place in range(answers, n - 1, -1):
        found[place - 1] = chance
        chance *= (place - n) / (place - 1) if place > 1 else 0.0
    return found


def kl_bound(n: int) -> float:
    """Nats that the distribution of the best of n lies at most from that of one answer: ln n − (n − 1) / n.

    An upper bound, reached where no two answers have the same score (Beirami et al. 2024).
    """
    return math.log(n) - (n - 1) / n


def sizes(most: int) -> list[int]:
    """1, 2, 4, … and the most."""
    return [*(2**power for power in range(most.bit_length()) if 2**power < most), most]


@dataclass(frozen=True)
class Prompts:
    """By prompt and n the values of each curve, shape (curves, prompts, sizes); NaN where a prompt has fewer answers.

    gold and oracle are NaN where a truth of the prompt is missing. `bucket` and `answers`: shape (prompts,).
    """

    n: list[int]
    values: Floats
    bucket: Ints
    answers: Ints


def prompts_of(records: Records, most: int) -> Prompts:
    """The curves of each prompt up to n = most."""
    n = sizes(most)
    values = np.full((len(CURVES), len(records.starts), len(n)), np.nan)
    score, truth = records.columns["value"], records.columns["truth"]
    for answers in np.unique(records.sizes).tolist():
        at = np.flatnonzero(records.sizes == answers)
        rows = records.starts[at][:, None] + np.arange(answers)
        fitting = [place for place, size in enumerate(n) if size <= answers]
        draw = np.stack([weights(answers, n[place]) for place in fitting], axis=1)
        values[np.ix_(np.arange(len(CURVES)), at, np.array(fitting))] = _curves(score[rows], truth[rows]) @ draw
    return Prompts(n, values, records.bucket[records.starts], records.sizes)


def _curves(score: Floats, truth: Floats) -> Floats:
    """What is weighed, shape (curves, prompts, answers): each sorted so that the last is the one chosen first."""
    order = np.argsort(score, axis=1, kind="stable")
    ranked = np.take_along_axis(score, order, axis=1)
    shared = _shared(ranked, np.take_along_axis(truth, order, axis=1))
    return np.stack([ranked, ranked[:, ::-1], shared, np.sort(truth, axis=1)])


def _shared(ranked: Floats, truth: Floats) -> Floats:
    """The truths, those of equal values replaced by their mean.

    One that is missing (NaN) makes its prompt's curves NaN wherever they are weighed: a chance of 0 keeps NaN.
    """
    answers = ranked.shape[1]
    new = np.concatenate([np.ones((len(ranked), 1), np.bool_), ranked[:, 1:] != ranked[:, :-1]], axis=1)
    group = np.cumsum(new.ravel()) - 1
    mean = np.bincount(group, truth.ravel()) / np.bincount(group)
    return np.asarray(mean[group].reshape(-1, answers))
