"""What is chosen in the palette: what it is told of each entry, what it asks, and doing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from engine import registry, usage
from engine.errors import PlumblineError
from engine.registry import Argument
from engine.types import PaletteEntry, Who
from pages.parts import channels, location, reads, secrets, state, undo, widgets
from pages.parts.component import encode
from pages.parts.places import called, project
from pages.parts.states import literal
from pages.parts.ways import ANALYSES, open_dataset, open_page, page_here

_KNOWN_HERE = frozenset({"page", "query"})
"""Arguments of an action that the page itself answers."""

ELSEWHERE = frozenset(
    {
        "channel.add",
        "dataset.set_mapping",
        "decision.record",
        "person.disable",
        "report.request",
        "session.close",
        "share.create",
    }
)
"""Actions that lead away: a page asks their questions, or nothing is left to ask on."""

_TAKEN_BACK = frozenset({"view.delete", "cohort.delete"})
"""Actions that can be undone where they were done."""

_TRIED = 50
"""Datasets that are looked through for one that a cohort fits."""

_CONTROL = "set:"
"""How the palette calls a control of the page in front."""


@lru_cache(64)
def entries(who: Who, slug: str, goal: str, _as_of: int) -> bytes:
    """What the palette is told, as bytes that travel as they are."""
    found = reads.entries_of(who, slug)
    projects = sorted(called(who).items())
    return encode({"entries": [_entry(one, projects) for one in found], "groups": _groups(found), "project": goal})


def _groups(found: Sequence[PaletteEntry]) -> dict[str, dict[str, Any]]:
    """Actions that are done to one of several things: the palette asks to which."""
    counted = Counter(entry.target for entry in found if entry.thing)
    known = {name: registry.ACTIONS[name] for name in counted}
    return {
        name: {"title": f"{action.title}…", "label": action.title, "synonyms": action.synonyms}
        for name, action in known.items()
    }


def _entry(entry: PaletteEntry, projects: Sequence[tuple[str, str]]) -> dict[str, Any]:
    told: dict[str, Any] = {"id": entry.id, "title": entry.title, "section": entry.section, "run": entry.run}
    more = {"target": entry.target, "hint": entry.hint, "synonyms": entry.synonyms, "shortcut": entry.shortcut}
    told |= more | {"about": entry.about, "thing": entry.thing}
    if entry.run == "action":
        told["away"] = entry.target in ELSEWHERE
        told["warning"] = "" if told["away"] else registry.ACTIONS[entry.target].warning
        told["questions"] = [] if told["away"] else _asked(entry, projects)
    return {name: value for name, value in told.items() if value}


def _asked(entry: PaletteEntry, projects: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """What the palette asks before this, given the arguments that are known."""
    return [
        {**_question(one, projects), "default": entry.defaults.get(one.name, "")}
        for one in _questions(entry.target, frozenset(entry.arguments))
    ]


@lru_cache
def _questions(name: str, answered: frozenset[str]) -> tuple[Argument, ...]:
    arguments = registry.ACTIONS[name].arguments
    return tuple(one for one in arguments if one.name not in answered | _KNOWN_HERE and one.type != "pairs")


def _question(one: Argument, projects: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """An argument as the palette asks for it; a project that there is already is chosen, not typed."""
    options: Sequence[tuple[str, str]] = [(choice, choice.capitalize()) for choice in one.choices]
    kind = {"integer": "number", "choice": "choice"}.get(one.type, "text")
    if one.of == "project":
        kind, options = "choice", projects if one.required else [("", "Every project"), *projects]
    told = {"name": one.name, "label": one.title, "kind": kind, "options": options}
    return {**told, "low": one.least, "high": one.most, "whole": True, "optional": not one.required}


# ------------------------------------------------------------------ doing


def choose(who: Who, slug: str, fired: Mapping[str, Any]) -> None:
    """Before the rerun: find what was chosen; its target and arguments are ours, never taken from the browser.

    A link into another project or section chooses it here, while its widget may still be set, as do controls and rows.
    """
    told = fired.get("run") or {}
    name, answers = str(told.get("id")), told.get("arguments") or {}
    if name.startswith(_CONTROL):
        _set(name.removeprefix(_CONTROL), answers.get("value"))
        return
    entry = next((entry for entry in reads.entries_of(who, slug) if entry.id == name), None)
    asked = _query(entry) if entry is not None and entry.run == "link" else {}
    if other := asked.get(location.PROJECT):
        state.set_project(other)
    if section := asked.get(location.SECTION):
        state.choose_in(location.SECTION, section)
    if entry is not None and entry.target == "person.disable":
        state.choose_in(location.SECTION, "People")
    if entry is not None and entry.run == "rows" and page_here() in (*ANALYSES, "timeline"):
        location.set_cohort(entry.target)
        return
    state.choose((entry, answers))


def _set(name: str, value: Any) -> None:
    """Set a control of the page in front."""
    try:
        widgets.set_control(name, value)
    except PlumblineError as error:
        state.remember_outcome({"error": error.message})
    else:
        state.remember_outcome({})


def _query(entry: PaletteEntry) -> dict[str, str]:
    return dict(parse_qsl(entry.target.partition("?")[2]))


def perform(who: Who, entry: PaletteEntry | None, answers: Mapping[str, Any]) -> None:
    """Do what was chosen: go there, ask on a page, or do it and tell the palette what became of it."""
    if entry is None:
        state.remember_outcome({"error": "That is not there any more."})
    elif entry.target == "dataset.set_mapping":
        open_page("columns", {"dataset": str(entry.arguments["dataset_id"])})
    elif entry.target == "decision.record":
        _on_an_answer(who, entry.arguments["project"], state.ask_to_decide, "decide on")
    elif entry.target == "report.request":
        _on_an_answer(who, entry.arguments["project"], state.ask_to_export, "export")
    elif entry.target == "share.create":
        _on_an_answer(who, entry.arguments["project"], state.ask_to_share, "share")
    elif entry.target == "channel.add":
        channels.ask()
        open_page("settings")
    elif entry.target == "person.disable":
        state.ask("disable", entry.arguments["user_id"])
        open_page("people")
    elif entry.run == "action":
        _act(who, entry, answers)
    elif entry.run == "rows":
        _look_at(who, entry.target)
    elif (page := entry.target.partition("?")[0].strip("/")) != page_here() or location.SECTION not in _query(entry):
        open_page(page, _query(entry))


def _on_an_answer(who: Who, slug: str, ask: Callable[[], None], does: str) -> None:
    """Have the page ask about the answer in front, else about that of the dataset that moved last."""
    first = next((dataset for dataset in reads.datasets_of(who, slug) if dataset.analyses), None)
    if first is None:
        state.remember_outcome({"error": f"There is no answer to {does} yet."})
        return
    ask()
    if page_here() not in ANALYSES:
        open_dataset(who, first.id)


def _look_at(who: Who, where: str) -> None:
    """Look at a cohort alone, on the answer of the newest dataset that it fits."""
    slug = project(who).slug
    for dataset in reads.datasets_of(who, slug)[:_TRIED]:
        if dataset.analyses and any(one.where == where for one in reads.cohorts_of(who, dataset.id)):
            open_page(dataset.analyses[0], {"dataset": str(dataset.id), location.COHORT: where})
    state.remember_outcome({"error": "No dataset of this project has the columns that these rows are told by."})


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


def _answered_here(action: str) -> dict[str, str]:
    """What the page in front answers of an action."""
    known = {"page": page_here(), "query": urlencode(st.query_params.to_dict())}
    return {one.name: known[one.name] for one in registry.ACTIONS[action].arguments if one.name in _KNOWN_HERE}


def _act(who: Who, entry: PaletteEntry, answers: Mapping[str, Any]) -> None:
    here = _answered_here(entry.target)
    back = _way_back(who, entry) if entry.target in _TAKEN_BACK else None
    try:
        made = registry.run(who, entry.target, {**answers, **here, **entry.arguments}, usage.PALETTE)
    except PlumblineError as error:
        state.remember_outcome({"error": error.message})
    else:
        state.remember_outcome({})
        st.toast(f"Done: {literal(entry.title.rstrip('…'))}", icon=":material/check:")
        if back is not None:
            undo.offer(back[0], back[1], **back[2])
        if entry.target in secrets.SHOWN_ONCE:
            secrets.SHOWN_ONCE[entry.target](made)
        if entry.target == "session.close":
            st.stop()
