"""Speed of the ranking beside other packages: `python -m benchmarks.speed_ranking`.

Process CPU time (the fastest turn), one thread, contestants in turn within one run, from raw battles as whole numbers:
two items, popularity falling as rank^−.7, and an outcome, 15 % ties counted as half wins. choix (ILSR on the matrix of
wins) and evalica (ties as half, from lists of names, part of whose cost they are) fit once. The resamples are those of
the arena's notebooks, written again here from their published method: battles counted by (a, b, outcome), multinomial
counts drawn, and the weighted log-likelihood minimised by L-BFGS for each. Ours are of whole buckets of prompts.

Writes benchmarks/results/speed_ranking.md. Exits with 1 if a goal is missed.
"""

from __future__ import annotations

import os

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
os.environ.update(dict.fromkeys(THREADS, "1"))

import argparse  # noqa: E402 -- threads are set before anything numeric is loaded
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from functools import partial  # noqa: E402

import numpy as np  # noqa: E402
from scipy.optimize import minimize  # noqa: E402
from scipy.special import expit  # noqa: E402

from benchmarks.measure import write_table  # noqa: E402
from benchmarks.speed_cases import Comparison, installed  # noqa: E402
from benchmarks.speed_clock import Timing, compare  # noqa: E402
from engine.analysis import Ranking, RankingParameters  # noqa: E402
from engine.analysis.ranking import bradley_terry  # noqa: E402
from engine.analysis.ranking.board import Board  # noqa: E402
from engine.analysis.ranking.bootstrap import resampled  # noqa: E402
from engine.analysis.ranking.bradley_terry import Duels  # noqa: E402
from engine.analysis.ranking.observe import block_of, pairs_of  # noqa: E402
from engine.analysis.shapes import COARSE_BUCKETS  # noqa: E402
from engine.types import Rows  # noqa: E402

OURS = "Plumbline"
RESAMPLES = 100
CELLS = ((100_000, 20), (100_000, 200), (2_000_000, 20), (2_000_000, 200))
HEAD = ("what", "battles × items", "beside", "ours, ms", "theirs, ms", "times faster", "goal", "note")
BATTLES_PER_PROMPT = 4


