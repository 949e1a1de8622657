"""The fixed cells of a probability: 960 of equal width, cut finer in margin where the probability is near 0 or 1.

The edges do not depend on the data, so states add up. 960 is divisible by 5, 8, 10, 12, 15, 16, 20, 24, 30 and more:
any such number of equal-width bins is a sum of cells, exactly. The extra edges keep the margins within a cell close to
their mean in the tails, where a probability barely moves while its margin runs on.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from engine.analysis.arrays import Floats, Ints

RESOLUTION = 960
"""Equal-width cells of [0, 1]."""

TAIL_EDGES = np.concatenate([np.arange(4.5, 12.0, 0.125), np.arange(12.0, 40.5, 0.5)])
"""Margins at which the cells of the tails are cut, besides the edges of the 960."""

HALF = RESOLUTION // 2
PAIR_CELLS = HALF + len(TAIL_EDGES)
SCORE_CELLS = RESOLUTION + 2 * len(TAIL_EDGES)


def fine_cell(p: Floats) -> Ints:
    """Index of the equal-width cell: k / 960 ≤ p < (k + 1) / 960; p = 1 lies in the last."""
    return np.asarray(np.minimum((p * RESOLUTION).astype(np.int64), RESOLUTION - 1))


def tail_edges_below(margin: Floats) -> Ints:
    """How many tail edges are ≤ margin (margin ≥ 0); the same as searchsorted, without the search."""
    below = np.zeros(len(margin), np.int64)
    far = np.flatnonzero(margin >= TAIL_EDGES[0])
    first = np.minimum(np.floor((margin[far] - 4.5) * 8) + 1, 60)
    below[far] = first + np.clip(np.floor((margin[far] - 12.0) * 2) + 1, 0, 57)
    return below


def pair_cell(confidence: Floats, strength: Floats) -> Ints:
    """Cell of a pair: confidence in [.5, 1], strength = |margin|."""
    return fine_cell(confidence) - HALF + tail_edges_below(strength)


def score_cell(p: Floats, margin: Floats) -> Ints:
    """Cell of a score: p in [0, 1], margin = logit p (may be infinite)."""
    upper = tail_edges_below(np.clip(margin, 0.0, 41.0))
    lower = tail_edges_below(np.nextafter(np.clip(-margin, 0.0, 41.0), 0.0))
    return fine_cell(p) + upper + len(TAIL_EDGES) - lower


@cache
def fine_of_cell(paired: bool) -> Ints:
    """For each cell the equal-width cell (0..959) in which it lies."""
    tail = 1 / (1 + np.exp(-TAIL_EDGES))
    edges = np.arange(HALF + 1 if paired else 1, RESOLUTION) / RESOLUTION
    cuts = np.concatenate([edges, tail] if paired else [edges, tail, 1 / (1 + np.exp(TAIL_EDGES))])
    is_fine = np.concatenate([np.ones(len(edges), np.int64), np.zeros(len(cuts) - len(edges), np.int64)])
    order = np.lexsort((is_fine, cuts))
    start = HALF if paired else 0
    fine = np.concatenate([[start], start + np.cumsum(is_fine[order])])
    fine.flags.writeable = False
    return fine


def cells_of(paired: bool) -> int:
    """Number of cells."""
    return PAIR_CELLS if paired else SCORE_CELLS
