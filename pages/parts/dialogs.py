"""What is done with a dataset: rename, name its columns, remove and bring back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from engine.actions import datasets
from engine.errors import PlumblineError
from engine.types import DatasetView, Who
from pages.parts import shell, state
from pages.parts.states import explain, literal, worked

ROLES = {
    "comparison": [
        "score_a",
        "score_b",
        "margin",
        "label",
        "prompt",
        "prompt_text",
        "text_a",
        "text_b",
        "judge",
        "annotator",
        "slice",
    ],
    "score": ["value", "truth", "scale", "prompt", "item", "prompt_text", "text", "judge", "slice"],
}


def perform(who: Who, known: Mapping[int, DatasetView], asked: Any) -> None:
    """Do what was chosen in the list of datasets."""
    if asked.open:
        shell.open_dataset(who, int(asked.open["id"]))
    if asked.remove and (gone := known.get(int(asked.remove["id"]))):
        _remove(who, gone)
    wanted = state.asked() or _chosen(asked)
    if wanted and (dataset := known.get(wanted[1])):
        {"rename": rename, "mapping": mapping}[wanted[0]](who, dataset)


def _chosen(asked: Any) -> tuple[str, int] | None:
    for name in ("rename", "mapping"):
        if asked[name]:
            return name, int(asked[name]["id"])
    return None


def _remove(who: Who, dataset: DatasetView) -> None:
    try:
        datasets.remove(who, dataset.id)
    except PlumblineError as error:
        st.toast(literal(error.message))
        return
    state.remember_removed(dataset.id, dataset.name)
    st.rerun()


def bring_back(who: Who, dataset_id: int) -> None:
    """Undo a removal."""
    datasets.restore(who, dataset_id)
    state.forget_removed()


@st.dialog("Rename dataset")
def rename(who: Who, dataset: DatasetView) -> None:
    """Another name for a dataset."""
    with st.form("rename", border=False):
        name = st.text_input("Name", dataset.name, max_chars=180)
        if st.form_submit_button("Rename", type="primary") and worked(lambda: datasets.rename(who, dataset.id, name)):
            st.rerun()


@st.dialog("Columns", width="medium")
def mapping(who: Who, dataset: DatasetView) -> None:
    """Which column of the file holds what; the file is read again."""
    explain(
        "Name the columns of the file that were misread; leave the others empty. Several columns to slice by are "
        "parted by commas. The file is then read again."
    )
    roles = ROLES.get(dataset.kind or "", [*ROLES["comparison"][:5], *ROLES["score"][:3]])
    read_as = {role: source for source, role in dataset.columns.items()}
    with st.form("mapping", border=False):
        places = [place for _ in roles[::2] for place in st.columns(2)]
        named = {
            role: place.text_input(role.replace("_", " ").capitalize(), read_as.get(role, ""))
            for place, role in zip(places, roles, strict=False)
        }
        if st.form_submit_button("Read again", type="primary"):
            changed = {role: name.strip() for role, name in named.items() if name.strip()}
            if worked(lambda: datasets.set_mapping(who, dataset.id, changed)):
                shell.open_dataset(who, dataset.id)