@dataclass(frozen=True)
class Battles:
    """Items a and b (int32), outcome 0, 1 (tie), 2 (a won) (int8)."""

    items: int
    a: np.ndarray
    b: np.ndarray
    outcome: np.ndarray

    @property
    def rows(self) -> Rows:
        """The same battles as an analysis reads them, four to a prompt."""
        n = len(self.a)
        prompt = np.random.default_rng(3).integers(0, 2**64, n // BATTLES_PER_PROMPT + 1, dtype=np.uint64)
        hashes = prompt[np.arange(n) // BATTLES_PER_PROMPT]
        columns = {
            "label": self.outcome / 2,
            "bucket": (hashes % np.uint64(4096)).astype(np.uint16),
            "prompt_hash": hashes,
            "row_hash": hashes,
        }
        names = [f"m{place:03}" for place in range(self.items)]
        return Rows("comparison", columns, names={"item_a": (self.a, names), "item_b": (self.b, names)})


def make(n: int, items: int) -> Battles:
    generator = np.random.default_rng(n + items)
    popularity = np.arange(1, items + 1) ** -0.7
    popularity /= popularity.sum()
    a, b = (generator.choice(items, n, p=popularity) for _ in range(2))
    while (same := a == b).any():
        b[same] = generator.choice(items, int(same.sum()), p=popularity)
    strengths = generator.normal(0, 0.6, items)
    won = generator.random(n) < expit(strengths[a] - strengths[b])
    outcome = np.where(generator.random(n) < 0.15, 1, 2 * won)
    return Battles(items, a.astype(np.int32), b.astype(np.int32), outcome.astype(np.int8))


# ------------------------------------------------------------------ one fit


def ours(data: Battles) -> np.ndarray:
    return bradley_terry.fit(Duels.of_outcomes(data.items, data.a, data.b, data.outcome))


def by_choix(data: Battles) -> np.ndarray:
    import choix

    wins = np.zeros((data.items, data.items))
    won = data.outcome / 2
    np.add.at(wins, (data.a, data.b), won)
    np.add.at(wins, (data.b, data.a), 1 - won)
    found = choix.ilsr_pairwise_dense(wins)
    return found - found.mean()


def by_evalica(names: list[list[str]], winner: list[object]) -> np.ndarray:
    import evalica

    found = evalica.bradley_terry(*names, winner, tie_weight=0.5, tolerance=1e-8, limit=10_000)
    strengths = np.log(found.scores.sort_index().to_numpy())
    return strengths - strengths.mean()


def fits(data: Battles) -> list[Comparison]:
    """One fit from raw battles; the answers have to agree."""
    contestants = {OURS: partial(ours, data)}
    if installed("choix"):
        contestants["choix"] = partial(by_choix, data)
    if installed("evalica"):
        import evalica

        texts = [f"m{place:03}" for place in range(data.items)]
        names = [[texts[place] for place in side.tolist()] for side in (data.a, data.b)]
        kinds = (evalica.Winner.Y, evalica.Winner.Draw, evalica.Winner.X)
        contestants["evalica"] = partial(by_evalica, names, [kinds[one] for one in data.outcome.tolist()])
    found = {name: work() for name, work in contestants.items()}
    timed = compare(
        {name: _number(work) for name, work in contestants.items()},
        {name: 15 if name == OURS else 3 for name in contestants},
    )
    large = len(data.a) > 1_000_000
    goal = (15.0 if data.items == 20 else 7.0) if large else 1.0
    return [
        Comparison("one fit", name, timed[OURS], timed[name], goal, f"differ by {_apart(found[OURS], found[name]):.0e}")
        for name in contestants
        if name != OURS
    ]


def _number(work: Callable[[], np.ndarray]) -> Callable[[], float]:
    return lambda: float(work()[0])


def _apart(one: np.ndarray, two: np.ndarray) -> float:
    return float(np.abs(one - two).max())


# ------------------------------------------------------------------ resamples


def our_resamples(data: Battles, bucket: np.ndarray) -> np.ndarray:
    """With the pass over the battles."""
    table = pairs_of(block_of(data.items, bucket, data.a, data.b, data.outcome / 2), COARSE_BUCKETS)
    board = Board(tuple(map(str, range(data.items))), table)
    return resampled(board, bradley_terry.fit(board.duels), RESAMPLES, 1)


def their_resamples(data: Battles) -> np.ndarray:
    """The arena's way: unique battles with counts, multinomial resamples of these, L-BFGS for each."""
    battles = np.stack([data.a, data.b, data.outcome.astype(np.int32)], axis=1)
    unique, count = np.unique(battles, axis=0, return_counts=True)
    pair, outcome = unique[:, :2], unique[:, 2] / 2
    generator = np.random.default_rng(1)
    drawn = generator.multinomial(len(battles), count / len(battles), size=RESAMPLES)
    items = data.items

    def loss(strengths: np.ndarray, weight: np.ndarray) -> tuple[float, np.ndarray]:
        distance = strengths[pair[:, 0]] - strengths[pair[:, 1]]
        p = expit(distance)
        value = -(weight * (np.log(p) * outcome + np.log1p(-p) * (1 - outcome))).sum()
        pull = weight * (p - outcome)
        gradient = np.bincount(pair[:, 0], pull, items) - np.bincount(pair[:, 1], pull, items)
        return float(value), gradient

    found = []
    for weight in drawn / len(battles):
        start = np.zeros(items)
        fitted = minimize(loss, start, args=(weight,), jac=True, method="L-BFGS-B", options={"gtol": 1e-6}).x
        found.append(fitted - fitted.mean())
    return np.array(found)


def resamples(data: Battles) -> list[Comparison]:
    """A hundred bootstrap resamples; the standard deviations have to agree."""
    bucket = data.rows.columns["bucket"].astype(np.int64)
    contestants = {OURS: partial(our_resamples, data, bucket), "multinomial L-BFGS": partial(their_resamples, data)}
    found = {name: work().std(axis=0) for name, work in contestants.items()}
    timed = compare(
        {name: (lambda work=work: float(work()[0, 0])) for name, work in contestants.items()},
        {OURS: 3, "multinomial L-BFGS": 1},
    )
    ratio = float(np.median(found[OURS] / found["multinomial L-BFGS"]))
    note = f"median ratio of the standard deviations {ratio:.2f}"
    theirs = timed["multinomial L-BFGS"]
    return [Comparison(f"{RESAMPLES} resamples", "multinomial L-BFGS", timed[OURS], theirs, 12.0, note)]


# ------------------------------------------------------------------ what a page waits for


def conclusions(data: Battles) -> list[Comparison]:
    """A conclusion from a state, all intervals and ranks, beside the 50 ms that a page waits for."""
    ranking, params, rows = Ranking(), RankingParameters(), data.rows
    state = ranking.observe(rows, params)
    contestants = {
        OURS: lambda: ranking.conclude(state, params).items[0]["value"],
        "the pass itself": lambda: float(ranking.observe(rows, params).rows),
    }
    timed = compare(contestants, {OURS: 5, "the pass itself": 3})
    megabytes = len(ranking.to_bytes(state)) / 1e6
    note = f"the pass over the rows {timed['the pass itself'].milliseconds:,.0f} ms; state {megabytes:.1f} MB, "
    note += f"{len(state.pairs.keys):,} entries in {state.pairs.buckets} buckets"
    return [Comparison("all intervals and ranks", "50 ms", timed[OURS], Timing(50.0, 0.0, None), 1.0, note)]


def _row(data: Battles, line: Comparison) -> list[str]:
    ratio = f"{line.ratio:,.1f}" + ("" if line.ratio >= line.goal else " (missed)")
    cell = f"{len(data.a):,} × {data.items}"
    return [line.what, cell, line.peer, _time(line.ours), _time(line.theirs), ratio, f"≥ {line.goal:g}", line.note]


def _time(timing: Timing) -> str:
    return f"{timing.milliseconds:,.1f}" if timing.milliseconds < 10 else f"{timing.milliseconds:,.0f}"


def main() -> int:
    """Compare, print, write; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed_ranking")
    parser.add_argument("--no-write", action="store_true", help="print only")
    args = parser.parse_args()
    for peer in ("choix", "evalica"):
        if not installed(peer):
            print(f"not installed, left out: {peer}")
    lines, rows = [], []
    for case in (fits, resamples, conclusions):
        for n, items in CELLS:
            data = make(n, items)
            for line in case(data):
                lines.append(line)
                rows.append(_row(data, line))
                print("{:26}{:18}{:22}{:>10}{:>12}{:>16}{:>8}  {}".format(*rows[-1]), flush=True)
    if not args.no_write:
        write_table("speed_ranking", "Speed of the ranking", HEAD, rows, __doc__.split("\n\n")[1].replace("\n", " "))
    missed = [line for line in lines if line.ratio < line.goal]
    print(f"\n{len(lines)} comparisons, {len(missed)} below their goal")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
