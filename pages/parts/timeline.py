"""The timeline: any answer, step by step or day by day, played in the browser."""

from __future__ import annotations

from typing import Any

import streamlit as st

from engine.errors import NotEnoughData, NotFound, PlumblineError, StatePending
from engine.figures import charts
from engine.offered import PAGES
from engine.types import DatasetView, Who
from pages.parts import cards, cohorts, glances, location, reads, screen, sections, shell, states

TITLES = {name: title for name, title, *_ in PAGES}
MOST_LOOKED_AT = 20
"""Datasets, those changed last, among which the first with a step or a time is taken where none was chosen."""

WINDOWS = {
    "60": "60 equal windows",
    "0": "Each step or day",
    "24": "24 equal windows",
    "100": "100 equal windows",
    "200": "200 equal windows",
}
SPANS = {"0": "All rows until then", "1": "Its own window", "3": "The last 3 windows", "10": "The last 10 windows"}
BY = {"auto": "Steps, else time", "step": "Steps", "time": "Time"}
ABSENT = "a step or a time beside what it says"
READING = (
    "Space plays and pauses, the arrows go frame by frame, with Shift from change to change; Home, End and the digits "
    "jump, L loops, [ and ] change the speed. Lines across the small curve are changes of the verdict and new warnings."
)


def show(who: Who) -> None:
    """The state that the dataset is in."""
    slug = shell.project(who).slug
    known = reads.datasets_of(who, slug)
    with st.container(horizontal=True, vertical_alignment="center", key="head"):
        st.title("Timeline", width="stretch")
        dataset = screen.choose(_able_first(who, known), "timeline") if known else None
    if not known:
        states.no_datasets(who, slug, "timeline", ABSENT)
    elif dataset is None:
        states.failed(NotFound("This dataset was removed, or it belongs to another project. Choose one above."))
    elif dataset.version:
        _show_read(who, dataset)
    elif dataset.error:
        if states.refused(who, dataset):
            screen.name_columns(dataset)
    elif dataset.run_id is not None:
        states.pending(dataset.run_id, who)


def _able_first(who: Who, known: list[DatasetView]) -> list[DatasetView]:
    """The datasets, with one that has a timeline at the beginning."""
    found = next((one for one in known[:MOST_LOOKED_AT] if one.version and reads.timeline_shows(who, one.id)), None)
    return known if found is None else [found, *(one for one in known if one is not found)]


def _show_read(who: Who, dataset: DatasetView) -> None:
    able = reads.timeline_shows(who, dataset.id)
    if able:
        view(who, dataset, able)
        return
    chosen = states.nothing_to_say(who, "a timeline", ABSENT, dataset.analyses)
    if chosen == states.NAME:
        screen.name_columns(dataset)
    elif chosen:
        shell.open_page(chosen, {"dataset": str(dataset.id)})


@st.fragment
def view(who: Who, dataset: DatasetView, able: list[str]) -> None:
    """Controls, then the player, which asks for its frames itself."""
    states.explain("How did the answer come about, step by step or day by day?")
    cohorts.offer(who, dataset)
    with st.container(horizontal=True, vertical_alignment="bottom", key="choices"):
        of = sections.choice("Answer", "of", {name: TITLES.get(name, name) for name in able}, 190)
        pictures = _pictures(who, dataset, of)
        chart = sections.choice("Picture", "chart", pictures, 190) if pictures else ""
        asked: dict[str, Any] = {
            "of": of,
            "windows": sections.choice("Frames", "windows", WINDOWS, 190),
            "span": sections.choice("Each frame is of", "span", SPANS, 190),
            "by": sections.choice("Over", "by", BY, 160),
            location.SLICE: sections.rows_control(dataset),
            location.COHORT: location.cohort(),
        }
    cohorts.say(who, dataset)
    try:
        params = reads.timeline_ready(who, dataset.id, asked)
    except StatePending as pending:
        states.pending(pending.run_id, who, "Observing the data for this timeline")
    except NotEnoughData as error:
        states.not_enough(dataset, error.message)
    except PlumblineError as error:
        states.failed(error)
    else:
        query = location.query(dataset.id, {**params, **({"chart": chart} if chart else {})}, {})
        cards.show([cards.Card("timeline", [cards.part("timeline", "timeline", _given(dataset, query))])], {})
        states.explain(READING)


def _given(dataset: DatasetView, query: str) -> dict[str, Any]:
    return {
        "view": f"timeline/frames?{query}",
        "export": f"timeline.html?{query}",
        "dataset": dataset.id,
        "version": dataset.version,
        "since": dataset.event_id,
    }


def _pictures(who: Who, dataset: DatasetView, of: str) -> dict[str, str]:
    """The pictures that the answer on all rows has by name, the one that Home shows of it first."""
    try:
        found = charts(reads.conclusion(who, dataset.id, dataset.version, (), of).result)
    except PlumblineError:
        return {}
    first = glances.of(of).chart
    names = sorted(found, key=lambda name: name != first)
    return {name: found[name].title for name in names}
