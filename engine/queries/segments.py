"""Single rows of segments, found by their content hash wherever they lie, or by what stands in their columns."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from engine.cohort import Cohort
from engine.store.datasets import existing_segment

SLICE_PREFIX = "slice."
STYLE_PREFIX = "style."
NOT_SHOWN = ("bucket", "prompt_hash")
TOKENS = "tokens"
"""What is said of each token is long, and read of a single row only."""

CACHED_ROWS = 2_000

_lock = threading.Lock()
_rows: OrderedDict[tuple[str, int], dict[str, Any]] = OrderedDict()


def rows_by_hash(manifest: Sequence[str], hashes: Sequence[int]) -> list[dict[str, Any]]:
    """The rows with these hashes, in that order: what is known of each as plain values, slice columns under `slices`.

    Only segments that hold one are read, and of those only the pages that do. Hashes that nothing has are left out.
    """
    wanted = set(hashes)
    found: dict[int, dict[str, Any]] = {}
    for sha256 in manifest:
        if not wanted:
            break
        for row_hash, row in _segment_rows(sha256, wanted).items():
            found[row_hash] = row
            wanted.discard(row_hash)
    return [found[row_hash] for row_hash in hashes if row_hash in found]


def hashes_of(manifest: Sequence[str], chosen: Cohort, most: int) -> tuple[list[int], int]:
    """The hashes of the first `most` rows that belong to a cohort, in the order of the data, and how many belong."""
    hashes: list[int] = []
    total = 0
    for sha256 in manifest:
        with pq.ParquetFile(existing_segment(sha256)) as segment:
            columns = [*chosen.stored(segment.schema_arrow.names), "row_hash"]
            for group in range(segment.num_row_groups):
                table = segment.read_row_group(group, columns=columns, use_threads=False)
                places = np.flatnonzero(chosen.mask(table))
                total += len(places)
                hashes += table.column("row_hash").take(places[: most - len(hashes)]).to_pylist()
    return hashes, total


def count_rows(manifest: Sequence[str]) -> int:
    """How many rows the segments hold together, from their footers."""
    lengths = (pl.scan_parquet(existing_segment(sha256), glob=False).select(pl.len()) for sha256 in manifest)
    return sum(int(length.collect().item()) for length in lengths)


def _segment_rows(sha256: str, wanted: set[int]) -> dict[int, dict[str, Any]]:
    with _lock:
        cached = {row_hash: _rows[(sha256, row_hash)] for row_hash in wanted if (sha256, row_hash) in _rows}
    missing = wanted - cached.keys()
    read = _read(sha256, missing) if missing else {}
    with _lock:
        for row_hash, row in read.items():
            _rows[(sha256, row_hash)] = row
        while len(_rows) > CACHED_ROWS:
            _rows.popitem(last=False)
    return {**cached, **read}


def _read(sha256: str, wanted: set[int]) -> dict[int, dict[str, Any]]:
    path = existing_segment(sha256)
    keys = pl.Series("row_hash", sorted(wanted), dtype=pl.UInt64)
    scan = pl.scan_parquet(path, parallel="prefiltered", glob=False)
    frame = scan.drop(TOKENS, strict=False).filter(pl.col("row_hash").is_in(keys.implode())).collect()
    return {int(row["row_hash"]): plain(row) for row in frame.unique("row_hash", keep="first").to_dicts()}


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row as plain values: what is known of it, slice columns under `slices`."""
    known = {
        key: value
        for key, value in row.items()
        if value is not None and key not in (*NOT_SHOWN, TOKENS) and not key.startswith(STYLE_PREFIX)
    }
    slices = {key.removeprefix(SLICE_PREFIX): known.pop(key) for key in list(known) if key.startswith(SLICE_PREFIX)}
    return {**known, "slices": slices}
