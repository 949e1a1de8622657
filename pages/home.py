"""Home: where the project stands on the four decisions, and what is at hand."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from engine.actions import favourites
from engine.errors import PlumblineError
from engine.types import Concluded, DatasetView, Who
from pages.parts import arranging, cards, four, glances, guard, location, reads, shell, state, states
from pages.parts.answer import chart_data, history_data
from pages.parts.cards import Card
from pages.parts.looking import Looking

who = guard.enter()

PAGE = "home"
MOVING = timedelta(seconds=60)
"""Files that grow and moved within so long of each other do not take turns in leading: the first of them leads."""

TRIED = 5
"""Datasets that are asked for an answer to show, at most."""

LISTED = 8
_NOTHING_DECIDED = "What is decided on an answer stands here, with its evidence."
DECISIONS = 5


def answered(datasets: list[DatasetView]) -> list[DatasetView]:
    """Those that have an answer, the last moved first."""
    known = [dataset for dataset in datasets if dataset.verdict and dataset.version and dataset.analyses]
    if not known or not known[0].live:
        return known
    moving = [one for one in known if one.live and known[0].updated_at - one.updated_at <= MOVING]
    return sorted(moving, key=lambda one: one.id) + [one for one in known if one not in moving]


def decisions(who: Who, ready: Sequence[DatasetView]) -> list[Card]:
    """A card for each of the four."""
    return [
        Card(one.key, [cards.part("decision", f"decision-{one.key}", four.card(who, one, ready))], half=True)
        for one in four.DECISIONS
    ]


def leading(who: Who, ready: Sequence[DatasetView]) -> tuple[Looking, Concluded] | None:
    """The answer of the first dataset that has something to say: of some there is too little for one."""
    for dataset in ready[:TRIED]:
        answer = reads.answer_of(who, dataset.id)
        if answer is not None and not answer.estimates:  # known to have nothing to say: not concluded again
            continue
        looking = Looking(dataset.analyses[0], dataset)
        with suppress(PlumblineError):
            return looking, reads.conclusion(who, dataset.id, dataset.version, (), looking.analysis)
    return None


def pictures(who: Who, looking: Looking, concluded: Concluded) -> list[Card]:
    """The picture of the dataset that leads, and the course of its leading number."""
    dataset, glance = looking.dataset, glances.of(looking.analysis)
    drawn = chart_data(glance.chart, looking, concluded, height=380)
    course = history_data(who, dataset, height=380)
    found = []
    if drawn is not None:
        blocks = [cards.title(glance.heading), cards.text(glance.reading), cards.part("chart", "chart-lead", drawn)]
        found.append(Card("picture", blocks, half=course is not None))
    if course is not None:
        title = cards.title(f"{glance.headline} over time")
        blocks = [title, cards.text(glance.meaning), cards.part("chart", "chart-history", course)]
        found.append(Card("history", blocks, half=True))
    return found


def at_hand(who: Who, slug: str, datasets: Sequence[DatasetView]) -> list[Card]:
    """Datasets, favourites, what was looked at last, and the newest decisions."""
    kept = set(reads.favourites_of(who, slug))
    listed = [one for one in datasets if one.version][:LISTED]
    favourite = [one for one in datasets if one.id in kept]
    views = [
        {"title": one.name, "hint": "view", "page": one.page, "query": one.query} for one in reads.views_of(who, slug)
    ]
    return [
        _list("datasets", "Datasets", [_row(one, kept) for one in listed], "Nothing has been read yet.", half=False),
        _list(
            "favourites",
            "At hand",
            [*[_row(one, kept) for one in favourite], *views],
            "Datasets with a star and views that you saved stand here.",
        ),
        Card("recent", [cards.title("Looked at last"), cards.part("links", "links-recent", _recent(slug))], half=True),
        _list("journal", "Journal", _journal(who, slug), _NOTHING_DECIDED, half=False),
    ]


def _list(key: str, title: str, rows: Sequence[Mapping[str, Any]], empty: str, *, half: bool = True) -> Card:
    return Card(
        key, [cards.title(title), cards.part("links", f"links-{key}", {"rows": rows, "empty": empty})], half=half
    )


def _row(dataset: DatasetView, kept: set[int]) -> dict[str, Any]:
    page = dataset.analyses[0] if dataset.analyses and dataset.verdict else "datasets"
    return {
        "title": dataset.name,
        "hint": dataset.sentence or "Not answered yet",
        "verdict": dataset.verdict or "",
        "page": page if page in shell.FILES else "calibration",
        "query": urlencode({"dataset": dataset.id}),
        "dataset": dataset.id,
        "kept": dataset.id in kept,
    }


def _recent(slug: str) -> dict[str, Any]:
    return {"visits": slug, "empty": "Pages of datasets that you open stand here, in this browser."}


def _journal(who: Who, slug: str) -> list[dict[str, Any]]:
    found = reads.decisions_of(who, slug, DECISIONS, None)
    return [
        {
            "title": one.title,
            "hint": "withdrawn" if one.withdrawn_at else one.because,
            "page": "journal",
            "query": "",
            "at": one.at.isoformat(),
        }
        for one in found
    ]


def go(told: Any) -> None:
    """Follow a link of a card."""
    state.lead(str(told.get("page")), dict(parse_qsl(str(told.get("query") or ""))))


def keep(who: Who, told: Any) -> None:
    """Keep a dataset at hand, or let it go."""
    number = told.get("dataset")
    if isinstance(number, int):
        states.attempt(lambda: (favourites.add if told.get("keep") else favourites.remove)(who, number))


def look(dataset: DatasetView, told: Any) -> None:
    """Open the page of the dataset that leads with the marks that were chosen on its picture."""
    state.lead(dataset.analyses[0], {"dataset": str(dataset.id), location.COHORT: str(told or "")})


def page(who: Who) -> None:
    """The four decisions; before there is anything to say, how to begin."""
    project = shell.project(who)
    datasets = reads.datasets_of(who, project.slug)
    ready = answered(datasets)
    st.title("Home" if ready else glances.question(""))
    if project.simulated:
        states.banner("Simulated project at 60× speed: drop your file to replace it.")
    if ready:
        states.drop_zone(who, "zone-home")
        shown(who, project.slug, ready, datasets)
        return
    waiting = next((dataset for dataset in datasets if dataset.run_id is not None and not dataset.error), None)
    if waiting is not None and waiting.run_id is not None:
        states.pending(waiting.run_id, who, f"Reading {waiting.name}")
        states.drop_zone(who, "zone-home")
    elif project.simulated:
        states.waiting_for_simulator(who, project.slug)
    else:
        states.no_datasets(who, project.slug)


def shown(who: Who, slug: str, ready: list[DatasetView], datasets: list[DatasetView]) -> None:
    """The cards, arranged as this person wants them."""
    lead = leading(who, ready)
    drawn = pictures(who, *lead) if lead else []
    below = [*decisions(who, ready), *drawn, *at_hand(who, slug, datasets)]
    acts = {
        ("", "go"): go,
        ("", "keep"): lambda told: keep(who, told),
        ("chart-lead", "look"): lambda told: look(lead[0].dataset if lead else ready[0], told),
        **arranging.act(who, slug, PAGE),
    }
    cards.show(below, acts, arranging.layout(who, slug, PAGE))
    states.watch(slug, ready)


page(who)
