"""False alarms of healthy streams: `python -m benchmarks.alarm_rates`.

Healthy streams are drawn 1,000 times each: white noise, autoregressions of .5 and .9, a saturating curve, a random
walk; with a baseline of 400 points and 1,000 beyond it (audits: 100 and 400). Each monitor is offered or refused by the
product's own checks; a refused run raises no alarm. Counted are runs with an alarm, and alarms per 1,000 points, each
run being watched until its first. These may not exceed what the monitor states by more than three standard errors, of
the runs that it is offered for; where it is refused for four of five or more, of all runs. "runs" holds a run against
nine other healthy ones of its kind, all with levels of their own.

Writes benchmarks/results/alarm_rates.md. Exits with 1 if more false alarms are raised than stated.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from benchmarks.covering import on_all_cores
from benchmarks.measure import write_table
from engine.analysis.monitor.alarms import Allowed, watch
from engine.analysis.monitor.offers import offers
from engine.analysis.monitor.past_runs import past_of
from engine.analysis.monitor.streams import Stream

TRAINED, AUDIT = (400, 1_000), (100, 400)
ALPHA, RATE, ERRORS, OTHERS = 0.05, 1.0, 3.0, 9
WORLDS = ("white", "ar .5", "ar .9", "saturating", "random walk")
HEAD = ("stream", "monitor", "offered", "states", "measured where offered", "alarms of all runs")


@dataclass(frozen=True)
class Case:
    """A kind of stream, a monitor, how many are drawn."""

    world: str
    monitor: str
    drawn: bool
    runs: int

    def __str__(self) -> str:
        return f"{self.world}, {self.monitor}"


@dataclass(frozen=True)
class Counted:
    """Of how many runs a monitor was offered, of how many it rang, and points watched."""

    offered: int = 0
    rang: int = 0
    points: int = 0


def healthy(world: str, points: int, generator: np.random.Generator) -> np.ndarray:
    noise = generator.normal(size=points + 200)
    if world.startswith("ar"):
        return lfilter([1.0], [1.0, -float(world.split()[1])], noise)[200:]
    if world == "random walk":
        return np.cumsum(noise[200:])
    if world == "saturating":
        return 10 * (1 - np.exp(-np.arange(points) / 250)) + noise[200:]
    return noise[200:]


def stream_of(case: Case, run: str, generator: np.random.Generator) -> Stream:
    points = sum(AUDIT if case.drawn else TRAINED)
    value = healthy(case.world, points, generator)
    at = np.arange(points, dtype=float)
    if case.monitor == "mean":
        share = (value > 0) * 1.0
        return Stream(run, "m", "step", at, share, generator.random(points), True, 0.0, 1.0)
    level = 0.3 * generator.normal() if case.monitor == "runs" else 0.0
    return Stream(run, "m", "step", at, value + level, generator.random(points), case.drawn)


def count(case: Case) -> tuple[Case, Counted]:
    baseline = (AUDIT if case.drawn else TRAINED)[0]
    found = Counted()
    for seed in range(case.runs):
        generator = np.random.default_rng(seed)
        stream = stream_of(case, "own", generator)
        others = [
            stream_of(case, f"other {place}", generator) for place in range(OTHERS if case.monitor == "runs" else 0)
        ]
        past = past_of(stream, others) if others else None
        if not next(one for one in offers(stream, baseline, past) if one.monitor == case.monitor).offered:
            continue
        seen = watch(stream, case.monitor, baseline, Allowed(ALPHA, RATE, 0, seed), past)
        start = 0 if case.monitor == "runs" else baseline
        points = len(stream) - start if seen.alarm is None else seen.alarm + 1 - start
        found = Counted(found.offered + 1, found.rang + (seen.alarm is not None), found.points + points)
    return case, found


def stated(case: Case) -> tuple[float, bool]:
    """What the monitor states, and whether it is a rate per 1,000 points (else a chance of any)."""
    if case.monitor == "runs":
        return 1 / (OTHERS + 1), False
    return (RATE, True) if case.monitor in ("rank_cusum", "cusum", "page_hinkley") else (ALPHA, False)


def row(case: Case, found: Counted) -> tuple[list[str], bool]:
    """A line of the table, and whether the statement holds, of the runs it was made for or of all of this kind."""
    limit, rate = stated(case)
    share = f"{found.offered / case.runs:.1%}"
    head = [case.world, case.monitor + (", audit" if case.drawn else "")]
    if not found.offered:
        return [*head, share, "nothing", "refused", "0"], True
    measured = 1000 * found.rang / found.points if rate else found.rang / found.offered
    error = np.sqrt(max(found.rang, 1)) * (1000 / found.points if rate else 1 / found.offered)
    everywhere = found.rang / case.runs
    horizon = (AUDIT if case.drawn else TRAINED)[1]
    allowed = 1 - np.exp(-limit * horizon / 1000) if rate else limit
    good = measured <= limit + ERRORS * error or (found.offered < 0.2 * case.runs and everywhere <= allowed)
    said = f"{measured:.3f}" + ("" if good else " **more**")
    unit = "per 1,000" if rate else "of runs"
    return [*head, share, f"≤ {limit:g} {unit}", said, f"{everywhere:.1%}"], good


def cases(runs: int) -> list[Case]:
    audits = [Case(world, monitor, True, runs) for world in WORLDS for monitor in ("conformal", "mean", "rank_cusum")]
    own = [Case(world, monitor, False, runs) for world in WORLDS for monitor in ("cusum", "page_hinkley", "runs")]
    return [*audits, *own]


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw, print, write; 1 if more false alarms are raised than stated."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.alarm_rates")
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--processes", type=int, default=None)
    parser.add_argument("--no-write", action="store_true", help="print only")
    args = parser.parse_args(arguments)
    rows, missed = [], 0
    for case, found in on_all_cores(count, cases(args.runs), args.processes):
        line, good = row(case, found)
        rows.append(line)
        missed += not good
        print("{:14}{:22}{:>9}{:>18}{:>24}{:>20}".format(*line), flush=True)
    if not args.no_write:
        note = __doc__.split("\n\n")[1].replace("\n", " ")
        write_table("alarm_rates", f"False alarms of healthy streams, {args.runs:,} runs each", HEAD, rows, note)
    print(f"{len(rows)} lines, {missed} with more false alarms than stated")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
