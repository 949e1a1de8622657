"""The head of every page: breadcrumbs, live and compute state, who is here, the theme, the person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode

from streamlit.navigation.page import StreamlitPage

from engine.actions import people
from engine.types import ProjectView, Who
from pages.parts import location, notifications, reads, state, style
from pages.parts.component import encode, mount

_KEY = "plumb-header"


def show(who: Who, project: ProjectView | None, page: StreamlitPage, pages: Mapping[str, list[StreamlitPage]]) -> Any:
    """Draw it; its trigger `resync` fires when events were missed."""
    chosen = reads.preferences_of(who)
    theme = chosen.get("theme", "system")
    told = {
        "since": state.since(reads.cursor()),
        "outcome": state.outcome(),
        "theme": theme,
        "density": chosen.get("density", "comfortable"),
        "themes": style.themes(),
        "paths": ["/", *(f"/{one.url_path}" for section in pages.values() for one in section if one.url_path)],
        "formats": {"numbers": chosen.get("numbers", "point"), "zone": chosen.get("zone", "local")},
        "name": who.name,
        "role": who.role_in(project.slug) if project else who.role,
        "slug": project.slug if project else "",
        "as_of": reads.cursor(),
        "active": reads.active_runs_of(who, project.slug) if project else {},
        "crumbs": (crumbs := _crumbs(who, project, page, pages)),
        "bell": notifications.told(who),
        "visited": _visited(crumbs, page),
    }
    heard = {name: partial(state.take, _KEY, partial(hear, who)) for name, hear in _HEARD.items()}
    return mount("header", _KEY, encode(told), "resync", **heard)


def _go(_who: Who, fired: Mapping[str, Any]) -> None:
    """A link was followed."""
    chosen = fired.get("go") or {}
    state.lead(str(chosen.get("page")), dict(parse_qsl(str(chosen.get("query") or ""))))


def _prefer(who: Who, fired: Mapping[str, Any]) -> None:
    """Keep the theme, which the page has taken already."""
    value = (fired.get("prefer") or {}).get("value")
    if value in style.THEMES:
        people.set_preference(who, "theme", value)


def _ring(who: Who, fired: Mapping[str, Any]) -> None:
    """Something was chosen in the list of the bell."""
    notifications.act(who, fired.get("ring"))


_HEARD: Mapping[str, Callable[[Who, Mapping[str, Any]], None]] = {"go": _go, "prefer": _prefer, "ring": _ring}
"""By trigger of the header what is done before the rerun."""


def _crumbs(
    who: Who, project: ProjectView | None, page: StreamlitPage, pages: Mapping[str, list[StreamlitPage]]
) -> list[dict[str, str]]:
    """Project, decision, page, dataset: each a link to where it is."""
    here = urlencode({location.PROJECT: project.slug}) if project and len(reads.projects_of(who)) > 1 else ""
    crumbs = [_crumb(project.name if project else "Plumbline", "home", here)]
    section = next((name for name, listed in pages.items() if page in listed), "")
    if section and page.title != section:
        crumbs.append(_crumb(section, _name(pages[section][0]), here))
    if page.url_path:
        crumbs.append(_crumb(page.title, _name(page), here))
    looked_at = location.dataset()
    if project and looked_at is not None and page.url_path:
        known = {one.id: one.name for one in reads.datasets_of(who, project.slug)}
        if looked_at in known:
            crumbs.append(_crumb(known[looked_at], _name(page), urlencode({"dataset": looked_at})))
    return crumbs


def _visited(crumbs: list[dict[str, str]], page: StreamlitPage) -> dict[str, str] | None:
    """What the browser notes as looked at: a dataset on a page."""
    last = crumbs[-1]
    if not last["query"].startswith("dataset="):
        return None
    return {"title": last["title"], "hint": page.title, "page": last["page"], "query": last["query"]}


def _name(page: StreamlitPage) -> str:
    return page.url_path or "home"


def _crumb(title: str, page: str, query: str) -> dict[str, str]:
    return {"title": title, "page": page, "query": query}
