"""From a state to the result of the ranking."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from engine.analysis.arrays import Flags, Floats
from engine.analysis.ranking.board import Board
from engine.analysis.ranking.bootstrap import resampled
from engine.analysis.ranking.checks import check_size, fixed, listed, ranked
from engine.analysis.ranking.controls import Controlled, controlled
from engine.analysis.ranking.estimates import BOOTSTRAP, SANDWICH, parameters, rates
from engine.analysis.ranking.fitted import Fitted, fit_bradley_terry, fit_davidson, win_rate
from engine.analysis.ranking.matrix import matrix
from engine.analysis.ranking.parameters import RankingParameters
from engine.analysis.ranking.ranks import gap_width, ranks
from engine.analysis.ranking.sentence import Basis, sentence, verdict
from engine.analysis.ranking.slices import Whole, slices
from engine.analysis.ranking.state import RankingState
from engine.analysis.ranking.table import Standing, gap, items_of, standing
from engine.analysis.ranking.warnings import FEW_CLUSTERS, Facts, warnings
from engine.errors import NotEnoughData
from engine.types import Estimate, Evidence, Result


@dataclass(frozen=True)
class Ranked:
    """Everything that a result is written from. `standing` is the answer, `plain` the ranking without controls."""

    whole: Board
    board: Board
    kept: Flags
    plain: Standing
    standing: Standing
    controlled: Controlled | None
    draws: Floats | None


def conclude(state: RankingState, params: RankingParameters, name: str, version: str) -> Result:
    """The result of a state, already narrowed. Raises NotEnoughData, each time with a code of its own."""
    check_size(state)
    ranking = rank(state, params)
    found = ranking.standing
    estimates = rates(state.pairs, state.shown, params.level)
    estimates["top_gap"] = _top_gap(ranking, params)
    estimates |= parameters(found.fitted, params.level, _fitted_rows(ranking))
    code = verdict(found.ranks)
    prompts = state.prompts.rounded
    held = listed(list(ranking.controlled.features)) if ranking.controlled else ""
    items = items_of(ranking.whole, ranking.kept, found, ranking.plain)
    sliced = _slices(ranking, state, params.level)
    return Result(
        analysis=name,
        verdict=code,
        sentence=sentence(code, found, Basis(state.rows, prompts, not state.prompts.exact, held)),
        estimates=estimates,
        evidence=Evidence(name, version, params=asdict(params), seed=params.seed, rows=state.rows),
        dataset={
            "kind": "comparison",
            "rows": state.rows,
            "prompts": prompts,
            "prompts_approximate": not state.prompts.exact,
            "items": len(state.items),
        },
        slices=sliced,
        items=items,
        warnings=warnings(_facts(ranking, state, estimates["tie_rate"].value or 0.0)),
        pictures=_pictures(ranking, items[: len(found.names)], sliced),
    )


def rank(state: RankingState, params: RankingParameters) -> Ranked:
    """Fit what the parameters ask for. Raises NotEnoughData where no ranking exists."""
    whole = Board(state.items, state.pairs)
    kept, board, fitted = _fit_what_can_be(whole, params.model)
    draws = resampled(board, fitted.strengths, params.draws, params.seed) if params.interval == "bootstrap" else None
    plain = standing(board.items, fitted, ranks(fitted, params.level, params.seed, draws), params.level, draws)
    if params.controls == "none":
        return Ranked(whole, board, kept, plain, plain, None, draws)
    sample = state.sample.where(kept[state.sample.a] & kept[state.sample.b]).over(np.cumsum(kept) - 1)
    held = controlled(board, fitted, sample, params.controls)
    after = standing(board.items, held.fitted, ranks(held.fitted, params.level, params.seed), params.level, None)
    return Ranked(whole, board, kept, plain, after, held, None)


def _fit_what_can_be(whole: Board, model: str) -> tuple[Flags, Board, Fitted]:
    """The items that are ranked, their comparisons and the fit; the others have no finite strength or no interval."""
    kept = ranked(whole)
    while True:
        board = whole.restricted(kept)
        fitted = _fit(board, model)
        stiff = fixed(board, fitted)
        if not stiff.any():
            return kept, board, fitted
        kept[np.flatnonzero(kept)[stiff]] = False
        kept[kept] = ranked(whole.restricted(kept))


def _fit(board: Board, model: str) -> Fitted:
    if model == "bradley_terry":
        return fit_bradley_terry(board)
    ties, count = float(board.duels.ties.sum()), float(board.duels.count.sum())
    if not 0 < ties < count:
        said = "There are no ties" if ties == 0 else "Every battle is a tie"
        raise NotEnoughData(f"{said}: Davidson's model of ties has nothing to fit.", code="no_ties")
    return fit_davidson(board)


def _fitted_rows(ranking: Ranked) -> int:
    if ranking.controlled is not None:
        return ranking.controlled.rows
    return round(float(ranking.board.duels.count.sum()))


def _top_gap(ranking: Ranked, params: RankingParameters) -> Estimate:
    found = ranking.standing
    width = gap_width(found.fitted, found.ranks, params.level, params.seed, ranking.draws)
    method = f"{BOOTSTRAP if params.interval == 'bootstrap' else SANDWICH}, over all that may be first and second"
    rows = round(float(ranking.board.duels.count.sum()))
    return Estimate(*gap(found, width), params.level, method, rows)


def _slices(ranking: Ranked, state: RankingState, level: float) -> list[dict[str, Any]]:
    """In the whole's cells, with the win rates that the plain ranking expects."""
    if not state.columns:
        return []
    items, at, duels = len(state.items), np.flatnonzero(ranking.kept), ranking.board.duels
    expected = np.full(items**2, np.nan)
    expected[at[duels.low] * items + at[duels.high]] = win_rate(ranking.plain.fitted, ranking.board)
    return slices(Whole(state.items, state.pairs, expected), state.columns, level)


def _facts(ranking: Ranked, state: RankingState, tie_rate: float) -> Facts:
    clusters = ranking.board.clusters
    held = ranking.controlled
    return Facts(
        rows=state.rows,
        prompts=state.prompts.count,
        left_out=round(float(state.shown.sums[3].sum())),
        tie_rate=tie_rate,
        unranked=[item for item, stays in zip(state.items, ranking.kept.tolist(), strict=True) if not stays],
        thin=[ranking.board.items[place] for place in np.flatnonzero(clusters < FEW_CLUSTERS).tolist()],
        styled=None if held is None else held.rows,
        sampled=held is not None and not state.sample.whole,
    )


def _pictures(ranking: Ranked, entries: list[dict[str, Any]], found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """`entries` are the ranked items, `found` the slices."""
    drawn = {
        "forest": _columns(entries, ("item", "value", "low", "high", "rank_low", "rank_high")),
        "wins": matrix(ranking.board, win_rate(ranking.plain.fitted, ranking.board), ranking.standing.order),
        "slices": _columns(found, ("column", "value", "item", "effect", "low", "high", "confirmed")),
    }
    if ranking.controlled is not None:
        held = _columns(entries, ("item", "plain_value", "value", "plain_rank", "rank"))
        drawn["controlled"] = held | {"plain": held.pop("plain_value"), "controlled": held.pop("value")}
    return drawn


def _columns(entries: list[dict[str, Any]], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: [entry[name] for entry in entries] for name in names}
