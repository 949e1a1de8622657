"""Everything a page remembers: in the address where a link should carry it, else in the session."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import streamlit as st

BINS = "bins"
SLICE = "slice"
RECALIBRATOR = "recalibrator"
PROJECT = "project"
SECTION = "section"
MEMBERS = "members"
BY = "by"
DID = "did"
WHERE = "where"
_TRAIL = "before"
"""The People page: which part of it, the members of which project, and what of the audit."""

DEFAULTS: dict[str, Any] = {BINS: 15, SLICE: "", RECALIBRATOR: "temperature"}
"""Parameters of the calibration view: each is a widget whose key is its name in the address, as is the project."""

_DATASET = "dataset"
COHORT = "where"
"""Which rows a view is of, as `engine.cohort` writes it."""

BESIDE = "beside"
"""Further datasets of a view, their numbers with dots between."""

_RUN = "run"
_OVERLAYS = "overlays"
_REMOVED = "removed"
_ASKED = "asked"
_UNDO = "undo-last"
_CHANGED = "changed"
_SINCE = "since"
_AWAITED = "awaited"
_CHOSEN = "chosen"
_CONTROLS = "controls"
_OUTCOME = "outcome"
_TOLD = "outcomes"
_DECIDING = "deciding"
_RECORDED = "recorded"
_EARLIER = "earlier"


def project() -> str:
    """The slug of the chosen project, empty where none was chosen."""
    chosen: str = st.session_state.get(PROJECT) or st.query_params.get(PROJECT, "")
    return chosen


def set_project(slug: str) -> None:
    """Choose a project; to be called in a callback, before its widget is drawn."""
    st.session_state[PROJECT] = slug


def choose(what: Any) -> None:
    """Keep what was chosen in the palette for the rerun that follows."""
    st.session_state[_CHOSEN] = what


def chosen() -> Any:
    """What was chosen in the palette, once."""
    return st.session_state.pop(_CHOSEN, None)


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


def keep_one_of(key: str, options: Sequence[str]) -> None:
    """Forget what a widget was set to where that is not to be chosen any more."""
    if st.session_state.get(key, options[0]) not in options:
        st.session_state[key] = options[0]


def narrowed(key: str, options: Sequence[str]) -> str:
    """The key of a widget that shows what the audit is narrowed to: what the address says, else the first option."""
    wanted = st.query_params.get(key, options[0])
    st.session_state[_widget(key)] = wanted if wanted in options else options[0]
    return _widget(key)


def narrow(**chosen: str) -> None:
    """Narrow the audit to this and nothing else, from its newest page on."""
    for key in (WHERE, BY, DID, _TRAIL):
        st.query_params.pop(key, None)
    st.query_params.update(chosen)


def take_narrowing(key: str, everything: str) -> None:
    """Put into the address what was just chosen to narrow the audit by."""

    def narrowed(chosen: str) -> None:
        st.query_params.pop(_TRAIL, None)
        if chosen == everything:
            st.query_params.pop(key, None)
        else:
            st.query_params[key] = chosen

    take(_widget(key), narrowed)


def _widget(key: str) -> str:
    return f"audit-{key}"


def trail() -> list[int]:
    """Where the pages of the audit begin that were leafed through: ids of lines, the last one is shown."""
    return [int(one) for one in st.query_params.get(_TRAIL, "").split(".") if one.isascii() and one.isdigit()]


def set_trail(before: Sequence[int]) -> None:
    """Leaf through the audit; empty for its newest page."""
    if before:
        st.query_params[_TRAIL] = ".".join(str(one) for one in before)
    else:
        st.query_params.pop(_TRAIL, None)


def just_changed() -> str:
    """What a form outside of the pages has just changed, once: it says so in the address it comes back to."""
    changed: str = st.query_params.pop(_CHANGED, "")
    return changed


def choose_in(key: str, value: str | int) -> None:
    """Set a widget that the address knows; to be called in a callback, before it is drawn."""
    st.session_state[key] = value


def since(newest: int) -> int:
    """The id of the newest event when this tab was opened."""
    known: int = st.session_state.setdefault(_SINCE, newest)
    return known


def dataset() -> int | None:
    """The dataset in the address."""
    named = st.query_params.get(_DATASET, "")
    return int(named) if named.isascii() and named.isdigit() else None


def run() -> int | None:
    """The run in the address."""
    named = st.query_params.get(_RUN, "")
    return int(named) if named.isascii() and named.isdigit() else None


def beside() -> list[int]:
    """The further datasets in the address."""
    named = st.query_params.get(BESIDE, "").split(".")
    return [int(one) for one in named if one.isascii() and one.isdigit()]


def set_beside(dataset_ids: Sequence[int]) -> None:
    """Put further datasets into the address."""
    if dataset_ids:
        st.query_params[BESIDE] = joined(dataset_ids)
    else:
        st.query_params.pop(BESIDE, None)


def joined(dataset_ids: Sequence[int]) -> str:
    """Numbers of datasets as an address names them."""
    return ".".join(map(str, dataset_ids))


def set_dataset(dataset_id: int) -> None:
    """Put a dataset into the address."""
    st.query_params[_DATASET] = str(dataset_id)


def way(name: str, known: Sequence[str]) -> str:
    """Which of a few ways the address names, the first where it names none of them."""
    named: str = st.query_params.get(name, known[0])
    return named if named in known else known[0]


def set_way(name: str, chosen: str, known: Sequence[str]) -> None:
    """Put one of a few ways into the address; the first needs no words."""
    if chosen == known[0]:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = chosen


def overlays() -> str | None:
    """The lines of the diagram that are switched on, as the address names them; None where it is as usual."""
    named: str | None = st.query_params.get(_OVERLAYS)
    return named


def set_overlays(named: str) -> None:
    """Put the lines that are switched on into the address; empty where it is as usual."""
    if named:
        st.query_params[_OVERLAYS] = named
    else:
        st.query_params.pop(_OVERLAYS, None)


def picked(key: str) -> Any:
    """The value of the widget with this key, which is on the page."""
    return st.session_state[key]


def take(key: str, taker: Callable[[Any], None]) -> None:
    """Hand on what was picked in a widget or told by a part; for callbacks.

    Nothing is handed on where it is gone by now: a browser still sends what belongs to a page that it is led away from.
    """
    if key in st.session_state:
        taker(st.session_state[key])


def set_slice(value: str) -> None:
    """Filter by `column=value` (empty for all rows); to be called before the filter is drawn."""
    st.session_state[SLICE] = value


def cohort() -> str:
    """The cohort in the address, empty for all rows."""
    named: str = st.query_params.get(COHORT, "")
    return named


def set_cohort(where: str) -> None:
    """Put a cohort into the address, nothing for all rows."""
    if where:
        st.query_params[COHORT] = where
    else:
        st.query_params.pop(COHORT, None)


def named(names: Sequence[str]) -> dict[str, str]:
    """What the address says of these names, as far as it does."""
    return {name: st.query_params[name] for name in names if name in st.query_params}


def name(names: Sequence[str], told: Mapping[str, str]) -> None:
    """Put what is told of these names into the address, and leave out the others of them."""
    for one in names:
        if told.get(one):
            st.query_params[one] = told[one]
        else:
            st.query_params.pop(one, None)


def query(dataset_id: int, params: Mapping[str, Any], defaults: Mapping[str, Any] = DEFAULTS) -> str:
    """The part of an address that names a view: the dataset and what is not default."""
    changed = {key: value for key, value in params.items() if value != defaults.get(key)}
    return urlencode({_DATASET: dataset_id, **changed})


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


def remember_recorded(said: str) -> None:
    """Keep what is to be said of a decision that was just recorded."""
    st.session_state[_RECORDED] = said


def just_recorded() -> str:
    """What is to be said of a decision that was just recorded, once."""
    said: str = st.session_state.pop(_RECORDED, "")
    return said


def earlier() -> list[int]:
    """Where the pages of the journal begin that were leafed through: ids of decisions, the last one is shown."""
    return [int(one) for one in st.query_params.get(_EARLIER, "").split(".") if one.isascii() and one.isdigit()]


def set_earlier(before: Sequence[int]) -> None:
    """Leaf through the journal; empty for its newest page."""
    if before:
        st.query_params[_EARLIER] = joined(before)
    else:
        st.query_params.pop(_EARLIER, None)


def text(name: str) -> str:
    """What the address says under this name, empty where it says nothing."""
    named: str = st.query_params.get(name, "")
    return named


def set_text(name: str, value: str) -> None:
    """Put something into the address, nothing where it is empty."""
    set_way(name, value, ("",))
