"""Figures of the ranking: published values of a real file, and values on which several packages agree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from benchmarks.figure import Line
from engine.analysis import Ranking, RankingParameters
from engine.analysis.elo import ELO, elo
from engine.analysis.ranking import bradley_terry
from engine.analysis.ranking.board import Board
from engine.analysis.ranking.bradley_terry import Duels
from engine.analysis.ranking.fitted import fit_bradley_terry, fit_davidson
from engine.analysis.shapes import Table
from engine.formats import read_table
from engine.formats.canonical import to_rows

LLMFAO = "llmfao"
NOT_RANKED_THERE = ("svg", "cot-sally")
"""With the prompts about code, the ones its author left out: 13 of 19 prompts and 59 of 70 models remain."""


def lines(folder: Path | None) -> Iterator[Line]:
    """The figures, those of the real file only where it is in `folder`."""
    if folder is not None and (folder / LLMFAO).is_dir():
        yield from llmfao(folder / LLMFAO)
    else:
        print("absent: llmfao")
    yield from golden()


def llmfao(folder: Path) -> Iterator[Line]:
    """Two judges of the same answers: rank correlation of the strengths that each gives.

    The published value counts a tie as a whole win of both, evalica's default; ours counts it as half a win.
    """
    boards = [_board(folder, judge) for judge in ("gpt3", "gpt4")]
    for name, expected, extra in (("ties as wins of both", ".715", 1.0), ("ties as half a win", ".717", 0.0)):
        found = [
            dict(zip(board.items, bradley_terry.fit(_weighted(board.duels, extra)), strict=True)) for board in boards
        ]
        items = sorted(found[0])
        rounded = (np.round([one[item] for item in items], 6) for one in found)  # two models are exactly equal
        correlation = spearmanr(*rounded).statistic
        yield Line("llmfao", f"Spearman, {name}", expected, float(correlation))
    yield Line("llmfao", "models", "59", len(boards[0].items))


def _board(folder: Path, judge: str) -> Board:
    table, _ = read_table(folder / f"{judge}-comparisons.csv", f"{judge}-comparisons.csv", {})
    prompts = [json.loads(line) for line in (folder / "prompts.jsonl").read_text().splitlines()]
    chosen = {str(one["id"]) for one in prompts if one["type"] != "code" and one["slug"] not in NOT_RANKED_THERE}
    kept = np.array([prompt in chosen for prompt in table.column("prompt").to_pylist()])
    state = Ranking().observe(to_rows(table.filter(kept), reads=Ranking.reads), RankingParameters())
    return Board(state.items, state.pairs)


def _weighted(duels: Duels, extra: float) -> Duels:
    """The same with ties that count so much more."""
    more = extra * duels.ties
    return Duels(duels.items, duels.low, duels.high, duels.count + more, duels.wins + more / 2, duels.ties + more)


def golden() -> Iterator[Line]:
    """Values of choix and evalica, of arena-rank, and of fits by general minimisers."""
    wins = np.array([[0, 3, 6, 7], [3, 0, 2, 5], [1, 4, 0, 9], [2, 2, 3, 0]])
    a, b = (np.repeat(side, wins.ravel()) for side in np.indices((4, 4)).reshape(2, -1))
    small = bradley_terry.fit(Duels.of_rows(4, a, b, np.ones(len(a))))
    for place, expected in enumerate((".719158", ".056448", ".070961", "-.846567")):
        yield Line("golden", f"strength {place} (choix)", expected, float(small[place]))
    board = arena_rows()
    plain, ties = fit_bradley_terry(board, corrected=False), fit_davidson(board)
    deviation = ELO * np.sqrt(np.diag(plain.covariance) / plain.factor)
    ratings = ("880.1351", "914.7349", "970.3339", "1018.3572", "1092.3404", "1124.0985")
    errors = ("8.8481", "8.4839", "8.3265", "8.3725", "8.4410", "8.7174")
    for place, (rating, error) in enumerate(zip(ratings, errors, strict=True)):
        yield Line("golden", f"Elo {place} (arena-rank)", rating, elo(float(plain.strengths[place])))
        yield Line("golden", f"sandwich {place}", error, float(deviation[place]))
    yield Line("golden", "Davidson nu", ".6192", float(np.exp(ties.others["log_nu"][0])))
    for place, expected in enumerate(("-.913", "-.6485", "-.2255", ".1394", ".7024", ".9451")):
        yield Line("golden", f"Davidson strength {place}", expected, float(ties.strengths[place]))


def arena_rows() -> Board:
    """3,000 battles of six items by Davidson's model with ν = .6 and an effect of length; each its own bucket."""
    generator = np.random.default_rng(7)
    true, n = np.linspace(-1, 1, 6), 3000
    a = generator.integers(0, 6, n)
    b = (a + generator.integers(1, 6, n)) % 6
    length = generator.normal(0, 1, n)
    draw = generator.random(n)
    distance = true[a] - true[b] + 0.3 * length
    win, loss = np.exp(distance / 2), np.exp(-distance / 2)
    total = win + loss + 0.6
    label = np.where(draw < win / total, 1.0, np.where(draw < (win + loss) / total, 0.0, 0.5))
    cell = np.minimum(a, b) * 6 + np.maximum(a, b)
    wins = np.where(a > b, 1 - label, label)
    return Board(tuple("abcdef"), Table.of_rows(n, 36, np.arange(n), cell, [wins, label == 0.5]))
