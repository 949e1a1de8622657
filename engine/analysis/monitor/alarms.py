"""A monitor of a stream: its statistic, its threshold, its alarm, and what it says of false ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.monitor import cusum
from engine.analysis.monitor.betting import Betting, bounds
from engine.analysis.monitor.bootstrap import Baseline, Statistic, statistic, threshold_of_rate
from engine.analysis.monitor.change import Changed, changed
from engine.analysis.monitor.conformal import Jumper, Ranks, normal_scores
from engine.analysis.monitor.past_runs import Past, against
from engine.analysis.monitor.streams import Stream
from engine.words import amount

STATISTICS = {
    "conformal": "log₁₀ of the wealth",
    "mean": "log₁₀ of the wealth",
    "rank_cusum": "CUSUM of ranks",
    "cusum": "CUSUM, standard deviations",
    "page_hinkley": "Page-Hinkley, standard deviations",
    "runs": "distance from the other runs",
}
"""What the statistic of a monitor is called on its axis."""


@dataclass(frozen=True)
class Allowed:
    """False alarms that are allowed on one stream: a chance of any, or a number per 1,000 points."""

    alpha: float
    rate: float
    sides: int
    seed: int


@dataclass(frozen=True)
class Watched:
    """What a monitor saw: a statistic for each point of the stream (NaN in its baseline), and its first alarm.

    `alarm` is a place in the stream, `rose` the direction, `change` when it began. `rate` are false alarms per 1,000
    points and `alpha` the chance of any, each None where the monitor does not state it. `statement` says it in words.
    """

    stream: Stream
    monitor: str
    baseline: int
    statistic: Floats
    threshold: float
    statement: str
    alarm: int | None = None
    rose: bool = False
    change: Changed | None = None
    rate: float | None = None
    alpha: float | None = None

    @property
    def delay(self) -> float | None:
        """Steps (or seconds) from when it began to the alarm."""
        if self.alarm is None or self.change is None:
            return None
        return float(self.stream.at[self.alarm] - self.stream.at[self.change.at])


def watch(stream: Stream, monitor: str, baseline: int, allowed: Allowed, past: Past | None) -> Watched:
    """The monitor over the points after the baseline, until its first alarm."""
    found = _WAYS[monitor](stream, baseline, allowed, past)
    where = np.flatnonzero(found.statistic > found.threshold)
    if not len(where):
        return found
    alarm = int(where[0])
    if past is not None and monitor == "runs":
        # What all runs do together is no change of this one: it is looked for in what lies between them.
        off = against(stream, past)
        change, rose = changed(off.away, alarm), bool(off.distance[alarm] > 0)
    else:
        change = changed(stream.even, alarm, baseline)
        before = stream.even[: min(baseline, max(change.at, 1))].mean()
        rose = bool(stream.even[change.at : alarm + 1].mean() > before)
    given = {name: getattr(found, name) for name in ("monitor", "baseline", "statistic", "threshold", "statement")}
    return Watched(stream, **given, alarm=alarm, rose=rose, change=change, rate=found.rate, alpha=found.alpha)


def _after(baseline: int, told: Floats) -> Floats:
    return np.append(np.full(baseline, np.nan), told)


def _conformal(stream: Stream, baseline: int, allowed: Allowed, _past: Past | None) -> Watched:
    _, p = Ranks(np.zeros(0)).feed(stream.value, stream.chance)
    _, told = Jumper(alpha=allowed.alpha, sides=allowed.sides).feed(p[baseline:])
    said = f"while prompts come at random, the chance of any false alarm is at most {allowed.alpha:.2g}"
    ten = np.log(10)
    return Watched(
        stream, "conformal", baseline, _after(baseline, told / ten), -np.log(allowed.alpha) / ten, said,
        alpha=allowed.alpha,
    )  # fmt: skip


def _mean(stream: Stream, baseline: int, allowed: Allowed, _past: Past | None) -> Watched:
    share = (stream.value - stream.lowest) / (stream.highest - stream.lowest)
    low, high = bounds(share[:baseline], allowed.alpha / 2)
    each = allowed.alpha / (2 if allowed.sides else 4)
    ups = Betting(mean=high, alpha=each).feed(share[baseline:])[1]
    downs = Betting(mean=1 - low, alpha=each).feed(1 - share[baseline:])[1]
    told = cusum.greater(ups, downs, allowed.sides) / np.log(10)
    said = f"while its mean stays, the chance of any false alarm is at most {allowed.alpha:.2g}"
    return Watched(stream, "mean", baseline, _after(baseline, told), -np.log10(each), said, alpha=allowed.alpha)


def _rank_cusum(stream: Stream, baseline: int, allowed: Allowed, _past: Past | None) -> Watched:
    _, p = Ranks(np.zeros(0)).feed(stream.value, stream.chance)
    run_length = 1000 / allowed.rate
    h = cusum.threshold(run_length, sides=allowed.sides)
    told = cusum.greater(*cusum.sums(normal_scores(p[baseline:]), cusum.SLACK), allowed.sides)
    said = f"while prompts come at random, false alarms lie {run_length:,.0f} prompts apart on average (ARL0)"
    return Watched(stream, "rank_cusum", baseline, _after(baseline, told), h, said, rate=allowed.rate)


def _made_up(kind: Statistic, stream: Stream, baseline: int, allowed: Allowed) -> Watched:
    first = stream.even[:baseline]
    found = threshold_of_rate(first, kind, allowed.sides, allowed.rate, allowed.seed)
    told = statistic(stream.even[baseline:], Baseline.of(first), kind, allowed.sides)
    said = (
        f"{found.rate:.2g} false alarms per 1,000 points on {found.runs} made-up runs like its own first {baseline:,}"
    )
    return Watched(stream, kind, baseline, _after(baseline, told), found.value, said, rate=found.rate)


def _cusum(stream: Stream, baseline: int, allowed: Allowed, _past: Past | None) -> Watched:
    return _made_up("cusum", stream, baseline, allowed)


def _page_hinkley(stream: Stream, baseline: int, allowed: Allowed, _past: Past | None) -> Watched:
    return _made_up("page_hinkley", stream, baseline, allowed)


def _runs(stream: Stream, _baseline: int, allowed: Allowed, past: Past | None) -> Watched:
    assert past is not None
    found = against(stream, past)
    distance = found.distance * allowed.sides if allowed.sides else np.abs(found.distance)
    count = len(past.runs)
    said = f"no false alarm in the {amount(past.steps, 'point')} of {count} other runs; "
    said += f"about 1 in {count + 1} healthy runs has one"
    return Watched(stream, "runs", 0, distance, found.threshold, said, alpha=1 / (count + 1))


_WAYS = {
    "conformal": _conformal,
    "mean": _mean,
    "rank_cusum": _rank_cusum,
    "cusum": _cusum,
    "page_hinkley": _page_hinkley,
    "runs": _runs,
}
