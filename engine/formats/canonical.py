"""Canonical rows: the one form every file is turned into, its schemas, hashes and numeric view.

What a row is called by (`prompt_hash`, `bucket`, `row_hash`) is stable for ever; a golden test pins it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine import cohort
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

STYLE_PREFIX = "style."
"""`style.<feature>.a` and `.b` of a pair, `style.<feature>` of a single answer: float64, where a file has them."""

CONFIG_PREFIX, REWARD_PREFIX = "config.", "reward."
NUMBER_PREFIXES = (CONFIG_PREFIX, REWARD_PREFIX)
"""`config.<name>` of a run, on every point of its curves; `reward.<name>` of a rollout, a component of its reward: both
float64, where a file has them."""

_OPTIONAL: Mapping[Kind, Mapping[str, pa.DataType]] = {
    "comparison": {"verdict": pa.float64(), "outcome": pa.string()},
    "score": {"annotator": pa.string()},
    "rollout": {"gold": pa.float64(), "advantage": pa.float64(), "tokens": pa.string()},
}
"""Columns that only files have which need them, after the fixed ones; `verdict` is a judge's own P(a preferred),
`outcome` the file's own word where it says more than a label ("both bad", "a-is-slightly-better"); `gold` is the reward
by what is held to be the truth, `tokens` a JSON object of lists, one entry a token: `token`, and where known `logprob`,
`ref_logprob`, `value`, `reward`."""

_NOT_CONTENT = frozenset({"row_hash", "bucket", "prompt_hash", "prompt_text", "source_line", "tokens"})
_PROSE = ("text_a", "text_b", "text")
"""Long texts are hashed together; that of the prompt is left out, since `prompt` names it."""


class Columns(Protocol):
    """Canonical columns on their way into a table: floats with NaN for null, or Arrow arrays."""

    lines: NDArray[np.int64]
    columns: dict[str, Any]
    slices: dict[str, pa.Array]


def schema(kind: Kind, slices: Sequence[str] = (), more: Sequence[str] = ()) -> pa.Schema:
    """The Arrow schema of canonical rows of `kind` with these slice columns, and `more` of the optional columns."""
    fields = [pa.field(name, form) for name, form in _FIELDS[kind]]
    fields += [pa.field(name, _OPTIONAL.get(kind, {}).get(name, pa.float64())) for name in more]
    return pa.schema([*fields, *(pa.field(SLICE_PREFIX + name, SLICE_TYPE) for name in slices)])


def optional(kind: Kind, names: Iterable[str]) -> list[str]:
    """Those of the names that are optional columns of this kind, in the order in which a schema has them."""
    known = _OPTIONAL.get(kind, {})
    return sorted(name for name in names if name in known or name.startswith((STYLE_PREFIX, *NUMBER_PREFIXES)))


def build(kind: Kind, draft: Columns, occurrences: Occurrences | None) -> pa.Table:
    """A table of canonical rows, hashes and buckets added.

    Equal rows are told apart by their occurrence number, or by their line where `occurrences` is None (a followed file,
    of which earlier parts are not read again).
    """
    size = len(draft.lines)
    given = {**draft.columns, **_characters(kind, draft.columns)}
    form = schema(kind, list(draft.slices), optional(kind, given))
    filled: dict[str, pa.Array] = {}
    for field in form:
        if field.name.startswith(SLICE_PREFIX):
            filled[field.name] = draft.slices[field.name.removeprefix(SLICE_PREFIX)]
        else:
            filled[field.name] = _typed(given.get(field.name), field.type, size)
    filled["source_line"] = pa.array(draft.lines)
    filled.update(_hashes(filled, _hashed(filled, draft), occurrences, draft.lines))
    return pa.table([filled[field.name] for field in form], schema=form)


_TEXTS: Mapping[Kind, tuple[tuple[str, str], ...]] = {
    "comparison": (("text_a", "style.characters.a"), ("text_b", "style.characters.b")),
    "score": (("text", "style.characters"),),
}


def _characters(kind: Kind, columns: Mapping[str, Any]) -> dict[str, pa.Array]:
    """How long the texts are, as a feature of their style, where the source does not say how long they are."""
    texts = _TEXTS.get(kind, ())
    if any(name in columns for name in _LENGTHS.get(kind, ())) or any(text not in columns for text, _ in texts):
        return {}
    return {
        style: pc.cast(pc.utf8_length(_typed(columns[text], pa.string(), 0)), pa.float64()) for text, style in texts
    }


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
        if name not in _NOT_CONTENT and name not in _PROSE and not name.startswith((SLICE_PREFIX, STYLE_PREFIX))
    }
    plain = hash_rows(content, [filled[name] for name in _PROSE if name in filled], len(lines), hashed)
    rows = numbered(plain, lines if occurrences is None else occurrences.number(plain))
    if occurrences is None:  # equal rows that were made of one line
        rows = numbered(rows, Occurrences().number(rows))
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


NAMES = ("item_a", "item_b", "item", "judge", "annotator", "run", "metric", "source", "unit")
SIDES = ("side_a", "side_b")
STYLES = "styles"
NUMBERS = "numbers"
_ON_DEMAND: Mapping[str, tuple[type[Any], float]] = dict.fromkeys(
    ("verdict", "time", "source_line", "gold", "advantage", "entropy", "length", "truncated"), (np.float64, np.nan)
)
"""What `to_rows` gives where it is asked for: names as codes, the two sides as hashes, all features of style, all
numbers that only some files have."""

_LENGTHS: Mapping[Kind, tuple[str, ...]] = {"comparison": ("length_a", "length_b"), "score": ("length",)}


def kind_of(form: pa.Schema) -> Kind:
    """Which kind of canonical rows a schema holds.

    Raises:
        ValueError: if it is none.
    """
    names = [name for name in form.names if not name.startswith((SLICE_PREFIX, STYLE_PREFIX, *NUMBER_PREFIXES))]
    for kind, fields in _FIELDS.items():
        fixed, more = names[: len(fields)], names[len(fields) :]
        if fixed == [name for name, _ in fields] and set(more) <= set(_OPTIONAL.get(kind, {})):
            return kind
    raise ValueError("not a table of canonical rows")


def view_columns(form: pa.Schema, reads: Sequence[str] = ()) -> list[str]:
    """The columns of a segment that `to_rows` needs for these `reads`: what to ask a Parquet file for."""
    kind = kind_of(form)
    wanted = {name for read in reads for name in _stored(kind, read)}
    wanted |= {name for name in form.names if name.startswith(SLICE_PREFIX)}
    if STYLES in reads:
        wanted |= {name for name in form.names if name.startswith(STYLE_PREFIX)}
    if NUMBERS in reads:
        wanted |= {name for name in form.names if name.startswith(NUMBER_PREFIXES)}
    return [*_VIEW[kind], *(name for name in form.names if name in wanted and name not in _VIEW[kind])]


def cohort_columns(form: pa.Schema, reads: Sequence[str], where: str) -> tuple[str, ...]:
    """The same, with those that decide which rows belong to a cohort."""
    chosen = cohort.parse(where)
    return tuple(dict.fromkeys([*view_columns(form, reads), *(chosen.stored(form.names) if chosen else ())]))


def _stored(kind: Kind, read: str) -> tuple[str, ...]:
    """The columns behind one thing that can be asked for."""
    if read == STYLES:
        return _LENGTHS.get(kind, ())
    if read in SIDES:
        side = read.removeprefix("side_")
        return (f"item_{side}", f"text_{side}")
    return (read,)


def to_rows(table: pa.Table, kind: Kind | None = None, reads: Sequence[str] = ()) -> Rows:
    """The numeric view of canonical rows, as analyses read it.

    Args:
        table: canonical rows; with `kind` given, the columns of `view_columns` suffice.
        kind: the kind of the rows, known from the schema where it is whole.
        reads: what an analysis needs besides (`Analysis.reads`); of it, what rows of this kind can have is there.
    """
    kind = kind or kind_of(table.schema)
    held = set(table.column_names)
    columns = {name: _numbers(table.column(name), *form) for name, form in _VIEW[kind].items()}
    for name in reads:
        if name in _ON_DEMAND and name in held:
            columns[name] = _numbers(table.column(name), *_ON_DEMAND[name])
        elif name in SIDES and kind == "comparison":
            columns[name] = _side(table, name.removeprefix("side_"))
    slices = {
        name.removeprefix(SLICE_PREFIX): _codes(table.column(name))
        for name in table.column_names
        if name.startswith(SLICE_PREFIX)
    }
    names = {name: _codes(table.column(name)) for name in reads if name in NAMES and name in held}
    styles = _styles(table, kind) if STYLES in reads else {}
    return Rows(kind, columns, slices, names, styles, _further(table) if NUMBERS in reads else {})


def _numbers(values: pa.ChunkedArray, form: type[Any], missing: float) -> NDArray[Any]:
    """A column of numbers; times become seconds."""
    if pa.types.is_timestamp(values.type):
        values = pc.divide(pc.cast(pc.cast(values, pa.int64()), pa.float64()), 1e6)
    if values.null_count:
        if np.isnan(missing) and not pa.types.is_floating(values.type):
            values = pc.cast(values, pa.float64())
        values = pc.fill_null(values, pa.scalar(missing, values.type))
    return np.asarray(values.to_numpy().astype(form, copy=False))


def _side(table: pa.Table, side: str) -> Hashes:
    """What stands on one side of each pair: the item's name, else its text, else only which side it is."""
    named, written = table.column(f"item_{side}"), table.column(f"text_{side}")
    known = pc.coalesce(named, written) if named.null_count else named
    return hash_texts(pc.fill_null(known, side).combine_chunks())


def _styles(table: pa.Table, kind: Kind) -> dict[str, tuple[NDArray[np.float64], ...]]:
    """Each feature of style that at least one row knows, of both sides of pairs."""
    sides = (".a", ".b") if kind == "comparison" else ("",)
    found = {"length": _LENGTHS.get(kind, ())}
    for name in table.column_names:
        if name.startswith(STYLE_PREFIX):
            feature = name.removeprefix(STYLE_PREFIX)
            feature = feature[:-2] if kind == "comparison" else feature
            found[feature] = tuple(f"{STYLE_PREFIX}{feature}{side}" for side in sides)
    return {
        feature: tuple(_numbers(table.column(name), np.float64, np.nan) for name in stored)
        for feature, stored in found.items()
        if stored
        and all(name in table.column_names for name in stored)
        and all(table.column(name).null_count < len(table) for name in stored)
    }


def _further(table: pa.Table) -> dict[str, NDArray[np.float64]]:
    """The numbers that only some files have, by column."""
    names = [name for name in table.column_names if name.startswith(NUMBER_PREFIXES)]
    return {name: _numbers(table.column(name), np.float64, np.nan) for name in names}


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
