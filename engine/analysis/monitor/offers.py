"""Which monitors a stream can honestly have, and why not the others."""

from __future__ import annotations

from dataclasses import dataclass

from engine.analysis.monitor.checks import LEAST, exchangeable, stationary
from engine.analysis.monitor.past_runs import LEAST_RUNS, Past
from engine.analysis.monitor.streams import Stream

MONITORS = ("conformal", "mean", "rank_cusum", "cusum", "page_hinkley", "runs")
"""A test martingale on ranks; betting on a mean; a CUSUM of ranks; two with thresholds from made-up healthy runs; one
against other runs."""

AUTO = ("mean", "conformal", "cusum", "runs")
"""What is taken where nobody chose, the first that is offered."""

_TRAINED = "a step of training follows from those before it, so neither alpha nor ARL0 holds"
_NO_BOUNDS = "its values have no known bounds"
SIZES = (400, 200, 100, 50, LEAST)


@dataclass(frozen=True)
class Offer:
    """A monitor of a stream, and why it is or is not offered, to follow "because"."""

    monitor: str
    offered: bool
    why: str


def baseline_of(points: int, asked: int) -> int:
    """How many first points are the baseline: as many as asked, else of a few sizes the largest within a quarter.

    Few sizes, so that what was said of a growing stream is judged anew only when it has doubled.
    """
    return asked or next((size for size in SIZES if 4 * size <= points), LEAST)


def offers(stream: Stream, baseline: int, past: Past | None) -> list[Offer]:
    """Every monitor, in the order of `MONITORS`, judged on the first `baseline` points alone."""
    first = stream.even[:baseline]
    order, level = exchangeable(first), stationary(first)
    found = []
    for monitor in MONITORS:
        if monitor == "runs":
            found.append(_of_runs(stream, past))
        elif monitor in ("cusum", "page_hinkley"):
            found.append(Offer(monitor, level.passed, level.said))
        elif not stream.drawn:
            found.append(Offer(monitor, False, _TRAINED))
        elif monitor == "mean" and not stream.bounded:
            found.append(Offer(monitor, False, _NO_BOUNDS))
        else:
            found.append(Offer(monitor, order.passed, order.said))
    return found


def _of_runs(stream: Stream, past: Past | None) -> Offer:
    if stream.drawn:
        return Offer("runs", False, "it is no run of training")
    if past is None or len(past.runs) < LEAST_RUNS:
        count = 0 if past is None else len(past.runs)
        return Offer("runs", False, f"{count} other runs have this metric at its steps; {LEAST_RUNS} are needed")
    return Offer("runs", True, f"{len(past.runs)} other runs have this metric at its steps")


def chosen(found: list[Offer], asked: str) -> Offer | None:
    """The monitor that was asked for, else the first of `AUTO` that is offered; None where it is not."""
    wanted = (asked,) if asked else AUTO
    offered = {offer.monitor: offer for offer in found if offer.offered}
    return next((offered[name] for name in wanted if name in offered), None)
