"""Canonical rows: the one form every file is turned into, its schemas, hashes and numeric view.

What a row is called by (`prompt_hash`, `bucket`, `row_hash`) is stable for ever; a golden test pins it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.formats.hashing import Hashes, Occurrences, hash_rows, hash_texts, mix, numbered
from engine.types import FINE_BUCKETS, Kind, Rows

ROW_GROUP = 65_536
SLICE_PREFIX = "slice."
SLICE_TYPE = pa.dictionary(pa.int32(), pa.string())
METADATA_KEY = b"plumbline"

_KEYS = [("row_hash", pa.uint64()), ("bucket", pa.uint16()), ("prompt_hash", pa.uint64()), ("prompt", pa.string())]
_TIME = pa.timestamp("us", "UTC")

_FIELDS: Mapping[Kind, list[tuple[str, pa.DataType]]] = {
    "comparison": [
        *_KEYS,
        ("margin", pa.float64()),
        ("label", pa.float64()),
        ("score_a", pa.float64()),
        ("score_b", pa.float64()),
        ("votes", pa.int32()),
        ("first", pa.int8()),
        ("step", pa.int64()),
        ("time", _TIME),
        ("judge", pa.string()),
        ("annotator", pa.string()),
        ("item_a", pa.string()),
        ("item_b", pa.string()),
        ("length_a", pa.int32()),
        ("length_b", pa.int32()),
        ("prompt_text", pa.string()),
        ("text_a", pa.string()),
        ("text_b", pa.string()),
        ("source_line", pa.int64()),
    ],
    "score": [
        *_KEYS,
        ("item", pa.string()),
        ("judge", pa.string()),
        ("value", pa.float64()),
        ("truth", pa.float64()),
        ("step", pa.int64()),
        ("time", _TIME),
        ("length", pa.int32()),
        ("prompt_text", pa.string()),
        ("text", pa.string()),
        ("source_line", pa.int64()),
    ],
    "curve": [
        *_KEYS[:2],
        ("run", pa.string()),
        ("step", pa.int64()),
        ("time", _TIME),
        ("metric", pa.string()),
        ("source", pa.string()),
        ("unit", pa.string()),
        ("value", pa.float64()),
        ("source_line", pa.int64()),
    ],
    "rollout": [
        *_KEYS,
        ("run", pa.string()),
        ("step", pa.int64()),
        ("time", _TIME),
        ("reward", pa.float64()),
        ("kl", pa.float64()),
        ("entropy", pa.float64()),
        ("length", pa.int32()),
        ("truncated", pa.int8()),
        ("prompt_text", pa.string()),
        ("text", pa.string()),
        ("source_line", pa.int64()),
    ],
}

_NOT_CONTENT = frozenset({"row_hash", "bucket", "prompt_hash", "prompt_text", "source_line"})
_PROSE = ("text_a", "text_b", "text")
"""Long texts are hashed together; that of the prompt is left out, since `prompt` names it."""


class Columns(Protocol):
    """Canonical columns on their way into a table: floats with NaN for null, or Arrow arrays."""

    lines: NDArray[np.int64]
    columns: dict[str, Any]
    slices: dict[str, pa.Array]


def schema(kind: Kind, slices: Sequence[str] = ()) -> pa.Schema:
    """The Arrow schema of canonical rows of `kind` with these slice columns."""
    fields = [pa.field(name, form) for name, form in _FIELDS[kind]]
    return pa.schema([*fields, *(pa.field(SLICE_PREFIX + name, SLICE_TYPE) for name in slices)])


def build(kind: Kind, draft: Columns, occurrences: Occurrences | None) -> pa.Table:
    """A table of canonical rows, hashes and buckets added.

    Equal rows are told apart by their occurrence number, or by their line where `occurrences` is None (a followed file,
    of which earlier parts are not read again).
    """
    size = len(draft.lines)
    form = schema(kind, list(draft.slices))
    filled: dict[str, pa.Array] = {}
    for field in form:
        if field.name.startswith(SLICE_PREFIX):
            filled[field.name] = draft.slices[field.name.removeprefix(SLICE_PREFIX)]
        else:
            filled[field.name] = _typed(draft.columns.get(field.name), field.type, size)
    filled["source_line"] = pa.array(draft.lines)
    filled.update(_hashes(filled, _hashed(filled, draft), occurrences, draft.lines))
    return pa.table([filled[field.name] for field in form], schema=form)


def _typed(values: Any, form: pa.DataType, size: int) -> pa.Array:
    """The column in its canonical type; NaN and a missing column become null."""
    if values is None:
        return pa.nulls(size, form)
    if isinstance(values, np.ndarray):
        numbers = pa.array(values, mask=np.isnan(values))
        return numbers if pa.types.is_float64(form) else pc.cast(numbers, form, safe=False)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    return values if values.type.equals(form) else pc.cast(values, form)


def _hashed(filled: Mapping[str, pa.Array], draft: Columns) -> dict[str, Hashes]:
    """The hashes of the prompts' names, which are needed twice; whole numbers are not read from their texts again."""
    if "prompt" not in filled:
        return {}
    given = draft.columns.get("prompt")
    whole = isinstance(given, pa.Array) and pa.types.is_signed_integer(given.type)
    return {"prompt": hash_texts(given if whole else filled["prompt"])}


