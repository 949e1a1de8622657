"""Everything of the one cell that is shown in full: a feature in a window against the reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine import cohort
from engine.analysis.arrays import Floats
from engine.analysis.drift.again import change_of_the_same, is_score
from engine.analysis.drift.attribution import Attribution, attribution
from engine.analysis.drift.buckets import dense
from engine.analysis.drift.cells import Cell, Tallies
from engine.analysis.drift.change import Change, Series
from engine.analysis.drift.distances import cliffs_delta
from engine.analysis.drift.features import Feature
from engine.analysis.drift.means import Measure, course_of, means_of, measure_of
from engine.analysis.drift.parameters import DriftParameters
from engine.analysis.drift.windows import Windows
from engine.analysis.intervals import critical
from engine.analysis.records import Records
from engine.types import Estimate, RowReference

ROWS = 200
BARS = 24
FEW_VALUES = 12
POINTS = 101
NAMES_SHOWN = 14


@dataclass(frozen=True)
class Shown:
    """The cell, its measure's means by window, its course with changes, and what of its change is composition.

    `again`: the change of a score on answers that both windows have, None where that is not identified.
    """

    cell: Cell
    feature: Feature
    measure: Measure
    means: list[Estimate]
    series: Series | None
    changes: list[Change]
    attributions: list[Attribution]
    again: Estimate | None
    cliffs: Estimate | None


def shown_of(
    state: Records, windows: Windows, features: list[Feature], tallies: Tallies, cell: Cell, params: DriftParameters
) -> Shown:
    """Of the feature `cell.feature`, whose tallies these are."""
    feature = next(one for one in features if one.name == cell.feature)
    live = params.live == "yes"
    totals = tallies.count[[0, cell.window]].sum(axis=1)
    measure = measure_of(feature, *(totals / np.maximum(totals.sum(axis=1, keepdims=True), 1)))
    series, changes = course_of(windows, measure, params.level)
    explained = [] if live else _attributions(state, windows, features, feature, measure, cell.window, params.level)
    again = None
    if is_score(feature.name) and not live:
        again = change_of_the_same(state, measure.values, windows.code, cell.window, params.level)
    means = means_of(state, windows, measure, params.level, live=live)
    cliffs = None if feature.named else _cliffs(state, windows, feature, cell.window, params.level, live=live)
    return Shown(cell, feature, measure, means, series, [] if live else changes, explained, again, cliffs)


def _attributions(
    state: Records, windows: Windows, features: list[Feature], own: Feature, measure: Measure, window: int, level: float
) -> list[Attribution]:
    """By each column of names but its own, the most composition first."""
    kept = np.isfinite(measure.values) & ((windows.code == 0) | (windows.code == window))
    found = []
    for feature in features:
        if not feature.named or feature.name == own.name:
            continue
        rows = np.flatnonzero(kept & (feature.codes >= 0))
        later = (windows.code[rows] == window).astype(np.int64)
        one = attribution(
            feature.name, feature.words, feature.codes[rows], measure.values[rows], later, state.bucket[rows], level
        )
        if one is not None:
            found.append(one)
    return sorted(found, key=lambda one: -abs(one.composition.value or 0.0))


def _cliffs(state: Records, windows: Windows, feature: Feature, window: int, level: float, *, live: bool) -> Estimate:
    """Cliff's delta; its interval from the contributions of buckets."""
    known = np.isfinite(feature.values)
    sides = [np.flatnonzero(known & (windows.code == one)) for one in (0, window)]
    value, *parts = cliffs_delta(*(feature.values[rows] for rows in sides))
    method = "Cliff's delta, influence by bucket"
    if live:
        return Estimate(value, level=level, method="Cliff's delta", n=len(sides[1]))
    size = int(state.bucket.max()) + 1
    influence = sum(
        np.bincount(state.bucket[rows], part - value, size) / len(rows) for rows, part in zip(sides, parts, strict=True)
    )
    groups = min(dense(state.bucket[rows])[0] for rows in sides)
    error = float(np.sqrt(np.square(influence).sum() * groups / (groups - 1)))
    reach = critical(level, groups) * error
    return Estimate(value, max(value - reach, -1.0), min(value + reach, 1.0), level, method, len(sides[1]))


