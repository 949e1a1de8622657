"""Who was compared with whom: where strengths exist, and whose are infinite."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from engine.analysis.arrays import Flags, Floats, Ints
from engine.analysis.ranking.bradley_terry import Duels


def groups(duels: Duels) -> Ints:
    """The group of each item: no comparison lies between two groups, 0 is the largest. Shape (items,)."""
    return _by_size(_components(duels, duels.count, duels.count, "weak"))


def comparable(duels: Duels) -> Flags:
    """The largest set of items within which strengths exist (Ford 1957): shape (items,).

    From each of them a chain of defeats or ties leads to each other one. An item outside won or lost every time
    against these, so that the highest likelihood is at an infinite strength.
    """
    return np.asarray(_by_size(_components(duels, duels.wins, duels.count - duels.wins, "strong")) == 0)


def _components(duels: Duels, forth: Floats, back: Floats, connection: str) -> Ints:
    there, again = forth > 0, back > 0
    start = np.concatenate([duels.low[there], duels.high[again]])
    end = np.concatenate([duels.high[there], duels.low[again]])
    edges = coo_array((np.ones(len(start)), (start, end)), shape=(duels.items, duels.items))
    return np.asarray(connected_components(edges.tocsr(), directed=True, connection=connection)[1], np.int64)


def _by_size(group: Ints) -> Ints:
    """Groups numbered by falling size, equal ones by their first item."""
    found, first, sizes = np.unique(group, return_index=True, return_counts=True)
    place = np.empty(len(found), np.int64)
    place[np.lexsort((first, -sizes))] = np.arange(len(found))
    return place[group]
