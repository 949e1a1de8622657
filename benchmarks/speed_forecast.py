"""Speed of forecasts beside other packages: `make bench`.

Process CPU time (the fastest turn), one thread, contestants in turn within one run, on lines of 4,500 steps that rise
and saturate under autoregressive noise, forecast 500 steps ahead with 95 % bands. Ours is the whole answer: the mixture
of all models, back-tested with its baselines at five origins, 1,000 sampled futures, from the points on; or the fit and
the futures alone. The peers fit and forecast once, without any back-test: AutoETS and AutoARIMA of statsforecast,
ETS(A,Ad,N) of statsmodels, on a tenth of the lines, multiplied. statsforecast needs pandas 2, so `make bench`
runs this in an environment of its own.

Writes benchmarks/results/speed_forecast.md. Exits with 1 if a goal is missed.
"""

from __future__ import annotations

import os

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
os.environ.update(dict.fromkeys(THREADS, "1"))

import argparse  # noqa: E402 -- threads are set before anything numeric is loaded
import sys  # noqa: E402
import warnings  # noqa: E402
from collections.abc import Callable  # noqa: E402
from functools import partial  # noqa: E402

import numpy as np  # noqa: E402

from benchmarks.measure import write_table  # noqa: E402
from benchmarks.speed_cases import Comparison, installed  # noqa: E402
from benchmarks.speed_clock import Timing, compare  # noqa: E402
from engine.analysis.forecast.answering import DRAWS, answer_of  # noqa: E402
from engine.analysis.forecast.blocks import blocks_of  # noqa: E402
from engine.analysis.forecast.mixture import fit  # noqa: E402
from engine.analysis.forecast.outlook import at_step  # noqa: E402
from engine.analysis.forecast.paths import sample  # noqa: E402
from tests.analysis.curve_worlds import saturating  # noqa: E402

OURS = "Plumbline"
POINTS, AHEAD = 4_500, 500
HEAD = ("what", "lines", "beside", "ours, ms", "theirs, ms", "times faster", "goal", "note")


def lines(count: int) -> list[np.ndarray]:
    return [saturating(POINTS, seed) for seed in range(count)]


def answers(values: list[np.ndarray]) -> float:
    """The whole answer, with its back-test."""
    at, last = np.arange(POINTS, dtype=float), 0.0
    for value in values:
        last = at_step(answer_of(at, value, AHEAD, 0.95, 0), POINTS + AHEAD - 1.0, 0.95).value or 0.0
    return last


def forecasts(values: list[np.ndarray]) -> float:
    """The fit and the sampled futures alone."""
    at, last = np.arange(POINTS, dtype=float), 0.0
    for value in values:
        blocks = blocks_of(at, value)
        mixture, generator = fit(blocks, (len(blocks),)), np.random.default_rng(0)
        ahead = blocks.ahead(int(np.ceil(AHEAD / blocks.width)))
        drawn = sample(mixture, 0, mixture.choose(0, DRAWS, generator), ahead, generator).mean
        points = drawn + generator.choice(blocks.around, drawn.shape)
        last = float(np.quantile(points, [0.025, 0.5, 0.975], axis=0)[1, -1])
    return last


def by_statsforecast(name: str, values: list[np.ndarray]) -> float:
    from statsforecast import models

    last = 0.0
    for value in values:
        last = float(getattr(models, name)(season_length=1).forecast(y=value, h=AHEAD, level=[95])["mean"][-1])
    return last


def by_statsmodels(values: list[np.ndarray]) -> float:
    import pandas as pd
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    last = 0.0
    for value in values:
        model = ETSModel(pd.Series(value), error="add", trend="add", damped_trend=True)
        told = model.fit(disp=False).get_prediction(start=POINTS, end=POINTS + AHEAD - 1)
        last = float(told.summary_frame(alpha=0.05)["mean"].iloc[-1])
    return last


PEERS: dict[str, tuple[str, Callable[[list[np.ndarray]], float]]] = {
    "AutoETS": ("statsforecast", partial(by_statsforecast, "AutoETS")),
    "AutoARIMA": ("statsforecast", partial(by_statsforecast, "AutoARIMA")),
    "ETS(A,Ad,N)": ("statsmodels", by_statsmodels),
}
GOALS = {
    ("answer", 100): {"AutoETS": 10.0, "AutoARIMA": 30.0, "ETS(A,Ad,N)": 1.0},
    ("forecast", 100): {"AutoETS": 20.0, "AutoARIMA": 60.0, "ETS(A,Ad,N)": 4.0},
}
KINDS = {
    "answer": ("the whole answer, back-tested", answers),
    "forecast": ("fit and futures", forecasts),
}


def cases() -> list[tuple[int, Comparison]]:
    """One hundred lines beside each peer."""
    found = []
    values = lines(100)
    theirs: dict[str, Timing] = {}
    for kind, (what, ours) in KINDS.items():
        peers = {name: work for name, (module, work) in PEERS.items() if installed(module)}
        few = dict.fromkeys(peers, values[:10])
        contestants = {OURS: partial(ours, values)}
        contestants |= {name: partial(work, few[name]) for name, work in peers.items() if name not in theirs}
        timed = compare(contestants, {name: 3 if name == OURS else 1 for name in contestants})
        theirs |= {
            name: Timing(10 * one.milliseconds, one.found, one.megabytes) for name, one in timed.items() if name != OURS
        }
        for name, goal in GOALS[kind, 100].items():
            if name in theirs:
                found.append((100, Comparison(what, name, timed[OURS], theirs[name], goal, "theirs: 10 lines × 10")))
    return found


def main() -> int:
    """Compare, print, write; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed_forecast")
    parser.add_argument("--no-write", action="store_true", help="print only")
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    for peer in sorted({module for module, _ in PEERS.values()}):
        if not installed(peer):
            print(f"not installed, left out: {peer}")
    rows, missed = [], 0
    for count, line in cases():
        missed += line.ratio < line.goal
        ratio = f"{line.ratio:,.1f}" + ("" if line.ratio >= line.goal else " (missed)")
        times = [f"{one.milliseconds:,.0f}" for one in (line.ours, line.theirs)]
        rows.append([line.what, str(count), line.peer, *times, ratio, f"≥ {line.goal:g}", line.note])
        print("{:32}{:>6}  {:14}{:>10}{:>12}{:>16}{:>8}  {}".format(*rows[-1]), flush=True)
    if rows and not args.no_write:
        write_table("speed_forecast", "Speed of forecasts", HEAD, rows, __doc__.split("\n\n")[1].replace("\n", " "))
    print(f"\n{len(rows)} comparisons, {missed} below their goal")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
