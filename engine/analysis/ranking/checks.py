"""Whether a ranking exists at all, and of which items; each refusal has a name."""

from __future__ import annotations

import numpy as np

from engine.analysis.arrays import Flags, Ints
from engine.analysis.intervals import check_mixed
from engine.analysis.ranking.board import Board
from engine.analysis.ranking.fitted import Fitted
from engine.analysis.ranking.graph import comparable, groups
from engine.analysis.ranking.state import MOST_ITEMS, RankingState
from engine.errors import NotEnoughData
from engine.words import amount

LEAST_PROMPTS = 30
NAMED = 5
"""Names that a sentence lists before it counts the rest."""


NO_DEVIATION = 1e-9
"""A standard error in logits that is zero but for rounding."""


def check_size(state: RankingState) -> None:
    """Raises NotEnoughData for too many items, fewer than two, and too few prompts."""
    if state.crowded:
        said = f"There are more than {MOST_ITEMS:,} items; a ranking is of at most so many."
        raise NotEnoughData(said, code="too_many_items")
    prompts = state.prompts.count
    if prompts < LEAST_PROMPTS:
        raise NotEnoughData(f"{amount(prompts, 'prompt')}; an honest interval needs at least {LEAST_PROMPTS}.")
    check_mixed(amount(prompts, "prompt"), len(state.pairs.filled))


def ranked(board: Board) -> Flags:
    """The items that have a finite strength.

    Raises NotEnoughData `not_connected` where the items fall into groups that were never compared, and
    `no_finite_strength` where each item won or lost everything against the others.
    """
    duels = board.duels
    group = groups(duels)
    if group.max() > 0:
        parts = "; ".join(listed(_members(board, group, number)) for number in range(min(int(group.max()) + 1, NAMED)))
        count = int(group.max()) + 1
        said = f"The items fall into {count} groups that were never compared with each other: {parts}"
        more = f"; and {amount(count - NAMED, 'more group')}" if count > NAMED else ""
        raise NotEnoughData(f"{said}{more}. Rank them apart, or compare across.", code="not_connected")
    kept = comparable(duels)
    if kept.sum() < 2:
        said = "No two items both won and lost, directly or through others: all strengths would be infinite."
        raise NotEnoughData(said, code="no_finite_strength")
    return kept


def fixed(board: Board, fitted: Fitted) -> Flags:
    """The items whose outcomes never varied (only ties with one other, say), so that no interval can be given.

    Of two items at a fixed distance, the one with fewer comparisons. Raises NotEnoughData `no_variation` where fewer
    than two are left.
    """
    rows = board.duels.by_item(board.duels.count)
    stiff = fitted.deviation < NO_DEVIATION
    order = np.arange(len(rows))
    fewer = (rows[:, None] < rows[None, :]) | ((rows[:, None] == rows[None, :]) & (order[:, None] > order[None, :]))
    found = np.asarray((stiff & fewer).any(axis=1))
    if (~found).sum() < 2:
        said = "The outcomes never varied (nothing but ties?): no interval can be given."
        raise NotEnoughData(said, code="no_variation")
    return found


def _members(board: Board, group: Ints, number: int) -> list[str]:
    return [board.items[place] for place in np.flatnonzero(group == number).tolist()]


def listed(names: list[str]) -> str:
    """`a, b and c`; of many, the first five and how many more."""
    if len(names) > NAMED:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED:,} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
