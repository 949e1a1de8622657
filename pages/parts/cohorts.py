"""Cohorts on a page: which rows the view is of, their names, and naming what was chosen on a figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from engine import cohort
from engine.actions import cohorts
from engine.errors import Conflict, PlumblineError
from engine.queries.contrast import Contrast
from engine.types import CohortView, Concluded, DatasetView, Who
from pages.parts import cards, location, numbers, reads, state, undo, widgets
from pages.parts.component import mount
from pages.parts.looking import Looking
from pages.parts.states import explain, worked

ALL = "All rows"
CONTRAST = "Compared with the others"
APART = "No prompt is in both, so that the interval of a difference follows from those of the two numbers."
TOGETHER = (
    "A difference has no interval here: some prompts may be in both, so that the two numbers do not move apart from "
    "each other."
)
_COHORT = "cohort "
"""Before the id of a cohort among the choices of rows; a slice has a = in it."""


def rows_control(dataset: DatasetView) -> str:
    """Which rows: all of them, those of one slice, or a cohort that has a name; the slice of the address."""
    slices = [f"{column}={value}" for column, values in dataset.slices.items() for value in values]
    named = {f"{_COHORT}{one.id}": one for one in state.offered_cohorts()}
    current = location.slice_of(slices)
    here = next((key for key, one in named.items() if one.where == location.cohort()), "")
    state.show_rows(current or here)
    widgets.taken(
        "Rows",
        ["", *slices, *named],
        lambda chosen: _take(chosen, named),
        key=location.SLICE,
        named=lambda key: named[key].name if key in named else key or ALL,
        width=260,
        disabled=not slices and not named,
    )
    return current


def _take(chosen: str, named: Mapping[str, CohortView]) -> None:
    """A cohort by its name stands for itself: its rows go into the address, and no slice beside them."""
    if chosen in named:
        location.set_slice("")
        location.set_cohort(named[chosen].where)
        return
    location.set_slice(chosen)
    if not chosen or any(one.where == location.cohort() for one in named.values()):
        location.set_cohort("")


def say(who: Who, dataset: DatasetView) -> None:
    """Which rows the view is of, where it is not all of them: their name or their words, and what can be done."""
    where = location.cohort()
    undo.show(who)
    _say_taken(who, dataset)
    if not where:
        return
    named = next((one for one in state.offered_cohorts() if one.where == where), None)
    with st.container(horizontal=True, vertical_alignment="center", key="cohort"):
        words = cohort.spoken(where)
        explain(f"{named.name}: only rows with {words}" if named else f"Only rows with {words}")
        if rest := cohort.others(where):
            st.button("The others", on_click=location.set_cohort, args=(rest,))
        if who.at_least("analyst", dataset.project):
            _changes(who, dataset, where, named)
        st.button(ALL, on_click=location.set_cohort, args=("",))


def _changes(who: Who, dataset: DatasetView, where: str, named: CohortView | None) -> None:
    if named is None:
        if st.button("Name…", key="cohort-name"):
            _name(who, dataset, where)
        return
    if st.button("Rename…", key="cohort-rename"):
        _rename(who, named)
    st.button("Delete", key="cohort-delete", on_click=_delete, args=(who, dataset.project, named))


@st.dialog("Name these rows")
def _name(who: Who, dataset: DatasetView, where: str) -> None:
    explain(f"Everybody in the project finds them by this name among the rows: {cohort.spoken(where)}.")
    with st.form("name-cohort", border=False):
        name = st.text_input("Name", max_chars=cohorts.LONGEST_NAME)
        if st.form_submit_button("Save", type="primary") and worked(
            lambda: cohorts.save(who, dataset.project, name, where)
        ):
            st.rerun()


@st.dialog("Rename cohort")
def _rename(who: Who, named: CohortView) -> None:
    with st.form("rename-cohort", border=False):
        name = st.text_input("Name", named.name, max_chars=cohorts.LONGEST_NAME)
        if st.form_submit_button("Rename", type="primary") and worked(lambda: _renamed(who, named, name)):
            st.rerun()


def _renamed(who: Who, named: CohortView, name: str) -> None:
    cohorts.rename(who, named.id, name)
    undo.offer(f"The cohort {named.name} was renamed.", "cohort.rename", cohort_id=named.id, name=named.name)


def _delete(who: Who, project: str, named: CohortView) -> None:
    try:
        cohorts.delete(who, named.id)
    except PlumblineError as error:
        undo.say(error.message, done=False)
        return
    said = f"The cohort {named.name} was deleted. This view of its rows stays."
    undo.offer(said, "cohort.save", project=project, name=named.name, where=named.where)


# ------------------------------------------------------------------ naming what was chosen on a figure


def name_chosen(who: Who, dataset: DatasetView, told: Any) -> None:
    """Call what was chosen on a figure by a name, within the rows that are looked at; before the rerun."""
    if not isinstance(told, Mapping):
        return
    within = location.cohort(), cohort.of_slice(location.text(location.SLICE)), str(told.get("where", ""))
    keep(who, dataset.project, str(told.get("name", "")), cohort.joined(*within))


def keep(who: Who, project: str, name: str, where: str, replace: str = "no") -> None:
    """Save a cohort and say so; where the name is taken, the page asks whether to replace it."""
    state.remember_taken(None)
    try:
        cohorts.save(who, project, name, where, replace)
    except Conflict as error:
        state.remember_taken((name, where, error.message))
    except PlumblineError as error:
        undo.say(error.message, done=False)
    else:
        undo.say(f"{name} is among the rows to choose from now.")


def _say_taken(who: Who, dataset: DatasetView) -> None:
    taken = state.taken()
    if taken is None:
        return
    name, where, said = taken
    with st.container(horizontal=True, vertical_alignment="center", key="cohort-taken"):
        explain(f"{said} You chose {cohort.spoken(where)}.")
        st.button("Replace them", on_click=keep, args=(who, dataset.project, name, where, "yes"))
        st.button("Leave it", on_click=state.remember_taken, args=(None,))


def show_contrast(looking: Looking, concluded: Concluded, found: Contrast) -> None:
    """The key numbers of both beside each other, with their differences."""
    ours, theirs = concluded.result.estimates, found.rest.result.estimates
    names = [one["name"] for one in numbers.named(looking.analysis, looking.dataset.kind, list(found.differences))]
    rows = [
        [numbers.label(name), *(numbers.said(name, one[name]) for one in (ours, theirs, found.differences))]
        for name in names
    ]
    if not rows:
        return
    reading = APART if found.apart else TOGETHER
    table = cards.table(CONTRAST, ["", "These rows", "The others", "These less the others"], rows, -1)
    given = [cards.Card("contrast", [cards.title(CONTRAST), cards.text(reading), table])]
    mount("cards", "contrast", {"cards": given})


def offer(who: Who, dataset: DatasetView) -> None:
    """Read which cohorts the control of rows offers for a dataset."""
    state.offer_cohorts(reads.cohorts_of(who, dataset.id))
