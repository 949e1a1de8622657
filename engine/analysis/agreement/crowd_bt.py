"""A ranking and how far each rater follows it, found together: Crowd-BT.

A rater follows the ranking with a probability η of their own:
P(i is preferred to j) = η σ(sᵢ − sⱼ) + (1 − η) σ(sⱼ − sᵢ). Nobody needs to have judged what another did; η is near ½
for who guesses and below it for who mistakes the question. Source: Chen, Bennett, Collins-Thompson and Horvitz 2013,
WSDM; fitted here by EM, each step a Bradley-Terry fit.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from engine.analysis.arrays import Floats, Ints, sum_by
from engine.analysis.ranking.bradley_terry import Duels, fit

START = 0.9
STEPS = 60
CONVERGED = 1e-4
"""Largest change of a rater's probability in the last step."""

WORDS = 2.0
"""Made-up judgments of each rater, START of which follow the ranking: few words prove nobody perfect or useless."""

DOUBT = 1e-4
"""Least probability that a judgment meant the other side. Without it a ranking that nobody contradicts for sure has
strengths without bound, as Chen et al. note, who hold them with a virtual item."""


def follows(items: int, a: Ints, b: Ints, label: Floats, rater: Ints, raters: int) -> Floats:
    """η of each rater, in [0, 1]; NaN for who has no comparison. Shape (raters,).

    `a`, `b` in [0, items) are compared, `label` is P(a preferred) in [0, 1], a tie half a word for either. Strengths
    must exist among all items (`engine.analysis.ranking.graph.comparable`).
    """
    told = sum_by(rater, np.ones(len(rater)), raters)
    share = np.full(raters, START)
    strengths = fit(Duels.of_rows(items, a, b, label))
    for _ in range(STEPS):
        ahead = expit(strengths[a] - strengths[b])
        for_a, for_b = _followed(share[rater], ahead), _followed(share[rater], 1 - ahead)
        after = (sum_by(rater, label * for_a + (1 - label) * for_b, raters) + WORDS * START) / (told + WORDS)
        meant = np.clip(label * for_a + (1 - label) * (1 - for_b), DOUBT, 1 - DOUBT)
        strengths = fit(Duels.of_rows(items, a, b, meant))
        moved = float(np.abs(after - share).max())
        share = after
        if moved < CONVERGED:
            break
    return np.where(told > 0, share, np.nan)


def _followed(share: Floats, ahead: Floats) -> Floats:
    """P(a rater followed the ranking), when they preferred what is ahead with probability `ahead`."""
    return np.asarray(share * ahead / (share * ahead + (1 - share) * (1 - ahead)))
