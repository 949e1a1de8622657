"""A run as numbers for its pictures: gold, promised and there, and how far each signal has come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.analysis.hackwatch.measures import Run
from engine.analysis.hackwatch.sentence import fired
from engine.analysis.hackwatch.signals import Signal
from engine.analysis.monitor.pictures import thinned


def pictures(run: Run, signals: Sequence[Signal]) -> dict[str, dict[str, Any]]:
    """`rewards`: gold as it is and as promised, and when the gap began; `reached`: each watched signal."""
    told: dict[str, dict[str, Any]] = {}
    gap = next((one for one in signals if one.name == "gap"), None)
    if gap is not None and run.reward is not None and run.gold is not None:
        gold = run.gold.means
        lines = {"Promised": gap.measured.means + gold, "Gold": gold}
        told["rewards"] = {
            "by": run.by,
            "baseline_end": gap.at(gap.baseline - 1) if len(gap.measured.at) >= gap.baseline else None,
            **_marks(gap),
            "lines": [_line(name, gap.measured.at, values) for name, values in lines.items()],
        }
    watched = [one for one in signals if one.evidence is not None]
    alarms = {one.name: one.at(one.alarm) for one in fired(signals) if one.alarm is not None}
    told["reached"] = {
        "by": run.by,
        "alarms": alarms,
        "lines": [
            _line(one.name, one.measured.at[one.baseline :], one.evidence)
            for one in watched
            if one.evidence is not None
        ],
    }
    return told


def _marks(gap: Signal) -> dict[str, float | None]:
    if gap.alarm is None or gap.change is None:
        return dict.fromkeys(("alarm", "change", "change_low", "change_high"))
    places = {"alarm": gap.alarm, "change": gap.change.at, "change_low": gap.change.low, "change_high": gap.change.high}
    return {name: gap.at(place) for name, place in places.items()}


def _line(name: str, at: np.ndarray[Any, Any], values: np.ndarray[Any, Any]) -> dict[str, Any]:
    kept = thinned(values)
    return {"name": name, "at": at[kept].tolist(), "value": values[kept].tolist()}
