"""Is this reward model or judge calibrated, where not, and what repairs it?"""

from dataclasses import replace
from typing import Any

import streamlit as st

from engine.errors import NotEnoughData, NotFound, PlumblineError, StatePending
from engine.types import Concluded, DatasetView, Who
from pages.parts import ahead, guard, reads, sections, shell, state, states
from pages.parts.answer import show_answer

who = guard.enter()
NOTHING = "nothing_to_calibrate"


def choose(known: list[DatasetView]) -> DatasetView | None:
    """The dataset in the address, else the one that moved last; the picker puts another into the address."""
    by_id = {dataset.id: dataset for dataset in known}
    wanted = state.dataset()
    current = by_id.get(wanted if wanted is not None else known[0].id)
    key = f"picked-{current.id if current else 0}"
    index = list(by_id).index(current.id) if current else None

    def show() -> None:
        state.set_dataset(state.picked(key))

    st.selectbox(
        "Dataset",
        list(by_id),
        index,
        key=key,
        on_change=show,
        format_func=lambda one: by_id[one].name,
        label_visibility="collapsed",
        width=440,
    )
    return current


def conclude(who: Who, dataset: DatasetView, params: dict[str, Any]) -> Concluded | None:
    """The answer with these parameters; None where the page says why there is none."""
    try:
        return reads.conclusion(who, dataset.id, dataset.version, tuple(params.items()))
    except StatePending as pending:
        states.pending(pending.run_id, who, "Observing the data for this view")
    except NotEnoughData as error:
        states.not_enough(dataset, error.message)
    except PlumblineError as error:
        states.failed(error)
    return None


@st.fragment
def view(who: Who, dataset: DatasetView) -> None:
    """The answer with everything below it; a control runs this part alone."""
    answer_place = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        params = sections.controls(dataset)
        tools_place = st.container(width="content")
    concluded = conclude(who, dataset, params)
    if concluded is None:
        return
    with answer_place:
        show_answer(dataset, concluded, params)
    with tools_place:
        sections.tools(who, dataset, concluded, params)
    sections.show(dataset, concluded, params)
    ahead.conclude_slices(who, dataset, params)


def name_columns(dataset: DatasetView) -> None:
    """Go to where the columns of this dataset are named."""
    state.ask("mapping", dataset.id)
    shell.open_page("datasets")


def page(who: Who) -> None:
    """The state that the dataset is in."""
    known = reads.datasets_of(who, shell.project(who).slug)
    with st.container(horizontal=True, vertical_alignment="center", key="head"):
        st.title("Calibration", width="stretch")
        dataset = choose(known) if known else None
    if not known:
        states.no_datasets(who, shell.project(who).slug)
    elif dataset is None:
        states.failed(NotFound("This dataset was removed, or it belongs to another project. Choose one above."))
    elif dataset.verdict == NotEnoughData.code:
        states.not_enough(dataset, dataset.sentence or "")
        sections.show_recognised(dataset)
    elif (nothing := next((one for one in dataset.warnings if one.code == NOTHING), None)) is not None:
        if states.nothing_to_calibrate(who, nothing):
            name_columns(dataset)
        sections.show_recognised(replace(dataset, warnings=[one for one in dataset.warnings if one is not nothing]))
    elif dataset.version:
        if dataset.error:
            states.stale(dataset)
        view(who, dataset)
    elif dataset.error:
        if states.refused(who, dataset):
            name_columns(dataset)
    elif dataset.run_id is not None:
        states.pending(dataset.run_id, who)


page(who)
