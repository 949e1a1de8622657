"""Asking for reports beside what they are of, and how far those are that were asked for here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from engine.actions import reports
from engine.actions.reports import DECISIONS, FORMATS
from engine.errors import PlumblineError
from engine.types import DecisionView, ReportView, Who
from pages.parts import reads, state
from pages.parts.component import mount
from pages.parts.looking import Looking
from pages.parts.states import literal

HINTS = {
    "pdf": "Title page, figures, numbers, evidence",
    "xlsx": "Numbers, tables and rows as a workbook",
    "csv": "Every table, one file each",
    "png": "Every figure for slides, twice as sharp",
    "svg": "Every figure to be edited",
}
"""What is made on request, and what it is good for; the rest is there at once."""


def offered(looking: Looking) -> dict[str, Any]:
    """What the menu offers for a view."""
    wholes = [{"of": "view", "title": "This view"}]
    wholes += [{"of": of, "title": question} for of, (question, _) in DECISIONS.items() if _about(of, looking)]
    formats = [{"format": name, "title": FORMATS[name].title, "hint": hint} for name, hint in HINTS.items()]
    return {"wholes": wholes, "formats": formats}


def _about(of: str, looking: Looking) -> bool:
    return looking.analysis in DECISIONS[of][1]


def ask(who: Who, looking: Looking, told: Mapping[str, Any]) -> None:
    """Have a report of the view, or of the decision that it is a part of, made; for callbacks."""
    of = str(told.get("of"))
    viewed = of == "view"
    name = f"{title(looking.analysis)} of {looking.dataset.name}" if viewed else looking.dataset.name
    ids = [one.id for one in (looking.dataset, *looking.beside)]
    params = {key: value for key, value in looking.params.items() if viewed and value != ""}
    chosen = {"dataset_ids": ids, "analysis": looking.analysis if viewed else "", "params": params}
    _request(who, looking.dataset.project, name, of, str(told.get("format")), **chosen)


def ask_of_decision(who: Who, decision: DecisionView) -> None:
    """Have a recorded decision made into a PDF."""
    _request(who, decision.project, decision.title, "decision", "pdf", decision_id=decision.id)


def _request(who: Who, project: str, name: str, of: str, file_format: str, **more: Any) -> None:
    try:
        number = reports.request(who, project, name[:200], of, file_format, **more)
    except PlumblineError as error:
        st.toast(literal(error.message), icon=":material/error:")
    else:
        state.follow_report(number)


def title(analysis: str) -> str:
    """What the page of an analysis is called."""
    return reports.page(analysis)


def making(who: Who) -> list[dict[str, Any]]:
    """The reports that were asked for in this session, as the browser follows them."""
    found = []
    for number in state.reports_followed():
        try:
            found.append(_followed(reads.report_of(who, number)))
        except PlumblineError:
            state.forget_report(number)
    return found


def _followed(report: ReportView) -> dict[str, Any]:
    return {
        "report": report.id,
        "run": report.run_id,
        "attempt": state.report_attempt(report.id),
        "name": report.name,
        "title": FORMATS[report.format].title,
        "state": report.state,
        "progress": report.progress,
        "stage": report.stage,
        "error": (report.error or {}).get("message", ""),
        "href": f"/report/{report.id}",
        "since": report.event_id,
    }


def act(who: Who, told: Mapping[str, Any]) -> None:
    """What was chosen for a report on its way; for callbacks."""
    number, name = int(told.get("report", 0)), told.get("name")
    try:
        if name == "retry":
            reports.retry(who, number)
            state.follow_report(number)
            return
        if name == "remove":
            reports.remove(who, number)
    except PlumblineError as error:
        st.toast(literal(error.message), icon=":material/error:")
    state.forget_report(number)


def show(who: Who) -> None:
    """The reports on their way, on pages without tools of their own; nothing where there are none."""
    if not state.reports_followed():
        return
    mount("making", "making", {"making": making(who)}, act=lambda: state.take("making", lambda told: _acted(who, told)))


def _acted(who: Who, told: Mapping[str, Any]) -> None:
    if chosen := told.get("act"):
        act(who, chosen)
