"""What the address of a page says, so that a link carries it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from engine.words import whole

PROJECT = "project"
BINS = "bins"
SLICE = "slice"
RECALIBRATOR = "recalibrator"

DEFAULTS: dict[str, Any] = {BINS: 15, SLICE: "", RECALIBRATOR: "temperature"}
"""Parameters of the calibration view: each is a widget whose key is its name in the address, as is the project."""

COHORT = "where"
"""Which rows a view is of, as `engine.cohort` writes it."""

BESIDE = "beside"
"""Further datasets of a view, their numbers with dots between."""

SECTION = "section"
MEMBERS = "members"
BY = "by"
DID = "did"
WHERE = "where"
"""The People page: which part of it, the members of which project, and what of the audit."""

_DATASET = "dataset"
_RUN = "run"
_OVERLAYS = "overlays"
_CHANGED = "changed"
_EARLIER = "earlier"


def dataset() -> int | None:
    """The dataset in the address."""
    return whole(text(_DATASET))


def set_dataset(dataset_id: int) -> None:
    """Put a dataset into the address."""
    st.query_params[_DATASET] = str(dataset_id)


def leave_dataset() -> None:
    """Look at no dataset any more, nor at rows or lines of one."""
    for named in (_DATASET, BESIDE, SLICE, COHORT, _OVERLAYS, _EARLIER):
        st.query_params.pop(named, None)


def run() -> int | None:
    """The run in the address."""
    return whole(text(_RUN))


def beside() -> list[int]:
    """The further datasets in the address."""
    return _numbers(BESIDE)


def set_beside(dataset_ids: Sequence[int]) -> None:
    """Put further datasets into the address."""
    set_text(BESIDE, joined(dataset_ids))


def _numbers(name: str) -> list[int]:
    """The numbers that the address gives with dots between; what is none is left out."""
    found = map(whole, text(name).split("."))
    return [one for one in found if one is not None]


def joined(dataset_ids: Sequence[int]) -> str:
    """Numbers of datasets as an address names them."""
    return ".".join(map(str, dataset_ids))


def slice_of(known: Sequence[str]) -> str:
    """The slice that the address names; empty for all rows, and for one that these rows do not have."""
    named: str = st.query_params.get(SLICE, "")
    return named if named in known else ""


def set_slice(value: str) -> None:
    """Put a slice, `column=value`, into the address; nothing for all rows."""
    set_text(SLICE, value)


def cohort() -> str:
    """The cohort in the address, empty for all rows."""
    named: str = st.query_params.get(COHORT, "")
    return named


def set_cohort(where: str) -> None:
    """Put a cohort into the address, nothing for all rows."""
    set_text(COHORT, where)


def overlays() -> str | None:
    """The lines of the diagram that are switched on, as the address names them; None where it is as usual."""
    named: str | None = st.query_params.get(_OVERLAYS)
    return named


def set_overlays(named: str) -> None:
    """Put the lines that are switched on into the address; empty where it is as usual."""
    set_text(_OVERLAYS, named)


def earlier() -> list[int]:
    """Where the pages of a list begin that were leafed through: ids of its lines, the last one is shown."""
    return _numbers(_EARLIER)


def set_earlier(before: Sequence[int]) -> None:
    """Leaf through a list; empty for its newest page."""
    set_text(_EARLIER, joined(before))


def narrow(**chosen: str) -> None:
    """Narrow the audit to this and nothing else, from its newest page on."""
    for key in (WHERE, BY, DID, _EARLIER):
        st.query_params.pop(key, None)
    st.query_params.update(chosen)


def just_changed() -> str:
    """What a form outside of the pages has just changed, once: it says so in the address it comes back to."""
    changed: str = st.query_params.pop(_CHANGED, "")
    return changed


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


def way(name: str, known: Sequence[str]) -> str:
    """Which of a few ways the address names, the first where it names none of them."""
    named: str = st.query_params.get(name, known[0])
    return named if named in known else known[0]


def set_way(name: str, chosen: str, known: Sequence[str]) -> None:
    """Put one of a few ways into the address; the first needs no words."""
    if chosen == known[0]:
        st.query_params.pop(name, None)
    elif text(name) != chosen:  # each setting is told to the browser
        st.query_params[name] = chosen


def text(name: str) -> str:
    """What the address says under this name, empty where it says nothing."""
    named: str = st.query_params.get(name, "")
    return named


def set_text(name: str, value: str) -> None:
    """Put something into the address, nothing where it is empty."""
    set_way(name, value, ("",))


def query(dataset_id: int, params: Mapping[str, Any], defaults: Mapping[str, Any] = DEFAULTS) -> str:
    """The part of an address that names a view: the dataset and what is not default."""
    changed = {key: value for key, value in params.items() if value != defaults.get(key)}
    return urlencode({_DATASET: dataset_id, **changed})
