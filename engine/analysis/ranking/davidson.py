"""Davidson's model of ties: P(i wins) : P(j wins) : P(tie) = πi : πj : ν·√(πi·πj), with strengths log π.

Source: Davidson 1970, JASA 65:317. The larger ν, the more ties; ν = 0 is Bradley and Terry's model of decided rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp, softmax

from engine.analysis.arrays import Floats
from engine.analysis.ranking.bradley_terry import CONVERGED, STEPS, SURE, Duels, solve


@dataclass(frozen=True)
class Fit:
    """Strengths in logits with sum zero, shape (items,), and log ν."""

    strengths: Floats
    log_nu: float


def fit(duels: Duels) -> Fit:
    """The fit of the highest likelihood. There must be ties and decided rows; otherwise as `bradley_terry.fit`."""
    share = duels.ties.sum() / duels.count.sum()
    parameters = np.append(np.zeros(duels.items), np.log(2 * share / (1 - share)))
    for _ in range(STEPS):
        step = solve(curvature(duels, parameters), gradient(duels, parameters))
        largest = np.abs(step).max()
        parameters = parameters + step if largest <= SURE else _climbed(duels, parameters, step)
        if largest < CONVERGED:
            break
    strengths = parameters[:-1]
    return Fit(strengths - strengths.mean(), float(parameters[-1]))


def expected(distance: Floats, log_nu: float) -> tuple[Floats, Floats]:
    """P(low wins) − P(high wins), and P(tie), for differences of strengths."""
    win, loss, tie = np.asarray(softmax(_logits(distance, log_nu), axis=0))
    return win - loss, tie


def curvature(duels: Duels, parameters: Floats) -> Floats:
    """Minus the second derivatives by strengths and log ν, made invertible as in `bradley_terry.curvature`."""
    lead, tie = expected(_distance(duels, parameters), float(parameters[-1]))
    strengths = duels.laplacian(duels.count * (1 - tie - lead**2) / 4) + 1 / duels.items
    mixed = duels.net(-duels.count * lead * tie / 2)
    corner = (duels.count * tie * (1 - tie)).sum()
    return np.block([[strengths, mixed[:, None]], [mixed[None, :], np.array([[corner]])]])


def _logits(distance: Floats, log_nu: float) -> Floats:
    return np.stack([distance / 2, -distance / 2, np.full_like(distance, log_nu)])


def _distance(duels: Duels, parameters: Floats) -> Floats:
    return np.asarray(parameters[duels.low] - parameters[duels.high])


def gradient(duels: Duels, parameters: Floats) -> Floats:
    """First derivatives of the log-likelihood by strengths and log ν."""
    lead, tie = expected(_distance(duels, parameters), float(parameters[-1]))
    observed = 2 * duels.wins - duels.count
    net = duels.net((observed - duels.count * lead) / 2)
    return np.append(net, (duels.ties - duels.count * tie).sum())


def _climbed(duels: Duels, parameters: Floats, step: Floats) -> Floats:
    before = _likelihood(duels, parameters)
    for _ in range(30):
        after = parameters + step
        if _likelihood(duels, after) >= before - 1e-12 * abs(before):
            return after
        step = step / 2
    return parameters


def _likelihood(duels: Duels, parameters: Floats) -> float:
    logits = _logits(_distance(duels, parameters), float(parameters[-1]))
    decided = duels.wins - duels.ties / 2
    outcomes = np.stack([decided, duels.count - duels.ties - decided, duels.ties])
    return float((outcomes * (logits - logsumexp(logits, axis=0))).sum())
