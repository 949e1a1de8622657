"""Style control: how strong items are beyond how long or how decorated their answers are.

    logit P(a beats b) = strength a − strength b + Σ coefficient · z,   z = ((x_a − x_b) / (|x_a| + |x_b|)) / s

for each feature x of style, s the root mean square of that difference over the rows: dividing alone, without taking a
mean away, leaves the model the same when a and b are swapped. Sources: the arena's style control (LMSYS, August 2024);
the intervals as in `fitted`.

The model needs rows one by one, and the state keeps so many of whole prompts (`sample`). Strengths are then

    those of all rows without controls + (with controls − without, both of the kept rows)

which is the plain fit of the model where all rows are kept. Beyond, the difference varies far less than either side
of it, so nearly all that the other rows know is used; influences are added bucket by bucket, so the interval knows what
the two parts have in common.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError
from scipy.special import expit

from engine.analysis.arrays import Floats, Ints, sum_by
from engine.analysis.ranking import bradley_terry
from engine.analysis.ranking.board import Board
from engine.analysis.ranking.bradley_terry import CONVERGED, STEPS, SURE, Duels
from engine.analysis.ranking.fitted import Fitted
from engine.analysis.ranking.graph import comparable
from engine.analysis.ranking.sample import StyleSample
from engine.errors import NotEnoughData
from engine.types import LENGTHS

WIDELY_KNOWN = 0.5
"""A feature that fewer of the rows have is not controlled for: each row needs all features."""


@dataclass(frozen=True)
class Controlled:
    """The controlled fit; `features` names what was controlled, `rows` how many rows the coefficients rest on."""

    fitted: Fitted
    features: tuple[str, ...]
    rows: int


def controlled(
    board: Board, plain: Fitted, sample: StyleSample, controls: str, *, corrected: bool = True
) -> Controlled:
    """The ranking of the board with style held equal; `sample` has its items, `corrected` is that of `plain`.

    Raises NotEnoughData where the features are not there, or the kept rows do not determine the model.
    """
    names = _features(sample, controls)
    known = np.isfinite(np.stack([sample.features[name] for name in names])).all(axis=0)
    rows = sample.where(np.asarray(known))
    raw = np.stack([rows.features[name] for name in names])
    z = raw / np.sqrt(np.square(raw).mean(axis=1, keepdims=True))
    items = len(board.items)
    duels = Duels.of_rows(items, rows.a, rows.b, rows.label)
    if not comparable(duels).all():
        raise NotEnoughData(
            "Some items won or lost every comparison of known style: no finite strength with style held equal.",
            code="controls_undetermined",
        )
    buckets = board.table.buckets
    bucket = rows.bucket % buckets
    parameters, influence = _with_controls(items, rows, z, bucket, buckets, corrected=corrected)
    without, plainly = _without(duels, rows, bucket, buckets, corrected=corrected)
    strengths = plain.strengths + parameters[:items] - without
    everywhere = np.zeros((buckets, items))
    everywhere[board.table.filled] = plain.influence
    everywhere += influence[:, :items] - plainly
    filled = board.table.filled
    others = {
        f"coefficient_{name}": (float(parameters[items + place]), influence[filled, items + place])
        for place, name in enumerate(names)
    }
    return Controlled(Fitted(strengths, everywhere[filled], others), names, len(rows))


def _features(sample: StyleSample, controls: str) -> tuple[str, ...]:
    """The features to control for: those that are widely known and differ at all."""
    lengths = [name for name in LENGTHS if name in sample.features]
    asked = (lengths or LENGTHS)[:1] if controls == "length" else list(sample.features)
    found = []
    for name in asked:
        values = sample.features.get(name, np.zeros(0))
        known = values[np.isfinite(values)]
        if len(known) and len(known) >= WIDELY_KNOWN * len(values) and known.any():
            found.append(name)
    if not found:
        what = "their length" if controls == "length" else "their style"
        raise NotEnoughData(
            f"The rows do not tell answers apart by {what}: nothing can be held equal.", code="no_style"
        )
    return tuple(found)


def _with_controls(
    items: int, rows: StyleSample, z: Floats, bucket: Ints, buckets: int, *, corrected: bool
) -> tuple[Floats, Floats]:
    """Strengths (sum zero) and coefficients, and their influences by bucket: shape (buckets, items + features)."""
    parameters = np.zeros(items + len(z))
    for _ in range(STEPS):
        expected = _expected(rows, z, parameters)
        gradient = _scores(items, rows, z, rows.label - expected, np.zeros_like(bucket), 1)[0]
        step = _factor(_curvature(items, rows, z, expected * (1 - expected)))(gradient)
        largest = np.abs(step).max()
        parameters = parameters + step if largest <= SURE else _climbed(rows, z, parameters, step)
        if largest < CONVERGED:
            break
    else:
        raise NotEnoughData("The features of style decide every comparison alone.", code="controls_undetermined")
    expected = _expected(rows, z, parameters)
    weight = expected * (1 - expected)
    scores = _scores(items, rows, z, rows.label - expected, bucket, buckets)
    influence = _influence(rows, z, weight, bucket, scores, corrected=corrected)
    return parameters, influence


def _influence(
    rows: StyleSample, z: Floats, weight: Floats, bucket: Ints, scores: Floats, *, corrected: bool
) -> Floats:
    """The influences of buckets on strengths and coefficients, as in `fitted`."""
    items = scores.shape[1] - len(z)
    factor = _factor(_curvature(items, rows, z, weight))
    influence = factor(scores.T).T
    if not corrected:
        return influence
    moved = influence[bucket, rows.a] - influence[bucket, rows.b]
    for place, feature in enumerate(z):
        moved += influence[bucket, items + place] * feature
    return influence + factor(_scores(items, rows, z, weight * moved, bucket, len(scores)).T).T


def _without(duels: Duels, rows: StyleSample, bucket: Ints, buckets: int, *, corrected: bool) -> tuple[Floats, Floats]:
    """Strengths without controls on the same rows, and their influences."""
    strengths, nothing = bradley_terry.fit(duels), np.zeros((0, len(rows)))
    expected = expit(strengths[rows.a] - strengths[rows.b])
    scores = _scores(duels.items, rows, nothing, rows.label - expected, bucket, buckets)
    weight = expected * (1 - expected)
    return strengths, _influence(rows, nothing, weight, bucket, scores, corrected=corrected)


def _expected(rows: StyleSample, z: Floats, parameters: Floats) -> Floats:
    return np.asarray(expit(_logit(rows, z, parameters)))


def _logit(rows: StyleSample, z: Floats, parameters: Floats) -> Floats:
    items = len(parameters) - len(z)
    return np.asarray(parameters[rows.a] - parameters[rows.b] + parameters[items:] @ z)


def _scores(items: int, rows: StyleSample, z: Floats, residual: Floats, bucket: Ints, buckets: int) -> Floats:
    """Sums of scores by bucket: shape (buckets, items + features)."""
    first, second = (sum_by(bucket * items + side, residual, buckets * items) for side in (rows.a, rows.b))
    features = [sum_by(bucket, residual * feature, buckets) for feature in z]
    return np.column_stack([(first - second).reshape(buckets, items), *features])


def _curvature(items: int, rows: StyleSample, z: Floats, weight: Floats) -> Floats:
    """Minus the second derivatives, made invertible as in `bradley_terry.curvature`."""
    ones = np.ones(len(rows))
    duels = Duels(items, rows.a, rows.b, ones, ones, ones)
    strengths = duels.laplacian(weight) + 1 / items
    weighted = z * weight
    mixed = np.array([duels.net(feature) for feature in weighted]).reshape(len(z), items)
    return np.block([[strengths, mixed.T], [mixed, weighted @ z.T]])


def _factor(curvature: Floats) -> Callable[[Floats], Floats]:
    try:
        return bradley_terry.factor(curvature)
    except LinAlgError as error:
        said = "The features of style cannot be told apart from each other, or from the items, on these rows."
        raise NotEnoughData(said, code="controls_undetermined") from error


def _climbed(rows: StyleSample, z: Floats, parameters: Floats, step: Floats) -> Floats:
    before = _likelihood(rows, z, parameters)
    for _ in range(30):
        after = parameters + step
        if _likelihood(rows, z, after) >= before - 1e-12 * abs(before):
            return after
        step = step / 2
    return parameters


def _likelihood(rows: StyleSample, z: Floats, parameters: Floats) -> float:
    logit = _logit(rows, z, parameters)
    return float((rows.label * logit - np.logaddexp(0, logit)).sum())
