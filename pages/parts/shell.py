"""What stands around every page: style, socket, palette, files dropped anywhere. Mounted by the router, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from copy import copy
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from engine import registry
from engine.actions import people, views
from engine.errors import PlumblineError
from engine.queries.views import default_view
from engine.types import PaletteEntry, Who
from pages.parts import reads, secrets, state, style, undo
from pages.parts.component import encode, mount
from pages.parts.places import project, target
from pages.parts.states import literal

__all__ = ["FILES", "mount_all", "open_dataset", "open_page", "page", "project", "save_view", "target"]

FILES = {
    "home": "pages/home.py",
    "calibration": "pages/calibration.py",
    "ranking": "pages/ranking.py",
    "compare": "pages/compare.py",
    "agreement": "pages/agreement.py",
    "judge": "pages/judge.py",
    "bestofn": "pages/bestofn.py",
    "audit": "pages/audit.py",
    "drift": "pages/drift.py",
    "curves": "pages/curves.py",
    "tradeoff": "pages/tradeoff.py",
    "whatif": "pages/whatif.py",
    "rollouts": "pages/rollouts.py",
    "overoptimisation": "pages/overoptimisation.py",
    "forecast": "pages/forecast.py",
    "monitor": "pages/monitor.py",
    "hackwatch": "pages/hackwatch.py",
    "timeline": "pages/timeline.py",
    "sweep": "pages/sweep.py",
    "surface": "pages/surface.py",
    "journal": "pages/journal.py",
    "datasets": "pages/datasets.py",
    "columns": "pages/columns.py",
    "runs": "pages/runs.py",
    "people": "pages/people.py",
    "monitoring": "pages/monitoring.py",
    "settings": "pages/settings.py",
}
"""The pages by their name in an address."""

ANALYSES = frozenset(FILES) - {
    "home",
    "timeline",
    "journal",
    "datasets",
    "columns",
    "runs",
    "people",
    "monitoring",
    "settings",
}
"""Those that answer with an analysis of their name."""

_PALETTE = "plumb-palette"
_TRIED = 50
"""Datasets that are looked through for one that a cohort fits."""
_KNOWN_HERE = frozenset({"page", "query"})
"""Arguments of an action that the page itself answers."""

_UNDOES = ANALYSES | {"timeline", "people"}
"""Pages that say themselves what was done last and can be taken back."""

_TAKEN_BACK = frozenset({"view.delete", "cohort.delete"})

_ASKED_ON_A_PAGE = frozenset({"decision.record"})
"""Actions whose questions a page asks, beside the answer that they are about."""


def page(name: str, title: str, icon: str, *, listed: bool = True) -> StreamlitPage:
    """A page of the product; the first in an address without a name is home. One not listed is reached by links."""
    return copy(_page(name, title, icon, listed))  # a rerun marks the one that it runs


@lru_cache
def _page(name: str, title: str, icon: str, listed: bool) -> StreamlitPage:
    seen: Literal["visible", "hidden"] = "visible" if listed else "hidden"
    return st.Page(FILES[name], title=title, icon=f":material/{icon}:", default=name == "home", visibility=seen)


def mount_all(who: Who) -> None:
    """Draw the shell and do what was asked through it. Its parts have no place of their own on the page."""
    chosen = state.chosen()
    if chosen:
        _perform(who, *chosen)
    slug = _sidebar(who)
    here = _page_here()
    if state.arrived_at(here):
        _open_default(who, slug, here)
    if here not in _UNDOES:
        undo.show(who)
    with st.container(key="plumb-shell"):
        style.apply()
        bus = mount("bus", "plumb-bus", _bus(who), "resync")
        arrived = _reach(who, slug)
    if bus.resync:
        st.toast("Back in touch: the page was read again.")
    if arrived:
        _open_arrived(who, arrived["datasets"])


def _reach(who: Who, slug: str) -> Any:
    """The palette, and files dropped anywhere: one part, since each costs every rerun; what arrived since the last."""
    goal = target(who) if slug else ""
    entries = _entries(who, slug, goal, reads.cursor())
    return mount(
        "palette",
        _PALETTE,
        entries,
        run=lambda: state.take(_PALETTE, lambda fired: _choose(who, slug, fired)),
        arrived=lambda: state.set_project(goal),
    ).arrived


def _sidebar(who: Who) -> str:
    """The project, where there is a choice, and the foot; the slug of the project, empty where there is none."""
    _follow_link(who)
    with st.sidebar:
        known = {project.slug: project.name for project in reads.projects_of(who)}
        if len(known) > 1:
            first = list(known).index(reads.project_of(who, "").slug)
            st.selectbox("Project", list(known), first, key=state.PROJECT, bind="query-params")
        mount("foot", "plumb-foot", {"name": who.name})
    return project(who).slug if known else ""


def _follow_link(who: Who) -> None:
    """A link to a dataset that was opened in a new tab brings its project along."""
    linked = state.dataset()
    if linked is not None and not state.project():
        with suppress(PlumblineError):
            state.set_project(reads.dataset_of(who, linked).project)


def open_page(name: str, query: Mapping[str, str] | None = None) -> None:
    """Go to a page of the product."""
    kept = {key: value for key, value in (query or {}).items() if key != state.PROJECT}
    st.switch_page(FILES.get(name, FILES["home"]), query_params=kept)


def open_dataset(who: Who, dataset_id: int) -> None:
    """Go to the answer of a dataset: to the page of the analysis that leads, as soon as that is known."""
    analyses: tuple[str, ...] = ()
    with suppress(PlumblineError):
        analyses = reads.dataset_of(who, dataset_id).analyses
    if not analyses:
        state.await_answer(dataset_id)
    page = next((analysis for analysis in analyses if analysis in FILES), "calibration")
    open_page(page, {"dataset": str(dataset_id)})


def _open_arrived(who: Who, ids: Sequence[int]) -> None:
    """Go to what was dropped: the answer of one file, of several the comparison, as far as they can be compared."""
    if len(ids) == 1:
        open_dataset(who, ids[0])
    state.await_answer(ids[0])
    open_page("compare", {"dataset": str(ids[0]), state.BESIDE: state.joined(ids[1:])})


def save_view(who: Who, slug: str, name: str, page: str, query: str, *, opens: bool = False) -> None:
    """Keep a view under a name, where asked for as the one that its page opens with, and say so."""
    try:
        number = views.save(who, slug, name, page, query)
        if opens:
            people.set_preference(who, default_view(page), str(number))
    except PlumblineError as error:
        st.toast(literal(error.message))
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
def _entries(who: Who, slug: str, goal: str, _as_of: int) -> bytes:
    return encode({"entries": [_entry(entry) for entry in reads.entries_of(who, slug)], "project": goal})


def _entry(entry: PaletteEntry) -> dict[str, Any]:
    asks = {}
    if entry.run == "action" and entry.target not in _ASKED_ON_A_PAGE:
        asks = _questions(entry.target, frozenset(entry.arguments))
    told = {"id": entry.id, "title": entry.title, "section": entry.section, "run": entry.run, "target": entry.target}
    return {**told, "hint": entry.hint, "synonyms": entry.synonyms, "shortcut": entry.shortcut, "questions": asks}


@lru_cache
def _questions(name: str, answered: frozenset[str]) -> dict[str, Any]:
    """What the palette asks before an action of this name, given the arguments that are known."""
    return {
        argument.name: {"label": argument.title, "options": list(argument.choices) or None}
        for argument in registry.ACTIONS[name].arguments
        if argument.required and argument.name not in answered | _KNOWN_HERE and argument.type != "pairs"
    }


def _choose(who: Who, slug: str, fired: Mapping[str, Any]) -> None:
    """Before the rerun: find what was chosen; its target and arguments are ours, never taken from the browser.

    A link into another project or section chooses it here, while its widget may still be set.
    """
    told = fired.get("run") or {}
    entry = next((entry for entry in reads.entries_of(who, slug) if entry.id == told.get("id")), None)
    asked = _query(entry) if entry is not None and entry.run == "link" else {}
    if other := asked.get(state.PROJECT):
        state.set_project(other)
    if section := asked.get(state.SECTION):
        state.choose_in(state.SECTION, section)
    if entry is not None and entry.target == "person.disable":
        state.choose_in(state.SECTION, "People")
    state.choose((entry, told.get("arguments") or {}))


def _query(entry: PaletteEntry) -> dict[str, str]:
    return dict(parse_qsl(entry.target.partition("?")[2]))


def _perform(who: Who, entry: PaletteEntry | None, answers: Mapping[str, Any]) -> None:
    if entry is None:
        st.toast("That is not there any more.")
    elif entry.target == "dataset.set_mapping":
        open_page("columns", {"dataset": str(entry.arguments["dataset_id"])})
    elif entry.target == "decision.record":
        _decide(who, entry.arguments["project"])
    elif entry.target == "person.disable":
        state.ask("disable", entry.arguments["user_id"])
        open_page("people")
    elif entry.run == "action":
        _act(who, entry, answers)
    elif entry.target.startswith("?"):
        _look_at(who, _query(entry)[state.COHORT])
    elif (page := entry.target.partition("?")[0].strip("/")) != _page_here() or state.SECTION not in _query(entry):
        open_page(page, _query(entry))


def _decide(who: Who, slug: str) -> None:
    """Decide on the answer in front, else on that of the dataset that moved last."""
    first = next((dataset for dataset in reads.datasets_of(who, slug) if dataset.analyses), None)
    if first is None:
        st.toast("There is no answer to decide on yet.")
        return
    state.ask_to_decide()
    if _page_here() not in ANALYSES:
        open_dataset(who, first.id)


def _look_at(who: Who, where: str) -> None:
    """Look at a cohort alone, on the answer in front where there is one, else on that of the newest dataset it fits."""
    if _page_here() in (*ANALYSES, "timeline"):
        state.set_cohort(where)
        return
    slug = project(who).slug
    for dataset in reads.datasets_of(who, slug)[:_TRIED]:
        if dataset.analyses and any(one.where == where for one in reads.cohorts_of(who, dataset.id)):
            open_page(dataset.analyses[0], {"dataset": str(dataset.id), state.COHORT: where})
    st.toast("No dataset of this project has the columns that these rows are told by.")


def _open_default(who: Who, slug: str, page: str) -> None:
    """Open a page that was come to without saying what to look at with the view that somebody wants there."""
    wanted = reads.preferences_of(who).get(default_view(page), "")
    if not wanted or not slug or set(st.query_params) - {state.PROJECT}:
        return
    view = next((one for one in reads.views_of(who, slug) if str(one.id) == wanted and one.page == page), None)
    if view is not None and view.query:
        open_page(page, dict(parse_qsl(view.query)))


def _way_back(who: Who, entry: PaletteEntry) -> tuple[str, str, dict[str, Any]] | None:
    """What is said of something that was deleted, and the action that brings it back."""
    slug = project(who).slug
    if entry.target == "view.delete":
        for view in reads.views_of(who, slug):
            if view.id == entry.arguments["view_id"]:
                again = {"project": slug, "name": view.name, "page": view.page, "query": view.query}
                return f"The view {view.name} was deleted.", "view.save", again
    if entry.target == "cohort.delete":
        for one in reads.cohorts_named(who, slug):
            if one.id == entry.arguments["cohort_id"]:
                again = {"project": slug, "name": one.name, "where": one.where}
                return f"The cohort {one.name} was deleted.", "cohort.save", again
    return None


def _act(who: Who, entry: PaletteEntry, answers: Mapping[str, Any]) -> None:
    here = {"page": _page_here(), "query": urlencode(st.query_params.to_dict())} if entry.target == "view.save" else {}
    back = _way_back(who, entry) if entry.target in _TAKEN_BACK else None
    try:
        made = registry.run(who, entry.target, {**answers, **here, **entry.arguments})
    except PlumblineError as error:
        st.toast(literal(error.message), icon=":material/error:")
    else:
        st.toast(f"Done: {literal(entry.title.rstrip('…'))}", icon=":material/check:")
        if back is not None:
            undo.offer(back[0], back[1], **back[2])
        if entry.target in secrets.SHOWN_ONCE:
            secrets.SHOWN_ONCE[entry.target](made)
        if entry.target == "session.close":
            st.stop()


def _page_here() -> str:
    name = urlsplit(st.context.url or "").path.strip("/")
    return name if name in FILES else "home"
