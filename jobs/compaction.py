"""Making long manifests short: neighbouring small segments become one with the same rows in the same order.

Sizes grow geometrically: a segment is drawn in when it is no larger than all that follow it together, so a row is
rewritten about as often as the dataset doubles.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.actions.reports import merged
from engine.actions.versions import Fragmented, NewSegment, replace_segments, to_compact
from engine.errors import Conflict, UsageError
from engine.formats.canonical import METADATA_KEY, ROW_GROUP
from engine.formats.segments import segment_report
from engine.store import datasets
from jobs.work import unfinished

MOST_ROWS = 200_000
TRIES = 20

Observe = Callable[[str, Mapping[str, Any], Path], None]
"""Makes the states of a segment: its hash, its report, a folder to work in."""

log = logging.getLogger("runner")


def compact(observe: Observe) -> int:
    """Shorten every manifest that is too long; `observe` makes the states of a new segment. Returns how many were."""
    return sum(_shorten(found, observe) for found in to_compact())


def neighbours(rows: Sequence[int], most: int = MOST_ROWS) -> int:
    """How many segments at the end of a manifest to make one, 0 where it is not worth it."""
    total = taken = 0
    for size in reversed(rows):
        if taken >= 2 and size > total:
            break
        if total + size > most:
            break
        total, taken = total + size, taken + 1
    return taken if taken >= 2 else 0


def _shorten(found: Fragmented, observe: Observe) -> bool:
    count = neighbours(found.rows)
    if not count:
        return False
    replaced = found.manifest[-count:]
    with tempfile.TemporaryDirectory(prefix="compact-", dir=unfinished()) as name:
        written = Path(name) / "whole.parquet"
        rows, report = _write(replaced, written)
        sha256, size = datasets.adopt_segment(written)
        observe(sha256, report, Path(name))
    return _put(found, replaced, NewSegment(sha256, rows, size))


def _write(segments: Sequence[str], target: Path) -> tuple[int, dict[str, Any]]:
    """Write the rows of segments, one after another, with their reports added up; returns how many, and the report."""
    tables: list[pa.Table] = []
    report: dict[str, Any] = {}
    for sha256 in segments:
        path = datasets.existing_segment(sha256)
        report = merged(report, segment_report(path).to_dict())
        tables.append(pq.read_table(path, use_threads=False).replace_schema_metadata(None))
    whole = pa.concat_tables(tables, promote_options="permissive").unify_dictionaries()
    described = whole.replace_schema_metadata({METADATA_KEY: json.dumps(report, sort_keys=True).encode()})
    pq.write_table(described, target, compression="zstd", write_statistics=False, row_group_size=ROW_GROUP)
    return whole.num_rows, report


def _put(found: Fragmented, replaced: Sequence[str], segment: NewSegment) -> bool:
    """Put the new segment in place. While rows keep coming the version moves on, its older segments do not."""
    version = found.version
    for _ in range(TRIES):
        try:
            replace_segments(found.dataset_id, version, replaced, segment)
        except Conflict:
            version += 1
        except UsageError:
            return False
        else:
            return True
    log.info("dataset %d moves too fast to be compacted now", found.dataset_id)
    return False
