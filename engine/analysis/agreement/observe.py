"""One pass over a segment of rows: the observing half of agreement."""

from __future__ import annotations

import hashlib

import numpy as np

from engine.analysis.agreement.state import FIELDS, AgreementState, codes, empty_state
from engine.analysis.arrays import Flags, Floats, Hashes
from engine.analysis.shapes import UnitSums
from engine.analysis.sides import mixed, unit_of
from engine.analysis.slicing import SLICE_VALUES
from engine.errors import InputRefused
from engine.types import Coded, Rows

CODE_BITS = np.uint64(32)


def observe(rows: Rows) -> AgreementState:
    """The state of one segment. Rows without a rater or a label are counted and left out.

    Raises InputRefused for labels outside [0, 1] and values that are infinite.
    """
    raters = _raters(rows)
    if not len(rows) or raters is None:
        return empty_state(rows.kind)
    values = np.asarray(rows.columns["label" if rows.kind == "comparison" else "value"], float)
    kept = (raters[0] >= 0) & ~np.isnan(values)
    _check(rows.kind, values[kept])
    unit, swapped = _units(rows)
    fields = _fields(rows, np.where(swapped, 1 - values, values) if rows.kind == "comparison" else values, swapped)
    columns = {name: coded for name, coded in sorted(rows.slices.items()) if len(coded[1]) <= SLICE_VALUES}
    fields += [codes(names)[numbers] for numbers, names in columns.values()]
    judgments = UnitSums.of_rows(
        raters[1],
        unit[kept],
        raters[0][kept].astype(np.int64),
        rows.columns["bucket"][kept].astype(np.int64),
        [values[kept] for values in fields],
    )
    return AgreementState(
        rows.kind,
        judgments,
        tuple(sorted({name for side in ("item_a", "item_b") for name in rows.names.get(side, ((), ()))[1]})),
        {name: tuple(sorted(names)) for name, (_, names) in columns.items()},
        frozenset(rows.slices) - frozenset(columns),
        int(np.count_nonzero(~kept)),
    )


def _raters(rows: Rows) -> Coded | None:
    """Who judged: the annotator; of scores the judge where no annotator is named."""
    named = rows.names.get("annotator")
    judges = rows.names.get("judge") if rows.kind == "score" else None
    if named is None or judges is None:
        return named or judges
    numbers = np.where(named[0] >= 0, named[0], np.where(judges[0] >= 0, judges[0] + len(named[1]), -1))
    return _merged(numbers.astype(np.int32), [*named[1], *judges[1]])


def _merged(numbers: np.ndarray[tuple[int], np.dtype[np.int32]], names: list[str]) -> Coded:
    """The same with each name once."""
    unique = sorted(set(names))
    at = {name: code for code, name in enumerate(unique)}
    place = np.array([*(at[name] for name in names), -1], np.int32)
    return place[numbers], unique


def _check(kind: str, values: Floats) -> None:
    if kind == "comparison" and len(values) and not (values.min() >= 0 and values.max() <= 1):
        raise InputRefused("Column 'label' holds values outside [0, 1].", field="label")
    if not np.isfinite(values).all():
        raise InputRefused("Column 'value' holds values that are not finite numbers.", field="value")


# ------------------------------------------------------------------ units


def _units(rows: Rows) -> tuple[Hashes, Flags]:
    """What was judged, whatever the order shown, and the rows whose first answer is the high side of it."""
    prompt = rows.columns["prompt_hash"]
    if rows.kind == "score":
        items = rows.names.get("item")
        return (prompt if items is None else mixed(prompt, _hashes(items))), np.zeros(len(rows), np.bool_)
    return unit_of(prompt, rows.columns["side_a"], rows.columns["side_b"])


def _hashes(items: Coded) -> Hashes:
    """A 64-bit hash of each row's name, 0 where there is none."""
    digests = (hashlib.blake2b(name.encode(), digest_size=8).digest() for name in items[1])
    found = [*(int.from_bytes(digest, "little") for digest in digests), 0]
    return np.array(found, np.uint64)[items[0]]


# ------------------------------------------------------------------ row values


def _fields(rows: Rows, values: Floats, swapped: Flags) -> list[Floats | Flags]:
    """Row values in the order of FIELDS, without the count; `values` are of the low side."""
    paired = rows.kind == "comparison"
    nothing = np.zeros(len(rows))
    time = rows.columns.get("time", np.full(len(rows), np.nan))
    timed = np.isfinite(time)
    found = [
        values,
        np.square(values),
        (values > 0.5) & paired,
        (values == 0.5) & paired,
        *(_shown(rows) if paired else (nothing, nothing)),
        timed,
        np.where(timed, time, 0.0),
        (rows.columns["prompt_hash"] >> CODE_BITS).astype(float),
        *(_sides(rows, swapped) if paired else (nothing, nothing)),
        _both_sides(rows) if paired else nothing,
        swapped,
    ]
    assert len(found) == len(FIELDS) - 1
    return found


def _shown(rows: Rows) -> tuple[Flags, Floats]:
    """Whether the order shown is known, and how much the answer shown first won."""
    label = np.asarray(rows.columns["label"], float)
    first = rows.columns.get("first", np.full(len(rows), -1, np.int8))
    known = first >= 0
    return known, np.where(known, np.where(first == 1, label, 1 - label), 0.0)


def _both_sides(rows: Rows) -> Floats:
    """A code of what is compared, whatever the order."""
    a, b = rows.columns["side_a"], rows.columns["side_b"]
    return np.asarray((mixed(np.minimum(a, b), np.maximum(a, b)) >> CODE_BITS).astype(float))


def _sides(rows: Rows, swapped: Flags) -> tuple[Floats, Floats]:
    """The codes of the items on the low and on the high side; 0 for both where one has no name."""
    if not {"item_a", "item_b"} <= set(rows.names):
        return np.zeros(len(rows)), np.zeros(len(rows))
    a, b = (codes(names)[place] for place, names in (rows.names["item_a"], rows.names["item_b"]))
    named = (a > 0) & (b > 0) & (a != b)
    a, b = np.where(named, a, 0.0), np.where(named, b, 0.0)
    return np.where(swapped, b, a), np.where(swapped, a, b)
