"""The answer at a glance: the dataset that moved last, the others below it, and the place to drop a file."""

import streamlit as st

from engine.types import Concluded, DatasetView, Who
from pages.parts import guard, reads, shell, state, states
from pages.parts.answer import show_answer, show_cards, show_chart, show_history

MEANING = (
    "Calibration error is how far, in probability, the model's confidence lies from how often it is right: 0 is "
    "honest, .10 is ten points of empty claim. The bracket holds the true value in 95 of 100 cases."
)

who = guard.enter()


def answered(datasets: list[DatasetView]) -> list[DatasetView]:
    """Those that have an answer, the last moved first."""
    return [dataset for dataset in datasets if dataset.verdict and dataset.version]


def lead(who: Who, dataset: DatasetView) -> None:
    """The first dataset in full: sentence, numbers, diagram, history."""
    params = dict(state.DEFAULTS)
    concluded = reads.conclusion(who, dataset.id, dataset.version, tuple(params.items()))
    with st.container(key="card-lead-head"):
        if show_answer(dataset, concluded, params, dataset.name).open:
            shell.open_dataset(dataset.id)
    versions = reads.history_of(who, dataset.id)
    if len(versions) < 2:
        with st.container(key="card-lead-diagram"):
            diagram(dataset, concluded)
        return
    left, right = st.columns([3, 2])
    with left, st.container(key="card-lead-diagram", height="stretch"):
        diagram(dataset, concluded)
    with right, st.container(key="card-lead-history", height="stretch"):
        st.header("Calibration error over time")
        show_history(who, dataset, height=390)
        states.explain(MEANING)


def diagram(dataset: DatasetView, concluded: Concluded) -> None:
    """The reliability diagram of the first dataset."""
    st.header("Reliability")
    states.explain(
        "On the dotted line, confidence is what it is worth. Below it, the model claims more than it delivers."
    )
    show_chart("reliability", dataset, concluded, dict(state.DEFAULTS), height=400)


def others(who: Who, datasets: list[DatasetView]) -> None:
    """The answers of further datasets, small."""
    known = [(dataset, answer) for dataset in datasets if (answer := reads.answer_of(who, dataset.id)) is not None]
    chosen = show_cards(known).open if known else None
    if chosen:
        shell.open_dataset(int(chosen))


def page(who: Who) -> None:
    """The simulator while there is nothing else, then what people gave."""
    project = shell.project(who)
    datasets = reads.datasets_of(who, project.slug)
    ready = answered(datasets)
    st.title("Can you trust the reward model?")
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
