"""Speed of Page-Hinkley and CUSUM beside river: `python -m benchmarks.speed_alarms`.

Process CPU time (the fastest turn), one thread, contestants in turn within one run, on a million normal numbers whose
mean moves by a fifth of a standard deviation at the half. Page-Hinkley is river's, fed number by number, in a
setting without alarm before the change and in one with many alarms; the alarms have to be the same. The CUSUM is beside
its own plain recursion in Python, which is how streaming packages write it.

Writes benchmarks/results/speed_alarms.md. Exits with 1 if a goal is missed or alarms differ.
"""

from __future__ import annotations

import os

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
os.environ.update(dict.fromkeys(THREADS, "1"))

import argparse  # noqa: E402 -- threads are set before anything numeric is loaded
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402

import numpy as np  # noqa: E402

from benchmarks.measure import write_table  # noqa: E402
from benchmarks.speed_cases import Comparison, installed  # noqa: E402
from benchmarks.speed_clock import compare  # noqa: E402
from engine.analysis.monitor.cusum import Cusum  # noqa: E402
from engine.analysis.monitor.page_hinkley import PageHinkley  # noqa: E402

OURS = "Plumbline"
POINTS = 1_000_000
GOAL = 12.0
HEAD = ("what", "beside", "alarms", "ours, ms", "theirs, ms", "times faster", "goal")
Alarms = Callable[[], list[int]]


def series() -> np.ndarray:
    values = np.random.default_rng(1).normal(size=POINTS)
    values[POINTS // 2 :] += 0.2
    return values


def our_page_hinkley(values: np.ndarray, threshold: float) -> Alarms:
    return lambda: list(PageHinkley(threshold=threshold).feed(values)[0].alarms)


def their_page_hinkley(values: np.ndarray, threshold: float) -> Alarms:
    from river import drift

    numbers = values.tolist()

    def work() -> list[int]:
        detector = drift.PageHinkley(threshold=threshold)
        found = []
        for place, value in enumerate(numbers):
            detector.update(value)
            if detector.drift_detected:
                found.append(place)
        return found

    return work


def our_cusum(values: np.ndarray, h: float) -> Alarms:
    return lambda: list(Cusum(h=h).feed(values)[0].alarms)


def plain_cusum(values: np.ndarray, h: float) -> Alarms:
    numbers = values.tolist()

    def work() -> list[int]:
        up = down = 0.0
        found = []
        for place, value in enumerate(numbers):
            up, down = max(0.0, up + value - 0.5), max(0.0, down - value - 0.5)
            if up > h or down > h:
                found.append(place)
                up = down = 0.0
        return found

    return work


def cases(values: np.ndarray) -> list[tuple[str, str, Alarms, Alarms, float]]:
    """What, beside whom, ours, theirs, goal."""
    found = [
        ("CUSUM, h = 12", "plain recursion", our_cusum(values, 12.0), plain_cusum(values, 12.0), 1.0),
        ("CUSUM, h = 5", "plain recursion", our_cusum(values, 5.0), plain_cusum(values, 5.0), 1.0),
    ]
    if installed("river"):
        for threshold, goal in ((20_000.0, GOAL), (800.0, GOAL)):
            what = f"Page-Hinkley, threshold {threshold:,.0f}"
            found.append(
                (what, "river", our_page_hinkley(values, threshold), their_page_hinkley(values, threshold), goal)
            )
    else:
        print("not installed, left out: river")
    return found


def compared(what: str, peer: str, ours: Alarms, theirs: Alarms, goal: float) -> tuple[Comparison, int, bool]:
    """The comparison, how many alarms ours gave, and whether theirs are the same."""
    one, other = ours(), theirs()
    timed = compare({OURS: lambda: float(len(ours())), peer: lambda: float(len(theirs()))}, {OURS: 9, peer: 3})
    return Comparison(what, peer, timed[OURS], timed[peer], goal, ""), len(one), one == other


def main() -> int:
    """Compare, print, write; 1 if a goal is missed or alarms differ."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed_alarms")
    parser.add_argument("--no-write", action="store_true", help="print only")
    args = parser.parse_args()
    rows, missed = [], 0
    for case in cases(series()):
        line, alarms, same = compared(*case)
        good = same and line.ratio >= line.goal
        missed += not good
        said = f"{line.ratio:,.1f}" + ("" if good else " (missed)")
        count = f"{alarms:,}" + ("" if same else ", not theirs")
        times = [f"{timing.milliseconds:,.1f}" for timing in (line.ours, line.theirs)]
        rows.append([line.what, line.peer, count, *times, said, f"≥ {line.goal:g}"])
        print("{:34}{:18}{:>10}{:>12}{:>12}{:>16}{:>8}".format(*rows[-1]), flush=True)
    if not args.no_write:
        note = __doc__.split("\n\n")[1].replace("\n", " ")
        write_table("speed_alarms", "Speed of alarms", HEAD, rows, note)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
