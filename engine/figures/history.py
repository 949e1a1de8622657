"""The leading number of a dataset's answer from version to version, small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from engine.figures import words
from engine.figures.chart import Cell, Chart, Table, figure
from engine.types import AnswerView
from engine.words import amount

HEADLINES: Mapping[str, tuple[str, str]] = {
    "calibration": ("calibration_error", "calibration error"),
    "ranking": ("top_gap", "lead in Elo"),
    "compare": ("difference", "difference"),
    "agreement": ("krippendorff_alpha_nominal", "Krippendorff's alpha"),
    "judge": ("agreement", "agreement with people"),
    "bestofn": ("gain", "gain of best-of-n"),
    "whatif": ("accuracy_trusted", "accuracy of trusted verdicts"),
    "tradeoff": ("objective_now", "reward less KL now"),
    "drift": ("drifted", "features that drifted"),
    "curves": ("last", "mean of the last points"),
    "rollouts": ("reward_last", "mean reward of the last steps"),
    "overoptimisation": ("budget_left", "KL budget left"),
    "forecast": ("forecast", "forecast"),
    "monitor": ("alarms", "alarms"),
    "hackwatch": ("signals_fired", "signals that rang"),
    "surface": ("best_value", "value at the best point"),
    "sweep": ("best_value", "value of the best setting"),
    "audit": ("ruler_accuracy", "share that length alone gets right"),
}
"""By analysis the estimate that leads, and what it is called within a sentence."""

TICKS = [
    {"dtickrange": [None, 60_000], "value": "%H:%M:%S"},
    {"dtickrange": [60_000, 86_400_000], "value": "%H:%M"},
    {"dtickrange": [86_400_000, None], "value": "%d %b"},
]
"""How times are written by the distance between two ticks, in milliseconds."""


def history(answers: Sequence[AnswerView], height: int = 120) -> Chart | None:
    """The line of the last versions with an answer of one kind, with its interval; None below two versions."""
    ordered = sorted(answers, key=lambda answer: answer.version)
    name, label = headline(ordered[-1].analysis if ordered else "")
    alike = [answer for answer in ordered if answer.analysis == ordered[-1].analysis]
    kept = [point for answer in alike if (point := _point(answer, name))]
    if len(kept) < 2:
        return None
    layout = {
        "height": height,
        "margin": {"l": 4, "r": 8, "t": 4, "b": 4},
        "xaxis": {
            "showline": False,
            "nticks": 4,
            "ticklabelstandoff": 4,
            "tickfont": {"size": 11, "color": "$muted"},
            "tickformatstops": TICKS,
        },
        "yaxis": {"rangemode": "tozero", "nticks": 3, "tickformat": ".2f", "tickfont": {"size": 11, "color": "$muted"}},
    }
    title = label[0].upper() + label[1:]
    return Chart(
        f"{title} over time", figure(_lines(kept, label), **layout), _alternative(kept, title), _table(kept, title)
    )


def headline(analysis: str) -> tuple[str, str]:
    """The estimate that leads in this analysis, and what it is called within a sentence."""
    return HEADLINES.get(analysis, HEADLINES["calibration"])


class _Point(NamedTuple):
    """The leading number of one version."""

    version: int
    at: str
    rows: int
    value: float
    low: float | None
    high: float | None


def _point(answer: AnswerView, name: str) -> _Point | None:
    """What an answer says of the leading number, if anything."""
    found = answer.estimates.get(name) or {}
    said = found.get if isinstance(found, Mapping) else partial(getattr, found)
    value, low, high = (None if (one := said(part, None)) is None else float(one) for part in ("value", "low", "high"))
    return None if value is None else _Point(answer.version, answer.at.isoformat(), answer.rows, value, low, high)


def _lines(kept: list[_Point], label: str) -> list[dict[str, Any]]:
    """The interval as a band, then the line itself."""
    times = [point.at for point in kept]
    hover = f"%{{x|%H:%M:%S}}<br>{label} %{{y:.3f}}<extra></extra>"
    edge = {
        "type": "scatter",
        "mode": "lines",
        "x": times,
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    return [
        {**edge, "y": [point.low for point in kept]},
        {**edge, "y": [point.high for point in kept], "fill": "tonexty", "fillcolor": "$first/0.16"},
        {
            "type": "scatter",
            "mode": "lines",
            "x": times,
            "y": [point.value for point in kept],
            "line": {"color": "$first", "width": 2},
            "hovertemplate": hover,
            "showlegend": False,
            "meta": {"key": "history", "points": True, "read": [_aloud(point, label) for point in kept]},
        },
    ]


def _aloud(point: _Point, label: str) -> str:
    return f"Version {point.version}: {label} {words.number(point.value)}"


def _alternative(kept: list[_Point], title: str) -> str:
    first, last = kept[0], kept[-1]
    return (
        f"{title} over {amount(len(kept), 'version')}: "
        f"from {words.number(first.value)} at {amount(first.rows, 'row')} "
        f"to {words.number(last.value)} at {amount(last.rows, 'row')}."
    )


def _table(kept: list[_Point], title: str) -> Table:
    rows: list[list[Cell]] = [
        [point.version, _to_the_second(point.at), point.rows, point.value, point.low, point.high] for point in kept
    ]
    return Table(["Version", "Time", "Rows", title, "Low", "High"], rows)


def _to_the_second(moment: str) -> str:
    """An ISO 8601 time without the fraction of its seconds."""
    return moment[:19] + moment[26:] if moment[19:20] == "." else moment
