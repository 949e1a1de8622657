"""Making long manifests short: neighbouring small segments become one with the same rows in the same order.

Sizes grow geometrically: a segment is drawn in when it is no larger than all that follow it together, so a row is
rewritten about as often as the dataset doubles. Rows and bytes of a new segment are bounded and it is written in
pieces, so that neither time nor memory depends on the dataset.

Answers stay the same to the bit: the state of the new segment is the states of the old ones combined in their order,
and the folded state of the manifest up to it is carried over.
"""

from __future__ import annotations

import json
import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.actions.merging import merged
from engine.actions.versions import Fragmented, NewSegment, replace_segments, to_compact
from engine.errors import Conflict, UsageError
from engine.formats.canonical import METADATA_KEY, ROW_GROUP
from engine.formats.segments import segment_report
from engine.queries.states import Observed, StatesMissingError, folded
from engine.store import datasets
from engine.store.room import disk_is_low
from jobs import lately
from jobs.upkeep import beginnings
from jobs.work import unfinished

MOST_ROWS = 200_000
MOST_BYTES = 256 * 1024**2
"""Bytes of the segments that become one, as they lie on disk."""

PIECE_ROWS = 1024
PIECE_BYTES = 64 * 1024**2
"""Bytes of rows in memory that are written as a row group, even where it has fewer rows than others."""

MOST_SECONDS = 10.0
"""Seconds after which a round begins with no further dataset: somebody may wait for the slot."""

TRIES = 20

Observe = Callable[[str, Mapping[str, Any], Path], None]
"""Makes the states of a segment: its hash, its report, a folder to work in."""

log = logging.getLogger("runner")


def compact(observe: Observe) -> int:
    """Shorten every manifest that is too long; returns how many were.

    `observe` makes the states of a new segment where those of the old ones are not all there.
    """
    done, ends = 0, time.monotonic() + MOST_SECONDS
    for found in [] if disk_is_low() else to_compact():
        if time.monotonic() >= ends:
            log.info("more manifests are long than one round shortens; the next one goes on")
            break
        done += _shorten(found, observe)
    return done


def neighbours(rows: Sequence[int], sizes: Sequence[int] | None = None) -> int:
    """How many segments at the end of a manifest to make one, from their rows and bytes; 0 where it is not worth it."""
    total = taken = weight = 0
    for count, size in zip(reversed(rows), reversed(sizes or [0] * len(rows)), strict=True):
        if taken >= 2 and count > total:
            break
        if total + count > MOST_ROWS or weight + size > MOST_BYTES:
            break
        total, weight, taken = total + count, weight + size, taken + 1
    return taken if taken >= 2 else 0


def _shorten(found: Fragmented, observe: Observe) -> bool:
    count = neighbours(found.rows, found.sizes)
    if not count:
        return False
    replaced = found.manifest[-count:]
    with tempfile.TemporaryDirectory(prefix="compact-", dir=unfinished()) as name:
        written = Path(name) / "whole.parquet"
        rows, report = _write(replaced, written)
        sha256, size = datasets.adopt_segment(written)
        if not _carry_states(found, count, sha256, report):
            observe(sha256, report, Path(name))
    return _put(found, replaced, NewSegment(sha256, rows, size))


# ------------------------------------------------------------------ rows


def _write(segments: Sequence[str], target: Path) -> tuple[int, dict[str, Any]]:
    """Write the rows of segments, one after another, with their reports added up; returns how many, and the report."""
    paths = [datasets.existing_segment(sha256) for sha256 in segments]
    report: dict[str, Any] = reduce(merged, (segment_report(path).to_dict() for path in paths), {})
    forms = [pq.read_schema(path).remove_metadata() for path in paths]
    form = pa.unify_schemas(forms, promote_options="permissive")
    rows = 0
    with pq.ParquetWriter(target, form, compression="zstd", write_statistics=False) as writer:
        for group in _groups(paths, form):
            writer.write_table(group, row_group_size=ROW_GROUP)
            rows += group.num_rows
        writer.add_key_value_metadata({METADATA_KEY: json.dumps(report, sort_keys=True).encode()})
    return rows, report


def _groups(paths: Sequence[Path], form: pa.Schema) -> Iterator[pa.Table]:
    """The rows of files as tables for a row group each."""
    pieces: list[pa.Table] = []
    rows = size = 0
    for piece in _pieces(paths, form):
        if pieces and (rows + piece.num_rows > ROW_GROUP or size >= PIECE_BYTES):
            yield pa.concat_tables(pieces).unify_dictionaries()
            pieces, rows, size = [], 0, 0
        pieces.append(piece)
        rows, size = rows + piece.num_rows, size + piece.nbytes
    if pieces:
        yield pa.concat_tables(pieces).unify_dictionaries()


def _pieces(paths: Sequence[Path], form: pa.Schema) -> Iterator[pa.Table]:
    for path in paths:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(PIECE_ROWS, use_threads=False):
                yield _in_form(pa.Table.from_batches([batch]), form)


def _in_form(table: pa.Table, form: pa.Schema) -> pa.Table:
    """The same rows with the columns of a wider form; those that the table lacks are null."""
    names = set(table.column_names)
    columns = [
        table.column(column.name).cast(column.type) if column.name in names else pa.nulls(len(table), column.type)
        for column in form
    ]
    return pa.Table.from_arrays(columns, schema=form)


# ------------------------------------------------------------------ states


def _carry_states(found: Fragmented, count: int, sha256: str, report: Mapping[str, Any]) -> bool:
    """Combine the states of the last `count` segments into those of the new one, as far as they are all there.

    False where those of the answer are not: one of the segments was never observed for it.
    """
    for place, what in enumerate([*beginnings(report), *lately.asked(found.dataset_id)]):
        try:
            _carry(found.manifest, count, sha256, what)
        except StatesMissingError:
            if place == 0:
                return False
    return True


def _carry(manifest: Sequence[str], count: int, sha256: str, what: Observed) -> None:
    whole = what.analysis.to_bytes(folded(manifest, what))
    if count == len(manifest):
        datasets.write_state(what.key(sha256), whole)
    else:
        datasets.write_state(what.key(sha256), _combined(manifest[-count:], what))
        datasets.write_fold(what.fold_key([*manifest[:-count], sha256]), whole)


def _combined(segments: Sequence[str], what: Observed) -> bytes:
    whole: Any = None
    for sha256 in segments:
        content = datasets.read_state(what.key(sha256))
        if content is None:
            raise StatesMissingError([sha256])
        state = what.analysis.from_bytes(content)
        whole = state if whole is None else what.analysis.combine(whole, state)
    return what.analysis.to_bytes(whole)


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
