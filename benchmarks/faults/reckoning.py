"""What was acknowledged against what is there: rows, uploads with their bytes, files of the inbox, saved views."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from benchmarks.faults import said
from benchmarks.faults.case import Round
from benchmarks.faults.installation import Installation
from engine.store.engine import fetch

ORIGINAL = "SELECT content FROM dataset WHERE id = :id"
RESULTS = "SELECT count(*) FROM run AS r JOIN version AS v ON v.run_id = r.id WHERE r.dataset_id = :id"
VIEWS = "SELECT name, query FROM saved_view"


@dataclass
class Acknowledged:
    """By name: lines of followed files (and the number of their first pair), files dropped, views; uploads by id.

    `given_up` counts files whose reading failed because its worker died too often, which they say.
    """

    lines: Counter[str] = field(default_factory=Counter)
    first: dict[str, int] = field(default_factory=dict)
    uploads: dict[int, bytes] = field(default_factory=dict)
    batches: dict[str, tuple[int, int]] = field(default_factory=dict)
    views: dict[str, str] = field(default_factory=dict)
    given_up: int = 0


def audit(kept: Round, product: Installation, done: Acknowledged, struck: Sequence[datetime] = ()) -> None:
    """Everything acknowledged is there, once; every run has ended; the store is whole."""
    for name, count in done.lines.items():
        said.audit_lines(kept, "faults", name, count, done.first[name])
    for name, (first, count) in done.batches.items():
        _audit_dropped(kept, done, name, first, count)
    for dataset, content in done.uploads.items():
        _audit_upload(kept, product, done, dataset, content)
    saved = dict(fetch(VIEWS))
    lost = [name for name, query in done.views.items() if saved.get(name) != query]
    kept.check(not lost, f"{len(lost)} of {len(done.views)} acknowledged views are missing: {lost[:3]}")
    said.audit_runs(kept, struck=struck)
    said.audit_store(kept, product.home)


def _audit_dropped(kept: Round, done: Acknowledged, name: str, first: int, count: int) -> None:
    found = said.followed("batches", name)
    if kept.check(found is not None, f"the dropped file {name} is not known") and found is not None:
        if given_up(found[0]):
            done.given_up += 1
        else:
            said.audit_lines(kept, "batches", name, count, first)


def _audit_upload(kept: Round, product: Installation, done: Acknowledged, dataset: int, content: bytes) -> None:
    """The original is there to the last byte, and was read once, whole."""
    found = said.head("d.id = :id", id=dataset)
    if not kept.check(found is not None, f"the acknowledged upload {dataset} is gone") or found is None:
        return
    ((sha256,),) = fetch(ORIGINAL, {"id": dataset})
    path = product.home / "blobs" / str(sha256)
    whole = path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == hashlib.sha256(content).hexdigest()
    kept.check(whole, f"the original of the upload {dataset} is not what was sent")
    if given_up(dataset):
        done.given_up += 1
        return
    state, error = said.last_run(dataset)
    kept.check(state == "done", f"the upload {dataset} is {state} ({error.get('code')})")
    wanted = [_margin(row) for row in content.splitlines()]
    read = [margin for sha256 in found[2] for _number, margin in said.lines_of(sha256)]
    kept.check(read == wanted, f"the upload {dataset} holds {len(read)} of {len(wanted)} rows, or other ones")
    results = fetch(RESULTS, {"id": dataset})[0][0]
    kept.check(results == 1, f"the upload {dataset} has {results} results")


def _margin(row: bytes) -> float:
    scores = json.loads(row)
    return float(scores["score_chosen"] - scores["score_rejected"])


def given_up(dataset: int) -> bool:
    """Whether the last run of a dataset failed because its worker died too often."""
    state, error = said.last_run(dataset)
    return state == "failed" and error.get("code") == "worker_lost"
