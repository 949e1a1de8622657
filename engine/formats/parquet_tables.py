"""Parquet as batches of Arrow columns, refused before it can unpack to more than the limits allow."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.formats.batches import ColumnBatch
from engine.formats.limits import MIB
from engine.formats.parquet_footer import values_per_row
from engine.formats.source import Source
from engine.words import amount

ROWS_PER_BATCH = 65_536
NUMERIC_ROWS_PER_BATCH = 1_048_576
_OBJECT_BYTES = 64
_VALUES_AT_ONCE = 1_048_576


def open_parquet(source: Source) -> pq.ParquetFile:
    """Open a Parquet file; texts stay dictionary-encoded until their size is known.

    Raises:
        InputRefused: damaged.
        LimitExceeded: more rows or columns than the limits allow.
    """
    try:
        metadata = pq.read_metadata(source.stream)
        texts = [
            metadata.schema.column(place).path
            for place in range(metadata.num_columns)
            if metadata.schema.column(place).physical_type == "BYTE_ARRAY"
        ]
    except (pa.ArrowException, OSError, ValueError, UnicodeError) as error:
        raise source.refuse("the Parquet file is damaged", "parquet_damaged") from error
    _check(source, metadata)
    try:
        return pq.ParquetFile(source.stream, read_dictionary=texts, pre_buffer=False, page_checksum_verification=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise source.refuse("the Parquet file is damaged", "parquet_damaged") from error


def _check(source: Source, metadata: pq.FileMetaData) -> None:
    limits = source.limits
    if metadata.num_columns > limits.columns:
        raise source.exceeds(
            f"{amount(metadata.num_columns, 'column')}, more than {limits.columns}", "too_many_columns"
        )
    if metadata.num_rows > limits.rows:
        raise source.exceeds(f"{amount(metadata.num_rows, 'row')}, more than {limits.rows}", "too_many_rows")


def _batch_rows(source: Source, opened: pq.ParquetFile) -> int:
    """How many rows to decode at once, so that lists with many values a row stay within bounds."""
    nested = any(pa.types.is_nested(field.type) for field in opened.schema_arrow)
    heaviest = values_per_row(source.stream) if nested else 1.0
    if heaviest > _VALUES_AT_ONCE:
        raise source.exceeds(f"a row holds {amount(heaviest, 'value')}", "parquet_bomb")
    numeric = all(not _holds_text(field.type) for field in opened.schema_arrow)
    return min(NUMERIC_ROWS_PER_BATCH if numeric else ROWS_PER_BATCH, max(1, int(_VALUES_AT_ONCE / heaviest)))


def read_parquet(source: Source) -> Iterator[ColumnBatch]:
    """Rows of a Parquet file in batches whose decoded texts stay below the limit; a row's line is its number."""
    opened = open_parquet(source)
    done = total = 0
    try:
        size = _batch_rows(source, opened)
        for encoded in opened.iter_batches(batch_size=size, use_threads=False):
            encoded.validate(full=True)
            for batch in _pieces(source, encoded):
                total += sum(_width(column) for column in batch.columns)
                if total > source.limits.total_bytes:
                    raise source.exceeds("unpacks to more than the limit", "parquet_bomb")
                names = batch.schema.names
                columns = {name: _decoded(batch.column(place)) for place, name in enumerate(names)}
                yield ColumnBatch(columns, np.arange(done + 1, done + 1 + batch.num_rows))
                done += batch.num_rows
    except (pa.ArrowException, OSError, ValueError, UnicodeError, OverflowError) as error:
        raise source.refuse("the Parquet file is damaged", "parquet_damaged", line=done + 1) from error


def _pieces(source: Source, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in pieces that decode within the limit."""
    width = sum(_width(column) for column in batch.columns)
    limit = source.limits.batch_bytes
    if width <= limit:
        yield batch
    elif batch.num_rows <= 1 or width > 64 * limit:
        raise source.exceeds(f"{amount(batch.num_rows, 'row')} of {width // MIB} MiB of text unpacked", "parquet_bomb")
    else:
        half = batch.num_rows // 2
        yield from _pieces(source, batch.slice(0, half))
        yield from _pieces(source, batch.slice(half))


def _holds_text(form: pa.DataType) -> bool:
    return not (pa.types.is_primitive(form) or pa.types.is_null(form))


def _width(column: pa.Array) -> int:
    """Bytes the column holds once its dictionaries are decoded; values in lists cost what Python objects do."""
    if pa.types.is_dictionary(column.type):
        sizes = pc.binary_length(column.dictionary) if _is_text(column.type.value_type) else None
        if sizes is None:
            return int(column.nbytes)
        return int(pc.sum(pc.take(sizes.cast(pa.int64()), column.indices)).as_py() or 0)
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        inner = column.flatten()
        return _OBJECT_BYTES * len(inner) + _width(inner)
    if pa.types.is_struct(column.type):
        return sum(_width(column.field(place)) for place in range(column.type.num_fields))
    return int(column.nbytes)


def _is_text(form: pa.DataType) -> bool:
    return bool(pa.types.is_string(form) or pa.types.is_large_string(form) or pa.types.is_binary(form))


def _decoded(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
