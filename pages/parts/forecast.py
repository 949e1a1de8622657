"""The page of forecasts: its controls, and what stands below its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from engine.figures import words
from engine.types import Concluded, DatasetView
from pages.parts import cards, sections
from pages.parts.cards import Card
from pages.parts.looking import Looking
from pages.parts.screen import Screen

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
SCORES = (
    "Error and CRPS as a share of those of naive, which says that the last value stays. A model that does not get "
    "below 1 is not shown as the answer. p asks whether the difference in CRPS may be chance (Diebold and Mariano)."
)


def controls(dataset: DatasetView) -> dict[str, Any]:  # noqa: ARG001 - every page's controls get the dataset
    """The parameters of the view, each bound to the address."""
    metric = st.text_input("Metric", key=METRIC, bind="query-params", width=200, placeholder="what says most")
    run = st.text_input("Run", key=RUN, bind="query-params", width=200, placeholder="the longest")
    ahead = st.text_input("Steps ahead", key=AHEAD, bind="query-params", width=140, placeholder="a tenth")
    limit = st.text_input("Threshold", key=THRESHOLD, bind="query-params", width=140, placeholder="none")
    named = {METRIC: metric, RUN: run, AHEAD: ahead, THRESHOLD: limit}
    return {name: (value or "").strip() or DEFAULTS[name] for name, value in named.items()}


def below(looking: Looking, concluded: Concluded) -> list[Card]:
    """Every card below the answer."""
    return sections.pictured(
        sections.picture("forecast", "Forecast", FORECAST, looking, concluded),
        sections.newer(looking, concluded),
        sections.picture("threshold", "Passing the threshold", PASSING, looking, concluded),
        sections.picture("backtest", "Back-test", BACKTEST, looking, concluded),
        scores(concluded),
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
