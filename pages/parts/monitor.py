"""The page of alarms: its controls, and what stands below its answer."""

from __future__ import annotations

from typing import Any

from engine.figures import marked
from engine.types import Concluded, DatasetView
from pages.parts import cards, location, sections, widgets
from pages.parts.cards import Card
from pages.parts.looking import Looking
from pages.parts.screen import Screen

METRIC, RUN, MONITOR, DIRECTION = "metric", "run", "monitor", "direction"
BASELINE, START, RATE, ALPHA = "baseline", "start", "false_alarms", "alpha"
MONITORS = {
    "": "What is honest here",
    "conformal": "Test martingale",
    "mean": "Betting on the mean",
    "rank_cusum": "CUSUM of ranks",
    "cusum": "CUSUM",
    "page_hinkley": "Page-Hinkley",
    "runs": "Against other runs",
}
DIRECTIONS = {"both": "Up and down", "up": "Up", "down": "Down"}
DEFAULTS = {
    METRIC: "",
    RUN: "",
    MONITOR: "",
    DIRECTION: "both",
    BASELINE: 0,
    START: 0.0,
    RATE: 0.3,
    ALPHA: 0.01,
    location.SLICE: "",
}

STREAM = (
    "Shaded green is the beginning that is taken for healthy. Where something rang: the red line is the alarm, the "
    "dotted line when it most likely began, the shaded band holds the true beginning in 95 of 100 cases."
)
STATISTIC = "What the monitor makes of the stream. It rings above the dashed line."
ALARMS = "Each stream is watched until its first alarm. Choose a metric or a run above to see its picture."
OFFERS = "Judged on the beginning of the stream that is shown. A monitor whose statement would not hold is not offered."


def controls(dataset: DatasetView) -> dict[str, Any]:
    """The parameters of the view, each bound to the address."""
    metric = widgets.text_input("Metric", key=METRIC, bind="query-params", width=150, placeholder="all")
    run = widgets.text_input("Run", key=RUN, bind="query-params", width=130, placeholder="all")
    monitor = sections.choice("Monitor", MONITOR, MONITORS, 190)
    direction = sections.choice("Direction", DIRECTION, DIRECTIONS, 140)
    baseline = widgets.number_input(
        "First points, 0: usual", 0, 100_000, DEFAULTS[BASELINE], 10, key=BASELINE, bind="query-params", width=170
    )
    start = widgets.number_input(
        "From step", 0.0, 1e12, DEFAULTS[START], 10.0, key=START, bind="query-params", width=130, format="%.0f"
    )
    rate = widgets.number_input(
        "False alarms per 1,000", 0.01, 20.0, DEFAULTS[RATE], 0.1, key=RATE, bind="query-params", width=170
    )
    alpha = widgets.number_input(
        "Chance of any, α", 0.0001, 0.2, DEFAULTS[ALPHA], 0.01, key=ALPHA, bind="query-params", width=150, format="%.4f"
    )
    chosen = {METRIC: (metric or "").strip(), RUN: (run or "").strip(), MONITOR: monitor, DIRECTION: direction}
    counted = {BASELINE: _asked(int(baseline)), START: float(start), RATE: float(rate), ALPHA: float(alpha)}
    return {**chosen, **counted, location.SLICE: sections.rows_control(dataset)}


def _asked(baseline: int) -> int:
    """The first step of the control above 0 is less than a baseline needs: it stands for the least."""
    return baseline if baseline == 0 else max(baseline, 30)


def below(looking: Looking, concluded: Concluded) -> list[Card]:
    """Every card below the answer."""
    return sections.pictured(
        sections.picture("stream", _heading(concluded), STREAM, looking, concluded),
        sections.newer(looking, concluded),
        sections.picture("statistic", "Statistic", STATISTIC, looking, concluded),
        alarms(concluded),
        offers(concluded),
        sections.recognised(looking.dataset, concluded.result.warnings),
        sections.evidence(concluded),
    )


def _heading(concluded: Concluded) -> str:
    shown = concluded.result.pictures.get("stream") or {}
    run = f" of {shown['run']}" if shown.get("run") else ""
    return f"{shown.get('metric', 'Stream')}{run}"


def alarms(concluded: Concluded) -> Card:
    """Every stream: what rang and when, what is watched, what cannot be."""
    columns = ["Stream", "Moved", "Since", "Alarm", "Monitor", "False alarms"]
    rows = [_row(item) for item in concluded.result.items]
    return Card("alarms", [cards.title("Streams"), cards.text(ALARMS), cards.table("Streams", columns, rows, -1)])


def _row(item: dict[str, Any]) -> list[str]:
    by = item["by"]
    name = f"{item['metric']} of {item['run']}" if item["run"] else item["metric"]
    if not item["monitor"]:
        return [name, "not watched", "–", "–", "–", item["why"]]
    monitor = MONITORS[item["monitor"]]
    if not item["rang"]:
        return [name, "no alarm", "–", "–", monitor, item["statement"]]
    low, high, alarm = (marked.place(item[part], by) for part in ("change_low", "change_high", "alarm"))
    since = f"{marked.place(item['change'], by)} [{low}, {high}]"
    return [name, item["direction"], since, alarm, monitor, item["statement"]]


def offers(concluded: Concluded) -> Card | None:
    """Which monitors the shown stream can honestly have, and why."""
    told = concluded.result.pictures.get("offers")
    if not told:
        return None
    rows = [
        [MONITORS[name], "yes" if offered else "no", why]
        for name, offered, why in zip(told["monitor"], told["offered"], told["why"], strict=True)
    ]
    chosen = told["monitor"].index(told["chosen"]) if told["chosen"] else -1
    grid = cards.table("Monitors", ["Monitor", "Honest here", "Because"], rows, chosen)
    return Card("offers", [cards.title("Which monitors are honest here"), cards.text(OFFERS), grid])


SCREEN = Screen(
    "monitor",
    "Alarms",
    DEFAULTS,
    controls,
    below,
    "a step or a time beside a metric of a run, a score, or a label that a judge is held against",
)
