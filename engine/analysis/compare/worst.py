"""The rows on which candidate and baseline disagree most."""

from __future__ import annotations

import numpy as np

from engine.analysis.compare.decide import Decision
from engine.analysis.compare.state import CompareState
from engine.analysis.compare.systems import Grid, systems_of, units_of
from engine.types import RowReference

WORST_SHOWN = 200


def worst(state: CompareState, grid: Grid, decision: Decision) -> list[RowReference]:
    """Rows of the candidate, of the sampled units: the greatest differences first, then the strongest rows.

    `confidence` is how far candidate and baseline lie apart there.
    """
    sample = state.sample
    _, system = systems_of(state, grid.by, sample.member)
    name_at = {name: place for place, name in enumerate(systems_of(state, grid.by, sample.member)[0])}
    own = system == name_at[grid.names[decision.candidate]]
    unit = units_of(state, grid.by, sample.unit, sample.member)[own]
    order = np.argsort(grid.unit)
    at = order[np.minimum(np.searchsorted(grid.unit[order], unit), len(order) - 1)]
    pair = [decision.candidate, decision.baseline]
    there = (grid.unit[at] == unit) & grid.known[at][:, pair].all(axis=1)
    apart = np.abs(grid.value[at, decision.candidate] - grid.value[at, decision.baseline])
    row, strength = sample.row[own], sample.strength[own]
    kept = np.flatnonzero(there & (apart > 0))
    ranked = kept[np.lexsort((row[kept], -strength[kept], -apart[kept]))][:WORST_SHOWN]
    return [RowReference(int(row[place]), float(apart[place])) for place in ranked]
