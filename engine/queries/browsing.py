"""Answers of a policy browsed: all rows of a version in whatever order, found by text, one prompt through its steps.

Rows are put in order by numbers alone; texts are read of the page that is shown, and where text is sought for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from engine import cohort
from engine.access.visible import visible_dataset
from engine.errors import NotFound, UsageError
from engine.queries import segments
from engine.queries.datasets import VersionOf, version_of
from engine.queries.several import MOST_DATASETS
from engine.store.datasets import existing_segment
from engine.types import Who

GAP = "gap"
"""The reward less the gold reward."""

PLAIN = ("reward", "gold", "advantage", "kl", "entropy", "length", "truncated", "step")
COMPONENT = "reward."
TEXTS = ("prompt_text", "text")
MOST_SHOWN, MOST_FOLLOWED, LONGEST_SOUGHT = 200, 5_000, 200

_SIGNS = re.compile(r"([\\.+*?()|\[\]{}^$#&~-])")
"""What means something in a pattern."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rows: of the cohort `where`, holding the text `find`; by `sort`, from the `skip`-th on, `size` of them."""

    sort: str = "reward"
    descending: bool = True
    where: str = ""
    find: str = ""
    skip: int = 0
    size: int = 50

    def __post_init__(self) -> None:
        if not (self.sort in (*PLAIN, GAP) or self.sort.startswith(COMPONENT)):
            raise UsageError(f"Rows are not sorted by {self.sort!r}.", code="sort")
        if not (0 <= self.skip < 2**31 and 0 < self.size <= MOST_SHOWN):
            raise UsageError(f"From 1 to {MOST_SHOWN} rows are shown at a time.", code="size")
        if len(self.find) > LONGEST_SOUGHT:
            raise UsageError(f"A text of at most {LONGEST_SOUGHT} characters is sought for.", code="find")


@dataclass(frozen=True, slots=True)
class Browsed:
    """A page of rows as plain values, in order; `total` rows are meant; `fields` of all rows are not empty."""

    rows: list[dict[str, Any]]
    total: int
    fields: tuple[str, ...]


def browse(who: Who, dataset_ids: Sequence[int], asked: Asked) -> Browsed:
    """A page of the newest versions' rows; those without a value to sort by come last, equal ones as they lie.

    Raises UsageError for a cohort that is none and too many datasets, NotFound for a dataset that is not there.
    """
    versions = _versions(who, dataset_ids)
    names = {GAP: ("reward", "gold")}.get(asked.sort, (asked.sort,))
    hashes: list[NDArray[np.uint64]] = [np.empty(0, np.uint64)]
    keys: list[Numbers] = [np.empty(0)]
    for table in _tables(versions, names, asked.where, asked.find):
        hashes.append(table.column("row_hash").to_numpy())
        keys.append(_key(table, names))
    row_hash, key = np.concatenate(hashes), np.concatenate(keys)
    order = np.argsort(-key if asked.descending else key, kind="stable")
    shown = row_hash[order[asked.skip : asked.skip + asked.size]].tolist()
    fields = sorted({field for version in versions for field in version.report.get("fields", [])})
    return Browsed(segments.rows_by_hash(_manifest(versions), shown), len(key), tuple(fields))


def single(who: Who, dataset_ids: Sequence[int], row_hash: int) -> dict[str, Any]:
    """One row with everything the source said of it, its tokens too. Raises NotFound."""
    for sha256 in _manifest(_versions(who, dataset_ids)) if 0 <= row_hash < 2**64 else ():
        wanted = pl.col("row_hash") == pl.lit(row_hash, pl.UInt64)
        found = pl.scan_parquet(existing_segment(sha256), parallel="prefiltered", glob=False).filter(wanted).collect()
        if len(found):
            tokens = found.get_column("tokens")[0] if "tokens" in found.columns else None
            return segments.plain(found.row(0, named=True)) | ({"tokens": tokens} if tokens else {})
    raise NotFound("There is no such row any more.", code="no_row")


def followed(who: Who, dataset_ids: Sequence[int], prompt: str, where: str = "") -> list[dict[str, Any]]:
    """The rows of one prompt in the order of their steps, without texts: at most 5,000."""
    one = cohort.together(cohort.one_of("prompt", [prompt]), where)
    names = ("step", "reward", "gold", "length", "kl")
    found: list[dict[str, Any]] = []
    for table in _tables(_versions(who, dataset_ids), names, one, ""):
        held = [name for name in ("row_hash", "run", *names) if name in table.column_names]
        found += table.select(held).slice(0, MOST_FOLLOWED - len(found)).to_pylist()
    return sorted(found, key=lambda row: (row.get("step") is None, row.get("step") or 0))


def _versions(who: Who, dataset_ids: Sequence[int]) -> list[VersionOf]:
    if not 0 < len(dataset_ids) <= MOST_DATASETS:
        raise UsageError(f"Rows are shown of one to {MOST_DATASETS} datasets.", code="datasets")
    return [version_of(visible_dataset(who, dataset_id), None) for dataset_id in dataset_ids]


def _manifest(versions: Sequence[VersionOf]) -> list[str]:
    return list(chain.from_iterable(version.manifest for version in versions))


def _tables(versions: Sequence[VersionOf], names: Sequence[str], where: str, find: str) -> Iterator[pa.Table]:
    """Of each segment these columns, as far as it has them, of the rows that are meant."""
    chosen = cohort.parse(where)
    for sha256 in _manifest(versions):
        with pq.ParquetFile(existing_segment(sha256)) as segment:
            held = segment.schema_arrow.names
            wanted = ["row_hash", "run", *names, *(chosen.stored(held) if chosen else ())]
            columns = [name for name in dict.fromkeys(wanted) if name in held]
            table = segment.read(columns=columns, use_threads=False)
        meant = chosen.mask(table) if chosen is not None else np.ones(len(table), np.bool_)
        if find.strip():
            meant = meant & _holding(sha256, [name for name in TEXTS if name in held], find.strip())
        yield table if meant.all() else table.filter(pa.array(meant))


def _holding(sha256: str, columns: Sequence[str], sought: str) -> NDArray[np.bool_]:
    """Which rows of a segment hold a text in one of these columns, in whatever case."""
    pattern = "(?i)" + _SIGNS.sub(r"\\\1", sought)
    found = [pl.col(name).str.contains(pattern).fill_null(False) for name in columns]
    scan = pl.scan_parquet(existing_segment(sha256), glob=False)
    held = scan.select(pl.any_horizontal(pl.lit(False), *found).alias("held")).collect()
    return np.asarray(held.get_column("held").to_numpy(), np.bool_)


def _key(table: pa.Table, names: Sequence[str]) -> Numbers:
    """What rows are sorted by, NaN where it is not known; of two columns their difference."""
    if any(name not in table.column_names for name in names):
        return np.full(len(table), np.nan)
    found = [np.asarray(pc.fill_null(table.column(name).cast(pa.float64()), np.nan).to_numpy()) for name in names]
    return found[0] - found[1] if len(found) > 1 else found[0]
