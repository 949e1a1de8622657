"""The pictures of rollouts: reward, length, KL and the rest by step; the rows behind each step can be chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from engine import cohort
from engine.figures import words
from engine.figures.chart import Chart
from engine.figures.curves import TONES, Curve, Frame, curves
from engine.types import Result

_COURSES: Mapping[str, tuple[str, str, tuple[tuple[str, str], ...]]] = {
    "reward": ("Reward by step", "Mean reward", (("reward", "Reward"), ("gold", "Gold reward"))),
    "length": ("Length by step", "Mean length, tokens", (("length", "Length"),)),
    "kl": ("KL by step", "Mean KL of an answer", (("kl", "KL"),)),
    "entropy": ("Entropy by step", "Mean entropy", (("entropy", "Entropy"),)),
    "spread": ("Spread by step", "Standard deviation of rewards", (("spread", "Spread"),)),
    "shares": (
        "Shares by step",
        "Share, percent",
        (("zero_variance", "Prompts whose answers all get the same"), ("truncated", "Truncated answers")),
    ),
}
"""By chart its title, its axis, and its lines: the picture of the result and what it is called."""

_PERCENT = "shares"

Line = Mapping[str, Any]


def rollouts(result: Result) -> dict[str, Chart | None]:
    """The charts of rollouts by name."""
    pictures = result.pictures
    places = pictures.get("places")
    if not places:
        return {}
    found: dict[str, Chart | None] = {}
    for name, (title, up, lines) in _COURSES.items():
        known = [(label, pictures[line]) for line, label in lines if line in pictures]
        found[name] = _course(title, up, places, known, 100.0 if name == _PERCENT else 1.0)
    parts = pictures.get("components", {}).get("lines", [])
    found["components"] = _course("Components by step", "Mean", places, [(str(one["name"]), one) for one in parts], 1.0)
    found["by_length"] = _by_length(pictures.get("by_length"))
    found["runs"] = _runs(pictures.get("runs", {}).get("lines", []))
    return found


def _course(title: str, up: str, places: Line, lines: Sequence[tuple[str, Line]], scale: float) -> Chart | None:
    if not lines:
        return None
    drawn = [Curve(label, *(_scaled(line[part], scale) for part in ("value", "low", "high"))) for label, line in lines]
    frame = Frame("Step" if places["by"] == "step" else "Time", up, ".4~g", wheres=_wheres(places))
    alt = "; ".join(map(_aloud, drawn[: len(TONES)])) + "."
    chart = curves(title, _marks(places), drawn, frame, f"{title}: {alt}")
    if chart is not None:
        _choosable(chart, places)
    return chart


def _scaled(values: Sequence[float | None], scale: float) -> list[float | None]:
    return [None if value is None else scale * value for value in values]


def _aloud(line: Curve) -> str:
    known = [value for value in line.values if value is not None]
    if not known:
        return f"{line.name} unknown"
    return f"{line.name} from {words.number(known[0])} to {words.number(known[-1])}"


def _marks(places: Line) -> list[float | str]:
    """Where each window stands on the axis: its step, or the middle of several; a time where there are no steps."""
    middles = [(first + last) / 2 for first, last in zip(places["first"], places["last"], strict=True)]
    return middles if places["by"] == "step" else [_moment(one) for one in middles]


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _wheres(places: Line) -> list[str]:
    """The rows behind each window, as `engine.cohort` writes them."""
    ends = zip(places["first"], places["last"], strict=True)
    if places["by"] == "step":
        return [cohort.within("step", first, last) for first, last in ends]
    return [f"time={_moment(first)}{cohort.RANGE}{_moment(last)}" for first, last in ends]


def _choosable(chart: Chart, places: Line) -> None:
    """Choosing a mark narrows the rows below to its steps."""
    if places["by"] != "step":
        return
    ends = [f"{first:.0f}{cohort.RANGE}{last:.0f}" for first, last in zip(places["first"], places["last"], strict=True)]
    for trace in chart.figure["data"]:
        if "customdata" in trace:
            trace["customdata"] = [[*own, steps] for own, steps in zip(trace["customdata"], ends, strict=True)]
            trace["meta"]["pick"] = 1


def _by_length(picture: Line | None) -> Chart | None:
    if not picture:
        return None
    line = Curve("Reward above the prompt's mean", picture["reward"], picture["low"], picture["high"])
    alt = f"By length against the other answers to the same prompt: {_aloud(line)}."
    frame = Frame("Tokens more than the mean answer to the same prompt", "Reward above the prompt's mean", ".4~g")
    return curves("Reward by length within prompts", picture["length"], [line], frame, alt)


def _runs(lines: Sequence[Line]) -> Chart | None:
    """Up to four runs over the steps that any of them has; a run has no mark where it has no step."""
    if len(lines) < 2:
        return None
    by_run = [dict(zip(_marks(line), zip(line["value"], line["low"], line["high"], strict=True), strict=True))
              for line in lines]  # fmt: skip
    places = sorted({place for found in by_run for place in found}, key=lambda place: (isinstance(place, str), place))
    nothing = (None, None, None)
    drawn = []
    for line, found in zip(lines, by_run, strict=True):
        sides = [[found.get(place, nothing)[side] for place in places] for side in range(3)]
        drawn.append(Curve(str(line["run"]) or "run", *sides))
    ends = {place: where for line in lines for place, where in zip(_marks(line), _wheres(line), strict=True)}
    wheres = [ends[place] for place in places]
    frame = Frame("Step" if lines[0]["by"] == "step" else "Time", "Mean reward", ".4~g", wheres=wheres)
    chart = curves("Reward of each run", places, drawn, frame, "; ".join(map(_aloud, drawn)) + ".")
    if chart is not None:
        for trace in chart.figure["data"]:
            trace["connectgaps"] = True
    return chart
