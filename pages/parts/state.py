"""Everything a page remembers: in the address where a link should carry it, else in the session."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import streamlit as st

BINS = "bins"
SLICE = "slice"
RECALIBRATOR = "recalibrator"
PROJECT = "project"
DEFAULTS: dict[str, Any] = {BINS: 15, SLICE: "", RECALIBRATOR: "temperature"}
"""Parameters of the calibration view: each is a widget whose key is its name in the address, as is the project."""

_DATASET = "dataset"
_OVERLAYS = "overlays"
_REMOVED = "removed"
_ASKED = "asked"
_SINCE = "since"
_CHOSEN = "chosen"


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


def since(newest: int) -> int:
    """The id of the newest event when this tab was opened."""
    known: int = st.session_state.setdefault(_SINCE, newest)
    return known


def dataset() -> int | None:
    """The dataset in the address."""
    named = st.query_params.get(_DATASET, "")
    return int(named) if named.isascii() and named.isdigit() else None


def set_dataset(dataset_id: int) -> None:
    """Put a dataset into the address."""
    st.query_params[_DATASET] = str(dataset_id)


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
    """The value of the widget or the trigger of the part with this key."""
    return st.session_state[key]


def set_slice(value: str) -> None:
    """Filter by `column=value` (empty for all rows); to be called before the filter is drawn."""
    st.session_state[SLICE] = value


def query(dataset_id: int, params: dict[str, Any]) -> str:
    """The part of an address that names a view: the dataset and what is not default."""
    changed = {key: value for key, value in params.items() if value != DEFAULTS.get(key)}
    return urlencode({_DATASET: dataset_id, **changed})


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


def ask(dialog: str, dataset_id: int) -> None:
    """Open a dialog about a dataset in this rerun."""
    st.session_state[_ASKED] = (dialog, dataset_id)


def asked() -> tuple[str, int] | None:
    """The dialog to open in this rerun, once."""
    found: tuple[str, int] | None = st.session_state.pop(_ASKED, None)
    return found