# ------------------------------------------------------------------ rows, and the picture of both distributions


def rows_of(state: Records, windows: Windows, tallies: Tallies, shown: Shown) -> list[RowReference]:
    """Rows of the window that the reference makes least likely: by the log ratio of the shares of their bin.

    Of equal ones those furthest from the reference's mean. `confidence` is the log ratio, in nats.
    """
    one, two = (tallies.count[window].sum(axis=0) for window in (0, shown.cell.window))
    ratio = np.log((two + 0.5) / (two.sum() + 0.5)) - np.log((one + 0.5) / (one.sum() + 0.5))
    rows = np.flatnonzero((windows.code == shown.cell.window) & (tallies.bin >= 0))
    strange = ratio[tallies.bin[rows]]
    away = np.zeros(len(rows)) if shown.feature.named else np.abs(shown.feature.values[rows] - tallies.middle)
    order = np.lexsort((state.row[rows], -away, -strange))[:ROWS]
    return [RowReference(int(state.row[rows[place]]), float(strange[place])) for place in order.tolist()]


def distribution(windows: Windows, tallies: Tallies, shown: Shown) -> dict[str, Any]:
    """Shares of the reference and of the window by bar, each with the rows of the window behind it."""
    feature, window = shown.feature, shown.cell.window
    head = {
        "feature": feature.name,
        "window": windows.names[window],
        "reference": windows.names[0],
        "named": feature.named,
    }
    if feature.named:
        return head | _bars_of_names(windows, tallies, feature, window)
    known = np.isfinite(feature.values)
    one, two = (feature.values[known & (windows.code == place)] for place in (0, window))
    both = np.concatenate([one, two])
    values = np.unique(both)
    if len(values) <= FEW_VALUES:
        labels = [f"{value:g}" for value in values.tolist()]
        sides = [np.searchsorted(values, side) for side in (one, two)]
        shares = [np.bincount(side, minlength=len(values)) / len(side) for side in sides]
        ends = [(value, value) for value in values.tolist()]
        return head | _told(labels, shares[0], shares[1], [_behind(windows, feature, window, *end) for end in ends])
    low, high = np.quantile(both, [0.005, 0.995])
    edges = np.linspace(low, high, BARS + 1) if high > low else np.linspace(both.min(), both.max(), BARS + 1)
    shares = [np.histogram(np.clip(side, edges[0], edges[-1]), edges)[0] / len(side) for side in (one, two)]
    ends = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    ends[0], ends[-1] = (float(both.min()), ends[0][1]), (ends[-1][0], float(both.max()))
    grid = np.unique(np.quantile(both, np.linspace(0, 1, POINTS)))
    steps = [np.searchsorted(np.sort(side), grid, "right") / len(side) for side in (one, two)]
    told = _told([], shares[0], shares[1], [_behind(windows, feature, window, *end) for end in ends])
    ecdf = {"x": grid.tolist(), "before": steps[0].tolist(), "after": steps[1].tolist()}
    return head | told | {"edges": edges.tolist(), "ecdf": ecdf}


def _bars_of_names(windows: Windows, tallies: Tallies, feature: Feature, window: int) -> dict[str, Any]:
    one, two = (tallies.count[place].sum(axis=0) for place in (0, window))
    p, q = one / one.sum(), two / two.sum()
    order = np.argsort(-np.maximum(p, q), kind="stable")[:NAMES_SHOWN].tolist()
    behind = [
        cohort.every(windows.where(window), cohort.one_of(feature.column, [feature.words[place]])) for place in order
    ]
    return _told([feature.words[place] for place in order], p[order], q[order], behind)


def _told(labels: list[str], before: Floats, after: Floats, wheres: list[str]) -> dict[str, Any]:
    return {"labels": labels, "before": before.tolist(), "after": after.tolist(), "wheres": wheres}


def _behind(windows: Windows, feature: Feature, window: int, low: float, high: float) -> str:
    if not feature.column or not windows.where(window):
        return ""
    return cohort.every(windows.where(window), cohort.within(feature.column, low, high))
