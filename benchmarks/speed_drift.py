"""Speed of the distances of drift beside scipy, as ratios in one run: `python -m benchmarks.speed_drift`.

All four distances (Kolmogorov-Smirnov, Wasserstein, PSI over the reference's deciles, Jensen-Shannon) of 50 features, a
million rows against a million, from one sort, beside scipy's functions for the first two and numpy's quantiles and
histogram with scipy's Jensen-Shannon for the others, summed; then a whole conclusion beside what a page waits for.
Process CPU time (the fastest turn), one thread, contestants in turn within one run; absolute times depend on the
machine, the ratios much less. Memory is the peak above the level before, in a turn of its own.
"""

from __future__ import annotations

import os

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
os.environ.update(dict.fromkeys(THREADS, "1"))

import argparse  # noqa: E402 -- threads are set before anything numeric is loaded
import sys  # noqa: E402
from functools import partial  # noqa: E402

import numpy as np  # noqa: E402
from scipy.spatial.distance import jensenshannon  # noqa: E402
from scipy.stats import ks_2samp, wasserstein_distance  # noqa: E402

from benchmarks.measure import write_table  # noqa: E402
from benchmarks.speed_clock import Timing, compare  # noqa: E402
from engine.analysis import Drift, DriftParameters  # noqa: E402
from engine.analysis.drift.distances import distances  # noqa: E402
from engine.types import Rows  # noqa: E402

OURS = "one sort"
HEAD = ("what", "beside", "ours, ms", "theirs, ms", "times faster", "goal", "ours, MB", "theirs, MB", "note")
GOAL = 15.0
CONCLUDE_ROWS, CONCLUDE_FEATURES, PATIENCE = 262_144, 6, 1000.0


def features(rows: int, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pairs of samples: normal, heavy-tailed, and whole numbers with many ties, each a little moved."""
    generator = np.random.default_rng(7)
    made = []
    for place in range(count):
        moved = 0.02 * (place % 5)
        kinds = (
            lambda: generator.normal(size=rows),
            lambda: generator.standard_t(4, rows),
            lambda: np.floor(generator.gamma(3, 60, rows)),
        )
        draw = kinds[place % len(kinds)]
        made.append((draw(), draw() * (1 + moved)))
    return made


def ours(pairs: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """All four of every feature; the number compared is the sum of all of them."""
    found = (distances(a, b) for a, b in pairs)
    return float(sum(one.ks + one.wasserstein + one.psi + one.js for one in found))


def theirs(pairs: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """The same by four functions."""
    total = 0.0
    for a, b in pairs:
        total += float(ks_2samp(a, b, method="asymp").statistic) + float(wasserstein_distance(a, b))
        total += by_bins(a, b, psi=True) + by_bins(a, b, psi=False)
    return total


def by_bins(a: np.ndarray, b: np.ndarray, *, psi: bool) -> float:
    """PSI or Jensen-Shannon, each with bins of its own as separate functions make them."""
    inner = np.quantile(a, np.linspace(0, 1, 11)[1:-1])
    edges = np.concatenate([[-np.inf], inner, [np.inf]])
    p, q = (np.histogram(side, edges)[0] / len(side) for side in (a, b))
    return float((q - p) @ np.log(q / p)) if psi else float(jensenshannon(p, q, 2))


def rollouts() -> Rows:
    """As many rollouts as are kept, of prompts with two answers each, over steps."""
    generator = np.random.default_rng(9)
    prompt = np.repeat(generator.integers(0, 2**63, CONCLUDE_ROWS // 2, dtype=np.uint64), 2)
    numbers = {f"reward.part{place}": generator.normal(size=CONCLUDE_ROWS) for place in range(CONCLUDE_FEATURES - 2)}
    columns = {
        "reward": generator.normal(size=CONCLUDE_ROWS),
        "length": np.floor(generator.gamma(3, 60, CONCLUDE_ROWS)),
        "step": np.sort(generator.integers(0, 3000, CONCLUDE_ROWS)).astype(float),
        "prompt_hash": prompt,
        "bucket": (prompt % np.uint64(4096)).astype(np.uint16),
        "row_hash": generator.integers(0, 2**63, CONCLUDE_ROWS, dtype=np.uint64),
    }
    topic = (generator.integers(0, 4, CONCLUDE_ROWS).astype(np.int32), ["chat", "code", "law", "math"])
    return Rows("rollout", columns, {"topic": topic}, numbers=numbers)


def main() -> int:
    """Compare, print, write; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed_drift")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=50)
    parser.add_argument("--no-write", action="store_true", help="print only")
    args = parser.parse_args()
    pairs = features(args.rows, args.features)
    timed = compare({OURS: partial(ours, pairs), "scipy": partial(theirs, pairs)}, {OURS: 3, "scipy": 1})
    apart = abs(timed[OURS].found / timed["scipy"].found - 1)
    size = f"{args.features} features, {args.rows:,} × 2"
    lines = [
        _row(
            f"four distances, {size}",
            "scipy and numpy",
            timed[OURS],
            timed["scipy"],
            GOAL,
            f"sums differ by {apart:.0e}",
        )
    ]
    del pairs
    analysis, params = Drift(), DriftParameters()
    state = analysis.observe(rollouts(), params)
    alone = compare({OURS: lambda: float(analysis.conclude(state, params).evidence.rows)}, {OURS: 3})[OURS]
    what = f"conclusion, {CONCLUDE_ROWS:,} rows, {CONCLUDE_FEATURES + 1} features"
    note = "8 windows: every distance, interval and test; the rest of the page"
    lines.append(_row(what, "a second", alone, Timing(PATIENCE, 0.0, None), 1.0, note))
    for line in [HEAD, *(line for line, _ in lines)]:
        print(" | ".join(line))
    if not args.no_write:
        write_table("speed_drift", "Speed of drift", HEAD, [line for line, _ in lines], _said())
    missed = [line for line, reached in lines if not reached]
    print(f"\n{len(lines)} comparisons, {len(missed)} below their goal")
    return 1 if missed else 0


def _said() -> str:
    return (__doc__ or "").split("\n\n")[1].replace("\n", " ")


def _row(what: str, peer: str, own: Timing, other: Timing, goal: float, note: str) -> tuple[list[str], bool]:
    ratio = other.milliseconds / own.milliseconds
    told = f"{ratio:,.1f}" + ("" if ratio >= goal else " (missed)")
    times = [f"{timing.milliseconds:,.0f}" for timing in (own, other)]
    memory = ["–" if timing.megabytes is None else f"{timing.megabytes:,.0f}" for timing in (own, other)]
    return [what, peer, *times, told, f"≥ {goal:g}", *memory, note], ratio >= goal


if __name__ == "__main__":
    sys.exit(main())
