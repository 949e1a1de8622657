"""The pictures of the trade-off: the objective over steps, and the best step over the price of KL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine import cohort
from engine.figures import words
from engine.figures.chart import Chart
from engine.figures.curves import Curve, Frame, curves
from engine.types import Result


def tradeoff(result: Result) -> dict[str, Chart | None]:
    """The charts of the trade-off by name."""
    metric = words.plain(str(result.dataset.get("metric", "reward")))
    return {
        "objective": _objective(result.pictures.get("objective"), metric),
        "coefficient": _coefficient(result.pictures.get("coefficient")),
    }


def _objective(picture: Mapping[str, Any] | None, metric: str) -> Chart | None:
    if not picture:
        return None
    best = picture["best"]
    alt = (
        f"{metric} less the price of KL, by windows of steps: highest, {words.number(picture['objective'][best])}, "
        f"around step {words.count(picture['step'][best])}; {sum(picture['may'])} windows may be the best."
    )
    ends = zip(picture["first"], picture["last"], strict=True)
    frame = Frame("Step", f"{metric} less KL", ".4~g", wheres=[cohort.within("step", *one) for one in ends])
    chart = curves(
        "Objective",
        picture["step"],
        [Curve("Objective", picture["objective"], picture["low"], picture["high"])],
        frame,
        alt,
    )
    if chart is not None:
        drawn = chart.figure["data"][-1]
        drawn["marker"]["color"] = ["$first" if may else "$quiet" for may in picture["may"]]
    return chart


def _coefficient(picture: Mapping[str, Any] | None) -> Chart | None:
    if not picture:
        return None
    alt = (
        f"Which step is best by the price of KL: {words.count(picture['best'][0])} for nothing, "
        f"{words.count(picture['best'][-1])} at {picture['coefficient'][-1]:.3g} for each nat."
    )
    line = Curve("Best step", picture["best"], picture["earliest"], picture["latest"])
    chart = curves("By price", picture["coefficient"], [line], Frame("Price of a nat of KL", "Best step", ",.0f"), alt)
    if chart is not None:
        style = {"color": "$reference", "width": 1, "dash": "dot"}
        place = {"x0": picture["now"], "x1": picture["now"], "yref": "paper", "y0": 0, "y1": 1}
        chart.figure["layout"]["shapes"] = [{"type": "line", "line": style, **place}]
    return chart
