"""A page that answers with one analysis: which dataset, its answer, controls, cards. The same frame for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import streamlit as st

from engine import cohort
from engine.errors import NotEnoughData, NotFound, PlumblineError, StatePending
from engine.naming import apart
from engine.types import Concluded, DatasetView, Who
from pages.parts import ahead, arranging, cards, cohorts, location, reads, sections, shell, state, states
from pages.parts.answer import show_answer
from pages.parts.cards import Card
from pages.parts.looking import Looking

NOTHING = "nothing_to_calibrate"

Cards = Callable[[Looking, Concluded], Sequence[Card]]
Acts = Mapping[tuple[str, str], Callable[[Any], None]]


@dataclass(frozen=True, slots=True)
class Screen:
    """What is particular about the page of one analysis; its name is that of the page.

    `defaults` are its controls' values where nobody chose; `absent` says what a file has to hold for it.
    """

    analysis: str
    title: str
    defaults: Mapping[str, Any]
    controls: Callable[[DatasetView], dict[str, Any]]
    cards: Cards
    absent: str
    together: bool = False
    """Whether several datasets may be chosen, to be concluded as one."""

    acts: Acts = field(default_factory=dict)


def show(who: Who, screen: Screen) -> None:
    """The state that the dataset is in."""
    slug = shell.project(who).slug
    known = reads.datasets_of(who, slug)
    with st.container(horizontal=True, vertical_alignment="center", key="head"):
        st.title(screen.title, width="stretch")
        dataset = choose(known, screen.analysis) if known else None
    if not known:
        states.no_datasets(who, slug, screen.analysis, screen.absent)
    elif dataset is None:
        states.failed(NotFound("This dataset was removed, or it belongs to another project. Choose one above."))
    elif dataset.version:
        _show_read(who, screen, dataset)
    elif dataset.error:
        if states.refused(who, dataset):
            name_columns(dataset)
    elif dataset.run_id is not None:
        states.pending(dataset.run_id, who)


def _show_read(who: Who, screen: Screen, dataset: DatasetView) -> None:
    """What was read: its answer, or why there is none; who waited for an answer of any kind is led to it."""
    able = screen.analysis in (*dataset.analyses, *dataset.beside)
    if able:
        state.answered(dataset.id)
    elif state.awaited(dataset.id) and dataset.analyses:
        shell.open_dataset(who, dataset.id)
    if not able:
        _show_nothing(who, screen, dataset)
    elif dataset.verdict == NotEnoughData.code and dataset.analyses[:1] == (screen.analysis,):
        states.not_enough(dataset, dataset.sentence or "")
        sections.show_recognised(dataset)
    else:
        if dataset.error:
            states.stale(dataset)
        view(who, screen, dataset)


def _show_nothing(who: Who, screen: Screen, dataset: DatasetView) -> None:
    nothing = next((one for one in dataset.warnings if one.code == NOTHING), None)
    if screen.analysis == "calibration" and nothing is not None:
        chosen = states.nothing_to_calibrate(who, nothing, dataset.analyses)
    else:
        chosen = states.nothing_to_say(who, screen.title, screen.absent, dataset.analyses)
    if chosen == states.NAME:
        name_columns(dataset)
    elif chosen:
        shell.open_page(chosen, {"dataset": str(dataset.id)})
    sections.show_recognised(replace(dataset, warnings=[one for one in dataset.warnings if one is not nothing]))


def choose(known: list[DatasetView], analysis: str) -> DatasetView | None:
    """The dataset in the address, else the one that moved last among those with an answer of this kind."""
    by_id = {dataset.id: dataset for dataset in known}
    wanted = location.dataset()
    first = next((one for one in known if analysis in (*one.analyses, *one.beside)), known[0])
    current = by_id.get(wanted if wanted is not None else first.id)
    key = f"picked-{current.id if current else 0}"
    index = list(by_id).index(current.id) if current else None

    st.selectbox(
        "Dataset",
        list(by_id),
        index,
        key=key,
        on_change=lambda: state.take(key, location.set_dataset),
        format_func=lambda one: by_id[one].name,
        label_visibility="collapsed",
        width=440,
    )
    return current


def choose_beside(who: Who, dataset: DatasetView, analysis: str) -> tuple[DatasetView, ...]:
    """Further datasets to put beside this one, of those that can be; the picker puts them into the address."""
    known = reads.datasets_of(who, dataset.project)
    able = [one for one in known if one.id != dataset.id and analysis in (*one.analyses, *one.beside)]
    wanted = location.beside()
    unread = next((one for one in known if one.id in wanted and not one.version and one.run_id is not None), None)
    if unread is not None and unread.run_id is not None:
        states.pending(unread.run_id, who, f"Reading {unread.name}")
    others = {one.id: one for one in able}
    chosen = [one for one in wanted if one in others]
    key = f"beside-{dataset.id}-{location.joined(chosen)}"

    st.multiselect(
        "Beside",
        list(others),
        chosen,
        key=key,
        on_change=lambda: state.take(key, location.set_beside),
        format_func=_called_beside(dataset, able).__getitem__,
        placeholder="Other datasets of the same prompts",
        width=420,
    )
    return tuple(others[one] for one in chosen)


def _called_beside(dataset: DatasetView, others: list[DatasetView]) -> dict[int, str]:
    """What each of the others is called beside this one; by its whole name where two would be called alike."""
    short = [apart([dataset.name, one.name])[1] for one in others]
    names = short if len(set(short)) == len(short) else [one.name for one in others]
    return {one.id: name for one, name in zip(others, names, strict=True)}


def _answer(who: Who, looking: Looking) -> Concluded:
    dataset, params = looking.dataset, tuple(looking.params.items())
    if looking.beside:
        return reads.together(who, (dataset.id, *(one.id for one in looking.beside)), params, looking.analysis)
    return reads.conclusion(who, dataset.id, dataset.version, params, looking.analysis)


def conclude(who: Who, looking: Looking) -> Concluded | None:
    """The answer with these parameters; None where the page says why there is none."""
    try:
        return _answer(who, looking)
    except StatePending as pending:
        states.pending(pending.run_id, who, "Observing the data for this view")
    except NotEnoughData as error:
        states.not_enough(looking.dataset, error.message)
        sections.show_recognised(looking.dataset)
    except PlumblineError as error:
        states.failed(error)
    return None


@st.fragment
def view(who: Who, screen: Screen, dataset: DatasetView) -> None:
    """The answer with everything below it; a control runs this part alone."""
    answer_place = st.container()
    cohorts.offer(who, dataset)
    with st.container(horizontal=True, vertical_alignment="bottom", key="choices"):
        beside = choose_beside(who, dataset, screen.analysis) if screen.together else ()
        params = {**screen.controls(dataset), location.COHORT: location.cohort()}
        names = who.at_least("analyst", dataset.project)
        looking = Looking(screen.analysis, dataset, params, {**screen.defaults, location.COHORT: ""}, beside, names)
        tools_place = st.container(width="content")
    cohorts.say(who, dataset)
    concluded = conclude(who, looking)
    if concluded is None:
        return
    with answer_place:
        show_answer(looking, concluded)
    show_others(who, looking, concluded)
    with tools_place:
        sections.tools(who, looking, concluded)
    place = (who, dataset.project, screen.analysis)
    named = partial(cohorts.name_chosen, who, dataset)
    acts = {**screen.acts, ("", "look"): sections.look_at, ("", "name"): named, **arranging.act(*place)}
    if cards.show(screen.cards(looking, concluded), acts, arranging.layout(*place)) == ("newer", "refresh"):
        st.rerun()
    ahead.conclude_slices(who, looking)


def show_others(who: Who, looking: Looking, concluded: Concluded) -> None:
    """What the rows outside of the cohort say to the same question, and how far the numbers lie apart."""
    rest = cohort.others(str(looking.params[location.COHORT]))
    if not rest:
        return
    other = replace(looking, params={**looking.params, location.COHORT: rest})
    with st.container(key="others"):
        try:
            found = reads.contrast(who, looking.ids, tuple(looking.params.items()), looking.analysis)
        except StatePending as pending:
            states.pending(pending.run_id, who, "Observing the other rows")
        except PlumblineError as error:
            states.explain(f"The others: {error.message}")
        else:
            if show_answer(other, found.rest, f"The others: {cohort.spoken(rest)}", key="answer-others").open:
                location.set_cohort(rest)
                st.rerun()
            cohorts.show_contrast(looking, concluded, found)


def name_columns(dataset: DatasetView) -> None:
    """Go to where the columns of this dataset are named."""
    shell.open_page("columns", {"dataset": str(dataset.id)})
