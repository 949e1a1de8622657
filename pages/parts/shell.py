"""What stands around every page: style, socket, palette, files dropped anywhere. Mounted by the router, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from copy import copy
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import parse_qsl

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from engine.actions import people, views
from engine.errors import PlumblineError
from engine.queries.views import default_view
from engine.types import Who
from pages.parts import commands, header, location, reads, state, style, undo
from pages.parts.component import mount
from pages.parts.places import belongs, called, project, target
from pages.parts.states import literal
from pages.parts.ways import ANALYSES, FILES, go_on, open_dataset, open_page, page_here

__all__ = ["ANALYSES", "FILES", "mount_all", "open_dataset", "open_page", "page", "project", "save_view", "target"]

_PALETTE = "plumb-palette"
_UNDOES = ANALYSES | {"timeline", "people"}
"""Pages that say themselves what was done last and can be taken back."""


def page(name: str, title: str, icon: str, *, listed: bool = True) -> StreamlitPage:
    """A page of the product; the first in an address without a name is home. One not listed is reached by links."""
    return copy(_page(name, title, icon, listed))  # a rerun marks the one that it runs


@lru_cache
def _page(name: str, title: str, icon: str, listed: bool) -> StreamlitPage:
    seen: Literal["visible", "hidden"] = "visible" if listed else "hidden"
    return st.Page(FILES[name], title=title, icon=f":material/{icon}:", default=name == "home", visibility=seen)


def mount_all(who: Who, page: StreamlitPage, pages: Mapping[str, list[StreamlitPage]]) -> None:
    """Draw what stands around the page and do what was asked through it."""
    go_on(page.url_path or "home")
    chosen = state.chosen()
    if chosen:
        commands.perform(who, *chosen)
    if goal := state.led():
        _lead(who, *goal)
    state.forget_controls()
    slug = _sidebar(who)
    here = page_here()
    if state.arrived_at(here):
        _open_default(who, slug, here)
    if here not in _UNDOES:
        undo.show(who)
    head = header.show(who, project(who) if slug else None, page, pages)
    with st.container(key="plumb-shell"):
        style.apply()
        arrived = _reach(who, slug)
    if head.resync:
        st.toast("Back in touch: the page was read again.")
    if arrived:
        _open_arrived(who, arrived["datasets"])


def _reach(who: Who, slug: str) -> Any:
    """The palette, and files dropped anywhere: one part, since each costs every rerun; what arrived since the last."""
    goal = target(who) if slug else ""
    entries = commands.entries(who, slug, goal, reads.cursor())
    return mount(
        "palette",
        _PALETTE,
        entries,
        run=lambda: state.take(_PALETTE, lambda fired: commands.choose(who, slug, fired)),
        arrived=lambda: state.set_project(goal),
    ).arrived


def _sidebar(who: Who) -> str:
    """The project, where there is a choice, and the search; the slug of the project, empty where there is none."""
    _follow_link(who)
    with st.sidebar:
        slug = _choose_project(who) if belongs(who) else ""
        mount("search", "plumb-search", b"{}")
    return slug


def _choose_project(who: Who) -> str:
    """The project of this tab, in the address where it is not the usual one; a choice where there are several."""
    known, slug = called(who), project(who).slug
    state.show_project(slug, usual=reads.project_of(who, "").slug)
    if len(known) > 1:
        key = f"project-{slug}"
        st.selectbox(
            "Project",
            list(known),
            list(known).index(slug),
            key=key,
            on_change=lambda: state.take(key, _change_project),
            format_func=known.__getitem__,
        )
    return slug


def _change_project(slug: str) -> None:
    """The same page of another project, which has other datasets."""
    state.set_project(slug)
    location.leave_dataset()


def _follow_link(who: Who) -> None:
    """A link to a dataset that was opened in a new tab brings its project along."""
    linked = location.dataset()
    if linked is not None and not state.project():
        with suppress(PlumblineError):
            state.set_project(reads.dataset_of(who, linked).project)


def _lead(who: Who, page: str, query: Mapping[str, str]) -> None:
    """Where a link leads: to a page, or to the answer of a dataset."""
    if page == "answer":
        open_dataset(who, int(query["dataset"]))
    open_page(page, query)


def _open_default(who: Who, slug: str, page: str) -> None:
    """Open a page that was come to without saying what to look at with the view that somebody wants there."""
    wanted = reads.preferences_of(who).get(default_view(page), "")
    if not wanted or not slug or set(st.query_params) - {location.PROJECT}:
        return
    view = next((one for one in reads.views_of(who, slug) if str(one.id) == wanted and one.page == page), None)
    if view is not None and view.query:
        open_page(page, dict(parse_qsl(view.query)))


def _open_arrived(who: Who, ids: Sequence[int]) -> None:
    """Go to what was dropped: the answer of one file, of several the comparison, as far as they can be compared."""
    if len(ids) == 1:
        open_dataset(who, ids[0])
    state.await_answer(ids[0])
    open_page("compare", {"dataset": str(ids[0]), location.BESIDE: location.joined(ids[1:])})


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
