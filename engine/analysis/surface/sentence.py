"""The first line of a surface: where it is best, and what follows."""

from __future__ import annotations

from collections.abc import Sequence

from engine.analysis.surface.decide import Decision
from engine.analysis.surface.points import Points
from engine.analysis.trials import Trials
from engine.types import Estimate
from engine.words import amount, significant


def bounds(estimate: Estimate) -> str:
    """` [low, high]`, nothing without an interval."""
    return "" if estimate.low is None else f" [{significant(estimate.low)}, {significant(estimate.high)}]"


def verdict(decision: Decision) -> str:
    """Its code."""
    if decision.value.low is None:
        return "no_interval"
    if not decision.told:
        return "flat"
    return "at_edge" if decision.edges else "inside"


def sentence(trials: Trials, points: Points, decision: Decision) -> str:
    """The answer in one line."""
    lowest = "lowest" if trials.lower else "highest"
    told = f"told from {counted(points)}"
    where = [
        f"{axis.name} {significant(float(axis.value(decision.best[place]).item()))}"  # type: ignore[arg-type]
        for place, axis in enumerate((points.x, points.y))
    ]
    if verdict(decision) == "flat":
        first = f"No place is surely better than another in {points.x.name} and {points.y.name}"
        best = f"{trials.metric} is {lowest}, {significant(decision.value.value)}{bounds(decision.value)}"
        return f"{first}: {best}, near {' and '.join(where)}; {told}."
    said = f"{trials.metric} is {lowest}, {significant(decision.value.value)}{bounds(decision.value)}, near "
    ends = _edges(points, decision.edges)
    return f"{said}{' and '.join(where)}; {told}{'; ' + ends if ends else ''}."


def counted(points: Points) -> str:
    """How many trials, and how many points where these are more."""
    trials = amount(len(points.runs), "trial")
    return trials if not points.clustered else f"{amount(len(points), 'point')} of {trials}"


def _edges(points: Points, edges: Sequence[tuple[int, int]]) -> str:
    parts = [
        f"at the edge in {(points.x, points.y)[axis].name}: try {'larger' if side > 0 else 'smaller'}"
        for axis, side in edges
    ]
    return "; ".join(parts)
