"""The page of forecasts: its controls, and what stands below its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from engine import registry
from engine.errors import PlumblineError
from engine.figures import words
from engine.types import Concluded, DatasetView, ForecastRecord, ForecastView
from engine.words import amount, place
from pages.parts import cards, guard, reads, sections, widgets
from pages.parts.cards import Card
from pages.parts.looking import Looking
from pages.parts.screen import Screen
from pages.parts.states import literal

METRIC, RUN, AHEAD, THRESHOLD = "metric", "run", "ahead", "threshold"
DEFAULTS = {METRIC: "", RUN: "", AHEAD: "0", THRESHOLD: ""}

FORECAST = (
    "The line so far and where it goes: half of the points to come should lie in the darkest band, and the widest "
    "should hold them as often as it says."
)
PASSING = "The chance that the level, the line without what scatters about it, has passed the threshold by then."
BACKTEST = (
    "The same forecast made from earlier parts of the line, on what came after them: this is how much to believe of it."
)
KEPT = "The bands are written down now and held against the points when they have come."
RECORD = (
    "Forecasts written down before their points were there, by the runner whenever a file has doubled and by whoever "
    "pressed Keep, and held against what came: this is the record of all of them in this project."
)
RATIOS = ("CRPS ÷ naive", "Error ÷ naive")
SCORES = (
    "Error and CRPS as a share of those of naive, which says that the last value stays. A model that does not get "
    "below 1 is not shown as the answer. p asks whether the difference in CRPS may be chance (Diebold and Mariano)."
)


def controls(dataset: DatasetView) -> dict[str, Any]:
    """The parameters of the view, each bound to the address."""
    metric = widgets.text_input("Metric", key=METRIC, bind="query-params", width=200, placeholder="what says most")
    run = widgets.text_input("Run", key=RUN, bind="query-params", width=200, placeholder="the longest")
    ahead = widgets.text_input("Steps ahead", key=AHEAD, bind="query-params", width=140, placeholder="a tenth")
    limit = widgets.text_input("Threshold", key=THRESHOLD, bind="query-params", width=140, placeholder="none")
    named = {METRIC: metric, RUN: run, AHEAD: ahead, THRESHOLD: limit}
    params = {name: (value or "").strip() or DEFAULTS[name] for name, value in named.items()}
    if guard.enter().at_least("analyst", dataset.project) and st.button("Keep this forecast", help=KEPT):
        keep(dataset.id, params)
    return params


def keep(dataset_id: int, params: Mapping[str, str]) -> None:
    """Keep the forecast in front, to be graded when its points are there."""
    try:
        registry.run(guard.enter(), "forecast.keep", {"dataset_id": dataset_id, "params": dict(params)})
    except PlumblineError as error:
        st.toast(literal(error.message), icon=":material/error:")
    else:
        st.toast("Kept. It is graded when its points are there.", icon=":material/check:")


def below(looking: Looking, concluded: Concluded) -> list[Card]:
    """Every card below the answer."""
    return sections.pictured(
        sections.picture("forecast", "Forecast", FORECAST, looking, concluded),
        sections.newer(looking, concluded),
        sections.picture("threshold", "Passing the threshold", PASSING, looking, concluded),
        sections.picture("backtest", "Back-test", BACKTEST, looking, concluded),
        scores(concluded),
        record(looking),
        sections.recognised(looking.dataset, concluded.result.warnings),
        sections.evidence(concluded),
    )


def scores(concluded: Concluded) -> Card | None:
    """How every model did in the back-test."""
    picture: Mapping[str, Any] = concluded.result.pictures.get("backtest") or {}
    if not picture:
        return None
    names = ("ratio", "crps_ratio", "mase", "covered", "width", "p_value")
    heads = ("Model", "Error ÷ naive", "CRPS ÷ naive", "MASE", "Band held", "Band width", "p")
    rows = [[str(row["model"]).capitalize(), *(_cell(name, row[name]) for name in names)] for row in picture["rows"]]
    chosen = [row["model"] for row in picture["rows"]].index(picture["model"])
    return Card("scores", [cards.title("Models"), cards.text(SCORES), cards.table("Models", heads, rows, chosen)])


def record(looking: Looking) -> Card:
    """How forecasts that were kept have done since, in the whole project."""
    board = reads.scoreboard_of(guard.enter(), looking.dataset.id)
    blocks = [cards.title("Kept forecasts"), cards.text(RECORD)]
    if board.records:
        rows = [_record(one) for one in board.records]
        blocks.append(cards.table("Record", ("Model", "Metric", "Graded", "Band held", *RATIOS), rows, -1))
    else:
        blocks.append(cards.text("None has been graded yet: its points have to come first."))
    if board.misses:
        told = [
            (_line(one), f"{words.percent(one.held, 0)} of {words.count(one.points)} points") for one in board.misses
        ]
        blocks += [cards.text("The newest whose 95 % band held less than it should:"), cards.facts(told)]
    if board.waiting:
        told = [(_line(one), _reach(one)) for one in board.waiting]
        blocks.append(cards.fold(f"{amount(len(told), 'forecast')} of this dataset waiting", [cards.facts(told)]))
    return Card("record", blocks)


def _record(one: ForecastRecord) -> list[str]:
    ratios = [_cell("ratio", value) for value in (one.crps_ratio, one.error_ratio)]
    return [one.model.capitalize(), one.metric, words.count(one.graded), words.percent(one.held, 0), *ratios]


def _line(one: ForecastView) -> str:
    return f"{one.metric} of {one.run}, {one.dataset}"


def _reach(one: ForecastView) -> str:
    by = f"by {one.person}" if one.person else "by the runner"
    return f"to {place(one.until, one.by)}, made {one.made_at:%d %b, %H:%M} UTC {by}"


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    if name == "covered":
        return words.percent(value, 0)
    return words.p_value(value) if name == "p_value" else f"{value:.3g}".replace("-", "−")


SCREEN = Screen(
    "forecast",
    "Forecast",
    DEFAULTS,
    controls,
    below,
    "a metric at 30 steps of a run or more",
)
