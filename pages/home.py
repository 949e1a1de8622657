"""The answer at a glance: the dataset that moved last, the others below it, and the place to drop a file."""

from datetime import timedelta

import streamlit as st

from engine.types import Concluded, DatasetView, Who
from pages.parts import glances, guard, reads, shell, state, states
from pages.parts.answer import show_answer, show_cards, show_chart, show_history
from pages.parts.looking import Looking

who = guard.enter()


MOVING = timedelta(seconds=60)
"""Files that grow and moved within so long of each other do not take turns in leading: the first of them leads."""


def answered(datasets: list[DatasetView]) -> list[DatasetView]:
    """Those that have an answer, the last moved first."""
    known = [dataset for dataset in datasets if dataset.verdict and dataset.version and dataset.analyses]
    if not known or not known[0].live:
        return known
    moving = [one for one in known if one.live and known[0].updated_at - one.updated_at <= MOVING]
    return sorted(moving, key=lambda one: one.id) + [one for one in known if one not in moving]


def lead(who: Who, dataset: DatasetView) -> None:
    """The first dataset in full: sentence, numbers, its picture, history."""
    looking = Looking(dataset.analyses[0], dataset)
    concluded = reads.conclusion(who, dataset.id, dataset.version, (), looking.analysis)
    glance = glances.of(looking.analysis)
    with st.container(key="card-lead-head"):
        if show_answer(looking, concluded, dataset.name).open:
            shell.open_dataset(who, dataset.id)
    versions = reads.history_of(who, dataset.id)
    if len(versions) < 2:
        with st.container(key="card-lead-diagram"):
            diagram(looking, concluded, glance)
        return
    left, right = st.columns([3, 2])
    with left, st.container(key="card-lead-diagram", height="stretch"):
        diagram(looking, concluded, glance)
    with right, st.container(key="card-lead-history", height="stretch"):
        st.header(f"{glance.headline} over time")
        show_history(who, dataset, height=390)
        states.explain(glance.meaning)


def diagram(looking: Looking, concluded: Concluded, glance: glances.Glance) -> None:
    """The picture of the first dataset."""
    st.header(glance.heading)
    states.explain(glance.reading)
    where = show_chart(glance.chart, looking, concluded, height=400)
    if where:
        shell.open_page(looking.analysis, {"dataset": str(looking.dataset.id), state.COHORT: where})


def others(who: Who, datasets: list[DatasetView]) -> None:
    """The answers of further datasets, small."""
    known = [(dataset, answer) for dataset in datasets if (answer := reads.answer_of(who, dataset.id)) is not None]
    chosen = show_cards(known).open if known else None
    if chosen:
        shell.open_dataset(who, int(chosen))


def page(who: Who) -> None:
    """The simulator while there is nothing else, then what people gave."""
    project = shell.project(who)
    datasets = reads.datasets_of(who, project.slug)
    ready = answered(datasets)
    st.title(glances.question(ready[0].analyses[0] if ready else ""))
    if project.simulated:
        states.banner("Simulated project at 60× speed: drop your file to replace it.")
    if ready:
        states.drop_zone(who, "zone-home")
        lead(who, ready[0])
        others(who, ready[1:7])
        states.watch(project.slug, ready)
        return
    waiting = next((dataset for dataset in datasets if dataset.run_id is not None and not dataset.error), None)
    if waiting is not None and waiting.run_id is not None:
        states.pending(waiting.run_id, who, f"Reading {waiting.name}")
        states.drop_zone(who, "zone-home")
    elif project.simulated:
        states.waiting_for_simulator(who, project.slug)
    else:
        states.no_datasets(who, project.slug)


page(who)
