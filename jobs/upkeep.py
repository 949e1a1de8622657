"""What the foreman does for the disk: files that no row needs any more go, those that a row misses are named.

The store decides: rows go first (`engine.actions.maintenance`), files later, so that a crash at any moment leaves at
most a file too many, which the next round finds.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from engine.access.visible import from_json
from engine.actions import maintenance
from engine.analysis import ANALYSES, expected
from engine.errors import UsageError
from engine.queries.results import found_params
from engine.queries.states import Observed, observed
from engine.settings import get_settings
from engine.store.datasets import prune_folds, prune_results
from engine.store.engine import fetch
from engine.store.sweeping import sweep
from engine.store.times import now
from jobs.work import clear_unfinished

SEGMENTS = """
SELECT s.sha256, v.report FROM segment s JOIN dataset d ON d.id = s.dataset_id
LEFT JOIN version v ON v.dataset_id = d.id AND v.number = d.version
"""
HEADS = """
SELECT v.manifest, v.report FROM version v JOIN dataset d ON d.id = v.dataset_id AND v.number = d.version
"""
ORIGINALS = "SELECT DISTINCT content FROM dataset WHERE content IS NOT NULL"
FROZEN = "SELECT DISTINCT frozen FROM share WHERE frozen IS NOT NULL AND revoked_at IS NULL AND expires_at > :now"
REPORTS = "SELECT DISTINCT sha256 FROM report WHERE sha256 <> '' AND removed_at IS NULL"
ASKED = "SELECT params FROM run WHERE kind = 'observe'"

log = logging.getLogger("foreman")


class Freed(NamedTuple):
    """Files and bytes that went, folded states that went, and segments that rows name but the disk does not have."""

    files: int
    size: int
    folds: int
    missing: int


@dataclass(slots=True)
class Upkeep:
    """Rows first, then files. Remembers what the last round found unneeded: nothing goes at first sight."""

    known: dict[str, frozenset[str]] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()

    def __call__(self) -> Freed:
        """One round."""
        maintenance.prune()
        clear_unfinished()
        return self.sweep()

    def sweep(self) -> Freed:
        """Delete the segments, states and blobs that nothing needs and nobody has touched for `unused_seconds`."""
        settings = get_settings()
        segments = [(sha256, from_json(report) or {}) for sha256, report in fetch(SEGMENTS)]
        hashes = {sha256 for sha256, _report in segments}
        blobs = {sha256 for (sha256,) in [*fetch(ORIGINALS), *fetch(REPORTS), *fetch(FROZEN, {"now": now()})]}
        states = {*_default_states(segments), *_asked_states(hashes)}
        before = time.time() - settings.unused_seconds
        files = size = 0
        for folder, needed in ((settings.segments, hashes), (settings.states, states), (settings.blobs, blobs)):
            swept = sweep(folder, needed, before, self.known.get(folder.name, frozenset()))
            self.known[folder.name] = swept.unneeded
            files, size = files + swept.files, size + swept.size
        prune_results({number for (number,) in fetch("SELECT id FROM dataset")})
        freed = Freed(files, size, prune_folds(set(_folds())), self._name_missing(hashes))
        log.info("upkeep freed %d files, %d bytes and %d folded states", *freed[:3])
        return freed

    def _name_missing(self, hashes: set[str]) -> int:
        there = {path.stem for path in get_settings().segments.glob("*.parquet")}
        missing = frozenset(hashes - there)
        if missing - self.missing:
            log.error("%d segments are missing on disk; restore them from a backup: %s", len(missing), min(missing))
        self.missing = missing
        return len(missing)


# ------------------------------------------------------------------ which states are needed


def _default_states(segments: Sequence[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
    """The states that every page begins with."""
    for sha256, report in segments:
        for what in beginnings(report):
            yield what.key(sha256)


def _asked_states(segments: set[str]) -> Iterator[str]:
    """The states that somebody asked for with other parameters."""
    for (raw,) in fetch(ASKED):
        params = from_json(raw)
        analysis = ANALYSES.get(params.get("analysis", ""))
        if analysis is not None:
            what = Observed(analysis, params["observe"])
            yield from (what.key(sha256) for sha256 in params["segments"] if sha256 in segments)


def _folds() -> Iterator[str]:
    """The folded states of the beginnings of every newest manifest: they carry its sums through compaction."""
    for raw, report in fetch(HEADS):
        manifest = from_json(raw)
        for what in beginnings(from_json(report) or {}):
            yield from (what.fold_key(manifest[:length]) for length in range(2, len(manifest) + 1))


def beginnings(report: Mapping[str, Any]) -> tuple[Observed, ...]:
    """What is observed of rows with this report without being asked."""
    return _beginnings(report.get("kind"), report.get("scale"), tuple(report.get("fields", ())))


@lru_cache(maxsize=256)
def _beginnings(kind: str | None, scale: Any, fields: tuple[str, ...]) -> tuple[Observed, ...]:
    try:
        return tuple(
            observed(analysis, analysis.parameters.parse(found_params(analysis, {"scale": scale})))
            for analysis in expected({"kind": kind, "fields": fields})
        )
    except UsageError:
        return ()
