"""What the reader of a comparison has to know besides."""

from __future__ import annotations

from collections.abc import Sequence

from engine.analysis.compare.decide import Decision
from engine.analysis.compare.differences import Differences
from engine.analysis.compare.state import CompareState
from engine.types import Notice
from engine.words import amount

FEW_PROMPTS = 200
SHARED = 0.9
"""Share of a system's prompts below which having the rest to itself is worth a word."""


def warnings(state: CompareState, found: Differences, decision: Decision, dropped: Sequence[str]) -> list[Notice]:
    """Notices, the most important first."""
    grid, notices = found.grid, []
    shared = int(found.prompts[decision.pair])
    if shared < FEW_PROMPTS:
        notices.append(Notice("few_prompts", f"Only {amount(shared, 'common prompt')}: intervals are approximate."))
    own = grid.prompts_of(grid.known[:, [decision.candidate, decision.baseline]])
    if shared < SHARED * int(own.max()):
        told = (
            f"The difference is of the {amount(shared, 'prompt')} that both have; one of them has {int(own.max()):,}."
        )
        notices.append(Notice("partial_overlap", told))
    pairs = len(grid.names) * (len(grid.names) - 1) // 2
    if len(found) < pairs:
        told = f"{pairs - len(found)} of {amount(pairs, 'pair')} of systems have too few common prompts."
        notices.append(Notice("pairs_left_out", told))
    if dropped:
        told = f"Left out, with fewer than 30 prompts: {', '.join(dropped[:5])}{' …' if len(dropped) > 5 else ''}."
        notices.append(Notice("systems_left_out", told))
    if grid.sampled:
        told = "There are more prompts than are kept apart: the answer rests on a random sample of them."
        notices.append(Notice("sampled", told))
    if state.left_out:
        told = f"{amount(state.left_out, 'row')} without a verdict or a value left out."
        notices.append(Notice("rows_left_out", told))
    return notices
