"""The answer of a forecast in one sentence."""

from __future__ import annotations

from engine.analysis.forecast.answering import Answer
from engine.analysis.forecast.models import MIXTURE, NAIVE, WALK
from engine.analysis.forecast.outlook import Crossing
from engine.types import Estimate
from engine.words import place

RISES, FALLS, HOLDS, WANDERS, AS_GOOD, CONSTANT = "rises", "falls", "holds", "wanders", "naive_as_good", "constant"


def verdict(answer: Answer, moved: Estimate) -> str:
    """naive_as_good where no model beats naive, wanders for a random walk; else rises, falls or holds by its level."""
    if answer.model == NAIVE:
        return AS_GOOD
    if answer.model == WALK:
        return WANDERS
    if moved.low is None or moved.high is None or moved.low <= 0 <= moved.high:
        return HOLDS
    return RISES if moved.low > 0 else FALLS


def sentence(metric: str, by: str, answer: Answer, end: Estimate, limit: float | None, found: Crossing | None) -> str:
    """Where the line will be, the chance of the threshold, and how good such forecasts of it have been."""
    value = f"{number(end.value)} [{number(end.low)}, {number(end.high)}]"
    where = place(answer.until, by)
    head = {
        MIXTURE: f"{metric} reaches {value} at {where}",
        WALK: f"{metric} cannot be told from a random walk: {value} at {where}",
        NAIVE: f"Naive is as good: no model forecasts {metric} better than its last value, {value} at {where}",
    }[answer.model]
    passing = ""
    if found is not None and limit is not None:
        way = "pass" if found.up else "fall below"
        passing = f"; chance to {way} {number(limit)} by then {percent(found.chance.value)}"
    return f"{head}{passing}; {record(answer, end.level)}."


def record(answer: Answer, level: float) -> str:
    """How good forecasts of this line were in the back-test."""
    own = answer.tested.scores[answer.model]
    held = f"in back-tests {100 * own.covered:.0f} % of points fell inside their {100 * level:g} % bands"
    if answer.model == NAIVE:
        ratio = answer.tested.ratio(MIXTURE, "error")
        return f"{held} and the mixture's error is {number(ratio)} of naive's"
    return f"{held} and the error is {number(answer.tested.ratio(answer.model, 'error'))} of naive's"


def number(value: float | None) -> str:
    """Three significant digits without a leading zero, a true minus."""
    if value is None or value != value:
        return "unknown"
    text = f"{value:,.0f}" if 999.5 <= abs(value) < 1e6 else f"{value:.3g}"
    text = text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text
    return text.replace("-", "−")


def percent(value: float | None) -> str:
    """A share in whole percent; never rounded to none or all."""
    if value is None:
        return "unknown"
    if value < 0.01:
        return "below 1 %"
    return "above 99 %" if value > 0.99 else f"{100 * value:.0f} %"
