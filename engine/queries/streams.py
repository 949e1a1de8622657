"""All rows of one or several datasets, or of a cohort of them, as tables one after another: never held together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine import cohort
from engine.access.visible import visible_dataset
from engine.cohort import Cohort
from engine.errors import UsageError
from engine.queries.datasets import VersionOf, version_of
from engine.queries.segments import NOT_SHOWN, TOKENS
from engine.queries.several import MOST_DATASETS
from engine.store.datasets import existing_segment
from engine.types import Who

TABLE_ROWS, TABLE_BYTES = 65_536, 16 << 20
"""What a table holds at most: rows with long texts are fewer."""

FEWEST = 64
LOOKED_AT = 2_048

NAME = "dataset"
"""The column that says which dataset a row is of, where there are several."""


class _Source(NamedTuple):
    name: str
    version: VersionOf


def stream_rows(who: Who, ids: Sequence[int], where: str = "", version: int | None = None) -> Iterator[pa.Table]:
    """The canonical rows of these datasets that belong to the cohort `where` (all for an empty one), in their order.

    Every table has the same columns: those in which anything stands. Rights are checked, and everything refused that
    can be, before this returns. `version` is for a single dataset; without it the newest counts. At least one table
    comes, which may be empty.

    Raises UsageError for no cohort, none or too many datasets; NotFound for a dataset or version that is not there.
    """
    if len({*ids}) < len(ids) or not 0 < len(ids) <= MOST_DATASETS:
        raise UsageError(f"Rows are taken of one to {MOST_DATASETS} different datasets.", code="datasets")
    if version is not None and len(ids) > 1:
        raise UsageError("A version is of one dataset.", code="datasets")
    chosen = cohort.parse(where)
    sources = []
    for dataset_id in ids:
        dataset = visible_dataset(who, dataset_id)
        sources.append(_Source(dataset.name, version_of(dataset, version)))
    form = _form(sources)
    return _tables(sources, form, chosen)


def _form(sources: Sequence[_Source]) -> pa.Schema:
    """The columns of all segments together in which anything stands, in the order of the first segment."""
    kinds: dict[str, pa.DataType] = {NAME: pa.string()} if len(sources) > 1 else {}
    for sha256 in dict.fromkeys(sha256 for source in sources for sha256 in source.version.manifest):
        with pq.ParquetFile(existing_segment(sha256)) as segment:
            for field in segment.schema_arrow:
                shown = field.name not in kinds and field.name not in (*NOT_SHOWN, TOKENS)
                if shown and _holds_anything(segment, field.name):
                    kinds[field.name] = field.type
    return pa.schema(list(kinds.items()))


def _holds_anything(segment: pq.ParquetFile, column: str) -> bool:
    """Whether a column has a value. Footers do not count gaps, so the column is read up to its first one."""
    batches = segment.iter_batches(LOOKED_AT, columns=[column], use_threads=False)
    return any(batch.column(0).null_count < len(batch) for batch in batches)


def _tables(sources: Sequence[_Source], form: pa.Schema, chosen: Cohort | None) -> Iterator[pa.Table]:
    some = False
    for source in sources:
        for sha256 in source.version.manifest:
            for table in _of_segment(sha256, form.names, chosen):
                some = True
                yield _shaped(table, form, source.name)
    if not some:
        yield form.empty_table()


def _of_segment(sha256: str, shown: Sequence[str], chosen: Cohort | None) -> Iterator[pa.Table]:
    """The rows of a segment that belong, in what is shown and what the cohort looks at."""
    with pq.ParquetFile(existing_segment(sha256)) as segment:
        names = segment.schema_arrow.names
        needed = {*shown, *(chosen.stored(names) if chosen else ())}
        wanted = [name for name in names if name in needed]
        for batch in segment.iter_batches(_at_once(segment.metadata), columns=wanted, use_threads=False):
            table = _chosen(pa.Table.from_batches([batch]), chosen)
            if len(table):
                yield table


def _at_once(footer: Any) -> int:
    """Rows of a table, by how many bytes one has on average."""
    size = sum(footer.row_group(place).total_byte_size for place in range(footer.num_row_groups))
    return int(min(TABLE_ROWS, max(FEWEST, TABLE_BYTES * footer.num_rows // max(size, 1))))


def _chosen(table: pa.Table, chosen: Cohort | None) -> pa.Table:
    return table if chosen is None else table.take(pa.array(np.flatnonzero(chosen.mask(table))))


def _shaped(table: pa.Table, form: pa.Schema, name: str) -> pa.Table:
    """The table in the columns of all; what it does not have is empty."""
    columns: list[Any] = []
    for field in form:
        if field.name == NAME and NAME not in table.column_names:
            columns.append(pa.repeat(pa.scalar(name), len(table)))
        elif field.name in table.column_names:
            found = table.column(field.name)
            columns.append(found if found.type == field.type else pc.cast(found, field.type))
        else:
            columns.append(pa.nulls(len(table), field.type))
    return pa.table(dict(zip(form.names, columns, strict=True)))
