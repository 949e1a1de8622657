"""A report as the page of reports shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from engine.actions.reports import DECISIONS, FORMATS, page
from engine.types import ReportView, Who
from pages.parts.answer import iso

Act = Callable[[Who, int], None]

_UNITS = ("bytes", "kB", "MB", "GB")


def row(who: Who, report: ReportView) -> dict[str, Any]:
    """What the browser is given of a report; all of it is text there, never markup."""
    return {
        "id": report.id,
        "run": report.run_id,
        "name": report.name,
        "of": of(report.asked),
        "href": address(report.asked),
        "format": FORMATS[report.format].title,
        "size": size(report.size) if report.sha256 else "",
        "at": iso(report.at),
        "by": report.person,
        "state": report.state,
        "progress": report.progress,
        "stage": report.stage,
        "error": (report.error or {}).get("message", ""),
        "file": f"/report/{report.id}",
        "may": report.user_id == who.user_id or who.at_least("analyst", report.project),
    }


def of(asked: Mapping[str, Any]) -> str:
    """What a report is of, in words."""
    if asked["of"] == "decision":
        return f"Decision {asked['decision']} of the journal"
    datasets = ", ".join(f"{one['name']}, version {one['version']}" for one in asked["datasets"])
    what = page(asked["analysis"]) if asked["of"] == "view" else DECISIONS[asked["of"]][0]
    return f"{what} · {datasets}"


def address(asked: Mapping[str, Any]) -> str:
    """Where the view is that a report is of; empty where it is of more than one."""
    if asked["of"] == "decision":
        return "/journal"
    if asked["of"] != "view":
        return ""
    first, *others = (one["id"] for one in asked["datasets"])
    beside = {"beside": ".".join(map(str, others))} if others else {}
    return f"/{asked['analysis']}?{urlencode({'dataset': first, **beside, **asked['params']})}"


def size(found: int) -> str:
    """How large a file is, in the unit that fits."""
    amount, unit = float(found), 0
    while amount >= 1000 and unit + 1 < len(_UNITS):
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.0f} {_UNITS[unit]}" if unit < 2 else f"{amount:.1f} {_UNITS[unit]}"
