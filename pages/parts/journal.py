"""A decision as the journal shows it."""

from __future__ import annotations

from typing import Any

from engine.figures import words
from engine.types import DecisionView, Since, Who
from pages.parts import reads
from pages.parts.answer import iso


def row(who: Who, decision: DecisionView, may: bool) -> dict[str, Any]:
    """What the browser is given of a decision; all of it is text there, never markup."""
    grounds = decision.grounds
    withdrawn = None
    if decision.withdrawn_at is not None:
        withdrawn = {"at": iso(decision.withdrawn_at), "by": decision.withdrawn_by, "why": decision.withdrawn_why}
    return {
        "id": decision.id,
        "title": decision.title,
        "because": decision.because,
        "by": decision.person,
        "at": iso(decision.at),
        "verdict": grounds.verdict,
        "sentence": grounds.sentence,
        "facts": evidence(decision),
        "command": grounds.evidence.get("command", ""),
        "href": f"/{grounds.query}",
        "export": f"/export/decision.json?decision={decision.id}",
        "now": now(grounds.verdict, reads.since_decision(who, decision.id)),
        "withdrawn": withdrawn,
        "may": may and withdrawn is None,
    }


def evidence(decision: DecisionView) -> list[tuple[str, str]]:
    """What recomputes the answer, name by name."""
    grounds = decision.grounds
    params = ", ".join(f"{name}={value}" for name, value in grounds.params.items() if value not in ("", None))
    named = [(dataset.name, f"version {dataset.version}, sha256 {dataset.sha256}") for dataset in grounds.datasets]
    return [
        *named,
        ("Analysis", f"{grounds.analysis} {grounds.evidence.get('analysis_version', '')}".strip()),
        ("Parameters", params),
        ("Rows", words.count(grounds.evidence.get("rows"))),
    ]


def now(verdict: str, since: Since) -> dict[str, str]:
    """Whether the data have moved since, and whether that changes the verdict, in words."""
    if since.verdict is None:
        if since.sentence:
            return {"state": "gone", "text": f"Cannot be concluded again: {since.sentence}"}
        return {"state": "same", "text": "The data have not moved since."}
    moved = ", ".join(f"{dataset.name} is at version {dataset.version}" for dataset in since.newer)
    if since.verdict == verdict:
        return {"state": "moved", "text": f"The data have moved ({moved}); the verdict is the same."}
    return {"state": "differs", "text": f"The data have moved ({moved}) and now say otherwise. {since.sentence}"}
