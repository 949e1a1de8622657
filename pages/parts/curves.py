"""The page of training curves: its controls, and what stands below its answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

import streamlit as st

from engine.errors import PlumblineError
from engine.figures import words
from engine.types import Concluded, DatasetView, Who
from pages.parts import cards, location, reads, sections, state, widgets
from pages.parts.cards import Card
from pages.parts.looking import Looking
from pages.parts.screen import Screen

METRIC, GROUP, MIDDLE, SMOOTH, OVER, AXIS = "metric", "group", "middle", "smooth", "over", "axis"
DEFAULTS = {METRIC: "", GROUP: "", MIDDLE: "mean", SMOOTH: 0.0, OVER: "step", AXIS: "linear", location.SLICE: ""}
MOST_METRICS = 8
BETWEEN = "|"

GROUPS = {"": "Each run alone", "name": "Seeds by run name"}
MIDDLES = {"mean": "Mean", "median": "Median"}
OVERS = {"step": "Steps", "time": "Time", "relative": "Since its run began"}
AXES = {"linear": "Linear", "log": "Logarithmic"}

CURVES = (
    "Each run along its steps; where it began again from an earlier step, what it wrote later counts. Drag across a "
    "stretch to see all of its points, double click to come back."
)
SMOOTHED = (
    "The strong line is the exponential mean without the bias of its beginning, and lags behind; what the trainer "
    "wrote stays faintly behind it."
)
BANDS = (
    "A band of three runs or more is the 95 % interval of their mean, of fewer or of a median from the lowest to the "
    "highest."
)


def controls(who: Who, dataset: DatasetView) -> dict[str, Any]:
    """The parameters of the view, each in the address; which metrics there are, the answer itself knows."""
    told = _told(who, dataset)
    found = {METRIC: _metrics(dataset, told.get("metrics", []), str(told.get("metric", "")))}
    params = {f"config.{name}": f"By {name}" for name in told.get("config", [])}
    found[GROUP] = sections.choice("Runs", GROUP, {**GROUPS, **params}, 190)
    if found[GROUP]:
        found[MIDDLE] = sections.choice("Middle", MIDDLE, MIDDLES, 120)
    smooth = widgets.slider("Smoothing", 0.0, 0.99, key=SMOOTH, step=0.01, bind="query-params", width=170)
    found[OVER] = sections.choice("Over", OVER, OVERS, 180)
    found[AXIS] = sections.choice("Scale", AXIS, AXES, 140)
    return {**DEFAULTS, **found, SMOOTH: float(smooth), location.SLICE: sections.rows_control(dataset)}


def _told(who: Who, dataset: DatasetView) -> dict[str, Any]:
    """What the usual answer says of its metrics and runs: it is concluded already, or is about to be."""
    try:
        return dict(reads.conclusion(who, dataset.id, dataset.version, (), "curves").result.dataset)
    except PlumblineError:
        return {}


def _metrics(dataset: DatasetView, known: Sequence[str], usual: str) -> str:
    """The metrics that are shown, as the address has them; empty for the one that says most."""
    named = [name for one in st.query_params.get(METRIC, "").split(BETWEEN) if (name := unquote(one))]
    shown = [name for name in named if name in known] or [name for name in (usual,) if name]
    key = f"metric-{dataset.id}-{BETWEEN.join(shown)}"

    def pick(chosen: list[str]) -> None:
        location.set_way(METRIC, "" if chosen in ([], [usual]) else _joined(chosen), [""])

    options = list(dict.fromkeys([*known, *shown]))
    st.multiselect(
        "Metrics",
        options,
        shown,
        key=key,
        on_change=lambda: state.take(key, pick),
        max_selections=MOST_METRICS,
        width=360,
        disabled=not options,
    )
    known_by_name = [(name, name) for name in options]
    state.show_control(widgets.Control(METRIC, "Metrics", "several", shown, pick, known_by_name))
    strange = [name for name in named if name not in known]
    return _joined(strange or ([] if shown == [usual] else shown))


def _joined(names: Sequence[str]) -> str:
    return BETWEEN.join(quote(name, safe="/ _-.") for name in names)


def below(looking: Looking, concluded: Concluded) -> list[Card]:
    """Every card below the answer: the first metric large, further ones beside each other."""
    pictures = concluded.result.pictures
    reading = " ".join(
        [CURVES, *([SMOOTHED] if looking.params[SMOOTH] else []), *([BANDS] if looking.params[GROUP] else [])]
    )
    return sections.pictured(
        *(
            sections.picture(
                name,
                words.shortened(str(one["metric"]), 60),
                reading if place == 0 else "",
                looking,
                concluded,
                half=place > 0,
            )
            for place, (name, one) in enumerate(pictures.items())
        ),
        _runs(concluded),
        sections.newer(looking, concluded),
        sections.recognised(looking.dataset, concluded.result.warnings),
        sections.evidence(concluded),
    )


def _runs(concluded: Concluded) -> Card | None:
    """Each run as a row."""
    rows = concluded.result.items
    if len(rows) < 2:
        return None
    told = [
        [
            str(row["run"]),
            words.count(row["points"]),
            *(_short(row[name]) for name in ("first", "last", "change")),
            words.interval("change", row["low"], row["high"]),
        ]
        for row in rows
    ]
    table = cards.table("Runs", ["Run", "Points", "First", "Last", "Change", "Interval"], told, -1)
    return Card("runs", [cards.title("Runs"), cards.text("Means of the first and the last points."), table])


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}".replace("-", "−")


def screen_for(who: Who) -> Screen:
    """The screen for somebody: its controls ask which metrics they may choose among."""
    absent = "a metric at the steps of a run"
    return Screen("curves", "Training curves", DEFAULTS, partial(controls, who), below, absent, together=True)
