"""What the store says, asked the way a doubtful accountant would."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks.faults.case import Round
from benchmarks.faults.installation import until
from engine.actions.projects import ensure
from engine.store.datasets import existing_segment
from engine.store.engine import fetch
from engine.store.transaction import transaction

HEADS = """
SELECT d.id, d.version, v.manifest, v.report FROM dataset AS d
LEFT JOIN version AS v ON v.dataset_id = d.id AND v.number = d.version
"""

ENDED = "SELECT id, state, error, requested_at, finished_at FROM run"


def margin(number: int) -> float:
    """The margin of a pair; neighbours have different ones."""
    return ((number * 7919) % 4001 - 1500) / 1000


def line(number: int) -> bytes:
    """One pair; no two numbers give the same."""
    scores = {"score_chosen": margin(number), "score_rejected": 0.0}
    return json.dumps({"prompt_id": f"p{number // 2}", **scores, "subset": "ab"[number % 2]}).encode() + b"\n"


def lines(first: int, count: int) -> bytes:
    """Pairs in a row."""
    return b"".join(map(line, range(first, first + count)))


def make_project(slug: str = "faults") -> None:
    """A project to put files into."""
    with transaction() as tx:
        ensure(tx, slug)


def head(where: str, **params: Any) -> tuple[int, int, list[str], dict[str, Any]] | None:
    """The one dataset of this condition: id, version, manifest, report."""
    found = fetch(f"{HEADS} WHERE {where}", params)
    if not found:
        return None
    number, version, manifest, report = found[0]
    return number, version, json.loads(manifest or "[]"), json.loads(report or "{}")


def followed(project: str, name: str) -> tuple[int, int, list[str], dict[str, Any]] | None:
    """The dataset of a followed file."""
    return head(
        "d.source = :name AND d.project_id = (SELECT id FROM project WHERE slug = :slug)", name=name, slug=project
    )


def open_runs() -> int:
    """Runs that have not ended."""
    return int(fetch("SELECT count(*) FROM run WHERE state IN ('queued', 'running')")[0][0])


def settle(seconds: float = 90.0) -> None:
    """Wait until every run has ended."""
    until(lambda: open_runs() == 0, seconds, "the end of all runs", 0.1)


def last_run(dataset: int) -> tuple[str, dict[str, Any]]:
    """State and error of a dataset's newest run."""
    found = fetch("SELECT state, error FROM run WHERE dataset_id = :id ORDER BY id DESC LIMIT 1", {"id": dataset})
    return (found[0][0], json.loads(found[0][1] or "{}")) if found else ("none", {})


def refusals() -> dict[str, str]:
    """Name → reason of what the inbox did not take."""
    found = fetch("SELECT body FROM event WHERE kind = 'inbox_refused' ORDER BY id")
    return {body["name"]: body["reason"] for (text,) in found for body in [json.loads(text)]}


# ------------------------------------------------------------------ audits


def audit_runs(kept: Round, limit: float = 60.0, struck: Sequence[datetime] = ()) -> None:
    """Every run has ended, in time, with one result or a reason; each version was told once.

    In time is within `limit` seconds after it was asked for, or after the last moment of `struck` before its end.
    """
    columns = "id, kind, state, error, requested_at, started_at, finished_at"
    for number, _, state, error, requested, _, finished in fetch(f"SELECT {columns} FROM run"):
        if not kept.check(state in ("done", "failed", "cancelled"), f"run {number} is still {state}"):
            continue
        if state == "failed":
            reason = json.loads(error or "{}")
            kept.check(bool(reason.get("code") and reason.get("message")), f"run {number} failed without a reason")
            kept.check(reason.get("code") != "internal", f"run {number} failed by a mistake of ours")
        end = _moment(finished)
        began = max([_moment(requested), *(moment for moment in struck if moment < end)])
        kept.took((end - began).total_seconds(), limit, f"run {number} from asked to {state}")
    twice = fetch("SELECT run_id, count(*) FROM version WHERE run_id IS NOT NULL GROUP BY run_id HAVING count(*) > 1")
    kept.check(not twice, f"runs with several results: {twice[:3]}")
    told = Counter(
        (body["dataset"], body["version"])
        for (text,) in fetch("SELECT body FROM event WHERE kind = 'version'")
        for body in [json.loads(text)]
    )
    kept.check(all(count == 1 for count in told.values()), "a version was told twice")
    present = {tuple(row) for row in fetch("SELECT dataset_id, number FROM version")}
    kept.check(present <= set(told), f"{len(present - set(told))} versions were never told")


def slowest_run() -> float:
    """The longest time from asking for a run to its end, in seconds."""
    ends = fetch("SELECT requested_at, finished_at FROM run WHERE finished_at IS NOT NULL")
    return max((_moment(finished) - _moment(requested)).total_seconds() for requested, finished in ends)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def audit_store(kept: Round, home: Path) -> None:
    """The database is whole and nothing half-written lies among the whole files."""
    kept.check(fetch("PRAGMA integrity_check") == [("ok",)], "the store is damaged")
    for folder in ("blobs", "datasets/segments", "datasets/states"):
        parts = [path.name for path in (home / folder).rglob("*.part")]
        kept.check(len(parts) <= 50, f"{len(parts)} half-written files in {folder}")


def audit_lines(kept: Round, project: str, name: str, count: int, first: int = 0) -> None:
    """The dataset of a followed file holds each of its lines once, with its own content, and nothing else.

    Its lines are the pairs from `first` on.
    """
    found = followed(project, name)
    if not kept.check(found is not None, f"{name} is not known"):
        return
    assert found is not None
    rows = [row for sha256 in found[2] for row in lines_of(sha256)]
    seen = Counter(number for number, _margin in rows)
    lost = [number for number in range(1, count + 1) if not seen[number]]
    twice = [number for number, times in seen.items() if times > 1]
    foreign = [number for number in seen if not 1 <= number <= count]
    changed = [number for number, value in rows if value != margin(first + number - 1)]
    kept.check(not lost, f"{name}: {len(lost)} of {count} acknowledged lines are missing, from line {lost[:1]}")
    kept.check(not twice, f"{name}: {len(twice)} lines are there twice, from line {twice[:1]}")
    kept.check(not foreign, f"{name}: {len(foreign)} lines were never sent, from line {foreign[:1]}")
    kept.check(not changed, f"{name}: {len(changed)} lines hold something else, from line {changed[:1]}")


def lines_of(sha256: str) -> list[tuple[int, float]]:
    """Line and margin of each row of a segment."""
    rows = pq.read_table(existing_segment(sha256), columns=["source_line", "margin"])
    return list(zip(*(column.to_pylist() for column in rows.columns), strict=True))