def _hashes(
    filled: Mapping[str, pa.Array], hashed: dict[str, Hashes], occurrences: Occurrences | None, lines: NDArray[np.int64]
) -> dict[str, Any]:
    content = {
        name: values
        for name, values in filled.items()
        if name not in _NOT_CONTENT and name not in _PROSE and not name.startswith(SLICE_PREFIX)
    }
    plain = hash_rows(content, [filled[name] for name in _PROSE if name in filled], len(lines), hashed)
    rows = numbered(plain, lines if occurrences is None else occurrences.number(plain))
    prompts = rows
    if "prompt" in filled:
        known = pc.is_valid(filled["prompt"]).to_numpy(zero_copy_only=False)
        prompts = np.where(known, mix(hashed["prompt"]), rows)
    return {
        "row_hash": pa.array(rows),
        "prompt_hash": pa.array(prompts),
        "bucket": pa.array((prompts % np.uint64(FINE_BUCKETS)).astype(np.uint16)),
    }


# ------------------------------------------------------------------ the numeric view

_VIEW: Mapping[Kind, Mapping[str, tuple[type[Any], float]]] = {
    "comparison": {
        "row_hash": (np.uint64, 0),
        "bucket": (np.uint16, 0),
        "prompt_hash": (np.uint64, 0),
        "margin": (np.float64, np.nan),
        "label": (np.float64, np.nan),
        "votes": (np.int32, 1),
        "first": (np.int8, -1),
        "step": (np.int64, -1),
    },
    "score": {
        "row_hash": (np.uint64, 0),
        "bucket": (np.uint16, 0),
        "prompt_hash": (np.uint64, 0),
        "value": (np.float64, np.nan),
        "truth": (np.float64, np.nan),
        "step": (np.int64, -1),
    },
    "curve": {
        "row_hash": (np.uint64, 0),
        "bucket": (np.uint16, 0),
        "value": (np.float64, np.nan),
        "step": (np.int64, -1),
    },
    "rollout": {
        "row_hash": (np.uint64, 0),
        "bucket": (np.uint16, 0),
        "prompt_hash": (np.uint64, 0),
        "reward": (np.float64, np.nan),
        "kl": (np.float64, np.nan),
        "step": (np.int64, -1),
    },
}


def kind_of(form: pa.Schema) -> Kind:
    """Which kind of canonical rows a schema holds.

    Raises:
        ValueError: if it is none.
    """
    for kind, fields in _FIELDS.items():
        if [name for name, _ in fields] == [name for name in form.names if not name.startswith(SLICE_PREFIX)]:
            return kind
    raise ValueError("not a table of canonical rows")


def view_columns(form: pa.Schema) -> list[str]:
    """The columns of a segment that `to_rows` needs: what to ask a Parquet file for."""
    return [*_VIEW[kind_of(form)], *(name for name in form.names if name.startswith(SLICE_PREFIX))]


def to_rows(table: pa.Table, kind: Kind | None = None) -> Rows:
    """The numeric view of canonical rows, as analyses read it.

    Args:
        table: canonical rows; with `kind` given, the columns of `view_columns` suffice.
        kind: the kind of the rows, known from the schema where it is whole.
    """
    kind = kind or kind_of(table.schema)
    columns = {}
    for name, (form, missing) in _VIEW[kind].items():
        values = table.column(name)
        if values.null_count:
            values = pc.fill_null(values, pa.scalar(missing, values.type))
        columns[name] = values.to_numpy().astype(form, copy=False)
    slices = {
        name.removeprefix(SLICE_PREFIX): _codes(table.column(name))
        for name in table.column_names
        if name.startswith(SLICE_PREFIX)
    }
    return Rows(kind=kind, columns=columns, slices=slices)


def _codes(column: pa.ChunkedArray) -> tuple[NDArray[np.int32], list[str]]:
    """Codes into the sorted values of a slice column, −1 for null."""
    if not pa.types.is_dictionary(column.type):
        column = column.cast(SLICE_TYPE)
    whole = column.unify_dictionaries().combine_chunks()
    chunk = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    words = chunk.dictionary.to_pylist()
    values = sorted(word for word in words if word is not None)
    place = {word: code for code, word in enumerate(values)}
    table = np.array([place.get(word, -1) for word in words] + [-1], np.int32)
    indices = pc.fill_null(chunk.indices, len(words)).to_numpy(zero_copy_only=False)
    return table[indices], values
