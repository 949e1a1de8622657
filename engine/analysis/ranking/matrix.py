"""Who won how often against whom, observed and as the model expects it."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.analysis.arrays import Floats, Ints
from engine.analysis.ranking.board import Board

MOST_SHOWN = 50
"""Items in the matrix, the strongest first: a thousand would make a million entries."""


def matrix(board: Board, expected: Floats, order: Ints) -> dict[str, Any]:
    """Win rates of the item of the row against that of the column, ties as half; None where they never met.

    `expected` is the model's win rate of the first item of each pair; `order` lists the items, best first.
    """
    duels, items = board.duels, len(board.items)
    rates: list[Floats] = []
    for of_low in (duels.wins / duels.count, expected):
        square = np.full((items, items), np.nan)
        square[duels.low, duels.high], square[duels.high, duels.low] = of_low, 1 - of_low
        rates.append(square)
    count = np.full((items, items), np.nan)
    count[duels.low, duels.high] = count[duels.high, duels.low] = duels.count
    shown = order[:MOST_SHOWN]
    observed, model, met = (_plain(square[np.ix_(shown, shown)]) for square in (*rates, count))
    return {
        "items": [board.items[place] for place in shown.tolist()],
        "observed": observed,
        "expected": model,
        "count": [[None if value is None else round(value) for value in row] for row in met],
        "of": items,
    }


def _plain(square: Floats) -> list[list[float | None]]:
    return [[value if value == value else None for value in row] for row in square.tolist()]
