"""A mean that many verdicts and few labels tell together: prediction-powered inference, with clusters.

Source: PPI++, Angelopoulos, Duchi and Zrnic 2023, arXiv:2311.01453. The weight of the verdicts is tuned; variances are
those of sums by bucket, so rows of one prompt, labelled or not, may depend on each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc

from engine.analysis.arrays import Floats
from engine.analysis.intervals import critical

RANDOM_AT = 0.01
"""p below which labelled rows are taken as no random subset."""


@dataclass(frozen=True)
class Sums:
    """By bucket: labelled rows, the sums of their labels and verdicts; unlabelled rows, the sum of their verdicts."""

    labelled: Floats
    label: Floats
    verdict: Floats
    unlabelled: Floats
    verdict_unlabelled: Floats


@dataclass(frozen=True)
class Corrected:
    """`value` ± critical · `error`; `weight` of the verdicts in [0, 1].

    `label_error` is the part of the error that more labels would lessen, `verdict_error` what would be left. Their
    squares add up. `human_error`: of the mean of the labels alone.
    """

    value: float
    error: float
    weight: float
    buckets: int
    label_error: float
    verdict_error: float
    human_error: float

    def interval(self, level: float) -> tuple[float, float]:
        """Student's, on as many degrees of freedom as labelled buckets less one; cut at 0 and 1."""
        reach = critical(level, self.buckets) * self.error
        return max(self.value - reach, 0.0), min(self.value + reach, 1.0)


def corrected(sums: Sums, weight: float | None = None) -> Corrected:
    """The mean label. `weight`: of the verdicts, tuned for the least variance where it is None.

    Without unlabelled rows, or with weight 0, the mean of the labels.
    """
    n, unlabelled = sums.labelled.sum(), sums.unlabelled.sum()
    label, verdict = sums.label.sum() / n, sums.verdict.sum() / n
    other = sums.verdict_unlabelled.sum() / unlabelled if unlabelled else verdict
    human = (sums.label - label * sums.labelled) / n
    judged = (sums.verdict - verdict * sums.labelled) / n
    rest = (sums.verdict_unlabelled - other * sums.unlabelled) / max(unlabelled, 1)
    if weight is None:
        weight = _tuned(human, judged - rest) if unlabelled else 0.0
    groups = int((sums.labelled > 0).sum())
    usual = groups / max(groups - 1, 1)
    parts = human - weight * judged, weight * rest
    variances = [float(usual * np.square(part).sum()) for part in (parts[0] + parts[1], parts[0], human)]
    error, label_error, human_error = (float(np.sqrt(variance)) for variance in variances)
    rest_of_it = float(np.sqrt(max(variances[0] - variances[1], 0.0)))
    value = float(label - weight * (verdict - other))
    return Corrected(value, error, weight, groups, label_error, rest_of_it, human_error)


def _tuned(human: Floats, judged: Floats) -> float:
    spread = float(np.square(judged).sum())
    return float(np.clip((human * judged).sum() / spread, 0, 1)) if spread > 0 else 0.0


def random_subset(labelled: Floats, inside: list[Floats], unlabelled: Floats, outside: list[Floats]) -> float:
    """The p-value of the labelled rows being a random subset: means of what is known of all rows, labelled against not.

    `inside` and `outside` are sums by bucket of the same features over labelled and unlabelled rows. Hotelling's test
    with variances by bucket; 1 where nothing differs from row to row.
    """
    n, rest = labelled.sum(), unlabelled.sum()
    groups = int(((labelled > 0) | (unlabelled > 0)).sum())
    differences, influences = [], []
    for mine, other in zip(inside, outside, strict=True):
        first, second = mine.sum() / n, other.sum() / rest
        differences.append(first - second)
        influences.append((mine - first * labelled) / n - (other - second * unlabelled) / rest)
    influence = np.stack(influences)
    spread = influence @ influence.T * groups / max(groups - 1, 1)
    scale = np.sqrt(np.maximum(np.diag(spread), 1e-300))
    known = np.diag(spread) > 1e-18
    if not known.any():
        return 1.0
    scaled = (np.array(differences) / scale)[known]
    correlation = (spread / scale / scale[:, None])[np.ix_(known, known)]
    inverse = np.linalg.pinv(correlation, rcond=1e-6, hermitian=True)
    rank = int(np.linalg.matrix_rank(correlation, tol=1e-6, hermitian=True))
    statistic = float(scaled @ inverse @ scaled) * (groups - rank) / (rank * max(groups - 1, 1))
    return float(fdtrc(rank, max(groups - rank, 1), statistic))
