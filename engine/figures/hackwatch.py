"""The pictures of hack watch: what the proxy promises beside gold, and how far each signal has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.figures import marked, words
from engine.figures.chart import Chart
from engine.figures.monitor import HIGHEST, THRESHOLD
from engine.types import Result

SIGNALS = {
    "gap": "Proxy–gold gap",
    "length": "Length",
    "entropy": "Entropy",
    "zero_variance": "No variance",
    "truncated": "Truncation",
}
"""What the signals are called."""


def hackwatch(result: Result) -> dict[str, Chart | None]:
    """The charts of hack watch by name."""
    return {"rewards": _rewards(result.pictures.get("rewards")), "reached": _reached(result.pictures.get("reached"))}


def _rewards(picture: Mapping[str, Any] | None) -> Chart | None:
    if not picture or not picture["lines"][0]["at"]:
        return None
    by, lines = str(picture["by"]), picture["lines"]
    shapes = marked.marks(picture)
    if picture["baseline_end"] is not None:
        first, end = marked.places([lines[0]["at"][0], picture["baseline_end"]], by)
        shapes = [marked.band(first, end, "$good/0.12"), *shapes]
    ends = "; ".join(
        f"{line['name']} from {words.number(line['value'][0])} to {words.number(line['value'][-1])}" for line in lines
    )
    alt = f"{ends}; {marked.told(picture)}."
    return Chart("Promised and gold", marked.drawn(lines, by, "Gold reward", shapes), alt, marked.table(lines, by))


def _reached(picture: Mapping[str, Any] | None) -> Chart | None:
    if not picture or not any(line["at"] for line in picture["lines"]):
        return None
    by = str(picture["by"])
    lines = [{**line, "name": SIGNALS.get(line["name"], line["name"])} for line in picture["lines"]]
    shapes = [marked.level(1.0, THRESHOLD)]
    values = [value for line in lines for value in line["value"]]
    shown = {"range": [min(*values, 0.0), 1.05 * max(1.0, min(max(values), HIGHEST))]}
    rang = "; ".join(f"{SIGNALS.get(name, name)} at {marked.place(at, by)}" for name, at in picture["alarms"].items())
    alt = f"How far each signal has come to its threshold at 1. Alarms: {rang or 'none'}."
    return Chart(
        "How far each has come",
        marked.drawn(lines, by, "Share of the threshold", shapes, **shown),
        alt,
        marked.table(lines, by),
    )
