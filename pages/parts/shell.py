"""What stands around every page: style, socket, palette, files dropped anywhere. Mounted by the router, once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import streamlit as st

from engine import registry
from engine.actions import views
from engine.errors import PlumblineError
from engine.types import PaletteEntry, ProjectView, Who
from pages.parts import reads, state, style
from pages.parts.component import encode, mount
from pages.parts.states import literal

FILES = {
    "home": "pages/home.py",
    "calibration": "pages/calibration.py",
    "datasets": "pages/datasets.py",
    "runs": "pages/runs.py",
    "settings": "pages/settings.py",
}
"""The pages by their name in an address."""


def mount_all(who: Who) -> None:
    """Draw the shell and do what was asked through it. Its parts have no place of their own on the page."""
    slug = _sidebar(who)
    with st.container(key="plumb-shell"):
        style.apply()
        bus = mount("bus", "plumb-bus", _bus(who), "resync")
        palette = mount("palette", "plumb-palette", _entries(who, slug, reads.cursor()), "run")
        files = mount("dropzone", "plumb-files", {"role": "listener", "project": target(who)}, "arrived")
    if bus.resync:
        st.toast("Back in touch: the page was read again.")
    if palette.run:
        _perform(who, slug, palette.run)
    if files.arrived:
        open_dataset(files.arrived["datasets"][-1], target(who))


def project(who: Who) -> ProjectView:
    """The project this tab shows."""
    return reads.project_of(who, state.project())


def target(who: Who) -> str:
    """Where files go that are dropped here: this project, but never the simulated one."""
    shown = project(who)
    real = [known.slug for known in reads.projects_of(who) if not known.simulated]
    return shown.slug if not shown.simulated or not real else real[0]


def _sidebar(who: Who) -> str:
    """The project, where there is a choice, and the foot; the slug of the project."""
    with st.sidebar:
        known = {project.slug: project.name for project in reads.projects_of(who)}
        if len(known) > 1:
            first = list(known).index(reads.project_of(who, "").slug)
            st.selectbox("Project", list(known), first, key=state.PROJECT, bind="query-params")
        mount("foot", "plumb-foot", {"name": who.name})
    return project(who).slug


def open_page(name: str, query: Mapping[str, str] | None = None) -> None:
    """Go to a page of the product."""
    st.switch_page(FILES.get(name, FILES["home"]), query_params=dict(query or {}))


def open_dataset(dataset_id: int, slug: str = "") -> None:
    """Go to the answer of a dataset, in another project where one is named."""
    open_page("calibration", {"dataset": str(dataset_id), **({state.PROJECT: slug} if slug else {})})


def save_view(who: Who, slug: str, name: str, page: str, query: str) -> None:
    """Keep a view under a name, and say so."""
    try:
        views.save(who, slug, name, page, query)
    except PlumblineError as error:
        st.toast(error.message)
    else:
        st.toast(f"Saved: {literal(name)}. The palette knows it now.")


def _bus(who: Who) -> bytes:
    chosen = reads.preferences_of(who)
    return encode(
        {
            "since": state.since(reads.cursor()),
            "theme": chosen.get("theme", "system"),
            "density": chosen.get("density", "comfortable"),
            "themes": style.themes(),
            "paths": ["/", *(f"/{name}" for name in FILES if name != "home")],
        }
    )


# ------------------------------------------------------------------ palette


@lru_cache(64)
def _entries(who: Who, slug: str, _as_of: int) -> bytes:
    return encode({"entries": [_entry(entry) for entry in reads.entries_of(who, slug)]})


def _entry(entry: PaletteEntry) -> dict[str, Any]:
    action = registry.ACTIONS.get(entry.target) if entry.run == "action" else None
    open_questions = [argument for argument in action.arguments if argument.required] if action else []
    questions = {
        argument.name: {"label": argument.title, "options": list(argument.choices) or None}
        for argument in open_questions
        if argument.name not in entry.arguments
    }
    told = {"id": entry.id, "title": entry.title, "section": entry.section, "run": entry.run, "target": entry.target}
    return {**told, "hint": entry.hint, "synonyms": entry.synonyms, "shortcut": entry.shortcut, "questions": questions}


def _perform(who: Who, slug: str, chosen: Mapping[str, Any]) -> None:
    """Do what was chosen in the palette; its arguments are looked up again, never taken from the browser."""
    entry = next((entry for entry in reads.entries_of(who, slug) if entry.id == chosen["id"]), None)
    if entry is None:
        st.toast("That is not there any more.")
    elif entry.run == "action":
        _act(who, entry, chosen.get("arguments") or {})
    else:
        page, _, query = entry.target.partition("?")
        open_page(page.strip("/"), dict(parse_qsl(query)))


def _act(who: Who, entry: PaletteEntry, answers: Mapping[str, Any]) -> None:
    try:
        registry.run(who, entry.target, {**answers, **entry.arguments})
    except PlumblineError as error:
        st.toast(error.message, icon=":material/error:")
    else:
        st.toast(f"Done: {entry.title}", icon=":material/check:")
        if entry.target == "session.close":
            st.stop()
