"""The pictures of what if: accuracy and share over the threshold, the error over the temperature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine import cohort
from engine.figures import words
from engine.figures.chart import Chart
from engine.figures.curves import Curve, Frame, curves
from engine.types import Result


def whatif(result: Result) -> dict[str, Chart | None]:
    """The charts of what if by name."""
    return {
        "threshold": _threshold(result.pictures.get("threshold"), _wheres(result)),
        "cost": _cost(result.pictures.get("threshold"), _wheres(result)),
        "temperature": _temperature(result.pictures.get("temperature")),
    }


def _wheres(result: Result) -> list[str]:
    """Behind each threshold the rows that are trusted there; those of scores lie on both sides: no one condition."""
    picture = result.pictures.get("threshold")
    if not picture or result.dataset.get("kind") != "comparison":
        return []
    temperature = float(result.evidence.params.get("temperature", 1.0))
    least = (1 / (1 + (1 / at - 1) ** temperature) for at in picture["threshold"])
    return [cohort.within("confidence", one, 1.0) for one in least]


def _threshold(picture: Mapping[str, Any] | None, wheres: list[str]) -> Chart | None:
    if not picture:
        return None
    lines = [
        Curve("Right, of the trusted", picture["accuracy"], picture["accuracy_low"], picture["accuracy_high"]),
        Curve("Trusted, of all", picture["trusted"], picture["trusted_low"], picture["trusted_high"]),
    ]
    alt = (
        f"By the least confidence that is trusted: the share of verdicts trusted falls from "
        f"{words.percent(picture['trusted'][0])} to {words.percent(picture['trusted'][-1])}; "
        f"{words.percent(picture['accuracy'][0])} of all are right. The threshold is {picture['now']:.3g}, the target "
        f"{words.percent(picture['target'])}."
    )
    frame = Frame("Least confidence that is trusted", "Share", ".1%", wheres=wheres)
    chart = curves("By threshold", picture["threshold"], lines, frame, alt)
    return _marked(chart, picture["now"], picture["target"])


def _cost(picture: Mapping[str, Any] | None, wheres: list[str]) -> Chart | None:
    if not picture:
        return None
    at = min(range(len(picture["cost"])), key=picture["cost"].__getitem__)
    alt = (
        f"Cost of 1,000 verdicts in labels by people, by the least confidence that is trusted: least at "
        f"{picture['threshold'][at]:.3g}, {words.count(picture['cost'][at])}."
    )
    frame = Frame("Least confidence that is trusted", "Labels by 1,000 verdicts", ",.0f", wheres=wheres)
    chart = curves("Cost", picture["threshold"], [Curve("Cost", picture["cost"])], frame, alt)
    return _marked(chart, picture["now"])


def _temperature(picture: Mapping[str, Any] | None) -> Chart | None:
    if not picture:
        return None
    at = min(range(len(picture["error"])), key=picture["error"].__getitem__)
    alt = (
        f"Calibration error by temperature: least, {words.number(picture['error'][at])}, near "
        f"{picture['temperature'][at]:.3g}."
    )
    frame = Frame("Temperature", "Calibration error", ".3f")
    lines = [Curve("Error", picture["error"], picture["low"], picture["high"])]
    chart = curves("By temperature", picture["temperature"], lines, frame, alt)
    if chart is not None:
        chart.figure["layout"]["xaxis"].update({"type": "log", "tickvals": [0.25, 0.5, 1, 2, 4, 8]})
    return _marked(chart, picture["now"])


def _marked(chart: Chart | None, across: float, up: float | None = None) -> Chart | None:
    """The chart with where one stands, and what is aimed at."""
    if chart is None:
        return None
    style = {"color": "$reference", "width": 1, "dash": "dot"}
    shapes = [{"type": "line", "x0": across, "x1": across, "yref": "paper", "y0": 0, "y1": 1, "line": style}]
    if up is not None:
        shapes.append({"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": up, "y1": up, "line": style})
    chart.figure["layout"]["shapes"] = shapes
    return chart
