"""The pictures of alarms: the stream with its baseline, and what the monitor made of it beside its threshold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.figures import marked, words
from engine.figures.chart import Chart
from engine.types import Result

HIGHEST = 4
"""Thresholds up to which a statistic is shown: beyond its alarm it may rise without end."""

THRESHOLD = {"color": "$bad", "width": 1.4, "dash": "dash"}


def monitor(result: Result) -> dict[str, Chart | None]:
    """The charts of alarms by name."""
    return {
        "stream": _stream(result.pictures.get("stream")),
        "statistic": _statistic(result.pictures.get("statistic")),
    }


def _stream(picture: Mapping[str, Any] | None) -> Chart | None:
    if not picture or not picture["at"]:
        return None
    name, by = _called(picture), str(picture["by"])
    shapes = marked.marks(picture)
    if picture["baseline_end"] is not None:
        first, end = marked.places([picture["at"][0], picture["baseline_end"]], by)
        shapes = [marked.band(first, end, "$good/0.12"), *shapes]
    if picture["level"] is not None:
        shapes.append(marked.level(picture["level"], {"color": "$reference", "width": 1, "dash": "dot"}))
    lines = [{"name": name, "at": picture["at"], "value": picture["value"]}]
    alt = f"{name} with its baseline: {marked.told(picture)}."
    return Chart("Stream", marked.drawn(lines, by, str(picture["metric"]), shapes), alt, marked.table(lines, by))


def _statistic(picture: Mapping[str, Any] | None) -> Chart | None:
    if not picture or not picture["at"]:
        return None
    by, called, threshold = str(picture["by"]), str(picture["called"]), float(picture["threshold"])
    lines = [{"name": called, "at": picture["at"], "value": picture["value"]}]
    shapes = [*marked.marks(picture), marked.level(threshold, THRESHOLD)]
    lowest, highest = min(picture["value"]), max(picture["value"])
    shown = {"range": [min(lowest, 0), 1.05 * max(threshold, min(highest, HIGHEST * threshold))]}
    alt = f"{called} of {_called(picture)}: highest {words.number(highest)}, threshold {words.number(threshold)}."
    return Chart("Statistic", marked.drawn(lines, by, called, shapes, **shown), alt, marked.table(lines, by))


def _called(picture: Mapping[str, Any]) -> str:
    run = str(picture["run"])
    return words.plain(f"{picture['metric']}{f' of {run}' if run else ''}")
