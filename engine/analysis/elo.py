"""From strengths in logits to the scale that people read: 400 points are odds of ten to one, the mean is 1000."""

from __future__ import annotations

import math

ELO = 400 / math.log(10)
"""Points of Elo in one logit."""

MEAN = 1000.0


def elo(strength: float) -> float:
    """The Elo value of a strength; source: Chiang et al. 2024, arXiv:2403.04132."""
    return MEAN + ELO * strength
