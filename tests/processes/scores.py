"""Small score files, and what the store says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.store.engine import fetch
from jobs.simulator import preferences
from jobs.simulator.truth import Truth
from tests.processes.waiting import until

TRUTH = Truth(seed=2)


def lines(first: int, end: int) -> list[bytes]:
    """The score lines of some ticks."""
    return [line.encode() + b"\n" for tick in range(first, end) for line in preferences.lines(TRUTH, tick)]


def dataset(project: str, name: str) -> dict[str, Any] | None:
    """The dataset of a followed file with its newest version."""
    found = fetch(
        "SELECT d.id, d.version, d.follow, v.report, v.answer, v.manifest FROM dataset AS d"
        " JOIN project AS p ON p.id = d.project_id"
        " LEFT JOIN version AS v ON v.dataset_id = d.id AND v.number = d.version"
        " WHERE p.slug = :project AND d.source = :name",
        {"project": project, "name": name},
    )
    if not found:
        return None
    number, version, follow, report, answer, manifest = found[0]
    parsed = {"follow": follow, "report": report, "answer": answer, "manifest": manifest}
    return {"id": number, "version": version, **{key: json.loads(text or "null") for key, text in parsed.items()}}


def accepted(project: str, name: str) -> int:
    """How many rows of a followed file are in its newest version."""
    found = dataset(project, name)
    return found["report"]["accepted"] if found and found["report"] else 0


def taken(project: str, name: str, rows: int, seconds: float = 60.0) -> dict[str, Any]:
    """The dataset once it holds exactly so many rows."""
    until(lambda: accepted(project, name) == rows, seconds)
    found = dataset(project, name)
    assert found is not None
    return found


def runs_of(dataset_id: int) -> list[tuple[str, int, Any]]:
    """State, attempt and error of each run of a dataset, oldest first."""
    found = fetch("SELECT state, attempt, error FROM run WHERE dataset_id = :id ORDER BY id", {"id": dataset_id})
    return [(state, attempt, json.loads(error or "null")) for state, attempt, error in found]


def append(path: Path, rows: list[bytes]) -> None:
    """Append lines in one write."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab", buffering=0) as file:
        file.write(b"".join(rows))
