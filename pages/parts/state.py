"""What a page remembers of its session. What a link should carry is in `location`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any

import streamlit as st

from engine.types import CohortView
from pages.parts import location

_DECIDING = "deciding"
_RECORDED = "recorded"
_SHARING = "sharing"
_EXPORTING = "exporting"
_ASKED = "asked"
_SAID = "said"
_REMOVED = "removed"
_UNDO = "undo-last"
_SINCE = "since"
_HERE = "here"
_AWAITED = "awaited"
_CHOSEN = "chosen"
_CONTROLS = "controls"
_OUTCOME = "outcome"
_TOLD = "outcomes"
_LED = "led"
_WAY = "way"
_STANDS = "stands"
_WAY_SECONDS = 10.0
"""How long a page that is being left is not shown again; a page that fails is not stood before for ever."""

_FOLLOWED = "followed"
MOST_FOLLOWED = 3
"""Reports whose progress is shown."""

_OFFERED = "cohorts-offered"
_TAKEN = "cohort-taken-name"


def project() -> str:
    """The slug of the chosen project, empty where none was chosen. The address counts; a change of page empties it."""
    chosen: str = st.query_params.get(location.PROJECT) or st.session_state.get(location.PROJECT, "")
    return chosen


def set_project(slug: str) -> None:
    """Choose a project; to be called in a callback, before the page runs."""
    st.session_state[location.PROJECT] = slug
    location.set_text(location.PROJECT, slug)


def show_project(slug: str, usual: str) -> None:
    """Keep the project that is shown, and have the address say it where it is not the usual one."""
    st.session_state[location.PROJECT] = slug
    location.set_way(location.PROJECT, slug, (usual,))


def choose(what: Any) -> None:
    """Keep what was chosen in the palette for the rerun that follows."""
    st.session_state[_CHOSEN] = what


def chosen() -> Any:
    """What was chosen in the palette, once."""
    return st.session_state.pop(_CHOSEN, None)


def lead(page: str, query: Mapping[str, str]) -> None:
    """Go to a page in the rerun that follows; its project is chosen now, before its widget is drawn."""
    if slug := query.get(location.PROJECT):
        set_project(slug)
    st.session_state[_LED] = (page, dict(query))


def led() -> tuple[str, dict[str, str]] | None:
    """The page to go to in this rerun, once."""
    found: tuple[str, dict[str, str]] | None = st.session_state.pop(_LED, None)
    return found


def forget_controls() -> None:
    """Before a page is run: nothing of the last one is to be set any more."""
    st.session_state[_CONTROLS] = {}


def show_control(control: Any) -> None:
    """Remember a control that the page has drawn, by its name."""
    st.session_state.setdefault(_CONTROLS, {})[control.name] = control


def controls() -> dict[str, Any]:
    """The controls that the page in front has drawn, by name."""
    found: dict[str, Any] = st.session_state.get(_CONTROLS, {})
    return found


def remember_outcome(outcome: Mapping[str, Any]) -> None:
    """Keep what became of what was asked for in the palette; numbered, for the browser hears only what is new."""
    st.session_state[_TOLD] = st.session_state.get(_TOLD, 0) + 1
    st.session_state[_OUTCOME] = {**outcome, "number": st.session_state[_TOLD]}


def outcome() -> Mapping[str, Any] | None:
    """What became of what was asked for last in the palette.

    It is told until the next one: what a run has said that was overtaken by another may never reach the browser.
    """
    found: Mapping[str, Any] | None = st.session_state.get(_OUTCOME)
    return found


def stand_on(here: str) -> None:
    """Note which page is being run."""
    st.session_state[_STANDS] = here


def set_out(to: str, query: Mapping[str, str]) -> None:
    """Remember the way from the page that is being run to another one until that has been shown."""
    st.session_state[_WAY] = (st.session_state.get(_STANDS), to, dict(query), monotonic() + _WAY_SECONDS, False)


def way_from(here: str) -> tuple[str, dict[str, str]] | None:
    """Where this page is being left for; None where nobody is on the way from here.

    What the browser asked for before it knew may come even after the other page was shown: it brings the query of that
    page along, which nobody who comes back on purpose does.
    """
    start, to, query, until, shown = st.session_state.get(_WAY, (None, "", {}, 0.0, False))
    brought = bool(query) and all(st.query_params.get(name) == value for name, value in query.items())
    if start != here or to == here or monotonic() > until or (shown and not brought):
        return None
    return to, query


def reached(here: str) -> None:
    """The page in front has been shown."""
    way = st.session_state.get(_WAY)
    if way is not None and way[1] == here:
        st.session_state[_WAY] = (*way[:4], True)


def keep_one_of(key: str, options: Sequence[str]) -> None:
    """Forget what a widget was set to where that is not to be chosen any more."""
    if st.session_state.get(key, options[0]) not in options:
        st.session_state[key] = options[0]


def choose_in(key: str, value: str | int) -> None:
    """Set a widget that the address knows; to be called in a callback, before it is drawn."""
    st.session_state[key] = value


def since(newest: int) -> int:
    """The id of the newest event when this tab was opened."""
    known: int = st.session_state.setdefault(_SINCE, newest)
    return known


def picked(key: str) -> Any:
    """The value of the widget with this key, which is on the page."""
    return st.session_state[key]


def take(key: str, taker: Callable[[Any], None]) -> None:
    """Hand on what was picked in a widget or told by a part; for callbacks.

    Nothing is handed on where it is gone by now: a browser still sends what belongs to a page that it is led away from.
    """
    if key in st.session_state:
        taker(st.session_state[key])


def show_rows(chosen: str) -> None:
    """What the control of rows shows; to be called before it is drawn."""
    st.session_state[location.SLICE] = chosen


def offer_cohorts(found: list[CohortView]) -> None:
    """Which cohorts the control of rows offers in this rerun."""
    st.session_state[_OFFERED] = found


def offered_cohorts() -> list[CohortView]:
    """The cohorts that the control of rows offers."""
    found: list[CohortView] = st.session_state.get(_OFFERED, [])
    return found


def remember_taken(what: tuple[str, str, str] | None) -> None:
    """Keep the name and the rows of a cohort that could not be saved, since others have the name, and what was said."""
    st.session_state[_TAKEN] = what


def taken() -> tuple[str, str, str] | None:
    """A cohort that could not be saved under its name and has not been dealt with."""
    found: tuple[str, str, str] | None = st.session_state.get(_TAKEN)
    return found


def await_answer(dataset_id: int) -> None:
    """Remember that the answer of a dataset is wanted, of whatever kind it will be."""
    st.session_state[_AWAITED] = dataset_id


def awaited(dataset_id: int) -> bool:
    """Whether the answer of this dataset is waited for, and was not shown yet."""
    return bool(st.session_state.get(_AWAITED) == dataset_id)


def answered(dataset_id: int) -> None:
    """The answer of this dataset is being shown: nobody has to be led to it any more.

    Not before: a rerun that the browser asked for while a page sent it to the next one brings it back to that page.
    """
    if awaited(dataset_id):
        del st.session_state[_AWAITED]


def remember_removed(dataset_id: int, name: str) -> None:
    """Keep what was removed last, so that it can be undone."""
    st.session_state[_REMOVED] = (dataset_id, name)


def removed() -> tuple[int, str] | None:
    """What was removed last and not yet brought back."""
    found: tuple[int, str] | None = st.session_state.get(_REMOVED)
    return found


def forget_removed() -> None:
    """Nothing is left to undo."""
    st.session_state.pop(_REMOVED, None)


def remember_undo(said: str, action: str, arguments: dict[str, Any]) -> None:
    """Keep what was done last, and the action that takes it back."""
    st.session_state[_UNDO] = (said, action, arguments)


def undo() -> tuple[str, str, dict[str, Any]] | None:
    """What was done last and can be taken back."""
    found: tuple[str, str, dict[str, Any]] | None = st.session_state.get(_UNDO)
    return found


def forget_undo() -> None:
    """Nothing is left to take back."""
    st.session_state.pop(_UNDO, None)


def remember_said(text: str, done: bool) -> None:
    """Keep what is to be said in passing, and whether it tells of something done."""
    st.session_state.setdefault(_SAID, []).append((text, done))


def said() -> list[tuple[str, bool]]:
    """What is to be said in passing, once."""
    found: list[tuple[str, bool]] = st.session_state.pop(_SAID, [])
    return found


def arrived_at(page: str) -> bool:
    """Whether this is the first rerun on a page after another one."""
    before, st.session_state[_HERE] = st.session_state.get(_HERE), page
    return bool(before != page)


def ask(dialog: str, dataset_id: int) -> None:
    """Open a dialog about a dataset, or a person, in this rerun."""
    st.session_state[_ASKED] = (dialog, dataset_id)


def asked() -> tuple[str, int] | None:
    """The dialog to open in this rerun, once."""
    found: tuple[str, int] | None = st.session_state.pop(_ASKED, None)
    return found


def ask_to_decide() -> None:
    """Have the next answer that is shown asked to be recorded as a decision."""
    st.session_state[_DECIDING] = True


def asked_to_decide() -> bool:
    """Whether the answer that is shown is to be recorded as a decision, once."""
    return bool(st.session_state.pop(_DECIDING, False))


def ask_to_share() -> None:
    """Have the next answer that is shown offered to be shared."""
    st.session_state[_SHARING] = True


def asked_to_share() -> bool:
    """Whether the answer that is shown is to be shared, once."""
    return bool(st.session_state.pop(_SHARING, False))


def remember_recorded(said: str) -> None:
    """Keep what is to be said of a decision that was just recorded."""
    st.session_state[_RECORDED] = said


def just_recorded() -> str:
    """What is to be said of a decision that was just recorded, once."""
    said: str = st.session_state.pop(_RECORDED, "")
    return said


def ask_to_export() -> None:
    """Have the next answer that is shown made into a PDF."""
    st.session_state[_EXPORTING] = True


def asked_to_export() -> bool:
    """Whether the answer that is shown is to be made into a PDF, once."""
    return bool(st.session_state.pop(_EXPORTING, False))


def follow_report(number: int) -> None:
    """Show how far a report is that was asked for, from its beginning on; the newest few."""
    followed: dict[int, int] = st.session_state.setdefault(_FOLLOWED, {})
    followed[number] = followed.pop(number, 0) + 1
    while len(followed) > MOST_FOLLOWED:
        del followed[next(iter(followed))]


def reports_followed() -> list[int]:
    """The reports that were asked for in this session, oldest first."""
    return list(st.session_state.get(_FOLLOWED, {}))


def report_attempt(number: int) -> int:
    """How often a report was asked for in this session."""
    return int(st.session_state.get(_FOLLOWED, {}).get(number, 0))


def forget_report(number: int) -> None:
    """Show a report no longer."""
    st.session_state.get(_FOLLOWED, {}).pop(number, None)
