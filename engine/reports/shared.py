"""What is shared of an answer: its content as plain values, and the page of it for somebody without an account.

The content is JSON and the page is made from it and from the share alone: what was kept is shown as it was. Rows of the
data are not part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from engine.figures.view import charts
from engine.figures.words import number
from engine.reports import words
from engine.reports.html import environment, evidence_of
from engine.types import Concluded, Result, Shared

_LEFT_OUT = ("histogram",)
"""Charts that say nothing to a reader that another does not say."""


def content(concluded: Concluded, as_of: datetime) -> bytes:
    """An answer as it is shared; `as_of` is when its newest rows came."""
    result = concluded.result
    drawn = {name: chart for name, chart in charts(result).items() if name not in _LEFT_OUT}
    told = {
        "version": concluded.version,
        "as_of": spoken(as_of),
        "analysis": words.label(result.analysis),
        "verdict": result.verdict,
        "sentence": result.sentence,
        "counts": " · ".join(words.counts(result.dataset)),
        "numbers": _numbers(result),
        "warnings": [notice.message for notice in result.warnings],
        "charts": {
            name: {
                "title": chart.title,
                "alt": chart.alt,
                "figure": chart.figure,
                "columns": chart.table.columns,
                "rows": [[words.cell(value) for value in row] for row in chart.table.rows],
            }
            for name, chart in drawn.items()
        },
        "evidence": evidence_of(result),
        "command": result.evidence.command,
    }
    return orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)


def unanswered(message: str, version: int, as_of: datetime) -> bytes:
    """What is shown where there is no answer now: why."""
    blank: dict[str, Any] = {
        "analysis": "",
        "verdict": "",
        "counts": "",
        "numbers": [],
        "warnings": [],
        "charts": {},
        "evidence": [],
        "command": "",
    }
    return orjson.dumps({"version": version, "as_of": spoken(as_of), "sentence": message, **blank})


def page(told: bytes, share: Shared, assets: Mapping[str, str]) -> bytes:
    """The page of a share, UTF-8; `assets` are the addresses of its script and its style."""
    template = environment().get_template("shared.html.jinja")
    rendered = template.render(
        told=orjson.loads(told),
        title=share.title,
        person=share.person,
        until=spoken(share.expires_at),
        frozen=spoken(share.created_at) if share.frozen is not None else "",
        embedded=share.kind == "embed",
        assets=assets,
    )
    return rendered.encode("utf-8", "replace")


def spoken(moment: datetime) -> str:
    """A moment as the page says it."""
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"


def _numbers(result: Result) -> list[dict[str, str]]:
    return [
        {
            "name": words.label(name),
            "value": words.value(name, estimate.value),
            "interval": words.bounds(name, estimate),
            "null": "" if estimate.null_95 is None else number(estimate.null_95, 4),
            "method": estimate.method,
        }
        for name, estimate in result.estimates.items()
    ]
