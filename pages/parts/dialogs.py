"""What is done with a dataset: rename, remove and bring back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from engine.actions import datasets
from engine.errors import PlumblineError
from engine.types import DatasetView, Who
from pages.parts import shell, state
from pages.parts.states import literal, worked


def perform(who: Who, known: Mapping[int, DatasetView], asked: Any) -> None:
    """Do what was chosen in the list of datasets."""
    if asked.open:
        shell.open_dataset(who, int(asked.open["id"]))
    if asked.remove and (gone := known.get(int(asked.remove["id"]))):
        _remove(who, gone)
    if asked.mapping:
        shell.open_page("columns", {"dataset": str(asked.mapping["id"])})
    if asked.rename and (dataset := known.get(int(asked.rename["id"]))):
        rename(who, dataset)


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
